"""The likeliest ordered cells of crystals with partly occupied sites, by Ewald sums.

pymatgen's ``OrderDisorderedStructureTransformation`` distributes the elements of shared sites, as
point charges of their likeliest oxidation states, so that the electrostatic energy is low.
"""

from __future__ import annotations

import math
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from ase import Atoms

from ase_ecn.crystal import as_crystal
from ase_ecn.errors import CrystalError, OptionError, PartialOccupancyError
from ase_ecn.oxidation import likeliest_states
from ase_ecn.readers.source import Source, of_atoms, unreadable

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

CELLS = 3
"""So many ordered cells of a crystal at most, those of the lowest energy."""
_ROUNDED = 0.01
_LARGEST_MULTIPLE = 64
_SEARCHED = 100_000
_RANKED = 20
_SAME_ENERGY = 1e-6
_BY = "ordered_by"


def check_order(most_atoms: int | None) -> None:
    """Raise an :class:`~ase_ecn.errors.OptionError` for a number of atoms that is not allowed."""
    if most_atoms is not None and most_atoms < 1:
        raise OptionError(f"order must be a positive number of atoms, got {most_atoms}")


def with_ordered(sources: Iterable[Source], most_atoms: int) -> Iterator[Source]:
    """The same sources, each disordered one replaced by its ordered cells.

    Their labels end with ``#ordered1``, ``#ordered2``, …, and their column ``note`` says what they
    are. One that cannot be ordered says why.
    """
    for source in sources:
        try:
            structure = source.disordered() if source.disordered else None
            cells = None if structure is None else ordered_cells(structure, most_atoms)
        except CrystalError as error:
            yield unreadable(source.label, f"cannot be ordered: {error}", source.number)
            continue
        if cells is None:
            yield source
            continue
        for k, atoms in enumerate(cells, 1):
            note = f"ordered cell {k} of {len(cells)}, by {atoms.info.pop(_BY)}"
            found = of_atoms(f"{source.label}#ordered{k}", atoms, source.number)
            yield replace(found, columns={**source.columns, "note": note})


def ordered_cells(structure: Structure, most_atoms: int, most_cells: int = CELLS) -> list[Atoms]:
    """Ordered cells of a disordered structure, that of the lowest Ewald energy first.

    The smallest supercell is taken in which the occupancies are whole numbers of atoms to 0.01.

    Parameters
    ----------
    structure
        A pymatgen structure with partial occupancies.
    most_atoms
        In the ordered cell.
    most_cells
        Number of cells that are returned at most.

    Returns
    -------
    list of Atoms
        Different from each other, at least one. ``info`` says under ``ordered_by`` whether the
        energies tell them apart: charges of one sign and size do not.

    Raises
    ------
    PartialOccupancyError
        If no cell of so few atoms has these occupancies, or no oxidation states balance.
    """
    from pymatgen.analysis.structure_matcher import StructureMatcher
    from pymatgen.transformations.standard_transformations import (
        OrderDisorderedStructureTransformation as Ordering,
    )

    cell, arrangements = _supercell(structure, most_atoms)
    _decorate(cell)
    # Of many arrangements each atom goes where the energy is lowest for it, without a search.
    algorithm = Ordering.ALGO_FAST if arrangements <= _SEARCHED else Ordering.ALGO_BEST_FIRST
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ranked: Any = Ordering(algorithm).apply_transformation(cell, return_ranked_list=_RANKED)
    matcher = StructureMatcher(0.01, 0.05, 1, primitive_cell=False, scale=False)
    found: list[Structure] = []
    for one in ranked:
        candidate = one["structure"]
        candidate.remove_oxidation_states()
        if len(found) < most_cells and not any(matcher.fit(candidate, f) for f in found):
            found.append(candidate)
    energies = [one["energy"] for one in ranked]
    same = len(found) > 1 and max(energies) - min(energies) < _SAME_ENERGY
    cells = [_atoms(one) for one in found]
    for atoms in cells:
        atoms.info[_BY] = "Ewald sums" + (", which are equal for all arrangements" if same else "")
    return [atoms for atoms in cells if _is_valid(atoms)] or cells[:1]


def _supercell(structure: Structure, most_atoms: int) -> tuple[Structure, float]:
    """The smallest supercell that the occupancies allow, and the number of its arrangements."""
    groups = Counter(_key(site) for site in structure)
    atoms = sum(float(site.species.num_atoms) for site in structure)
    for multiple in range(1, _LARGEST_MULTIPLE + 1):
        counts = {key: _whole(key, n * multiple) for key, n in groups.items()}
        if None not in counts.values():
            break
    else:
        raise PartialOccupancyError("no cell of any reasonable size has these occupancies")
    needed = round(atoms * multiple)
    if needed > most_atoms:
        raise PartialOccupancyError(
            f"an ordered cell with these occupancies has {needed} atoms, "
            f"and at most {most_atoms} are allowed"
        )
    cell = structure.copy()
    cell.remove_oxidation_states()
    cell.make_supercell(_shape(structure.lattice.abc, multiple))
    arrangements = 1.0
    for k, site in enumerate(list(cell)):
        key = _key(site)
        whole = counts[key]
        assert whole is not None
        total = groups[key] * multiple
        cell[k] = {name: count / total for name, count in whole.items()}
    for key, whole in counts.items():
        assert whole is not None
        left = groups[key] * multiple
        for count in whole.values():
            arrangements *= math.comb(left, count)
            left -= count
    return cell, arrangements


_Key = tuple[tuple[str, float], ...]


def _key(site: object) -> _Key:
    """Elements of a site and their amounts; sites with the same ones are ordered together."""
    amounts = site.species.get_el_amt_dict()  # type: ignore[attr-defined]
    return tuple(sorted((name, round(float(x), 4)) for name, x in amounts.items()))


def _whole(key: _Key, places: int) -> dict[str, int] | None:
    """Atoms of each element on so many equal places; ``None`` if they are not whole numbers."""
    counts = {name: round(amount * places) for name, amount in key}
    exact = all(
        counts[name] and abs(counts[name] / places - amount) <= _ROUNDED for name, amount in key
    )
    vacant = 1 - sum(amount for _, amount in key)
    if vacant > _ROUNDED and sum(counts.values()) >= places:
        return None
    return counts if exact and sum(counts.values()) <= places else None


def _shape(lengths: tuple[float, float, float], multiple: int) -> list[int]:
    """Repetitions along the three vectors that make the cell as equal-sided as possible."""
    divisors = [d for d in range(1, multiple + 1) if multiple % d == 0]
    shapes = [s for s in product(divisors, repeat=3) if math.prod(s) == multiple]
    return list(min(shapes, key=lambda s: float(np.std(np.log(np.array(s) * lengths)))))


def _decorate(cell: Structure) -> None:
    """Give all atoms the likeliest oxidation states of the whole composition."""
    counts = Counter[str]()
    for site in cell:
        counts.update(site.species.get_el_amt_dict())
    composition = tuple((name, round(count)) for name, count in counts.items())
    states = likeliest_states(composition, sum(n for _, n in composition))
    if len(composition) < 2 or not states:
        raise PartialOccupancyError("no oxidation states balance: Ewald sums need charges")
    cell.add_oxidation_state_by_element(states)


def _atoms(structure: Structure) -> Atoms:
    sites = structure.get_sorted_structure()
    numbers = [int(site.specie.Z) for site in sites]
    cell = sites.lattice.matrix
    return Atoms(numbers, cell=cell, scaled_positions=sites.frac_coords % 1.0, pbc=True)


def _is_valid(atoms: Atoms) -> bool:
    try:
        as_crystal(atoms)
    except CrystalError:
        return False
    return True
