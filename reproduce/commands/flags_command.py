"""``flags``: are crystals flagged that are unlike all others, and might be called stable?"""

from __future__ import annotations

import argparse

from ase import Atoms

from ase_ecn.commands.command_line import Command
from ase_ecn.training.data.datasets import data_folder
from reproduce.commands.unseen_options import add_unseen_options, chosen_predictor
from reproduce.reports.flags import HEADER, flags
from reproduce.reports.strange_crystals import strange_crystals
from reproduce.reports.unseen_crystals import unseen_crystals

_STRANGE = 40


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add_unseen_options(parser, f"; of strange kinds {_STRANGE}")


def _run(options: argparse.Namespace) -> int:
    data = data_folder(options.data)
    predictor = chosen_predictor(options)
    card = predictor.card
    print(f"{card.name} {card.version}\n\n{HEADER}", flush=True)
    known: list[Atoms] = []
    for part in unseen_crystals(data, card.elements, options.crystals):
        atoms = [crystal.to_atoms() for crystal in part.crystals]
        known = known or atoms  # the first are MP-20's
        print(flags(predictor, part.name, atoms).row(), flush=True)
    step = max(1, len(known) // _STRANGE)
    for name, strange in strange_crystals(known[::step][:_STRANGE]):
        print(flags(predictor, name, strange).row(), flush=True)
    return 0


COMMAND = Command(
    "flags",
    "are crystals flagged that are unlike all others, and might be called stable?",
    _add_arguments,
    _run,
)
