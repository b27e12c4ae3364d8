"""Substituted prototypes: how a lattice relaxer does on the structures that screening makes.

The composition of a held-out crystal is put into the cell and positions of a training crystal of
the same anonymous formula, space group and number of atoms. From there the relaxer has to find
the lattice of the held-out crystal.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pymatgen.analysis.structure_matcher import StructureMatcher
from pymatgen.core.structure import Structure
from scipy.linalg import polar

from ase_ecn.crystal import Crystal
from ase_ecn.errors import OptionError
from ase_ecn.geometry.drift import without_drift
from ase_ecn.symmetry.primitive import symmetry_dataset
from ase_ecn.training.data.cache import cached_dataset
from ase_ecn.training.data.datasets import READERS, Dataset
from ase_ecn.training.data.relaxation_pairs import Pairs

logger = logging.getLogger(__name__)

SITE_TOLERANCE = 0.5
"""Of the structure matcher, in units of (volume per atom)^(1/3)."""
LATTICE_TOLERANCES = ((0.05, 2.0), (0.15, 5.0), (0.3, 10.0))
"""Of the structure matcher: relative length at equal volumes, and angle in degrees. The last are
those within which a crystal is a prototype; the tighter ones are tried before."""
MAX_CANDIDATES = 5
"""Prototypes that are tried for one target; one of a large family is no reason to try all."""
SYMPREC = 0.1
"""Tolerance (Å) of space groups, the one behind those of the Materials Project."""
_VOLUME_TOLERANCE = 1e-6
TRAINING_PROTOTYPES = 6000
"""Training crystals that are prototypes of pairs to train on."""


@dataclass(frozen=True)
class SubstitutedPair:
    """A structure made by substitution and the lattice that it should relax to.

    Attributes
    ----------
    crystal
        Composition of the target in the cell and at the positions of the prototype.
    true_cell
        (3, 3) lattice of the target in Å, rows. Its vectors correspond to those of
        ``crystal.cell`` one by one, and it is turned so that the strain between the two cells
        is symmetric: the deformation contains no rotation.
    true_positions
        (N, 3) fractional coordinates in it of the atoms of ``crystal``, in their order: those of
        the target, in the nearest images and shifted as a whole until the mean does not move.
    test_id, prototype_id
        Identifiers of the target and of the prototype.
    """

    crystal: Crystal
    true_cell: NDArray[np.float64]
    true_positions: NDArray[np.float64]
    test_id: str
    prototype_id: str

    @property
    def end(self) -> Crystal:
        """The target, atom for atom."""
        return Crystal(self.crystal.numbers, self.true_cell, self.true_positions)


@dataclass(frozen=True)
class _Symmetry:
    """Space group number, 0 if unknown, and the point group in the basis of the cell."""

    number: int
    rotations: frozenset[bytes]


class _Collection:
    """Crystals of one set, with what is compared before any structure is matched."""

    def __init__(self, dataset: Dataset) -> None:
        self.crystals = dataset.crystals
        self.compositions = [tuple(np.sort(c.numbers).tolist()) for c in dataset.crystals]
        self.by_pattern: dict[tuple[int, ...], list[int]] = defaultdict(list)
        for index, crystal in enumerate(dataset.crystals):
            self.by_pattern[_pattern(crystal)].append(index)
        self._symmetries: dict[int, _Symmetry] = {}

    def symmetry(self, index: int) -> _Symmetry:
        # Most crystals are never asked for, and finding a space group costs milliseconds.
        if index not in self._symmetries:
            self._symmetries[index] = _symmetry(self.crystals[index])
        return self._symmetries[index]


def substituted_pairs(
    prototypes: Dataset, targets: Dataset, count: int, seed: int = 0
) -> list[SubstitutedPair]:
    """Put compositions of ``targets`` into structures of ``prototypes``.

    Targets are taken in random order, each at most once. The prototype is drawn from the crystals
    with the anonymous formula, space group and number of atoms of the target but another
    composition; a pymatgen ``StructureMatcher`` says which species goes where and brings the
    target into the setting of the prototype. Of the assignments within its tolerances the one
    with the closest electronegativities is taken, so cations replace cations. Elements without a
    Pauling electronegativity (He, Ne, Ar) match nothing.

    Parameters
    ----------
    prototypes
        Crystals that give cells and positions.
    targets
        Crystals that give compositions and the lattices to find.
    count
        Number of pairs wanted.
    seed
        The same seed gives the same pairs.

    Returns
    -------
    list of SubstitutedPair
        At most ``count``; fewer if not enough targets have a prototype.

    Raises
    ------
    OptionError
        If ``count`` is negative.
    """
    if count < 0:
        raise OptionError(f"count is {count}: the number of pairs cannot be negative")
    rng = np.random.default_rng(seed)
    known, wanted = _Collection(prototypes), _Collection(targets)
    # The number of atoms is the same, and the setting of the prototype has to be kept, so nothing
    # is made primitive. Volumes may differ freely.
    matchers = [
        StructureMatcher(length, SITE_TOLERANCE, angle, primitive_cell=False, scale=True)
        for length, angle in LATTICE_TOLERANCES
    ]
    pairs: list[SubstitutedPair] = []
    for target in rng.permutation(len(targets)).tolist():
        if len(pairs) == count:
            break
        for index in _candidates(known, wanted, target, rng):
            made = _substitute(
                known.crystals[index], known.symmetry(index), wanted.crystals[target], matchers
            )
            if made is not None:
                pairs.append(SubstitutedPair(*made, targets.ids[target], prototypes.ids[index]))
                break
    if len(pairs) < count:
        logger.warning("only %d of %d substituted pairs found", len(pairs), count)
    return pairs


def training_pairs(data: Path, name: str, count: int, seed: int = 0) -> Pairs:
    """Substituted pairs to train on, made of the training split alone.

    Both the prototype and the target are training crystals, so that no composition of the other
    splits appears. Prototypes come from a sample of the split, as finding space groups of all of it
    would take longer than that.

    Parameters
    ----------
    data
        Folder of data sets.
    name
        Of the data set, in :data:`ase_ecn.training.data.datasets.READERS`.
    count
        Number of pairs wanted; there may be fewer.
    seed
        The same seed gives the same pairs.
    """
    return _packed_pairs(data, name, "train", count, seed)


def held_out_pairs(data: Path, name: str, split: str, count: int, seed: int = 0) -> Pairs:
    """Compositions of ``"val"`` or ``"test"`` in structures of the training split.

    The first pairs of a larger number are those of a smaller one.

    Parameters
    ----------
    data, name, count, seed
        As for :func:`training_pairs`.
    split
        Whose crystals are the targets.
    """
    return _packed_pairs(data, name, split, count, seed)


def _packed_pairs(data: Path, name: str, split: str, count: int, seed: int) -> Pairs:
    """Made once and stored in the cache: a pair may take a second."""

    def load(part: str) -> Dataset:
        return cached_dataset(f"{name}-{part}", lambda: READERS[name](data, part))

    def make() -> Dataset:
        targets, prototypes = load(split), load("train")
        if split == "train":
            sample = np.random.default_rng(seed).permutation(len(targets))[:TRAINING_PROTOTYPES]
            prototypes = targets.subset(np.sort(sample))
        pairs = substituted_pairs(prototypes, targets, count, seed)
        ids = [f"{pair.test_id} in {pair.prototype_id}" for pair in pairs]
        found = Pairs([pair.crystal for pair in pairs], [pair.end for pair in pairs])
        return found.to_dataset("pairs", ids)

    # Earlier files, without "moved", have the prototype's positions at both ends.
    key = f"{name}-{split}-substituted-moved-{count}-{seed}"
    return Pairs.from_dataset(cached_dataset(key, make))


def _pattern(crystal: Crystal) -> tuple[int, ...]:
    # Sorted counts of the elements: equal if and only if both the anonymous formula and the
    # number of atoms are.
    return tuple(np.sort(np.unique(crystal.numbers, return_counts=True)[1]).tolist())


def _candidates(
    known: _Collection, wanted: _Collection, target: int, rng: np.random.Generator
) -> Iterator[int]:
    """Indices of a few prototypes in random order, compared by all but their geometry."""
    family = known.by_pattern.get(_pattern(wanted.crystals[target]), [])
    # With equal numbers of atoms, equal compositions are equal reduced compositions.
    composition = wanted.compositions[target]
    others = [index for index in family if known.compositions[index] != composition]
    if not others:
        return
    number = wanted.symmetry(target).number
    order = rng.permutation(others).tolist()
    same = (index for index in order if number and known.symmetry(index).number == number)
    # Lazily, as most targets match one of the first.
    yield from islice(same, MAX_CANDIDATES)


def _substitute(
    prototype: Crystal, symmetry: _Symmetry, target: Crystal, matchers: list[Any]
) -> tuple[Crystal, NDArray[np.float64], NDArray[np.float64]] | None:
    """Substituted crystal, (3, 3) true cell in Å and (N, 3) true fractional coordinates.

    ``None`` if they do not match.
    """
    truth = _structure(target)
    mapping = matchers[-1].get_best_electronegativity_anonymous_mapping(
        _structure(prototype), truth
    )
    if mapping is None:
        return None
    number_of = {old.Z: new.Z for old, new in mapping.items()}
    numbers = np.array([number_of[z] for z in prototype.numbers.tolist()], dtype=np.int64)
    crystal = Crystal(numbers, prototype.cell.copy(), prototype.scaled_positions.copy())
    substituted = _structure(crystal)
    # Where atoms sit on special positions, several correspondences of lattice vectors fit equally
    # well, and the matcher, which knows no symmetry, may swap, say, a and c of a tetragonal cell.
    # Tight tolerances leave it little choice (and little work: wide ones mean very many lattices
    # for a long cell). The same point group in both bases tells that the correspondence is one
    # that a relaxation, which keeps the symmetry, can reach.
    for matcher in matchers:
        like = matcher.get_s2_like_s1(substituted, truth)
        if like is None:
            continue
        aligned = Crystal(
            np.array([site.specie.Z for site in like], dtype=np.int64),
            np.array(like.lattice.matrix, dtype=np.float64),
            np.array(like.frac_coords, dtype=np.float64),
        )
        # The matcher compares scaled lattices, but has to hand back the one that it was given.
        change = aligned.volume / target.volume - 1
        assert abs(change) < _VOLUME_TOLERANCE, "the matcher changed the volume"
        if _symmetry(aligned).rotations == symmetry.rotations:
            # Site by site like the substituted crystal, as the matcher has sorted them.
            assert np.array_equal(aligned.numbers, numbers), "the matcher lost the sites' order"
            moved = without_drift(aligned.scaled_positions - crystal.scaled_positions)
            true_positions = crystal.scaled_positions + moved
            return crystal, _without_rotation(prototype.cell, aligned.cell), true_positions
    return None


def _structure(crystal: Crystal) -> Structure:
    return Structure(crystal.cell, crystal.numbers.tolist(), crystal.scaled_positions)


def _symmetry(crystal: Crystal) -> _Symmetry:
    # Matrices of rotations are the same for all vectors negated.
    dataset = symmetry_dataset(crystal, SYMPREC)
    if dataset is None:
        return _Symmetry(0, frozenset())
    rotations = np.asarray(dataset.rotations, dtype=np.int64)
    return _Symmetry(int(dataset.number), frozenset(w.tobytes() for w in rotations))


def _without_rotation(start: NDArray[np.float64], cell: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn ``cell`` as a whole until it is ``start`` times a symmetric positive strain.

    Lengths and angles stay. A cell of the other handedness is mirrored.
    """
    # The deformation is (symmetric strain) times (orthogonal); leave the second out.
    strain = polar(np.linalg.solve(start, cell), side="left")[1]
    return np.asarray(start @ strain, dtype=np.float64)
