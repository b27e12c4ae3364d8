"""Baselines for the prediction of properties, in the same harness as the ECN.

The networks see the same primitive cells, splits and labels, and are fitted by the same loop with
the same optimizer, schedule, averaging and loss. ``python -m reproduce baselines`` fits
them and prints the table of the paper with theirs below it.
"""

from __future__ import annotations

import argparse
import logging
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ase_ecn.checkpoint import read_card
from ase_ecn.errors import OptionError
from ase_ecn.execution import resolve_device
from ase_ecn.properties import of_output
from ase_ecn.training.data.datasets import data_folder
from ase_ecn.training.fits.loop import FitOptions, Task, fit, shuffled_batches
from ase_ecn.training.fits.losses import multitask_loss
from ase_ecn.training.fits.metrics import mean_absolute_error, precision, roc_auc
from reproduce.baselines.composition import fit_composition_model
from reproduce.baselines.models import NETWORKS, BaselineNetwork
from reproduce.baselines.neighbor_graphs import NeighborBatch, NeighborGraphs
from reproduce.baselines.parts import TARGETS, Labels, Part, Splits
from reproduce.baselines.tables import (
    MODELS,
    BaselineResult,
    append_result,
    format_table,
    read_results,
)

logger = logging.getLogger(__name__)

LOSS_WEIGHTS = {"formation_energy": 1.5, "metal": 0.5}
"""As in the configuration of the bundled ECN."""
_WITHOUT_CHANCE = ("mean", "median", "linear")
_RESULTS = "results.jsonl"


def table_scores(
    predictions: Labels, labels: Mapping[str, NDArray[np.float64]]
) -> dict[str, float]:
    """Scores of the paper's tables.

    Parameters
    ----------
    predictions
        (G,) by property, or (N,) for properties of atoms; probabilities for classes.
    labels
        Of the same shapes, NaN where unknown.

    Returns
    -------
    dict
        ``*_mae`` of each property and of the gaps of insulators, the ROC AUC of metals, and the
        precision of both classes at a probability of one half.
    """
    scores = {
        f"{name}_mae": mean_absolute_error(predicted, labels[name])
        for name, predicted in predictions.items()
        if not _is_class(name)
    }
    if "metal" not in predictions:
        return scores
    known = ~np.isnan(labels["metal"])
    metal, probability = labels["metal"][known] > 0.5, predictions["metal"][known]
    scores["metal_auc"] = roc_auc(probability, metal)
    scores["metal_precision"] = precision(probability > 0.5, metal)
    scores["nonmetal_precision"] = precision(probability <= 0.5, ~metal)
    if "band_gap" in predictions:
        insulators = np.where(labels["metal"] > 0.5, np.nan, labels["band_gap"])
        scores["band_gap_mae_insulators"] = mean_absolute_error(predictions["band_gap"], insulators)
    return scores


def fit_network(
    name: str, train: Part, val: Part, options: FitOptions, out: Path, device: str = "cpu"
) -> tuple[BaselineNetwork, float]:
    """Fit one of :data:`~reproduce.baselines.models.NETWORKS`.

    Parameters
    ----------
    name
        Which.
    train, val
        To fit to, and to choose the best epoch by.
    options, out, device
        As for :func:`ase_ecn.training.fits.loop.fit`, which goes on where it was interrupted.

    Returns
    -------
    model, wall_time
        With the best averaged weights, and seconds.
    """
    torch.manual_seed(options.seed)
    model: BaselineNetwork = NETWORKS[name](tuple(train.labels))
    classes = frozenset(filter(_is_class, train.labels))
    model.set_units(train.labels, classes)
    model.to(device)
    scales = dict(zip(model.targets, model.scale.tolist(), strict=True))

    def batches(rng: np.random.Generator) -> Iterator[tuple[NeighborBatch, dict[str, Tensor]]]:
        for indices in shuffled_batches(len(train.graphs), options.batch_size, rng):
            labels = {
                k: torch.as_tensor(v, dtype=torch.float32, device=device)
                for k, v in train.labels_of(indices).items()
            }
            yield train.graphs.batch(indices, device=device), labels

    def loss(network: nn.Module, batch: tuple[NeighborBatch, dict[str, Tensor]]) -> Tensor:
        return multitask_loss(network(batch[0]), batch[1], scales, LOSS_WEIGHTS, classes)

    def validate(network: nn.Module) -> dict[str, float]:
        scores = table_scores(predict(network, val.graphs, device), val.labels)
        errors = {k: scores[f"{k}_mae"] / scales[k] for k in model.targets if not _is_class(k)}
        areas = {k: 1 - scores[f"{k}_auc"] for k in model.targets if _is_class(k)}
        return {**scores, "score": sum(errors.values()) + sum(areas.values())}

    task = Task(
        batches=batches,
        batches_per_epoch=-(-len(train.graphs) // options.batch_size),
        loss=loss,
        validate=validate,
        monitor="score",
    )
    result = fit(model, task, options, out)
    model.load_state_dict(result.weights)
    return model.eval(), result.wall_time


def predict(
    network: nn.Module, graphs: NeighborGraphs, device: str = "cpu", batch_size: int = 256
) -> Labels:
    """(G,) or (N,) predictions in physical units by property, probabilities for classes."""
    parts: list[dict[str, Tensor]] = []
    with torch.inference_mode():
        for start in range(0, len(graphs), batch_size):
            indices = np.arange(start, min(start + batch_size, len(graphs)))
            parts.append(network(graphs.batch(indices, device=device)))
    joined = {k: torch.cat([part[k] for part in parts]).double() for k in parts[0]}
    return {k: of_output(k).physical(v.cpu().numpy()) for k, v in joined.items()}


def _is_class(name: str) -> bool:
    return of_output(name).kind == "class"


def add_baselines_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command ``baselines``; ``--data`` and ``--device`` come from elsewhere."""
    parser.add_argument("--data-set", choices=sorted(TARGETS), default="mp_20")
    parser.add_argument(
        "--models",
        default=",".join(MODELS),
        help=f"separated by commas, of: {', '.join(MODELS)} (default: all)",
    )
    parser.add_argument("--epochs", type=int, default=30, help="of the networks (default: 30)")
    parser.add_argument(
        "--learning-rate",
        type=float,
        default=1.2e-3,
        help="peak, of the networks (default: 0.0012)",
    )
    parser.add_argument(
        "--compile",
        action="store_true",
        help="use torch.compile for the networks' steps (needs a C++ compiler)",
    )
    parser.add_argument("--seeds", type=int, default=1, help="fits of each model (default: 1)")
    parser.add_argument(
        "--out", type=Path, help="folder for results and states (default: runs/baselines-DATA_SET)"
    )
    parser.add_argument(
        "--compare",
        nargs="*",
        default=(),
        metavar="CHECKPOINT",
        help="checkpoints whose test scores join the table",
    )
    parser.add_argument(
        "--table-only", action="store_true", help="fit nothing; print the results in the folder"
    )


def run_baselines(options: argparse.Namespace) -> int:
    """Fit what isn't in the folder of results yet, and print the table.

    Raises
    ------
    OptionError
        If a model is unknown, a number isn't positive, or a library is missing.
    """
    models = _checked_models(options)
    out = options.out or Path("runs") / f"baselines-{options.data_set}"
    results = read_results(out / _RESULTS)
    if not options.table_only:
        device = str(resolve_device(options.device))
        splits = Splits(options.data_set, data_folder(options.data))
        for model in models:
            seeds = 1 if model in _WITHOUT_CHANCE else options.seeds
            for seed in range(seeds):
                wanted = _wanted(model, seed, options)
                if any(_same(result, model, options.data_set, wanted) for result in results):
                    continue
                result = _run_one(model, options.data_set, splits, wanted, out, device)
                append_result(out / _RESULTS, result)
                results.append(result)
    cards = {name: dict(read_card(name).content["test"]) for name in options.compare}
    sys.stdout.write(format_table(options.data_set, results, cards))
    return 0


def _checked_models(options: argparse.Namespace) -> list[str]:
    models = [name.strip() for name in options.models.split(",") if name.strip()]
    unknown = sorted(set(models) - set(MODELS))
    if unknown or not models:
        what = f"unknown models {', '.join(unknown)}" if unknown else "no models"
        raise OptionError(f"{what}; known are {', '.join(MODELS)}")
    if options.epochs < 1 or options.seeds < 1 or not options.learning_rate > 0:
        raise OptionError("--epochs, --seeds and --learning-rate must be positive")
    return models


@dataclass(frozen=True)
class _Wanted:
    """Which fit; models of compositions have no epochs, no rate and no options."""

    seed: int
    epochs: int = 0
    learning_rate: float = 0.0
    options: FitOptions | None = None


def _wanted(model: str, seed: int, options: argparse.Namespace) -> _Wanted:
    if model not in NETWORKS:
        return _Wanted(seed)
    fit_options = FitOptions(
        epochs=options.epochs,
        seed=seed,
        learning_rate=options.learning_rate,
        weight_decay=0.01,
        patience=options.epochs,
        compile=options.compile,
    )
    return _Wanted(seed, options.epochs, options.learning_rate, fit_options)


def _same(result: BaselineResult, model: str, data_set: str, wanted: _Wanted) -> bool:
    fitted = (result.model, result.data_set, result.seed, result.epochs, result.learning_rate)
    return fitted == (model, data_set, wanted.seed, wanted.epochs, wanted.learning_rate)


def _run_one(
    model: str, data_set: str, splits: Splits, wanted: _Wanted, out: Path, device: str
) -> BaselineResult:
    logger.info("%s on %s, seed %d", model, data_set, wanted.seed)
    parameters = 0
    if wanted.options is not None:
        kind = NETWORKS[model].kind
        # A state belongs to one schedule, so each schedule has a folder of its own.
        folder = f"{data_set}-{model}-{wanted.epochs}-{wanted.learning_rate:g}-seed{wanted.seed}"
        network, wall_time = fit_network(
            model,
            splits.part("train", kind),
            splits.part("val", kind),
            wanted.options,
            out / folder,
            device,
        )
        parameters = sum(p.numel() for p in network.parameters())
        predictions = predict(network, splits.part("test", kind).graphs, device)
    else:
        train, val, test = (splits.dataset(split) for split in ("train", "val", "test"))
        begin = time.perf_counter()
        targets = {name: _is_class(name) for name in TARGETS[data_set]}
        fitted = fit_composition_model(model, train, val, targets, wanted.seed)
        predictions = fitted(test)
        # What fits classes gives probabilities.
        predictions = {
            k: v if _is_class(k) else of_output(k).physical(v) for k, v in predictions.items()
        }
        wall_time = time.perf_counter() - begin
    return BaselineResult(
        data_set,
        model,
        wanted.seed,
        wanted.epochs,
        wanted.learning_rate,
        parameters,
        round(wall_time, 1),
        table_scores(predictions, splits.labels("test")),
    )
