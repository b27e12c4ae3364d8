"""Calculated gaps beside measured ones, to see what the labels of a network are.

The same crystals have a gap of PBE (the Materials Project's release of 2019) and one of HSE06
(Chen et al. 2021). Measured gaps are matched by id, as their collection has it, or by formula with
the entry of MP-20 that has the lowest formation energy.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ase_ecn.properties import FORMATION_ENERGY
from ase_ecn.training.data.datasets import SPLITS, join
from ase_ecn.training.data.dft_labels import measured_gaps, mp20, number_of, rows_by
from ase_ecn.training.data.held_out import composition_key

RANGES = ((0.0, 1.0), (1.0, 2.0), (2.0, 3.0), (3.0, 5.0), (5.0, np.inf))
"""eV, of measured gaps."""
HEADER = """\
| measured gaps | eV | number | PBE: mean error | bias | HSE06: mean error | bias |
|---|---|---|---|---|---|---|"""


@dataclass(frozen=True)
class ComparedGaps:
    """Gaps of C crystals in eV.

    Attributes
    ----------
    name
        Of the measured ones.
    measured, pbe, hse
        (C,) each.
    """

    name: str
    measured: NDArray[np.float64]
    pbe: NDArray[np.float64]
    hse: NDArray[np.float64]

    def rows(self) -> Iterator[str]:
        """Lines of a Markdown table: of metals, of all others, and of these by measured gap."""
        parts = {"0": self.measured == 0, "above 0": self.measured > 0}
        for low, high in RANGES:
            title = f"{low:g} to {high:g}" if high < np.inf else f"above {low:g}"
            parts[title] = (self.measured > low) & (self.measured <= high)
        for title, part in parts.items():
            if part.any():
                yield self._row(title, part)

    def _row(self, gaps: str, part: NDArray[np.bool_]) -> str:
        cells = [self.name, gaps, str(part.sum())]
        for calculated in (self.pbe, self.hse):
            difference = (calculated - self.measured)[part]
            cells += [f"{np.abs(difference).mean():.2f}", f"{difference.mean():+.2f}"]
        return f"| {' | '.join(cells)} |"

    def hse_from_pbe(self) -> tuple[float, float, float]:
        """Slope, offset (eV) and mean error (eV) of a line from PBE to HSE06, of insulators."""
        part = (self.pbe > 0) & (self.hse > 0)
        slope, offset = np.polyfit(self.pbe[part], self.hse[part], 1)
        error = np.abs(slope * self.pbe[part] + offset - self.hse[part]).mean()
        return float(slope), float(offset), float(error)


def compared_gaps(data: Path) -> list[ComparedGaps]:
    """Both collections of measured gaps, compared with the calculated gaps of the same crystals."""
    table = rows_by(data / "gaps" / "multifidelity_gaps_by_mp_id.csv.gz", "material_id")
    by_id = rows_by(data / "gaps" / "measured_gaps_by_mp_id.csv.gz", "material_id")
    ids = {name: number_of(row, "band_gap_expt_eV") for name, row in by_id.items()}
    return [
        _compared("by id (bandgap-benchmark)", ids.items(), table),
        _compared("by formula (matbench)", _measured_entries(data), table),
    ]


def _measured_entries(data: Path) -> Iterator[tuple[str, float]]:
    """Ids in MP-20 of the most stable entry of each measured composition, and measured gaps."""
    sets = join([mp20(data, split) for split in SPLITS])
    keys = [composition_key(crystal.numbers) for crystal in sets.crystals]
    energies = sets.targets[FORMATION_ENERGY]
    lowest: dict[bytes, int] = {}
    for k, key in enumerate(keys):
        if key not in lowest or energies[k] < energies[lowest[key]]:
            lowest[key] = k
    for key, gap in measured_gaps(data).items():
        if key in lowest:
            yield sets.ids[lowest[key]], gap


def _compared(
    name: str, measured: Iterable[tuple[str, float]], table: Mapping[str, Mapping[str, str]]
) -> ComparedGaps:
    columns = ("band_gap_pbe_2019_eV", "band_gap_hse_eV")
    gaps = np.array(
        [[gap, *(number_of(table.get(entry), c) for c in columns)] for entry, gap in measured]
    )
    known = gaps[~np.isnan(gaps).any(axis=1)]
    return ComparedGaps(name, known[:, 0], known[:, 1], known[:, 2])
