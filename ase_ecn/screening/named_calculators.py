"""ASE calculators by name: how they are found and made."""

from __future__ import annotations

import ast
import importlib
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from os import getpid
from pathlib import Path
from typing import Any

from ase.calculators.calculator import get_calculator_class
from ase.calculators.names import names

from ase_ecn.errors import OptionError


@dataclass(frozen=True)
class CalculatorJob:
    """A calculator, as it is sent to workers.

    Attributes
    ----------
    name
        One of ASE's, such as ``"emt"``, or ``"package.module:Class"``.
    options
        Arguments to make it with.
    own_folder
        Whether each process has a folder of its own, as calculators that write files need.
    """

    name: str
    options: tuple[tuple[str, Any], ...] = field(default=(), hash=False)
    own_folder: bool = False

    def made(self) -> Any:
        """Make the calculator.

        Raises
        ------
        OptionError
            If there is no such calculator, or it cannot be made with the options.
        """
        calculator = made_calculator(self.name, dict(self.options))
        if self.own_folder and hasattr(calculator, "directory"):
            folder = Path(calculator.directory) / f"{socket.gethostname()}-{getpid()}"
            calculator.directory = str(folder)
        return calculator


def made_calculator(name: str, options: Mapping[str, Any]) -> Any:
    """Make a calculator.

    Parameters
    ----------
    name
        As for :func:`calculator_class`.
    options
        Arguments to make it with.

    Raises
    ------
    OptionError
        If there is no such calculator, or it cannot be made with the options.
    """
    make = calculator_class(name)
    try:
        return make(**options)
    except Exception as error:  # whatever other packages raise
        given = ", ".join(f"{k}={v!r}" for k, v in options.items()) or "no options"
        raise OptionError(
            f"{name} cannot be made with {given}: {type(error).__name__}: {error}"
        ) from error


def forget(calculator: Any) -> None:
    """Drop what a failed calculation has left: it must not become another crystal's result."""
    reset: Callable[[], None] | None = getattr(calculator, "reset", None)
    if reset is not None:
        reset()


def calculator_class(name: str) -> Callable[..., Any]:
    """Find what makes a calculator.

    Parameters
    ----------
    name
        One of ASE's names, or ``"package.module:Class"``; a function that returns a calculator
        will do as well.

    Raises
    ------
    OptionError
        If there is none of that name.
    """
    if ":" in name:
        module, _, attribute = name.partition(":")
        try:
            found = getattr(importlib.import_module(module), attribute)
        except (ImportError, AttributeError, ValueError) as error:
            raise OptionError(f"calculator {name}: {error}") from error
        if not callable(found):
            raise OptionError(f"calculator {name}: {attribute} is not a class")
        return found  # type: ignore[no-any-return]
    if name not in names:
        raise OptionError(
            f"unknown calculator {name!r}: give package.module:Class, or one of ASE's: "
            + ", ".join(names)
        )
    try:
        return get_calculator_class(name)  # type: ignore[no-any-return]
    except ImportError as error:
        raise OptionError(f"calculator {name}: {error}") from error


def parse_options(texts: Sequence[str]) -> Mapping[str, Any]:
    """Read options such as ``asap_cutoff=True``: Python literals, or else text.

    Raises
    ------
    OptionError
        If one has no ``=``.
    """
    options: dict[str, Any] = {}
    for text in texts:
        key, found, value = text.partition("=")
        if not (key and found):
            raise OptionError(f"option {text!r} is not KEY=VALUE")
        try:
            options[key] = ast.literal_eval(value)
        except (ValueError, SyntaxError):
            options[key] = value
    return options
