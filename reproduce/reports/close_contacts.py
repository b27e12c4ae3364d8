"""Do atoms repel each other where they are nearer than in any training data?

Crystals and pairs of atoms are compressed until their shortest bond is 0.4 times the sum of both
covalent radii; those count whose energy falls after it began to rise.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.data import covalent_radii
from numpy.typing import NDArray

from ase_ecn.crystal import as_crystal
from ase_ecn.errors import OptionError
from ase_ecn.graphs.spheres import sphere
from ase_ecn.nn.so3.repulsion import repulsion
from ase_ecn.nn.so3.so3_ecn import SO3ECN
from ase_ecn.prediction import PropertyPredictor
from ase_ecn.training.data.labels import PackedLabels
from reproduce.reports.equations_of_state import crystals_of_test

_COUNT = 50
_BATCH = 50
_MOST_ATOMS = 12
_BOX = 15.0  # Å, around a pair
_RATIOS = np.linspace(1.2, 0.4, 81)
_NO_BONDS = 0.7  # at smaller ratios there are hardly any bonds in data
_SHORTEST = 0.62  # Å; networks refuse atoms nearer than 0.6 Å
_NOISE = 1e-3  # eV: float32


@dataclass(frozen=True)
class Approach:
    """Energies while atoms come nearer to each other.

    Attributes
    ----------
    name
        Of the crystal or the pair.
    ratios
        Shortest bond in units of the sum of both covalent radii, falling.
    energies
        eV per cell.
    """

    name: str
    ratios: NDArray[np.float64]
    energies: NDArray[np.float64]

    @property
    def turns_at(self) -> float | None:
        """The ratio below which the energy falls again, ``None`` if it never does."""
        rising = self._from_minimum()
        falling = np.flatnonzero(np.diff(self.energies[rising:]) < -_NOISE)
        return float(self.ratios[rising + falling[0]]) if len(falling) else None

    @property
    def depth(self) -> float:
        """By how much (eV) the energy falls again, at most."""
        energies = self.energies[self._from_minimum() :]
        return float((np.maximum.accumulate(energies) - energies).max())

    def _from_minimum(self) -> int:
        """Index of the lowest energy at distances that bonds have."""
        return int(self.energies[self.ratios >= _NO_BONDS].argmin())


def compressed(atoms: Atoms) -> tuple[NDArray[np.float64], list[Atoms]]:
    """Ratios of the shortest bond, and the crystal scaled so that it has them."""
    radii = covalent_radii[atoms.numbers]
    found = sphere(atoms.cell[:], atoms.positions, float(2.5 * radii.max() + 3))
    near = np.repeat(np.arange(len(atoms)), found.counts)
    lengths = np.linalg.norm(found.vector, axis=1)
    ratio = lengths / (radii[near] + radii[found.neighbor])
    first = ratio.min()
    kept = _RATIOS[lengths.min() * _RATIOS / first > _SHORTEST]
    images = []
    for wanted in kept:
        image = atoms.copy()
        image.set_cell(atoms.cell[:] * (wanted / first), scale_atoms=True)
        images.append(image)
    return kept, images


def paired(first: int, second: int) -> tuple[NDArray[np.float64], list[Atoms]]:
    """The same for two atoms in a box."""
    bond = covalent_radii[first] + covalent_radii[second]
    kept = _RATIOS[bond * _RATIOS > _SHORTEST]
    images = [
        Atoms([first, second], [[0, 0, 0], [ratio * bond, 0, 0]], cell=[_BOX] * 3, pbc=True)
        for ratio in kept
    ]
    return kept, images


def approaches(
    predictor: PropertyPredictor, images: Sequence[tuple[str, NDArray[np.float64], list[Atoms]]]
) -> list[Approach]:
    """Energies of all of them."""
    found = []
    for name, ratios, series in images:
        crystals = [as_crystal(atoms) for atoms in series]
        predictions = predictor.predict(crystals, forces=False)
        target = predictor.model.targets[0]
        energies = np.array([p[target] * len(a) for p, a in zip(predictions, series, strict=True)])
        found.append(Approach(name, ratios, energies))
    return found


def report(predictor: PropertyPredictor, data: Path, share: float | None = None) -> Iterator[str]:
    """Lines on crystals of MP-20's test split and on pairs of random elements.

    Parameters
    ----------
    predictor
        Of an SO(3)-equivariant network.
    data
        The data folder.
    share
        Also with repulsion that begins there; see
        :class:`~ase_ecn.nn.so3.so3_ecn.SO3ECNConfig`.

    Raises
    ------
    OptionError
        If the checkpoint holds another network.
    """
    members = [m for m in predictor.model.networks if isinstance(m, SO3ECN)]
    if not members:
        raise OptionError(f"{predictor.card.name} holds no SO(3)-equivariant network")
    series = {
        "crystals": _crystals(data, predictor.card.elements),
        "pairs": _pairs(sorted(predictor.card.elements)),
    }
    configs = [member.config for member in members]
    try:
        for begin in dict.fromkeys((configs[0].repulsion, share)):
            if begin is not None:
                for member, config in zip(members, configs, strict=True):
                    member.config = replace(config, repulsion=begin)
                yield f"repulsion begins at {begin} of the sum of covalent radii:"
                for kind, images in series.items():
                    yield _line(kind, approaches(predictor, images))
    finally:
        for member, config in zip(members, configs, strict=True):
            member.config = config  # others may have the same network


def repulsion_on_labels(labels: PackedLabels, share: float, count: int) -> NDArray[np.float64]:
    """(C,) eV/atom that repulsion adds to about ``count`` labelled crystals, drawn evenly.

    Parameters
    ----------
    labels
        Such as the teacher's, from :func:`ase_ecn.training.data.labels.load_labels`.
    share
        Where repulsion begins, in units of the sum of both covalent radii.
    count
        Of crystals.
    """
    chosen = np.arange(0, len(labels), max(1, len(labels) // count))
    added = []
    for start in range(0, len(chosen), _BATCH):
        graph = labels.batch(chosen[start : start + _BATCH]).graph
        found = repulsion(graph, share)
        zeros = np.zeros(len(graph.atom_counts))
        energies = zeros if found is None else found.of_crystals(graph, found.energies).numpy()
        added.append(energies / graph.atom_counts.numpy())
    return np.concatenate(added)


def _line(kind: str, found: Sequence[Approach]) -> str:
    turning = [a for a in found if a.turns_at is not None]
    text = f"{len(turning)} of {len(found)} {kind} have an energy that falls"
    if turning:
        places = [a.turns_at for a in turning if a.turns_at is not None]
        text += (
            f", first at {np.median(places):.2f} (median; highest {max(places):.2f}) and by up to "
            f"{max(a.depth for a in turning):.1f} eV: {', '.join(a.name for a in turning)}"
        )
    return text


def _crystals(
    data: Path, elements: frozenset[int]
) -> list[tuple[str, NDArray[np.float64], list[Atoms]]]:
    small = [
        atoms
        for atoms in crystals_of_test(data, 3 * _COUNT)
        if len(atoms) <= _MOST_ATOMS and elements.issuperset(atoms.numbers.tolist())
    ]
    return [(str(atoms.symbols), *compressed(atoms)) for atoms in small[:_COUNT]]


def _pairs(elements: Sequence[int]) -> list[tuple[str, NDArray[np.float64], list[Atoms]]]:
    rng = np.random.default_rng(0)
    found = []
    for _ in range(_COUNT):
        first, second = (int(z) for z in rng.choice(elements, 2))
        ratios, images = paired(first, second)
        if len(images) > 1:
            found.append((str(images[0].symbols), ratios, images))
    return found
