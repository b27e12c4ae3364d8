"""How far stated uncertainties and flags can be trusted, for crystals that no network has seen.

``python -m reproduce reliability NAME`` counts how many formation energies are within the stated
intervals, and whether the wrong ones are flagged.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from ase import Atoms
from ase.build import bulk
from numpy.typing import NDArray
from scipy.special import ndtri

from ase_ecn.crystal import as_crystal
from ase_ecn.prediction import Prediction, PropertyPredictor
from ase_ecn.properties import FORMATION_ENERGY, SPREAD
from ase_ecn.relaxation.predictor import StrainPredictor
from reproduce.reports.unseen_crystals import UnseenCrystals

SHARES = (0.50, 0.68, 0.90, 0.95)
"""Of the errors that should be within the stated intervals."""
WRONG = 0.1
"""eV/atom, from which on an energy misleads who looks for stable crystals."""
_CHUNK = 256

HEADER = f"""\
| crystals | number | mean error (eV/atom) | mean stated | \
{" | ".join(f"within {100 * share:.0f} %" for share in SHARES)} | flagged \
| mean error, flagged / not | off by more than {WRONG} and not flagged |
|{"---|" * (7 + len(SHARES))}"""
EXAMPLES_HEADER = """\
| crystal | formation energy (eV/atom) | stated | above the hull (eV/atom) | flagged \
| right or flagged |
|---|---|---|---|---|---|"""


@dataclass(frozen=True)
class Coverage:
    """Errors of C formation energies in eV/atom, and what was stated about each.

    Attributes
    ----------
    name
        Name of the set of crystals.
    errors
        (C,) absolute errors.
    stated
        (C,) stated standard deviations; ``None`` if the checkpoint states none.
    flagged
        (C,) whether the crystal was flagged as unlike the training data.
    """

    name: str
    errors: NDArray[np.float64]
    stated: NDArray[np.float64] | None
    flagged: NDArray[np.bool_]

    def within(self, share: float) -> float | None:
        """Share of the errors within the interval that should have ``share`` of them."""
        if self.stated is None:
            return None
        return float((self.errors <= ndtri((1 + share) / 2) * self.stated).mean())

    @property
    def missed(self) -> float:
        """Share of the crystals whose energy is wrong although nothing says so."""
        return float(((self.errors > WRONG) & ~self.flagged).mean())

    def row(self) -> str:
        """One line of the table."""
        cells = [self.name, str(len(self.errors)), _mean(self.errors)]
        cells.append("none" if self.stated is None else _mean(self.stated))
        cells += [_percent(self.within(share)) for share in SHARES]
        cells.append(_percent(float(self.flagged.mean())))
        cells.append(f"{_mean(self.errors[self.flagged])} / {_mean(self.errors[~self.flagged])}")
        cells.append(_percent(self.missed))
        return f"| {' | '.join(cells)} |"


def coverage(predictor: PropertyPredictor, part: UnseenCrystals) -> Coverage:
    """Predict the crystals of a set and compare.

    Parameters
    ----------
    predictor
        Of a checkpoint that predicts formation energies.
    part
        At least one crystal.
    """
    found = predictor.predict(part.crystals, _CHUNK, forces=False)
    energies = np.array([p[FORMATION_ENERGY] for p in found])
    spread = f"{FORMATION_ENERGY}{SPREAD}"
    stated = np.array([p[spread] for p in found]) if states_uncertainty(predictor) else None
    flagged = np.array([bool(p.out_of_domain) for p in found])
    return Coverage(part.name, np.abs(energies - part.energies), stated, flagged)


def states_uncertainty(predictor: PropertyPredictor) -> bool:
    """Whether formation energies come with an uncertainty."""
    return f"{FORMATION_ENERGY}{SPREAD}" in predictor.properties


def impossible_examples() -> dict[str, Atoms]:
    """Crystals whose charges cannot be balanced; their cells are guesses."""
    found = {
        f"{formula}, {prototype}": bulk(formula, prototype, a=a)
        for formula in ("MgF", "CaF")
        for prototype, a in (("rocksalt", 4.6), ("zincblende", 5.0), ("cesiumchloride", 2.9))
    }
    corner, edges = [[0.0, 0, 0]], [[0.5, 0, 0], [0, 0.5, 0], [0, 0, 0.5]]
    found["NaO3, ReO3"] = Atoms("NaO3", scaled_positions=corner + edges, cell=[4.2] * 3, pbc=True)
    return found


def example_rows(predictor: PropertyPredictor, relaxer: StrainPredictor) -> Iterator[str]:
    """Lines about impossible crystals, relaxed first; right is who places them above the hull."""
    for name, atoms in impossible_examples().items():
        crystal = as_crystal(atoms)
        (relaxation,) = relaxer.relax([crystal])
        (found,) = predictor.predict([relaxation.crystal_of(crystal)], forces=False)
        yield _example_row(name, found)


def _example_row(name: str, found: Prediction) -> str:
    above, flagged = found.energy_above_hull, bool(found.out_of_domain)
    stated = found.get(f"{FORMATION_ENERGY}{SPREAD}")
    cells = [name, f"{found[FORMATION_ENERGY]:.2f}", "none" if stated is None else f"{stated:.2f}"]
    cells += [f"{above:+.2f}", _yes(flagged), _yes(flagged or above > 0)]
    return f"| {' | '.join(cells)} |"


def _yes(true: bool) -> str:
    return "yes" if true else "no"


def _percent(share: float | None) -> str:
    return "none" if share is None else f"{100 * share:.0f} %"


def _mean(values: NDArray[np.float64]) -> str:
    return f"{values.mean():.3f}" if len(values) else "none"
