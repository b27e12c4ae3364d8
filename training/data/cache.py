"""Packed crystals, labels and bond graphs on disk, so that each is computed once."""

from __future__ import annotations

import itertools
import logging
import os
import zlib
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from ase_ecn.crystal import Crystal
from ase_ecn.errors import StorageError
from ase_ecn.graphs.batch import BondGraph, PackedGraphs, bond_graphs, pack
from ase_ecn.graphs.voronoi import BondMode
from ase_ecn.storage import replacing, storing
from ase_ecn.symmetry.colours import Motif
from ase_ecn.symmetry.primitive import primitive_cell
from ase_ecn.training.data.datasets import Dataset

logger = logging.getLogger(__name__)

CACHE_VERSION = 3
"""Part of every file name; a change of what is stored raises it."""
_CRYSTALS_AT_ONCE = 64


@dataclass(frozen=True)
class LabelledGraphs:
    """Bond graphs of primitive cells with labels.

    Attributes
    ----------
    graphs
        G packed graphs with N atoms in all.
    targets, site_targets
        (G,) and (N,) labels by property name, NaN where missing.
    """

    graphs: PackedGraphs
    targets: dict[str, NDArray[np.float64]]
    site_targets: dict[str, NDArray[np.float64]]


def cache_folder() -> Path:
    """``ASE_ECN_CACHE``, else the user's cache folder."""
    base = os.environ.get("ASE_ECN_CACHE")
    return Path(base) if base else Path.home() / ".cache" / "ase-ecn"


def cached_dataset(key: str, make: Callable[[], Dataset]) -> Dataset:
    """Return the data set stored under ``key``, made and stored on first use."""
    path = cache_folder() / f"crystals-v{CACHE_VERSION}-{key}.npz"
    arrays = _load(path)
    if arrays is None:
        logger.info("reading %s", key)
        arrays = _dataset_arrays(make())
        _save(path, arrays)
    return _dataset_from_arrays(arrays)


def cached_graphs(
    key: str, make: Callable[[], Dataset], bonds: BondMode = "voronoi", motif: Motif = "free"
) -> LabelledGraphs:
    """Return labelled bond graphs stored under ``key``, made and stored on first use."""
    path = cache_folder() / f"graphs-v{CACHE_VERSION}-{key}-{bonds}-{motif}.npz"
    arrays = _load(path)
    if arrays is None:
        dataset = make()
        logger.info("bonds of %d crystals of %s", len(dataset), key)
        arrays = _graph_arrays(labelled_graphs(dataset, bonds, motif))
        _save(path, arrays)
    return _graphs_from_arrays(arrays)


def labelled_graphs(
    dataset: Dataset, bonds: BondMode = "voronoi", motif: Motif = "free"
) -> LabelledGraphs:
    """Build the bond graphs of a data set with all processors.

    Atoms that repeat each other get the mean of their labels.
    """
    with ProcessPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        make = partial(_graphs, bonds=bonds, motif=motif)
        firsts = range(0, len(dataset.crystals), _CRYSTALS_AT_ONCE)
        parts = [dataset.crystals[k : k + _CRYSTALS_AT_ONCE] for k in firsts]
        made = list(itertools.chain.from_iterable(pool.map(make, parts)))
    graphs = [graph for graph, _ in made]
    sites = [site_of_atom for _, site_of_atom in made]
    site_targets = {k: mean_by_site(v, sites) for k, v in dataset.site_targets.items()}
    return LabelledGraphs(pack(graphs), dict(dataset.targets), site_targets)


def subset(labelled: LabelledGraphs, indices: NDArray[np.int64]) -> LabelledGraphs:
    """The crystals with the given indices, in that order."""
    graphs, atoms = labelled.graphs.select(indices)
    return LabelledGraphs(
        graphs,
        {name: labels[indices] for name, labels in labelled.targets.items()},
        {name: labels[atoms] for name, labels in labelled.site_targets.items()},
    )


def file_key(path: Path) -> str:
    """Name of what is in a file, another one when it has changed."""
    stamp = path.stat() if path.is_file() else None
    return path.name if stamp is None else f"{path.name}-{stamp.st_size}-{stamp.st_mtime_ns}"


def concatenate(first: LabelledGraphs, second: LabelledGraphs) -> LabelledGraphs:
    """Join two sets; labels that only one of them has are NaN in the other."""
    a, b = first.graphs, second.graphs
    arrays = {}
    for f in fields(PackedGraphs):
        left, right = getattr(a, f.name), getattr(b, f.name)
        if f.name.endswith("_offsets"):
            right = right[1:] + left[-1]
        arrays[f.name] = np.concatenate([left, right])

    def joined(
        x: dict[str, NDArray[np.float64]], y: dict[str, NDArray[np.float64]], sizes: tuple[int, int]
    ) -> dict[str, NDArray[np.float64]]:
        blank = [np.full(size, np.nan) for size in sizes]
        return {
            name: np.concatenate([x.get(name, blank[0]), y.get(name, blank[1])])
            for name in {**x, **y}
        }

    return LabelledGraphs(
        PackedGraphs(**arrays),
        joined(first.targets, second.targets, (len(a), len(b))),
        joined(first.site_targets, second.site_targets, (len(a.numbers), len(b.numbers))),
    )


def mean_by_site(
    labels: NDArray[np.float64], sites: Sequence[NDArray[np.int64]]
) -> NDArray[np.float64]:
    """Labels of the atoms of primitive cells, as the mean over the atoms that repeat them.

    Parameters
    ----------
    labels
        Of the atoms of all crystals, end to end.
    sites
        For each crystal, which atom of its primitive cell each of its atoms repeats.
    """
    ends = np.cumsum([len(site) for site in sites])[:-1]
    return np.concatenate(
        [
            np.bincount(site, weights=part) / np.bincount(site)
            for site, part in zip(sites, np.split(labels, ends), strict=True)
        ]
    )


def _graphs(
    crystals: Sequence[Crystal], bonds: BondMode, motif: Motif
) -> list[tuple[BondGraph, NDArray[np.int64]]]:
    primitives = [primitive_cell(crystal, motif) for crystal in crystals]
    graphs = bond_graphs([primitive.crystal for primitive in primitives], bonds)
    return [(g, p.site_of_atom) for g, p in zip(graphs, primitives, strict=True)]


def _save(path: Path, arrays: dict[str, NDArray[np.generic]]) -> None:
    try:
        with storing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as partial:
            np.savez(partial, allow_pickle=False, **arrays)
    except StorageError as error:
        # It is computed again the next time.
        logger.warning("%s", error)


def _load(path: Path) -> dict[str, NDArray[np.generic]] | None:
    """Arrays of a file, or ``None`` if there is none that can be read."""
    if not path.is_file():
        return None
    try:
        with np.load(path) as stored:
            return dict(stored)
    except (OSError, ValueError, EOFError, BadZipFile, zlib.error) as error:
        logger.warning("%s is damaged and made again: %s", path, error)
        return None


def _dataset_arrays(dataset: Dataset) -> dict[str, NDArray[np.generic]]:
    return {
        "name": np.array(dataset.name),
        "ids": np.array(dataset.ids),
        "counts": np.array([len(c) for c in dataset.crystals]),
        "numbers": np.concatenate([c.numbers for c in dataset.crystals]),
        "cells": np.stack([c.cell for c in dataset.crystals]),
        "scaled": np.concatenate([c.scaled_positions for c in dataset.crystals]),
        **{f"target:{k}": v for k, v in dataset.targets.items()},
        **{f"site:{k}": v for k, v in dataset.site_targets.items()},
    }


def _dataset_from_arrays(arrays: dict[str, NDArray[np.generic]]) -> Dataset:
    ends = np.cumsum(arrays["counts"])[:-1]
    numbers = np.split(arrays["numbers"].astype(np.int64), ends)
    scaled = np.split(arrays["scaled"].astype(np.float64), ends)
    cells = arrays["cells"].astype(np.float64)
    return Dataset(
        str(arrays["name"]),
        [str(i) for i in arrays["ids"]],
        [Crystal(z, c, x) for z, c, x in zip(numbers, cells, scaled, strict=True)],
        _prefixed(arrays, "target:"),
        _prefixed(arrays, "site:"),
    )


def _graph_arrays(labelled: LabelledGraphs) -> dict[str, NDArray[np.generic]]:
    return {
        **{f"graph:{f.name}": getattr(labelled.graphs, f.name) for f in fields(PackedGraphs)},
        **{f"target:{k}": v for k, v in labelled.targets.items()},
        **{f"site:{k}": v for k, v in labelled.site_targets.items()},
    }


def _graphs_from_arrays(arrays: dict[str, NDArray[np.generic]]) -> LabelledGraphs:
    packed = {f.name: arrays[f"graph:{f.name}"] for f in fields(PackedGraphs)}
    return LabelledGraphs(
        PackedGraphs(**packed),  # type: ignore[arg-type]
        _prefixed(arrays, "target:"),
        _prefixed(arrays, "site:"),
    )


def _prefixed(
    arrays: dict[str, NDArray[np.generic]], prefix: str
) -> dict[str, NDArray[np.float64]]:
    return {
        k.removeprefix(prefix): v.astype(np.float64)
        for k, v in arrays.items()
        if k.startswith(prefix)
    }
