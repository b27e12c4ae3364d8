"""Phonons by finite displacements, with phonopy (``pip install ase-ecn[phonons]``).

Any ASE calculator with forces will do; the default is the bundled network of 89 elements.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import phonopy
from ase import Atoms, units
from ase.calculators.calculator import BaseCalculator
from ase.filters import FrechetCellFilter
from ase.optimize import BFGS
from ase.spectrum.band_structure import BandStructure
from numpy.typing import ArrayLike, NDArray
from phonopy import Phonopy
from phonopy.structure.atoms import PhonopyAtoms
from phonopy.structure.cells import Supercell, guess_primitive_matrix
from phonopy.structure.symmetry import symmetrize_borns_and_epsilon

from ase_ecn.calculator import ECNCalculator
from ase_ecn.checkpoint import DEFAULT_POTENTIAL
from ase_ecn.errors import ASEECNError, OptionError
from ase_ecn.properties import DIELECTRIC_TENSOR

TENSORS = "ecn-tensors"
"""What predicts a dielectric tensor that is not given."""
MIN_SUPERCELL_LENGTH = 10.0
"""Å; a supercell is repeated along each axis until it is as long as that."""
MESH = 20
"""Points of the mesh along each reciprocal axis, for extreme frequencies and the DOS."""
_KINDS = ("initial_magmoms", "initial_charges", "masses")
"""Arrays by which atoms of one element may differ."""
_ACOUSTIC_TOLERANCE = 0.05  # THz; the acoustic modes at q = 0 are zero up to noise


class RelaxationError(ASEECNError):
    """A crystal did not come to rest, so its phonons would mean nothing."""


@dataclass(frozen=True)
class Phonons:
    """Harmonic vibrations of a crystal.

    Attributes
    ----------
    phonopy
        With force constants, for everything that phonopy can do with them.
    """

    phonopy: Phonopy

    @property
    def primitive(self) -> Atoms:
        """The primitive cell whose vibrations these are."""
        return _to_atoms(self.phonopy.primitive)

    @property
    def unit_cell(self) -> Atoms:
        """The cell that was given, after relaxation."""
        return _to_atoms(self.phonopy.unitcell)

    def frequencies(
        self, q_points: ArrayLike, *, direction: ArrayLike | None = None
    ) -> NDArray[np.float64]:
        """Frequencies in THz at (Q, 3) scaled wave vectors: (Q, 3 N); imaginary ones negative.

        Parameters
        ----------
        q_points
            In terms of the reciprocal lattice of the primitive cell.
        direction
            (3,) from which q = 0 is approached, in the same terms. With Born charges the highest
            modes depend on it; without a direction there is no field at q = 0 itself.
        """
        along = None if direction is None else np.asarray(direction, dtype=float)
        self.phonopy.run_qpoints(np.asarray(q_points, dtype=float), nac_q_direction=along)
        found: Any = self.phonopy.qpoints
        return np.asarray(found.frequencies, dtype=np.float64)

    def extremes(self, mesh: int = MESH) -> tuple[float, float]:
        """Lowest and highest frequency (THz) on a mesh around q = 0.

        The lowest is the check of stability: clearly below zero, the crystal moves off.
        """
        self.phonopy.run_mesh([mesh] * 3, is_gamma_center=True)
        found: Any = self.phonopy.mesh
        return float(found.frequencies.min()), float(found.frequencies.max())

    def is_stable(self, mesh: int = MESH) -> bool:
        """Whether no mode is imaginary, beyond noise of 0.05 THz at q = 0."""
        return self.extremes(mesh)[0] > -_ACOUSTIC_TOLERANCE

    def bands(self, points: int = 200) -> BandStructure:
        """Frequencies in THz along the lattice's standard path, to be plotted with ASE.

        Parameters
        ----------
        points
            Number of wave vectors, at least.
        """
        path = self.primitive.cell.bandpath(npoints=points)
        return BandStructure(path, self.frequencies(path.kpts)[None])

    def dos(self, mesh: int = MESH) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Density of states: frequencies in THz and states per THz and primitive cell."""
        self.phonopy.run_mesh([mesh] * 3, is_gamma_center=True)
        self.phonopy.run_total_dos()
        found: Any = self.phonopy.total_dos
        return np.asarray(found.frequency_points), np.asarray(found.dos)


def phonons(
    atoms: Atoms,
    *,
    calculator: BaseCalculator | None = None,
    supercell: ArrayLike | None = None,
    displacement: float = 0.01,
    relax: bool = True,
    fmax: float = 1e-3,
    born_charges: ArrayLike | None = None,
    dielectric: ArrayLike | None = None,
) -> Phonons:
    """Relax a crystal, displace its atoms and collect force constants.

    Parameters
    ----------
    atoms
        Left as it is. Masses that were set, of isotopes, are those that vibrate. Displaced cells
        have its initial magnetic moments and charges, and everything else that it says of atoms.
    calculator
        Anything that gives forces (and stress, to relax); ``None`` for ``ecn-mp`` in float64.
    supercell
        (3, 3) or (3,) repetitions, or one number for all axes; ``None`` for as many as make each
        axis 10 Å long.
    displacement
        In Å.
    relax
        Relax positions and cell first, to forces below ``fmax`` (eV/Å). Phonons of a crystal that
        is not relaxed may be imaginary.
    fmax
        See ``relax``.
    born_charges
        (N, 3, 3) effective charges of the atoms in units of e, the change of the polarization
        (first index) with the displacement (second), for the non-analytical term: the field of
        long waves, which separates longitudinal from transversal optical modes. No network of this
        package predicts them. Those that the crystal's symmetry forbids, and a charge that is left
        over in all, are averaged out.
    dielectric
        (3, 3) electronic dielectric tensor for that term; ``None`` for the one that
        ``ecn-tensors`` predicts of the crystal that vibrates.

    Raises
    ------
    RelaxationError
        If the crystal does not relax within 500 steps.
    OptionError
        If the displacement is not positive or the supercell not one of whole cells; if there is a
        charge tensor too many or too few, or a dielectric tensor without charges.
    PropertyNotImplementedError
        ASE's, if the calculator gives no forces.
    """
    if not displacement > 0:
        raise OptionError(f"the displacement must be positive, got {displacement}")
    if born_charges is None and dielectric is not None:
        raise OptionError("a dielectric tensor has no effect without born_charges")
    charges = None if born_charges is None else _tensors("born_charges", born_charges, len(atoms))
    field = None if dielectric is None else _tensors("dielectric", dielectric)
    if calculator is None:
        calculator = ECNCalculator(DEFAULT_POTENTIAL, dtype="float64")
    cell = relaxed(atoms, calculator, fmax=fmax) if relax else atoms.copy()
    unit_cell = _to_phonopy(cell)
    alike = _alike(cell)  # phonopy takes atoms of one element for the same
    model = Phonopy(
        unit_cell,
        supercell_matrix=_supercell_matrix(supercell, cell),
        primitive_matrix=guess_primitive_matrix(unit_cell) if alike else np.eye(3),
        is_symmetry=alike,
    )
    model.generate_displacements(distance=displacement)
    forces = []
    for displaced in model.supercells_with_displacements or []:
        image = _with_arrays(_to_atoms(displaced), cell, model.supercell)
        image.calc = calculator
        forces.append(image.get_forces())
    model.forces = forces
    with _recursion_limit_kept():
        model.produce_force_constants()
        model.symmetrize_force_constants()
    if charges is not None:
        if field is None:
            field = ECNCalculator(TENSORS, dtype="float64").get_property(DIELECTRIC_TENSOR, cell)
        _add_field(model, charges, np.asarray(field), is_symmetry=alike)
    return Phonons(model)


def _tensors(name: str, values: ArrayLike, count: int | None = None) -> NDArray[np.float64]:
    shape = (3, 3) if count is None else (count, 3, 3)
    found = np.asarray(values, dtype=np.float64)
    if found.shape != shape or not np.isfinite(found).all():
        raise OptionError(f"{name} must be {shape} finite numbers, got an array {found.shape}")
    return found


def _add_field(
    model: Phonopy,
    charges: NDArray[np.float64],
    dielectric: NDArray[np.float64],
    *,
    is_symmetry: bool,
) -> None:
    """The non-analytical term, from charges of the atoms of the unit cell."""
    born, epsilon = symmetrize_borns_and_epsilon(
        charges,
        dielectric,
        model.unitcell,
        primitive_matrix=model.primitive_matrix,
        supercell_matrix=model.supercell_matrix,
        is_symmetry=is_symmetry,
    )
    coulomb = units.Hartree * units.Bohr  # of two charges e at 1 Å, in eV
    model.nac_params = {"born": born, "dielectric": epsilon, "factor": coulomb}


def _supercell_matrix(supercell: ArrayLike | None, cell: Atoms) -> NDArray[np.int64]:
    if supercell is None:
        supercell = np.ceil(MIN_SUPERCELL_LENGTH / cell.cell.lengths() - 1e-6)
    given = np.asarray(supercell)
    whole = given.dtype.kind in "iuf" and np.array_equal(given, np.rint(given))
    if given.shape not in ((), (3,), (3, 3)) or not whole:
        raise OptionError(
            f"supercell must be a whole number, three of them or a matrix of 3x3, got {supercell!r}"
        )
    matrix = given if given.ndim == 2 else np.diag(np.broadcast_to(given, 3))
    if np.linalg.det(matrix) < 0.5 or (given.ndim < 2 and given.min() < 1):
        raise OptionError(f"supercell must have at least one cell along each axis, got {supercell}")
    return np.rint(matrix).astype(np.int64)


def _alike(atoms: Atoms) -> bool:
    """Whether all atoms of an element have the same masses, initial moments and charges."""
    kinds = [atoms.get_array(name).reshape(len(atoms), -1) for name in _KINDS if atoms.has(name)]
    table = np.column_stack([atoms.numbers, *kinds])
    return len(np.unique(table, axis=0)) == len(np.unique(atoms.numbers))


def _with_arrays(image: Atoms, cell: Atoms, supercell: Supercell) -> Atoms:
    """Give a displaced supercell what the atoms of the unit cell have, for calculators."""
    index = supercell.u2u_map
    source = [index[atom] for atom in supercell.s2u_map]
    for name, values in cell.arrays.items():
        if name not in ("numbers", "positions", "momenta"):
            image.set_array(name, values[source])
    image.info = dict(cell.info)
    return image


def relaxed(
    atoms: Atoms, calculator: BaseCalculator, *, fmax: float = 1e-3, steps: int = 500
) -> Atoms:
    """Return a copy with relaxed positions and cell.

    Raises
    ------
    RelaxationError
        If forces are still above ``fmax`` (eV/Å) after so many steps.
    """
    copy: Atoms = atoms.copy()
    copy.calc = calculator
    positions_and_cell: Any = FrechetCellFilter(copy)
    if not BFGS(positions_and_cell, logfile=None).run(fmax=fmax, steps=steps):
        raise RelaxationError(f"{atoms.symbols} is not relaxed after {steps} steps")
    copy.calc = None
    return copy


def load_phonons(path: str | Path) -> Phonons:
    """Read displacements and forces from a file of phonopy's, such as VASP's, for comparison.

    Raises
    ------
    OptionError
        If the file cannot be read.
    """
    try:
        with _recursion_limit_kept():
            try:
                model = phonopy.load(path, log_level=0, is_nac=False)
            except RuntimeError:  # displacements that do not suffice by symmetry: a fit
                model = phonopy.load(path, log_level=0, is_nac=False, fc_calculator="symfc")
    except Exception as error:  # phonopy raises many kinds
        raise OptionError(f"cannot read {path}: {error}") from error
    return Phonons(model)


@contextmanager
def _recursion_limit_kept() -> Iterator[None]:
    """Undo what symfc, which phonopy imports, does to the whole process when it is imported."""
    limit = sys.getrecursionlimit()
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)


def _to_phonopy(atoms: Atoms) -> PhonopyAtoms:
    return PhonopyAtoms(
        symbols=atoms.get_chemical_symbols(),
        cell=atoms.cell[:],
        scaled_positions=atoms.get_scaled_positions(),
        masses=atoms.get_masses() if atoms.has("masses") else None,
    )


def _to_atoms(atoms: PhonopyAtoms) -> Atoms:
    found = Atoms(atoms.symbols, cell=atoms.cell, scaled_positions=atoms.scaled_positions, pbc=True)
    natural = PhonopyAtoms(atoms.symbols, cell=atoms.cell, scaled_positions=atoms.scaled_positions)
    if not np.array_equal(atoms.masses, natural.masses):
        found.set_masses(atoms.masses)
    return found
