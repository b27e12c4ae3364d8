"""From all crystals of an input to the best: how many there are after each step of a screen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ase_ecn.hull.distance import NEAR
from ase_ecn.report.page import Stage
from ase_ecn.report.screen_columns import ABOVE, FLAG


@dataclass
class Tally:
    """What the rows of a screen say, counted.

    Attributes
    ----------
    rows, relaxed, converged
        All, those that were relaxed, and those whose relaxation converged.
    placed, near, stable
        Those with a distance to the hull, within 0.05 eV/atom of it, and on or below it.
    judged, flagged
        Those that were compared with the training data of the network, and those unlike it.
    """

    rows: int = 0
    relaxed: int = 0
    converged: int = 0
    placed: int = 0
    near: int = 0
    stable: int = 0
    judged: int = 0
    flagged: int = 0

    def add(self, pairs: Mapping[str, Any]) -> None:
        """Count one more row by its key-value pairs."""
        above = pairs.get(ABOVE)
        self.rows += 1
        self.relaxed += "relaxation_reason" in pairs
        self.converged += bool(pairs.get("relaxed", False))
        self.placed += above is not None
        self.near += above is not None and above <= NEAR
        self.stable += above is not None and above <= 0
        self.judged += FLAG in pairs
        self.flagged += bool(pairs.get(FLAG, False))


def funnel(
    counts: Mapping[str, int], rows: Iterable[Any], settings: Mapping[str, Any]
) -> list[Stage]:
    """Bars from the input to the best crystals.

    Parameters
    ----------
    counts
        Crystals of the input by status.
    rows
        All rows of the screen.
    settings
        Its options.
    """
    total = sum(counts.values())
    tally = Tally()
    for row in rows:
        tally.add(row.key_value_pairs)
    computed = total - counts.get("failed", 0)
    stages = [Stage("read", total, total), Stage("computed", computed, total)]
    left = computed - counts.get("rejected", 0)
    if settings.get("where"):
        stages.append(Stage("fulfil the condition", left, total, str(settings["where"])))
    kept = counts.get("stored", 0)
    if settings.get("top"):
        count, name, largest = settings["top"]
        note = f"the {count} with the {'highest' if largest else 'lowest'} {name}"
        stages.append(Stage("among the best", kept, total, note))
    stages.append(Stage("in the result", kept, total))
    return stages + _parts(tally, total)


def _parts(tally: Tally, total: int) -> list[Stage]:
    """Of the crystals in the result; bars are as long as those of the same number above."""
    stages = []
    if tally.relaxed:
        stages.append(Stage("relaxation converged", tally.converged, total, tone="part"))
    if tally.placed:
        name = f"within {1000 * NEAR:.0f} meV/atom of the hull"
        near = Stage(name, tally.near, total, tone="part near", column=ABOVE, at_most=NEAR)
        name = "on or below the hull"
        stable = Stage(name, tally.stable, total, tone="part good", column=ABOVE)
        stages += [near, stable]
    if tally.judged:
        note = "errors of the network are larger there"
        name = "unlike the training data"
        stages.append(Stage(name, tally.flagged, total, note, tone="part warn"))
    return stages
