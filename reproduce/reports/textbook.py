"""How accurate is a checkpoint for two hundred compounds that textbooks name?

``textbook_compounds.csv`` lists them by hand: for each compound and space group, the entry of MP-20
(of any split) with the lowest formation energy; diamond and BAs, which MP-20 lacks, are of the
release of 2018. A checkpoint was fitted to most of them: these are errors of what a user
types first, not a test. Labels are looked up in the data sets.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ase_ecn.crystal import Crystal
from ase_ecn.errors import DatasetError
from ase_ecn.prediction import PropertyPredictor
from ase_ecn.properties import FORMATION_ENERGY
from ase_ecn.training.data.datasets import SPLITS, join
from ase_ecn.training.data.dft_labels import mp20, new_entries

COMPOUNDS = Path(__file__).with_name("textbook_compounds.csv")
PROPERTIES = {FORMATION_ENERGY: "eV/atom", "band_gap": "eV"}
WORST = 10
_CHUNK = 64


@dataclass(frozen=True)
class Compound:
    """A compound in one structure.

    Attributes
    ----------
    kind
        ``"halide"`` and the like.
    formula, space_group
        Which compound and structure.
    id
        Of its entry in the Materials Project.
    """

    kind: str
    formula: str
    space_group: int
    id: str

    def __str__(self) -> str:
        return f"{self.formula} ({self.space_group}, {self.id})"


@dataclass(frozen=True)
class TextbookErrors:
    """Labels and predictions of C compounds.

    Attributes
    ----------
    compounds
        Which.
    labels, predictions
        (C,) each by property in the units of :data:`PROPERTIES`, NaN where there is none.
    """

    compounds: Sequence[Compound]
    labels: dict[str, NDArray[np.float64]]
    predictions: dict[str, NDArray[np.float64]]

    def errors(self, name: str) -> NDArray[np.float64]:
        """(C,) absolute errors of a property."""
        return np.abs(self.predictions[name] - self.labels[name])

    def table(self) -> Iterator[str]:
        """Lines of a Markdown table: mean absolute errors, all and by kind."""
        units = [f"{name} ({unit})" for name, unit in PROPERTIES.items()]
        yield f"| compounds | number | {' | '.join(units)} |"
        yield "|---|---|---|---|"
        kinds = np.array([compound.kind for compound in self.compounds])
        parts = {"all": np.ones(len(kinds), dtype=np.bool_)}
        parts |= {str(kind): kinds == kind for kind in dict.fromkeys(kinds)}
        for kind, part in parts.items():
            cells = [_mean(self.errors(name)[part]) for name in PROPERTIES]
            yield f"| {kind} | {part.sum()} | {' | '.join(cells)} |"

    def worst(self, name: str) -> Iterator[str]:
        """Lines with the compounds whose property is most wrong."""
        errors = np.nan_to_num(self.errors(name), nan=-1.0)
        for k in np.argsort(-errors, kind="stable")[:WORST]:
            if errors[k] >= 0:
                yield (
                    f"{self.compounds[k]!s:32s} {self.predictions[name][k]:8.3f}, "
                    f"label {self.labels[name][k]:8.3f}"
                )


def read_compounds() -> list[Compound]:
    """The two hundred compounds."""
    with COMPOUNDS.open(newline="", encoding="utf-8") as file:
        return [
            Compound(row["kind"], row["formula"], int(row["space_group"]), row["id"])
            for row in csv.DictReader(file)
        ]


def textbook_errors(predictor: PropertyPredictor, data: Path) -> TextbookErrors:
    """Predictions for the compounds, and their labels.

    Parameters
    ----------
    predictor
        What it does not predict is NaN.
    data
        The data folder.

    Raises
    ------
    DatasetError
        If an entry is in none of the data sets.
    """
    compounds = read_compounds()
    crystals, labels = labelled(compounds, data)
    found = predictor.predict(crystals, _CHUNK)
    nothing = float("nan")
    predictions = {name: np.array([p.get(name, nothing) for p in found]) for name in PROPERTIES}
    return TextbookErrors(compounds, labels, predictions)


def labelled(
    compounds: Sequence[Compound], data: Path
) -> tuple[list[Crystal], dict[str, NDArray[np.float64]]]:
    """Crystals of the compounds, and their labels by property."""
    sets = join([*(mp20(data, split) for split in SPLITS), new_entries(data)])
    place = {name: k for k, name in enumerate(sets.ids)}
    missing = [str(compound) for compound in compounds if compound.id not in place]
    if missing:
        raise DatasetError(f"no entry of {', '.join(missing)} in MP-20 or the release of 2018")
    rows = np.array([place[compound.id] for compound in compounds])
    return [sets.crystals[k] for k in rows], {name: sets.targets[name][rows] for name in PROPERTIES}


def _mean(errors: NDArray[np.float64]) -> str:
    known = errors[~np.isnan(errors)]
    return f"{known.mean():.3f}" if len(known) else "none"
