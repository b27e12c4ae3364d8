"""The cleaning of the Materials Project (section 8 and appendix A.6 of the ECN paper).

Entries of one primitive formula and space group count as one material; what is too large, not
three-dimensional or has atoms without bonds is left out; and the rest is split so that no
composition and space group occurs in two parts.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from ase.geometry.dimensionality.rank_determination import RDA
from ase.neighborlist import natural_cutoffs, neighbor_list
from numpy.typing import NDArray

from ase_ecn.crystal import Crystal
from ase_ecn.errors import DatasetError
from ase_ecn.graphs.voronoi import voronoi_bonds
from ase_ecn.training.data.datasets import Dataset
from ase_ecn.training.data.splits import (
    Material,
    grouped_split,
    in_parallel,
    materials,
)

logger = logging.getLogger(__name__)

MAX_SITES = 50
"""Crystals with more atoms in the primitive cell are left out, as in the paper."""
BOND_REACH = 1.25
"""Atoms within this multiple of the sum of their covalent radii hold a crystal together."""
STAGES = {
    "a": "all entries",
    "b": "no duplicates",
    "c": f"at most {MAX_SITES} atoms",
    "d": "three-dimensional",
    "e": "valid graphs",
    "f": "insulators",
}
"""The requirement that each stage of table 4 adds."""


@dataclass(frozen=True)
class CleanedData:
    """The cleaned data (stage e of table 4).

    Attributes
    ----------
    dataset
        G crystals with their labels.
    materials
        The material of each of them.
    degrees
        (N,) number of bonds of each atom of all primitive cells, in order.
    counts
        Number of entries after each stage, ``"a"`` to ``"f"`` of table 4.
    """

    dataset: Dataset
    materials: list[Material]
    degrees: NDArray[np.int64]
    counts: dict[str, int]

    @property
    def insulators(self) -> NDArray[np.bool_]:
        """(G,) whether a crystal is known not to be a metal (stage f)."""
        return np.asarray(self.dataset.targets["metal"] == 0)


def dimensionality(crystal: Crystal) -> int:
    """Dimensionality of the largest bonded part of a crystal, 0 to 3.

    Atoms are bonded within 1.25 times the sum of their covalent radii, which lies between the
    longest metallic bond that was looked at (in fcc lead, 1.2) and the narrowest van der Waals gap
    (in Bi2Te3, 1.3). The rank of the bonded components is ASE's; its score over all reaches
    (``analyze_dimensionality``) calls hcp magnesium and fcc aluminium molecular.
    """
    atoms = crystal.to_atoms()
    cutoffs = natural_cutoffs(atoms, mult=BOND_REACH)
    components = RDA(len(atoms))
    for i, j, image in zip(
        *(x.tolist() for x in neighbor_list("ijS", atoms, cutoffs)), strict=True
    ):
        if i <= j:  # the other direction says nothing new
            components.insert_bond(i, j, tuple(image))
    counts = components.check()
    return max(d for d in range(4) if counts[d])


def degrees(crystal: Crystal) -> NDArray[np.int64]:
    """(N,) number of bonds of each atom of the primitive cell, in the paper's ``cordero`` mode."""
    primitive = crystal.primitive.crystal
    bonds = voronoi_bonds(primitive, "cordero")
    return np.bincount(bonds.source, minlength=len(primitive)).astype(np.int64)


def clean(dataset: Dataset, processes: int | None = None) -> CleanedData:
    """Apply the stages of table 4.

    Parameters
    ----------
    dataset
        With targets ``formation_energy``, which decides between duplicates, and ``metal``.
    processes
        Number of processes; ``None`` for all processors. The result is the same for any.

    Returns
    -------
    CleanedData
        Stage (e), in the order of the input, with the counts of all stages.

    Raises
    ------
    DatasetError
        If a target is missing or nothing is left.
    """
    for name in ("formation_energy", "metal"):
        if name not in dataset.targets:
            raise DatasetError(
                f"cleaning needs the target {name!r}; {dataset.name} has "
                f"{', '.join(dataset.targets) or 'none'}"
            )
    found = materials(dataset, processes)
    counts: dict[str, int] = {}

    def note(stage: str, entries: int) -> None:
        counts[stage] = entries
        logger.info("(%s) %s: %d entries", stage, STAGES[stage], entries)

    note("a", len(dataset))

    kept = _lowest_in_energy(found, dataset.targets["formation_energy"])
    note("b", len(kept))

    kept = kept[np.array([found[i].sites for i in kept], dtype=np.int64) <= MAX_SITES]
    note("c", len(kept))

    ranks = in_parallel(dimensionality, [dataset.crystals[i] for i in kept], processes)
    kept = kept[np.array(ranks, dtype=np.int64) == 3]
    note("d", len(kept))

    bonds = in_parallel(degrees, [dataset.crystals[i] for i in kept], processes)
    valid = np.array([bool(d.all()) for d in bonds], dtype=np.bool_)
    kept = kept[valid]
    note("e", len(kept))
    if not len(kept):
        raise DatasetError(f"the cleaning leaves nothing of {dataset.name}: {counts}")

    cleaned = CleanedData(
        dataset.subset(kept),
        [found[i] for i in kept],
        np.concatenate([d for d, good in zip(bonds, valid, strict=True) if good]),
        counts,
    )
    note("f", int(cleaned.insulators.sum()))
    return cleaned


def _lowest_in_energy(found: Sequence[Material], energy: NDArray[np.float64]) -> NDArray[np.int64]:
    """The entry of lowest energy for each primitive formula and space group; the first of equals.

    An entry without an energy is kept only where no other has one.
    """
    best: dict[tuple[str, int], int] = {}
    known = np.where(np.isnan(energy), np.inf, energy)
    for i, entry in enumerate(found):
        key = (entry.formula, entry.space_group)
        if key not in best or known[i] < known[best[key]]:
            best[key] = i
    return np.array(sorted(best.values()), dtype=np.int64)


def split_materials(cleaned: CleanedData, seed: int = 0) -> dict[str, NDArray[np.int64]]:
    """Split 80/10/10; all entries of one composition and space group fall into the same part.

    Returns
    -------
    dict
        Indices into ``cleaned.dataset`` of ``"train"``, ``"val"`` and ``"test"``.
    """
    return grouped_split([m.group for m in cleaned.materials], seed)
