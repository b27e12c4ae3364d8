"""Phonons of a potential energy surface compared with those of VASP's force sets.

Needs phonopy (``pip install ase-ecn[phonons]``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.build import bulk
from ase.calculators.calculator import BaseCalculator
from ase.data import chemical_symbols
from phonopy import Phonopy

from ase_ecn.calculator import ECNCalculator
from ase_ecn.checkpoint import read_card
from ase_ecn.errors import ASEECNError, DatasetError, OptionError, UnsupportedElementError
from ase_ecn.phonons import MESH, Phonons, load_phonons, phonons

_FILE = "phonopy.yaml.xz"
_IMAGINARY = -0.05  # THz; modes below are called imaginary
_POINTS = 8
"""Along each reciprocal axis of the mesh on which modes are compared one by one."""


@dataclass(frozen=True)
class Spectrum:
    """What a surface gives for a crystal of a set.

    Attributes
    ----------
    extremes
        Lowest and highest frequency, THz.
    difference
        Mean absolute difference from VASP's frequencies, THz, in order at each wave vector.
    volume
        Of the cell whose phonons these are, relative to VASP's.
    """

    extremes: tuple[float, float]
    difference: float
    volume: float


@dataclass(frozen=True)
class Comparison:
    """Phonons of a crystal, three ways.

    Attributes
    ----------
    name, formula
        Of the set of forces and its crystal.
    vasp
        Lowest and highest frequency from the set, THz.
    relaxed, as_given
        From the surface: after relaxation, and with VASP's cell and positions; ``None`` where it
        refuses the elements or does not come to rest.
    problem
        Why, else empty.
    """

    name: str
    formula: str
    vasp: tuple[float, float]
    relaxed: Spectrum | None
    as_given: Spectrum | None
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
    found: list[Spectrum | None] = []
    problem = ""
    for relax in (True, False):
        try:
            ours = phonons(cell, calculator=calculator, supercell=supercell, relax=relax)
            found.append(_spectrum(ours, theirs, mesh))
        except UnsupportedElementError as error:
            found.append(None)
            problem = f"refused: {error}"
        except ASEECNError as error:
            found.append(None)
            problem = str(error)
    return Comparison(folder.name, formula, theirs.extremes(mesh), found[0], found[1], problem)


def _spectrum(ours: Phonons, theirs: Phonons, mesh: int) -> Spectrum:
    # The primitive cell that phonopy would choose may be another one for a relaxed crystal.
    model = Phonopy(
        ours.phonopy.unitcell,
        supercell_matrix=ours.phonopy.supercell_matrix,
        primitive_matrix=theirs.phonopy.primitive_matrix,
    )
    model.force_constants = ours.phonopy.force_constants
    points = np.indices([_POINTS] * 3).reshape(3, -1).T / _POINTS
    difference = np.abs(Phonons(model).frequencies(points) - theirs.frequencies(points))
    volume = ours.unit_cell.get_volume() / theirs.unit_cell.get_volume()
    return Spectrum(ours.extremes(mesh), float(difference.mean()), volume)


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
    """Lines of tables in Markdown: crystals with VASP's forces, and elements that have data.

    Parameters
    ----------
    checkpoint
        One that gives forces.
    data
        The data folder.
    mesh
        Points along each reciprocal axis at which frequencies are computed.
    device
        Where to compute; by default CUDA if available, otherwise the CPU.

    Raises
    ------
    OptionError
        If the checkpoint gives no forces.
    DatasetError
        If there are no sets of forces.
    """
    card = read_card(checkpoint)
    if not card.forces:
        raise OptionError(f"{card.name} gives no forces, and phonons need them")
    calculator = ECNCalculator(checkpoint, dtype="float64", device=device)
    yield from comparison_lines(compare_all(data, calculator, mesh))
    elements = [number for system in card.systems if len(system) == 1 for number in system]
    if elements:
        yield "\n| element | shortest lattice vector (Å) | frequencies (THz) |\n|---|---|---|"
    for number in elements:
        cell, found = element_phonons(number, calculator)
        length = cell.cell.lengths().min()
        yield f"| {chemical_symbols[number]} | {length:.3f} | {_range(found.extremes(mesh))} |"


def comparison_lines(rows: Sequence[Comparison]) -> list[str]:
    """A table of all sets in Markdown, medians and means, and why what is missing is."""
    lines = [
        "| set | crystal | VASP | relaxed here | volume | frequencies | with VASP's cell "
        "| frequencies |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        cells = [row.name, row.formula, _range(row.vasp)]
        for spectrum, with_volume in ((row.relaxed, True), (row.as_given, False)):
            cells += _cells(spectrum, row.vasp, with_volume=with_volume)
        lines.append(f"| {' | '.join(cells)} |")
    lines.append("")
    for title, spectra in (
        ("relaxed here", [(row, row.relaxed) for row in rows]),
        ("with VASP's cell", [(row, row.as_given) for row in rows]),
    ):
        known = [(row, spectrum) for row, spectrum in spectra if spectrum is not None]
        if known:
            lines.append(_summary(title, known))
    lines += [f"{row.name}: {row.problem}" for row in rows if row.problem]
    return lines


def _summary(title: str, known: Sequence[tuple[Comparison, Spectrum]]) -> str:
    of_crystal: dict[str, list[float]] = {}
    for row, spectrum in known:
        off = 100 * abs(spectrum.extremes[1] / row.vasp[1] - 1)
        of_crystal.setdefault(row.formula, []).append(off)
    of_sets = [off for values in of_crystal.values() for off in values]
    # Some crystals have several sets.
    of_crystals = [float(np.mean(values)) for values in of_crystal.values()]
    difference = np.mean([s.difference for _, s in known])
    imaginary = [
        row.name for row, s in known if s.extremes[0] < _IMAGINARY and row.vasp[0] > _IMAGINARY
    ]
    return (
        f"{title}: highest mode off by {np.median(of_sets):.1f} % (median of {len(of_sets)} "
        f"sets), {np.median(of_crystals):.1f} % (of {len(of_crystals)} crystals), frequencies by "
        f"{difference:.2f} THz (mean); imaginary modes that VASP does not have: "
        f"{', '.join(imaginary) or 'none'}"
    )


def _cells(
    spectrum: Spectrum | None, reference: tuple[float, float], *, with_volume: bool
) -> list[str]:
    if spectrum is None:
        return [""] * (3 if with_volume else 2)
    volume = [f"{spectrum.volume - 1:+.1%}"] if with_volume else []
    return [_range(spectrum.extremes, reference), *volume, f"{spectrum.difference:.2f}"]


def _range(extremes: tuple[float, float], reference: tuple[float, float] | None = None) -> str:
    """Lowest and highest frequency, and how far the highest is from the reference's."""
    lowest, highest = extremes
    text = f"{round(lowest, 2) + 0.0:.2f} to {highest:.2f}"  # no -0.00
    return f"{text} ({highest / reference[1] - 1:+.1%})" if reference else text
