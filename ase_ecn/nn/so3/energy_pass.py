"""Energies, forces and stresses of small batches, without PyTorch's operations.

A search for a minimum and molecular dynamics ask for the energy of one small crystal after the
other, or of some dozens. An operation of PyTorch takes some microseconds whatever its size, and a
pass has hundreds; here it is one call of a C function and a few operations of NumPy.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
from numpy.typing import NDArray

from ase_ecn.graphs.spheres import SphereArrays
from ase_ecn.nn.so3.library import library
from ase_ecn.nn.so3.repulsion import may_repel, repulsion
from ase_ecn.nn.so3.sequence import LayerSequence
from ase_ecn.nn.so3.tensor_heads import AtomFeatures
from ase_ecn.nn.so3.trunk import Trunk, panels_of, times

if TYPE_CHECKING:
    from ase_ecn.nn.so3.interaction import Interaction
    from ase_ecn.nn.so3.so3_ecn import SO3ECN

MOST_ATOMS = 1024
"""Of a batch. In larger ones the operations between C functions hardly count, and arrays that are
kept would take much memory."""
_ROOM = 1.25
_VOIGT = [0, 4, 8, 5, 2, 1], [0, 4, 8, 7, 6, 3]


class EnergyPass:
    """The energy of a network without classes of bonds; its weights must stay as they are.

    Parameters
    ----------
    network
        Of which no reference is kept.
    """

    def __init__(self, network: SO3ECN) -> None:
        config = network.config
        layers = cast("Sequence[Interaction]", list(network.interactions))
        self._trunk = Trunk(network.embedding, layers)
        self._splines, self._degree = network.splines, config.degree
        self._repulsion = config.repulsion
        self._dtype = network.dtype
        hidden = network.hidden.weight.detach()
        self._hidden, self._turned = panels_of(hidden.T), panels_of(hidden)
        self._bias = network.hidden.bias.detach().numpy()
        weight, bias = (part.detach().numpy() for part in network.head.parameters())
        self._head = weight[0], bias
        # Views, since these are set in place after the network was made.
        self._scale = network.scale.numpy()
        self._element_energies = network.element_energies.numpy()
        self._idle: list[LayerSequence] = []

    def energies(self, arrays: SphereArrays) -> NDArray[np.float64]:
        """(B,) energies in eV per cell of at most :data:`MOST_ATOMS` atoms in all."""
        with self._layers(arrays) as layers:
            energies = self._read(arrays, self._gated(layers.scalars(arrays))[0])
        self._repel(arrays, energies)
        return energies

    def energies_and_pulls(self, arrays: SphereArrays) -> tuple[NDArray[np.float64], NDArray[Any]]:
        """The same, and their (E, 3) derivatives by the bonds' vectors, eV/Å."""
        energies, pulls, _ = self.with_features(arrays)
        return energies, pulls

    def features(self, arrays: SphereArrays, *, earlier: bool = False) -> AtomFeatures:
        """What other heads read: last scalars and, if they are asked for, features before."""
        with self._layers(arrays) as layers:
            return self._features(layers, layers.scalars(arrays), earlier=earlier)

    def with_features(
        self, arrays: SphereArrays, *, earlier: bool = False
    ) -> tuple[NDArray[np.float64], NDArray[Any], AtomFeatures]:
        """Energies, their derivatives by the bonds' vectors, and what other heads read."""
        with self._layers(arrays) as layers:
            scalars = layers.scalars(arrays)
            features = self._features(layers, scalars, earlier=earlier)
            active, gate = self._gated(scalars)
            energies = self._read(arrays, active)
            slope = (gate + active * (1 - gate)) * (self._head[0] * self._scale.astype(gate.dtype))
            pulls = layers.pulls(times(slope, self._turned), len(arrays.vector))
        self._repel(arrays, energies, pulls)
        return energies, pulls, features

    def _features(
        self, layers: LayerSequence, scalars: NDArray[Any], *, earlier: bool
    ) -> AtomFeatures:
        with torch.inference_mode(False):
            kept = torch.from_numpy(scalars.copy())
        return AtomFeatures(kept, layers.earlier(len(scalars)) if earlier else {})

    def _repel(
        self,
        arrays: SphereArrays,
        energies: NDArray[np.float64],
        pulls: NDArray[Any] | None = None,
    ) -> None:
        """Add what repulsion there is, which is rare."""
        if not self._repulsion or not may_repel(arrays, self._repulsion):
            return
        graph = arrays.batch(dtype=self._dtype)
        near = repulsion(graph, self._repulsion)
        if near is None:
            return
        energies += near.of_crystals(graph, near.energies).numpy()
        if pulls is not None:
            pulls[near.bonds.numpy()] += near.pulls.numpy()

    def _gated(self, scalars: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        """The hidden layer that reads the scalars of the atoms: SiLU of it, and its sigmoid."""
        # Not by NumPy, whose threads would wait busily where those of the C functions go on.
        hidden = times(scalars, self._hidden) + self._bias
        # Beyond this there is nothing left, and exponentials would overflow.
        gate = 1 / (1 + np.exp(-np.maximum(hidden, -80)))
        return hidden * gate, gate

    def _read(self, arrays: SphereArrays, active: NDArray[Any]) -> NDArray[np.float64]:
        """(B,) energies without repulsion."""
        weight, constant = self._head
        of_atoms = ((active * weight).sum(axis=1) + constant).astype(np.float64) * self._scale
        of_atoms += self._element_energies[arrays.numbers]
        found = np.bincount(arrays.crystal_of_atom, of_atoms, len(arrays.atom_counts))
        return np.asarray(found, dtype=np.float64)

    @contextmanager
    def _layers(self, arrays: SphereArrays) -> Iterator[LayerSequence]:
        """Arrays that are large enough and that no other thread uses."""
        try:
            layers = self._idle.pop()
        except IndexError:
            layers = self._made(0, 0)
        atoms, bonds = len(arrays.numbers), len(arrays.vector)
        if atoms > layers.atoms or bonds > layers.bonds:
            layers = self._made(max(atoms, layers.atoms), max(bonds, layers.bonds))
        try:
            yield layers
        finally:
            self._idle.append(layers)

    def _made(self, atoms: int, bonds: int) -> LayerSequence:
        room = (int(_ROOM * atoms) + 16, int(_ROOM * bonds) + 1024)
        return LayerSequence(self._trunk, self._splines, self._degree, *room)


Passes = Sequence[tuple[float, EnergyPass]]
"""Members of an ensemble with their shares in the mean energy."""


def mean_energies(passes: Passes, arrays: SphereArrays) -> NDArray[np.float64]:
    """(B,) energies in eV per cell."""
    found = [share * one.energies(arrays) for share, one in passes]
    return sum(found[1:], found[0])


def mean_energies_and_pulls(
    passes: Passes, arrays: SphereArrays
) -> tuple[NDArray[np.float64], NDArray[Any]]:
    """(B,) energies in eV per cell, and their (E, 3) derivatives by the bonds' vectors in eV/Å."""
    found = [(share, *one.energies_and_pulls(arrays)) for share, one in passes]
    energies = [share * energy for share, energy, _ in found]
    pulls = [pull if share == 1 else share * pull for share, _, pull in found]
    return sum(energies[1:], energies[0]), sum(pulls[1:], pulls[0])


def forces_and_stress_by_c(
    arrays: SphereArrays, pulls: NDArray[Any]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Forces (N, 3) in eV/Å and stresses (B, 6) in eV/Å³, in ASE's order, from the bonds' pulls."""
    functions = library()
    assert functions is not None
    pulls = np.ascontiguousarray(pulls)
    forces = np.zeros((len(arrays.numbers), 3))
    virials = np.zeros((len(arrays.volumes), 9))
    bonds = (arrays.row, len(arrays.numbers), arrays.neighbor, arrays.crystal_of_atom)
    vector = np.ascontiguousarray(arrays.vector, dtype=np.float64)
    given = (*bonds, vector, pulls, int(pulls.dtype == np.float64), forces, virials)
    functions.so3_forces(*(a.ctypes.data if isinstance(a, np.ndarray) else a for a in given))
    stress = (virials[:, _VOIGT[0]] + virials[:, _VOIGT[1]]) / 2
    return forces, stress / arrays.volumes[:, None]
