"""``python -m reproduce COMMAND``: what the papers and the documents report, recomputed.

Run from the checkout, with the package installed.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from ase_ecn.commands.command_line import parser_of
from ase_ecn.training.commands.training_options import add_training_options, run_on_threads
from reproduce.commands import COMMANDS


def parser() -> argparse.ArgumentParser:
    """Make the parser of all commands."""
    return parser_of("python -m reproduce", __doc__, COMMANDS, add_training_options)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit status, 1 if anything failed."""
    return run_on_threads(parser().parse_args(arguments))


if __name__ == "__main__":
    sys.exit(main())
