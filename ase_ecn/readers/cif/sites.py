"""The sites that a CIF lists: element, place, occupancy and moment of each."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from ase.cell import Cell
from numpy.typing import NDArray

from ase_ecn.errors import CellError, CrystalError, PartialOccupancyError
from ase_ecn.readers.cif.symbols import Species, species_of
from ase_ecn.readers.cif.syntax import Block, number

FULL = 0.995
"""A site with at least this occupancy is full: 0.999 and 0.9999 are rounded ones."""
MOST_FILLED = 1.01
"""A little more than one is rounding."""
_LENGTHS = ("_cell_length_a", "_cell_length_b", "_cell_length_c")
_ANGLES = ("_cell_angle_alpha", "_cell_angle_beta", "_cell_angle_gamma")
_FRACTIONS = ("_atom_site_fract_x", "_atom_site_fract_y", "_atom_site_fract_z")
_CARTESIAN = ("_atom_site_cartn_x", "_atom_site_cartn_y", "_atom_site_cartn_z")
_LABELS = ("_atom_site_label", "_atom_site_label_atom_id", "_atom_site_id")
_HEXAGONAL = ("hexagonal", "trigonal")


@dataclass(frozen=True)
class Site:
    """A site of the asymmetric unit.

    Attributes
    ----------
    label
        As in the file.
    species
        What it holds.
    place
        (3,) fractional coordinates; ``None`` if the file does not say where.
    occupancy
        Between 0 and 1, or more where the file is wrong.
    multiplicity
        Equivalent places in the cell, if the file says it.
    moment
        (3,) magnetic moment in µB along the cell's axes, if the file says it.
    """

    label: str
    species: Species
    place: NDArray[np.float64] | None
    occupancy: float = 1.0
    multiplicity: int | None = None
    moment: NDArray[np.float64] | None = None


def has_sites(block: Block) -> bool:
    """Whether a block describes a crystal."""
    tags = (*_FRACTIONS, *_CARTESIAN)
    return any(tag in block.values for tag in tags) or any("_atom_site_" in t for t in block.torn)


def cell_of(block: Block) -> NDArray[np.float64]:
    """(3, 3) lattice vectors in Å, a along x; angles that are not given are 90°.

    Raises
    ------
    CellError
        If a length is missing, or they span no volume.
    """
    try:
        lengths = [number(block.known(tag) or "?") for tag in _LENGTHS]
        angles = [number(block.known(tag) or "?") for tag in _ANGLES]
    except CrystalError as error:
        raise CellError(f"the cell is not readable: {error}") from error
    if all(angle is None for angle in angles) and _system(block) in _HEXAGONAL:
        angles = [90.0, 90.0, 120.0]
    known = [length for length in lengths if length is not None]
    if _system(block) == "cubic" and known:
        lengths = [known[0]] * 3
    if any(length is None or length <= 0 for length in lengths):
        raise CellError(f"the cell needs three lengths, the file gives {lengths}")
    given = [90.0 if angle is None else angle for angle in angles]
    cosines = np.cos(np.deg2rad(given))
    # The volume of the cell in units of the product of the lengths, squared.
    if not 1 - (cosines**2).sum() + 2 * cosines.prod() > 1e-6:
        raise CellError(f"no cell has the angles {given}°")
    cell: NDArray[np.float64] = Cell.new([*lengths, *given])[:]
    return cell


def _system(block: Block) -> str:
    said = block.known("_space_group_crystal_system", "_symmetry_cell_setting")
    return (said or "").lower()


def sites_of(
    block: Block, cell: NDArray[np.float64], expected: Collection[str]
) -> tuple[list[Site], list[str]]:
    """Sites of a block, and the labels of those that have no place.

    Parameters
    ----------
    block
        With a loop of sites.
    cell
        (3, 3) lattice vectors in Å.
    expected
        Elements of the sum formula; empty if there is none.

    Raises
    ------
    CrystalError
        If the loop is torn or in parts of different lengths, a coordinate is no number, or a site
        names no element.
    """
    torn = next((tag for tag in block.torn if tag.startswith("_atom_site_")), None)
    if torn is not None and not torn.startswith(("_atom_site_aniso", "_atom_site_moment")):
        raise CrystalError("the loop of sites has a row that lacks values, or has too many")
    first = block.column(*_FRACTIONS) or block.column(*_CARTESIAN)
    if not first:
        raise CrystalError("no site has coordinates")
    count = len(first)
    labels = _column(block, count, *_LABELS)
    symbols = _column(block, count, "_atom_site_type_symbol")
    places = _places(block, cell, count)
    occupancies = _numbers(block, "_atom_site_occupancy", count)
    multiplicities = _numbers(block, "_atom_site_symmetry_multiplicity", count)
    if all(value is None for value in multiplicities):
        multiplicities = _numbers(block, "_atom_site_site_symmetry_multiplicity", count)
    flags = _column(block, count, "_atom_site_calc_flag") or [""] * count
    moments = _moments(block)
    sites, unplaced = [], []
    for k in range(count):
        label = labels[k] if labels else None
        if flags[k].lower() == "dum" or occupancies[k] == 0:
            continue
        species = species_of(symbols[k] if symbols else None, label, expected)
        name = label or species.element
        if places[k] is None:
            unplaced.append(name)
            continue
        filled, times = occupancies[k], multiplicities[k]
        sites.append(
            Site(
                name,
                species,
                places[k],
                1.0 if filled is None else filled,
                None if times is None else round(times),
                moments.get(name),
            )
        )
    return sites, unplaced


def check_occupancies(sites: list[Site]) -> None:
    """Raise a PartialOccupancyError that names the first site which is not wholly one element's."""
    for site in sites:
        if site.species.shared:
            amounts = site.species.shared.items()
            told = ", ".join(f"{name} {amount:g}" if amount else name for name, amount in amounts)
            raise PartialOccupancyError(f"the site {site.label} is shared: {told}")
        if site.occupancy < FULL:
            raise PartialOccupancyError(
                f"the site {site.label} is partially occupied ({site.occupancy:g}): replace the "
                "structure by an ordered supercell first, or let it be ordered"
            )
        if site.occupancy > MOST_FILLED:
            raise PartialOccupancyError(
                f"the site {site.label} has the occupancy {site.occupancy:g}; at most 1 is allowed"
            )


def _places(
    block: Block, cell: NDArray[np.float64], count: int
) -> list[NDArray[np.float64] | None]:
    columns = [_numbers(block, tag, count) for tag in _FRACTIONS]
    found = [
        None if None in values else np.array(values, dtype=np.float64)
        for values in zip(*columns, strict=True)
    ]
    if any(place is not None for place in found):
        return found
    columns = [_numbers(block, tag, count) for tag in _CARTESIAN]
    inverse = np.linalg.inv(cell)
    return [
        None if None in values else np.array(values, dtype=np.float64) @ inverse
        for values in zip(*columns, strict=True)
    ]


def _column(block: Block, count: int, *tags: str) -> list[str] | None:
    values = block.column(*tags)
    if values is not None and len(values) != count:
        found = ", ".join(tag for tag in tags if tag in block.values)
        raise CrystalError(f"{found} has {len(values)} values, there should be {count}")
    return values


def _numbers(block: Block, tag: str, count: int) -> list[float | None]:
    values = _column(block, count, tag)
    if values is None:
        return [None] * count
    try:
        return [number(value) for value in values]
    except CrystalError as error:
        raise CrystalError(f"{tag}: {error}") from error


def _moments(block: Block) -> dict[str, NDArray[np.float64]]:
    """Moments along the cell's axes in µB, by label."""
    labels = block.column("_atom_site_moment_label") or []
    axes = [_numbers(block, f"_atom_site_moment_crystalaxis_{axis}", len(labels)) for axis in "xyz"]
    found = {}
    for k, label in enumerate(labels):
        found[label] = np.array([column[k] or 0.0 for column in axes])
    return found
