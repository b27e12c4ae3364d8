"""What ASE finds through the entry point ``ase.plugins``, and its older registry by name."""

from __future__ import annotations

from typing import Any

from ase.calculators.calculator import external_calculators, register_calculator_class

from ase_ecn.calculator import ECNCalculator

CITATION = "Kaba and Ravanbakhsh, Advances in Neural Information Processing Systems 35 (2022)"


def register() -> None:
    """Let ``ase.calculators.calculator.get_calculator_class("ecn")`` find the calculator."""
    if ECNCalculator.name not in external_calculators:
        register_calculator_class(ECNCalculator.name, ECNCalculator)


def _plugins() -> set[Any]:
    try:
        # The collection is new in ASE 3.29 and meant for ASE 4.
        from ase._4.plugins.plugin import CalculatorPlugin
    except ImportError:
        return set()
    return {
        CalculatorPlugin(
            ECNCalculator.name,
            citation=CITATION,
            implementation="ase_ecn.calculator.ECNCalculator",
        )
    }


__ase_plugins__ = _plugins()
