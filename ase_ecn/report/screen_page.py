"""A screen as one page."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ase_ecn.errors import OptionError
from ase_ecn.plotting import parity, property_map
from ase_ecn.properties import find
from ase_ecn.report.page import Column, Page, write_page
from ase_ecn.screening.input_keys import input_pairs
from ase_ecn.screening.store import Store, screened

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MAX_FAILURES = 500
_FIRST_COLUMNS = (
    "energy_above_hull",
    "stability",
    "formation_energy",
    "formation_energy_std",
    "band_gap",
    "band_gap_std",
)

_TEXTS = ("decomposition", "relaxation_reason", "out_of_domain_reasons")


def write_report(
    out: str | Path, path: str | Path, *, by: str | None = None, limit: int = 500
) -> int:
    """Write the report of a screen.

    Parameters
    ----------
    out
        Output of :func:`ase_ecn.screening.screen`.
    path
        HTML file to write.
    by
        Property to sort by, ``"-band_gap"`` for the largest first; ``None`` for the order of
        the screen. A link with ``#band_gap`` behind it opens the report sorted.
    limit
        Rows in the table; figures show all crystals.

    Returns
    -------
    int
        Number of rows in the table.

    Raises
    ------
    OptionError
        If there is no such output, or the report cannot be written.
    ASEECNError
        If matplotlib is missing.
    """
    if by is not None and not re.fullmatch(r"-?\w+", by):
        raise OptionError(f"cannot sort by {by!r}: give the name of a property")
    store = screened(out)
    rows = list(store.rows(limit, by or "id"))
    counts = store.counts()
    total = ", ".join(f"{n} {status}" for status, n in sorted(counts.items()))
    page = Page(
        title=f"Screen {Path(str(out)).name if '://' not in str(out) else ''}".strip(),
        summary=[f"{total or 'no crystals'}. {_provenance(rows)}"],
        shown=f"{len(rows)} of {counts.get('stored', 0)} crystals",
        columns=_columns(rows, store.units()),
        rows=rows,
        figures=_figures(store),
        failures=list(islice(store.failures(), _MAX_FAILURES)),
        failed=counts.get("failed", 0),
    )
    write_page(page, path)
    return len(rows)


def _columns(rows: Sequence[Any], units: Mapping[str, str]) -> list[Column]:
    """Columns that some row has; the main properties first, text last."""
    numbers: dict[str, None] = {}
    for row in rows:
        for name, value in row.key_value_pairs.items():
            if not isinstance(value, str):
                numbers[name] = None
    ordered = [name for name in _FIRST_COLUMNS if name in numbers]
    ordered += sorted(name for name in numbers if name not in _FIRST_COLUMNS)
    found = {name for row in rows for name in row.key_value_pairs}
    given = dict.fromkeys(name for row in rows for name in input_pairs(row) if name not in numbers)
    texts = [*(name for name in _TEXTS if name in found), *given, "source"]
    return [
        Column("picture", "", lambda row: row.toatoms(), "picture"),
        Column("formula", "formula", lambda row: row.formula, "text"),
        Column("natoms", "atoms", lambda row: row.natoms),
        *(Column(n, find(n, units).described(), partial(_pair, name=n)) for n in ordered),
        *(Column(n, n.replace("_", " "), partial(_pair, name=n), "text") for n in texts),
    ]


def _pair(row: Any, name: str) -> Any:
    return row.key_value_pairs.get(name)


def _provenance(rows: Sequence[Any]) -> str:
    names = ("ecn_checkpoint", "ecn_sha256", "empnn_checkpoint", "empnn_sha256", "hull")
    pairs = rows[0].key_value_pairs if rows else {}
    return ", ".join(f"{name} {pairs[name]}" for name in names if name in pairs)


def _figures(store: Store) -> list[tuple[str, Figure]]:
    """A map of gaps and formation energies, and parity where the input had values of its own."""
    values: dict[str, list[float]] = {name: [] for name in ("formation_energy", "band_gap")}
    references: dict[str, list[float]] = {name: [] for name in values}
    for row in store.rows():
        given = row.data.get("input", {})
        for name in values:
            values[name].append(_number(row.key_value_pairs.get(name)))
            references[name].append(_number(given.get(name)))
    figures = []
    if _pairs(*values.values()) >= 2:
        names = ("formation_energy", "band_gap")
        figure = property_map(values[names[0]], values[names[1]], names=names)
        figures.append(("band gap against formation energy", figure))
    for name in values:
        if _pairs(values[name], references[name]) >= 2:
            figure = parity(values[name], references[name], name=name, units=find(name).unit)
            figures.append((f"predicted and given {name}", figure))
    return figures


def _pairs(x: Sequence[float], y: Sequence[float]) -> int:
    return int((np.isfinite(x) & np.isfinite(y)).sum())


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else float("nan")
