"""Partly occupied and shared sites of a CIF as a pymatgen structure, for ordering."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ase_ecn.errors import CrystalError, InconsistentFileError, PartialOccupancyError
from ase_ecn.readers.cif.claims import Claims, Verdict, claims_of, compare_formula
from ase_ecn.readers.cif.expansion import SAME_PLACE, distances, images_of
from ase_ecn.readers.cif.operations import Operations, identity, listed_operations
from ase_ecn.readers.cif.settings import named_operations
from ase_ecn.readers.cif.sites import MOST_FILLED, Site, cell_of, check_occupancies, sites_of
from ase_ecn.readers.cif.syntax import Block

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure


def disordered_structure(block: Block) -> Structure | None:
    """Return a structure with partial occupancies; ``None`` if all sites are full.

    Raises
    ------
    CrystalError
        If the block is not readable, does not say how much of which element a site holds, or has
        a composition that is not that of the sum formula.
    """
    claims = claims_of(block)
    cell = cell_of(block)
    sites, unplaced = sites_of(block, cell, claims.expected)
    if not _is_disordered(sites):
        return None
    if unplaced or any(site.species.hydrogens for site in sites):
        raise CrystalError("some atoms have no place, so that it cannot be ordered")
    listed = listed_operations(block)
    operations = [listed] if listed else named_operations(block, cell) or [identity()]
    found = [_merged(sites, one, cell) for one in operations]
    good = [one for one in found if not _against(one[1], claims)]
    if not good:
        raise InconsistentFileError("; ".join(_against(found[0][1], claims)))
    if len({len(occupants) for _, occupants in good}) > 1:
        raise InconsistentFileError("the file does not say which setting its sites have")
    return _structure(*good[0], cell)


def _is_disordered(sites: list[Site]) -> bool:
    try:
        check_occupancies(sites)
    except PartialOccupancyError:
        return True
    return False


def _occupants(site: Site) -> dict[str, float]:
    """Elements of a site and their amounts."""
    if not site.species.shared:
        return {site.species.element: min(site.occupancy, 1.0)}
    amounts = dict(site.species.shared)
    if not all(amounts.values()):
        raise PartialOccupancyError(
            f"the site {site.label} is shared by {', '.join(amounts)} in amounts that are not said"
        )
    return {name: amount * site.occupancy for name, amount in amounts.items()}


def _merged(
    sites: list[Site], operations: Operations, cell: NDArray[np.float64]
) -> tuple[list[NDArray[np.float64]], list[dict[str, float]]]:
    """All places of the cell and what is there; sites at one place are one."""
    places: list[NDArray[np.float64]] = []
    occupants: list[dict[str, float]] = []
    for site in sites:
        own = _occupants(site)
        earlier = len(places)
        for place in images_of(site, operations, cell):
            near = np.array(places[:earlier]).reshape(-1, 3) - place
            same = np.flatnonzero(distances(near, cell) < SAME_PLACE)
            if not len(same):
                places.append(place)
                occupants.append(dict(own))
                continue
            there = occupants[same[0]]
            for name, amount in own.items():
                there[name] = there.get(name, 0.0) + amount
    over = max(sum(there.values()) for there in occupants)
    if over > MOST_FILLED:
        raise PartialOccupancyError(f"the occupancies of a site add up to {over:g}")
    return places, occupants


def _against(occupants: list[dict[str, float]], claims: Claims) -> list[str]:
    """What the sum formula and Z say against a composition."""
    counts: dict[str, float] = {}
    for there in occupants:
        for name, amount in there.items():
            counts[name] = counts.get(name, 0.0) + amount
    verdict = Verdict()
    compare_formula(counts, claims, verdict)
    return verdict.against


def _structure(
    places: list[NDArray[np.float64]], occupants: list[dict[str, float]], cell: Any
) -> Structure:
    from pymatgen.core.structure import Structure

    totals = [max(1.0, sum(there.values())) for there in occupants]
    species = [
        {name: amount / total for name, amount in there.items()}
        for there, total in zip(occupants, totals, strict=True)
    ]
    return Structure(cell, species, places)
