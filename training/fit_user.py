"""Fit of an ECN to one's own labels: :func:`fit_to_labels`, and ``fit-ecn --target NAME``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from ase_ecn.checkpoint import load_checkpoint, read_card
from ase_ecn.crystal import CrystalLike
from ase_ecn.errors import CheckpointError, OptionError
from ase_ecn.execution import resolve_device
from ase_ecn.training.data.ecn_data import USER
from ase_ecn.training.data.user_data import read_user_data, split_user_data
from ase_ecn.training.fits.config import ECNConfiguration
from ase_ecn.training.fits.fit_ecn import fit_to_graphs, labelled_graphs_for
from ase_ecn.training.fits.parallel import is_first
from ase_ecn.training.fits.scores import ecn_scores, predict_graphs
from ase_ecn.training.release.evaluate import write_scores
from ase_ecn.training.release.write_card import write_checkpoint

EPOCHS = 200
"""At most so many; a fit stops earlier when the validation gets no better."""


@dataclass(frozen=True)
class LabelFit:
    """What a fit to one's own labels gave.

    Attributes
    ----------
    checkpoint
        The ``.safetensors`` file, which calculators, ``predict`` and screens take; its card is
        beside it.
    scores
        Mean absolute error, or ROC AUC of a class, of the test part.
    """

    checkpoint: Path
    scores: dict[str, float]


def fit_to_labels(
    data: str | Path | Iterable[CrystalLike],
    target: str,
    unit: str,
    *,
    init: str | None = None,
    epochs: int = EPOCHS,
    out: str | Path | None = None,
    device: str | None = None,
    command: str = "",
) -> LabelFit:
    """Fit a network to a property of one's own, and write its checkpoint.

    The crystals are split 80/10/10 by composition into what is fitted to, what the best epoch is
    chosen by, and what the scores are measured on. An interrupted fit goes on when it is called
    again.

    Parameters
    ----------
    data
        Anything that a screen reads: a database, a table, a file, a folder; or crystals, such as
        ``Atoms`` with the label in ``info``, ``arrays`` or the results of their calculator.
    target
        Name of the property: one number per crystal, which must not depend on the size of the
        cell, or one per atom.
    unit
        Its unit, for the card and for tables.
    init
        Checkpoint of an ECN to start from, such as ``"ecn-mp20"``; worth it below some ten
        thousand labels.
    epochs
        At most.
    out
        Folder for the checkpoint, the learning curve and the state; ``runs/TARGET`` by default.
    device
        Where to train; by default CUDA if available, otherwise the CPU.
    command
        What the card calls the command of the fit.

    Returns
    -------
    LabelFit
        Where the checkpoint is, and its scores on the test part.

    Raises
    ------
    DatasetError, OptionError, CheckpointError
        If the data, an option or the checkpoint to start from cannot be used.
    """
    device = str(resolve_device(device))
    dataset = read_user_data(data, target)
    parts = split_user_data(dataset)
    config = user_config(target, unit, not dataset.targets, init=init, epochs=epochs)
    graphs = {split: labelled_graphs_for(part, config.model) for split, part in parts.items()}
    out = Path(out or Path("runs") / target)
    model, result = fit_to_graphs(config, graphs["train"], graphs["val"], out, device)
    weights = out / f"{target}.safetensors"
    if not is_first():
        return LabelFit(weights, {})
    write_checkpoint(
        weights,
        model,
        config,
        result,
        elements=np.unique(graphs["train"].graphs.numbers).tolist(),
        counts={split: len(part) for split, part in parts.items()},
        device=device,
        command=command or _call(data, target, unit, epochs, init),
    )
    written = load_checkpoint(weights, "ecn").model
    scores = ecn_scores(predict_graphs(written, graphs["test"], "cpu"), graphs["test"])
    write_scores(weights, "test", scores)
    return LabelFit(weights, scores)


def _call(data: Any, target: str, unit: str, epochs: int, init: str | None) -> str:
    given = Path(data).name if isinstance(data, str | Path) else "crystals"
    return f"fit_to_labels({given}, {target!r}, {unit!r}, epochs={epochs}, init={init!r})"


def user_config(
    target: str,
    units: str,
    per_site: bool,
    *,
    epochs: int = EPOCHS,
    seed: int = 0,
    init: str | None = None,
) -> ECNConfiguration:
    """Configuration of a fit to one's own labels.

    Parameters
    ----------
    target
        Name of the property; predictions will have it as an attribute.
    units
        Its unit, as it should stand in the card.
    per_site
        Whether there is one label per atom.
    epochs, seed
        As usual; the fit stops earlier when the validation gets no better.
    init
        Checkpoint to start from. Its architecture is taken over, with a new head for the target.

    Raises
    ------
    OptionError
        If the name of the target is not allowed or ``epochs`` is not positive.
    CheckpointError
        If the checkpoint cannot be read or is not one of an ECN.
    """
    # Heads are modules under the name of their target, so it must not hide anything of torch's.
    if not target.isidentifier() or target.startswith("_") or hasattr(nn.ModuleDict, target):
        raise OptionError(
            f"{target!r} cannot be the name of a property: take letters, digits and underscores, "
            "a letter first, and no word that torch.nn.ModuleDict uses itself"
        )
    if epochs < 1:
        raise OptionError(f"epochs is {epochs}; it must be at least 1")
    # The width of the bundled networks overfits a few hundred labels; this network is small.
    model: dict[str, Any] = {"width": 64, "layers": 3}
    if init is not None:
        card = read_card(init)
        if card.network != "ecn":
            raise CheckpointError(f"{init} is a checkpoint of {card.network}, not of ecn")
        architecture = card.content["architecture"]
        model = dict(architecture["members"][0] if "members" in architecture else architecture)
        model.pop("uncertainties", None)
    model |= {
        "crystal_targets": [] if per_site else [target],
        "site_targets": [target] if per_site else [],
    }
    config: dict[str, Any] = {
        "name": target,
        "data": {"name": USER, "supercell_views": 0.5},
        "model": model,
        "units": {target: units},
        "fit": {
            "epochs": epochs,
            "batch_size": 16,
            "seed": seed,
            # Large steps would wipe out what the checkpoint has learned.
            "learning_rate": 1e-3 if init is None else 3e-4,
            "weight_decay": 1e-2,
            "ema_decay": 0.99,
            "patience": max(20, epochs // 5),
        },
    }
    if init is not None:
        config["init"] = init
    return ECNConfiguration.from_dict(config)
