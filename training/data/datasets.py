"""Readers for the public data sets, into one common form.

Rows come from where the data lie (``--data`` or the environment variable ``ASE_ECN_DATA``);
nothing is copied. Labels keep the unit of the name they have in :class:`Dataset`.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.formula import Formula
from ase.io import read
from numpy.typing import NDArray

from ase_ecn.crystal import Crystal, as_crystal
from ase_ecn.errors import CrystalError, DatasetError

SPLITS = ("train", "val", "test")
METALLIC_GAP = 1e-6
"""A band gap below this (eV) counts as metallic."""
TRAIN_MARK = "in_mp20_train"
"""Name of the column that is 1 for entries of MP-20's training split; not a label to learn."""
_PBE = ("PBE", "PBE+U")
_VACUUM = 6.0  # Å; layers of a solid are nearer


@dataclass(frozen=True)
class Dataset:
    """Crystals with labels; a missing label is NaN.

    Attributes
    ----------
    name
        Where the rows come from.
    ids
        One identifier for each crystal.
    crystals
        As the source gives them, neither reduced nor primitive.
    targets
        (G,) labels per crystal, by property name.
    site_targets
        For each property, (N,) labels for all atoms of all crystals in order.
    """

    name: str
    ids: list[str]
    crystals: list[Crystal]
    targets: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    site_targets: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.crystals)

    def subset(self, indices: NDArray[np.int64]) -> Dataset:
        """Return the crystals with the given indices."""
        offsets = np.concatenate([[0], np.cumsum([len(c) for c in self.crystals])])
        atoms = np.concatenate(
            [np.arange(offsets[i], offsets[i + 1]) for i in indices]
            or [np.empty(0, dtype=np.int64)]
        ).astype(np.int64)
        return Dataset(
            self.name,
            [self.ids[i] for i in indices],
            [self.crystals[i] for i in indices],
            {k: v[indices] for k, v in self.targets.items()},
            {k: v[atoms] for k, v in self.site_targets.items()},
        )


def data_folder(path: str | Path | None = None) -> Path:
    """Find the folder of data sets: the argument, else ``ASE_ECN_DATA``.

    Raises
    ------
    DatasetError
        If neither names an existing folder.
    """
    chosen = path or os.environ.get("ASE_ECN_DATA")
    if not chosen:
        raise DatasetError("no data folder: give --data or set ASE_ECN_DATA")
    folder = Path(chosen)
    if not folder.is_dir():
        raise DatasetError(f"the data folder {folder} does not exist")
    return folder


def reduced_formula(numbers: NDArray[np.int64]) -> str:
    """Composition in lowest terms, in a canonical order of elements."""
    formula = Formula.from_list(list(Atoms(numbers).symbols))
    return str(formula.reduce()[0].format("metal"))


def read_mp20(data: Path, split: str) -> Dataset:
    """MP-20 (CDVAE): formation energy (eV/atom), gap (eV), metal (0/1), |M| (µB/atom)."""
    rows = csv_rows(_split_file(data / "mp_20", split))
    crystals = _parse_cifs([row["cif"] for row in rows])
    gap = _column(rows, "band_gap")
    moment = np.abs(_column(rows, "total_magnetization"))
    return Dataset(
        f"mp_20/{split}",
        [row["material_id"] for row in rows],
        crystals,
        {
            "formation_energy": _column(rows, "formation_energy_per_atom"),
            "band_gap": gap,
            "metal": np.where(np.isnan(gap), np.nan, (gap < METALLIC_GAP).astype(float)),
            "magnetization": moment / np.array([len(c) for c in crystals]),
        },
    )


def read_perov5(data: Path, split: str) -> Dataset:
    """Perov-5 (CDVAE): heat_all and heat_ref in eV per cell of five atoms."""
    rows = csv_rows(_split_file(data / "perov_5", split))
    return Dataset(
        f"perov_5/{split}",
        [row["material_id"] for row in rows],
        _parse_cifs([row["cif"] for row in rows]),
        {name: _column(rows, name) for name in ("heat_all", "heat_ref")},
    )


def read_carbon24(data: Path, split: str) -> Dataset:
    """Carbon-24 (CDVAE): energy at 10 GPa in eV/atom.

    The training split keeps only original geometries: the others were rebuilt from structures of
    the validation and test splits.
    """
    rows = csv_rows(_split_file(data / "carbon_24", split))
    if split == "train":
        rows = [row for row in rows if row["geometry_source"] == "original"]
    return Dataset(
        f"carbon_24/{split}",
        [row["material_id"] for row in rows],
        _parse_cifs([row["cif"] for row in rows]),
        {"energy_per_atom": _column(rows, "energy_per_atom")},
    )


def read_mp_extra(data: Path, max_atoms: int | None = None) -> Dataset:
    """Materials Project entries with the labels of its 2018 release.

    Parameters
    ----------
    data
        The data folder.
    max_atoms
        Larger cells are left out; ``None`` keeps all.

    Returns
    -------
    Dataset
        Formation energy (eV/atom), gap (eV), metal (0/1), |M| (µB/atom), and the mark
        ``in_mp20_train`` (0/1), which is no label.
    """
    rows = csv_rows(data / "mp_extra" / "mp_2018.csv.gz")
    if max_atoms is not None:
        sizes = _column(rows, "nsites")
        rows = [row for row, size in zip(rows, sizes, strict=True) if size <= max_atoms]
    crystals = _parse_cifs([row["cif"] for row in rows])
    gap = _column(rows, "band_gap")
    moment = np.abs(_column(rows, "total_magnetization"))
    return Dataset(
        "mp_extra",
        [row["material_id"] for row in rows],
        crystals,
        {
            "formation_energy": _column(rows, "formation_energy_per_atom"),
            "band_gap": gap,
            "metal": np.where(np.isnan(gap), np.nan, (gap < METALLIC_GAP).astype(float)),
            "magnetization": moment / np.array([len(c) for c in crystals]),
            TRAIN_MARK: np.array([float(row["mp_20_split"] == "train") for row in rows]),
        },
    )


def read_site_moments(data: Path, held_out: set[str], max_atoms: int = 20) -> Dataset:
    """Absolute site moments (µB) of Materials Project crystals of at most ``max_atoms`` atoms.

    Parameters
    ----------
    data
        The data folder.
    held_out
        Reduced formulas to leave out, so that nothing leaks into another test set.
    max_atoms
        Larger cells are left out.
    """
    ids, crystals, moments = [], [], []
    for row in _json_rows(data / "magnetism" / "mp_site_magmoms.jsonl.gz"):
        if len(row["species"]) > max_atoms:
            continue
        atoms = _row_atoms(row)
        if reduced_formula(atoms.numbers) in held_out:
            continue
        try:
            crystals.append(as_crystal(atoms))
        except CrystalError:
            continue
        ids.append(row["id"])
        moments.append(np.abs(np.array(row["site_magmoms_muB"], dtype=np.float64)))
    return Dataset("mp_site_magmoms", ids, crystals, {}, {"site_moments": np.concatenate(moments)})


def read_fermi_levels(data: Path, max_atoms: int = 40) -> Dataset:
    """Fermi levels (eV, relative to VASP's average potential) of PBE calculations.

    Insulators of the Materials Project, magnetic Heusler compounds, and VASP runs of the test
    data of other projects: those without flags, of solids without a vacuum.
    """
    ids, crystals, levels = [], [], []
    for row in _fermi_rows(data):
        structure = row.get("final") or row.get("structure") or row
        if row.get("efermi_eV") is None or len(structure["species"]) > max_atoms:
            continue
        try:
            crystals.append(as_crystal(_row_atoms(structure)))
        except (CrystalError, KeyError):
            continue
        ids.append(row["id"])
        levels.append(row["efermi_eV"])
    return Dataset("fermi", ids, crystals, {"fermi_level": np.array(levels, dtype=np.float64)})


def read_vasp_relaxed(data: Path) -> Dataset:
    """Final structures of the VASP relaxations, without labels."""
    ids, crystals = [], []
    for row in _json_rows(data / "vasp" / "relaxations.jsonl.gz"):
        try:
            crystals.append(as_crystal(_row_atoms(row["final"])))
        except CrystalError:
            continue
        ids.append(row["id"])
    return Dataset("vasp/relaxations", ids, crystals)


def _fermi_rows(data: Path) -> Iterator[dict[str, Any]]:
    for name in ("mp_insulators_efermi", "heusler_ahc_efermi_magnetic"):
        yield from _json_rows(data / "fermi" / f"{name}.jsonl.gz")
    for name in ("singlepoints", "relaxations"):
        for row in _json_rows(data / "vasp" / f"{name}.jsonl.gz"):
            solid = (row["vacuum_gap_A"] or 0) < _VACUUM
            if row["flags"] == [] and row["functional"] in _PBE and solid:
                yield row


def join(datasets: Sequence[Dataset]) -> Dataset:
    """Put data sets one after the other; of entries with one id the first is kept.

    Labels that only some of the sets have are NaN in the others.
    """
    seen: set[str] = set()
    parts = []
    for dataset in datasets:
        first = [i for i, name in enumerate(dataset.ids) if name not in seen]
        seen.update(dataset.ids)
        parts.append(dataset.subset(np.array(first, dtype=np.int64)))
    atoms = [sum(len(c) for c in part.crystals) for part in parts]
    return Dataset(
        "+".join(part.name for part in parts),
        [name for part in parts for name in part.ids],
        [crystal for part in parts for crystal in part.crystals],
        _joined_labels([part.targets for part in parts], [len(part) for part in parts]),
        _joined_labels([part.site_targets for part in parts], atoms),
    )


def _joined_labels(parts: Sequence[Any], sizes: Sequence[int]) -> dict[str, NDArray[np.float64]]:
    names = dict.fromkeys(name for part in parts for name in part)
    return {
        name: np.concatenate(
            [part.get(name, np.full(size, np.nan)) for part, size in zip(parts, sizes, strict=True)]
        )
        for name in names
    }


def split_by_composition(dataset: Dataset) -> dict[str, Dataset]:
    """Split 90/5/5 so that all crystals of one reduced formula fall into the same part."""
    buckets = np.array(
        [
            int(sha256(reduced_formula(c.numbers).encode()).hexdigest(), 16) % 20
            for c in dataset.crystals
        ]
    )
    return {
        "train": dataset.subset(np.flatnonzero(buckets > 1)),
        "val": dataset.subset(np.flatnonzero(buckets == 1)),
        "test": dataset.subset(np.flatnonzero(buckets == 0)),
    }


def read_fermi_split(data: Path, split: str) -> Dataset:
    """Fermi levels of one part of :func:`read_fermi_levels`, split by composition."""
    return split_by_composition(read_fermi_levels(data))[_known_split(split)]


READERS = {
    "mp_20": read_mp20,
    "perov_5": read_perov5,
    "carbon_24": read_carbon24,
    "fermi": read_fermi_split,
}
"""Read one split of a data set by its name."""


def _known_split(split: str) -> str:
    if split not in SPLITS:
        raise DatasetError(f"unknown split {split!r}; known are {', '.join(SPLITS)}")
    return split


def _split_file(folder: Path, split: str) -> Path:
    return folder / f"{_known_split(split)}.csv.gz"


def csv_rows(path: Path) -> list[dict[str, str]]:
    """Rows of a gzipped CSV file.

    Raises
    ------
    DatasetError
        If there is no such file.
    """
    if not path.is_file():
        raise DatasetError(f"the data file {path} does not exist")
    with gzip.open(path, "rt", newline="") as file:
        return list(csv.DictReader(file))


def _json_rows(path: Path) -> Iterator[dict[str, Any]]:
    if not path.is_file():
        raise DatasetError(f"the data file {path} does not exist")
    with gzip.open(path, "rt") as file:
        for line in file:
            yield json.loads(line)


def _row_atoms(row: Mapping[str, Any]) -> Atoms:
    return Atoms(row["species"], scaled_positions=row["frac"], cell=row["cell"], pbc=True)


def _column(rows: list[dict[str, str]], name: str) -> NDArray[np.float64]:
    if rows and name not in rows[0]:
        raise DatasetError(f"no column {name!r}; there are {', '.join(rows[0])}")
    return np.array([float(row[name]) if row[name] else np.nan for row in rows])


def _parse_cifs(texts: list[str]) -> list[Crystal]:
    with ProcessPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        return list(pool.map(parse_cif, texts, chunksize=256))


def parse_cif(text: str) -> Crystal:
    """Read one crystal from the text of a CIF file."""
    atoms = read(io.StringIO(text), format="cif")
    assert isinstance(atoms, Atoms)
    return as_crystal(atoms)
