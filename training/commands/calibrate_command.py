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
    parser.add_argument(
        "--label-error",
        type=float,
        default=0.0,
        metavar="ENERGY",
        help="mean absolute error of these energies in eV/atom, if they are not what is to be "
        "predicted",
    )


def _run(options: argparse.Namespace) -> int:
    data = data_folder(options.data)
    held = calibrate(
        options.checkpoint,
        data,
        tuple(options.properties),
        tuple(options.labels),
        options.label_error,
    )
    for name, value in held.items():
        print(f"{name}: {100 * value:.1f} % of held-out validation crystals in their 90 % interval")
    return 0


COMMAND = Command("calibrate", "give a checkpoint stated uncertainties", _add_arguments, _run)
