import numpy as np
from numpy.typing import NDArray

def mixture(
    numbers: NDArray[np.uint8],
    shares: NDArray[np.float64],
    energies: NDArray[np.float64],
    ranges: NDArray[np.int64],
    own_shares: NDArray[np.float64],
    own_energies: NDArray[np.float64],
    elements: NDArray[np.int64],
    mixture: NDArray[np.float64],
) -> list[tuple[int, float]]: ...
