"""The tables of the EMPNN paper compared with ours: losses, vector fields, reconstruction."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch

from ase_ecn.crystal import Crystal
from ase_ecn.nn.empnn import EMPNN
from ase_ecn.training.data.relaxed_lattices import load_crystals, spread
from ase_ecn.training.fits.config import EMPNNConfiguration, LatticeConfiguration
from ase_ecn.training.fits.fit_empnn import LatticeModel, fit_lattice_network
from ase_ecn.training.fits.metrics import lattice_parameter_errors
from ase_ecn.training.fits.noise import start_cells
from ase_ecn.training.fits.scores import denoise, denoising_scores
from ase_ecn.training.release.evaluate import NOISE_SEED
from reproduce.empnn_tables.lattice_baselines import (
    FEED_FORWARD,
    MEAN_DENSITY,
    NO_CHANGE,
    FeedForwardConfig,
    FeedForwardLattice,
    mean_density_cells,
)
from reproduce.empnn_tables.paper import (
    DATASETS,
    FIELD_SETS,
    FIELD_SIGMA,
    FIELDS,
    LOSS_SIGMA,
    LOSSES,
    RECONSTRUCTION,
    Figures,
)

logger = logging.getLogger(__name__)

RECONSTRUCTION_STRAIN = 3.0
"""Bound of a layer's strain where a cube of 1 Å has to grow to a cell; usual cells are a
logarithmic strain of 2 to 4 away from it."""
BASELINES = (NO_CHANGE, MEAN_DENSITY)
"""Rows that are not fitted."""


@dataclass(frozen=True, kw_only=True)
class FeedForwardConfiguration(LatticeConfiguration):
    """Fit of the feed-forward predictor."""

    network: ClassVar[str] = FEED_FORWARD

    model: FeedForwardConfig


@dataclass(frozen=True)
class Experiment:
    """One figure of one table.

    Attributes
    ----------
    table
        1, 2 or 3.
    row
        Its name there, or a baseline's.
    dataset
        Name among :data:`reproduce.empnn_tables.paper.DATASETS`.
    """

    table: int
    row: str
    dataset: str

    @property
    def paper(self) -> Figures | None:
        """Lengths (Å) and angles (degrees) in the paper, if it has them."""
        rows = {1: LOSSES, 2: FIELDS, 3: RECONSTRUCTION}[self.table]
        return rows.get(self.row, {}).get(self.dataset)


@dataclass(frozen=True)
class Budget:
    """Size and length of each experiment.

    Attributes
    ----------
    epochs, batch_size, learning_rate, seed, compile
        Of the fit.
    train_crystals, test_crystals
        Largest numbers of crystals, spread evenly over the split; ``None`` for all.
    features, plain_layers, deforming_layers, neighbors
        Of the networks.
    """

    epochs: int = 10
    batch_size: int = 64
    learning_rate: float = 1.5e-3
    seed: int = 0
    compile: bool = False
    train_crystals: int | None = None
    test_crystals: int | None = None
    features: int = 64
    plain_layers: int = 3
    deforming_layers: int = 3
    neighbors: int = 12


def table_experiments(
    tables: Iterable[int] = (1, 2, 3), datasets: Iterable[str] = DATASETS
) -> list[Experiment]:
    """All rows that can be run, table by table; DFT is not among them."""
    rows = {
        1: [*LOSSES, "relative-metric", "log-strain", *BASELINES],
        2: [*FIELD_SETS, FEED_FORWARD, *BASELINES],
        3: ["EMPNN", FEED_FORWARD, MEAN_DENSITY],
    }
    chosen = list(datasets)
    return [
        Experiment(table, row, dataset)
        for table in tables
        for row in rows[table]
        for dataset in chosen
    ]


def configuration(experiment: Experiment, budget: Budget) -> dict[str, Any]:
    """Configuration of the fit behind an experiment, as a YAML file would give it."""
    sigma = LOSS_SIGMA if experiment.table == 1 else FIELD_SIGMA
    model: dict[str, Any] = {
        "features": budget.features,
        "plain_layers": budget.plain_layers,
        "neighbors": budget.neighbors,
    }
    loss = "relative-metric"
    if experiment.row == FEED_FORWARD:
        loss = "parameter-mae"
    else:
        model["deforming_layers"] = budget.deforming_layers
        model["fields"] = list(FIELD_SETS.get(experiment.row, ("edge-ket-bra",)))
    if experiment.table == 1:
        loss = experiment.row
    if experiment.table == 3 and experiment.row != FEED_FORWARD:
        loss = "log-strain"
        model["max_strain"] = RECONSTRUCTION_STRAIN
    data: dict[str, Any] = {"name": experiment.dataset, "validation_crystals": 500}
    if budget.train_crystals is not None:
        data |= {"train_crystals": budget.train_crystals}
        data["validation_crystals"] = min(500, budget.train_crystals)
    return {
        "network": FEED_FORWARD if experiment.row == FEED_FORWARD else "empnn",
        "data": data,
        "model": model,
        "noise": {"kind": "cube"}
        if experiment.table == 3
        else {"kind": "gaussian", "sigma": sigma},
        "loss": loss,
        "fit": {
            "epochs": budget.epochs,
            "batch_size": budget.batch_size,
            "learning_rate": budget.learning_rate,
            "seed": budget.seed,
            "ema_decay": 0.99,
            "patience": budget.epochs,
            "compile": budget.compile,
        },
    }


def run_experiment(
    experiment: Experiment, budget: Budget, data: Path, out: Path, device: str
) -> dict[str, Any]:
    """Fit and test, or read the result of an earlier call with the same settings.

    Parameters
    ----------
    experiment, budget
        What, and at what cost.
    data, out
        Folder of data sets, and for results: one subfolder per different fit.
    device
        Where to compute.

    Returns
    -------
    dict
        ``lengths`` and ``angles`` as in the table: improvements, or errors in table 3; all
        ``scores``; ``epochs``, ``steps``, ``train_crystals``, ``test_crystals`` and ``seconds``.
    """
    config = configuration(experiment, budget)
    fitted = experiment.row not in BASELINES
    task: dict[str, Any] = {
        "config": config if fitted else [experiment.row, config["noise"], config["data"]]
    }
    task["test_crystals"] = budget.test_crystals
    key = sha256(json.dumps(task, sort_keys=True).encode()).hexdigest()[:12]
    folder = out / f"{experiment.dataset}-{key}"
    file = folder / "result.json"
    if file.is_file():
        stored: dict[str, Any] = json.loads(file.read_text())
        return stored
    begin = time.perf_counter()
    train = load_crystals(data, experiment.dataset, "train")
    test = spread(load_crystals(data, experiment.dataset, "test"), budget.test_crystals)
    true = np.stack([crystal.cell for crystal in test])
    start = start_cells(config["noise"]).apply(true, np.random.default_rng(NOISE_SEED))
    epochs = steps = 0
    if experiment.row == NO_CHANGE:
        final = start
    elif experiment.row == MEAN_DENSITY:
        final = mean_density_cells(start, test, train)
    else:
        logger.info("table %d, %s, %s", experiment.table, experiment.row, experiment.dataset)
        used = spread(train, budget.train_crystals)
        kind = FeedForwardConfiguration if experiment.row == FEED_FORWARD else EMPNNConfiguration
        parsed = kind.from_dict({"name": experiment.dataset, **config})
        model = _network(parsed, used)
        epochs = fit_lattice_network(model, parsed, data, folder, device).epochs
        steps = epochs * -(-len(used) // budget.batch_size)
        final = denoise(model.to(device), test, start, device)
    scores = denoising_scores(start, final, true)
    if experiment.table == 3:
        lengths, angles = (float(e.mean()) for e in lattice_parameter_errors(final, true))
    else:
        lengths, angles = scores["lengths_improvement"], scores["angles_improvement"]
    result = {
        "lengths": lengths,
        "angles": angles,
        "scores": scores,
        "epochs": epochs,
        "steps": steps,
        "train_crystals": len(spread(train, budget.train_crystals)),
        "test_crystals": len(test),
        "seconds": round(time.perf_counter() - begin, 1),
        "task": task,
        "budget": asdict(budget),
    }
    folder.mkdir(parents=True, exist_ok=True)
    partial = file.with_suffix(".partial")
    partial.write_text(json.dumps(result, indent=1) + "\n")
    partial.replace(file)
    return result


def _network(
    config: EMPNNConfiguration | FeedForwardConfiguration, train: Sequence[Crystal]
) -> LatticeModel:
    torch.manual_seed(config.fit.seed)
    if isinstance(config, EMPNNConfiguration):
        return EMPNN(config.model)
    model = FeedForwardLattice(config.model)
    model.standardise(
        torch.as_tensor(np.stack([crystal.cell for crystal in train])),
        torch.tensor([len(crystal) for crystal in train]),
    )
    return model


TITLES = {
    1: f"Table 1: improvement of lengths (Å) / angles (°) by the loss, sigma = {LOSS_SIGMA}",
    2: f"Table 2: improvement of lengths (Å) / angles (°) by the fields, sigma = {FIELD_SIGMA}",
    3: "Table 3: error of lengths (Å) / angles (°) reconstructed from cubes of 1 Å",
}


def format_tables(results: Sequence[tuple[Experiment, dict[str, Any]]]) -> str:
    """Tables as text: ours, the paper's, and how long ours were fitted."""
    lines: list[str] = []
    for table in sorted({experiment.table for experiment, _ in results}):
        lines += [
            TITLES[table],
            "",
            "| | data | ours | the paper | epochs | steps | train / test crystals | seconds |",
            "|---|---|---|---|---|---|---|---|",
        ]
        for experiment, result in results:
            if experiment.table == table:
                lines.append(_line(experiment, result))
        for row, figures in FIELDS.items() if table == 2 else ():
            if row == "DFT":
                for dataset in dict.fromkeys(e.dataset for e, _ in results if e.table == 2):
                    lines.append(_cells([row, dataset, "not run", _pair(figures[dataset])]))
        lines.append("")
    return "\n".join(lines)


def _line(experiment: Experiment, result: dict[str, Any]) -> str:
    crystals = f"{result['train_crystals']} / {result['test_crystals']}"
    return _cells(
        [
            experiment.row,
            experiment.dataset,
            _pair((result["lengths"], result["angles"])),
            _pair(experiment.paper),
            str(result["epochs"]) if result["epochs"] else "not fitted",
            str(result["steps"]),
            crystals,
            f"{result['seconds']:.0f}",
        ]
    )


def _cells(values: list[str]) -> str:
    return "| " + " | ".join(values + [""] * (8 - len(values))) + " |"


def _pair(figures: Figures | None) -> str:
    return "" if figures is None else f"{figures[0]:.3f} / {figures[1]:.3f}"
