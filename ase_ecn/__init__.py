"""Properties and relaxed cells of crystals for ASE, from equivariant networks."""

from __future__ import annotations

from ase.calculators.calculator import external_calculators, register_calculator_class

from ase_ecn.api import predict, relax
from ase_ecn.calculator import ECNCalculator
from ase_ecn.prediction import Prediction
from ase_ecn.relaxation.result import Relaxation
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

# So that ASE's get_calculator_class("ecn") finds it, as it does its own calculators.
if ECNCalculator.name not in external_calculators:
    register_calculator_class(ECNCalculator.name, ECNCalculator)
