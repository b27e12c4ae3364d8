"""Initial magnetic moments from predicted ones: signs by sublattice, and cells that alternate."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from ase import Atoms
from ase.build import make_supercell
from ase.data import chemical_symbols
from numpy.typing import ArrayLike, NDArray

from ase_ecn.errors import OptionError
from ase_ecn.geometry.space_groups import spglib_dataset

ALTERNATIONS: dict[str, tuple[int, int, int]] = {
    "none": (0, 0, 0),
    "A": (0, 0, 1),
    "C": (1, 1, 0),
    "G": (1, 1, 1),
}
"""Twice the propagation vector of each kind of antiferromagnet, in reciprocal lattice vectors."""
LEAST_MOMENT = 0.1
"""Largest moment in µB below which a crystal counts as one without: it is not doubled."""
SYMMETRY_TOLERANCE = 0.01
"""How far in Å atoms of one sublattice may be from where symmetry wants them."""
_SITES = re.compile(r"([A-Z][a-z]?)([1-9]\d*)?")
_SIGNS = {"+": 1.0, "-": -1.0, "0": 0.0}


@dataclass(frozen=True)
class MagneticOrder:
    """Signs of collinear moments; the default is a ferromagnet.

    Attributes
    ----------
    signs
        Signs by sublattice, such as ``{"Fe": "+", "Tb": "-"}``. A name is an element, or an
        element with a number, ``"Fe2"``: the second set of its symmetry-equivalent atoms, in the
        order of the crystal. Several signs, ``"+-"``, are given to the atoms of the sublattice in
        turn; ``0`` is no moment. A numbered name is stronger than its element; a sublattice without
        a name has ``"+"``.
    alternation
        How moments alternate from cell to cell: ``"none"``; ``"A"``, along the third lattice
        vector; ``"C"``, along the first and the second; ``"G"``, along all three. The magnetic cell
        has twice as many atoms. The letters are those of E. O. Wollan and W. C. Koehler, Phys. Rev.
        100, 545 (1955), for the primitive cell of a cubic perovskite; ``"G"`` of the primitive cell
        of rocksalt is the order of NiO.

    Raises
    ------
    OptionError
        If a name or a sign is not one of these.
    """

    signs: Mapping[str, str] = field(default_factory=dict)
    alternation: str = "none"

    def __post_init__(self) -> None:
        if self.alternation not in ALTERNATIONS:
            known = ", ".join(ALTERNATIONS)
            raise OptionError(f"alternation must be one of {known}, got {self.alternation!r}")
        for name, signs in self.signs.items():
            match = _SITES.fullmatch(name)
            if match is None or match[1] not in chemical_symbols[1:]:
                raise OptionError(
                    f"a sublattice is an element, as Fe, or one with a number, as Fe2, got {name!r}"
                )
            if not signs or not set(signs) <= _SIGNS.keys():
                raise OptionError(f"signs of {name} must be of + - 0, got {signs!r}")

    def of_atoms(self, atoms: Atoms) -> NDArray[np.float64]:
        """(N,) factors 1, -1 or 0 of the moments of a crystal, within one cell.

        Raises
        ------
        OptionError
            If a sublattice is not there, or its atoms cannot share the signs evenly.
        """
        symbols = np.array(atoms.get_chemical_symbols())
        names = sublattices(atoms) if any(s[-1].isdigit() for s in self.signs) else symbols
        factors = np.ones(len(atoms))
        # Those with numbers come last, and have the last word.
        for name in sorted(self.signs, key=lambda name: name[-1].isdigit()):
            match = _SITES.fullmatch(name)
            if match is None or match[1] not in symbols:
                continue  # one order may be for many crystals
            chosen = np.flatnonzero((names if match[2] else symbols) == name)
            signs = self.signs[name]
            if not len(chosen):
                raise OptionError(
                    f"there is no sublattice {name}: there are {', '.join(dict.fromkeys(names))}"
                )
            if len(chosen) % len(signs):
                raise OptionError(f"{len(chosen)} atoms {name} cannot share the signs {signs}")
            factors[chosen] = np.resize([_SIGNS[sign] for sign in signs], len(chosen))
        return factors


def sublattices(atoms: Atoms) -> NDArray[np.str_]:
    """(N,) names of the sets of symmetry-equivalent atoms: ``Fe1``, ``Fe2``, ``O1``, ….

    They are numbered for each element by their first atom. Without symmetry each atom has its own.
    """
    found = spglib_dataset(
        atoms.cell[:], atoms.get_scaled_positions(), atoms.numbers, SYMMETRY_TOLERANCE
    )
    orbits = np.arange(len(atoms)) if found is None else found.equivalent_atoms
    names: dict[int, str] = {}
    counts: dict[str, int] = {}
    for orbit, symbol in zip(orbits, atoms.get_chemical_symbols(), strict=True):
        if int(orbit) not in names:
            counts[symbol] = counts.get(symbol, 0) + 1
            names[int(orbit)] = f"{symbol}{counts[symbol]}"
    return np.array([names[int(orbit)] for orbit in orbits])


def with_initial_moments(
    atoms: Atoms, site_moments: ArrayLike, order: MagneticOrder | None = None
) -> Atoms:
    """Return a crystal with initial magnetic moments, from which a DFT calculation can start.

    Parameters
    ----------
    atoms
        Crystal of N atoms; it is not changed.
    site_moments
        (N,) absolute moments in µB, as ``site_moments`` of a
        :class:`~ase_ecn.prediction.Prediction`.
    order
        Their signs; ``None`` for a ferromagnet.

    Returns
    -------
    Atoms
        Without a calculator, with ``get_initial_magnetic_moments()`` in µB; of 2 N atoms if moments
        alternate and one is at least 0.1 µB.

    Raises
    ------
    OptionError
        If the number of moments is not that of atoms, or the order is not one of this crystal.
    """
    order = order or MagneticOrder()
    moments = np.abs(np.asarray(site_moments, dtype=np.float64))
    if moments.shape != (len(atoms),):
        raise OptionError(f"{len(atoms)} atoms need as many moments, got {moments.shape}")
    signed: Atoms = atoms.copy()
    # Adding zero leaves no -0.0.
    signed.set_initial_magnetic_moments(moments * order.of_atoms(atoms) + 0.0)
    twice = np.array(ALTERNATIONS[order.alternation])
    if not twice.any() or moments.max() < LEAST_MOMENT:
        return signed
    return _alternating(signed, twice)


def _alternating(atoms: Atoms, twice: NDArray[np.int64]) -> Atoms:
    """Two cells, the moments of the second reversed."""
    wide: Atoms = make_supercell(atoms, list(_sublattice(twice)), wrap=False, order="cell-major")
    moments = wide.get_initial_magnetic_moments()
    moments[len(atoms) :] *= -1
    wide.set_initial_magnetic_moments(moments + 0.0)
    return wide


def _sublattice(twice: NDArray[np.int64]) -> Iterator[list[int]]:
    """Vectors of the lattice of those cells whose moments are those of the first one.

    These are the vectors R with an even number of reversals ``twice @ R``.
    """
    last = int(np.flatnonzero(twice)[-1])
    for k in range(3):
        vector = [0, 0, 0]
        vector[k] = 2 if k == last else 1
        if twice[k] and k != last:
            vector[last] = 1
        yield vector
