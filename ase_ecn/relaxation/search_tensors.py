"""Many searches at once, as tensors: coordinates, places, and what is learned of curvatures."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TypeVar

import torch
from torch import Tensor

from ase_ecn.relaxation.force_course import BOND
from ase_ecn.relaxation.freedom import SAME, STRAINS
from ase_ecn.relaxation.quasi_newton import LARGEST_RADIUS, LEAST_CURVATURE, MEMORY, RADIUS

Rows = TypeVar("Rows", bound="CrystalRows")


@dataclass(frozen=True)
class CrystalRows:
    """Tensors whose first axis is that of the B crystals; atoms are padded to M, freedoms to K."""

    def kept(self: Rows, which: Tensor) -> Rows:
        """Those of the crystals for which (B,) booleans are true."""
        return replace(self, **{f.name: getattr(self, f.name)[which] for f in fields(self)})


@dataclass(frozen=True)
class Frames(CrystalRows):
    """What does not change.

    Attributes
    ----------
    index, counts, most
        (B,) which crystals these are, their atoms, and their largest numbers of steps.
    numbers
        (B, M), zero for no atom.
    undeformed, to_scaled
        (B, 3, 3) cells in Å and their inverses.
    basis
        (B, 3 M + 6, K), as of :class:`~ase_ecn.relaxation.freedom.Freedom`.
    inverse
        (B, K, K), of the Hessians that the searches begin with.
    """

    index: Tensor
    counts: Tensor
    most: Tensor
    numbers: Tensor
    undeformed: Tensor
    to_scaled: Tensor
    basis: Tensor
    inverse: Tensor

    def displaced(self, steps: Tensor) -> tuple[Tensor, Tensor]:
        """Displacements (B, M, 3) in Å and strains (B, 3, 3) of (B, K) numbers."""
        full = _times(self.basis, steps)
        strain = torch.tensordot(full[:, -6:], _strains(full), 1)
        return full[:, :-6].reshape(len(full), -1, 3), strain

    def lengths(self, steps: Tensor) -> Tensor:
        """(B,) how far steps move an atom, or strain a bond of usual length, in Å."""
        moved, strain = self.displaced(steps)
        return torch.maximum(_longest(moved), BOND * norms(strain))

    def largest(self, gradients: Tensor) -> Tensor:
        """(B,) largest force in eV/Å, or norm of the virial per atom in eV."""
        forces, virial = self.displaced(gradients)
        return torch.maximum(_longest(forces), norms(virial) / self.counts)

    def crystals(self, q: Tensor, logarithm: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Cells (B, 3, 3), and numbers (N,) and fractional coordinates (N, 3) of the atoms."""
        there = self.numbers > 0
        values, vectors = torch.linalg.eigh(logarithm)
        cells = self.undeformed @ (vectors * values.exp()[:, None, :]) @ vectors.mT
        return cells, self.numbers[there], (q @ self.to_scaled)[there]

    def gradient(self, logarithm: Tensor, forces: Tensor, virial: Tensor) -> Tensor:
        """(B, K) as of :meth:`ase_ecn.relaxation.freedom.Freedom.gradient`; forces are padded."""
        values, vectors = torch.linalg.eigh(logarithm)
        growth = values.exp()
        by_positions = -forces @ ((vectors * growth[:, None, :]) @ vectors.mT)
        apart = values[:, :, None] - values[:, None, :]
        near = apart.abs() < SAME
        quotient = (growth[:, :, None] - growth[:, None, :]) / apart.masked_fill(near, 1.0)
        slope = torch.where(near, growth[:, :, None], quotient)
        shrink = (1 / growth[:, :, None] + 1 / growth[:, None, :]) / 2
        turned = vectors.mT @ virial @ vectors * slope * shrink
        by_strain = vectors @ turned @ vectors.mT
        components = torch.tensordot(by_strain, _strains(by_strain), ((1, 2), (1, 2)))
        full = torch.cat([by_positions.flatten(1), components], dim=1)
        return _times(self.basis.mT, full)


@dataclass(frozen=True)
class Points(CrystalRows):
    """Where crystals are: (B, M, 3) positions in Å, (B, 3, 3) logarithms, and what is known there.

    ``energy`` is (B,) in eV per cell and ``gradient`` (B, K).
    """

    q: Tensor
    logarithm: Tensor
    energy: Tensor
    gradient: Tensor

    def where(self, better: Tensor, others: Points) -> Points:
        """Others where (B,) booleans are true."""
        chosen = {}
        for name in (f.name for f in fields(self)):
            mine, other = getattr(self, name), getattr(others, name)
            chosen[name] = torch.where(_as_wide(better, mine), other, mine)
        return Points(**chosen)


@dataclass(frozen=True)
class Search(CrystalRows):
    """As :class:`~ase_ecn.relaxation.quasi_newton.QuasiNewton`, of B crystals.

    Attributes
    ----------
    steps, changes, curvatures
        (B, R, K), (B, R, K) and (B, R), the newest last; zero where there are none. Curvatures are
        inverse.
    scale, radius
        (B,)
    """

    steps: Tensor
    changes: Tensor
    curvatures: Tensor
    scale: Tensor
    radius: Tensor

    @classmethod
    def fresh(cls, gradient: Tensor) -> Search:
        """What has learned nothing yet."""
        one = gradient.new_ones(len(gradient))
        vectors, numbers = gradient[:, None][:, :0], one[:, None][:, :0]
        return cls(vectors, vectors, numbers, one, RADIUS * one)

    def step(self, frames: Frames, gradient: Tensor) -> Tensor:
        """(B, K) next steps from the best points."""
        step = -self._inverse(frames, gradient)
        length = frames.lengths(step)
        return torch.where(length > self.radius, self.radius / length, 1.0)[:, None] * step

    def judged(
        self, frames: Frames, best: Points, found: Points, step: Tensor, noise: Tensor
    ) -> tuple[Search, Tensor]:
        """What is learned, and (B,) whether the points found are the best now."""
        length = frames.lengths(step)
        finite = found.energy.isfinite()
        learned = self._remembering(frames, step, found.gradient - best.gradient, finite)
        change = found.energy - best.energy
        flatter = _dot(found.gradient, found.gradient) < _dot(best.gradient, best.gradient)
        better = finite & ((change <= 0) | ((change <= noise) & flatter))
        falls = (_dot(found.gradient, step) < 0) & (length > 0.9 * self.radius)
        longer = torch.where(falls, (2 * self.radius).clamp(max=LARGEST_RADIUS), self.radius)
        radius = torch.where(better, longer, torch.where(finite, length / 2, length / 4))
        return replace(learned, radius=radius), better

    def _remembering(self, frames: Frames, step: Tensor, change: Tensor, finite: Tensor) -> Search:
        curvature = _dot(step, change)
        useful = curvature > LEAST_CURVATURE * norms(step) * norms(change)
        useful &= finite
        inverse = torch.where(useful, 1 / curvature, 0.0)
        softness = _dot(change, _times(frames.inverse, change))
        return Search(
            _appended(self.steps, step, useful),
            _appended(self.changes, change, useful),
            _appended(self.curvatures, inverse, useful),
            torch.where(useful, curvature / softness, self.scale),
            self.radius,
        )

    def _inverse(self, frames: Frames, vector: Tensor) -> Tensor:
        """Of the Hessians that are known by now, times vectors: the two loops of L-BFGS."""
        shares = []
        for k in reversed(range(self.steps.shape[1])):
            share = _dot(self.steps[:, k], vector) * self.curvatures[:, k]
            vector = vector - share[:, None] * self.changes[:, k]
            shares.append(share)
        vector = self.scale[:, None] * _times(frames.inverse, vector)
        for k, share in enumerate(reversed(shares)):
            rest = share - _dot(self.changes[:, k], vector) * self.curvatures[:, k]
            vector = vector + rest[:, None] * self.steps[:, k]
        return vector


def _appended(rows: Tensor, new: Tensor, useful: Tensor) -> Tensor:
    """Rows (B, R, ...) with new ones at their ends where they are useful, of at most MEMORY."""
    longer = torch.cat([rows, new[:, None]], dim=1)
    same = torch.cat([torch.zeros_like(new[:, None]), rows], dim=1)
    return torch.where(_as_wide(useful, same), longer, same)[:, -MEMORY:]


def _as_wide(flags: Tensor, like: Tensor) -> Tensor:
    return flags.reshape(-1, *[1] * (like.ndim - 1))


def _times(matrices: Tensor, vectors: Tensor) -> Tensor:
    return (matrices @ vectors[:, :, None])[:, :, 0]


def _dot(one: Tensor, other: Tensor) -> Tensor:
    return (one * other).sum(dim=1)


def norms(values: Tensor) -> Tensor:
    """(B,) roots of the sums of the squares of (B, ...)."""
    return values.square().flatten(1).sum(dim=1).sqrt()


def _longest(vectors: Tensor) -> Tensor:
    return vectors.square().sum(dim=2).amax(dim=1).sqrt()


def _strains(like: Tensor) -> Tensor:
    return torch.as_tensor(STRAINS).to(like.device, like.dtype)
