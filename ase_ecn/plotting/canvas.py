"""Empty figures that belong to no window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ase_ecn.errors import ASEECNError

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def new_figure(width: float, height: float) -> Figure:
    """Make a figure of a size in inches.

    Raises
    ------
    ASEECNError
        If matplotlib is missing.
    """
    try:
        from matplotlib.figure import Figure
        from matplotlib.layout_engine import ConstrainedLayoutEngine
    except ImportError as error:
        raise ASEECNError("drawing needs matplotlib: pip install 'ase-ecn[plots]'") from error
    return Figure(figsize=(width, height), dpi=150, layout=ConstrainedLayoutEngine(wspace=0.09))
