"""``ase-ecn selftest``: does this machine reproduce the results in the cards?"""

from __future__ import annotations

import argparse

from ase_ecn.checkpoint import bundled_checkpoints
from ase_ecn.commands.command_line import Command
from ase_ecn.nn.so3.library import INSTRUCTIONS, instructions
from ase_ecn.selftest import TOLERANCE, not_compiled, selftest


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("checkpoints", nargs="*", metavar="CHECKPOINT")


def _compiled() -> str:
    missing = not_compiled()
    if missing:
        return f"not compiled, which costs time: {', '.join(missing)}"
    return f"all compiled, vectors: {INSTRUCTIONS[instructions()]}"


def _run(options: argparse.Namespace) -> int:
    print(_compiled())
    status = 0
    for name in options.checkpoints or bundled_checkpoints():
        result = selftest(name)
        verdict = "ok" if result.passed else "FAILED"
        print(
            f"{name}: {verdict}, largest difference {result.largest_difference:.2g} "
            f"({result.where}; allowed {TOLERANCE:g})"
        )
        status |= not result.passed
    return status


COMMAND = Command(
    "selftest", "recompute the reference results stored in each card", _add_arguments, _run
)
