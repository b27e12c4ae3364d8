"""How close relaxations of cell and atoms come to DFT's and to a better potential's, and the cost.

``python -m reproduce full-relaxations`` relaxes hypothetical crystals whose prototypes no network
was fitted to, substituted prototypes of MP-20 test, the first steps of VASP's relaxations, and
crystals that are relaxed already, by each way to relax that there is.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from ase import Atoms
from numpy.typing import NDArray

from ase_ecn.comparison import SAME_CELL
from ase_ecn.crystal import as_crystal
from ase_ecn.geometry.drift import without_drift
from ase_ecn.relaxation.cell_and_atoms import relax_cell_and_atoms
from ase_ecn.relaxation.follow import follow
from ase_ecn.relaxation.force_course import FORCE_TOLERANCE, ForceCourse, Pull
from ase_ecn.relaxation.predictor import StrainPredictor
from ase_ecn.relaxation.surface import EnergySurface
from ase_ecn.screening.calculator_relaxation import CalculatorRelaxer, Handed
from ase_ecn.screening.named_calculators import CalculatorJob, parse_options
from ase_ecn.training.data.cache import cached_dataset
from ase_ecn.training.data.datasets import data_folder, read_mp20
from ase_ecn.training.data.labels import HELD_OUT
from ase_ecn.training.data.relaxation_pairs import percent_of, relaxation_rows
from ase_ecn.training.data.substitution import held_out_pairs
from ase_ecn.vasp import read_runs


@dataclass(frozen=True)
class Task:
    """A crystal to relax, and where it should end; the same atoms in the same order.

    Attributes
    ----------
    start, end
        The crystal.
    within_reach
        Whether the end is where a relaxation from the start may be expected to lead.
    """

    start: Atoms
    end: Atoms
    within_reach: bool = True


@dataclass(frozen=True)
class _Answer:
    """Relaxed crystals, and processor time and energies asked for, per crystal."""

    relaxed: list[Atoms]
    seconds: float
    energies: float


_SAME_MINIMUM = 0.003  # eV/atom
_SAME_TYPE = 0.3  # times (volume per atom)^(1/3): by which pymatgen tells structures apart

Way = Callable[[Sequence[Atoms]], _Answer]
Energies = NDArray[np.float64]


def held_out_relaxations(data: Path, count: int) -> list[Task]:
    """Relaxations of hypothetical crystals by the teacher, of prototypes that were held out.

    Those that the teacher did not finish count too, but their ends, which are no relaxed crystals,
    are not within reach.

    Raises
    ------
    DatasetError
        If there is no such file.
    """
    rows = [row for row in relaxation_rows(data) if percent_of(row) < HELD_OUT]
    tasks = []
    for k in np.linspace(0, len(rows) - 1, min(count, len(rows))).astype(int):
        row, last = rows[k], rows[k]["frames"][-1]
        places = ((row["prototype_cell"], row["prototype_frac"]), (last["cell"], last["frac"]))
        start, end = (
            Atoms(row["species"], cell=cell, scaled_positions=scaled, pbc=True)
            for cell, scaled in places
        )
        tasks.append(Task(start, end, within_reach=bool(row["converged"])))
    return tasks


def vasp_relaxations(data: Path, elements: frozenset[int]) -> list[Task]:
    """First and last steps of VASP's relaxations that changed the cell."""
    runs, _ = read_runs([], elements, data / "vasp" / "relaxations.jsonl.gz")
    changes = [np.abs(r.final.cell.cellpar() / r.start.cell.cellpar() - 1).max() for r in runs]
    changed = [run for run, change in zip(runs, changes, strict=True) if change > SAME_CELL]
    return [Task(run.start, run.final) for run in changed]


def substituted_prototypes(data: Path, count: int) -> list[Task]:
    """Compositions of MP-20 test in structures of its training crystals, as a screen makes them.

    Some are in another structure than their composition has: by pymatgen's usual tolerance, an
    atom is too far from its place. The ends of these are not within reach.
    """
    pairs = held_out_pairs(data, "mp_20", "test", count)
    ends = [(a.to_atoms(), b.to_atoms()) for a, b in zip(pairs.crystals, pairs.ends, strict=True)]
    return [Task(start, end, same_type(start, end)) for start, end in ends]


def relaxed_crystals(data: Path, count: int) -> list[Task]:
    """Crystals of MP-20 test, which DFT has relaxed: they should stay."""
    crystals = cached_dataset("mp_20-test", lambda: read_mp20(data, "test")).crystals
    chosen = np.linspace(0, len(crystals) - 1, count).astype(int)
    return [Task(crystals[k].to_atoms(), crystals[k].to_atoms()) for k in chosen]


def length_error(atoms: Atoms, end: Atoms) -> float:
    """Mean relative error of the three lengths."""
    return float(np.abs(atoms.cell.lengths() / end.cell.lengths() - 1).mean())


def distance(atoms: Atoms, end: Atoms) -> float:
    """Mean distance of the atoms from their places in Å, after the best rigid shift.

    Differences are of fractional coordinates, in the cell at the end.
    """
    return float(_distances(atoms, end).mean())


def same_type(atoms: Atoms, end: Atoms) -> bool:
    """Whether no atom is farther from its place than structures of one type may differ by."""
    free_length = (end.get_volume() / len(end)) ** (1 / 3)
    return bool(_distances(atoms, end).max() < _SAME_TYPE * free_length)


def _distances(atoms: Atoms, end: Atoms) -> NDArray[np.float64]:
    apart = atoms.cell.scaled_positions(atoms.positions) - end.cell.scaled_positions(end.positions)
    return np.asarray(np.linalg.norm(without_drift(apart) @ end.cell[:], axis=1))


def ways(
    network: StrainPredictor, moving: StrainPredictor, surface: EnergySurface
) -> dict[str, Way]:
    """What there is to relax crystals, by name.

    Parameters
    ----------
    network, moving
        EMPNNs, of which the second moves atoms.
    surface
        Gives forces.
    """

    def by_network(starts: Sequence[Atoms], positions: bool) -> _Answer:
        chosen = moving if positions else network
        begun = time.process_time()
        found = chosen.relax([as_crystal(a) for a in starts], positions=positions)
        seconds = (time.process_time() - begun) / len(starts)
        return _Answer([r.of(a).atoms for r, a in zip(found, starts, strict=True)], seconds, 0.0)

    def then_forces(
        starts: Sequence[Atoms], positions: bool = False, reliable: bool = False
    ) -> _Answer:
        chosen = moving if positions else network
        begun = time.process_time()
        crystals = [as_crystal(a) for a in starts]
        found = relax_cell_and_atoms(
            crystals, chosen, counted, positions=positions, reliable=reliable
        )
        seconds = (time.process_time() - begun) / len(starts)
        relaxed = [r.of(a).atoms for r, a in zip(found, starts, strict=True)]
        return _Answer(relaxed, seconds, counted.taken() / len(starts))

    def forces(starts: Sequence[Atoms]) -> _Answer:
        begun = time.process_time()
        courses = [ForceCourse(as_crystal(a)) for a in starts]
        follow(courses, counted.answers, batch_size=surface.model.batch_size)
        relaxed = []
        for atoms, course in zip(starts, courses, strict=True):
            image = atoms.copy()
            image.set_cell(atoms.cell[:] @ course.deformation, scale_atoms=True)
            image.positions += course.displacements
            relaxed.append(image)
        seconds = (time.process_time() - begun) / len(starts)
        return _Answer(relaxed, seconds, counted.taken() / len(starts))

    counted = _Counted(surface)
    return {
        "cell by EMPNN": partial(by_network, positions=False),
        "cell and atoms by EMPNN": partial(by_network, positions=True),
        "cell by EMPNN, then forces": then_forces,
        "the same, its reliable part": partial(then_forces, reliable=True),
        "cell and atoms by EMPNN, then forces": partial(then_forces, positions=True),
        "forces alone": forces,
    }


def by_calculator(job: CalculatorJob) -> Way:
    """Relax with an ASE calculator; what fails stays where it was.

    This tells what another potential makes of the same starts.
    """
    relaxer = CalculatorRelaxer(job, FORCE_TOLERANCE)

    def way(starts: Sequence[Atoms]) -> _Answer:
        relaxed, steps, begun = [], 0.0, time.process_time()
        for atoms in starts:
            found, image = relaxer.relax(Handed("", 0, atoms)), atoms.copy()
            if found.arrays:
                image.set_cell(found.arrays["refined_cell"])
                image.positions[:] = found.arrays["refined_positions"]
                steps += found.values["refined_steps"]
            relaxed.append(image)
        seconds = time.process_time() - begun
        return _Answer(relaxed, seconds / len(starts), steps / len(starts))

    return way


class _Counted(EnergySurface):
    """A surface that counts what it is asked for."""

    def __init__(self, surface: EnergySurface) -> None:
        self.__dict__.update(surface.__dict__)
        self._count = 0

    def answers(self, courses: Sequence[ForceCourse]) -> list[Pull]:
        self._count += len(courses)
        return super().answers(courses)

    def taken(self) -> int:
        """How many since this was asked last."""
        count, self._count = self._count, 0
        return count


def report(
    tasks: Sequence[Task], found: dict[str, Way], energies: Callable[[Sequence[Atoms]], Energies]
) -> Iterator[str]:
    """Lines of a Markdown table: mean and median errors of each way, and its cost.

    Where some ends are not within reach, a second line has those that are.

    Parameters
    ----------
    tasks
        What is relaxed.
    found
        By each of these.
    energies
        Energies per atom, of which the difference to that of the crystal at the end is told.
    """
    yield "| relaxed by | lengths | atoms (Å) | energy (meV/atom) | energies asked for | ms |"
    yield "|---|---|---|---|---|---|"
    starts, ends = [task.start for task in tasks], [task.end for task in tasks]
    there = energies(ends)

    near = np.array([task.within_reach for task in tasks])

    def lines(name: str, relaxed: Sequence[Atoms], cost: str = "|") -> Iterator[str]:
        pairs = list(zip(relaxed, ends, strict=True))
        lengths = np.array([100 * length_error(*pair) for pair in pairs])
        atoms = np.array([distance(*pair) for pair in pairs])
        off = 1000 * np.abs(energies(relaxed) - there)
        rows = {name: (np.ones_like(near), cost)}
        if near.any() and not near.all():
            rows[f"{name}, {near.sum()} within reach"] = (near, "|")
        for row, (chosen, asked) in rows.items():
            cells = [f"{_mean_and_median(lengths[chosen], 2)} %"]
            cells += [_mean_and_median(atoms[chosen], 3), _mean_and_median(off[chosen], 1)]
            yield f"| {row} | {' | '.join(cells)} | {asked} |"

    yield from lines("start", starts)
    for name, way in found.items():
        answer = way(starts)
        cost = f"{answer.energies:.1f} | {1000 * answer.seconds:.0f}"
        yield from lines(name, answer.relaxed, cost)


def minima(
    tasks: Sequence[Task],
    way: Way,
    settle: Way,
    energies: Callable[[Sequence[Atoms]], Energies],
) -> Iterator[str]:
    """Lines of a Markdown table: how far off is what ends in another minimum than it should?

    Parameters
    ----------
    tasks
        What is relaxed.
    way
        By this.
    settle
        Leads from the crystals at the ends to the nearest minima of the energy.
    energies
        Energies per atom, by which minima are told apart.
    """
    ends = [task.end for task in tasks]
    relaxed = way([task.start for task in tasks]).relaxed
    higher = energies(relaxed) - energies(settle(ends).relaxed)
    kinds = {
        "the same": np.abs(higher) <= _SAME_MINIMUM,
        "a higher one": higher > _SAME_MINIMUM,
        "a lower one": higher < -_SAME_MINIMUM,
    }
    yield "| minimum of the energy | crystals | lengths | atoms (Å) | of all distances |"
    yield "|---|---|---|---|---|"
    lengths = np.array([100 * length_error(*pair) for pair in zip(relaxed, ends, strict=True)])
    atoms = np.array([distance(*pair) for pair in zip(relaxed, ends, strict=True)])
    for kind, chosen in kinds.items():
        cells = ["", "", "0 %"]
        if chosen.any():
            share = 100 * atoms[chosen].sum() / (atoms.sum() or 1.0)
            cells = [f"{_mean_and_median(lengths[chosen], 2)} %"]
            cells += [_mean_and_median(atoms[chosen], 3), f"{share:.0f} %"]
        yield f"| {kind} | {chosen.sum()} | {' | '.join(cells)} |"


def predicted_energies(surface: EnergySurface, atoms: Sequence[Atoms]) -> Energies:
    """Energies per atom in eV; infinite where atoms overlap."""
    size = surface.model.batch_size
    pulls = [
        pull
        for first in range(0, len(atoms), size)
        for pull in surface.pulls([as_crystal(one) for one in atoms[first : first + size]])
    ]
    return np.array([pull.energy / len(one) for pull, one in zip(pulls, atoms, strict=True)])


def _mean_and_median(values: Sequence[float] | NDArray[np.float64], digits: int) -> str:
    return f"{np.mean(values):.{digits}f} / {np.median(values):.{digits}f}"


def run_full_relaxations(options: argparse.Namespace) -> int:
    """Print a table for each kind of crystal."""
    data = data_folder(options.data)
    network = StrainPredictor(device=options.device)
    moving = StrainPredictor(options.moving, device=options.device, positions=True)
    surface = EnergySurface(options.potential, device=options.device)
    elements = network.card.elements & surface.card.elements
    sets = {
        "hypothetical crystals, against the teacher": held_out_relaxations(data, options.crystals),
        "substituted prototypes of MP-20 test": substituted_prototypes(data, options.substituted),
        "VASP's relaxations, from their start": vasp_relaxations(data, elements),
        "relaxed crystals of MP-20 test, which should stay": relaxed_crystals(
            data, options.crystals
        ),
    }
    found = ways(network, moving, surface)
    if options.calculator:
        job = CalculatorJob(options.calculator, tuple(parse_options(options.option).items()))
        found[f"BFGS with {options.calculator}"] = by_calculator(job)
    for name, tasks in sets.items():
        known = [t for t in tasks if elements.issuperset(t.start.numbers.tolist())]
        print(f"\n{len(known)} {name}; {surface.card.name} {surface.card.version}\n", flush=True)
        energies = partial(predicted_energies, surface)
        for line in report(known, found, energies):
            print(line, flush=True)
        if options.minima:
            print()
            then = found["cell by EMPNN, then forces"]
            for line in minima(known, then, found["forces alone"], energies):
                print(line, flush=True)
    return 0
