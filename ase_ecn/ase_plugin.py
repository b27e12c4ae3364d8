"""What ASE (3.29 and later) finds through the entry point ``ase.plugins``."""

from __future__ import annotations

from typing import Any

CITATION = "Kaba and Ravanbakhsh, Advances in Neural Information Processing Systems 35 (2022)"


def __getattr__(name: str) -> Any:
    if name != "__ase_plugins__":
        raise AttributeError(name)
    # Only when ASE asks: its plugins load this module while they are being imported themselves.
    try:
        return _plugins()
    except (
        Exception
    ):  # ASE collects all plugins in one go: an error here would hide those of others
        return set()


def _plugins() -> set[Any]:
    """Plugins by a module of ASE that is private, so it may be gone or ask for something else."""
    from ase._4.plugins.plugin import CalculatorPlugin

    implementation = "ase_ecn.calculator.ECNCalculator"
    return {CalculatorPlugin("ecn", citation=CITATION, implementation=implementation)}
