"""Fit of an ECN to one's own labels: ``fit-ecn --data FILE --target NAME --units UNIT``."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from ase_ecn.checkpoint import load_checkpoint
from ase_ecn.errors import OptionError
from ase_ecn.training.data.user_data import read_user_data, split_user_data, user_config
from ase_ecn.training.fits.fit_ecn import (
    ecn_scores,
    fit_to_graphs,
    labelled_graphs_for,
    model_config,
    predict_graphs,
)
from ase_ecn.training.fits.parallel import is_first
from ase_ecn.training.release.evaluate import write_scores
from ase_ecn.training.release.write_card import write_checkpoint


def fit_user(options: argparse.Namespace, device: str) -> dict[str, float]:
    """Fit, write the checkpoint and its card, and return the scores on the test part.

    Parameters
    ----------
    options
        ``data`` (file), ``target``, ``units``, and optionally ``init``, ``epochs``, ``out``.
    device
        Where to train.

    Raises
    ------
    DatasetError, OptionError, CheckpointError
        If the file, the options or the checkpoint to start from cannot be used.
    """
    if not options.data or not options.units:
        raise OptionError("--target needs --data FILE and --units UNIT")
    dataset = read_user_data(options.data, options.target)
    parts = split_user_data(dataset)
    epochs = {"epochs": options.epochs} if options.epochs else {}
    config = user_config(
        options.target, options.units, not dataset.targets, init=options.init, **epochs
    )
    architecture = model_config(config["model"])
    graphs = {split: labelled_graphs_for(part, architecture) for split, part in parts.items()}
    out = options.out or Path("runs") / options.target
    model, result = fit_to_graphs(config, graphs["train"], graphs["val"], out, device)
    if not is_first():
        return {}
    weights = out / f"{options.target}.safetensors"
    write_checkpoint(
        weights,
        model,
        config,
        result,
        elements=np.unique(graphs["train"].graphs.numbers).tolist(),
        counts={split: len(part) for split, part in parts.items()},
        device=device,
        command=_command(options),
    )
    written = load_checkpoint(weights, "ecn").model
    scores = ecn_scores(predict_graphs(written, graphs["test"], "cpu"), graphs["test"])
    write_scores(weights, "test", scores)
    return scores


def _command(options: argparse.Namespace) -> str:
    command = (
        f"python -m ase_ecn.training fit-ecn --data {Path(options.data).name} "
        f"--target {options.target} --units {options.units}"
    )
    if options.epochs:
        command += f" --epochs {options.epochs}"
    if options.devices > 1:
        command += f" --devices {options.devices}"
    return command + (f" --init {options.init}" if options.init else "")
