"""One crystal made of another: with other elements, distorted, compressed, vibrating."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from ase.data import covalent_radii
from numpy.typing import NDArray

from ase_ecn.crystal import Crystal, as_crystal
from ase_ecn.errors import CrystalError
from ase_ecn.geometry.pairs import pairs_within
from ase_ecn.geometry.strain import exp_symmetric
from ase_ecn.training.data.elements import trend_properties

_ANY_ELEMENT = 0.15
"""Share of elements that are replaced by any other, and not by a chemical neighbour."""
_TWO_NEIGHBORS = 0.25  # share of crystals near known ones with two other elements
_ELECTRONEGATIVITY, _MENDELEEV_NUMBERS = 0.3, 5.0
"""Differences over which the probability of a neighbour falls by a factor of e."""
_STRAIN, _RATTLE = 0.09, 0.2  # largest component, and Å, of distorted crystals
_VOLUME, _SHEAR, _SHAKE = 0.2, 0.06, 0.15  # of compressed ones
_SMALL_STRAIN, _VIBRATION = 0.01, 0.05  # of vibrating ones
_SQUEEZED = 0.45, 0.8  # volumes of squeezed ones, as shares of that at rest
_SHORTEST = 0.55
"""Shortest distance that is allowed, as a share of the sum of the covalent radii."""


def distorted(crystal: Crystal, rng: np.random.Generator) -> Crystal:
    """Strain a crystal by up to 9 % and move its atoms by up to 0.2 Å."""
    strain = _symmetric(rng, rng.uniform(0, _STRAIN))
    return _moved(crystal.with_cell(crystal.cell @ (np.eye(3) + strain)), rng, _RATTLE)


def compressed(crystal: Crystal, rng: np.random.Generator) -> Crystal:
    """Change the volume by up to 20 %, shear by up to 6 % and move atoms by up to 0.15 Å."""
    shear = _symmetric(rng, rng.uniform(0, _SHEAR))
    shear -= np.trace(shear) / 3 * np.eye(3)
    scale = rng.uniform(1 - _VOLUME, 1 + _VOLUME) ** (1 / 3)
    return _moved(crystal.with_cell(scale * crystal.cell @ exp_symmetric(shear)), rng, _SHAKE)


def vibrating(crystal: Crystal, rng: np.random.Generator) -> Crystal:
    """Strain a crystal by up to 1 % and move its atoms by up to 0.05 Å, as vibrations do."""
    strain = _symmetric(rng, rng.uniform(0, _SMALL_STRAIN))
    return _moved(crystal.with_cell(crystal.cell @ (np.eye(3) + strain)), rng, _VIBRATION)


def squeezed(crystal: Crystal, rng: np.random.Generator) -> Crystal:
    """Compress a crystal to 45 to 80 % of its volume and move its atoms by up to 0.15 Å."""
    scale = rng.uniform(*_SQUEEZED) ** (1 / 3)
    return _moved(crystal.with_cell(scale * crystal.cell), rng, _SHAKE)


def substituted(
    crystal: Crystal, allowed: NDArray[np.int64], rng: np.random.Generator
) -> Crystal | None:
    """Replace elements by others, mostly chemical neighbours, and scale the cell to their radii.

    Neighbours have similar electronegativities and are near in Pettifor's order of the elements
    (Mendeleev numbers). Different elements stay different.

    Parameters
    ----------
    crystal
        The prototype.
    allowed
        Atomic numbers to choose from.
    rng
        Of the choice.

    Returns
    -------
    Crystal or None
        None if the draw has changed nothing, or has made two elements one.
    """
    old = np.unique(crystal.numbers)
    new = np.array([_replacement(int(z), allowed, rng) for z in old])
    if len(set(new.tolist())) < len(old) or (new == old).all():
        return None
    return _with_elements(crystal, old, new)


def neighboring(
    crystal: Crystal, allowed: NDArray[np.int64], rng: np.random.Generator
) -> Crystal | None:
    """Replace one element, of a quarter of the crystals two, by chemical neighbours.

    Parameters
    ----------
    crystal, allowed, rng
        As for :func:`substituted`.

    Returns
    -------
    Crystal or None
        With the cell scaled to the new radii. None if an element has no neighbour, or the draw has
        made two elements one.
    """
    old = np.unique(crystal.numbers)
    count = min(len(old), 2 if rng.random() < _TWO_NEIGHBORS else 1)
    new = old.copy()
    for number in rng.choice(old, size=count, replace=False).tolist():
        weights = np.where(allowed == number, 0.0, _likeness()[number, allowed])
        if not weights.sum() > 0:
            return None
        new[old == number] = rng.choice(allowed, p=weights / weights.sum())
    if len(set(new.tolist())) < len(old):
        return None
    return _with_elements(crystal, old, new)


def is_valid(crystal: Crystal) -> bool:
    """Whether it is a crystal that the project accepts."""
    try:
        as_crystal(crystal)
    except CrystalError:
        return False
    return True


def is_possible(crystal: Crystal) -> bool:
    """Whether it is valid, and no atoms are within one another."""
    if not is_valid(crystal):
        return False
    radii = covalent_radii[crystal.numbers]
    reduced = crystal.reduced
    pairs = pairs_within(reduced.cell, reduced.scaled, 2 * _SHORTEST * float(radii.max()))
    distances = np.linalg.norm(pairs.vector, axis=1)
    return bool((distances >= _SHORTEST * (radii[pairs.source] + radii[pairs.target])).all())


def _with_elements(crystal: Crystal, old: NDArray[np.int64], new: NDArray[np.int64]) -> Crystal:
    """The crystal with ``new`` in place of ``old`` elements, its cell scaled to their radii."""
    numbers = new[np.searchsorted(old, crystal.numbers)]
    volumes = covalent_radii**3
    scale = (volumes[numbers].sum() / volumes[crystal.numbers].sum()) ** (1 / 3)
    return Crystal(numbers, scale * crystal.cell, crystal.scaled_positions)


def _replacement(number: int, allowed: NDArray[np.int64], rng: np.random.Generator) -> int:
    if rng.random() < _ANY_ELEMENT:
        return int(rng.choice(allowed))
    weights = _likeness()[number, allowed]
    if not weights.sum() > 0:
        return int(rng.choice(allowed))
    return int(rng.choice(allowed, p=weights / weights.sum()))


@lru_cache(maxsize=1)
def _likeness() -> NDArray[np.float64]:
    """(119, 119) how like two elements are, by atomic numbers; what is unknown is like itself.

    Pettifor's order alone would have noble gases beside the alkali metals.
    """
    known = trend_properties()[:, 2:4] / (_ELECTRONEGATIVITY, _MENDELEEV_NUMBERS)
    distance = np.abs(known[:, None] - known).sum(axis=2)
    likeness = np.zeros((len(known) + 1, len(known) + 1))
    likeness[1:, 1:] = np.nan_to_num(np.exp(-distance))
    np.fill_diagonal(likeness, 1.0)
    return likeness


def _symmetric(rng: np.random.Generator, largest: float) -> NDArray[np.float64]:
    """A symmetric (3, 3) matrix with components up to the given size."""
    matrix = rng.uniform(-largest, largest, (3, 3))
    return np.asarray(np.triu(matrix) + np.triu(matrix, 1).T)


def _moved(crystal: Crystal, rng: np.random.Generator, farthest: float) -> Crystal:
    """Move each atom in a random direction; the farthest distance (Å) differs between crystals."""
    directions = rng.normal(size=(len(crystal), 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    distances = rng.uniform(0, rng.uniform(0, farthest), (len(crystal), 1))
    moves = np.linalg.solve(crystal.cell.T, (distances * directions).T).T
    return Crystal(crystal.numbers, crystal.cell, crystal.scaled_positions + moves)
