"""A screen as one page."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from ase_ecn.hull import KnownPhases
from ase_ecn.report.funnel import funnel
from ase_ecn.report.packing import Column
from ase_ecn.report.page import Page, Plot, write_page
from ase_ecn.report.screen_columns import ABOVE, GIVEN, screen_columns
from ase_ecn.report.system_diagram import Candidate, Diagram, diagrams
from ase_ecn.screening.store import screened

_MAX_FAILURES = 500
ROWS = 10_000
"""Default number of crystals on a page."""


def write_report(
    out: str | Path, path: str | Path, *, by: str | None = None, limit: int = ROWS
) -> int:
    """Write the report of a screen.

    Parameters
    ----------
    out
        Output of :func:`ase_ecn.screening.screen`.
    path
        HTML file to write.
    by
        Property to sort by, ``"-band_gap"`` for the largest first; ``None`` for the distance to
        the hull or, without one, the order of the screen. A link with ``#band_gap`` behind it
        opens the report sorted.
    limit
        Crystals on the page, the first ones in that order. Those beyond are counted.

    Returns
    -------
    int
        Number of crystals on the page.

    Raises
    ------
    OptionError
        If there is no such output, or the report cannot be written.
    """
    store = screened(out)
    order = store.order(by)
    settings = {name: json.loads(value) for name, value in store.settings().items()}
    rows = list(store.rows(limit, order or "id"))
    counts = store.counts()
    stored = counts.get("stored", 0)
    columns = screen_columns(rows, store.units())
    plots = _plots(columns, rows)
    page = Page(
        title=f"Screen {Path(str(out)).name if '://' not in str(out) else ''}".strip(),
        summary=[_summary(counts)],
        columns=columns,
        rows=rows,
        atoms=lambda row: row.toatoms(),
        shown="" if len(rows) == stored else f"{len(rows)} of {stored} crystals are on this page.",
        order=order if any(column.name == order.lstrip("-") for column in columns) else "",
        facts=list(_facts(settings, rows)),
        funnel=funnel(counts, rows if len(rows) == stored else store.rows(), settings),
        plots=plots,
        diagrams=_diagrams(rows),
        diagrams_note=_note_on_diagrams(settings, rows),
        failures=list(islice(store.failures(), _MAX_FAILURES)),
        failed=counts.get("failed", 0),
    )
    write_page(page, path)
    return len(rows)


def _summary(counts: Mapping[str, int]) -> str:
    total = sum(counts.values())
    if not total:
        return "No crystals."
    stored, failed = counts.get("stored", 0), counts.get("failed", 0)
    text = f"{total:,} crystals were screened; {stored:,} of them are in the result"
    return f"{text}, {failed:,} could not be computed." if failed else f"{text}."


def _facts(settings: Mapping[str, Any], rows: Sequence[Any]) -> Iterator[tuple[str, str]]:
    """What was done to the crystals; screens of older releases have it in their rows alone."""
    known = {**(rows[0].key_value_pairs if rows else {}), **settings}
    tasks = {"ecn": "properties", "empnn": "cells relaxed", "potential": "atoms relaxed"}
    for name, task in tasks.items():
        if f"{name}_checkpoint" in known:
            digest = str(known.get(f"{name}_sha256", ""))[:12]
            yield f"{task} by", f"{known[f'{name}_checkpoint']} {digest}".strip()
    if "hull" in known:
        yield "compared with", str(known["hull"])
    if known.get("where"):
        yield "condition", str(known["where"])
    if known.get("top"):
        count, name, largest = known["top"]
        yield "kept", f"{count} with the {'highest' if largest else 'lowest'} {name}"


def _plots(columns: Sequence[Column], rows: Sequence[Any]) -> list[Plot]:
    """The map, and parity where the input had values of its own."""
    numbers = {c.name: c for c in columns if c.kind == "number"}
    filled = [n for n, c in numbers.items() if sum(c.value(r) is not None for r in rows) >= 2]
    wanted = (ABOVE, "formation_energy", "band_gap", "volume_per_atom", "natoms", *filled)
    across = next((name for name in wanted if name in filled), "")
    up = next((n for n in ("band_gap", *wanted) if n in filled and n != across), "")
    if not across or not up:
        return []
    found = [Plot(across, up)]
    for name in ("formation_energy", "band_gap"):
        if name in filled and f"{GIVEN}{name}" in filled:
            caption = _parity_caption(numbers[f"{GIVEN}{name}"], numbers[name], rows)
            found.append(Plot(f"{GIVEN}{name}", name, caption))
    return found


def _parity_caption(given: Column, predicted: Column, rows: Sequence[Any]) -> str:
    pairs = [(given.value(row), predicted.value(row)) for row in rows]
    errors = [p - g for g, p in pairs if g is not None and p is not None]
    mean = float(np.abs(errors).mean())
    unit = f" {predicted.unit}" if predicted.unit else ""
    return f"Mean absolute difference of {len(errors):,} crystals: {mean:.3g}{unit}."


def _diagrams(rows: Sequence[Any]) -> list[Diagram]:
    candidates = []
    for number, row in enumerate(rows):
        pairs = row.key_value_pairs
        if ABOVE in pairs and "formation_energy" in pairs:
            energies = pairs["formation_energy"], pairs[ABOVE]
            candidates.append(Candidate.of(number, row.numbers, *energies))
    return diagrams(candidates, KnownPhases())


def _note_on_diagrams(settings: Mapping[str, Any], rows: Sequence[Any]) -> str:
    text = (
        "Of the systems of two or three elements with the crystals that are closest to the hull, "
        "or furthest below. Click a coloured dot for its details."
    )
    known = {**(rows[0].key_value_pairs if rows else {}), **settings}.get("hull", "")
    if known == KnownPhases().provenance:
        return text
    return f"{text} Drawn are the phases of {KnownPhases().provenance}; compared with: {known}."
