"""``evaluate``: scores of a checkpoint on the data that it was fitted to."""

from __future__ import annotations

import argparse
from pathlib import Path

from ase_ecn.commands.command_line import Command
from ase_ecn.execution import resolve_device
from ase_ecn.training.data.datasets import data_folder
from ase_ecn.training.release.evaluate import evaluate, write_scores


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("checkpoint", help="bundled name or .safetensors file")
    parser.add_argument("--split", choices=("val", "test"), default="test")
    parser.add_argument("--write", action="store_true", help="put the scores into the card")


def _run(options: argparse.Namespace) -> int:
    device = str(resolve_device(options.device))
    scores = evaluate(options.checkpoint, data_folder(options.data), options.split, device)
    for name, value in scores.items():
        print(f"{name:32s} {value:.5g}")
    if options.write:
        write_scores(Path(options.checkpoint), options.split, scores)
    return 0


COMMAND = Command("evaluate", "test table of a checkpoint", _add_arguments, _run)
