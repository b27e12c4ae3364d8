"""Extreme phonon frequencies of a potential energy surface and of VASP's force sets.

Needs phonopy (``pip install ase-ecn[phonons]``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ase import Atoms
from ase.build import bulk
from ase.calculators.calculator import BaseCalculator
from ase.data import chemical_symbols

from ase_ecn.calculator import ECNCalculator
from ase_ecn.checkpoint import read_card
from ase_ecn.errors import DatasetError, UnsupportedElementError
from ase_ecn.phonons import (
    MESH,
    Phonons,
    RelaxationError,
    load_phonons,
    phonons,
)

_FILE = "phonopy.yaml.xz"


@dataclass(frozen=True)
class Comparison:
    """Lowest and highest frequency (THz) of a crystal, three ways.

    Attributes
    ----------
    name, formula
        Of the set of forces and its crystal.
    vasp
        From the set.
    relaxed, as_given
        From the surface: after relaxation, and with VASP's cell and positions; ``None`` where it
        refuses the elements or does not come to rest.
    problem
        Why, else empty.
    """

    name: str
    formula: str
    vasp: tuple[float, float]
    relaxed: tuple[float, float] | None
    as_given: tuple[float, float] | None
    problem: str


def compare(folder: Path, calculator: BaseCalculator, mesh: int = MESH) -> Comparison:
    """Compare with the set of forces in a folder, in the same supercell.

    Raises
    ------
    OptionError
        If its file cannot be read.
    """
    theirs = load_phonons(folder / _FILE)
    cell, supercell = theirs.unit_cell, theirs.phonopy.supercell_matrix
    formula = cell.symbols.formula.reduce()[0].format("metal")
    found: list[tuple[float, float] | None] = []
    problem = ""
    for relax in (True, False):
        try:
            ours = phonons(cell, calculator=calculator, supercell=supercell, relax=relax)
            found.append(ours.extremes(mesh))
        except UnsupportedElementError:
            found.append(None)
            problem = "refused"
        except RelaxationError:
            found.append(None)
            problem = "does not come to rest"
    return Comparison(folder.name, formula, theirs.extremes(mesh), found[0], found[1], problem)


def compare_all(data: Path, calculator: BaseCalculator, mesh: int = MESH) -> list[Comparison]:
    """Compare with every set of forces in the data folder.

    Raises
    ------
    DatasetError
        If there is none.
    """
    folders = sorted(path.parent for path in (data / "phonons").glob(f"*/{_FILE}"))
    if not folders:
        raise DatasetError(f"no sets of forces in {data / 'phonons'}")
    return [compare(folder, calculator, mesh) for folder in folders]


def element_phonons(number: int, calculator: BaseCalculator) -> tuple[Atoms, Phonons]:
    """Conventional vectors at rest and phonons of an element in its usual structure."""
    found = phonons(bulk(chemical_symbols[number]), calculator=calculator)
    return found.unit_cell, found


def tables(checkpoint: str, data: Path, mesh: int, device: str | None = None) -> Iterator[str]:
    """Lines of two tables in Markdown: crystals with VASP's forces, and the elements.

    Parameters
    ----------
    checkpoint
        A potential energy surface.
    data
        The data folder.
    mesh
        Points along each reciprocal axis at which frequencies are computed.
    device
        Where to compute; by default CUDA if available, otherwise the CPU.
    """
    calculator = ECNCalculator(checkpoint, dtype="float64", device=device)
    yield "| set | crystal | VASP | relaxed here | with VASP's cell |\n|---|---|---|---|---|"
    for row in compare_all(data, calculator, mesh):
        cells = [_range(ours, row.vasp) or row.problem for ours in (row.relaxed, row.as_given)]
        yield f"| {row.name} | {row.formula} | {_range(row.vasp)} | {' | '.join(cells)} |"
    yield "\n| element | shortest lattice vector (Å) | frequencies (THz) |\n|---|---|---|"
    for system in read_card(checkpoint).systems:
        if len(system) == 1:
            (number,) = system
            cell, found = element_phonons(number, calculator)
            length = cell.cell.lengths().min()
            yield f"| {chemical_symbols[number]} | {length:.3f} | {_range(found.extremes(mesh))} |"


def _range(
    extremes: tuple[float, float] | None, reference: tuple[float, float] | None = None
) -> str:
    """Lowest and highest frequency, and how far the highest is from the reference's."""
    if extremes is None:
        return ""
    lowest, highest = extremes
    text = f"{round(lowest, 2) + 0.0:.2f} to {highest:.2f}"  # no -0.00
    return f"{text} ({highest / reference[1] - 1:+.1%})" if reference else text
