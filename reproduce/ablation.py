"""What each colour, motif, encoding and input feature contributes, at equal epochs.

Scores are those of the validation split, of the averaged weights after the last epoch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import product

import numpy as np

from ase_ecn.errors import OptionError
from ase_ecn.symmetry.colours import GROUPS, MOTIFS
from ase_ecn.training.data.cache import LabelledGraphs, subset
from ase_ecn.training.fits.config import ECNConfiguration

TARGETS = {
    "mp_20": ["formation_energy", "band_gap", "metal", "magnetization"],
    "perov_5": ["heat_all"],
}


@dataclass(frozen=True)
class Variant:
    """One row of the table."""

    group: str
    motif: str
    cell_encoding: bool
    features: str
    hubbard: bool

    @property
    def name(self) -> str:
        """Name of the row and of its folder."""
        parts = [self.group, self.motif, self.features]
        parts += ["cells"] if self.cell_encoding else []
        parts += ["hubbard"] if self.hubbard else []
        return "-".join(parts)


def variants() -> list[Variant]:
    """All distinct combinations.

    The encoding of cells needs a fixed motif. Without colours (``S_N``) the motif has no effect.
    """
    rows = []
    for features, hubbard in product(("number", "group_period"), (False, True)):
        for group, motif in product(GROUPS, MOTIFS):
            if group == "S_N" and motif == "fixed":
                continue
            rows.append(Variant(group, motif, False, features, hubbard))
            if motif == "fixed":
                rows.append(Variant(group, motif, True, features, hubbard))
    return rows


def variant_config(
    variant: Variant, data_set: str, epochs: int, width: int, layers: int, seed: int = 0
) -> ECNConfiguration:
    """Configuration of a fit with the paper's messages, without early stopping."""
    section = {
        "name": variant.name,
        "data": {"name": data_set, "supercell_views": 0.0},
        "model": {
            "crystal_targets": TARGETS[data_set],
            "messages": "coloured",
            "width": width,
            "layers": layers,
            **{f.name: getattr(variant, f.name) for f in fields(Variant)},
        },
        "fit": {
            "epochs": epochs,
            "batch_size": 64,
            "seed": seed,
            "patience": epochs,
            "ema_decay": 0.99,
        },
    }
    return ECNConfiguration.from_dict(section)


def every(labelled: LabelledGraphs, step: int) -> LabelledGraphs:
    """Every ``step``-th crystal, for quick comparisons.

    Raises
    ------
    OptionError
        If ``step`` is below 1.
    """
    if step < 1:
        raise OptionError("every n-th crystal: n must be at least 1")
    return subset(labelled, np.arange(0, len(labelled.graphs), step))


def format_ablation(rows: Sequence[Variant], scores: Sequence[Sequence[dict[str, float]]]) -> str:
    """Table in Markdown.

    Parameters
    ----------
    rows
        Variants.
    scores
        Scores of the fits of each variant, which differ only in the seed; a cell is their mean,
        with the standard deviation if there are several.

    Returns
    -------
    str
        One line per variant; the last column is the time of a fit in seconds.
    """
    names = [name for name in scores[0][0] if name.endswith(("_mae", "_auc"))]
    titles = ["group", "motif", "cells", "features", "U", *names, "seconds"]
    lines = ["| " + " | ".join(titles) + " |", "|" + "---|" * len(titles)]
    for row, fits in zip(rows, scores, strict=True):
        cells = [row.group, row.motif, _mark(row.cell_encoding), row.features, _mark(row.hubbard)]
        cells += [_mean([fit[name] for fit in fits], 4) for name in names]
        cells.append(f"{np.mean([fit['seconds'] for fit in fits]):.0f}")
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _mark(present: bool) -> str:
    return "yes" if present else ""


def _mean(values: Sequence[float], digits: int) -> str:
    mean = f"{np.mean(values):.{digits}f}"
    return mean if len(values) == 1 else f"{mean} ± {np.std(values, ddof=1):.{digits}f}"
