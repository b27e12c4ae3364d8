"""``hypothetical``: how accurate is a checkpoint for hypothetical crystals?

Formation energies of 972 hypothetical crystals (WBM) compared with DFT, what a screen for stable
ones would get, and equations of state.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from ase_ecn.commands.command_line import Command
from ase_ecn.prediction import PropertyPredictor
from ase_ecn.training.data.datasets import data_folder
from ase_ecn.training.release.screen_scores import wbm_scores
from reproduce.reports.equations_of_state import binaries, crystals_of_test, equations_of_state

_CURVES = 30
_MODULI = 400


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("checkpoint", help="one that predicts formation energies")


def _run(options: argparse.Namespace) -> int:
    data = data_folder(options.data)
    predictor = PropertyPredictor(options.checkpoint, device=options.device)
    scores, count = wbm_scores(predictor, data)
    print(f"WBM, {count} crystals: MAE {scores.mae:.4f} eV/atom, bias {scores.bias:+.4f}")
    print(
        f"stable or not: F1 {scores.f1:.3f}, precision {scores.precision:.3f}, recall "
        f"{scores.recall:.3f}; {100 * scores.kept:.1f} % kept for 90 % of the stable ones"
    )
    _print_volumes(predictor, data)
    _print_moduli(predictor, data)
    return 0


def _print_volumes(predictor: PropertyPredictor, data: Path) -> None:
    curves = equations_of_state(predictor, crystals_of_test(data, _CURVES))
    off = [abs(curve[0] - 1) for curve in curves if curve is not None]
    print(
        f"equations of state, {_CURVES} crystals of MP-20 test, volumes within 10 %: "
        f"{len(off)} minima inside, volume off by {100 * np.median(off):.2f} % (median)"
    )


def _print_moduli(predictor: PropertyPredictor, data: Path) -> None:
    atoms, moduli = binaries(data, predictor.card.elements, _MODULI)
    curves = equations_of_state(predictor, atoms)
    errors = [
        abs(curve[1] / modulus - 1)
        for curve, modulus in zip(curves, moduli, strict=True)
        if curve is not None
    ]
    print(
        f"bulk moduli of {len(errors)} of {len(atoms)} binaries: off by "
        f"{100 * np.median(errors):.1f} % (median)"
    )


COMMAND = Command("hypothetical", "crystals that nobody has made", _add_arguments, _run)
