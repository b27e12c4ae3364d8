"""A screen or comparison as one HTML file: figures, a table that can be sorted, what failed.

The file asks for nothing from anywhere, and its policy forbids it to. Everything that comes from
the input is escaped, and only the one script of this module may run.
"""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from html import escape
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from ase import Atoms
from ase.data import covalent_radii
from ase.data.colors import jmol_colors
from numpy.typing import NDArray

from ase_ecn.comparison import Comparison, lengths_figure, summary_text
from ase_ecn.errors import OptionError
from ase_ecn.plotting import parity, property_map
from ase_ecn.properties import DIMENSIONLESS, find
from ase_ecn.screening.store import Failure, Store, journal_path

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MAX_ATOMS = 120
_MAX_FAILURES = 500
# A view that shows all three lattice vectors of most cells.
_VIEW = np.array([[0.87, -0.22, 0.44], [0.0, 0.89, 0.45], [-0.49, -0.39, 0.78]])
_FIRST_COLUMNS = ("formation_energy", "formation_energy_std", "band_gap", "band_gap_std")

_STYLE = """
body { font: 14px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 78rem; color: #212529; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; }
th, td { padding: .25rem .6rem; text-align: right; border-bottom: 1px solid #dee2e6; }
th { cursor: pointer; position: sticky; top: 0; background: #fff; }
th[aria-sort=ascending]::after { content: " ▲"; } th[aria-sort=descending]::after { content: " ▼"; }
td.text, th.text { text-align: left; overflow-wrap: anywhere; }
figure { display: inline-block; margin: 0 1rem 0 0; } figure img { max-width: 100%; height: 26rem; }
"""
_SCRIPT = """
const table = document.getElementById("crystals");
const heads = Array.from(table.tHead.rows[0].cells);
function order(column, down) {
  const key = row => row.cells[column].dataset.value ?? row.cells[column].textContent;
  const rows = Array.from(table.tBodies[0].rows);
  rows.sort((a, b) => {
    const x = key(a), y = key(b), p = parseFloat(x), q = parseFloat(y);
    const d = isNaN(p) || isNaN(q) ? (isNaN(p) - isNaN(q)) || x.localeCompare(y) : p - q;
    return down ? -d : d;
  });
  table.tBodies[0].append(...rows);
  heads.forEach(h => h.removeAttribute("aria-sort"));
  heads[column].setAttribute("aria-sort", down ? "descending" : "ascending");
}
heads.forEach((head, column) => head.addEventListener("click", () =>
  order(column, head.getAttribute("aria-sort") === "ascending")));
const wanted = decodeURIComponent(location.hash.slice(1));
const column = heads.findIndex(h => h.dataset.name === wanted.replace(/^-/, ""));
if (column >= 0) order(column, wanted.startsWith("-"));
"""


@dataclass(frozen=True)
class _Column:
    """One column of the table: its name, its heading, and the cell of a row."""

    name: str
    heading: str
    cell: Callable[[Any], str]
    text: bool = False


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
    address = journal_path(str(out))
    if "://" not in address and not Path(address).exists():
        raise OptionError(f"{address} does not exist")
    if by is not None and not re.fullmatch(r"-?\w+", by):
        raise OptionError(f"cannot sort by {by!r}: give the name of a property")
    store = Store(address)
    rows = list(store.rows(limit, by or "id"))
    counts = store.counts()
    total = ", ".join(f"{n} {escape(status)}" for status, n in sorted(counts.items()))
    text = _page(
        title=f"Screen {Path(str(out)).name if '://' not in str(out) else ''}".strip(),
        summary=f"{total or 'no crystals'}. {_provenance(rows)}",
        shown=f"{len(rows)} of {counts.get('stored', 0)} crystals",
        columns=_columns(rows),
        rows=rows,
        figures=_figures(store),
        rest=_failures(list(islice(store.failures(), _MAX_FAILURES)), counts.get("failed", 0)),
    )
    _write(path, text)
    return len(rows)


def write_comparison(comparisons: Sequence[Comparison], path: str | Path) -> None:
    """Write the report of cells relaxed here beside VASP's.

    Parameters
    ----------
    comparisons
        Of :func:`ase_ecn.comparison.compare`, at least one.
    path
        HTML file to write.

    Raises
    ------
    OptionError
        If there is nothing to compare, or the report cannot be written.
    ASEECNError
        If matplotlib is missing.
    """
    if not comparisons:
        raise OptionError("there is nothing to compare")
    text = _page(
        title="Comparison with VASP",
        summary=escape(summary_text(comparisons)).replace("\n", "<br>"),
        shown=f"{len(comparisons)} runs",
        columns=_comparison_columns(),
        rows=comparisons,
        figures=[("lengths beside VASP's", lengths_figure(comparisons))],
    )
    _write(path, text)


def _write(path: str | Path, text: str) -> None:
    try:
        Path(path).write_text(text, encoding="utf-8")
    except OSError as error:
        raise OptionError(f"cannot write {path}: {error}") from error


def thumbnail(atoms: Atoms, size: int = 90) -> str:
    """Draw a crystal as inline SVG: its cell, and its atoms in their usual colours.

    Parameters
    ----------
    atoms
        Drawn without its atoms if there are more than 120.
    size
        Width and height in pixels.
    """
    corners = np.array([[i, j, k] for i in (0, 1) for j in (0, 1) for k in (0, 1)])
    cell = np.asarray(atoms.cell[:])
    points = corners @ cell @ _VIEW.T
    positions = atoms.get_positions(wrap=True) @ _VIEW.T
    if len(atoms) > _MAX_ATOMS:
        positions = positions[:0]
    everything = np.concatenate([points, positions])[:, :2]
    low, high = everything.min(axis=0) - 1, everything.max(axis=0) + 1
    scale = size / float((high - low).max())
    shift = (size / scale - (high - low)) / 2 - low

    def place(point: NDArray[np.float64]) -> tuple[float, float]:
        x, y = (point[:2] + shift) * scale
        return float(x), float(size - y)

    parts = [f'<svg width="{size}" height="{size}" role="img">']
    for a in range(8):
        for b in range(a):
            if np.abs(corners[a] - corners[b]).sum() == 1:
                (x1, y1), (x2, y2) = place(points[a]), place(points[b])
                line = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
                parts.append(f'<line {line} stroke="#adb5bd"/>')
    for k in np.argsort(positions[:, 2]):
        x, y = place(positions[k])
        number = int(atoms.numbers[k])
        red, green, blue = (int(255 * c) for c in jmol_colors[number])
        radius = max(1.5, 0.55 * float(covalent_radii[number]) * scale)
        parts.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" '
            f'fill="rgb({red},{green},{blue})" stroke="#33415c" stroke-width="0.6"/>'
        )
    return "".join([*parts, "</svg>"])


def _page(
    *,
    title: str,
    summary: str,
    shown: str,
    columns: Sequence[_Column],
    rows: Sequence[Any],
    figures: Iterable[tuple[str, Figure]],
    rest: str = "",
) -> str:
    """Put a page together; ``summary``, ``shown`` and ``rest`` are HTML."""
    script = base64.b64encode(sha256(_SCRIPT.encode()).digest()).decode()
    policy = (
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
        f"script-src 'sha256-{script}'"
    )
    heads = "".join(
        f'<th data-name="{escape(c.name)}"{_text_class(c)}>{escape(c.heading)}</th>'
        for c in columns
    )
    body = "\n".join(f"<tr>{''.join(c.cell(row) for c in columns)}</tr>" for row in rows)
    drawn = "\n".join(
        f'<figure><img alt="{escape(name)}" src="{_png(figure)}"></figure>'
        for name, figure in figures
    )
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<title>{escape(title)}</title><style>{_STYLE}</style></head>
<body><h1>{escape(title)}</h1>
<p>{summary}</p>
{drawn}
<h2>{shown}</h2>
<table id="crystals"><thead><tr>{heads}</tr></thead><tbody>
{body}
</tbody></table>
{rest}
<script>{_SCRIPT}</script></body></html>
"""


def _columns(rows: Sequence[Any]) -> list[_Column]:
    """Columns that some row has; the main properties first, text last."""
    numbers: dict[str, None] = {}
    for row in rows:
        for name, value in row.key_value_pairs.items():
            if not isinstance(value, str):
                numbers[name] = None
    ordered = sorted(numbers, key=lambda name: (name not in _FIRST_COLUMNS, name))
    has_reason = any("relaxation_reason" in row.key_value_pairs for row in rows)
    texts = [*(["relaxation_reason"] if has_reason else []), "source"]
    return [
        _Column("picture", "", lambda row: f"<td>{thumbnail(row.toatoms())}</td>"),
        _Column("formula", "formula", lambda row: _text_cell(row.formula), text=True),
        _Column("natoms", "atoms", lambda row: _number_cell(row.natoms)),
        *(_number_column(name) for name in ordered),
        *(_text_column(name) for name in texts),
    ]


def _comparison_columns() -> list[_Column]:
    """Of :class:`ase_ecn.comparison.Comparison`; errors are relative to VASP's final cell."""

    def number(name: str, heading: str, value: Callable[[Comparison], float | None]) -> _Column:
        return _Column(name, heading, lambda c: _number_cell(value(c)))

    return [
        _Column("picture", "", lambda c: f"<td>{thumbnail(c.relaxation.atoms)}</td>"),
        _Column("formula", "formula", lambda c: _text_cell(c.run.final.symbols), text=True),
        number("natoms", "atoms", lambda c: len(c.run.final)),
        number("steps", "ionic steps", lambda c: c.run.steps),
        number("start_error", "lengths at the start / %", lambda c: 100 * c.start_error),
        number("error", "lengths here / %", lambda c: 100 * c.error),
        number("volume_error", "volume here / %", lambda c: 100 * _volume_error(c)),
        number(
            "formation_energy",
            "formation energy / eV/atom",
            lambda c: c.prediction.formation_energy,
        ),
        number("band_gap", "band gap / eV", lambda c: c.prediction.band_gap),
        number("vasp_band_gap", "VASP's / eV", lambda c: c.run.gap),
        number("magnetization", "magnetization / µB", lambda c: c.prediction.magnetization),
        number("vasp_magnetization", "VASP's / µB", lambda c: c.run.magnetization),
        _Column("reason", "reason", lambda c: _text_cell(c.relaxation.reason), text=True),
        _Column("source", "source", lambda c: _text_cell(c.run.label), text=True),
    ]


def _volume_error(comparison: Comparison) -> float:
    ours, theirs = comparison.relaxation.atoms, comparison.run.final
    return float(ours.get_volume() / theirs.get_volume() - 1)


def _number_column(name: str) -> _Column:
    unit = find(name).unit
    heading = name.replace("_", " ") + (f" / {unit}" if unit != DIMENSIONLESS else "")
    return _Column(name, heading, lambda row: _number_cell(row.key_value_pairs.get(name)))


def _text_column(name: str) -> _Column:
    heading = name.replace("_", " ")
    return _Column(
        name, heading, lambda row: _text_cell(row.key_value_pairs.get(name, "")), text=True
    )


def _number_cell(value: Any) -> str:
    if value is None:
        return "<td></td>"
    number = float(value)
    shown = f"{number:.0f}" if number.is_integer() else f"{number:.4g}"
    return f'<td data-value="{number!r}">{shown}</td>'


def _text_cell(value: Any) -> str:
    return f'<td class="text">{escape(str(value))}</td>'


def _text_class(column: _Column) -> str:
    return ' class="text"' if column.text else ""


def _provenance(rows: Sequence[Any]) -> str:
    names = ("ecn_checkpoint", "ecn_sha256", "empnn_checkpoint", "empnn_sha256")
    pairs = rows[0].key_value_pairs if rows else {}
    return escape(", ".join(f"{name} {pairs[name]}" for name in names if name in pairs))


def _failures(failed: Sequence[Failure], total: int) -> str:
    if not failed:
        return ""
    lines = "\n".join(
        f"<tr>{_text_cell(failure.label)}{_text_cell(failure.reason)}</tr>" for failure in failed
    )
    return f"<h2>{len(failed)} of {total} failures</h2><table>{lines}</table>"


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


def _png(figure: Figure) -> str:
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=110)
    return f"data:image/png;base64,{base64.b64encode(stream.getvalue()).decode()}"
