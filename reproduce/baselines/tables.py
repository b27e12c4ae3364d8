"""Results of the baselines: kept as lines of JSON, printed below the paper's table."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from ase_ecn.errors import DatasetError
from reproduce.baselines.composition import COMPOSITION_MODELS
from reproduce.baselines.models import NETWORKS

MODELS = (*COMPOSITION_MODELS, *NETWORKS)


@dataclass(frozen=True)
class BaselineResult:
    """Test scores of one fit; a line of ``results.jsonl``.

    Attributes
    ----------
    data_set, model, seed
        What was fitted.
    epochs, learning_rate
        Of the one-cycle schedule; 0 for what is no network.
    parameters
        Number of a network's weights; 0 for what is no network.
    wall_time
        Seconds.
    scores
        By name, in the units of the data set.
    """

    data_set: str
    model: str
    seed: int
    epochs: int
    learning_rate: float
    parameters: int
    wall_time: float
    scores: dict[str, float]


def read_results(path: Path) -> list[BaselineResult]:
    """Read lines of results; none if the file doesn't exist.

    Raises
    ------
    DatasetError
        If a line is no result.
    """
    if not path.is_file():
        return []
    try:
        return [BaselineResult(**json.loads(line)) for line in path.read_text().splitlines()]
    except (TypeError, ValueError) as error:
        raise DatasetError(f"{path} holds a line that is no result: {error}") from error


def append_result(path: Path, result: BaselineResult) -> None:
    """Add a line to a file of results."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        file.write(json.dumps(asdict(result)) + "\n")


@dataclass(frozen=True)
class _Column:
    """A column of the table: title, name of the score, and whether it is a share in percent."""

    title: str
    score: str
    percent: bool = False

    def cell(self, values: Sequence[float]) -> str:
        numbers = np.array([v for v in values if np.isfinite(v)]) * (100 if self.percent else 1)
        if len(numbers) == 0:
            return "-"
        digits = 1 if self.percent else 3
        mean = f"{numbers.mean():.{digits}f}" + (" %" if self.percent else "")
        return mean if len(numbers) == 1 else f"{mean} ± {numbers.std(ddof=1):.{digits}f}"


_COLUMNS = {
    "mp_20": (
        _Column("E (eV/atom)", "formation_energy_mae"),
        _Column("M (µB/atom)", "magnetization_mae"),
        _Column("E_g, insulators (eV)", "band_gap_mae_insulators"),
        _Column("E_g, all (eV)", "band_gap_mae"),
        _Column("metal precision", "metal_precision", percent=True),
        _Column("nonmetal precision", "nonmetal_precision", percent=True),
        _Column("ROC AUC", "metal_auc"),
    ),
    "perov_5": (_Column("heat_all (eV)", "heat_all_mae"),),
    "fermi": (_Column("Fermi level (eV)", "fermi_level_mae"),),
    "site_moments": (_Column("site moments (µB)", "site_moments_mae"),),
}

# Rows of tables 1 and 2 and of table 6 (appendix A.8) of the ECN paper.
_PAPER: dict[str, tuple[tuple[str, ...], ...]] = {
    "mp_20": (
        ("CGCNN", "0.048 ± 0.0002", "0.111 ± 0.001", "0.399 ± 0.006", "-", "81.2 % ± 3.0",
         "86.3 % ± 3.0", "-"),
        ("MEGNet", "0.056 ± 0.0002", "0.110 ± 0.001", "0.434 ± 0.006", "-", "72.1 % ± 3.0",
         "81.6 % ± 4.0", "-"),
        ("ECN P-1", "0.052 ± 0.001", "0.108 ± 0.002", "0.44 ± 0.02", "-", "80 % ± 4.0",
         "84 % ± 4.0", "-"),
        ("ECN S_lattice", "0.046 ± 0.002", "0.106 ± 0.002", "0.390 ± 0.02", "-", "79.8 % ± 2.0",
         "83.2 % ± 1.0", "-"),
        ("ECN S_lattice, Hubbard U", "0.052", "0.109", "0.368", "-", "81.2 %", "82.9 %", "-"),
        ("ECN S_lattice, group and period", "0.051", "0.109", "0.386", "-", "77.6 %", "85.6 %",
         "-"),
    ),
    "perov_5": (
        ("CGCNN", "0.047 ± 0.000"),
        ("MEGNet", "0.059 ± 0.006"),
        ("ECN S_lattice", "0.038 ± 0.004"),
    ),
}  # fmt: skip
_PAPER_TITLE = {
    "mp_20": "paper: 78,649 crystals of the Materials Project (2021.05)",
    "perov_5": "paper: Perov-5",
}
_OUR_TITLE = {
    "mp_20": "here: MP-20",
    "perov_5": "here: Perov-5",
    "fermi": "here: Fermi levels",
    "site_moments": "here: site moments",
}


def format_table(
    data_set: str,
    results: Sequence[BaselineResult],
    cards: Mapping[str, Mapping[str, float]] | None = None,
) -> str:
    """Table of the paper with our rows below it, in Markdown.

    Parameters
    ----------
    data_set
        Name; results of other sets are left out.
    results
        Fits; those that differ in the seed alone share a row, as mean ± standard deviation.
    cards
        Test scores of further models by name.

    Returns
    -------
    str
        Mean absolute errors, precisions in percent.
    """
    columns = _COLUMNS[data_set]
    blank = ("",) * len(columns)
    rows: list[tuple[str, ...]] = [("", *(column.title for column in columns))]
    if data_set in _PAPER:
        rows += [(f"*{_PAPER_TITLE[data_set]}*", *blank), *_PAPER[data_set]]
    rows += [(f"*{_OUR_TITLE[data_set]}*", *blank)]
    for title, scores in _rows(data_set, results) + [(k, [v]) for k, v in (cards or {}).items()]:
        cells = [c.cell([s.get(c.score, float("nan")) for s in scores]) for c in columns]
        rows.append((title, *cells))
    widths = [max(len(row[k]) for row in rows) for k in range(len(columns) + 1)]
    lines = [
        "| " + " | ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines) + "\n"


def _rows(
    data_set: str, results: Sequence[BaselineResult]
) -> list[tuple[str, Sequence[Mapping[str, float]]]]:
    """Title and the scores of all seeds, for each model and schedule in the order of models."""
    groups: dict[tuple[str, int, float], list[dict[str, float]]] = {}
    for result in sorted(results, key=lambda r: MODELS.index(r.model)):
        if result.data_set == data_set:
            key = (result.model, result.epochs, result.learning_rate)
            groups.setdefault(key, []).append(result.scores)
    rows: list[tuple[str, Sequence[Mapping[str, float]]]] = []
    for (model, epochs, rate), scores in groups.items():
        schedule = f", {epochs} epochs at {rate:g}" if epochs else ""
        rows.append((f"{model}{schedule}", scores))
    return rows
