"""Columns of the table of a screen: what tells most is shown first, all else on demand."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from typing import Any

from ase.formula import Formula

from ase_ecn.properties import DIMENSIONLESS, SPREAD, Property, find, in_short_tables
from ase_ecn.report.packing import Column

ABOVE = "energy_above_hull"
FLAG = "out_of_domain"
"""Key that says whether a crystal is unlike those that the network was trained on."""
GIVEN = "given_"
"""Begins the names of columns with values of the input."""
_REASONS = "out_of_domain_reasons"
_FIRST = (ABOVE, "stability", "formation_energy", "band_gap", "magnetization")
_ON_DEMAND = ("metal_probability",)
_LONGEST = 300
"""Letters of a text of the input that is a column."""


def screen_columns(rows: Sequence[Any], units: Mapping[str, str]) -> list[Column]:
    """Columns that some row has.

    Parameters
    ----------
    rows
        Of a screen's database.
    units
        Of the properties, as the screen has recorded them.
    """
    keys = {n: key for row in rows for n, key in row.data.get("input_keys", {}).items()}
    # What had to be renamed is a given value; what has its own name is a column of that name.
    renamed = {key for name, key in keys.items() if key != name}
    given = {n: k for n, k in _kinds(map(_input, rows)).items() if keys.get(n) != n}
    kinds = _kinds(row.key_value_pairs for row in rows)
    kinds = {name: kind for name, kind in kinds.items() if name not in renamed}
    numbers = [name for name, kind in kinds.items() if kind == "number"]
    texts = [name for name, kind in kinds.items() if kind == "text"]
    short = [p.public_name for p in in_short_tables(numbers, units)]
    main = [name for name in short if name not in _ON_DEMAND]
    main.sort(key=lambda name: _FIRST.index(name) if name in _FIRST else len(_FIRST))
    return [
        Column("formula", "formula", lambda row: _reduced(row.formula), "formula"),
        Column("natoms", "atoms", lambda row: row.natoms, digits=0),
        *(_number_column(name, units, numbers) for name in main),
        *(_text_column(name) for name in (_REASONS, "source") if name in texts),
        *(
            _number_column(name, units, numbers, shown=False)
            for name in sorted(set(numbers) - set(main))
        ),
        *(_text_column(n, shown=False) for n in sorted(set(texts) - {_REASONS, "source"})),
        Column("cell", "atoms of the cell", lambda row: row.formula, "formula", shown=False),
        *(_given_column(name, kind) for name, kind in sorted(given.items())),
    ]


def _number_column(
    name: str, units: Mapping[str, str], names: Sequence[str], *, shown: bool = True
) -> Column:
    found, spread = find(name, units), f"{name}{SPREAD}"
    chance = found.unit == DIMENSIONLESS and found.heading  # "P(stable)" says more than its name
    return Column(
        name,
        chance or _in_words(found.public_name),
        partial(_pair, name=name),
        unit=_unit(found),
        shown=shown,
        digits=_digits(name),
        spread=spread if spread in names else "",
    )


def _text_column(name: str, *, shown: bool = True) -> Column:
    column = Column(name, _in_words(name), partial(_pair, name=name), "text", shown=shown)
    return replace(column, kind="formula") if name == "decomposition" else column


def _given_column(name: str, kind: str) -> Column:
    """A column of the input."""
    heading, value = f"given {_in_words(name)}", partial(_given, name=name, kind=kind)
    if kind == "text":
        return Column(f"{GIVEN}{name}", heading, value, "text", shown=False)
    unit, digits = _unit(find(name)), _digits(name)
    return Column(f"{GIVEN}{name}", heading, value, unit=unit, shown=False, digits=digits)


def _in_words(name: str) -> str:
    return name.replace("_", " ")


def _unit(found: Property) -> str:
    return "" if found.unit == DIMENSIONLESS else found.unit


def _digits(name: str) -> int | None:
    """After the decimal point, if short tables have a fixed number of them."""
    match = re.fullmatch(r"\d+\.(\d+)f", find(name.removesuffix(SPREAD)).style)
    return int(match[1]) if match else None


def _kinds(mappings: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Kind of each name: a number if all values are."""
    found: dict[str, str] = {}
    for mapping in mappings:
        for name, value in mapping.items():
            if isinstance(value, int | float):
                found.setdefault(name, "number")
            elif isinstance(value, str) and len(value) <= _LONGEST:
                found[name] = "text"
    return found


def _input(row: Any) -> Mapping[str, Any]:
    given = row.data.get("input", {})
    return given if isinstance(given, Mapping) else {}


def _given(row: Any, name: str, kind: str) -> Any:
    value = _input(row).get(name)
    if kind == "number":
        return value if isinstance(value, int | float) else None
    return None if value is None else str(value)[:_LONGEST]


def _pair(row: Any, name: str) -> Any:
    return row.key_value_pairs.get(name)


@lru_cache(maxsize=1 << 16)
def _reduced(formula: str) -> str:
    return str(Formula(formula).reduce()[0].format("metal"))
