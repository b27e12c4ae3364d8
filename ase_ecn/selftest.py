"""Does this machine reproduce the reference results stored in a card?"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from ase.build import bulk
from numpy.typing import NDArray

from ase_ecn.checkpoint import read_card
from ase_ecn.crystal import Crystal, as_crystal
from ase_ecn.nn.registry import predicts_properties
from ase_ecn.prediction import PropertyPredictor
from ase_ecn.properties import find
from ase_ecn.relaxation.predictor import StrainPredictor

TOLERANCE = 1e-4
"""Largest allowed difference, in the unit of each property (strains are dimensionless)."""

COMPILED = {
    "neighbours": "ase_ecn.geometry._compiled",
    "Voronoi polyhedra": "ase_ecn.graphs._polyhedra",
    "distances to the hull": "ase_ecn.hull._mixture",
    "convolutions": "ase_ecn.nn.so3._convolution",
    "relaxing networks": "ase_ecn.nn.lattice_pass._pass",
}
"""What runs as C code where there was a compiler, or a wheel, and the modules that hold it."""


@dataclass(frozen=True)
class SelfTestResult:
    """Largest difference from a card's references, and which one it is."""

    checkpoint: str
    largest_difference: float
    where: str

    @property
    def passed(self) -> bool:
        """Whether the difference is within the tolerance."""
        return self.largest_difference <= TOLERANCE


def not_compiled() -> list[str]:
    """Those of ``COMPILED`` that NumPy and PyTorch do here: the same, but slower."""
    missing = []
    for what, module in COMPILED.items():
        try:
            import_module(module)
        except ImportError:
            missing.append(what)
    return missing


def reference_crystals() -> dict[str, Crystal]:
    """Small crystals, slightly sheared so that no result is zero by symmetry."""
    shear = np.array([[1.02, 0.01, 0.0], [0.01, 0.99, 0.02], [0.0, 0.02, 1.01]])
    made = {
        "Si": bulk("Si"),
        "NaCl": bulk("NaCl", "rocksalt", a=5.64),
        "Fe": bulk("Fe"),
        "ZnO": bulk("ZnO", "wurtzite", a=3.25, c=5.2),
        "CsCl": bulk("CsCl", "cesiumchloride", a=4.12),
        "CaF2": bulk("CaF2", "fluorite", a=5.46),
        "Cu": bulk("Cu"),
    }
    for atoms in made.values():
        atoms.set_cell(atoms.cell[:] @ shear, scale_atoms=True)
    return {name: as_crystal(atoms) for name, atoms in made.items()}


def make_references(checkpoint: str | Path) -> list[dict[str, Any]]:
    """Compute reference results for a card with the float64 network on the CPU."""
    card = read_card(checkpoint)
    crystals = {
        name: crystal
        for name, crystal in reference_crystals().items()
        if not card.systems or set(crystal.numbers.tolist()) in card.systems
    }
    results = _results(checkpoint, list(crystals.values()))
    return [
        {
            "name": name,
            "numbers": crystal.numbers.tolist(),
            "cell": crystal.cell.tolist(),
            "scaled_positions": crystal.scaled_positions.tolist(),
            "results": {k: np.asarray(v).tolist() for k, v in result.items()},
        }
        for (name, crystal), result in zip(crystals.items(), results, strict=True)
    ]


def selftest(checkpoint: str | Path, dtype: str = "float32") -> SelfTestResult:
    """Recompute the references of a card on the CPU.

    Raises
    ------
    CheckpointError
        If the checkpoint cannot be loaded.
    """
    references = read_card(checkpoint).content.get("references", [])
    crystals = [
        Crystal(
            np.array(r["numbers"], dtype=np.int64),
            np.array(r["cell"]),
            np.array(r["scaled_positions"]),
        )
        for r in references
    ]
    if not references:
        return SelfTestResult(str(checkpoint), float("inf"), "the card has no references")
    worst, where = 0.0, ""
    for reference, result in zip(references, _results(checkpoint, crystals, dtype), strict=True):
        for name, expected in reference["results"].items():
            difference = float(np.abs(result[name] - np.asarray(expected)).max())
            if find(name).kind == "tensor" or find(name).unit == "GPa":  # as large as hundreds
                difference /= max(1.0, float(np.abs(expected).max()))
            if np.isnan(difference):
                difference = float("inf")
            if difference > worst or not where:
                worst, where = difference, f"{name} of {reference['name']}"
    return SelfTestResult(str(checkpoint), worst, where)


def _results(
    checkpoint: str | Path, crystals: list[Crystal], dtype: str = "float64"
) -> list[dict[str, NDArray[np.float64]]]:
    if not crystals:
        return []
    if predicts_properties(read_card(checkpoint).network):
        predictor = PropertyPredictor(checkpoint, device="cpu", dtype=dtype)
        # What follows from them tells nothing about the network and the machine.
        derived = frozenset(predictor.derived)
        return [
            {k: np.asarray(v) for k, v in p.items() if k not in derived}
            for p in predictor.predict(crystals)
        ]
    network = StrainPredictor(checkpoint, device="cpu", dtype=dtype)
    strains = network.log_strains(crystals)
    return [{"log_strain": strain} for strain in strains]
