"""Energies, forces and stresses of many crystals, with their neighbours, packed into flat files.

Half a million crystals are read, and their neighbours found, once; a fit maps the files into
memory. Energies become what an :class:`~ase_ecn.nn.so3.so3_ecn.SO3ECN` learns: formation energies
with the corrections that do not depend on guessed oxidation states, see
:mod:`ase_ecn.corrections`.
"""

from __future__ import annotations

import gzip
import json
import logging
import zlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import torch
from ase.data import atomic_numbers
from numpy.typing import NDArray

from ase_ecn.corrections import reference_energy, smooth_correction
from ase_ecn.errors import DatasetError, OptionError
from ase_ecn.graphs.spheres import SphereBatch, sphere
from ase_ecn.properties import FORMATION_ENERGY
from ase_ecn.storage import storing
from ase_ecn.training.data.cache import cache_folder, file_key
from ase_ecn.training.data.held_out import composition_key
from ase_ecn.training.data.known_crystals import known_crystals

logger = logging.getLogger(__name__)

TEACHER = "teacher"
KNOWN = "known"
TEACHER_FILES = ("hypothetical", "distorted", "relaxations")
HELD_OUT = 4
"""Percent of the sources of labels that are held out."""
_VERSION = 1
_MOST_BONDS = 30_000
_SHORTEST = 0.6  # Å


@dataclass(frozen=True)
class FurtherLabels:
    """Labels that each batch has some of, besides the main ones.

    Attributes
    ----------
    name
        As for :class:`LabelData`.
    crystals
        In each batch, in addition to its size.
    with_forces
        Those of them whose forces and stresses count too.
    all_compositions
        Whether those stay that the main labels leave out. Scores on sets that hold them are then
        to be had without these compositions.
    """

    name: str
    crystals: int
    with_forces: int = 0
    all_compositions: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.with_forces <= self.crystals or self.crystals < 1:
            raise OptionError(
                f"with_forces must be between 0 and crystals, and crystals at least 1; got "
                f"{self.with_forces} and {self.crystals}"
            )


@dataclass(frozen=True)
class LabelData:
    """Which labels a network is fitted to.

    Attributes
    ----------
    name
        ``teacher``; ``known``, its energies of crystals that exist; or the path of a file of
        labelled crystals.
    validation
        Held-out crystals that are scored, at most.
    further
        Labels that each batch has some of.
    without
        Compositions that are not trained on: ``wbm``; a public set, of which the validation and
        test splits are meant; or a ``.txt`` file with a formula a line.
    """

    name: str
    validation: int = 2000
    further: tuple[FurtherLabels, ...] = ()
    without: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.validation < 0:
            raise OptionError(f"validation is {self.validation}; it must not be negative")


@dataclass(frozen=True)
class LabelledCrystal:
    """A crystal with the results of a calculation.

    Attributes
    ----------
    numbers, cell, scaled_positions
        As in :class:`ase_ecn.crystal.Crystal`.
    energy
        eV/atom, PBE(+U) with the Materials Project's settings.
    forces, stress
        (N, 3) in eV/Å, and (6,) in eV/Å³ in ASE's order; NaN where there are none.
    source
        What it was made from; crystals of one source are held out together.
    """

    numbers: NDArray[np.int64]
    cell: NDArray[np.float64]
    scaled_positions: NDArray[np.float64]
    energy: float
    forces: NDArray[np.float64]
    stress: NDArray[np.float64]
    source: str


def read_labels(path: Path) -> Iterator[LabelledCrystal]:
    """Read JSON lines, gzipped or not; a line of a relaxation has several frames.

    Raises
    ------
    DatasetError
        If the file does not exist, or a line is no labelled crystal.
    """
    if not path.is_file():
        raise DatasetError(f"{path} does not exist")
    with (gzip.open if path.suffix == ".gz" else open)(path, "rt") as lines:
        for n, line in enumerate(lines):
            try:
                row = json.loads(line)
                if row.get("error") is None:
                    numbers = np.array([atomic_numbers[symbol] for symbol in row["species"]])
                    for frame in row.get("frames", [row]):
                        yield _labelled(numbers, frame, str(row["source"]))
            except (KeyError, TypeError, ValueError) as error:
                raise DatasetError(f"line {n + 1} of {path}: {error!r}") from error


def _labelled(numbers: NDArray[np.int64], row: dict[str, Any], source: str) -> LabelledCrystal:
    return LabelledCrystal(
        numbers,
        np.array(row["cell"], dtype=np.float64),
        np.array(row["frac"], dtype=np.float64),
        float(row["energy_eV_per_atom"]),
        _known(row["forces_eV_A"], (len(numbers), 3)),
        _known(row["stress_eV_A3"], (6,)),
        source,
    )


def _known(values: Any, shape: tuple[int, ...]) -> NDArray[np.float64]:
    if values is None:
        return np.full(shape, np.nan)
    return np.array(values, dtype=np.float64).reshape(shape)


def teacher_labels(data: Path) -> Iterator[LabelledCrystal]:
    """All labels of ``data/teacher``."""
    for name in TEACHER_FILES:
        yield from read_labels(data / "teacher" / f"{name}.jsonl.gz")


def load_labels(name: str, data: Path | None, cutoff: float, target: str) -> PackedLabels:
    """Packed labels of a name, packed now if they never were.

    Parameters
    ----------
    name
        As for :class:`LabelData`.
    data
        Folder of data sets; a file of labels does not need it.
    cutoff, target
        As for :func:`packed_labels`.

    Raises
    ------
    OptionError
        If the folder of data sets is needed and not given.
    DatasetError
        If there are no such labels.
    """
    if name not in _BY_NAME:
        path = Path(name)
        return packed_labels(file_key(path), read_labels(path), cutoff, target, cache_folder())
    if data is None:
        raise OptionError("the teacher's labels need the folder of data sets")
    return packed_labels(name, _BY_NAME[name](data), cutoff, target, cache_folder())


def known_labels(data: Path) -> Iterator[LabelledCrystal]:
    """Energies alone of crystals that exist; see :func:`known_crystals`."""
    for known in known_crystals(data):
        forces, stress = np.full((len(known.numbers), 3), np.nan), np.full(6, np.nan)
        crystal = (known.numbers, known.cell, known.scaled_positions)
        yield LabelledCrystal(*crystal, known.energy, forces, stress, known.name)


_BY_NAME = {TEACHER: teacher_labels, KNOWN: known_labels}


@dataclass(frozen=True)
class PackedLabels:
    """G crystals with N atoms and E bonds in all, end to end.

    Attributes
    ----------
    numbers, counts
        (N,) atomic numbers, and neighbours of each atom.
    neighbor, vector
        (E,) place of the neighbour within its crystal, and (E, 3) vector to it in Å.
    forces
        (N, 3) in eV/Å.
    energy, stress, volume
        (G,) in eV/atom, (G, 6) in eV/Å³ and (G,) in Å³.
    percent
        (G,) number from 0 to 99 that crystals of one source share.
    atoms, bonds
        (G + 1,) first atom and first bond of each crystal.
    """

    numbers: NDArray[np.uint8]
    counts: NDArray[np.int16]
    neighbor: NDArray[np.int16]
    vector: NDArray[np.float32]
    forces: NDArray[np.float32]
    energy: NDArray[np.float64]
    stress: NDArray[np.float32]
    volume: NDArray[np.float64]
    percent: NDArray[np.int8]
    atoms: NDArray[np.int64]
    bonds: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.energy)

    @classmethod
    def load(cls, folder: Path) -> PackedLabels:
        """Map the files of a folder into memory."""
        return cls(
            **{f.name: np.load(folder / f"{f.name}.npy", mmap_mode="r") for f in fields(cls)}
        )

    def of_compositions(self, keys: Collection[bytes]) -> NDArray[np.bool_]:
        """(G,) whether a crystal's :func:`composition_key` is one of some."""
        numbers, atoms = np.asarray(self.numbers), np.asarray(self.atoms)
        found = (
            composition_key(numbers[start:stop]) in keys
            for start, stop in zip(atoms[:-1].tolist(), atoms[1:].tolist(), strict=True)
        )
        return np.fromiter(found, dtype=np.bool_, count=len(self))

    def batch(self, indices: NDArray[np.int64]) -> LabelBatch:
        """Tensors of some crystals."""
        atoms = [slice(self.atoms[k], self.atoms[k + 1]) for k in indices]
        bonds = [slice(self.bonds[k], self.bonds[k + 1]) for k in indices]
        sizes = np.array([s.stop - s.start for s in atoms])
        first = np.cumsum(sizes) - sizes
        counts = np.concatenate([self.counts[s] for s in atoms]).astype(np.int64)
        neighbor = [
            self.neighbor[s].astype(np.int32) + n for s, n in zip(bonds, first, strict=True)
        ]
        numbers, forces = (
            np.concatenate([a[s] for s in atoms]) for a in (self.numbers, self.forces)
        )
        tensor = torch.from_numpy
        graph = SphereBatch(
            tensor(numbers.astype(np.int64)),
            tensor(np.concatenate([[0], np.cumsum(counts)])),
            tensor(np.concatenate(neighbor).astype(np.int32)),
            tensor(np.concatenate([self.vector[s] for s in bonds])),
            tensor(sizes),
            tensor(self.volume[indices].astype(np.float32)),
        )
        return LabelBatch(
            graph, tensor(self.energy[indices]), tensor(forces), tensor(self.stress[indices])
        )


@dataclass(frozen=True)
class LabelBatch:
    """B crystals with N atoms: (B,) energies in eV/atom, (N, 3) forces, (B, 6) stresses."""

    graph: SphereBatch
    energy: torch.Tensor
    forces: torch.Tensor
    stress: torch.Tensor

    def to(self, device: str) -> LabelBatch:
        """Copy to a device."""
        parts = (self.energy, self.forces, self.stress)
        return LabelBatch(self.graph.to(device), *(part.to(device) for part in parts))


def joined(batches: Sequence[LabelBatch]) -> LabelBatch:
    """One batch of several."""
    if len(batches) == 1:
        return batches[0]
    graphs = [batch.graph for batch in batches]
    atoms = np.cumsum([0, *(len(graph.numbers) for graph in graphs[:-1])]).tolist()
    bonds = np.cumsum([0, *(len(graph.neighbor) for graph in graphs)]).tolist()
    rows = [graph.row[:-1] + first for graph, first in zip(graphs, bonds[:-1], strict=True)]
    graph = SphereBatch(
        torch.cat([graph.numbers for graph in graphs]),
        torch.cat([*rows, torch.tensor(bonds[-1:])]),
        torch.cat([graph.neighbor + first for graph, first in zip(graphs, atoms, strict=True)]),
        torch.cat([graph.vector for graph in graphs]),
        torch.cat([graph.atom_counts for graph in graphs]),
        torch.cat([graph.volumes for graph in graphs]),
    )
    return LabelBatch(
        graph,
        torch.cat([batch.energy for batch in batches]),
        torch.cat([batch.forces for batch in batches]),
        torch.cat([batch.stress for batch in batches]),
    )


def packed_labels(
    key: str, rows: Iterable[LabelledCrystal], cutoff: float, target: str, folder: Path
) -> PackedLabels:
    """Labels that were packed under a key, or those of ``rows``, packed now.

    Parameters
    ----------
    key
        Name of the labels.
    rows
        Read only if there is nothing under the key. Crystals with atoms nearer than 0.6 Å and
        those without neighbours are left out.
    cutoff
        Of the neighbours, Å.
    target
        ``"formation_energy"`` or ``"potential_energy"``: what energies become.
    folder
        Of all packed labels.
    """
    place = folder / f"labels-v{_VERSION}-{key}-{target}-{cutoff:g}"
    if not (place / "complete").is_file():
        logger.info("packing labels of %s", key)
        with storing(place):
            place.mkdir(parents=True, exist_ok=True)
            for name, array in _packed(rows, cutoff, target).items():
                np.save(place / f"{name}.npy", array)
            (place / "complete").touch()
    return PackedLabels.load(place)


def _packed(rows: Iterable[LabelledCrystal], cutoff: float, target: str) -> dict[str, NDArray[Any]]:
    of_atoms: dict[str, list[NDArray[Any]]] = {name: [] for name in ("numbers", "counts", "forces")}
    of_bonds: dict[str, list[NDArray[Any]]] = {"neighbor": [], "vector": []}
    energy, stress, volume, percent, left_out = [], [], [], [], 0
    formation = target == FORMATION_ENERGY
    for row in rows:
        found = sphere(row.cell, row.scaled_positions @ row.cell, cutoff)
        shortest = np.linalg.norm(found.vector, axis=1).min(initial=np.inf)
        if not 0 < len(found.vector) <= _MOST_BONDS or shortest < _SHORTEST:
            left_out += 1
            continue
        of_atoms["numbers"].append(row.numbers.astype(np.uint8))
        of_atoms["counts"].append(found.counts.astype(np.int16))
        of_atoms["forces"].append(row.forces.astype(np.float32))
        of_bonds["neighbor"].append(found.neighbor.astype(np.int16))
        of_bonds["vector"].append(found.vector.astype(np.float32))
        energy.append(row.energy + (smooth_constant(row.numbers) if formation else 0.0))
        stress.append(row.stress)
        volume.append(abs(np.linalg.det(row.cell)))
        percent.append(zlib.crc32(row.source.encode()) % 100)
    if not energy:
        raise DatasetError("there are no labels")
    logger.info("%d crystals, %d left out", len(energy), left_out)
    sizes = ([len(a) for a in of_atoms["numbers"]], [len(b) for b in of_bonds["neighbor"]])
    atoms, bonds = (np.concatenate([[0], np.cumsum(size)]) for size in sizes)
    flat = {name: np.concatenate(parts) for name, parts in (of_atoms | of_bonds).items()}
    return flat | {
        "energy": np.array(energy),
        "stress": np.array(stress, dtype=np.float32),
        "volume": np.array(volume),
        "percent": np.array(percent, dtype=np.int8),
        "atoms": atoms,
        "bonds": bonds,
    }


def smooth_constant(numbers: NDArray[np.int64]) -> float:
    """What makes of an energy of DFT the formation energy that the network learns, eV/atom."""
    return smooth_correction(numbers) - reference_energy(numbers)
