"""``domain-errors``: do the flag and the stated uncertainty rank errors?"""

from __future__ import annotations

import argparse

from ase_ecn.checkpoint import read_card
from ase_ecn.commands.command_line import Command
from ase_ecn.training.data.datasets import data_folder
from reproduce.reports.domain_errors import HEADER, domain_report


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("checkpoint", help="an ECN that states uncertainties")


def _run(options: argparse.Namespace) -> int:
    card = read_card(options.checkpoint)
    print(f"{card.name} {card.version}\n{HEADER}", flush=True)
    for scored in domain_report(options.checkpoint, data_folder(options.data)):
        print(scored.row(), flush=True)
    return 0


COMMAND = Command(
    "domain-errors", "do the flag and the stated uncertainty rank errors?", _add_arguments, _run
)
