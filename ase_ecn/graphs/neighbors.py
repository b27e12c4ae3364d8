"""The k nearest neighbours of each atom with whole shells, in batches.

On a processor the search is a loop in C (``geometry/_shells.c``); tensors do the same on a GPU, and
where there was no compiler for it.

Cutting a shell of equal distances at exactly k would keep 8 of the 12 neighbours in fcc and
break the crystal's symmetry. Here every atom that is as far as the k-th is a neighbour too.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ase_ecn.crystal import Crystal
from ase_ecn.errors import OptionError
from ase_ecn.geometry.pairs import can_find_shells, nearest_in_shells, pairs_within
from ase_ecn.geometry.reduction import ReducedCell
from ase_ecn.graphs.far_atoms import nearest_of_atom

SHELL_TOLERANCE = 0.01
"""Å. Neighbours that are further than the k-th by less than this belong to its shell."""
_BRUTE_FORCE_DISTANCES = 200_000
_LARGEST_ATOMIC_VOLUME = 200.0  # Å³
_WIDER = 1.25
"""Factor by which a radius grows that was too small, as in ``_shells.c``."""
_FEW = 16
"""Atoms of a crystal whose neighbours are found for each alone if those of the others are known."""
_Edges: TypeAlias = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]


@dataclass(frozen=True)
class Neighbors:
    """Directed edges ``source -> target`` of a batch.

    Attributes
    ----------
    source, target
        (E,) atom indices within the batch.
    image
        (E, 3) lattice translation of the target in units of the input cell's vectors.
    """

    source: Tensor
    target: Tensor
    image: Tensor


def nearest_shells(
    crystals: Sequence[Crystal], k: int, device: torch.device | str = "cpu"
) -> Neighbors:
    """Find at least the ``k`` nearest neighbours of each atom, in whole shells.

    Parameters
    ----------
    crystals
        B crystals in any cells.
    k
        Number of neighbours, not counting the rest of the last shell.
    device
        Where to search, and of the result.

    Returns
    -------
    Neighbors
        Ordered by source; atoms are numbered crystal after crystal.

    Raises
    ------
    OptionError
        If ``k`` is below 1.
    """
    if k < 1:
        raise OptionError(f"the number of neighbours must be at least 1, got {k}")
    if torch.device(device).type == "cpu" and can_find_shells():
        return Neighbors(*map(torch.as_tensor, _shells_in_c(crystals, k)))
    reduced = [crystal.reduced for crystal in crystals]
    if len(reduced) == 1:
        found = _shells_of_one(reduced[0], k)
        return Neighbors(*(torch.as_tensor(part, device=device) for part in found))
    source, target, image = _shells_of_many(reduced, k, torch.device(device))
    crystal = torch.repeat_interleave(
        torch.arange(len(reduced), device=device),
        torch.tensor([len(r.scaled) for r in reduced], device=device),
    )
    offset = torch.as_tensor(np.concatenate([r.offsets for r in reduced]), device=device)
    transform = torch.as_tensor(np.stack([r.transform for r in reduced]), device=device)
    image = image - (offset[target] - offset[source])
    image = torch.einsum("ei,eij->ej", image, transform[crystal[source]])
    return Neighbors(source, target, image)


def _shells_in_c(crystals: Sequence[Crystal], k: int) -> _Edges:
    """Source, target and image of the edges of crystals, a few of which are looked at closer."""
    sizes = np.array([len(crystal) for crystal in crystals])
    volumes = np.array([crystal.volume for crystal in crystals])
    radii = _radius_of_sphere(volumes / sizes, k)
    counts, target, image, finished = nearest_in_shells(
        np.stack([crystal.cell for crystal in crystals]),
        np.concatenate([crystal.positions for crystal in crystals]),
        sizes,
        radii,
        k,
        SHELL_TOLERANCE,
        threads=torch.get_num_threads(),
    )
    source = np.repeat(np.arange(len(counts)), counts)
    if finished.all():
        return source, target, image
    first = np.cumsum(sizes) - sizes
    parts = [(source, target, image)]
    for crystal in np.flatnonzero(~finished).tolist():
        reduced = crystals[crystal].reduced
        edges = _wrapped_shells_of_one(reduced, k, _WIDER * float(radii[crystal]))
        images = reduced.original_images(*edges)
        parts.append((edges[0] + first[crystal], edges[1] + first[crystal], images))
    source, target, image = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.argsort(source, kind="stable")
    return source[order], target[order], image[order]


def _shells_of_many(
    reduced: Sequence[ReducedCell], k: int, device: torch.device
) -> tuple[Tensor, Tensor, Tensor]:
    """Source, target and image, between wrapped atoms, of the edges of crystals."""
    cells = torch.as_tensor(np.stack([r.cell for r in reduced]), device=device)
    scaled = torch.as_tensor(np.concatenate([r.scaled for r in reduced]), device=device)
    atom_counts = torch.tensor([len(r.scaled) for r in reduced], device=device)
    known, complete = shells_of_tensors(cells, scaled, atom_counts, k)
    edges = known.source, known.target, known.image
    rest = torch.nonzero(~complete)[:, 0].tolist()
    if not rest:
        return edges
    first = np.cumsum([0, *(len(r.scaled) for r in reduced)])
    radius = _initial_radius(cells, atom_counts, k)
    parts = [edges]
    for crystal in rest:
        found = _wrapped_shells_of_one(reduced[crystal], k, _WIDER * float(radius[crystal]))
        source, target, image = (torch.as_tensor(part, device=device) for part in found)
        parts.append((source + first[crystal], target + first[crystal], image))
    source, target, image = (torch.cat(column) for column in zip(*parts, strict=True))
    order = torch.argsort(source, stable=True)
    return source[order], target[order], image[order]


def shells_of_tensors(
    cells: Tensor, scaled: Tensor, atom_counts: Tensor, k: int
) -> tuple[Neighbors, Tensor]:
    """Find neighbours as :func:`nearest_shells`, of crystals that are on a device already.

    Parameters
    ----------
    cells
        (B, 3, 3) lattices in Å, rows; the further from reduced, the more images are looked at.
    scaled
        (N, 3) fractional coordinates from 0 to 1.
    atom_counts
        (B,) atoms of each crystal.
    k
        Number of neighbours, not counting the rest of the last shell.

    Returns
    -------
    neighbors, complete
        Edges, and (B,) whether a crystal has all of its own. Else it has none: some of its atoms
        are far from all others.
    """
    radius = _initial_radius(cells, atom_counts, k)
    everything = torch.arange(len(cells), device=cells.device)
    edges, complete = _search(cells, scaled, atom_counts, everything, radius, k)
    return Neighbors(*edges), complete


def _shells_of_one(reduced: ReducedCell, k: int) -> _Edges:
    """Source, target and image of the edges of one crystal; without tensors, which are slower."""
    radius = float(_radius_of_sphere(abs(np.linalg.det(reduced.cell)) / len(reduced.scaled), k))
    source, target, image = _wrapped_shells_of_one(reduced, k, radius)
    return source, target, reduced.original_images(source, target, image)


def _wrapped_shells_of_one(reduced: ReducedCell, k: int, radius: float) -> _Edges:
    """The same between wrapped atoms, from a first radius on."""
    atoms = len(reduced.scaled)
    while True:
        pairs = pairs_within(reduced.cell, reduced.scaled, radius)
        distance = np.sqrt((pairs.vector * pairs.vector).sum(axis=1))
        counts = np.bincount(pairs.source, minlength=atoms)
        order = np.lexsort((distance, pairs.source))
        shell = np.full(atoms, np.inf)
        enough = counts >= k
        kth = (np.cumsum(counts) - counts + k - 1)[enough]
        shell[enough] = distance[order[kth]] + SHELL_TOLERANCE
        far = np.flatnonzero(shell >= radius)
        if len(far) <= min(_FEW, atoms // 2):
            break
        radius *= _WIDER
    shell[far] = 0.0
    kept = order[distance[order] <= shell[pairs.source[order]]]
    edges = pairs.source[kept], pairs.target[kept], pairs.image[kept]
    return _with_far_atoms(edges, reduced, far, k) if len(far) else edges


def _with_far_atoms(edges: _Edges, reduced: ReducedCell, far: NDArray[np.int64], k: int) -> _Edges:
    """Add the edges of atoms that are further from others than the rest."""
    parts = [edges]
    for atom in far.tolist():
        target, image, _ = nearest_of_atom(reduced.cell, reduced.scaled, atom, k, SHELL_TOLERANCE)
        parts.append((np.full(len(target), atom), target, image))
    source, target, image = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.argsort(source, kind="stable")
    return source[order], target[order], image[order]


def _initial_radius(cells: Tensor, atom_counts: Tensor, k: int) -> Tensor:
    """Radius of a sphere that holds somewhat more than k atoms at the crystal's density."""
    radius: Tensor = _radius_of_sphere(torch.linalg.det(cells).abs() / atom_counts, k)
    return radius


def _radius_of_sphere(volume_per_atom: Any, k: int) -> Any:
    # Vacuum makes the volume of an atom larger, but not its distances to its neighbours.
    volume_per_atom = volume_per_atom.clip(max=_LARGEST_ATOMIC_VOLUME)
    return (1.6 * (k + 1) * volume_per_atom * 3 / (4 * math.pi)) ** (1 / 3)


def _search(
    cells: Tensor,
    scaled: Tensor,
    atom_counts: Tensor,
    crystals: Tensor,
    radius: Tensor,
    k: int,
) -> tuple[tuple[Tensor, Tensor, Tensor], Tensor]:
    """Edges of the given crystals whose atoms all see whole shells within the radius.

    Returns (source, target, image) of the complete crystals and which crystals are complete.
    """
    first = torch.cumsum(atom_counts, 0) - atom_counts
    pairs = pairs_of_tensors(cells, scaled, atom_counts, crystals, radius)
    source, target, image, owner, distance = pairs

    order = torch.argsort(distance, stable=True)
    order = order[torch.argsort(source[order], stable=True)]
    source, target, image = source[order], target[order], image[order]
    owner, distance = owner[order], distance[order]
    counts = torch.bincount(source, minlength=len(scaled))
    begin = torch.cumsum(counts, 0) - counts
    kth = torch.full((len(scaled),), torch.inf, dtype=distance.dtype, device=distance.device)
    enough = counts >= k
    kth[enough] = distance[begin[enough] + k - 1]
    shell = kth + SHELL_TOLERANCE

    atom_owner = torch.full_like(counts, -1)
    sizes = atom_counts[crystals]
    atoms = _expand(first[crystals], sizes)
    atom_owner[atoms] = torch.repeat_interleave(
        torch.arange(len(crystals), device=sizes.device), sizes
    )
    complete = torch.ones(len(crystals), dtype=torch.bool, device=sizes.device)
    short = atoms[shell[atoms] >= radius[atom_owner[atoms]]]
    complete[atom_owner[short]] = False
    keep = complete[owner] & (distance <= shell[source])
    return (source[keep], target[keep], image[keep]), complete


def pairs_of_tensors(
    cells: Tensor, scaled: Tensor, atom_counts: Tensor, crystals: Tensor, radius: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """All pairs of atoms that are nearer to each other than a radius.

    Parameters
    ----------
    cells, scaled, atom_counts
        As for :func:`shells_of_tensors`.
    crystals
        (C,) those in which pairs are looked for.
    radius
        (C,) in Å.

    Returns
    -------
    source, target, image, owner, distance
        (P,) atoms of all crystals, (P, 3) images of the targets, (P,) positions among the C
        crystals, and (P,) in Å. In no order.
    """
    first = torch.cumsum(atom_counts, 0) - atom_counts
    heights = 1.0 / torch.linalg.inv(cells[crystals]).norm(dim=1)
    reach = torch.ceil(radius[:, None] / heights).to(torch.int64)
    parts = []
    # Crystals that need the same range of images are handled together.
    for extent in torch.unique(reach, dim=0):
        members = torch.nonzero((reach == extent).all(dim=1)).squeeze(1)
        distances = atom_counts[crystals[members]] ** 2 * (2 * extent + 1).prod()
        large = distances > _BRUTE_FORCE_DISTANCES
        parts += [
            _pairs_of_one(cells, scaled, atom_counts, first, crystals, radius, k)
            for k in members[large].tolist()
        ]
        members = members[~large]
        if not len(members):
            continue
        grid = itertools.product(*(range(-int(n), int(n) + 1) for n in extent.tolist()))
        images = torch.tensor(list(grid), device=cells.device, dtype=torch.int64)
        group = crystals[members]
        sizes = atom_counts[group]
        row = torch.repeat_interleave(torch.arange(len(group), device=cells.device), sizes)
        per_atom = sizes[row]
        source = torch.repeat_interleave(_expand(first[group], sizes), per_atom)
        target = _expand(first[group][row], per_atom)
        row = torch.repeat_interleave(row, per_atom)
        fraction = scaled[target] - scaled[source]
        vector = (fraction[:, :, None] * cells[group[row]]).sum(dim=1)
        shifts = images.to(cells.dtype) @ cells[group]
        squared = torch.zeros((len(source), len(images)), dtype=cells.dtype, device=cells.device)
        for axis in range(3):
            squared += (vector[:, axis, None] + shifts[row, :, axis]) ** 2
        limit = radius[members][row, None] ** 2
        itself = (source == target)[:, None] & (images == 0).all(dim=1)
        pair, k = torch.nonzero((squared < limit) & ~itself, as_tuple=True)
        parts.append(
            (source[pair], target[pair], images[k], members[row[pair]], squared[pair, k].sqrt())
        )
    source, target, image, owner, distance = (torch.cat(c) for c in zip(*parts, strict=True))
    return source, target, image, owner, distance


def _pairs_of_one(
    cells: Tensor,
    scaled: Tensor,
    atom_counts: Tensor,
    first: Tensor,
    crystals: Tensor,
    radius: Tensor,
    k: int,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """The same for the k-th crystal alone, by a tree: linear in its atoms."""
    crystal = int(crystals[k])
    begin = int(first[crystal])
    atoms = scaled[begin : begin + int(atom_counts[crystal])].cpu().numpy()
    pairs = pairs_within(cells[crystal].cpu().numpy(), atoms, float(radius[k]))
    device = cells.device
    source = torch.as_tensor(pairs.source, device=device) + begin
    return (
        source,
        torch.as_tensor(pairs.target, device=device) + begin,
        torch.as_tensor(pairs.image, device=device),
        torch.full_like(source, k),
        torch.as_tensor(pairs.vector, device=device).norm(dim=1),
    )


def _expand(starts: Tensor, counts: Tensor) -> Tensor:
    """Concatenate the ranges ``starts[i] ... starts[i] + counts[i] - 1``."""
    ends = torch.cumsum(counts, 0)
    total = int(ends[-1]) if len(ends) else 0
    base = torch.repeat_interleave(starts - (ends - counts), counts)
    return base + torch.arange(total, device=starts.device)
