"""The command line, ``ase-ecn COMMAND``."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from ase_ecn.commands import COMMANDS
from ase_ecn.commands.command_line import parser_of, run


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit status, 1 if anything failed."""
    options = parser_of("ase-ecn", "Properties and relaxed cells.", COMMANDS).parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s")
    return run(options)
