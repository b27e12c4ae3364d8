"""Is a crystal like those that a network was trained on?

A few numbers that a graph of a crystal tells at once are compared with their range in the training
data, and the stated uncertainty with that of validation crystals; the card of a checkpoint has the
ranges. What is outside may still be predicted well, and what is inside may not; but errors outside
are larger on average, and nobody measured them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from ase.data import chemical_symbols, covalent_radii
from numpy.typing import NDArray

from ase_ecn.crystal import Crystal
from ase_ecn.geometry.inspection import widest_layer
from ase_ecn.graphs.batch import PackedGraphs
from ase_ecn.graphs.lattice import LatticeBatch
from ase_ecn.graphs.spheres import SphereArrays, SphereBatch

VACUUM = "vacuum"
DESCRIPTIONS = {
    "packing": "volume of the atoms' covalent spheres per volume of the cell",
    "shortest_bond": "shortest bond in units of the sum of both covalent radii",
    "longest_bond": "longest bond, in Å",
    VACUUM: "width in Å of the widest layer without an atom",
    "formation_energy_std": "stated uncertainty, in eV/atom",
}

_OLD_NAMES = {"gap": VACUUM}
"""What some cards call a feature, which has another name now."""
_LARGE_FACE = 0.01
"""Share of the Voronoi surface of an atom above which a bond counts as one."""


@dataclass(frozen=True)
class _Edges:
    """G crystals with N atoms and E bonds, as arrays."""

    numbers: NDArray[np.int64]
    crystal_of_atom: NDArray[np.int64]
    volumes: NDArray[np.float64]
    source: NDArray[np.int64]
    target: NDArray[np.int64] | NDArray[np.int32]
    distance: NDArray[np.float64]
    large: NDArray[np.bool_] | None
    """Bonds whose length counts; ``None`` where none does."""


def bond_domain_features(graphs: PackedGraphs) -> dict[str, NDArray[np.float64]]:
    """Numbers by which crystals are compared with the training data of an ECN.

    Returns
    -------
    dict
        (G,) each. ``packing``: volume of the atoms' covalent spheres per volume of the cell.
        ``shortest_bond``: in units of the sum of both covalent radii. ``longest_bond``: in Å, of
        the bonds through faces of at least 1 % of an atom's Voronoi surface; it is long across
        the vacuum around a slab or a molecule in a box.
    """
    atoms = np.diff(graphs.atom_offsets)
    shift = np.repeat(graphs.atom_offsets[:-1], np.diff(graphs.bond_offsets))
    return _features(
        _Edges(
            graphs.numbers.astype(np.int64),
            np.repeat(np.arange(len(graphs)), atoms),
            np.abs(np.linalg.det(graphs.cells)),
            graphs.source + shift,
            graphs.target + shift,
            np.linalg.norm(graphs.vector, axis=1),
            graphs.face_share >= _LARGE_FACE,
        )
    )


def sphere_domain_features(batch: SphereBatch) -> dict[str, NDArray[np.float64]]:
    """As :func:`sphere_arrays_domain_features`, of tensors."""
    return sphere_arrays_domain_features(
        SphereArrays(
            batch.numbers.cpu().numpy(),
            batch.row.cpu().numpy(),
            batch.neighbor.cpu().numpy(),
            batch.vector.double().cpu().numpy(),
            batch.atom_counts.cpu().numpy(),
            batch.volumes.double().cpu().numpy(),
        )
    )


def sphere_arrays_domain_features(arrays: SphereArrays) -> dict[str, NDArray[np.float64]]:
    """``packing`` and ``shortest_bond`` of B crystals, (B,) each; infinite without neighbours.

    Parameters
    ----------
    arrays
        All neighbours within a cutoff.
    """
    features = _features(
        _Edges(
            arrays.numbers,
            arrays.crystal_of_atom,
            arrays.volumes,
            arrays.atom_of_bond,
            arrays.neighbor,
            np.sqrt(arrays.squared),
            None,
        )
    )
    return {name: features[name] for name in ("packing", "shortest_bond")}


def lattice_domain_features(
    batch: LatticeBatch, crystals: Sequence[Crystal]
) -> dict[str, NDArray[np.float64]]:
    """As :func:`bond_domain_features`, for an EMPNN: of bonds to the nearest whole shells.

    Parameters
    ----------
    batch
        Of the crystals, whose lattice vectors should be reduced.
    crystals
        Of which the fractional coordinates are used.

    Returns
    -------
    dict
        Also ``vacuum``: width in Å of the widest layer, parallel to a face of the cell, without an
        atom's centre. A surface atom may have all of its nearest neighbours in the slab.
    """
    cells = batch.cells.double().cpu().numpy()
    crystal_of_edge = batch.crystal_of_edge.cpu().numpy()
    vectors = np.einsum("ei,eij->ej", batch.fraction.double().cpu().numpy(), cells[crystal_of_edge])
    source = batch.source.cpu().numpy()
    crystal_of_atom = np.zeros(len(batch.numbers), dtype=np.int64)
    crystal_of_atom[source] = crystal_of_edge  # every atom has neighbours
    features = _features(
        _Edges(
            batch.numbers.cpu().numpy(),
            crystal_of_atom,
            np.abs(np.linalg.det(cells)),
            source,
            batch.target.cpu().numpy(),
            np.linalg.norm(vectors, axis=1),
            np.ones(len(source), dtype=bool),
        )
    )
    vacuum = [
        widest_layer(cell, c.scaled_positions) for c, cell in zip(crystals, cells, strict=True)
    ]
    return {**features, VACUUM: np.array(vacuum)}


def vacuum_widths(crystals: Sequence[Crystal]) -> NDArray[np.float64]:
    """Width in Å of the widest layer without an atom's centre, (G,), parallel to cell faces."""
    return np.array([widest_layer(c.reduced.cell, c.reduced.scaled) for c in crystals])


def _features(edges: _Edges) -> dict[str, NDArray[np.float64]]:
    radii = covalent_radii[edges.numbers]
    count = len(edges.volumes)
    spheres = np.bincount(edges.crystal_of_atom, 4 / 3 * np.pi * radii**3, count)
    crystal_of_bond = edges.crystal_of_atom[edges.source]
    shortest = np.full(count, np.inf)
    relative = edges.distance / (radii[edges.source] + radii[edges.target])
    np.minimum.at(shortest, crystal_of_bond, relative)
    found = {"packing": spheres / edges.volumes, "shortest_bond": shortest}
    if edges.large is not None:
        longest = found["longest_bond"] = np.zeros(count)
        np.maximum.at(longest, crystal_of_bond[edges.large], edges.distance[edges.large])
    return found


@dataclass(frozen=True)
class Domain:
    """What a network was trained on.

    Attributes
    ----------
    ranges
        Smallest and largest usual value of the features and uncertainty, by name.
    rare_elements
        Atomic numbers that few training crystals contain.
    """

    ranges: Mapping[str, tuple[float, float]]
    rare_elements: frozenset[int]

    @classmethod
    def from_card(cls, content: Mapping[str, Any]) -> Domain:
        """Read the entry ``domain`` of a card; without one nothing is outside."""
        entry = content.get("domain", {})
        found = {_OLD_NAMES.get(name, name): v for name, v in entry.get("ranges", {}).items()}
        known = {name: found[name] for name in DESCRIPTIONS if name in found}
        ranges = {name: (float(low), float(high)) for name, (low, high) in known.items()}
        return cls(ranges, frozenset(int(z) for z in entry.get("rare_elements", [])))

    def outside(self, numbers: NDArray[np.int64], features: Mapping[str, float]) -> tuple[str, ...]:
        """Say what is unusual about a crystal, a phrase for each thing; empty if nothing is.

        Parameters
        ----------
        numbers
            (N,) atomic numbers.
        features
            Of this crystal.
        """
        reasons = []
        rare = sorted(self.rare_elements & set(numbers.tolist()))
        if rare:
            names = ", ".join(chemical_symbols[z] for z in rare)
            reasons.append(f"few training crystals contain {names}")
        for name, (low, high) in self.ranges.items():
            if name in features and not low <= features[name] <= high:
                reasons.append(
                    f"{name} ({DESCRIPTIONS[name]}) is {features[name]:.3g}, "
                    f"usually {low:.3g} to {high:.3g}"
                )
        return tuple(reasons)
