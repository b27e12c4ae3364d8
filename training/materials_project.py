"""The cleaning of the Materials Project (section 8 and appendix A.6 of the ECN paper).

Entries of one primitive formula and space group count as one material; what is too large, not
three-dimensional or has atoms without bonds is left out; and the rest is split so that no
composition and space group occurs in two parts.
"""

from __future__ import annotations

import argparse
import csv
import logging
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from ase import Atoms
from ase.formula import Formula
from ase.geometry.dimensionality.rank_determination import RDA
from ase.neighborlist import natural_cutoffs, neighbor_list
from numpy.typing import NDArray

from ase_ecn.crystal import Crystal
from ase_ecn.errors import DatasetError, OptionError
from ase_ecn.graphs.voronoi import voronoi_bonds
from ase_ecn.symmetry.primitive import symmetry_dataset, to_primitive
from ase_ecn.training.cache import cached_dataset
from ase_ecn.training.datasets import (
    METALLIC_GAP,
    SPLITS,
    Dataset,
    _column,
    _csv_rows,
    _parse_cifs,
    data_folder,
    read_mp20,
    reduced_formula,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

logger = logging.getLogger(__name__)

SYMPREC = 0.1
"""Tolerance in Å for space groups and primitive cells, the one of the Materials Project."""
MAX_SITES = 50
"""Crystals with more atoms in the primitive cell are left out, as in the paper."""
BOND_REACH = 1.25
"""Atoms within this multiple of the sum of their covalent radii hold a crystal together."""
TRAIN_MARK = "in_mp20_train"
"""Name of the column that is 1 for entries of MP-20's training split; not a label to learn."""

PAPER_COUNTS = {"a": 126126, "b": 114605, "c": 96315, "d": 82229, "e": 78649, "f": 33971}
"""Table 4: entries of the Materials Project 2021.05 after each stage."""
STAGES = {
    "a": "all entries",
    "b": "no duplicates",
    "c": f"at most {MAX_SITES} atoms",
    "d": "three-dimensional",
    "e": "valid graphs",
    "f": "insulators",
}
"""What is asked for from each stage of table 4 on."""
PAPER_TARGETS = {
    "formation_energy": ("eV/atom", -1.42, 1.13),
    "fermi_level": ("eV", 3.77, 2.63),
    "magnetization": ("µB/atom", 0.16, 0.44),
    "band_gap": ("eV", 2.02, 1.56),
}
"""Table 5: unit, mean and standard deviation of each target; the gap is that of insulators."""

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class Material:
    """What tells one material from another.

    Attributes
    ----------
    formula
        Of the primitive cell, in a canonical order of elements.
    composition
        The formula in lowest terms.
    space_group
        Its international number, 1 to 230.
    sites
        Number of atoms in the primitive cell.
    """

    formula: str
    composition: str
    space_group: int
    sites: int

    @property
    def group(self) -> str:
        """Composition and space group: entries that agree in both are never split."""
        return f"{self.composition} {self.space_group}"


@dataclass(frozen=True)
class CleanedData:
    """What the cleaning leaves (stage e of table 4).

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
        """(G,) where a crystal is known to be no metal (stage f)."""
        return np.asarray(self.dataset.targets["metal"] == 0)


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
    rows = _csv_rows(data / "mp_extra" / "mp_2018.csv.gz")
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


def _cached_mp20(data: Path) -> Dataset:
    return join([cached_dataset(f"mp_20-{s}", partial(read_mp20, data, s)) for s in SPLITS])


def _cached_mp_extra(data: Path) -> Dataset:
    return cached_dataset("mp_extra", partial(read_mp_extra, data))


SETS: dict[str, Callable[[Path], Dataset]] = {"mp_20": _cached_mp20, "mp_extra": _cached_mp_extra}
"""Sets that can be cleaned together, by name."""


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


def material(crystal: Crystal) -> Material:
    """Primitive formula, composition and space group by spglib, to within :data:`SYMPREC`.

    A crystal in which spglib finds no symmetry at all is taken as it is, in P1.
    """
    found = symmetry_dataset(crystal, SYMPREC)
    numbers, space_group = crystal.numbers, 1
    if found is not None:
        _, first = np.unique(found.mapping_to_primitive, return_index=True)
        numbers, space_group = crystal.numbers[first], int(found.number)
    return Material(_formula(numbers), reduced_formula(numbers), space_group, len(numbers))


def _formula(numbers: NDArray[np.int64]) -> str:
    return str(Formula.from_list(list(Atoms(numbers).symbols)).format("metal"))


def materials(dataset: Dataset, processes: int | None = None) -> list[Material]:
    """Find the material of each crystal of a data set, in order.

    Parameters
    ----------
    dataset
        Any.
    processes
        Number of processes; ``None`` for all processors.
    """
    return _parallel(material, dataset.crystals, processes)


def dimensionality(crystal: Crystal) -> int:
    """Find in how many directions the largest bonded part of a crystal goes on, 0 to 3.

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
    primitive = to_primitive(crystal).crystal
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

    ranks = _parallel(dimensionality, [dataset.crystals[i] for i in kept], processes)
    kept = kept[np.array(ranks, dtype=np.int64) == 3]
    note("d", len(kept))

    bonds = _parallel(degrees, [dataset.crystals[i] for i in kept], processes)
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
    """Of each primitive formula and space group, the entry of lowest energy; the first of equals.

    An entry without an energy is kept only where no other has one.
    """
    best: dict[tuple[str, int], int] = {}
    known = np.where(np.isnan(energy), np.inf, energy)
    for i, entry in enumerate(found):
        key = (entry.formula, entry.space_group)
        if key not in best or known[i] < known[best[key]]:
            best[key] = i
    return np.array(sorted(best.values()), dtype=np.int64)


def _parallel(function: Callable[[T], R], items: Sequence[T], processes: int | None) -> list[R]:
    """Results in the order of the items."""
    count = processes or os.cpu_count() or 1
    if count == 1:
        return [function(item) for item in items]
    with ProcessPoolExecutor(count) as pool:
        return list(pool.map(function, items, chunksize=64))


def without_overlap(dataset: Dataset, others: Dataset, processes: int | None = None) -> Dataset:
    """Drop the entries that are too close to another set, such as a test set.

    Parameters
    ----------
    dataset
        To be reduced.
    others
        What it must not overlap with.
    processes
        Number of processes; ``None`` for all processors.

    Returns
    -------
    Dataset
        The entries whose composition in lowest terms and space group do not both coincide with
        those of an entry of ``others``.
    """
    mine = np.array([reduced_formula(c.numbers) for c in dataset.crystals], dtype=str)
    theirs = np.array([reduced_formula(c.numbers) for c in others.crystals], dtype=str)
    # Symmetry is slow to find, and only matters where the composition coincides.
    suspects = np.flatnonzero(np.isin(mine, theirs))
    near = np.flatnonzero(np.isin(theirs, mine))
    taken = {m.group for m in materials(others.subset(near), processes)}
    found = materials(dataset.subset(suspects), processes)
    dropped = [i for i, m in zip(suspects, found, strict=True) if m.group in taken]
    return dataset.subset(np.setdiff1d(np.arange(len(dataset)), dropped))


def grouped_split(groups: Sequence[str], seed: int = 0) -> dict[str, NDArray[np.int64]]:
    """Split 80/10/10 at random so that all entries of one group fall into the same part.

    Parameters
    ----------
    groups
        (G,) the group of each entry.
    seed
        Of the random order of the groups.

    Returns
    -------
    dict
        Ascending indices of the entries of ``"train"``, ``"val"`` and ``"test"``; none is empty.

    Raises
    ------
    DatasetError
        If there are fewer than three groups.
    """
    names, group_of_entry, sizes = np.unique(
        np.array(groups, dtype=str), return_inverse=True, return_counts=True
    )
    if len(names) < len(SPLITS):
        raise DatasetError(
            f"a split needs at least {len(SPLITS)} groups that can be kept apart; there are "
            f"{len(names)}: {', '.join(names)}"
        )
    free = {part: max(1, round(len(groups) / 10)) for part in ("val", "test")}
    part_of_group = np.full(len(names), "train", dtype=object)
    order = np.random.default_rng(seed).permutation(len(names))
    for group in order:
        emptier = max(free, key=lambda part: free[part])
        if sizes[group] <= free[emptier]:
            part_of_group[group] = emptier
            free[emptier] -= sizes[group]
    for part in free:
        if part not in part_of_group:  # all groups are too large
            rest = order[part_of_group[order] == "train"]
            part_of_group[rest[sizes[rest].argmin()]] = part
    part_of_entry = part_of_group[group_of_entry]
    return {part: np.flatnonzero(part_of_entry == part) for part in SPLITS}


def split_materials(cleaned: CleanedData, seed: int = 0) -> dict[str, NDArray[np.int64]]:
    """Split 80/10/10; all entries of one composition and space group fall into the same part.

    Returns
    -------
    dict
        Indices into ``cleaned.dataset`` of ``"train"``, ``"val"`` and ``"test"``.
    """
    return grouped_split([m.group for m in cleaned.materials], seed)


@dataclass(frozen=True)
class TargetStatistics:
    """Number, mean and standard deviation of the known labels of one target (table 5)."""

    count: int
    mean: float
    deviation: float


def target_statistics(cleaned: CleanedData) -> dict[str, TargetStatistics]:
    """Statistics of each crystal target; of the band gap for insulators only, as in the paper."""
    statistics = {}
    for name, labels in cleaned.dataset.targets.items():
        if name == TRAIN_MARK:
            continue
        known = labels[cleaned.insulators] if name == "band_gap" else labels
        known = known[~np.isnan(known)]
        if len(known):
            statistics[name] = TargetStatistics(len(known), float(known.mean()), float(known.std()))
    return statistics


def histograms(cleaned: CleanedData) -> dict[str, NDArray[np.int64]]:
    """How many crystals have 0, 1, 2, ... ``sites`` and how many atoms have that ``degree``."""
    return {
        "sites": np.bincount([m.sites for m in cleaned.materials]),
        "degree": np.bincount(cleaned.degrees),
    }


def histogram_figure(cleaned: CleanedData) -> Figure:
    """Draw figures 5 and 6 of the paper side by side.

    Raises
    ------
    OptionError
        If matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise OptionError("figures need matplotlib: pip install 'ase-ecn[plots]'") from error
    figure = Figure(figsize=(8, 3), layout="constrained")
    labels = {
        "sites": ("sites in the primitive cell", "crystals"),
        "degree": ("bonds of an atom", "atoms"),
    }
    values = histograms(cleaned)
    for axes, (name, (across, up)) in zip(figure.subplots(1, 2), labels.items(), strict=True):
        axes.bar(np.arange(len(values[name])), values[name], width=1.0)
        axes.set_xlabel(across)
        axes.set_ylabel(up)
    return figure


def counts_table(counts: dict[str, int]) -> str:
    """Table 4: our counts, the paper's, and what share of the stage before each keeps."""
    lines = [f"{'stage':24s} {'entries':>8s} {'kept':>6s} {'paper':>8s} {'kept':>6s}"]
    # The insulators are a part of the last stage, not a stage that others follow.
    before, paper_before = counts["a"], PAPER_COUNTS["a"]
    for stage, text in STAGES.items():
        ours, paper = counts[stage], PAPER_COUNTS[stage]
        lines.append(
            f"({stage}) {text:20s} {ours:8d} {ours / max(before, 1):6.1%} "
            f"{paper:8d} {paper / paper_before:6.1%}"
        )
        before, paper_before = ours, paper
    return "\n".join(lines)


def targets_table(statistics: dict[str, TargetStatistics]) -> str:
    """Table 5: mean and standard deviation of each target, and the paper's."""
    lines = [
        f"{'target':20s} {'unit':10s} {'labels':>8s} {'mean':>8s} {'std':>8s} "
        f"{'paper mean':>10s} {'std':>6s}"
    ]
    for name, ours in statistics.items():
        unit, *paper = PAPER_TARGETS.get(name, ("",))
        theirs = f"{paper[0]:10.2f} {paper[1]:6.2f}" if paper else ""
        lines.append(
            f"{name:20s} {unit:10s} {ours.count:8d} {ours.mean:8.3f} {ours.deviation:8.3f} {theirs}"
        )
    return "\n".join(lines)


def write_cleaned(cleaned: CleanedData, seed: int, out: Path) -> None:
    """Write the split and the statistics.

    ``train.csv``, ``val.csv`` and ``test.csv`` hold ids with formula, space group and sites;
    ``counts.csv`` and ``targets.csv`` tables 4 and 5; ``histograms.csv`` and ``histograms.png``
    figures 5 and 6.

    Parameters
    ----------
    cleaned
        What to write about.
    seed
        Of the split.
    out
        A folder, made if it is not there.
    """
    figure = histogram_figure(cleaned)
    out.mkdir(parents=True, exist_ok=True)
    for part, indices in split_materials(cleaned, seed).items():
        entries = [(cleaned.dataset.ids[i], cleaned.materials[i]) for i in indices]
        _write_csv(
            out / f"{part}.csv",
            ("material_id", "formula", "space_group", "sites"),
            [(name, m.formula, m.space_group, m.sites) for name, m in entries],
        )
    _write_csv(
        out / "counts.csv",
        ("stage", "meaning", "entries", "paper"),
        [(k, text, cleaned.counts[k], PAPER_COUNTS[k]) for k, text in STAGES.items()],
    )
    _write_csv(
        out / "targets.csv",
        ("target", "unit", "labels", "mean", "std", "paper_mean", "paper_std"),
        [
            (name, unit, s.count, s.mean, s.deviation, *paper)
            for name, s in target_statistics(cleaned).items()
            for unit, *paper in [PAPER_TARGETS.get(name, ("", "", ""))]
        ],
    )
    _write_csv(
        out / "histograms.csv",
        ("quantity", "value", "count"),
        [(k, i, int(n)) for k, bins in histograms(cleaned).items() for i, n in enumerate(bins)],
    )
    figure.savefig(out / "histograms.png", dpi=150)


def _write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)


def add_clean_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what :func:`run_clean` needs besides ``--data``, which all training commands have."""
    parser.add_argument(
        "--sets", default=",".join(SETS), help="comma-separated names (default: %(default)s)"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder for splits and statistics")
    parser.add_argument("--seed", type=int, default=0, help="of the split (default: 0)")
    parser.add_argument("--processes", type=int, help="default: all processors")


def run_clean(options: argparse.Namespace) -> int:
    """Clean the chosen sets, print tables 4 and 5 beside the paper's, and write the results."""
    names = options.sets.split(",")
    unknown = [name for name in names if name not in SETS]
    if unknown:
        raise OptionError(f"unknown sets {', '.join(unknown)}; known are {', '.join(SETS)}")
    if options.processes is not None and options.processes < 1:
        raise OptionError(f"--processes is {options.processes}; it must be at least 1")
    data = data_folder(options.data)
    cleaned = clean(join([SETS[name](data) for name in names]), options.processes)
    write_cleaned(cleaned, options.seed, options.out)
    sys.stdout.write(
        f"{counts_table(cleaned.counts)}\n\n{targets_table(target_statistics(cleaned))}\n"
    )
    return 0
