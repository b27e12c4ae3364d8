"""``baselines``: other models on the same splits, in the paper's table."""

from __future__ import annotations

import argparse
import logging
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from ase_ecn.checkpoint import read_card
from ase_ecn.commands.command_line import Command
from ase_ecn.errors import OptionError
from ase_ecn.execution import resolve_device
from ase_ecn.properties import of_output
from ase_ecn.training.data.datasets import data_folder
from ase_ecn.training.fits.loop import FitOptions
from reproduce.baselines.composition import fit_composition_model
from reproduce.baselines.fit_baseline import (
    fit_network,
    is_class,
    predict,
    table_scores,
)
from reproduce.baselines.models import NETWORKS
from reproduce.baselines.parts import TARGETS, Splits
from reproduce.baselines.tables import (
    MODELS,
    BaselineResult,
    append_result,
    format_table,
    read_results,
)

logger = logging.getLogger(__name__)

_WITHOUT_CHANCE = ("mean", "median", "linear")
_RESULTS = "results.jsonl"


def _add_arguments(parser: argparse.ArgumentParser) -> None:
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


def _run(options: argparse.Namespace) -> int:
    """Fit the models that are not in the folder of results yet, and print the table.

    Raises
    ------
    OptionError
        If a model is unknown, a number is not positive, or a library is not installed.
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
    """One fit; models of compositions have no epochs, learning rate or options."""

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
        targets = {name: is_class(name) for name in TARGETS[data_set]}
        fitted = fit_composition_model(model, train, val, targets, wanted.seed)
        predictions = fitted(test)
        # What fits classes gives probabilities.
        predictions = {
            k: v if is_class(k) else of_output(k).physical(v) for k, v in predictions.items()
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


COMMAND = Command("baselines", "other models on the same splits", _add_arguments, _run)
