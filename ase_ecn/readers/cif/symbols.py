"""Which element a site of a CIF has, from its type symbol or its label."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import cache

from ase_ecn.errors import CrystalError
from ase_ecn.readers.cif.formulas import HYDROGENS, is_element, parse_formula

MASSES = {"D": 2.01410178, "T": 3.01604928}
"""Masses of the isotopes of hydrogen in u, where a CIF names them."""
_HYDROGENS_OF: dict[str, dict[int, tuple[str, ...]]] = {
    "O": {1: ("oh", "o-h"), 2: ("oh2", "h2o", "wat"), 3: ("oh3", "h3o")},
    "N": {1: ("nh",), 2: ("nh2",), 3: ("nh3",), 4: ("nh4",)},
    "C": {1: ("ch",), 2: ("ch2",), 3: ("ch3",)},
}
_GROUPS = {
    name: (element, count)
    for element, names_by_count in _HYDROGENS_OF.items()
    for count, names in names_by_count.items()
    for name in names
}
"""Groups of atoms that stand for a site: the element, and hydrogens that have no site."""
_CHARGE = re.compile(r"\(?\d*\.?\d*[+-]+\d*\.?\d*\)?$|\(?[+-]\d+\)?$|\^.*\^?$")
_VALENCE = re.compile(r"^([A-Z][a-z]?)va?l?$")
_AMOUNTS = re.compile(r"^([A-Z][a-z]?\d*\.\d+){1,}[A-Z][a-z]?(\d*\.?\d+)?$")
_NO_ATOM = frozenset(["va", "vac", "vc", "x", "du", "dum", "dummy", "q", "cent", "ctr", "cg", "lp"])


@dataclass(frozen=True)
class Species:
    """What a site holds.

    Attributes
    ----------
    element
        Symbol; deuterium is ``H``.
    mass
        Of the isotope in u, if it is named.
    hydrogens
        Hydrogens that the symbol implies, such as two of ``H2O``.
    shared
        Elements and their amounts if one symbol names several, such as ``Na/K``; an amount that
        is not said is zero.
    """

    element: str
    mass: float | None = None
    hydrogens: int = 0
    shared: dict[str, float] = field(default_factory=dict)


def species_of(symbol: str | None, label: str | None, expected: Collection[str]) -> Species:
    """Return the species of a site.

    Parameters
    ----------
    symbol
        Value of ``_atom_site_type_symbol``, if there is one.
    label
        Value of ``_atom_site_label``, such as ``Fe1A``.
    expected
        Elements of the sum formula, which decide whether ``CA1`` is carbon or calcium; empty if
        there is none.

    Raises
    ------
    CrystalError
        If neither names an element.
    """
    if symbol is not None and is_element(symbol):
        return _plain_species(symbol)
    for text in (symbol, label):
        if text is None or text in ("?", ".", ""):
            continue
        found = _named(text.strip(), expected, is_label=text is label and symbol != label)
        if found is not None:
            return found
    told = f"{symbol!r} (label {label!r})" if symbol and label else repr(symbol or label)
    raise CrystalError(f"the site {told} names no element")


@cache
def _plain_species(symbol: str) -> Species:
    return Species(HYDROGENS.get(symbol, symbol), MASSES.get(symbol))


def _named(text: str, expected: Collection[str], *, is_label: bool) -> Species | None:
    shared = _shared(text)
    if shared:
        return Species(max(shared, key=lambda name: shared[name]), shared=shared)
    bare = _CHARGE.sub("", text).strip()
    group = _GROUPS.get(re.sub(r"\d+$", "", bare).lower() if is_label else bare.lower())
    if group is not None and not _is_expected(bare, expected):
        return Species(group[0], hydrogens=group[1])
    letters = re.match(r"[A-Za-z]*", bare)
    assert letters is not None
    run = letters[0]
    if not run or run.lower() in _NO_ATOM:
        return None
    valence = _VALENCE.match(run)  # "Cval", "Siva" of tables of scattering factors
    if valence and is_element(valence[1]):
        run = valence[1]
    for name in _readings(run, expected, is_label=is_label):
        if is_element(name) and not (is_label and name == "T"):
            return _plain_species(name)
    return None


def _is_expected(text: str, expected: Collection[str]) -> bool:
    """Whether letters such as ``Ho`` and ``Nh`` are an element of the formula after all."""
    return text[:2].title() in expected


def _readings(run: str, expected: Collection[str], *, is_label: bool) -> list[str]:
    """Symbols that the letters may mean, the likeliest first."""
    one, two = run[0].upper(), run[:2].title()
    as_written = [two, one] if len(run) > 1 else [one]
    if is_label and len(run) > 2 and run[:2].isupper() and not run.isupper():
        as_written = [one, two]  # OaM, OHw
    if not expected:
        return as_written if len(run) > 1 or is_element(one) else [one]
    likely = [name for name in as_written if HYDROGENS.get(name, name) in expected]
    return likely + [name for name in as_written if name not in likely]


def _shared(text: str) -> dict[str, float]:
    """Elements that one symbol names: ``Na/K``, ``(Na,K)``, ``0.6Na + 0.4K``, ``Na0.6K0.4``."""
    plain = re.sub(r"</?su[bp]>", "", text.strip("()[]{} "))
    parts = [part.strip(" ()") for part in re.split(r"[/,;&]|\s\+\s|\+(?=\s*[\d.]*[A-Z])", plain)]
    parts = [part for part in parts if part]
    if len(parts) == 1:
        if not _AMOUNTS.match(plain):
            return {}
        readings = parse_formula(plain)
        return readings[0] if readings and len(readings[0]) > 1 else {}
    found: dict[str, float] = {}
    for part in parts:
        match = re.fullmatch(
            r"(\d*\.?\d*)\s*([A-Z][a-z]?)\d*[+-]?\s*\(?([\d.]*)\)?(?:\d*[+-])?", part
        )
        if match is None or not is_element(match[2]):
            continue
        amount = match[1] or match[3]
        found[HYDROGENS.get(match[2], match[2])] = float(amount) if amount.strip(".") else 0.0
    return found if len(found) > 1 else {}
