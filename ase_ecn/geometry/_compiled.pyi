from typing import Any

import numpy as np
from numpy.typing import NDArray

def neighbors(
    cells: NDArray[np.float64],
    positions: NDArray[np.float64],
    first: NDArray[np.int64],
    cutoff: float,
    reduced: bool,
    images: bool,
    threads: int,
) -> tuple[bytearray, bytearray, bytearray, Any]: ...
def shells(
    cells: NDArray[np.float64],
    positions: NDArray[np.float64],
    first: NDArray[np.int64],
    radii: NDArray[np.float64],
    least: int,
    tolerance: float,
    threads: int,
) -> tuple[bytearray, bytearray, bytearray, bytearray]: ...
def reduce(cell: NDArray[np.float64]) -> bytearray: ...
def inspected(
    cell: NDArray[np.float64],
    coordinates: NDArray[np.float64],
    cartesian: bool,
    flatness: float,
    largest: float,
    farthest: float,
    nearest: float,
) -> tuple[float, bytearray, bytearray, bytearray, bytearray, bytearray] | None: ...
def vacuum(cell: NDArray[np.float64], scaled: NDArray[np.float64]) -> float: ...
