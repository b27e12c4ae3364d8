"""``ensemble``: fitted networks, joined into one checkpoint."""

from __future__ import annotations

import argparse
from pathlib import Path

from ase_ecn.checkpoint import load_checkpoint
from ase_ecn.commands.command_line import Command
from ase_ecn.training.data.datasets import data_folder
from ase_ecn.training.release.join import join_checkpoints


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("out", type=Path, help=".safetensors file to write")
    parser.add_argument(
        "checkpoints",
        nargs="+",
        help="names or paths of networks, NAME#K for one member of an ensemble",
    )
    parser.add_argument("--name", help="default: that of the first")
    parser.add_argument(
        "--weigh",
        action="store_true",
        help="choose each property's weights of the members on the validation split",
    )
    parser.add_argument(
        "--half", action="store_true", help="round the weights to half precision: smaller files"
    )


def _run(options: argparse.Namespace) -> int:
    name = options.name or load_checkpoint(options.checkpoints[0].partition("#")[0]).card.name
    data = data_folder(options.data) if options.weigh else None
    card = join_checkpoints(options.out, options.checkpoints, name, data, half=options.half)
    print(f"wrote {options.out} ({card.sha256[:12]})")
    return 0


COMMAND = Command("ensemble", "join networks of one kind into one checkpoint", _add_arguments, _run)
