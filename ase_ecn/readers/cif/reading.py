"""From a data block to atoms that agree with everything that the file says of them.

All settings that the block may mean are tried. The one is taken that agrees with the sum formula,
Z, density, volume and multiplicities in the file; if none does, ASE and pymatgen are asked. What
remains open, or agrees with nothing, is refused.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import partial

import numpy as np
from ase import Atoms
from ase.data import covalent_radii
from numpy.typing import NDArray

from ase_ecn.errors import CrystalError, InconsistentFileError, PartialOccupancyError
from ase_ecn.geometry.pairs import pairs_within
from ase_ecn.readers.cif.claims import Claims, Verdict, claims_of, compare
from ase_ecn.readers.cif.expansion import Expanded, atoms_of, expand
from ase_ecn.readers.cif.operations import (
    Operations,
    identity,
    listed_operations,
    lists_operations,
)
from ase_ecn.readers.cif.second_readers import second_readings
from ase_ecn.readers.cif.settings import named_operations
from ase_ecn.readers.cif.sites import Site, cell_of, check_occupancies, sites_of
from ase_ecn.readers.cif.syntax import Block

_TOO_NEAR = 0.6
"""Part of the sum of covalent radii below which two atoms make a setting the wrong one."""


@dataclass(frozen=True)
class _Reading:
    atoms: Atoms
    operations: Operations
    verdict: Verdict


def read_block(block: Block) -> Atoms:
    """Return the atoms of the cell that a block describes.

    Raises
    ------
    PartialOccupancyError
        If a site is shared or not full.
    InconsistentFileError
        If what the file says of the crystal disagrees with its sites, or leaves it open.
    CrystalError
        If the block is not readable.
    """
    if _is_modulated(block):
        raise CrystalError("a modulated crystal has no cell that repeats in three dimensions")
    claims = claims_of(block)
    try:
        return _own_reading(block, claims)
    except PartialOccupancyError:
        raise
    except CrystalError as error:
        # Of names of space groups the others know no more than the tables do.
        if isinstance(error, InconsistentFileError) and not lists_operations(block):
            raise
        other = _second(block, claims)
        if other is None:
            raise
        return other


def _is_modulated(block: Block) -> bool:
    """Whether a block says that its crystal is periodic in more than three dimensions only."""
    dimension = block.known("_cell_modulation_dimension") or "0"
    return dimension != "0" or "_cell_wave_vector_x" in block.values


def _own_reading(block: Block, claims: Claims) -> Atoms:
    cell = cell_of(block)
    sites, unplaced = sites_of(block, cell, claims.expected)
    if not sites:
        raise CrystalError("no site has coordinates")
    check_occupancies(sites)
    read = partial(_reading, sites, unplaced, cell, claims)
    listed = listed_operations(block)
    if listed is None:
        return _only_one([read(one) for one in named_operations(block, cell) or [identity()]])
    if listed.fit(cell):
        first = read(listed)
        if not _is_refuted(first.verdict):
            return first.atoms
        reason = "; ".join(first.verdict.against)
    else:
        reason = "the cell does not have the symmetry of the operations listed"
    try:
        named = named_operations(block, cell)
    except CrystalError:  # the name may be of any kind where operations are listed
        named = []
    readings = [read(one) for one in named]
    # Against the operations listed, a name counts only if the formula confirms it.
    confirmed = [one for one in readings if "formula" in one.verdict.agreed]
    if not any(not _is_refuted(one.verdict) for one in confirmed):
        raise InconsistentFileError(reason)
    return _only_one(confirmed)


def _reading(
    sites: list[Site],
    unplaced: list[str],
    cell: NDArray[np.float64],
    claims: Claims,
    operations: Operations,
) -> _Reading:
    expanded = expand(sites, operations, cell)
    atoms = atoms_of(sites, expanded, cell)
    volume = abs(float(np.linalg.det(cell)))
    verdict = compare(atoms.numbers, atoms.get_masses(), volume, claims)
    _compare_multiplicities(sites, expanded, verdict)
    _compare_hydrogens(sites, unplaced, claims, verdict)
    return _Reading(atoms, operations, verdict)


def _only_one(readings: list[_Reading]) -> Atoms:
    """The atoms of the reading that agrees with the file, if the file leaves no choice."""
    good = [one for one in readings if not _is_refuted(one.verdict)]
    if not good:
        raise InconsistentFileError("; ".join(readings[0].verdict.against))
    most = max(len(one.verdict.agreed) for one in good)
    good = [one for one in good if len(one.verdict.agreed) == most]
    if len(good) > 1:
        good = [one for one in good if _is_sane(one.atoms)] or good
    if any(not _are_same(good[0].atoms, other.atoms) for other in good[1:]):
        settings = (f"{one.operations.name} ({one.atoms.get_chemical_formula()})" for one in good)
        raise InconsistentFileError(
            f"the file does not say which setting its sites have: {' or '.join(settings)}"
        )
    return good[0].atoms


def _is_refuted(verdict: Verdict) -> bool:
    """Whether a reading is wrong: one claim that disagrees is outvoted by two that agree.

    A formula that disagrees cannot be outvoted, since the others say nothing of the elements.
    """
    against = len(verdict.against)
    if not against:
        return False
    agreed = set(verdict.agreed)
    return "formula" not in agreed or against > 1 or not agreed & {"density", "Z", "places"}


def _compare_multiplicities(sites: list[Site], expanded: Expanded, verdict: Verdict) -> None:
    told = [site.multiplicity for site in sites]
    if None in told or all(times == 1 for times in told):
        return
    counts = Counter(expanded.site.tolist())
    wrong = [k for k, times in enumerate(told) if counts.get(k, times) != times]
    if not wrong:
        verdict.agreed.append("places")
        return
    site = sites[wrong[0]]
    verdict.against.append(
        f"the multiplicity of {site.label} is {site.multiplicity} in the file, "
        f"but it has {counts[wrong[0]]} places"
    )


def _compare_hydrogens(
    sites: list[Site], unplaced: list[str], claims: Claims, verdict: Verdict
) -> None:
    """Atoms without a place are no matter if the formula agrees without them."""
    if "formula" in verdict.agreed:
        return
    if unplaced:
        verdict.against.append(f"the sites {', '.join(unplaced[:5])} have no coordinates")
    implied = next((site for site in sites if site.species.hydrogens), None)
    if implied is not None:
        verdict.against.append(
            f"the site {implied.label} is a group of atoms, whose hydrogens have no sites"
        )
    if claims.hydrogens and not any(site.species.element == "H" for site in sites):
        verdict.against.append(f"{claims.hydrogens:g} attached hydrogens have no sites")


def _is_sane(atoms: Atoms) -> bool:
    """Whether no two atoms are far nearer than a bond."""
    radii = covalent_radii[atoms.numbers]
    near = pairs_within(atoms.cell[:], atoms.get_scaled_positions(), 2 * _TOO_NEAR * radii.max())
    lengths = np.linalg.norm(near.vector, axis=1)
    least = _TOO_NEAR * (radii[near.source] + radii[near.target])
    return bool((lengths >= least).all())


def _are_same(a: Atoms, b: Atoms) -> bool:
    """Whether two readings have the same atoms at the same places."""
    if sorted(a.numbers) != sorted(b.numbers):
        return False
    left, right = a.get_scaled_positions(), b.get_scaled_positions()
    for number, place in zip(a.numbers, left, strict=True):
        shift = right[b.numbers == number] - place
        shift -= np.round(shift)
        if np.abs(shift).max(axis=1).min() > 1e-3:
            return False
    return True


def _second(block: Block, claims: Claims) -> Atoms | None:
    """A reading of ASE or pymatgen that agrees with the formula, and all else in the file."""
    if not claims.formulas:
        return None
    for _, atoms in second_readings(block.text):
        verdict = compare(atoms.numbers, atoms.get_masses(), atoms.get_volume(), claims)
        if "formula" in verdict.agreed and not _is_refuted(verdict):
            return atoms
    return None
