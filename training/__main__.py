"""``python -m ase_ecn.training COMMAND``: fit networks and make checkpoints of them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from ase_ecn.errors import OptionError
from ase_ecn.execution import resolve_device
from ase_ecn.training import candidates_command, hull_command, label_command
from ase_ecn.training.commands import add_common_options, run_command
from ase_ecn.training.data.datasets import data_folder
from ase_ecn.training.data.ecn_data import labelled_elements
from ase_ecn.training.data.force_sets import chemical_systems, load_force_data
from ase_ecn.training.data.labels import HELD_OUT
from ase_ecn.training.data.relaxed_lattices import load_crystals
from ase_ecn.training.fit_user import EPOCHS, fit_to_labels
from ase_ecn.training.fits.config import (
    ECNConfiguration,
    EMPNNConfiguration,
    PESConfiguration,
    SO3Configuration,
    read_config,
)
from ase_ecn.training.fits.fit_ecn import fit_ecn
from ase_ecn.training.fits.fit_empnn import fit_empnn
from ase_ecn.training.fits.fit_pes import fit_pes
from ase_ecn.training.fits.fit_so3 import fit_so3
from ase_ecn.training.fits.loop import FitResult
from ase_ecn.training.fits.parallel import is_first, start
from ase_ecn.training.release.calibrate import run_calibrate
from ase_ecn.training.release.evaluate import evaluate, write_scores
from ase_ecn.training.release.join import add_ensemble_arguments, run_ensemble
from ase_ecn.training.release.measure_domain import run_domain
from ase_ecn.training.release.write_card import write_checkpoint


@dataclass(frozen=True)
class _Fitted:
    """What a fit gave, and what it was fitted to."""

    model: nn.Module
    result: FitResult
    elements: list[int]
    counts: dict[str, int]
    property_elements: dict[str, list[int]] | None = None
    systems: list[list[int]] | None = None


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit status."""
    return run_command(_parser(), arguments)


_FIT_HELP = {
    "ecn": "fit an ECN",
    "empnn": "fit an EMPNN",
    "pes": "fit an ECN to energies, forces and stresses",
    "so3": "fit an SO(3)-equivariant network to energies, forces and stresses",
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m ase_ecn.training", description=__doc__)
    commands = parser.add_subparsers(required=True)
    for network in _FIT_HELP:
        command = commands.add_parser(f"fit-{network}", help=_FIT_HELP[network])
        own_labels = network == "ecn"
        command.add_argument(
            "--config", type=Path, required=not own_labels, help="YAML configuration"
        )
        command.add_argument("--out", type=Path, help="folder for all results (default: runs/NAME)")
        command.add_argument("--init", help="start from this checkpoint")
        command.add_argument(
            "--devices",
            type=int,
            default=1,
            help="GPUs (or processes, with --device cpu) that share each batch (default: 1)",
        )
        command.set_defaults(run=_fit, network=network, target=None)
        if own_labels:
            command.add_argument(
                "--target", help="fit this property of the crystals in the file --data instead"
            )
            command.add_argument("--units", help="unit of the property")
            command.add_argument("--epochs", type=int, help="for one's own labels (default: 200)")
    command = commands.add_parser("evaluate", help="test table of a checkpoint")
    command.add_argument("checkpoint", help="bundled name or .safetensors file")
    command.add_argument("--split", choices=("val", "test"), default="test")
    command.add_argument("--write", action="store_true", help="put the scores into the card")
    command.set_defaults(run=_evaluate)
    command = commands.add_parser("calibrate", help="give a checkpoint stated uncertainties")
    command.add_argument("checkpoint", type=Path, help=".safetensors file, changed in place")
    command.add_argument(
        "--properties", nargs="+", default=["formation_energy", "band_gap"], metavar="NAME"
    )
    command.set_defaults(run=run_calibrate)
    command = commands.add_parser("domain", help="measure what a checkpoint was trained on")
    command.add_argument("checkpoint", help=".safetensors file, whose card is changed")
    command.set_defaults(run=run_domain)
    command = commands.add_parser("ensemble", help="join ECNs into one checkpoint")
    add_ensemble_arguments(command)
    command.set_defaults(run=run_ensemble)
    for one in (candidates_command.COMMAND, hull_command.COMMAND, label_command.COMMAND):
        command = commands.add_parser(one.name, help=one.text, description=one.text)
        one.add_arguments(command)
        command.set_defaults(run=one.run)
    for command in commands.choices.values():
        add_common_options(command)
    return parser


def _fit(options: argparse.Namespace) -> int:
    if options.target:
        return _fit_own_labels(options)
    if not options.config:
        raise OptionError("give --config, or --data FILE --target NAME --units UNIT")
    config = read_config(options.config, options.network)
    if options.init:
        config = replace(config, init=options.init)
    data = data_folder(options.data)
    device = start(options.devices, str(resolve_device(options.device)))
    out = options.out or Path("runs") / config.name
    command = (
        f"python -m ase_ecn.training fit-{options.network} --config {options.config.name} "
        f"--out {out.name}"
    )
    if options.init:
        command += f" --init {options.init}"
    if options.devices > 1:
        command += f" --devices {options.devices}"
    weights = out / f"{config.name}.safetensors"
    fitted = _FITS[options.network](config, data, out, device)
    if not is_first():
        return 0
    card = write_checkpoint(
        weights,
        fitted.model,
        config,
        fitted.result,
        elements=fitted.elements,
        counts=fitted.counts,
        device=device,
        command=command,
        property_elements=fitted.property_elements,
        systems=fitted.systems,
    )
    print(f"wrote {weights} ({card.sha256[:12]})")
    return 0


def _fit_own_labels(options: argparse.Namespace) -> int:
    if not options.data or not options.units:
        raise OptionError("--target needs --data FILE and --units UNIT")
    device = start(options.devices, str(resolve_device(options.device)))
    command = (
        f"python -m ase_ecn.training fit-ecn --data {Path(options.data).name} "
        f"--target {options.target} --units {options.units}"
    )
    for name in ("epochs", "init"):
        if getattr(options, name):
            command += f" --{name} {getattr(options, name)}"
    if options.devices > 1:
        command += f" --devices {options.devices}"
    fitted = fit_to_labels(
        options.data,
        options.target,
        options.units,
        init=options.init,
        epochs=options.epochs or EPOCHS,
        out=options.out,
        device=device,
        command=command,
    )
    for name, value in fitted.scores.items():
        print(f"test {name:27s} {value:.5g}")
    return 0


def _fit_ecn(config: ECNConfiguration, data: Path, out: Path, device: str) -> _Fitted:
    model, result = fit_ecn(config, data, out, device)
    splits = ("train",) if config.data.with_val else ("train", "val")
    parts = {split: config.load(data, split) for split in splits}
    return _Fitted(
        model,
        result,
        np.unique(parts["train"].graphs.numbers).tolist(),
        {split: len(part.graphs) for split, part in parts.items()},
        labelled_elements(parts["train"]),
    )


def _fit_empnn(config: EMPNNConfiguration, data: Path, out: Path, device: str) -> _Fitted:
    model, result = fit_empnn(config, data, out, device)
    parts = {split: load_crystals(data, config.data.name, split) for split in ("train", "val")}
    elements = sorted({int(z) for crystal in parts["train"] for z in crystal.numbers})
    counts = {split: len(crystals) for split, crystals in parts.items()}
    return _Fitted(model, result, elements, counts)


def _fit_pes(config: PESConfiguration, data: Path, out: Path, device: str) -> _Fitted:
    model, result = fit_pes(config, data, out, device)
    parts = {split: load_force_data(data, config.data, split) for split in ("train", "val")}
    systems = chemical_systems(parts["train"].crystals)
    elements = sorted({z for system in systems for z in system})
    counts = {split: len(part) for split, part in parts.items()}
    return _Fitted(model, result, elements, counts, systems=systems)


def _fit_so3(config: SO3Configuration, data: Path, out: Path, device: str) -> _Fitted:
    model, result, labels = fit_so3(config, data, out, device)
    held = int((labels.percent < HELD_OUT).sum())
    counts = {"train": len(labels) - held, "held out": held}
    return _Fitted(model, result, np.unique(labels.numbers).tolist(), counts)


_FITS: dict[str, Callable[[Any, Path, Path, str], _Fitted]] = {
    "ecn": _fit_ecn,
    "empnn": _fit_empnn,
    "pes": _fit_pes,
    "so3": _fit_so3,
}


def _evaluate(options: argparse.Namespace) -> int:
    device = str(resolve_device(options.device))
    scores = evaluate(options.checkpoint, data_folder(options.data), options.split, device)
    for name, value in scores.items():
        print(f"{name:32s} {value:.5g}")
    if options.write:
        write_scores(Path(options.checkpoint), options.split, scores)
    return 0


if __name__ == "__main__":
    sys.exit(main())
