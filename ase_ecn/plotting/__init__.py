"""Figures of patterns, errors, fits, relaxations, screens, phase diagrams and response tensors.

They need matplotlib (``pip install ase-ecn[plots]``). Nothing here touches pyplot: figures are
objects that the caller saves or shows.
"""

from __future__ import annotations

from ase_ecn.plotting.patterns import (
    edge_rgb,
    pattern,
    pattern_figure,
    pattern_text,
    patterns,
)
from ase_ecn.plotting.phase_figures import phase_diagram
from ase_ecn.plotting.results import (
    calibration_curve,
    learning_curve,
    parity,
    property_map,
    relaxation_path,
)
from ase_ecn.plotting.tensors import tensor_surface

__all__ = [
    "calibration_curve",
    "edge_rgb",
    "learning_curve",
    "parity",
    "pattern",
    "pattern_figure",
    "pattern_text",
    "patterns",
    "phase_diagram",
    "property_map",
    "relaxation_path",
    "tensor_surface",
]
