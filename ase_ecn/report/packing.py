"""The rows of a page as text that holds no markup: JSON, compressed, in base64.

Numbers and cells are rounded to what a reader can use; ten thousand crystals take some megabytes.
"""

from __future__ import annotations

import base64
import gzip
import json
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from ase import Atoms
from ase.data import chemical_symbols, covalent_radii
from ase.data.colors import jmol_colors
from pymatgen.core.periodic_table import Element

if TYPE_CHECKING:
    from ase_ecn.report.page import Plot

MOST_ATOMS = 300
"""In a cell whose picture is drawn."""
_DIGITS = 7
_FRACTION = 10_000
"""Coordinates are whole numbers of this part of a lattice vector."""


@dataclass(frozen=True)
class Column:
    """One column of the table.

    Attributes
    ----------
    name
        By which a link may ask for its order.
    heading, unit
        What stands above it.
    value
        Of a row: a number or ``None``, or a text.
    kind
        Which of these; a text may be a formula.
    shown
        Whether it is there when the page is opened.
    digits
        After the decimal point; ``None`` for four that count.
    spread
        Name of the column with its uncertainty.
    """

    name: str
    heading: str
    value: Callable[[Any], Any]
    kind: Literal["number", "text", "formula"] = "number"
    unit: str = ""
    shown: bool = True
    digits: int | None = None
    spread: str = ""


def packed(
    columns: Sequence[Column],
    rows: Sequence[Any],
    atoms: Callable[[Any], Atoms],
    order: str = "",
    plots: Sequence[Plot] = (),
) -> str:
    """What the page's script unpacks.

    Parameters
    ----------
    columns, rows
        Of the table.
    atoms
        Crystal of a row.
    order
        As of a page.
    plots
        Of the page.

    Returns
    -------
    str
        JSON with ``columns`` (each with its ``values``, in the order of the rows), ``crystals``
        (``null``, or a cell in Å and for each atom the number of its element and its coordinates
        in units of 1/10000 of the cell's vectors), ``elements``, ``order`` and ``plots``.
    """
    crystals = [atoms(row) for row in rows]
    numbers = sorted({int(z) for crystal in crystals for z in crystal.numbers})
    places = {z: k for k, z in enumerate(numbers)}
    content = {
        "columns": [_column(column, rows) for column in columns],
        "crystals": [_crystal(crystal, places) for crystal in crystals],
        "elements": [_element(z) for z in numbers],
        "order": order,
        "plots": [asdict(plot) for plot in plots],
    }
    text = json.dumps(content, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    # Without a time in its head, so that a screen always has the same report.
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()


def unpacked(text: str) -> dict[str, Any]:
    """What :func:`packed` has packed."""
    found: dict[str, Any] = json.loads(gzip.decompress(base64.b64decode(text)))
    return found


def _column(column: Column, rows: Iterable[Any]) -> dict[str, Any]:
    value = _number if column.kind == "number" else _words
    return {
        "name": column.name,
        "heading": column.heading,
        "unit": column.unit,
        "kind": column.kind,
        "shown": column.shown,
        "digits": column.digits,
        "spread": column.spread,
        "values": [value(column.value(row)) for row in rows],
    }


def _number(value: Any) -> float | int | None:
    if value is None or not math.isfinite(value):
        return None
    number = float(value)
    return int(number) if number.is_integer() else float(f"{number:.{_DIGITS}g}")


def _words(value: Any) -> str | None:
    # Half a character, as a file's name may have, cannot be written.
    return None if value is None else str(value).encode(errors="replace").decode()


def _crystal(atoms: Atoms, places: dict[int, int]) -> list[Any] | None:
    if len(atoms) > MOST_ATOMS:
        return None
    fractions = np.rint(_FRACTION * (atoms.get_scaled_positions() % 1)).astype(int).tolist()
    kinds = [places[int(z)] for z in atoms.numbers]
    sites = [n for kind, site in zip(kinds, fractions, strict=True) for n in (kind, *site)]
    return [np.round(atoms.cell[:], 3).ravel().tolist(), sites]


def _element(number: int) -> dict[str, Any]:
    symbol = chemical_symbols[number]
    red, green, blue = (round(255 * c) for c in jmol_colors[number])
    return {
        "symbol": symbol,
        "radius": round(float(covalent_radii[number]), 2),
        "colour": f"#{red:02x}{green:02x}{blue:02x}",
        "metal": is_metal(number),
    }


def is_metal(number: int) -> bool:
    """Whether bonds to atoms of its own kind are drawn only where there is no nonmetal."""
    element = Element.from_Z(number)
    return bool(element.is_metal)
