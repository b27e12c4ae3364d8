from typing import Any

import numpy as np
from numpy.typing import NDArray

def faces(
    first: NDArray[np.int64],
    vectors: NDArray[np.float64],
    areas: NDArray[np.float64],
    radius: NDArray[np.float64],
    corners: bool = False,
) -> Any: ...
