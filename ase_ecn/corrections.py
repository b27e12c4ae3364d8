"""From DFT energies to formation energies in the Materials Project's convention (that of MP-20).

A formation energy is the energy of the PBE(+U) calculation, plus the corrections of pymatgen's
``MaterialsProject2020Compatibility``, minus the energies of the elements. All that is added is a
constant of the composition (and, of oxides, of the kind of oxide), so forces and stresses stay.

Which anions are corrected follows from guessed oxidation states. The guess jumps between similar
compositions, by about 0.1 eV/atom, in a way that no network can learn. :func:`smooth_correction` is
the part without the guess, for labels to fit to; the difference to :func:`correction` is added
afterwards, as both are known exactly.
"""

from __future__ import annotations

import json
import math
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from ase.data import atomic_numbers, chemical_symbols
from numpy.typing import NDArray

from ase_ecn.crystal import Crystal, CrystalLike, as_crystal
from ase_ecn.errors import EmptyCrystalError, OptionError, UnsupportedElementError
from ase_ecn.geometry.pairs import pairs_within

if TYPE_CHECKING:
    from ase_ecn.oxidation import Composition

Numbers: TypeAlias = "Sequence[int] | NDArray[np.int64]"

OXIDE_KINDS = ("oxide", "peroxide", "superoxide", "ozonide")
_MAX_SITES = 20  # of a formula whose oxidation states the scheme guesses
_RELATIVE_CUTOFF = 1.05  # of the scheme, for the bonds of peroxides and the like
_LONGEST_HYDROXIDE_BOND = 0.93 * _RELATIVE_CUTOFF
_LONGEST_SUPEROXIDE_BOND = 1.35 * _RELATIVE_CUTOFF
LONGEST_PEROXIDE_BOND = 1.49 * _RELATIVE_CUTOFF
"""Å. Oxides without shorter bonds between oxygen atoms are plain ones."""
_CACHED = 1 << 17
_HYDROGEN, _OXYGEN = atomic_numbers["H"], atomic_numbers["O"]

# The tables of pymatgen's class in eV per atom of the element (A. Wang et al., Scientific Reports
# 11, 15496, 2021). Importing that class takes seconds, which each process would spend at its first
# prediction.
_SULFUR = -0.503
_OXIDES = dict(zip(OXIDE_KINDS, (-0.687, -0.465, -0.161, 0.0), strict=True))
# Only where they are anions.
_ANIONS = {
    "F": -0.462,
    "Cl": -0.614,
    "Br": -0.534,
    "I": -0.379,
    "N": -0.361,
    "Se": -0.472,
    "Si": 0.071,
    "Sb": -0.192,
    "Te": -0.422,
    "H": -0.179,
}
# Of metals whose energies are those of PBE+U, where O or F is the most electronegative element.
_METALS = {
    "V": -1.7,
    "Cr": -1.999,
    "Mn": -1.668,
    "Fe": -2.256,
    "Co": -1.638,
    "Ni": -2.541,
    "W": -4.438,
    "Mo": -3.202,
}
_MIXING = {"O": _METALS, "F": _METALS}


def formation_energy(energy: float, numbers: Numbers, *, oxide: str = "oxide") -> float:
    """Formation energy in MP-20's convention.

    Parameters
    ----------
    energy
        Energy of the calculation in eV/atom, with the Materials Project's settings: PBE, or PBE+U
        where O or F meets Co, Cr, Fe, Mn, Mo, Ni, V or W.
    numbers
        (N,) atomic numbers of the crystal.
    oxide
        Kind of oxide, from :func:`oxide_kind`.

    Returns
    -------
    float
        In eV/atom.

    Raises
    ------
    UnsupportedElementError
        If an element has no reference energy.
    """
    return energy + correction(numbers, oxide=oxide) - reference_energy(numbers)


def correction(numbers: Numbers, *, oxide: str = "oxide") -> float:
    """What pymatgen's ``MaterialsProject2020Compatibility`` adds to an energy, in eV/atom.

    The Materials Project's Hubbard U is taken for granted where the scheme expects one. Sulphur is
    corrected in all compounds, as for entries without a structure.

    Parameters
    ----------
    numbers
        (N,) atomic numbers of the crystal.
    oxide
        Kind of oxide, from :func:`oxide_kind`; of no consequence without oxygen.

    Raises
    ------
    OptionError
        If the kind is none of :data:`OXIDE_KINDS`.
    EmptyCrystalError, UnsupportedElementError
        If there is no atom, or a number is not one of an element.
    """
    if oxide not in OXIDE_KINDS:
        raise OptionError(f"oxide is {oxide!r}; known are: {', '.join(OXIDE_KINDS)}")
    return _correction(_composition(numbers), oxide)


def possible_corrections(numbers: Numbers, *, oxide: str = "oxide") -> tuple[float, ...]:
    """All that :func:`correction` could be, in eV/atom, whatever the guessed oxidation states.

    Each element that is corrected only as an anion may be one or not.

    Parameters
    ----------
    numbers, oxide
        As for :func:`correction`, whose errors it has.
    """
    if oxide not in OXIDE_KINDS:
        raise OptionError(f"oxide is {oxide!r}; known are: {', '.join(OXIDE_KINDS)}")
    composition = _composition(numbers)
    if len(composition) == 1:
        return (0.0,)
    most = max(composition, key=lambda part: (_electronegativity(part[0]), part[0]))[0]
    certain, anions = _certain(most, oxide), _ANIONS
    choices = [(0.0, anions[symbol]) for symbol, _ in composition if symbol in anions]
    symbols = [symbol for symbol, _ in composition if symbol in anions]
    return tuple(
        _per_atom(composition, {**certain, **dict(zip(symbols, values, strict=True))})
        for values in product(*choices)
    )


def smooth_correction(numbers: Numbers) -> float:
    """The correction without guesses, in eV/atom: what a network should learn.

    It differs from :func:`correction` in that anions other than O and S are corrected only if they
    are the most electronegative element, and that all oxygen is taken for an oxide's.

    Parameters
    ----------
    numbers
        (N,) atomic numbers of the crystal.

    Raises
    ------
    EmptyCrystalError, UnsupportedElementError
        If there is no atom, or a number is not one of an element.
    """
    return _smooth_correction(_composition(numbers))


def reference_energy(numbers: Numbers) -> float:
    """Energy of the elements that the crystal is made of, in eV/atom.

    Parameters
    ----------
    numbers
        (N,) atomic numbers of the crystal.

    Raises
    ------
    EmptyCrystalError, UnsupportedElementError
        If there is no atom, or an element has no reference energy.
    """
    composition = _composition(numbers)
    energies = reference_energies()
    unknown = [symbol for symbol, _ in composition if symbol not in energies]
    if unknown:
        raise UnsupportedElementError(
            f"no reference energy for {', '.join(unknown)}; known are: {' '.join(energies)}"
        )
    return _per_atom(composition, energies)


@lru_cache(maxsize=1)
def reference_energies() -> Mapping[str, float]:
    """PBE energy of each of 89 elements in eV/atom, by symbol."""
    file = Path(__file__).with_name("element_energies.json")
    energies: dict[str, float] = json.loads(file.read_text(encoding="utf-8"))["energies"]
    return energies


def oxide_kind(structure: CrystalLike) -> str:
    """Kind of oxide by its O-O and O-H distances, as pymatgen's ``oxide_type(structure, 1.05)``.

    Parameters
    ----------
    structure
        Any crystal.

    Returns
    -------
    str
        One of :data:`OXIDE_KINDS`. Hydroxides, which are corrected as oxides, and crystals without
        oxygen are ``"oxide"``.

    Raises
    ------
    CrystalError
        If the structure is not a valid crystal.
    """
    crystal = as_crystal(structure)
    oxygen = crystal.reduced.scaled[crystal.numbers == _OXYGEN]
    if not len(pairs_within(crystal.reduced.cell, oxygen, LONGEST_PEROXIDE_BOND).source):
        return "oxide"
    # pymatgen does not see bonds of an atom to its own images: the answer depends on the cell.
    cell = crystal.primitive.crystal
    if (cell.numbers == _OXYGEN).all() or _is_hydroxide(cell):
        return "oxide"
    partners = Counter(i for i, _ in _bonded(cell, (_OXYGEN,), _LONGEST_SUPEROXIDE_BOND))
    if partners:
        return "ozonide" if max(partners.values()) > 1 else "superoxide"
    return "peroxide" if _bonded(cell, (_OXYGEN,), LONGEST_PEROXIDE_BOND) else "oxide"


def _is_hydroxide(crystal: Crystal) -> bool:
    bonds = _bonded(crystal, (_HYDROGEN, _OXYGEN), _LONGEST_HYDROXIDE_BOND)
    return any(crystal.numbers[i] != crystal.numbers[j] for i, j in bonds)


def _bonded(crystal: Crystal, elements: Sequence[int], longest: float) -> set[tuple[int, int]]:
    """Different atoms of these elements that are nearer to each other, in both orders."""
    atoms = np.flatnonzero(np.isin(crystal.numbers, elements))
    cell = crystal.reduced
    pairs = pairs_within(cell.cell, cell.scaled[atoms], longest)
    ends = zip(atoms[pairs.source].tolist(), atoms[pairs.target].tolist(), strict=True)
    return {(i, j) for i, j in ends if i != j}


@lru_cache(maxsize=1)
def _electronegativities() -> dict[str, float]:
    from pymatgen.core.periodic_table import Element

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about each element that has none
        return {e.symbol: float(e.X) for e in Element}


def _electronegativity(symbol: str) -> float:
    """Pauling's; infinite for elements that have none, which pymatgen puts last."""
    value = _electronegativities()[symbol]
    return math.inf if math.isnan(value) else value


@lru_cache(maxsize=_CACHED)
def _correction(composition: Composition, oxide: str) -> float:
    if len(composition) == 1:
        return 0.0
    # Late: pymatgen takes a second.
    from ase_ecn.oxidation import likeliest_states

    # The order of pymatgen's formulas. It decides between equal electronegativities and between
    # equally likely oxidation states.
    ordered = tuple(sorted(composition, key=lambda part: (_electronegativity(part[0]), part[0])))
    most = ordered[-1][0]
    values = _certain(most, oxide)
    anions = [symbol for symbol, _ in ordered if symbol in _ANIONS]
    # Nothing else depends on the oxidation states.
    states = likeliest_states(ordered, _MAX_SITES) if anions else {}
    for symbol in anions:
        state = states.get(symbol, 0.0)
        if state <= -1 or (state >= 0 and symbol == most):
            values[symbol] = _ANIONS[symbol]
    return _per_atom(composition, values)


@lru_cache(maxsize=_CACHED)
def _smooth_correction(composition: Composition) -> float:
    if len(composition) == 1:
        return 0.0
    # Without a Pauling electronegativity (He, Ne, Ar), an element is no anion.
    known = _electronegativities()
    most = max(composition, key=lambda part: -math.inf if math.isnan(x := known[part[0]]) else x)
    values = _certain(most[0], "oxide")
    if most[0] in _ANIONS:
        values[most[0]] = _ANIONS[most[0]]
    return _per_atom(composition, values)


def _certain(most_electronegative: str, oxide: str) -> dict[str, float]:
    """Corrections of the elements (eV per atom of each) that need no oxidation states."""
    metals = _MIXING.get(most_electronegative, {})
    return {"S": _SULFUR, "O": _OXIDES[oxide], **metals}


def _per_atom(composition: Composition, values: Mapping[str, float]) -> float:
    total = sum(values.get(symbol, 0.0) * count for symbol, count in composition)
    return total / sum(count for _, count in composition)


def _composition(numbers: Numbers) -> Composition:
    """Reduced formula in alphabetical order, the same for every cell of a crystal."""
    counts = Counter(numbers.tolist() if isinstance(numbers, np.ndarray) else numbers)
    if not counts:
        raise EmptyCrystalError("the structure has no atoms")
    unknown = [z for z in counts if not 0 < z < len(chemical_symbols)]
    if unknown:
        raise UnsupportedElementError(f"no element has the atomic number {unknown[0]}")
    divisor = math.gcd(*counts.values())
    return tuple(sorted((chemical_symbols[z], n // divisor) for z, n in counts.items()))
