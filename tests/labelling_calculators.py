"""Calculators that tests of labelling ask for by name, also in other processes."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
from ase.calculators.calculator import Calculator, all_changes
from ase.calculators.emt import EMT


class Counting(EMT):
    """EMT that notes in a file each crystal that it computes."""

    def __init__(self, log: str, **options: Any) -> None:
        super().__init__(**options)
        self.log = Path(log)

    def calculate(
        self,
        atoms: Any = None,
        properties: Any = ("energy",),
        system_changes: Any = all_changes,
    ) -> None:
        if "numbers" in system_changes or "cell" in system_changes:
            with self.log.open("a") as file:
                file.write(f"{atoms.cell[0, 1]:.6f}\n")
        super().calculate(atoms, properties, system_changes)


class Odd(Calculator):
    """No stress, energies of silver that are no numbers, and lithium that must not be."""

    implemented_properties = ("energy", "forces")

    def calculate(
        self,
        atoms: Any = None,
        properties: Any = ("energy",),
        system_changes: Any = all_changes,
    ) -> None:
        super().calculate(atoms, properties, system_changes)
        if "Li" in atoms.symbols:
            raise RuntimeError("no convergence")
        energy = np.nan if "Ag" in atoms.symbols else -3.0 * len(atoms)
        self.results = {"energy": energy, "forces": np.zeros((len(atoms), 3))}


class Folder(EMT):
    """EMT whose energy is that of whether it has a folder of its own."""

    def calculate(
        self,
        atoms: Any = None,
        properties: Any = ("energy",),
        system_changes: Any = all_changes,
    ) -> None:
        super().calculate(atoms, properties, system_changes)
        self.results["energy"] = float(len(Path(self.directory).parts)) * len(atoms)


def made(a: float = 0.0) -> EMT:
    """A function that makes a calculator."""
    assert a == 0.5
    return EMT()


number = 3


class Deadly(EMT):
    """EMT that ends its process when it is shown gold."""

    def calculate(
        self,
        atoms: Any = None,
        properties: Any = ("energy",),
        system_changes: Any = all_changes,
    ) -> None:
        if "Au" in atoms.symbols:
            os.kill(os.getpid(), signal.SIGKILL)
        super().calculate(atoms, properties, system_changes)
