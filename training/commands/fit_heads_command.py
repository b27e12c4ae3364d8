"""``fit-heads``: fresh readouts of some properties of a fitted network."""

from __future__ import annotations

import argparse
from pathlib import Path

from ase_ecn.checkpoint import load_checkpoint, save_checkpoint
from ase_ecn.commands.command_line import Command
from ase_ecn.nn.so3.so3_ecn import SO3ECN
from ase_ecn.selftest import make_references
from ase_ecn.training.data.datasets import data_folder
from ase_ecn.training.data.property_rows import load_property_rows
from ase_ecn.training.fits.config import PropertiesConfiguration, config_of_card
from ase_ecn.training.fits.fit_heads import refit_heads


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("checkpoint", type=Path, help=".safetensors file, changed in place")
    parser.add_argument("--properties", nargs="+", required=True, metavar="NAME")
    parser.add_argument("--epochs", type=int, default=12)


def _run(options: argparse.Namespace) -> int:
    loaded = load_checkpoint(options.checkpoint, SO3ECN)
    content = dict(loaded.card.content)
    config = config_of_card(content, PropertiesConfiguration)
    data = data_folder(options.data)
    rows, held = (
        load_property_rows(data, config.data, config.model.cutoff, split)
        for split in ("train", "val")
    )
    model, errors = refit_heads(loaded.model, rows, held, options.properties, options.epochs)
    content["readouts"] = {
        "properties": list(errors),
        "epochs": options.epochs,
        "validation_before": {name: round(error[0], 5) for name, error in errors.items()},
        "validation": {name: round(error[1], 5) for name, error in errors.items()},
    }
    content["references"] = []
    save_checkpoint(options.checkpoint, model, content)
    content["references"] = make_references(options.checkpoint)
    save_checkpoint(options.checkpoint, model, content)
    for name, (before, after) in errors.items():
        print(f"{name}: error of held-out labels {before:.5g} before, {after:.5g} now")
    return 0


COMMAND = Command("fit-heads", "give properties a fresh readout", _add_arguments, _run)
"""Run by :mod:`ase_ecn.training.__main__`."""
