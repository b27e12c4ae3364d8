"""Phases of one's own, beside the known ones or in their place: what ``phases=`` may be."""

from __future__ import annotations

import csv
import logging
import math
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from ase_ecn.errors import CrystalError, OptionError
from ase_ecn.hull.known_phases import KnownPhases, Phase, reduced
from ase_ecn.properties import FORMATION_ENERGY
from ase_ecn.readers import is_url, read_structures

PhasesLike: TypeAlias = "KnownPhases | Iterable[Phase] | str | Path | None"

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class ReadPhases:
    """Phases of an input.

    Attributes
    ----------
    phases
        Those that have an energy.
    left_out
        How many crystals have none, or cannot be read.
    """

    phases: tuple[Phase, ...]
    left_out: int


def known_phases(phases: PhasesLike) -> KnownPhases:
    """What crystals compete with.

    Parameters
    ----------
    phases
        ``None`` for the phases that come with the package. Phases, or an input with crystals that
        have a ``formation_energy`` in eV/atom (see :func:`read_phases`), are added to these.
        :class:`~ase_ecn.hull.KnownPhases` are taken as they are:
        ``KnownPhases(read_phases("my.db").phases, bundled=False)`` has no others.

    Raises
    ------
    OptionError
        If the input cannot be read or has no phase.
    """
    if phases is None:
        return KnownPhases()
    if isinstance(phases, KnownPhases):
        return phases
    own = read_phases(phases).phases if isinstance(phases, str | Path) else tuple(phases)
    return KnownPhases(own)


def read_phases(source: str | Path) -> ReadPhases:
    """Read phases; how many there are is logged.

    Parameters
    ----------
    source
        Whatever a screen reads (ase.db, extended XYZ, a table, a folder), with a column, key or
        comment ``formation_energy`` in eV/atom, in the convention of MP-20
        (:func:`ase_ecn.corrections.formation_energy` converts DFT energies); the output of a
        screen has it. Or a CSV with the columns ``formula`` and ``formation_energy``.

    Raises
    ------
    OptionError
        If the input cannot be read or has no phase.
    """
    found, left_out = [], 0
    for phase in _of_formulas(source) or _of_structures(source):
        if phase is None:
            left_out += 1
        else:
            found.append(phase)
    if not found:
        raise OptionError(
            f"{source} has no phase: a crystal, or a column 'formula', and its "
            f"{FORMATION_ENERGY} in eV/atom are needed"
        )
    without = f"; {left_out} without {FORMATION_ENERGY} left out" if left_out else ""
    name = "" if is_url(source) else f" of {Path(source).name}"
    logger.info("%d own phases%s, by %s%s", len(found), name, FORMATION_ENERGY, without)
    return ReadPhases(tuple(found), left_out)


def _of_formulas(source: str | Path) -> list[Phase | None]:
    """Phases of a table without structures; empty if it is none."""
    path = Path(source)
    if is_url(source) or path.suffix != ".csv" or not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8-sig", errors="replace") as file:
        rows = csv.DictReader(file)
        if not {"formula", FORMATION_ENERGY}.issubset(rows.fieldnames or ()):
            return []
        return [_of_row(row, f"{path.name}#{k}") for k, row in enumerate(rows)]


def _of_row(row: dict[str, Any], name: str) -> Phase | None:
    energy = _number(row.get(FORMATION_ENERGY))
    return None if energy is None else Phase.of(str(row["formula"]), energy, name)


def _of_structures(source: str | Path) -> Iterator[Phase | None]:
    for one in read_structures(source, labelled=True):
        energy = _number(one.labels.get(FORMATION_ENERGY))
        try:
            numbers = Counter(one.load().numbers.tolist())
        except CrystalError:
            energy = None
        yield None if energy is None else Phase(reduced(numbers), energy, one.label)


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None
