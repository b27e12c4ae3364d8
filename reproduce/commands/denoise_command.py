"""``denoise``: how well an EMPNN undoes noise of any strength."""

from __future__ import annotations

import argparse

from ase_ecn.commands.command_line import Command
from ase_ecn.errors import OptionError
from ase_ecn.execution import resolve_device
from ase_ecn.training.data.datasets import data_folder
from ase_ecn.training.release.evaluate import NOISE_SEED
from reproduce.empnn_tables.denoising import denoising_table
from reproduce.empnn_tables.paper import DATASETS, FIELD_SIGMA


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("checkpoint", help="bundled name or .safetensors file of an EMPNN")
    parser.add_argument("--dataset", choices=DATASETS, help="default: the checkpoint's own")
    parser.add_argument("--split", choices=("train", "val", "test"), default="test")
    parser.add_argument("--sigma", type=float, default=FIELD_SIGMA)
    parser.add_argument("--seed", type=int, default=NOISE_SEED)
    parser.add_argument("--limit", type=int, help="at most so many crystals")
    parser.add_argument(
        "--energy", metavar="ECN", help="checkpoint whose formation energy stands in for DFT's"
    )


def _run(options: argparse.Namespace) -> int:
    """Print how well a checkpoint denoises."""
    if not options.sigma >= 0:
        raise OptionError(f"sigma is {options.sigma}: it cannot be negative")
    table = denoising_table(
        options.checkpoint,
        data_folder(options.data),
        dataset=options.dataset,
        split=options.split,
        sigma=options.sigma,
        seed=options.seed,
        limit=options.limit,
        energy=options.energy,
        device=str(resolve_device(options.device)),
    )
    names = list(next(iter(table.values())))
    print("| | " + " | ".join(table) + " |\n|---" + "|---" * len(table) + "|")
    for name in names:
        print(f"| {name} | " + " | ".join(f"{row[name]:.4g}" for row in table.values()) + " |")
    return 0


COMMAND = Command("denoise", "how well an EMPNN undoes noise of any strength", _add_arguments, _run)
