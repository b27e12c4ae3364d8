"""Structures of kinds that no network was fitted to, made from known crystals.

A network cannot be right about them, so it should say that it has never seen their like.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from ase import Atoms
from ase.build import molecule
from ase.collections import g2
from ase.data import covalent_radii

_VACUUM, _BOX = 15.0, 12.0  # Å
_NEAREST = 0.7  # of the sum of both covalent radii, in random structures
_TRIES = 300
_NOBLE = (2, 10, 18, 36, 54)


def strange_crystals(known: Sequence[Atoms], seed: int = 0) -> Iterator[tuple[str, list[Atoms]]]:
    """Kinds of structures, each with as many as there are known crystals.

    Parameters
    ----------
    known
        Crystals to begin with.
    seed
        Of what is random.
    """
    rng = np.random.default_rng(seed)
    for name, change in KINDS.items():
        yield name, [changed for atoms in known if (changed := change(atoms.copy(), rng))]
    names = sorted(g2.names)
    chosen = [names[k] for k in np.linspace(0, len(names) - 1, len(known)).astype(int)]
    yield "molecules in a box of 12 Å", [_boxed(molecule(name)) for name in chosen]


def _slab(atoms: Atoms, rng: np.random.Generator) -> Atoms:
    del rng
    atoms.center(vacuum=_VACUUM / 2, axis=2)
    return atoms


def _scaled(volume: float) -> Callable[[Atoms, np.random.Generator], Atoms]:
    def change(atoms: Atoms, rng: np.random.Generator) -> Atoms:
        del rng
        atoms.set_cell(atoms.cell * volume ** (1 / 3), scale_atoms=True)
        return atoms

    return change


def _random(atoms: Atoms, rng: np.random.Generator) -> Atoms | None:
    """Random places in the same cell, none too close; ``None`` if none are found."""
    radii = covalent_radii[atoms.numbers]
    least = _NEAREST * (radii[:, None] + radii)
    for _ in range(_TRIES):
        atoms.set_scaled_positions(rng.random((len(atoms), 3)))
        distances = atoms.get_all_distances(mic=True)
        np.fill_diagonal(distances, np.inf)
        if (distances >= least).all():
            return atoms
    return None


def _noble(atoms: Atoms, rng: np.random.Generator) -> Atoms:
    """One element replaced by a noble gas."""
    replaced = rng.choice(np.unique(atoms.numbers))
    atoms.numbers[atoms.numbers == replaced] = rng.choice(_NOBLE)
    return atoms


def _boxed(atoms: Atoms) -> Atoms:
    atoms.set_cell([_BOX] * 3)
    atoms.center()
    atoms.pbc = True
    return atoms


KINDS: dict[str, Callable[[Atoms, np.random.Generator], Atoms | None]] = {
    "half the volume": _scaled(0.5),
    "twice the volume": _scaled(2.0),
    "four times the volume": _scaled(4.0),
    "random places": _random,
    "layers with 15 Å of vacuum": _slab,
    "an element replaced by a noble gas": _noble,
}
"""What is done to a known crystal."""
