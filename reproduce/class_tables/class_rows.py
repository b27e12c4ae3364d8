"""Rows of the table of classes: each is fitted once, and what is finished stays in a file."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from ase_ecn.errors import OptionError
from ase_ecn.graphs.bond_classes import CLASS_COUNTS
from ase_ecn.training.data.datasets import Dataset
from ase_ecn.training.fits.tensor_losses import tensor_scores
from reproduce.class_tables.class_fits import Batch, architecture, fitted, prepared, scores
from reproduce.class_tables.standard_frame import by_scalar_heads, means_of_classes, rotations_of
from reproduce.class_tables.targets import ENERGY, TARGETS, TENSORS, labelled

MEAN, SCALARS = "mean of the crystal class", "scalar heads"
_LEARNING_RATE = 5e-3
_NUMBERS: Mapping[str, tuple[str, ...]] = {
    "dielectric": ("dielectric_tensor_skill", "log10_mean_dielectric_mae"),
    "elastic": ("elastic_tensor_skill", "log10_bulk_modulus_mae", "log10_shear_modulus_mae"),
    ENERGY: ("formation_energy_mae", "band_gap_mae"),
}


@dataclass(frozen=True)
class Row:
    """A fit of the table.

    Attributes
    ----------
    target
        One of :data:`~reproduce.class_tables.targets.TARGETS`.
    network
        A kind of classes, or one of the two that have nothing to do with classes of bonds.
    seed
        Of the first weights and the order of the batches.
    epochs
        All have as many.
    """

    target: str
    network: str
    seed: int
    epochs: int


def rows_of(targets: Sequence[str], seeds: int, epochs: int) -> list[Row]:
    """All rows; first come the first seeds.

    Raises
    ------
    OptionError
        If a target is unknown, or a number is not positive.
    """
    if unknown := [name for name in targets if name not in TARGETS]:
        raise OptionError(f"unknown targets {', '.join(unknown)}; known are {', '.join(TARGETS)}")
    if min(seeds, epochs) < 1:
        raise OptionError("--seeds and --epochs must be at least 1")
    found = [Row(target, MEAN, 0, epochs) for target in targets if target in TENSORS]
    for seed, target in product(range(seeds), targets):
        names = [*CLASS_COUNTS, *([SCALARS] if target in TENSORS else [])]
        found += [Row(target, name, seed, epochs) for name in names]
    return found


class Fits:
    """Fits rows; what several need is made once.

    Parameters
    ----------
    data
        The data folder.
    """

    def __init__(self, data: Path) -> None:
        self.data = data
        self._parts: dict[str, tuple[Dataset, Dataset]] = {}
        self._batches: dict[tuple[str, str], tuple[list[Batch], list[Batch]]] = {}
        self._frames: dict[str, tuple[Any, ...]] = {}

    def __call__(self, row: Row) -> dict[str, Any]:
        """What the file says of a row: its scores, weights, and seconds of processor time."""
        if row.network in (MEAN, SCALARS):
            frames = self.frames(row.target)
            begin = time.process_time()
            found, count = self._in_standard_frame(row, frames)
        else:
            config = architecture(row.target, row.network)
            train, val = self.batches(row.target, row.network)
            begin = time.process_time()
            model = fitted(config, train, row.epochs, _LEARNING_RATE, row.seed)
            found, count = scores(model, val), sum(p.numel() for p in model.parameters())
        seconds = round(time.process_time() - begin, 1)
        said = {name: round(value, 5) for name, value in found.items()}
        return {**asdict(row), "parameters": count, "seconds": seconds, **said}

    def parts(self, target: str) -> tuple[Dataset, Dataset]:
        """Crystals to fit to, and those of the validation split."""
        if target not in self._parts:
            train, val = (labelled(self.data, target, split) for split in ("train", "val"))
            self._parts[target] = train, val
        return self._parts[target]

    def batches(self, target: str, classes: str) -> tuple[list[Batch], list[Batch]]:
        """Those crystals as the network sees them."""
        key = target, classes
        if key not in self._batches:
            config = architecture(target, classes)
            train, val = (prepared(part, config) for part in self.parts(target))
            self._batches[key] = train, val
        return self._batches[key]

    def frames(self, target: str) -> tuple[Any, ...]:
        """Rotations of those crystals into their standard frames."""
        if target not in self._frames:
            self._frames[target] = tuple(map(rotations_of, self.parts(target)))
        return self._frames[target]

    def _in_standard_frame(self, row: Row, frames: tuple[Any, ...]) -> tuple[dict[str, float], int]:
        train, val = self.parts(row.target)
        if row.network == MEAN:
            made, count = means_of_classes(train, val, row.target, frames), 0
        else:
            fit: dict[str, Any] = {"epochs": row.epochs, "patience": row.epochs, "seed": row.seed}
            fit |= {"batch_size": 32, "learning_rate": _LEARNING_RATE, "ema_decay": 0.98}
            made, count = by_scalar_heads(train, val, row.target, frames, fit)
        return tensor_scores({TENSORS[row.target]: made}, val.targets), count


def finished(path: Path) -> list[dict[str, Any]]:
    """What a file has of earlier runs; a line that a killed process did not finish counts not."""
    found = []
    for line in path.read_text().splitlines() if path.is_file() else ():
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    return found


def missing(rows: Sequence[Row], path: Path) -> Iterator[Row]:
    """Rows that a file does not have yet."""
    done = {_key(one) for one in finished(path)}
    return (row for row in rows if _key(asdict(row)) not in done)


def append(path: Path, line: Mapping[str, Any]) -> None:
    """Add a finished row to a file."""
    text = path.read_text() if path.is_file() else ""
    start = "\n" if text and not text.endswith("\n") else ""
    with path.open("a") as file:
        file.write(f"{start}{json.dumps(line)}\n")


def _key(line: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(line[name] for name in ("target", "network", "seed", "epochs"))


def table(lines: Sequence[Mapping[str, Any]], target: str) -> list[str]:
    """Table in Markdown of what is finished of a target: means and deviations over the seeds."""
    names = _NUMBERS[target]
    titles = ["network", "weights", "fits", *names, "seconds"]
    found = ["| " + " | ".join(titles) + " |", "|" + "---|" * len(titles)]
    networks = dict.fromkeys(one["network"] for one in lines if one["target"] == target)
    for network in networks:
        fits = [one for one in lines if (one["target"], one["network"]) == (target, network)]
        cells = [network, f"{fits[0]['parameters']:,}", str(len(fits))]
        cells += [_mean_and_spread([fit[name] for fit in fits]) for name in names]
        cells.append(f"{np.mean([fit['seconds'] for fit in fits]):.0f}")
        found.append("| " + " | ".join(cells) + " |")
    return found


def _mean_and_spread(values: Sequence[float]) -> str:
    mean = f"{np.mean(values):.4f}"
    return mean if len(values) == 1 else f"{mean} ± {np.std(values, ddof=1):.4f}"
