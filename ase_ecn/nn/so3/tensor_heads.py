"""Response tensors of crystals: dielectric, elastic and piezoelectric.

The trunk's features end at degree two, and those of an atom vanish where its site is too symmetric
(nothing of degree one or two is left at the sites of rock salt, though its stiffness is not
isotropic). So the heads sum over the bonds once more, to degree four: the moments of an atom are
sums of harmonics of its bonds, with weights that depend on the length and on the scalars of both
atoms. Moments and the trunk's features are mixed, weighted by scalars and averaged over the atoms;
scalars of the crystal weight what each tensor is made of. All couplings keep parity, so an
inversion of the crystal changes the sign of its piezoelectric tensor: with a centre of inversion
there is none.

Stiffness and polarisability are positive: a head gives their logarithm as a matrix, which turns
with the crystal as they do.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from ase_ecn.errors import OptionError
from ase_ecn.graphs.spheres import SphereBatch
from ase_ecn.nn.layers import scatter_mean
from ase_ecn.nn.so3.architecture import SO3ECNConfig
from ase_ecn.nn.so3.cartesian import (
    DIELECTRIC,
    ELASTIC,
    HIGHEST,
    MANDEL,
    PIEZOELECTRIC,
    PSEUDO,
    Basis,
    monomials,
    twist,
)
from ase_ecn.properties import (
    DIELECTRIC_TENSOR,
    DIELECTRIC_TENSOR_TOTAL,
    ELASTIC_TENSOR,
    PIEZOELECTRIC_TENSOR,
)

BASES: Mapping[str, Basis] = {
    DIELECTRIC_TENSOR: DIELECTRIC,
    DIELECTRIC_TENSOR_TOTAL: DIELECTRIC,
    ELASTIC_TENSOR: ELASTIC,
    PIEZOELECTRIC_TENSOR: PIEZOELECTRIC,
}
"""Tensors that there are heads of, by name."""
# Logarithms of susceptibilities of 4 and 7, and of 3 K and 2 G for K = 67 and G = 33 GPa.
_FIRST: Mapping[str, tuple[float, ...]] = {
    DIELECTRIC_TENSOR: (1.4,),
    DIELECTRIC_TENSOR_TOTAL: (2.0,),
    ELASTIC_TENSOR: (5.3, 4.2),
}
_MOMENTS = 16
_RADIAL = 8
_HIDDEN = 64
_CHANNELS = 16
_DEGREES = range(HIGHEST + 1)


@dataclass(frozen=True)
class AtomFeatures:
    """What the trunk says of N atoms.

    Attributes
    ----------
    scalars
        (N, width) last scalars.
    earlier
        By degree l: (N, 2 l + 1, width) features before the last layer.
    """

    scalars: Tensor
    earlier: Mapping[int, Tensor]

    def detached(self) -> AtomFeatures:
        """The same, not to be differentiated any further."""
        earlier = {degree: part.detach() for degree, part in self.earlier.items()}
        return AtomFeatures(self.scalars.detach(), earlier)


@dataclass(frozen=True)
class BondList:
    """E bonds of the N atoms of B crystals.

    Attributes
    ----------
    length
        (E,) Å, atom after atom.
    harmonics
        (E, 25) of the directions, degree after degree.
    near, neighbor
        (E,) int64, the atoms at both ends.
    place
        (E,) int64, which of the near atom's bonds it is.
    crystal, counts
        (N,) crystal of each atom, and (B,) number of atoms.
    """

    length: Tensor
    harmonics: Tensor
    near: Tensor
    neighbor: Tensor
    place: Tensor
    crystal: Tensor
    counts: Tensor


def bond_list(graph: SphereBatch) -> BondList:
    """Bonds of a batch of crystals."""
    near = graph.atom_of_bond
    place = torch.arange(len(near), device=near.device) - graph.row[near]
    vector = graph.vector.detach()
    length = torch.linalg.vector_norm(vector, dim=1)
    harmonics = harmonics_of(vector / length[:, None])
    crystals = (graph.crystal_of_atom, graph.atom_counts)
    return BondList(length, harmonics, near, graph.neighbor.long(), place, *crystals)


def harmonics_of(unit: Tensor) -> Tensor:
    """(E, 25) harmonics of (E, 3) directions, to degree four and degree after degree."""
    exponents, coefficients = monomials()
    powers = torch.stack([unit.T**n for n in range(HIGHEST + 1)])
    x, y, z = (powers[exponents[:, k], k] for k in range(3))
    return (x * y * z).T @ torch.as_tensor(coefficients).to(unit)


class Moments(nn.Module):
    """Sums of harmonics of an atom's bonds to degree four.

    Parameters
    ----------
    cutoff
        Of the neighbours, Å.
    neighbors
        Typical number of neighbours, by whose root sums are divided.
    """

    def __init__(self, cutoff: float, neighbors: float) -> None:
        super().__init__()
        self.cutoff = cutoff
        self.scale = neighbors**-0.5
        self.radial = nn.Linear(_RADIAL, _MOMENTS, bias=False)
        self.near = nn.Linear(_HIDDEN, _MOMENTS)
        self.far = nn.Linear(_HIDDEN, _MOMENTS)

    def forward(self, hidden: Tensor, bonds: BondList) -> list[Tensor]:
        """By degree l (N, 2 l + 1, moments), from (N, hidden) scalars of the atoms."""
        weights = self.radial(self._waves(bonds.length)) * (1 + self.far(hidden))[bonds.neighbor]
        # Padded to the largest number of neighbours, the sums are products of matrices.
        atoms, most = len(hidden), int(bonds.place.max()) + 1 if len(bonds.place) else 0
        slots = (bonds.near, bonds.place)
        w = weights.new_zeros(atoms, most, _MOMENTS).index_put(slots, weights)
        y = weights.new_zeros(atoms, most, bonds.harmonics.shape[1])
        y = y.index_put(slots, bonds.harmonics)
        sums = y.mT @ w * ((1 + self.near(hidden))[:, None, :] * self.scale)
        return list(sums.split([2 * degree + 1 for degree in _DEGREES], dim=1))

    def _waves(self, length: Tensor) -> Tensor:
        """(E, 8) spherical waves, zero with two derivatives at the cutoff."""
        x = length / self.cutoff
        number = torch.arange(1, _RADIAL + 1, dtype=x.dtype, device=x.device)
        envelope = torch.clamp(1 - x * x, min=0) ** 3
        return torch.sin(math.pi * number * x[:, None]) * (envelope / x)[:, None]


class _Mixed(nn.Module):
    """Channels of one degree, mixed, with weights that depend on scalars."""

    def __init__(self, inputs: int, outputs: int, scalars: int) -> None:
        super().__init__()
        self.mix = nn.Parameter(torch.empty(inputs, outputs))
        nn.init.normal_(self.mix, std=inputs**-0.5)
        self.weight = nn.Linear(scalars, outputs)

    def forward(self, x: Tensor, scalars: Tensor) -> Tensor:
        """Map (N, 2 l + 1, inputs) and (N, scalars) to (N, 2 l + 1, outputs)."""
        mixed: Tensor = (x @ self.mix) * (1 + self.weight(scalars))[:, None, :]
        return mixed


class TensorHead(nn.Module):
    """One tensor, from what is known of a crystal by degree.

    Parameters
    ----------
    name
        One of :data:`BASES`.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self.degrees = list(BASES[name])
        for degree, basis in BASES[name].items():
            made = torch.as_tensor(basis)
            self.register_buffer(f"basis_{_key(degree)}", made, persistent=False)
        self.parts = nn.ModuleDict(
            {
                _key(degree): _Mixed(_CHANNELS, len(basis), _HIDDEN)
                for degree, basis in BASES[name].items()
            }
        )
        # Of degree zero there is a part that doesn't depend on what mixing makes of scalars.
        first = torch.tensor(_FIRST.get(name, ()))
        self.first = nn.Parameter(first) if len(first) else None
        self.size = nn.Parameter(torch.tensor(0.3))

    def forward(self, pooled: Mapping[int, Tensor], scalars: Tensor) -> Tensor:
        """(B, ...) tensors from, by degree, (B, 2 l + 1, channels), and (B, hidden) scalars."""
        total: Tensor | float = 0.0
        for degree in self.degrees:
            part = self.parts[_key(degree)](pooled[degree], scalars) * self.size
            if degree == 0 and self.first is not None:
                part = part + self.first
            basis = getattr(self, f"basis_{_key(degree)}").to(part.dtype)
            total = total + torch.einsum("bmw,wm...->b...", part, basis * _root(degree))
        assert isinstance(total, Tensor)
        return total


def _key(degree: int) -> str:
    return "pseudo" if degree == PSEUDO else str(degree)


def _root(degree: int) -> float:
    """So that the parts of all degrees begin with about the same size."""
    return 1.0 if degree == 0 else (2 * abs(degree) + 1) ** -0.5


class TensorHeads(nn.Module):
    """Response tensors.

    Parameters
    ----------
    names
        Of :data:`BASES`.
    widths
        Of the trunk's features, by degree.
    cutoff, neighbors
        As of the trunk.
    dropout
        Share of hidden scalars that are left out in training.

    Raises
    ------
    OptionError
        If there is no such tensor.
    """

    def __init__(
        self,
        names: Sequence[str],
        widths: Sequence[int],
        cutoff: float,
        neighbors: float,
        dropout: float,
    ) -> None:
        super().__init__()
        if unknown := sorted(set(names) - set(BASES)):
            raise OptionError(
                f"no tensor is called {', '.join(unknown)}; known are {', '.join(BASES)}"
            )
        self.names = tuple(names)
        self.first = nn.Linear(2 * widths[0], _HIDDEN)
        self.moments = Moments(cutoff, neighbors)
        self.second = nn.Linear(_HIDDEN + len(_DEGREES) * _MOMENTS, _HIDDEN)
        self.third = nn.Linear(_HIDDEN, _HIDDEN)
        self.dropout = nn.Dropout(dropout)
        twisted = PIEZOELECTRIC_TENSOR in names
        needed = {abs(d) for name in names for d in BASES[name]}
        inputs = {d: _MOMENTS + (widths[d] if 0 < d < len(widths) else 0) for d in sorted(needed)}
        self.mixed = nn.ModuleDict({str(d): _Mixed(inputs[d], _CHANNELS, _HIDDEN) for d in inputs})
        self.even = _Mixed(inputs[2], 2 * _CHANNELS, _HIDDEN) if twisted else None
        self.heads = nn.ModuleDict({name: TensorHead(name) for name in names})
        for degree in (1, 3):
            made = torch.as_tensor(twist(degree))
            self.register_buffer(f"twist_{degree}", made, persistent=False)

    @classmethod
    def of(cls, config: SO3ECNConfig) -> TensorHeads:
        """Those of an architecture."""
        trunk = (config.widths, config.cutoff, config.neighbors)
        return cls(config.tensor_targets, *trunk, config.dropout)

    def forward(self, features: AtomFeatures, bonds: BondList) -> dict[str, Tensor]:
        """(B, ...) tensors by name.

        Returns
        -------
        dict
            Dielectric tensors (B, 3, 3); the elastic tensor (B, 6, 6) in Voigt's form, GPa; the
            piezoelectric tensor (B, 3, 6) in Voigt's form, C/m².
        """
        earlier = features.earlier
        scalars = torch.cat([features.scalars, earlier[0][:, 0]], dim=1)
        hidden = functional.silu(self.first(self.dropout(scalars)))
        moments = self.moments(hidden, bonds)
        # With a constant beneath the root it has a derivative where a moment vanishes.
        sizes = [(part.square().mean(dim=1) + 1e-4).sqrt() for part in moments]
        known = torch.cat([hidden, *sizes], dim=1)
        known = functional.silu(self.second(known))
        parts = {
            degree: torch.cat([part, earlier[degree]], dim=2) if degree in (1, 2) else part
            for degree, part in enumerate(moments)
        }
        pooled = self._pooled(parts, self.dropout(known), bonds)
        crystal = scatter_mean(known, bonds.crystal, bonds.counts)
        crystal = self.dropout(functional.silu(self.third(self.dropout(crystal))))
        made = {name: self.heads[name](pooled, crystal) for name in self.names}
        return physical(made)

    def _pooled(
        self, parts: Mapping[int, Tensor], known: Tensor, bonds: BondList
    ) -> dict[int, Tensor]:
        """Means over the atoms by degree."""
        mixed = {int(degree): mix(parts[int(degree)], known) for degree, mix in self.mixed.items()}
        if self.even is not None:
            even = self.even(parts[2], known).chunk(2, dim=2)
            twisted = [
                torch.einsum("nau,nbu,abm->nmu", mixed[d], e, getattr(self, f"twist_{d}").to(e))
                for d, e in zip((1, 3), even, strict=True)
            ]
            mixed[PSEUDO] = twisted[0] + twisted[1]
        found = {}
        for degree, part in mixed.items():
            mean = scatter_mean(part.flatten(1), bonds.crystal, bonds.counts)
            found[degree] = mean.view(-1, *part.shape[1:])
        return found


def physical(made: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """From what the heads make to tensors in physical units, in Voigt's form."""
    found = dict(made)
    if ELASTIC_TENSOR in made:
        found[ELASTIC_TENSOR] = _without_factors(_exponential(made[ELASTIC_TENSOR]), 2)
    if PIEZOELECTRIC_TENSOR in made:
        found[PIEZOELECTRIC_TENSOR] = _without_factors(made[PIEZOELECTRIC_TENSOR], 1)
    for name in (DIELECTRIC_TENSOR, DIELECTRIC_TENSOR_TOTAL):
        if name in made:
            one = torch.eye(3).to(made[name])
            found[name] = one + _exponential(made[name])
    if DIELECTRIC_TENSOR in made and DIELECTRIC_TENSOR_TOTAL in made:
        # Ions that follow the field only add to what the electrons do.
        ions = _exponential(made[DIELECTRIC_TENSOR_TOTAL])
        found[DIELECTRIC_TENSOR_TOTAL] = found[DIELECTRIC_TENSOR] + ions
    return found


def _exponential(logarithm: Tensor) -> Tensor:
    made: Tensor = torch.linalg.matrix_exp(logarithm)
    return (made + made.mT) / 2


def _without_factors(tensor: Tensor, pairs: int) -> Tensor:
    """From Mandel's form to Voigt's, of tensors whose last indices are so many pairs."""
    factors = torch.as_tensor(np.asarray(MANDEL)).to(tensor)
    tensor = tensor / factors
    return tensor / factors[:, None] if pairs == 2 else tensor
