"""Properties and relaxed cells of crystals for ASE, from equivariant networks."""

from __future__ import annotations

from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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

_HOMES = {
    "ECNCalculator": "calculator",
    "LatticeRelaxer": "relaxer",
    "Prediction": "prediction",
    "Relaxation": "relaxation.result",
    "predict": "api",
    "relax": "api",
}


def __getattr__(name: str) -> Any:
    # Only when they are asked for, because most of them import PyTorch, which takes seconds.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


# This tells ASE of the calculator's name, without PyTorch. ASE imports this package whenever it
# lists its plugins, and an error would hide all of them: it comes when a name is asked for instead.
with suppress(ImportError):
    import_module(f"{__name__}.calculator")
