"""The Materials Project's crystals of at most 20 atoms with labels of DFT, set by set."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from ase.data import atomic_numbers
from ase.formula import Formula
from numpy.typing import NDArray

from ase_ecn.properties import FORMATION_ENERGY
from ase_ecn.training.data.cache import cached_dataset
from ase_ecn.training.data.datasets import METALLIC_GAP, READERS, TRAIN_MARK, Dataset, csv_rows
from ase_ecn.training.data.ecn_data import nonmagnetic_sites
from ase_ecn.training.data.held_out import composition_key
from ase_ecn.training.data.known_crystals import further_entries

ABOVE_HULL = "e_above_hull"
"""Name of the column with energies above the hull in eV/atom; not a label to learn."""


def mp20(data: Path, split: str) -> Dataset:
    """MP-20, with moments of zero for sites that cannot have another."""
    found = cached_dataset(f"mp_20-{split}", lambda: READERS["mp_20"](data, split))
    if split != "train":
        return found
    numbers = np.concatenate([crystal.numbers for crystal in found.crystals])
    sizes = np.array([len(crystal) for crystal in found.crystals])
    zero = nonmagnetic_sites(numbers, sizes, found.targets["magnetization"])
    return replace(found, site_targets={"site_moments": np.where(zero, 0.0, np.nan)})


def up_to(dataset: Dataset, largest: int) -> Dataset:
    """Those crystals that have at most so many atoms."""
    sizes = np.array([len(crystal) for crystal in dataset.crystals])
    return dataset.subset(np.flatnonzero(sizes <= largest))


def new_entries(data: Path) -> Dataset:
    """Entries of the release of 2018 that MP-20's training split has not.

    They have gaps, and energies where those of MP-20's kind are known.
    """
    extra = further_entries(data)
    extra = extra.subset(np.flatnonzero(extra.targets[TRAIN_MARK] == 0))
    known = rows_by(data / "mp_extra" / "mp_2018_labels_mp2020.csv.gz", "material_id")
    energies = [
        number_of(known.get(name), "formation_energy_mp2020_eV_per_atom") for name in extra.ids
    ]
    # Metal or not and the magnetization differ between the releases for many entries.
    gaps = extra.targets["band_gap"]
    return replace(extra, targets={FORMATION_ENERGY: np.array(energies), "band_gap": gaps})


def with_site_labels(data: Path, moments: Dataset) -> Dataset:
    """Add energies and gaps to crystals with site moments."""
    path = data / "magnetism" / "mp_site_magmoms_labels_mp2020.csv.gz"
    known = rows_by(path, "site_magmom_id")
    rows = [known.get(name) for name in moments.ids]
    energies = [number_of(row, "formation_energy_mp2020_eV_per_atom") for row in rows]
    gaps = np.array([number_of(row, "band_gap_pbe_matbench2019_eV") for row in rows])
    later = np.array([number_of(row, "band_gap_pbe_mp2023_eV") for row in rows])
    gaps = np.where(np.isnan(later), gaps, later)
    above = [number_of(row, "e_above_hull_mp2024_eV_per_atom") for row in rows]
    metal = np.where(np.isnan(gaps), np.nan, (gaps < METALLIC_GAP).astype(float))
    targets = {
        FORMATION_ENERGY: np.array(energies),
        "band_gap": gaps,
        "metal": metal,
        ABOVE_HULL: np.array(above),
    }
    return replace(moments, targets=targets)


def hse_gaps(data: Path, ids: Sequence[str]) -> NDArray[np.float64] | None:
    """(G,) gaps in eV of the hybrid functional HSE06, NaN where none is known.

    Parameters
    ----------
    data
        The data folder; without the file of these gaps the result is ``None``.
    ids
        Of the crystals: of the Materials Project, or of the set with site moments.
    """
    path = data / "gaps" / "multifidelity_gaps_by_mp_id.csv.gz"
    if not path.is_file():
        return None
    known = rows_by(path, "material_id")
    entries = site_moment_entries(data)
    rows = [known.get(entries.get(name, name)) for name in ids]
    return np.array([number_of(row, "band_gap_hse_eV") for row in rows])


def site_moment_entries(data: Path) -> dict[str, str]:
    """Ids in the Materials Project by those of the set with site moments, where they are known."""
    rows = rows_by(data / "magnetism" / "mp_site_magmoms_labels_mp2020.csv.gz", "site_magmom_id")
    return {name: row["material_id"] for name, row in rows.items()}


def measured_gaps(data: Path) -> dict[bytes, float]:
    """Smallest measured gap in eV of each composition; formulas with fractions are left out."""
    found: dict[bytes, float] = {}
    for row in csv_rows(data / "gaps" / "matbench_expt_gap.csv.gz"):
        numbers = _numbers(row["formula"])
        if numbers is not None:
            key = composition_key(numbers)
            gap = number_of(row, "band_gap_expt_eV")
            found[key] = min(gap, found.get(key, gap))
    return found


def _numbers(formula: str) -> NDArray[np.int64] | None:
    try:
        return np.array([atomic_numbers[symbol] for symbol in Formula(formula)], dtype=np.int64)
    except (ValueError, KeyError):
        return None


def without(dataset: Dataset, compositions: Collection[bytes]) -> Dataset:
    """Leave out some compositions."""
    taken = [composition_key(c.numbers) in compositions for c in dataset.crystals]
    return dataset.subset(np.flatnonzero(~np.array(taken, dtype=np.bool_)))


def rows_by(path: Path, key: str) -> dict[str, dict[str, str]]:
    """Rows of a gzipped CSV file by one of their columns."""
    return {row[key]: row for row in csv_rows(path)}


def number_of(row: Mapping[str, str] | None, name: str) -> float:
    """A number of a row; NaN where it says nothing, or where there is no row."""
    text = "" if row is None else row[name]
    return float(text) if text else float("nan")
