"""Cell and atoms that follow forces on a device: neighbours, steps and stopping.

What :class:`~ase_ecn.relaxation.force_course.ForceCourse` does for one crystal, from where it has
begun, is done here for many at once, as tensors. Only where each has ended comes back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ase_ecn.graphs.spheres import SphereBatch, spheres_of_tensors
from ase_ecn.nn.so3.so3_network import SO3Network
from ase_ecn.relaxation.quasi_newton import SMALLEST_RADIUS
from ase_ecn.relaxation.search_ends import Beginning, Ending
from ase_ecn.relaxation.search_tensors import Frames, Points, Search, norms
from ase_ecn.relaxation.stopping import CONVERGED, MAX_TOTAL_STRAIN, OUT_OF_RANGE, STALLED, STEPS

_GOING = 0
_REASONS = (None, CONVERGED, STEPS, STALLED, OUT_OF_RANGE)
_VOIGT = ((0, 5, 4), (5, 1, 3), (4, 3, 2))


def search_on_device(
    beginnings: Sequence[Beginning], network: SO3Network, *, fmax: float, pressure: float
) -> list[Ending]:
    """Where searches end, step after step as courses would take them.

    Parameters
    ----------
    beginnings
        Where they begin, each with its first step still to be taken.
    network
        On its device; what is moved stays in float64.
    fmax, pressure
        As for :class:`~ase_ecn.relaxation.force_course.ForceCourse`.
    """
    frames, best, noise = _on(beginnings, network.device)
    search = Search.fresh(best.gradient)
    ended: list[tuple[Frames, Points, Tensor, int]] = []
    step_count = 0
    while len(frames.index):
        step = search.step(frames, best.gradient)
        moved, strain = frames.displaced(step)
        found = _asked(frames, best.q + moved, best.logarithm + strain, network, pressure)
        search, better = search.judged(frames, best, found, step, noise)
        best = best.where(better, found)
        step_count += 1
        reasons = _reasons(frames, best, search, step_count, fmax)
        done = reasons != _GOING
        if bool(done.any()):
            ended.append((frames.kept(done), best.kept(done), reasons[done], step_count))
            going = ~done
            frames, best, search = frames.kept(going), best.kept(going), search.kept(going)
            noise = noise[going]
    return _endings(ended, beginnings)


def _on(beginnings: Sequence[Beginning], device: torch.device) -> tuple[Frames, Points, Tensor]:
    """What the searches begin with, as padded tensors, and energies (B,) that count as nothing."""
    atoms = max(len(one.free.numbers) for one in beginnings)
    freedoms = max(one.free.basis.shape[1] for one in beginnings)

    def sent(arrays: Sequence[Any], *shape: int) -> Tensor:
        if not shape:
            return torch.as_tensor(np.array(arrays)).to(device)
        padded = np.zeros((len(arrays), *shape), dtype=arrays[0].dtype)
        for k, array in enumerate(arrays):
            there = tuple(slice(length) for length in np.shape(array))
            padded[k][there] = array
        return torch.as_tensor(padded).to(device)

    counts = [len(one.free.numbers) for one in beginnings]
    frames = Frames(
        index=torch.arange(len(beginnings), device=device),
        counts=sent(counts),
        most=sent([one.steps for one in beginnings]),
        numbers=sent([one.free.numbers for one in beginnings], atoms),
        undeformed=sent([one.free.undeformed for one in beginnings], 3, 3),
        to_scaled=sent([np.linalg.inv(one.free.undeformed) for one in beginnings], 3, 3),
        basis=sent([_padded_basis(one, atoms) for one in beginnings], 3 * atoms + 6, freedoms),
        inverse=sent([one.inverse for one in beginnings], freedoms, freedoms),
    )
    points = Points(
        q=sent([one.q for one in beginnings], atoms, 3),
        logarithm=sent([one.logarithm for one in beginnings], 3, 3),
        energy=sent([one.energy for one in beginnings]),
        gradient=sent([one.gradient for one in beginnings], freedoms),
    )
    return frames, points, sent([one.noise for one in beginnings])


def _padded_basis(one: Beginning, atoms: int) -> NDArray[np.float64]:
    """The strains' rows come last, after the atoms that are not there."""
    basis = one.free.basis
    missing = np.zeros((3 * atoms + 6 - len(basis), basis.shape[1]))
    return np.concatenate([basis[:-6], missing, basis[-6:]])


def _asked(
    frames: Frames, q: Tensor, logarithm: Tensor, network: SO3Network, pressure: float
) -> Points:
    """What the network says at other points; of infinite energy where atoms overlap."""
    cells, numbers, scaled = frames.crystals(q, logarithm)
    config = network.architecture
    graph, apart = spheres_of_tensors(
        cells, scaled, numbers, frames.counts, config.cutoff, shortest=config.first_knot
    )
    energies, forces, stress = network.surface_of(_typed(graph, network.dtype))
    volumes = graph.volumes
    outside = pressure * torch.eye(3, dtype=cells.dtype, device=cells.device)
    matrix = stress.double()[:, torch.tensor(_VOIGT, device=stress.device)]
    padded = torch.zeros_like(q)
    padded[frames.numbers > 0] = forces.double()
    virial = volumes[:, None, None] * (matrix + outside)
    energy = torch.where(apart, energies.double() + pressure * volumes, torch.inf)
    return Points(q, logarithm, energy, frames.gradient(logarithm, padded, virial))


def _typed(graph: SphereBatch, dtype: torch.dtype) -> SphereBatch:
    return replace(graph, vector=graph.vector.to(dtype), volumes=graph.volumes.to(dtype))


def _reasons(frames: Frames, best: Points, search: Search, step: int, fmax: float) -> Tensor:
    """(B,) positions in :data:`_REASONS`; what is looked at later counts more."""
    reasons = torch.zeros_like(frames.index)
    for reason, holds in (
        (STALLED, search.radius < SMALLEST_RADIUS),
        (STEPS, frames.most <= step),
        (CONVERGED, frames.largest(best.gradient) < fmax),
        (OUT_OF_RANGE, norms(best.logarithm) > MAX_TOTAL_STRAIN),
    ):
        reasons = reasons.masked_fill(holds, _REASONS.index(reason))
    return reasons


def _endings(
    ended: Sequence[tuple[Frames, Points, Tensor, int]], beginnings: Sequence[Beginning]
) -> list[Ending]:
    endings: dict[int, Ending] = {}
    for frames, points, reasons, steps in ended:
        arrays = [getattr(points, f.name).cpu().numpy() for f in fields(points)]
        columns = (frames.index.tolist(), reasons.tolist())
        for index, reason, q, logarithm, energy, gradient in zip(*columns, *arrays, strict=True):
            one = beginnings[index]
            cause = _REASONS[reason]
            assert cause is not None
            endings[index] = Ending(
                q[: one.free.atoms],
                logarithm,
                float(energy),
                gradient[: one.free.basis.shape[1]],
                steps,
                cause,
            )
    return [endings[k] for k in range(len(beginnings))]
