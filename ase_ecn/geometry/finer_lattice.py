"""A lattice that contains that of a cell, in whole numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


class FinerLattice:
    """A lattice of vectors with a common denominator, at first that of the cell itself.

    Parameters
    ----------
    denominator
        Vectors are given by three integers; divided by this, they are fractional coordinates in
        the cell.
    """

    def __init__(self, denominator: int) -> None:
        self.denominator = denominator
        self._rows = [[denominator if a == b else 0 for b in range(3)] for a in range(3)]

    @property
    def index(self) -> int:
        """How many cells of this lattice make up one of the first."""
        (a, _, _), (_, b, _), (_, _, c) = self._rows
        return self.denominator**3 // abs(a * b * c)

    @property
    def basis(self) -> NDArray[np.float64]:
        """(3, 3) fractional coordinates of a basis, rows."""
        return np.array(self._rows, dtype=np.float64) / self.denominator

    def add(self, vector: Sequence[int]) -> None:
        """Include a vector, and with it all its sums with those that are there already."""
        rows = [*self._rows, list(map(int, vector))]
        for column in range(3):
            # Euclid's algorithm leaves one row that begins in this column.
            while True:
                rest = [row for row in rows[column:] if row[column]]
                if len(rest) == 1:
                    break
                least = min(rest, key=lambda row: abs(row[column]))
                for row in rest:
                    if row is not least:
                        times = row[column] // least[column]
                        row[:] = [x - times * y for x, y in zip(row, least, strict=True)]
            k = next(k for k in range(column, 4) if rows[k][column])
            rows[column], rows[k] = rows[k], rows[column]
        self._rows = rows[:3]
