"""``python -m ase_ecn.training COMMAND``: fit networks and make checkpoints of them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from ase_ecn.commands.command_line import parser_of
from ase_ecn.training.commands import COMMANDS
from ase_ecn.training.commands.training_options import add_training_options, run_on_threads


def parser() -> argparse.ArgumentParser:
    """Make the parser of all commands."""
    return parser_of("python -m ase_ecn.training", __doc__, COMMANDS, add_training_options)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit status, 1 if anything failed."""
    return run_on_threads(parser().parse_args(arguments))


if __name__ == "__main__":
    sys.exit(main())
