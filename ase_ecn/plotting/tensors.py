"""Surfaces of response tensors: how stiff or polarisable a crystal is along each direction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ase_ecn.errors import OptionError
from ase_ecn.plotting.canvas import new_figure
from ase_ecn.response import along

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MAP = "viridis"
_PLANES = {"xy": ((0, 1), "#33415c"), "yz": ((1, 2), "#e63946"), "xz": ((0, 2), "#2a9d8f")}
_LABELS = {
    (6, 6): "Young's modulus / GPa",
    (3, 3): "dielectric constant",
    (3, 6): "longitudinal piezoelectric constant / C/m²",
}
_STEPS = 60


def tensor_surface(tensor: ArrayLike, *, title: str = "") -> Figure:
    """Draw what a response tensor says of each direction, as a surface and cut by three planes.

    The distance from the centre is Young's modulus of an elastic tensor, the dielectric constant
    of a dielectric tensor, or the size of the longitudinal constant of a piezoelectric tensor
    (:func:`ase_ecn.response.along`). A crystal that is the same in all directions is a sphere.

    Parameters
    ----------
    tensor
        (6, 6) in GPa, (3, 3) or (3, 6) in C/m², in Voigt's order xx yy zz yz xz xy.
    title
        Above the figure.

    Returns
    -------
    Figure
        Axes are those of the frame of the tensor.

    Raises
    ------
    OptionError
        If the tensor has another shape, or numbers that are not finite.
    PropertyUnavailableError
        If an elastic tensor is not positive.
    ASEECNError
        If matplotlib is missing.
    """
    values = np.asarray(tensor, dtype=np.float64)
    if values.shape not in _LABELS or not np.isfinite(values).all():
        raise OptionError(f"a response tensor is 3x3, 6x6 or 3x6 numbers, not {values.shape}")
    label = _LABELS[values.shape]
    figure = new_figure(8.4, 4.0)
    surface: Any = figure.add_subplot(1, 2, 1, projection="3d")
    cuts: Any = figure.add_subplot(1, 2, 2, projection="polar")
    _draw_surface(figure, surface, values, label)
    angle = np.linspace(0, 2 * np.pi, 4 * _STEPS + 1)
    for name, ((first, second), colour) in _PLANES.items():
        directions = np.zeros((len(angle), 3))
        directions[:, first], directions[:, second] = np.cos(angle), np.sin(angle)
        cuts.plot(angle, np.abs(along(values, directions)), color=colour, linewidth=1, label=name)
    cuts.set_title(f"{label}, from the first axis", fontsize=8)
    cuts.tick_params(labelsize=7)
    cuts.legend(fontsize=8, loc="lower right", bbox_to_anchor=(1.15, -0.12))
    if title:
        figure.suptitle(title, fontsize=10)
    return figure


def _draw_surface(figure: Figure, axis: Any, tensor: NDArray[np.float64], label: str) -> None:
    from matplotlib import colormaps
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    polar, azimuth = np.meshgrid(
        np.linspace(0, np.pi, _STEPS + 1), np.linspace(0, 2 * np.pi, 2 * _STEPS + 1), indexing="ij"
    )
    unit = np.stack(
        [np.sin(polar) * np.cos(azimuth), np.sin(polar) * np.sin(azimuth), np.cos(polar)], axis=-1
    )
    values = along(tensor, unit.reshape(-1, 3)).reshape(polar.shape)
    # A piezoelectric constant may be negative: its size is the distance, its sign the colour.
    x, y, z = np.moveaxis(unit * np.abs(values)[..., None], -1, 0)
    low, high = float(values.min()), float(values.max())
    # Of a sphere, rounding errors should not fill the whole scale of colours.
    margin = max(0.0, 0.01 * abs(high) - (high - low)) / 2
    norm = Normalize(low - margin, high + margin)
    colours = colormaps[_MAP](norm(values))
    axis.plot_surface(
        x, y, z, facecolors=colours, rstride=1, cstride=1, linewidth=0, antialiased=False
    )
    reach = float(np.abs(values).max()) or 1.0
    axis.set(xlim=(-reach, reach), ylim=(-reach, reach), zlim=(-reach, reach))
    axis.set(xlabel="x", ylabel="y", zlabel="z")
    axis.set_box_aspect((1, 1, 1))
    axis.tick_params(labelsize=7)
    figure.colorbar(ScalarMappable(norm, _MAP), ax=axis, label=label, shrink=0.7, pad=0.12)
