"""Properties and relaxed cells of crystals for ASE, from equivariant networks."""

from __future__ import annotations

from ase_ecn.api import Relaxation, predict, relax
from ase_ecn.ase_plugin import register
from ase_ecn.calculator import ECNCalculator
from ase_ecn.prediction import Prediction
from ase_ecn.relaxer import LatticeRelaxer

__version__ = "0.1.0"

__all__ = [
    "ECNCalculator",
    "LatticeRelaxer",
    "Prediction",
    "Relaxation",
    "predict",
    "relax",
]

register()
