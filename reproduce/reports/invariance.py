"""Do two descriptions of a crystal give the same answer? Over a library of prototypes, at length.

``python -m reproduce invariance [ECN EMPNN]`` describes each of pymatgen's AFLOW prototypes
in many other ways and names the worst case.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from unittest.mock import patch

import numpy as np
from ase import Atoms
from ase.build import make_supercell
from numpy.typing import NDArray

from ase_ecn.crystal import Crystal, as_crystal
from ase_ecn.geometry.repetition import SYMPREC
from ase_ecn.prediction import PropertyPredictor
from ase_ecn.properties import find
from ase_ecn.relaxation.predictor import StrainPredictor
from ase_ecn.relaxation.result import Relaxation
from ase_ecn.testing import random_equivalent

EQUIVALENTS = 20
"""Default number of other descriptions of each prototype."""
MAX_ATOMS = 200
NOISE = 1e-6
"""Standard deviation in Å of the noise on positions."""
SMALL = 1e-5
"""A difference above this (eV/atom) needs a reason."""
EDGE_BOUND = 3e-4
"""Largest change of a formation energy (eV/atom) where a tolerance decides what a crystal is."""

KINDS = ("exact", "noise", "tolerance")
# What the checkpoints were not fitted to, and an element of the same group or row that they were.
_STAND_INS = {84: 52, 98: 66}
_PERIOD = 5  # of five equivalents three are exact, one has noise, one is at the tolerance
_POINTS = 33
_STEEPEST = 5
_BISECTIONS = 14


@dataclass(frozen=True)
class Pair:
    """Two descriptions of a crystal; ``rotation`` (3, 3) takes rows to the second's frame."""

    prototype: str
    kind: str
    first: Crystal
    second: Crystal
    rotation: NDArray[np.float64]


@dataclass(frozen=True)
class Disagreement:
    """Differences between the predictions for two descriptions.

    Attributes
    ----------
    prototype, kind, atoms
        The crystal, what is special about the second description, and how many atoms that has.
    energy
        Difference of the formation energies in eV/atom.
    properties
        The largest difference among the other properties of the crystal, each in its unit, moments
        per atom.
    deformation
        Largest difference of a component of the relaxations' deformations.
    same_stop
        Whether the relaxations took as many steps and stopped for the same reason.
    """

    prototype: str
    kind: str
    atoms: int
    energy: float
    properties: float
    deformation: float
    same_stop: bool


@cache
def aflow_structures() -> list[tuple[str, Any]]:
    """Names and structures of pymatgen's AFLOW prototypes, in its order.

    pymatgen checks their literature when the library is imported, by parsing BibTeX for ten times
    as long as everything else takes. Nobody asks for it here, so it is let pass.
    """
    with patch("pymatgen.util.provenance.is_valid_bibtex", return_value=True):
        from pymatgen.analysis.prototypes import (  # type: ignore[attr-defined]
            AFLOW_PROTOTYPE_LIBRARY,
        )
    return [(entry["tags"]["aflow"], entry["snl"].structure) for entry in AFLOW_PROTOTYPE_LIBRARY]


def prototype_library(elements: frozenset[int]) -> dict[str, Atoms]:
    """All AFLOW prototypes of pymatgen by name; unknown elements are replaced by known ones."""
    from pymatgen.io.ase import AseAtomsAdaptor

    found = {}
    for k, (prototype, structure) in enumerate(aflow_structures()):
        atoms: Any = AseAtomsAdaptor.get_atoms(structure)
        numbers = [z if z in elements else _STAND_INS.get(z, z) for z in atoms.numbers.tolist()]
        name = f"{prototype}#{k} {atoms.get_chemical_formula('metal')}"
        found[name] = Atoms(numbers, atoms.positions, cell=atoms.cell[:], pbc=True)
    return found


def equivalent_pairs(
    name: str, atoms: Atoms, count: int, rng: np.random.Generator
) -> Iterator[Pair]:
    """Pairs of descriptions of one prototype.

    ``exact`` ones are supercells (up to 3x3x3 or 200 atoms) in skewed, left- or right-handed
    bases, rotated, mirrored, moved across the boundary and reordered. With ``noise``, their atoms
    are also displaced by about 1e-6 Å. At the ``tolerance``, both are descriptions of a supercell
    whose atoms are displaced by about spglib's tolerance.

    Parameters
    ----------
    name, atoms
        The prototype.
    count
        How many.
    rng
        Source of randomness.
    """
    original = as_crystal(atoms)
    for k in range(count):
        kind = {3: "noise", 4: "tolerance"}.get(k % _PERIOD, "exact")
        if kind == "tolerance":
            displaced = _displaced_supercell(atoms, rng)
            other = random_equivalent(displaced, rng, max_atoms=MAX_ATOMS)
            yield Pair(name, kind, as_crystal(displaced), as_crystal(other.atoms), other.rotation)
            continue
        other = random_equivalent(atoms, rng, max_atoms=MAX_ATOMS)
        if kind == "noise":
            other.atoms.positions += NOISE * rng.normal(size=other.atoms.positions.shape)
        yield Pair(name, kind, original, as_crystal(other.atoms), other.rotation)


def _displaced_supercell(atoms: Atoms, rng: np.random.Generator) -> Atoms:
    repeats = np.ones(3, dtype=int)
    repeats[rng.integers(3)] = 2
    double: Atoms = make_supercell(atoms, np.diag(repeats))
    steps = rng.normal(size=double.positions.shape)
    double.positions += SYMPREC * 10 ** rng.uniform(-0.7, 0.3) * steps / np.sqrt(3)
    return double


def disagreements(
    predictor: PropertyPredictor, network: StrainPredictor | None, pairs: Sequence[Pair]
) -> list[Disagreement]:
    """Compare the predictions for both descriptions of each pair.

    Parameters
    ----------
    predictor, network
        Loaded networks; without an EMPNN nothing is relaxed.
    pairs
        Any number.
    """
    crystals = [crystal for pair in pairs for crystal in (pair.first, pair.second)]
    predictions = predictor.predict(crystals)
    courses: list[Relaxation | None] = [None] * len(crystals)
    if network is not None:
        courses = list(network.relax(crystals))
    found = []
    for k, pair in enumerate(pairs):
        first, second = predictions[2 * k : 2 * k + 2]
        energy, others = _differences(first, second, len(pair.first), len(pair.second))
        before, after = courses[2 * k : 2 * k + 2]
        deformation, same_stop = 0.0, True
        if before is not None and after is not None:
            turned = pair.rotation.T @ before.deformation @ pair.rotation
            deformation = float(np.abs(turned - after.deformation).max())
            same_stop = (before.steps, before.reason) == (after.steps, after.reason)
        found.append(
            Disagreement(
                prototype=pair.prototype,
                kind=pair.kind,
                atoms=len(pair.second),
                energy=energy,
                properties=others,
                deformation=deformation,
                same_stop=same_stop,
            )
        )
    return found


def _differences(first: Any, second: Any, atoms: int, others: int) -> tuple[float, float]:
    """Of the formation energy, and the largest of the other numbers per crystal."""
    energy, largest = float("nan"), 0.0
    for name, value in first.items():
        if isinstance(value, np.ndarray | Mapping):
            continue  # in another order, with tests of their own; or of the composition alone
        other = second[name]
        if find(name).extensive:
            value, other = value / atoms, other / others
        difference = abs(value - other)
        if name == "formation_energy":
            energy = float(difference)
        else:
            largest = max(largest, float(difference))
    return energy, largest


def edge_jump(
    predictor: PropertyPredictor, atoms: Atoms, rng: np.random.Generator
) -> tuple[float, float]:
    """Largest jump of the formation energy on the way from a supercell to a new crystal.

    One atom of a 2x1x1 supercell is displaced in a random direction, by 1e-4 to 2e-2 Å. Somewhere
    there it ceases to be a repetition of the smaller cell. The steepest parts of the way are halved
    until only a jump can be left of them.

    Parameters
    ----------
    predictor
        A loaded ECN.
    atoms
        The crystal.
    rng
        Chooses axis, atom and direction.

    Returns
    -------
    length, jump
        The displacement in Å, and the jump of the formation energy in eV/atom.
    """
    repeats = np.ones(3, dtype=int)
    repeats[rng.integers(3)] = 2
    double = make_supercell(atoms, np.diag(repeats))
    atom = int(rng.integers(len(double)))
    direction = rng.normal(size=3)
    direction /= np.linalg.norm(direction)

    def displaced(length: float) -> Crystal:
        moved = double.copy()
        moved.positions[atom] += length * direction
        return as_crystal(moved)

    def energies(lengths: NDArray[np.float64]) -> NDArray[np.float64]:
        found = predictor.predict([displaced(length) for length in lengths])
        return np.array([prediction.formation_energy for prediction in found])

    lengths = np.geomspace(0.1 * SYMPREC, 20 * SYMPREC, _POINTS)
    values = energies(lengths)
    steepest = np.argsort(-np.abs(np.diff(values) / np.diff(lengths)))[:_STEEPEST]
    below, above = lengths[steepest], lengths[steepest + 1]
    first, last = values[steepest], values[steepest + 1]
    for _ in range(_BISECTIONS):
        middle = (below + above) / 2
        value = energies(middle)
        left = np.abs(value - first) > np.abs(last - value)
        below, first = np.where(left, below, middle), np.where(left, first, value)
        above, last = np.where(left, middle, above), np.where(left, value, last)
    jumps = np.abs(last - first)
    worst = int(jumps.argmax())
    return float(below[worst]), float(jumps[worst])


def table(found: Sequence[Disagreement]) -> str:
    """Counts and largest differences by kind, and the worst cases."""
    lines = [
        "| descriptions | pairs | eV/atom: largest | 99 % | above 1e-5 | other properties "
        "| deformation: largest | 99 % | stopped differently |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    worst = []
    for kind in KINDS:
        part = [d for d in found if d.kind == kind]
        if not part:
            continue
        energies = np.array([d.energy for d in part])
        deformations = np.array([d.deformation for d in part if d.same_stop] or [0.0])
        cells = [
            *(kind, str(len(part)), f"{energies.max():.2g}", f"{np.quantile(energies, 0.99):.2g}"),
            *(str((energies > SMALL).sum()), f"{max(d.properties for d in part):.2g}"),
            *(f"{deformations.max():.2g}", f"{np.quantile(deformations, 0.99):.2g}"),
            str(sum(not d.same_stop for d in part)),
        ]
        lines.append(f"| {' | '.join(cells)} |")
        case = part[int(energies.argmax())]
        worst.append(
            f"worst {kind}: {case.prototype}, {case.atoms} atoms, {case.energy:.3g} eV/atom"
        )
    return "\n".join(lines + worst)
