"""What the commands that fit a network share: options, the fit, and its checkpoint."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from torch import nn

from ase_ecn.commands.command_line import Command
from ase_ecn.execution import resolve_device
from ase_ecn.training.data.datasets import data_folder
from ase_ecn.training.fits.config import read_config
from ase_ecn.training.fits.loop import FitResult
from ase_ecn.training.fits.parallel import is_first, start
from ase_ecn.training.release.write_card import write_checkpoint


@dataclass(frozen=True)
class Fitted:
    """A fitted network, and what its card says about the data.

    Attributes
    ----------
    model, result
        The network with its best weights, and how the fit went.
    elements
        Atomic numbers of the training crystals.
    counts
        Number of crystals by split.
    property_elements
        Atomic numbers by property, where not all crystals have all labels.
    systems
        Atomic numbers of the training crystals' chemical systems, for potentials.
    """

    model: nn.Module
    result: FitResult
    elements: list[int]
    counts: dict[str, int]
    property_elements: dict[str, list[int]] | None = None
    systems: list[list[int]] | None = None


Fit = Callable[[Any, Path, Path, str], Fitted]
"""From a configuration, the folders of data and results, and a device, to a fitted network."""


def fit_command(network: str, text: str, fit: Fit) -> Command:
    """The command ``fit-NETWORK``, which fits as its ``--config`` says."""
    return Command(
        f"fit-{network}",
        text,
        partial(add_fit_arguments, network=network),
        partial(run_fit, fit=fit),
    )


def add_fit_arguments(
    parser: argparse.ArgumentParser, network: str, *, config_required: bool = True
) -> None:
    """Options of all fits."""
    parser.add_argument("--config", type=Path, required=config_required, help="YAML configuration")
    parser.add_argument("--out", type=Path, help="folder for all results (default: runs/NAME)")
    parser.add_argument(
        "--init",
        help="start from this checkpoint, NAME#K for a member of an ensemble; an SO(3)-equivariant "
        "network may be narrower than the new one",
    )
    parser.add_argument(
        "--devices",
        type=int,
        default=1,
        help="GPUs (or processes, with --device cpu) that share each batch (default: 1)",
    )
    parser.set_defaults(network=network)


def run_fit(options: argparse.Namespace, fit: Fit) -> int:
    """Fit a network to what its configuration says, and write the checkpoint."""
    config = read_config(options.config, options.network)
    if options.init:
        config = replace(config, init=options.init)
    data = data_folder(options.data)
    device = start_processes(options)
    out = options.out or Path("runs") / config.name
    weights = out / f"{config.name}.safetensors"
    fitted = fit(config, data, out, device)
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
        command=command_of(options, {"config": options.config.name, "out": out.name}),
        property_elements=fitted.property_elements,
        systems=fitted.systems,
    )
    print(f"wrote {weights} ({card.sha256[:12]})")
    return 0


def start_processes(options: argparse.Namespace) -> str:
    """Start the processes of ``--devices``; returns the device of this one."""
    return start(options.devices, str(resolve_device(options.device)))


def command_of(options: argparse.Namespace, given: Mapping[str, object]) -> str:
    """The command line of a fit, for its card; options without a value are left out."""
    devices = options.devices if options.devices > 1 else None
    said = {**given, "init": options.init, "devices": devices}
    words = [f"--{name} {value}" for name, value in said.items() if value]
    return " ".join([f"python -m ase_ecn.training fit-{options.network}", *words])
