"""Results that must not change: properties and relaxed cells, in double precision.

``PYTHONPATH=. python tests/reference_results.py`` writes them anew, which is right only after new
weights or a deliberate change of a method; ``test_reference_results.py`` compares.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.io import read
from pymatgen.io.ase import AseAtomsAdaptor

from ase_ecn import predict, relax
from ase_ecn.crystal import as_crystal
from ase_ecn.errors import UnsupportedElementError
from ase_ecn.hull.distance import HullDistance
from reproduce.reports.invariance import aflow_structures

FILE = Path(__file__).parent / "fixtures" / "reference-results.json.gz"
TOLERANCE = 1e-6
"""Largest difference of any number, relative to one or to the number if that is larger."""
PROTOTYPES = 200
EXAMPLES = Path(__file__).parents[1] / "examples" / "crystals"
# What each checkpoint refuses has no reference; the test says that it is still refused.
ECN_CHECKPOINTS = ("ecn-mp20", "ecn-fermi", "ecn-perov5", "ecn-pes")
EMPNN_CHECKPOINTS = ("empnn-mp20", "empnn-perov5")
RELAXATIONS: dict[str, dict[str, Any]] = {
    "free": {},
    "one step": {"steps": 1},
    "in the plane": {"mask": [1, 1, 0, 0, 0, 1]},
    "hydrostatic": {"hydrostatic": True},
    "constant volume": {"constant_volume": True},
}


def examples() -> dict[str, Atoms]:
    """The crystals of ``examples/crystals`` by their file names."""
    return {file.name: read(file) for file in sorted(EXAMPLES.iterdir())}


def prototypes() -> dict[str, Atoms]:
    """The first of pymatgen's AFLOW prototypes that have elements of the bundled networks."""
    found: dict[str, Atoms] = {}
    for k, (_, structure) in enumerate(aflow_structures()):
        atoms = AseAtomsAdaptor.get_atoms(structure)
        atoms = Atoms(atoms.numbers, atoms.positions, cell=atoms.cell, pbc=True)
        if is_supported(atoms, "ecn-mp20") and len(found) < PROTOTYPES:
            found[f"{k} {atoms.get_chemical_formula()}"] = atoms
    return found


def is_supported(atoms: Atoms, checkpoint: str) -> bool:
    """Whether a checkpoint takes the crystal."""
    from ase_ecn.checkpoint import read_card

    try:
        as_crystal(atoms, read_card(checkpoint).elements)
    except UnsupportedElementError:
        return False
    return True


def results(crystals: Mapping[str, Atoms]) -> dict[str, Any]:
    """Everything about these crystals, as JSON would keep it: what, of which crystal, value."""
    found: dict[str, Any] = {}
    for checkpoint in ECN_CHECKPOINTS:
        found[checkpoint] = _predictions(crystals, checkpoint)
    for checkpoint in EMPNN_CHECKPOINTS:
        for kind, options in RELAXATIONS.items():
            found[f"{checkpoint} {kind}"] = _relaxations(crystals, checkpoint, options)
    return found


def _predictions(crystals: Mapping[str, Atoms], checkpoint: str) -> dict[str, Any]:
    found = {}
    for name, atoms in crystals.items():
        if not is_supported(atoms, checkpoint):
            continue
        try:
            prediction = predict(atoms, checkpoint=checkpoint, device="cpu", dtype="float64")[0]
        except UnsupportedElementError:  # elements that never occurred together
            continue
        # What follows from the hull of known phases has tests of its own.
        derived = HullDistance().names(prediction)
        values = {
            key: np.asarray(value).tolist()
            for key, value in prediction.items()
            if key not in derived
        }
        found[name] = {**values, "unusual": len(prediction.out_of_domain)}
    return found


def _relaxations(
    crystals: Mapping[str, Atoms], checkpoint: str, options: Mapping[str, Any]
) -> dict[str, Any]:
    known = {name: atoms for name, atoms in crystals.items() if is_supported(atoms, checkpoint)}
    outcomes = relax(
        list(known.values()), checkpoint=checkpoint, device="cpu", dtype="float64", **options
    )
    return {
        name: {
            "cell": outcome.atoms.cell.tolist(),
            "steps": outcome.steps,
            "reason": outcome.reason,
            "strain": outcome.strain,
            "strain_spread": outcome.strain_spread,
            "unusual": len(outcome.out_of_domain),
        }
        for name, outcome in zip(known, outcomes, strict=True)
    }


def differences(found: Any, expected: Any, where: Sequence[str] = ()) -> list[str]:
    """Places where results differ by more than the tolerance, or in what they consist of."""
    if isinstance(expected, dict):
        if not isinstance(found, dict) or found.keys() != expected.keys():
            return [f"{'/'.join(where)}: {found} is not made of {sorted(expected)}"]
        parts = [differences(found[k], v, (*where, k)) for k, v in expected.items()]
        return [line for part in parts for line in part]
    if isinstance(expected, str):
        same = found == expected
    else:
        a, b = np.asarray(found, dtype=float), np.asarray(expected, dtype=float)
        same = a.shape == b.shape and np.allclose(
            a, b, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True
        )
    return [] if same else [f"{'/'.join(where)}: {found} is not {expected}"]


def main() -> None:
    content = {"examples": results(examples()), "prototypes": results(prototypes())}
    text = json.dumps(content, separators=(",", ":")).encode()
    FILE.write_bytes(gzip.compress(text, mtime=0))


def stored() -> dict[str, Any]:
    """The reference results."""
    content: dict[str, Any] = json.loads(gzip.decompress(FILE.read_bytes()))
    return content


if __name__ == "__main__":
    main()
