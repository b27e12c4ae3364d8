from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import pytest
import yaml

from ase_ecn.errors import OptionError
from ase_ecn.training.fits.typed import TOP, parse, plain


@dataclass(frozen=True)
class Inner:
    sizes: tuple[int, ...] = (1, 2)
    rate: float | None = None


@dataclass(frozen=True)
class Outer:
    name: str
    inner: Inner = field(default_factory=Inner)
    kind: Literal["a", "b"] = "a"
    weights: dict[str, float] = field(default_factory=dict)
    on: bool = False


TEXT = "name: x\ninner: {sizes: [3], rate: 1e-3}\nkind: b\nweights: {energy: 2}\n'on': true\n"


def test_sections_become_dataclasses_and_back() -> None:
    section = yaml.safe_load(TEXT)
    # YAML takes a number without a point for text.
    assert section["inner"]["rate"] == "1e-3"
    made = parse(Outer, section, TOP)
    assert made == Outer("x", Inner((3,), 0.001), "b", {"energy": 2.0}, True)
    assert parse(Outer, plain(made), TOP) == made
    assert plain(parse(Outer, {"name": 5}, TOP)) == {
        "name": "5",
        "inner": {"sizes": [1, 2]},
        "kind": "a",
        "weights": {},
        "on": False,
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("inner: {}", "the configuration needs name"),
        ("{name: x, inner: {size: 1}}", "inner: unknown key 'size'; known are sizes, rate"),
        ("{name: x, a: 1, b: 2}", "unknown keys 'a', 'b'; known are name, inner"),
        ("{name: x, inner: {sizes: [1, x]}}", r"inner.sizes\[1\]: 'x' is not a whole number"),
        ("{name: x, inner: {sizes: [true]}}", "True is not a whole number"),
        ("{name: x, kind: c}", "kind: 'c' is unknown; known are a, b"),
        ("{name: x, weights: {energy: [1]}}", r"weights.energy: \[1\] is not a number"),
        ("{name: [x]}", r"name: \['x'\] is not text"),
        ("{name: x, 'on': 1}", "on: 1 is not true or false"),
        ("[x]", "is not a section with keys"),
    ],
)
def test_what_does_not_fit_is_named_by_its_place(text: str, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        parse(Outer, yaml.safe_load(text), TOP)
