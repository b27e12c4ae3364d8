"""What each colour, motif, encoding and input feature buys, at equal epochs."""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass, fields
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from ase_ecn.errors import OptionError
from ase_ecn.symmetry.colours import GROUPS, MOTIFS
from ase_ecn.training.cache import LabelledGraphs, subset
from ase_ecn.training.datasets import data_folder
from ase_ecn.training.fit_ecn import ecn_scores, fit_to_graphs, load_ecn_data, predict_graphs

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
    parser.add_argument("--only", nargs="*", default=[], help="names of rows (default: all)")
    parser.add_argument("--out", type=Path, default=Path("runs/ablation"))


def run_ablation(options: argparse.Namespace) -> int:
    """Fit every variant, going on where an earlier call stopped, and print the table."""
    data = data_folder(options.data)
    known = {variant.name: variant for variant in variants()}
    unknown = [name for name in options.only if name not in known]
    if unknown:
        raise OptionError(f"unknown rows {', '.join(unknown)}; known are {', '.join(known)}")
    for name in options.only or known:
        folder = options.out / options.data_set / name
        if not (folder / "scores.json").is_file():
            _fit_variant(known[name], options, data, folder)
        print(_table_row(name, json.loads((folder / "scores.json").read_text())), flush=True)
    return 0


def _fit_variant(variant: Variant, options: argparse.Namespace, data: Path, out: Path) -> None:
    config = variant_config(
        variant, options.data_set, options.epochs, options.width, options.layers
    )
    train = every(load_ecn_data(data, config, "train"), options.every)
    val = load_ecn_data(data, config, "val")
    model, result = fit_to_graphs(config, train, val, out, "cpu")
    scores = ecn_scores(predict_graphs(model, val, "cpu"), val)
    record = {**scores, "crystals": len(train.graphs), "seconds": round(result.wall_time, 1)}
    (out / "scores.json").write_text(json.dumps(record, indent=1) + "\n")


def variant_config(
    variant: Variant, data_set: str, epochs: int, width: int, layers: int
) -> dict[str, Any]:
    """Configuration of a fit with the paper's messages, without early stopping."""
    return {
        "network": "ecn",
        "name": variant.name,
        "data": {"name": data_set, "supercell_views": 0.0},
        "model": {
            "crystal_targets": TARGETS[data_set],
            "messages": "coloured",
            "width": width,
            "layers": layers,
            **{f.name: getattr(variant, f.name) for f in fields(Variant)},
        },
        "fit": {"epochs": epochs, "batch_size": 64, "patience": epochs, "ema_decay": 0.99},
    }


def every(labelled: LabelledGraphs, step: int) -> LabelledGraphs:
    """Every ``step``-th crystal, for quick comparisons."""
    if step < 1:
        raise OptionError("every n-th crystal: n must be at least 1")
    return subset(labelled, np.arange(0, len(labelled.graphs), step))


def _table_row(name: str, scores: dict[str, float]) -> str:
    figures = "  ".join(f"{k} {v:.4f}" for k, v in scores.items() if k.endswith(("_mae", "_auc")))
    return f"{name:40s} {figures}  ({scores['seconds']:.0f} s)"
