"""Calls of the calculator on a changed crystal, and a second property of the same."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from ase import Atoms
from chgnet.model.dynamics import CHGNetCalculator

from ase_ecn import ECNCalculator
from benchmarks.common import Options, Row, mp20_atoms, take_turns


def measure(options: Options) -> list[Row]:
    """Median over crystals of the medians of both sides."""
    many = mp20_atoms(options, 6 if options.brief else 60)
    calculator = ECNCalculator(device="cpu")
    second = []
    for atoms in many:
        calculator.get_property("energy", atoms)
        second += take_turns(
            lambda a=atoms: calculator.get_property("band_gap", a), options=options, repeats=20
        )
    return [
        _row(many, ("energy",), "e", (6, 12), options),
        _row(many, ("energy", "forces", "stress"), "efs", (15, 30), options),
        Row("second property of the same crystal", float(np.median(second)), None),
    ]


def _row(
    many: list[Atoms],
    properties: tuple[str, ...],
    task: str,
    asked: tuple[float, float],
    options: Options,
) -> Row:
    """Some properties of a changed crystal, here and by CHGNet."""
    # Of its own, since it computes forces always once they were asked for.
    calculator = ECNCalculator(device="cpu")
    peer = CHGNetCalculator(use_device="cpu", check_cuda_mem=False)
    ours, theirs = [], []
    for atoms in many:
        both = take_turns(
            _changed(atoms, lambda a: calculator.calculate(a, properties)),
            _changed(atoms, lambda a: peer.calculate(a, list(properties), task=task)),
            options=options,
        )
        ours.append(both[0])
        theirs.append(both[1])
    work = f"calculator on a changed crystal: {', '.join(properties)}"
    return Row(work, float(np.median(ours)), float(np.median(theirs)), "s", *asked)


def _changed(atoms: Atoms, calculate: Callable[[Atoms], None]) -> Callable[[], None]:
    atoms = atoms.copy()
    rng = np.random.default_rng(0)

    def call() -> None:
        atoms.positions += rng.normal(scale=0.01, size=atoms.positions.shape)
        calculate(atoms)

    return call
