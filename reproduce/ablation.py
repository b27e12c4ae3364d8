"""What each colour, motif, encoding and input feature buys, at equal epochs.

Scores are those of the validation split, of the averaged weights after the last epoch.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import product
from pathlib import Path

import numpy as np

from ase_ecn.errors import OptionError
from ase_ecn.symmetry.colours import GROUPS, MOTIFS
from ase_ecn.training.data.cache import LabelledGraphs, subset
from ase_ecn.training.data.datasets import data_folder
from ase_ecn.training.fits.config import ECNConfiguration
from ase_ecn.training.fits.fit_ecn import fit_to_graphs
from ase_ecn.training.fits.scores import ecn_scores, predict_graphs

logger = logging.getLogger(__name__)

TARGETS = {
    "mp_20": ["formation_energy", "band_gap", "metal", "magnetization"],
    "perov_5": ["heat_all"],
}


@dataclass(frozen=True)
class Variant:
    """One row of the table."""

    group: str
    motif: str
    cell_encoding: bool
    features: str
    hubbard: bool

    @property
    def name(self) -> str:
        """Name of the row, and of its folder."""
        parts = [self.group, self.motif, self.features]
        parts += ["cells"] if self.cell_encoding else []
        parts += ["hubbard"] if self.hubbard else []
        return "-".join(parts)


def variants() -> list[Variant]:
    """All combinations that differ from each other.

    The encoding of cells needs a fixed motif. Without colours (``S_N``) the motif says nothing.
    """
    rows = []
    for features, hubbard in product(("number", "group_period"), (False, True)):
        for group, motif in product(GROUPS, MOTIFS):
            if group == "S_N" and motif == "fixed":
                continue
            rows.append(Variant(group, motif, False, features, hubbard))
            if motif == "fixed":
                rows.append(Variant(group, motif, True, features, hubbard))
    return rows


def add_ablation_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command ``ablation``."""
    parser.add_argument("--data-set", choices=tuple(TARGETS), default="mp_20")
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--every", type=int, default=10, help="train on every n-th crystal")
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--seeds", type=int, default=1, help="fits of each row (default: 1)")
    parser.add_argument("--only", nargs="*", default=[], help="names of rows (default: all)")
    parser.add_argument("--out", type=Path, default=Path("runs/ablation"))


def run_ablation(options: argparse.Namespace) -> int:
    """Fit every variant, going on where an earlier call stopped, and print the table.

    Raises
    ------
    OptionError
        If a row is unknown, or a number isn't positive.
    """
    known = {variant.name: variant for variant in variants()}
    unknown = [name for name in options.only if name not in known]
    if unknown:
        raise OptionError(f"unknown rows {', '.join(unknown)}; known are {', '.join(known)}")
    if min(options.epochs, options.every, options.width, options.layers, options.seeds) < 1:
        raise OptionError("--epochs, --every, --width, --layers and --seeds must be at least 1")
    data = data_folder(options.data)
    # A state belongs to one schedule, so each schedule has a folder of its own.
    schedule = f"{options.epochs}-{options.every}-{options.width}x{options.layers}"
    rows: dict[str, list[dict[str, float]]] = {}
    for seed, name in product(range(options.seeds), options.only or known):
        folder = options.out / options.data_set / schedule / f"{name}-seed{seed}"
        if not (folder / "scores.json").is_file():
            _fit_variant(known[name], seed, options, data, folder)
        rows.setdefault(name, []).append(json.loads((folder / "scores.json").read_text()))
    sys.stdout.write(format_ablation([known[name] for name in rows], list(rows.values())))
    return 0


def _fit_variant(
    variant: Variant, seed: int, options: argparse.Namespace, data: Path, out: Path
) -> None:
    logger.info("%s, seed %d", variant.name, seed)
    config = variant_config(
        variant, options.data_set, options.epochs, options.width, options.layers, seed
    )
    train = every(config.load(data, "train"), options.every)
    val = config.load(data, "val")
    # The last weights count, so nothing is chosen by the scores.
    model, result = fit_to_graphs(config, train, None, out, "cpu")
    scores = ecn_scores(predict_graphs(model, val, "cpu"), val)
    record = {**scores, "crystals": len(train.graphs), "seconds": round(result.wall_time, 1)}
    (out / "scores.json").write_text(json.dumps(record, indent=1) + "\n")


def variant_config(
    variant: Variant, data_set: str, epochs: int, width: int, layers: int, seed: int = 0
) -> ECNConfiguration:
    """Configuration of a fit with the paper's messages, without early stopping."""
    section = {
        "name": variant.name,
        "data": {"name": data_set, "supercell_views": 0.0},
        "model": {
            "crystal_targets": TARGETS[data_set],
            "messages": "coloured",
            "width": width,
            "layers": layers,
            **{f.name: getattr(variant, f.name) for f in fields(Variant)},
        },
        "fit": {
            "epochs": epochs,
            "batch_size": 64,
            "seed": seed,
            "patience": epochs,
            "ema_decay": 0.99,
        },
    }
    return ECNConfiguration.from_dict(section)


def every(labelled: LabelledGraphs, step: int) -> LabelledGraphs:
    """Every ``step``-th crystal, for quick comparisons."""
    if step < 1:
        raise OptionError("every n-th crystal: n must be at least 1")
    return subset(labelled, np.arange(0, len(labelled.graphs), step))


def format_ablation(rows: Sequence[Variant], scores: Sequence[Sequence[dict[str, float]]]) -> str:
    """Table in Markdown.

    Parameters
    ----------
    rows
        Variants.
    scores
        For each of them those of its fits, which differ in the seed alone; a cell is their mean,
        with the standard deviation where there are several.

    Returns
    -------
    str
        One line for each variant, seconds of a fit last.
    """
    names = [name for name in scores[0][0] if name.endswith(("_mae", "_auc"))]
    titles = ["group", "motif", "cells", "features", "U", *names, "seconds"]
    lines = ["| " + " | ".join(titles) + " |", "|" + "---|" * len(titles)]
    for row, fits in zip(rows, scores, strict=True):
        cells = [row.group, row.motif, _mark(row.cell_encoding), row.features, _mark(row.hubbard)]
        cells += [_mean([fit[name] for fit in fits], 4) for name in names]
        cells.append(f"{np.mean([fit['seconds'] for fit in fits]):.0f}")
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _mark(present: bool) -> str:
    return "yes" if present else ""


def _mean(values: Sequence[float], digits: int) -> str:
    mean = f"{np.mean(values):.{digits}f}"
    return mean if len(values) == 1 else f"{mean} ± {np.std(values, ddof=1):.{digits}f}"
