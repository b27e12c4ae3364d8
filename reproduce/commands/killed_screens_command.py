"""``killed-screens``: a screen that is killed, starved and doubled for minutes."""

from __future__ import annotations

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory

from ase_ecn.commands.command_line import Command
from ase_ecn.errors import OptionError
from ase_ecn.readers import is_url
from reproduce.hostile.killed_screens import killed_screens


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--crystals", type=int, default=64, metavar="N", help="taken at a time")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", help="new ase.db, or URL of an empty PostgreSQL database")


def _run(options: argparse.Namespace) -> int:
    """The exit status is 1 if a crystal was lost, changed or done twice."""
    if options.crystals < 1:
        raise OptionError(f"--crystals is {options.crystals}; it must be at least 1")
    if options.output and not is_url(options.output) and Path(options.output).exists():
        raise OptionError(f"{options.output} exists; the output must be a new one")
    with TemporaryDirectory() as folder:
        out = options.output or str(Path(folder) / "out.db")
        soak = killed_screens(out, 60 * options.minutes, options.crystals, options.seed)
    hazards = sorted({hazard for hazard, _ in soak.runs})
    print("| hazard | runs | done | refused in words | killed |\n|---|---|---|---|---|")
    for hazard in hazards:
        counts = [soak.runs[hazard, end] for end in ("done", "refused", "killed")]
        print(f"| {hazard} | {sum(counts)} | {' | '.join(map(str, counts))} |")
    print(f"{soak.crystals} crystals in the output; {len(soak.findings)} findings")
    for finding in soak.findings:
        print(finding)
    return int(bool(soak.findings))


COMMAND = Command(
    "killed-screens", "screens that are killed, starved and doubled", _add_arguments, _run
)
