"""``ablation``: what each variant of the ECN contributes."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from itertools import product
from pathlib import Path

from ase_ecn.commands.command_line import Command
from ase_ecn.errors import OptionError
from ase_ecn.training.data.datasets import data_folder
from ase_ecn.training.fits.fit_ecn import fit_to_graphs
from ase_ecn.training.fits.scores import ecn_scores, predict_graphs
from reproduce.ablation import TARGETS, Variant, every, format_ablation, variant_config, variants

logger = logging.getLogger(__name__)


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data-set", choices=tuple(TARGETS), default="mp_20")
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--every", type=int, default=10, help="train on every n-th crystal")
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--seeds", type=int, default=1, help="fits of each row (default: 1)")
    parser.add_argument("--only", nargs="*", default=[], help="names of rows (default: all)")
    parser.add_argument("--out", type=Path, default=Path("runs/ablation"))


def _run(options: argparse.Namespace) -> int:
    """Fit every variant, continuing where an earlier call stopped, and print the table.

    Raises
    ------
    OptionError
        If a row is unknown, or a number is not positive.
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


COMMAND = Command("ablation", "what each variant of the ECN buys", _add_arguments, _run)
