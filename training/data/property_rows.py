"""Crystals of the Materials Project with DFT's labels and their neighbours, for fits of all.

Formation energies, gaps, Fermi levels, magnetizations and site moments come from several sets; a
label that a set lacks is NaN. Energies become what an :class:`~ase_ecn.nn.so3.so3_ecn.SO3ECN`
learns, as in :mod:`ase_ecn.training.data.labels`. WBM's compositions are in no row to fit to.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ase_ecn.corrections import correction, oxide_kind, reference_energies, reference_energy
from ase_ecn.errors import DatasetError, OptionError
from ase_ecn.graphs.spheres import SphereBatch, sphere
from ase_ecn.properties import FORMATION_ENERGY
from ase_ecn.training.data.audited_labels import AuditedLabel, read_audited, without_audited
from ase_ecn.training.data.cache import cache_folder, cached_dataset
from ase_ecn.training.data.datasets import (
    READERS,
    SPLITS,
    Dataset,
    join,
    read_fermi_levels,
    split_by_composition,
)
from ase_ecn.training.data.dft_labels import (
    ABOVE_HULL,
    hse_gaps,
    mp20,
    new_entries,
    up_to,
    with_site_labels,
    without,
)
from ase_ecn.training.data.ecn_data import SITE_MOMENT_ATOMS, elements_with_labels
from ase_ecn.training.data.held_out import WBM, composition_key, held_out_compositions
from ase_ecn.training.data.known_crystals import MOST_ATOMS, magnets
from ase_ecn.training.data.labels import LabelledCrystal, PackedLabels, packed_labels

PROPERTY_LABELS = (
    "band_gap",
    "band_gap_hse",
    "metal",
    "magnetization",
    "fermi_level",
    "site_moments",
)
"""Properties besides the energy that the sets have labels of."""
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
    audited
        Train without the labels that something contradicts, those of
        :mod:`ase_ecn.training.data.audited_labels`.
    """

    name: str = "mp_20"
    entries_max_atoms: int | None = None
    site_moment_max_atoms: int = SITE_MOMENT_ATOMS
    everything: bool = False
    held_out_percent: int = 3
    audited: bool = False

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
    ids
        Of the crystals.
    """

    packed: PackedLabels
    targets: Mapping[str, NDArray[np.float64]]
    site_targets: Mapping[str, NDArray[np.float64]]
    ids: Sequence[str]

    def __len__(self) -> int:
        return len(self.packed)

    def of_main_set(self) -> PropertyRows:
        """The same without the labels of crystals that those with site moments brought along."""
        apart = ~np.isnan(self.targets[ABOVE_HULL])
        targets = {k: np.where(apart, np.nan, v) for k, v in self.targets.items()}
        return replace(self, targets=targets)

    def without_audited(self, audited: Sequence[AuditedLabel] | None = None) -> PropertyRows:
        """The same without the labels of a list; by default the one for the public sets."""
        audited = read_audited() if audited is None else audited
        targets, whole = without_audited(self.targets, self.ids, audited)
        learned = (FORMATION_ENERGY, *PROPERTY_LABELS)
        targets = {k: np.where(whole & (k in learned), np.nan, v) for k, v in targets.items()}
        atoms = np.repeat(whole, np.diff(self.packed.atoms))
        sites = {k: np.where(atoms, np.nan, v) for k, v in self.site_targets.items()}
        return replace(self, targets=targets, site_targets=sites)

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
    gaps = hse_gaps(data, dataset.ids)
    if gaps is not None:  # by id, so what was packed without them stays valid
        dataset = replace(dataset, targets={**dataset.targets, "band_gap_hse": gaps})
    rows = property_rows(dataset, packed)
    return rows.without_audited() if section.audited and split == "train" else rows


def property_rows(dataset: Dataset, packed: PackedLabels) -> PropertyRows:
    """Join the labels of a data set with its packed crystals, whose energies count."""
    if len(packed) != len(dataset):
        raise DatasetError(f"{len(packed)} crystals were packed of {len(dataset)}")
    targets = dict(dataset.targets)
    energies = np.asarray(packed.energy, dtype=np.float64)
    targets[FORMATION_ENERGY] = energies
    return PropertyRows(packed, targets, dataset.site_targets, dataset.ids)


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
                *(mp20(data, part) for part in SPLITS),
                with_site_labels(data, up_to(magnets(data), section.site_moment_max_atoms)),
                read_fermi_levels(data),
                *_further(data, section, frozenset()),
            ]
        )
        percent = [zlib.crc32(composition_key(c.numbers)) % 100 for c in whole.crystals]
        held = np.array(percent) < section.held_out_percent
        whole = whole.subset(np.flatnonzero(held == (split == "val")))
    else:
        whole = _published(data, section, split)
    return without(whole, tested) if split == "train" else whole


def _published(data: Path, section: PropertyData, split: str) -> Dataset:
    """Rows of one split of each set; the training split may have further entries."""
    held_out = held_out_compositions(section.name, data)
    atoms = section.site_moment_max_atoms if split == "train" else SITE_MOMENT_ATOMS
    moments = split_by_composition(without(up_to(magnets(data), atoms), held_out))[split]
    parts = [mp20(data, split), with_site_labels(data, moments), READERS["fermi"](data, split)]
    if split == "train":
        # What is scored among the crystals with site moments is held out of all sets.
        parts += [split_by_composition(more)["train"] for more in _further(data, section, held_out)]
    return join(parts)


def _further(data: Path, section: PropertyData, held_out: Collection[bytes]) -> list[Dataset]:
    """Entries of the release of 2018, where they are wanted."""
    if section.entries_max_atoms is None:
        return []
    return [without(up_to(new_entries(data), section.entries_max_atoms), held_out)]
