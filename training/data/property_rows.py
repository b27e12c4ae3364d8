"""Crystals of the Materials Project with DFT's labels and their neighbours, for fits of all.

Formation energies, gaps, Fermi levels, magnetizations and site moments come from several sets; a
label that a set lacks is NaN. Energies become what an :class:`~ase_ecn.nn.so3.so3_ecn.SO3ECN`
learns, as in :mod:`ase_ecn.training.data.labels`. WBM's compositions are in no row to fit to.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ase_ecn.corrections import correction, oxide_kind, reference_energies, reference_energy
from ase_ecn.errors import DatasetError, OptionError
from ase_ecn.graphs.spheres import SphereBatch, sphere
from ase_ecn.properties import FORMATION_ENERGY
from ase_ecn.training.data.cache import cache_folder, cached_dataset
from ase_ecn.training.data.datasets import (
    METALLIC_GAP,
    READERS,
    SPLITS,
    TRAIN_MARK,
    Dataset,
    csv_rows,
    join,
    read_fermi_levels,
    split_by_composition,
)
from ase_ecn.training.data.ecn_data import (
    SITE_MOMENT_ATOMS,
    elements_with_labels,
    nonmagnetic_sites,
)
from ase_ecn.training.data.held_out import WBM, composition_key, held_out_compositions
from ase_ecn.training.data.known_crystals import MOST_ATOMS, further_entries, magnets
from ase_ecn.training.data.labels import LabelledCrystal, PackedLabels, packed_labels

PROPERTY_LABELS = ("band_gap", "metal", "magnetization", "fermi_level", "site_moments")
"""Properties besides the energy that the sets have labels of."""
ABOVE_HULL = "e_above_hull"
"""Name of the column with energies above the hull in eV/atom; not a label to learn."""
_VERSION = 1
_SHORTEST = 0.6  # Å


@dataclass(frozen=True)
class PropertyData:
    """Which of DFT's labels a network is fitted to.

    Attributes
    ----------
    name
        ``mp_20``, the main set.
    entries_max_atoms
        Train on further entries of the Materials Project too, in cells of up to so many atoms:
        energies and gaps beside site moments, and of the release of 2018.
    site_moment_max_atoms
        Largest cells with site moments in training.
    everything
        Train on the validation and test splits too. Held out for scores are then the compositions
        of ``held_out_percent`` of all.
    held_out_percent
        See ``everything``.
    """

    name: str = "mp_20"
    entries_max_atoms: int | None = None
    site_moment_max_atoms: int = SITE_MOMENT_ATOMS
    everything: bool = False
    held_out_percent: int = 3

    def __post_init__(self) -> None:
        if self.name != "mp_20":
            raise OptionError(f"unknown data set {self.name!r}; known is mp_20")
        for atoms in (self.entries_max_atoms or 1, self.site_moment_max_atoms):
            if not 1 <= atoms <= MOST_ATOMS:
                raise OptionError(f"cells of up to {atoms}; allowed are 1 to {MOST_ATOMS} atoms")
        if not 0 <= self.held_out_percent < 100:
            raise OptionError(f"held_out_percent is {self.held_out_percent}; allowed are 0 to 99")

    @property
    def key(self) -> str:
        """Says what the rows to fit to depend on."""
        parts = [str(self.site_moment_max_atoms), str(self.entries_max_atoms or "none")]
        return "-".join([*parts, *(["all", str(self.held_out_percent)] * self.everything)])


@dataclass(frozen=True)
class PropertyRows:
    """G crystals with N atoms, their neighbours and labels.

    Attributes
    ----------
    packed
        The crystals, with energies in eV/atom.
    targets, site_targets
        (G,) and (N,) labels by name of the property, NaN where missing; the energies are those
        that the network learns.
    """

    packed: PackedLabels
    targets: Mapping[str, NDArray[np.float64]]
    site_targets: Mapping[str, NDArray[np.float64]]

    def __len__(self) -> int:
        return len(self.packed)

    def of_main_set(self) -> PropertyRows:
        """The same without the labels of crystals that those with site moments brought along."""
        apart = ~np.isnan(self.targets[ABOVE_HULL])
        targets = {k: np.where(apart, np.nan, v) for k, v in self.targets.items()}
        return replace(self, targets=targets)

    def batch(self, indices: NDArray[np.int64]) -> PropertyBatch:
        """Tensors of some crystals."""
        atoms = self.atoms_of(indices)
        labels = {name: values[indices] for name, values in self.targets.items()}
        labels |= {name: values[atoms] for name, values in self.site_targets.items()}
        return PropertyBatch(
            self.packed.batch(indices).graph,
            {k: torch.as_tensor(v, dtype=torch.float32) for k, v in labels.items()},
        )

    def atoms_of(self, indices: NDArray[np.int64]) -> NDArray[np.int64]:
        """Places of the atoms of some crystals."""
        first = self.packed.atoms
        return np.concatenate([np.arange(first[k], first[k + 1]) for k in indices])


@dataclass(frozen=True)
class PropertyBatch:
    """B crystals with N atoms, and (B,) or (N,) labels by name."""

    graph: SphereBatch
    labels: dict[str, torch.Tensor]

    def to(self, device: str) -> PropertyBatch:
        """Copy to a device."""
        labels = {name: values.to(device) for name, values in self.labels.items()}
        return PropertyBatch(self.graph.to(device), labels)


def load_property_rows(
    data: Path, section: PropertyData, cutoff: float, split: str
) -> PropertyRows:
    """Rows of one split, packed now if they never were.

    Parameters
    ----------
    data
        The data folder.
    section
        Which labels.
    cutoff
        Of the neighbours, Å.
    split
        ``"train"``, ``"val"`` or ``"test"``. Where everything is trained on, ``"val"`` has the
        compositions held out, and there is no ``"test"``.

    Raises
    ------
    OptionError
        If there is no such split.
    """
    if section.everything and split == "test":
        raise OptionError("the configuration says everything, so the test split is trained on too")
    key = f"rows-v{_VERSION}-{split}"
    if split == "train" or section.everything:
        key += f"-{section.key}"
    dataset = cached_dataset(
        f"{key}-{cutoff:g}", lambda: usable(_read(data, section, split), cutoff)
    )
    packed = packed_labels(key, _rows(dataset), cutoff, FORMATION_ENERGY, cache_folder())
    return property_rows(dataset, packed)


def property_rows(dataset: Dataset, packed: PackedLabels) -> PropertyRows:
    """Join the labels of a data set with its packed crystals, whose energies count."""
    if len(packed) != len(dataset):
        raise DatasetError(f"{len(packed)} crystals were packed of {len(dataset)}")
    targets = dict(dataset.targets)
    energies = np.asarray(packed.energy, dtype=np.float64)
    return PropertyRows(packed, {**targets, FORMATION_ENERGY: energies}, dataset.site_targets)


def labelled_in_rows(rows: PropertyRows) -> dict[str, list[int]]:
    """Atomic numbers in the crystals with a label of :data:`PROPERTY_LABELS`, where some lack."""
    targets = {k: v for k, v in rows.targets.items() if k in PROPERTY_LABELS}
    sizes = np.diff(rows.packed.atoms)
    return elements_with_labels(rows.packed.numbers, sizes, targets, rows.site_targets)


def usable(dataset: Dataset, cutoff: float) -> Dataset:
    """Those crystals whose elements have reference energies, and whose atoms have neighbours."""
    known = set(reference_energies())
    kept = []
    for k, crystal in enumerate(dataset.crystals):
        if not known.issuperset(crystal.to_atoms().symbols):
            continue
        found = sphere(crystal.cell, crystal.positions, cutoff)
        lengths = np.linalg.norm(found.vector, axis=1)
        if len(lengths) and lengths.min() >= _SHORTEST:
            kept.append(k)
    return dataset.subset(np.array(kept, dtype=np.int64))


def _rows(dataset: Dataset) -> Iterator[LabelledCrystal]:
    """Crystals with the energies of their calculations, recovered from formation energies."""
    energies = dataset.targets[FORMATION_ENERGY]
    for name, crystal, energy in zip(dataset.ids, dataset.crystals, energies, strict=True):
        if not np.isnan(energy):
            energy -= correction(crystal.numbers, oxide=oxide_kind(crystal))
            energy += reference_energy(crystal.numbers)
        forces, stress = np.full((len(crystal), 3), np.nan), np.full(6, np.nan)
        cell, scaled = crystal.cell, crystal.scaled_positions
        yield LabelledCrystal(crystal.numbers, cell, scaled, float(energy), forces, stress, name)


def _read(data: Path, section: PropertyData, split: str) -> Dataset:
    tested = held_out_compositions(WBM, data)
    if section.everything:
        whole = join(
            [
                *(_mp20(data, part) for part in SPLITS),
                _with_site_labels(data, _up_to(magnets(data), section.site_moment_max_atoms)),
                read_fermi_levels(data),
                *_further(data, section, frozenset()),
            ]
        )
        percent = [zlib.crc32(composition_key(c.numbers)) % 100 for c in whole.crystals]
        held = np.array(percent) < section.held_out_percent
        whole = whole.subset(np.flatnonzero(held == (split == "val")))
    else:
        whole = _published(data, section, split)
    return _without(whole, tested) if split == "train" else whole


def _published(data: Path, section: PropertyData, split: str) -> Dataset:
    """Rows of one split of each set; the training split may have further entries."""
    held_out = held_out_compositions(section.name, data)
    atoms = section.site_moment_max_atoms if split == "train" else SITE_MOMENT_ATOMS
    moments = split_by_composition(_without(_up_to(magnets(data), atoms), held_out))[split]
    parts = [_mp20(data, split), _with_site_labels(data, moments), READERS["fermi"](data, split)]
    if split == "train":
        # What is scored among the crystals with site moments is held out of all sets.
        parts += [split_by_composition(more)["train"] for more in _further(data, section, held_out)]
    return join(parts)


def _mp20(data: Path, split: str) -> Dataset:
    """MP-20, with moments of zero for sites that cannot have another."""
    found = cached_dataset(f"mp_20-{split}", lambda: READERS["mp_20"](data, split))
    if split != "train":
        return found
    numbers = np.concatenate([crystal.numbers for crystal in found.crystals])
    sizes = np.array([len(crystal) for crystal in found.crystals])
    zero = nonmagnetic_sites(numbers, sizes, found.targets["magnetization"])
    return replace(found, site_targets={"site_moments": np.where(zero, 0.0, np.nan)})


def _up_to(dataset: Dataset, largest: int) -> Dataset:
    """Those crystals that have at most so many atoms."""
    sizes = np.array([len(crystal) for crystal in dataset.crystals])
    return dataset.subset(np.flatnonzero(sizes <= largest))


def _further(data: Path, section: PropertyData, held_out: Collection[bytes]) -> list[Dataset]:
    """Entries of the release of 2018: gaps, and energies where those of MP-20's kind are known."""
    if section.entries_max_atoms is None:
        return []
    extra = _up_to(further_entries(data), section.entries_max_atoms)
    extra = _without(extra.subset(np.flatnonzero(extra.targets[TRAIN_MARK] == 0)), held_out)
    known = _table(data / "mp_extra" / "mp_2018_labels_mp2020.csv.gz", "material_id")
    energies = [
        _number(known.get(name), "formation_energy_mp2020_eV_per_atom") for name in extra.ids
    ]
    # Metal or not and the magnetization differ between the releases for many entries.
    gaps = extra.targets["band_gap"]
    return [replace(extra, targets={FORMATION_ENERGY: np.array(energies), "band_gap": gaps})]


def _with_site_labels(data: Path, moments: Dataset) -> Dataset:
    """Add energies and gaps to crystals with site moments."""
    path = data / "magnetism" / "mp_site_magmoms_labels_mp2020.csv.gz"
    known = _table(path, "site_magmom_id")
    rows = [known.get(name) for name in moments.ids]
    energies = [_number(row, "formation_energy_mp2020_eV_per_atom") for row in rows]
    gaps = np.array([_number(row, "band_gap_pbe_matbench2019_eV") for row in rows])
    later = np.array([_number(row, "band_gap_pbe_mp2023_eV") for row in rows])
    gaps = np.where(np.isnan(later), gaps, later)
    above = [_number(row, "e_above_hull_mp2024_eV_per_atom") for row in rows]
    metal = np.where(np.isnan(gaps), np.nan, (gaps < METALLIC_GAP).astype(float))
    targets = {
        FORMATION_ENERGY: np.array(energies),
        "band_gap": gaps,
        "metal": metal,
        ABOVE_HULL: np.array(above),
    }
    return replace(moments, targets=targets)


def _without(dataset: Dataset, compositions: Collection[bytes]) -> Dataset:
    """Leave out some compositions."""
    taken = [composition_key(c.numbers) in compositions for c in dataset.crystals]
    return dataset.subset(np.flatnonzero(~np.array(taken, dtype=np.bool_)))


def _table(path: Path, key: str) -> dict[str, dict[str, str]]:
    return {row[key]: row for row in csv_rows(path)}


def _number(row: Mapping[str, str] | None, name: str) -> float:
    text = "" if row is None else row[name]
    return float(text) if text else float("nan")
