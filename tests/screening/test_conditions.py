from __future__ import annotations

import contextlib
import operator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ase_ecn.errors import ASEECNError, OptionError
from ase_ecn.screening.conditions import parse_condition

NAMES = ("band_gap", "formation_energy", "natoms")
VALUES = {"band_gap": 2.0, "formation_energy": -0.5, "natoms": 4}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("band_gap > 1", True),
        ("band_gap>1 and formation_energy<-0.5", False),
        ("band_gap>1 and formation_energy<=-.5", True),
        ("natoms = 4", True),
        ("natoms == 4 and natoms != 5", True),
        ("1 < band_gap < 2", False),
        ("1 < band_gap <= 2e0", True),
        ("not band_gap > 1", False),
        ("not (band_gap > 1 and natoms > 4)", True),
        ("band_gap > 9 or natoms < 9 and band_gap > 1", True),
        ("(band_gap > 9 or natoms < 9) and band_gap > 2", False),
        ("-band_gap < +1", True),
        ("formation_energy < -natoms", False),
    ],
)
def test_conditions_mean_what_they_say(text: str, expected: bool) -> None:
    assert parse_condition(text, NAMES)(VALUES) is expected


@pytest.mark.parametrize(
    "text",
    [
        *("", "band_gap", "1", "band_gap >", "> 1", "band_gap > 1 and", "(band_gap > 1"),
        *("band_gap > 1)", "band_gap > 1 natoms < 2", "band_gap >> 1", "band_gap > 1x"),
        *("gap > 1", "band_gap > and", "not", "band_gap.real > 1", "band_gap > 'a'"),
        *("__import__('os').system('true')", "band_gap > 1; import os", "natoms**9 > 1"),
        *("(" * 5000 + "natoms > 1" + ")" * 5000, "not " * 5000 + "natoms > 1", "natoms > 1..2"),
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(OptionError, match="condition"):
        parse_condition(text, NAMES)


def test_names_are_told() -> None:
    assert parse_condition("band_gap > 1 or natoms < 3", NAMES).names == {"band_gap", "natoms"}
    with pytest.raises(OptionError, match="known are band_gap, formation_energy, natoms"):
        parse_condition("gap > 1", NAMES)
    with pytest.raises(OptionError, match="needs natoms"):
        parse_condition("natoms > 1", NAMES)({})


finite = st.floats(-1e6, 1e6)


@given(finite, finite, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]))
def test_comparisons_are_those_of_python(a: float, b: float, symbol: str) -> None:
    names = {"<": "lt", "<=": "le", ">": "gt", ">=": "ge", "==": "eq", "!=": "ne"}
    compare = getattr(operator, names[symbol])
    assert parse_condition(f"natoms {symbol} {b!r}", NAMES)({"natoms": a}) is compare(a, b)


@given(st.text(alphabet="nrot a()<>=!1.-_&|'\"\\\n", max_size=30))
def test_no_text_does_more_than_be_refused(text: str) -> None:
    with contextlib.suppress(ASEECNError):
        parse_condition(text, ["a"])({"a": 1.0})
