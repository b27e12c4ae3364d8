"""``calibrate``: stated uncertainties for a checkpoint."""

from __future__ import annotations

import argparse
from pathlib import Path

from ase_ecn.commands.command_line import Command
from ase_ecn.training.data.datasets import data_folder
from ase_ecn.training.release.calibrate import calibrate


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("checkpoint", type=Path, help=".safetensors file, changed in place")
    parser.add_argument(
        "--properties", nargs="+", default=["formation_energy", "band_gap"], metavar="NAME"
    )
    parser.add_argument(
        "--labels",
        nargs="+",
        default=[],
        metavar="LABELS",
        help="further energies, of crystals such as a screen proposes; those that fits hold out "
        "have to be in their intervals too",
    )


def _run(options: argparse.Namespace) -> int:
    data = data_folder(options.data)
    held = calibrate(options.checkpoint, data, tuple(options.properties), tuple(options.labels))
    for name, value in held.items():
        print(f"{name}: {100 * value:.1f} % of held-out validation crystals in their 90 % interval")
    return 0


COMMAND = Command("calibrate", "give a checkpoint stated uncertainties", _add_arguments, _run)
