"""Formulas as CIFs write them, and what they say of a composition."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping

from ase.data import atomic_numbers

_PART = re.compile(r"([A-Z][a-z]?)(\d*\.?\d*)|([(\[])|[)\]](\d*\.?\d*)|[\s*·,]+")
_CHARGE = re.compile(r"(?<=\s)\d*[+-]$|(?<=\s)[+-]\d*$|\d[+-]$")
_MARKUP = re.compile(r"</?su[bp]>|~|\^")
_CAPITALS = re.compile(r"\b([A-Z])([A-Z])(?=[\d.]*(?:\s|$))")
HYDROGENS = {"D": "H", "T": "H"}
"""Isotopes with symbols of their own."""


def is_element(symbol: str) -> bool:
    """Whether this is the symbol of an element, ``D`` and ``T`` among them."""
    return symbol in HYDROGENS or atomic_numbers.get(symbol, 0) > 0


def parse_formula(text: str) -> list[dict[str, float]]:
    """Compositions that a sum formula may mean; none if it is not understood.

    ``NA CL`` means NaCl; ``C O`` has two elements, and ``CO`` one or two. ``D`` and ``T`` are
    hydrogen.
    """
    plain = _CHARGE.sub("", _MARKUP.sub("", text.strip())).strip()
    readings = []
    if plain == plain.upper():
        readings.append(_CAPITALS.sub(_titled, plain))
    readings.append(plain)
    found = []
    for reading in readings:
        counts = _parse(reading)
        if counts and counts not in found:
            found.append(counts)
    return found


def _titled(match: re.Match[str]) -> str:
    symbol = match[1] + match[2].lower()
    return symbol if is_element(symbol) else match[0]


def _parse(text: str) -> dict[str, float] | None:
    groups: list[defaultdict[str, float]] = [defaultdict(float)]
    position = 0
    while position < len(text):
        match = _PART.match(text, position)
        if match is None:
            return None
        position = match.end()
        symbol, count, opening, after = match.groups()
        if symbol:
            if not is_element(symbol):
                return None
            groups[-1][HYDROGENS.get(symbol, symbol)] += _count(count)
        elif opening:
            groups.append(defaultdict(float))
        elif after is not None:
            if len(groups) < 2:
                return None
            inner = groups.pop()
            for name, value in inner.items():
                groups[-1][name] += value * _count(after)
    if len(groups) > 1:
        return None
    return {name: float(value) for name, value in groups[0].items() if value > 0}


def _count(text: str) -> float:
    return float(text) if text not in ("", ".") else 1.0


def written(counts: Mapping[str, float]) -> str:
    """A composition as text, such as ``Al H O2``, in alphabetical order."""
    return " ".join(f"{name}{'' if n == 1 else f'{n:g}'}" for name, n in sorted(counts.items()))
