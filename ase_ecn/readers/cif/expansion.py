"""From the sites of the asymmetric unit to all atoms of the cell."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from ase import Atoms
from numpy.typing import NDArray

from ase_ecn.errors import PartialOccupancyError
from ase_ecn.readers.cif.operations import Operations
from ase_ecn.readers.cif.sites import Site

SAME_PLACE = 0.3
"""Images of a site that are nearer to each other, in Å, are one atom on a special position."""


@dataclass(frozen=True)
class Expanded:
    """All places of a cell.

    Attributes
    ----------
    site
        (N,) index of the site that each belongs to.
    scaled
        (N, 3) fractional coordinates; as in the file if there is but one operation.
    moments
        (N, 3) in µB, Cartesian.
    """

    site: NDArray[np.int64]
    scaled: NDArray[np.float64]
    moments: NDArray[np.float64]

    def multiplicity(self, site: int) -> int:
        """Places of a site in the cell."""
        return int((self.site == site).sum())


def expand(sites: list[Site], operations: Operations, cell: NDArray[np.float64]) -> Expanded:
    """Apply all operations to all sites.

    A site near a special position is moved onto it: the average of its images there. A site that
    another one of its element has produced already is the same atom listed twice.

    Raises
    ------
    PartialOccupancyError
        If full sites of different elements are at one place.
    """
    several = len(operations) > 1
    if several and not operations.magnetic:
        # Which way the moments of equivalent sites point, only magnetic operations say.
        sites = [replace(site, moment=None) for site in sites]
    images = [_images(s, operations, cell) if several else _single(s, cell) for s in sites]
    owners = np.repeat(np.arange(len(sites)), [len(places) for places, _ in images])
    scaled = np.concatenate([places for places, _ in images])
    moments = np.concatenate([turned for _, turned in images])
    if several and len(sites) > 1:
        kept = ~np.isin(owners, _repeated(sites, owners, scaled, cell))
        owners, scaled, moments = owners[kept], scaled[kept], moments[kept]
    return Expanded(owners, scaled, moments)


def _repeated(
    sites: list[Site],
    owners: NDArray[np.int64],
    scaled: NDArray[np.float64],
    cell: NDArray[np.float64],
) -> list[int]:
    """Sites that an earlier one of their element has produced already."""
    starts = np.searchsorted(owners, np.arange(len(sites)))
    found: list[int] = []
    for j, start in enumerate(starts):
        near = distances(scaled[:start] - scaled[start], cell) < SAME_PLACE
        for i in sorted(set(owners[:start][near].tolist()) - set(found)):
            if sites[i].species.element == sites[j].species.element:
                found.append(j)
                break
            raise PartialOccupancyError(
                f"the sites {sites[i].label} and {sites[j].label} are at one place"
            )
    return found


def atoms_of(sites: list[Site], expanded: Expanded, cell: NDArray[np.float64]) -> Atoms:
    """Return the atoms, with the masses of isotopes and the moments of the sites."""
    species = [sites[k].species for k in expanded.site]
    atoms = Atoms(
        [one.element for one in species], cell=cell, scaled_positions=expanded.scaled, pbc=True
    )
    if any(one.mass for one in species):
        masses = atoms.get_masses()
        named = [k for k, one in enumerate(species) if one.mass]
        masses[named] = [species[k].mass for k in named]
        atoms.set_masses(masses)
    if expanded.moments.any():
        atoms.set_initial_magnetic_moments(_collinear(expanded.moments))
    return atoms


def _collinear(moments: NDArray[np.float64]) -> NDArray[np.float64]:
    """Moments along one axis as (N,) numbers with a sign, others as they are."""
    largest = moments[np.linalg.norm(moments, axis=1).argmax()]
    axis = largest / np.linalg.norm(largest)
    along = moments @ axis
    across = np.linalg.norm(moments - along[:, None] * axis, axis=1)
    found: NDArray[np.float64] = moments
    if across.max() < 0.05 * np.linalg.norm(largest):
        found = along
    return found


def _single(
    site: Site, cell: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    assert site.place is not None
    moment = np.zeros(3) if site.moment is None else _cartesian(site.moment[None], cell)[0]
    return site.place[None], moment[None]


def images_of(site: Site, operations: Operations, cell: NDArray[np.float64]) -> NDArray[np.float64]:
    """(m, 3) fractional coordinates of all places of a site."""
    return _images(site, operations, cell)[0] if len(operations) > 1 else _single(site, cell)[0]


def _images(
    site: Site, operations: Operations, cell: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    assert site.place is not None
    images = operations.rotations @ site.place + operations.translations
    shift = images - site.place
    shift -= np.round(shift)
    fixing = np.linalg.norm(shift @ cell, axis=1) < SAME_PLACE
    # The average over the operations that fix the site is exactly on its special position.
    place = site.place + shift[fixing].mean(axis=0) if fixing.any() else site.place
    images = _wrapped(operations.rotations @ place + operations.translations)
    first = _first_of_each(images, cell)
    return images[first], _turned(site, operations, fixing, cell)[first]


def _first_of_each(images: NDArray[np.float64], cell: NDArray[np.float64]) -> list[int]:
    """Images that none before them repeats."""
    keys = np.round(images, 4) % 1.0
    _, first = np.unique(keys, axis=0, return_index=True)
    found: list[int] = sorted(first.tolist())
    if len(found) == 1:
        return found
    # Rounding separates equal ones now and then.
    near = distances(images[found][:, None] - images[found][None], cell) < SAME_PLACE
    return [k for j, k in enumerate(found) if not near[j, :j].any()]


def _turned(
    site: Site, operations: Operations, fixing: NDArray[np.bool_], cell: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(n, 3) Cartesian moments of all images; axial vectors, which time reversal turns round."""
    if site.moment is None or not site.moment.any():
        return np.zeros((len(operations), 3))
    lengths = np.linalg.norm(cell, axis=1)
    signs = np.linalg.det(operations.rotations) * operations.reversals
    turn = signs[:, None, None] * operations.rotations
    scaled = site.moment / lengths
    if fixing.any():
        scaled = (turn[fixing] @ scaled).mean(axis=0)
    turned: NDArray[np.float64] = (turn @ scaled) @ cell
    return turned


def _cartesian(moments: NDArray[np.float64], cell: NDArray[np.float64]) -> NDArray[np.float64]:
    turned: NDArray[np.float64] = (moments / np.linalg.norm(cell, axis=1)) @ cell
    return turned


def distances(differences: NDArray[np.float64], cell: NDArray[np.float64]) -> NDArray[np.float64]:
    """Lengths in Å of the shortest equivalents of (…, 3) differences of fractional coordinates."""
    nearest: NDArray[np.float64] = (differences - np.round(differences)) @ cell
    lengths: NDArray[np.float64] = np.linalg.norm(nearest, axis=-1)
    return lengths


def _wrapped(scaled: NDArray[np.float64]) -> NDArray[np.float64]:
    inside: NDArray[np.float64] = scaled % 1.0
    inside[inside > 1 - 1e-9] = 0.0
    return inside
