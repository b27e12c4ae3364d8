"""Force evaluations saved by relaxing with the network before relaxing with forces.

    python examples/precondition_dft.py                # CHGNet where it is installed, else EMT
    python examples/precondition_dft.py candidates/*.cif --calculator chgnet --optimizer BFGS
    python examples/precondition_dft.py candidates/*.cif --method all

Each crystal is relaxed twice to the same forces and stress on ASE's FrechetCellFilter: as it is,
and after `ase_ecn.relax` of its cell, or with `--method all` of its cell and atoms. With DFT as the
calculator an evaluation is a self-consistent cycle.

EMT is a stand-in that runs anywhere, and no more: it knows a few fcc metals, and its lattice
constants differ from the PBE ones that the network has learnt (both are printed), so that it has
to undo a part of what the network did. A calculator fitted to PBE does not.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from ase import Atoms
from ase.build import bulk
from ase.calculators.calculator import Calculator, all_changes
from ase.calculators.emt import EMT
from ase.filters import FrechetCellFilter
from ase.optimize import BFGS, FIRE
from ase.optimize.optimize import Optimizer

from ase_ecn import relax
from ase_ecn.checkpoint import DEFAULT_EMPNN, read_card
from ase_ecn.crystal import as_crystal
from ase_ecn.errors import ASEECNError
from ase_ecn.screening import read_structures

CRYSTALS = Path(__file__).parent / "crystals"
OPTIMIZERS: dict[str, type[Optimizer]] = {"FIRE": FIRE, "BFGS": BFGS}
MAX_STEPS = 500
SAME_VOLUME = 0.005  # relative; beyond it the two relaxations ended in different minima

# Conventional lattice constants in Å of the fcc entries of MP-20, PBE by the Materials Project; its
# silver is in other stackings only, whose volume per atom gives this one.
PBE_LATTICE = {"Al": 4.039, "Ni": 3.506, "Cu": 3.621, "Pd": 3.957, "Ag": 4.166}
PBE_LATTICE |= {"Pt": 3.977, "Au": 4.171}


class Counter(Calculator):
    """Hands everything on to another calculator and counts how often."""

    implemented_properties = ["energy", "forces", "stress"]  # noqa: RUF012

    def __init__(self, inner: Calculator) -> None:
        super().__init__()
        self.inner = inner
        self.evaluations = 0

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: Sequence[str] = ("energy",),
        system_changes: Sequence[str] = all_changes,
    ) -> None:
        super().calculate(atoms, list(properties), list(system_changes))
        # All at once, so that a geometry counts as one evaluation.
        self.inner.calculate(self.atoms, self.implemented_properties, list(system_changes))
        self.evaluations += 1
        self.results = {name: self.inner.results[name] for name in self.implemented_properties}


@dataclass(frozen=True)
class ForceRelaxation:
    """Where a relaxation with forces ended, and after how many evaluations."""

    atoms: Atoms
    evaluations: int
    converged: bool


@dataclass(frozen=True)
class Outcome:
    """A crystal relaxed directly and after the network."""

    label: str
    start: Atoms
    network: Atoms
    direct: ForceRelaxation
    after: ForceRelaxation

    @property
    def same_minimum(self) -> bool:
        """Whether both ended at the same volume, without which the counts mean nothing."""
        ratio = self.after.atoms.get_volume() / self.direct.atoms.get_volume()
        return abs(ratio - 1) < SAME_VOLUME


def make_calculator(name: str) -> Calculator:
    if name == "emt":
        return EMT()
    from chgnet.model.dynamics import CHGNetCalculator

    calculator: Calculator = CHGNetCalculator()
    return calculator


def fcc_metals(strain: float, noise: float, rng: np.random.Generator) -> list[tuple[str, Atoms]]:
    """Conventional cells of EMT's metals, with PBE's constants and then strained."""
    built = [(s, bulk(s, "fcc", a=a, cubic=True)) for s, a in PBE_LATTICE.items()]
    return [(label, disturbed(atoms, strain, noise, rng)) for label, atoms in built]


def disturbed(atoms: Atoms, strain: float, noise: float, rng: np.random.Generator) -> Atoms:
    """Strained by a random symmetric tensor of this norm, atoms moved by this much (Å)."""
    tensor = rng.normal(size=(3, 3))
    tensor = tensor + tensor.T
    moved = atoms.copy()
    moved.set_cell(
        atoms.cell[:] @ (np.eye(3) + strain * tensor / np.linalg.norm(tensor)), scale_atoms=True
    )
    moved.positions += rng.normal(scale=noise, size=moved.positions.shape)
    return moved


def read_crystals(paths: Sequence[Path], metals_only: bool) -> tuple[list[tuple[str, Atoms]], int]:
    """Labelled crystals that the network and the calculator know, and the number of others."""
    elements = read_card(DEFAULT_EMPNN).elements
    found, skipped = [], 0
    for entry in (source for path in paths for source in read_structures(path)):
        try:
            atoms = entry.load()
            as_crystal(atoms, elements)
            if metals_only and not set(atoms.symbols) <= set(PBE_LATTICE):
                raise ASEECNError(f"EMT is used for {', '.join(PBE_LATTICE)} only")
            found.append((entry.label, atoms))
        except ASEECNError as error:
            print(f"skipped {entry.label}: {error}", file=sys.stderr)
            skipped += 1
    return found, skipped


def relax_with_forces(
    atoms: Atoms, calculator: Calculator, optimizer: type[Optimizer], fmax: float
) -> ForceRelaxation:
    """Relax a copy, cell and atoms, until forces and the cell's are below fmax (eV/Å, eV)."""
    moved = atoms.copy()
    counter = Counter(calculator)
    moved.calc = counter
    run = optimizer(FrechetCellFilter(moved), logfile=None)
    converged = bool(run.run(fmax=fmax, steps=MAX_STEPS))
    moved.calc = None
    return ForceRelaxation(moved, counter.evaluations, converged)


def compare(
    crystals: Sequence[tuple[str, Atoms]],
    calculator: Calculator,
    *,
    optimizer: type[Optimizer] = BFGS,
    fmax: float = 0.01,
    method: Literal["lattice", "all"] = "lattice",
) -> list[Outcome]:
    """Relax every crystal directly and after the network."""
    relaxations = relax([atoms for _, atoms in crystals], method=method)
    preconditioned = [relaxation.atoms for relaxation in relaxations]
    return [
        Outcome(
            label,
            start,
            network,
            relax_with_forces(start, calculator, optimizer, fmax),
            relax_with_forces(network, calculator, optimizer, fmax),
        )
        for (label, start), network in zip(crystals, preconditioned, strict=True)
    ]


def print_table(outcomes: Sequence[Outcome]) -> None:
    print("evaluations of forces, and volumes in Å³/atom")
    heads = ("direct", "after", "saved", "start", "network", "forces")
    print(f"{'crystal':28}" + "".join(f"{head:>9}" for head in heads))
    for o in outcomes:
        direct, after = o.direct.evaluations, o.after.evaluations
        line = f"{o.label:28}{direct:9}{after:9}{direct - after:9}"
        for atoms in (o.start, o.network, o.direct.atoms):
            line += f"{atoms.get_volume() / len(atoms):9.3f}"
        print(line + _remark(o))


def _remark(outcome: Outcome) -> str:
    if not (outcome.direct.converged and outcome.after.converged):
        return f"  left out: not converged in {MAX_STEPS} steps"
    return "" if outcome.same_minimum else "  left out: the two ended in different minima"


def totals(outcomes: Sequence[Outcome]) -> tuple[int, int]:
    """Evaluations of all comparable crystals, directly and after the network."""
    fair = [o for o in outcomes if not _remark(o)]
    return sum(o.direct.evaluations for o in fair), sum(o.after.evaluations for o in fair)


def print_lattice_constants(calculator: Calculator) -> None:
    """Those of EMT and PBE, and those to which the network relaxes PBE's crystals."""
    perfect = [bulk(symbol, "fcc", a=a) for symbol, a in PBE_LATTICE.items()]
    print("\nfcc lattice constants in Å")
    print(f"{'':4}{'EMT':>8}{'PBE':>8}{'network':>9}{'EMT/PBE - 1':>13}")
    for atoms, relaxation in zip(perfect, relax(perfect), strict=True):
        symbol = str(atoms.symbols[0])
        emt = _fcc_constant(relax_with_forces(atoms, calculator, BFGS, 1e-4).atoms)
        network, pbe = _fcc_constant(relaxation.atoms), PBE_LATTICE[symbol]
        print(f"{symbol:4}{emt:8.3f}{pbe:8.3f}{network:9.3f}{emt / pbe - 1:+13.2%}")


def _fcc_constant(primitive: Atoms) -> float:
    return float((4 * primitive.get_volume()) ** (1 / 3))


def parse(arguments: Sequence[str] | None) -> Any:
    parser = argparse.ArgumentParser(description="Count the force evaluations saved.")
    parser.add_argument("paths", nargs="*", type=Path, help="crystals; else strained examples")
    parser.add_argument("--calculator", choices=("auto", "chgnet", "emt"), default="auto")
    parser.add_argument("--method", choices=("lattice", "all"), default="lattice")
    parser.add_argument("--optimizer", choices=sorted(OPTIMIZERS), default="BFGS")
    parser.add_argument("--fmax", type=float, default=0.01, help="eV/Å (default %(default)s)")
    parser.add_argument("--strain", type=float, default=0.1, help="norm, of the fcc metals")
    parser.add_argument("--noise", type=float, default=0.0, help="Å, of atoms of the fcc metals")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(arguments)
    name = options.calculator
    if name == "auto":
        name = "chgnet" if importlib.util.find_spec("chgnet") else "emt"
    calculator, skipped = make_calculator(name), 0
    if options.paths or name != "emt":
        crystals, skipped = read_crystals(options.paths or [CRYSTALS], metals_only=name == "emt")
    else:
        rng = np.random.default_rng(options.seed)
        crystals = fcc_metals(options.strain, options.noise, rng)
    if not crystals:
        print("nothing to relax", file=sys.stderr)
        return 1

    print(f"{name}, {options.optimizer} to {options.fmax} eV/Å")
    optimizer = OPTIMIZERS[options.optimizer]
    outcomes = compare(
        crystals, calculator, optimizer=optimizer, fmax=options.fmax, method=options.method
    )
    print_table(outcomes)
    direct, after = totals(outcomes)
    if direct:
        print(
            f"in all {direct} directly, {after} after the network: {1 - after / direct:.0%} saved"
        )
    if name == "emt":
        print_lattice_constants(calculator)
    return 1 if skipped else 0


if __name__ == "__main__":
    sys.exit(main())
