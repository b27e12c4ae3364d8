"""``fit-ecn``: an ECN, fitted to public data sets or to labels of one's own."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from ase_ecn.commands.command_line import Command
from ase_ecn.errors import OptionError
from ase_ecn.training.commands.fitting import (
    Fitted,
    add_fit_arguments,
    command_of,
    run_fit,
    start_processes,
)
from ase_ecn.training.data.ecn_data import labelled_elements
from ase_ecn.training.fit_user import EPOCHS, fit_to_labels
from ase_ecn.training.fits.config import ECNConfiguration
from ase_ecn.training.fits.fit_ecn import fit_ecn


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add_fit_arguments(parser, "ecn", config_required=False)
    add = parser.add_argument
    add("--target", help="fit this property of the crystals in the file --data instead")
    add("--units", help="unit of the property")
    add("--epochs", type=int, help=f"for one's own labels (default: {EPOCHS})")


def _run(options: argparse.Namespace) -> int:
    if options.target:
        return _fit_own_labels(options)
    if not options.config:
        raise OptionError("give --config, or --data FILE --target NAME --units UNIT")
    return run_fit(options, _fit)


def _fit(config: ECNConfiguration, data: Path, out: Path, device: str) -> Fitted:
    model, result = fit_ecn(config, data, out, device)
    splits = ("train",) if config.data.with_val else ("train", "val")
    parts = {split: config.load(data, split) for split in splits}
    return Fitted(
        model,
        result,
        np.unique(parts["train"].graphs.numbers).tolist(),
        {split: len(part.graphs) for split, part in parts.items()},
        labelled_elements(parts["train"]),
    )


def _fit_own_labels(options: argparse.Namespace) -> int:
    if not options.data or not options.units:
        raise OptionError("--target needs --data FILE and --units UNIT")
    given = {
        "data": Path(options.data).name,
        "target": options.target,
        "units": options.units,
        "epochs": options.epochs,
    }
    fitted = fit_to_labels(
        options.data,
        options.target,
        options.units,
        init=options.init,
        epochs=options.epochs or EPOCHS,
        out=options.out,
        device=start_processes(options),
        command=command_of(options, given),
    )
    for name, value in fitted.scores.items():
        print(f"test {name:27s} {value:.5g}")
    return 0


COMMAND = Command("fit-ecn", "fit an ECN", _add_arguments, _run)
