"""``ase-ecn report``: a screen as one HTML page."""

from __future__ import annotations

import argparse

from ase_ecn.commands.command_line import Command
from ase_ecn.report import write_report
from ase_ecn.report.screen_page import ROWS


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("screened", metavar="OUT", help="output of a screen")
    parser.add_argument("-o", "--output", required=True, help="HTML file")
    parser.add_argument("--by", help="sort by this property; --by=-NAME for descending order")
    parser.add_argument(
        "--limit", type=int, default=ROWS, help="maximum number of crystals on the page"
    )


def _run(options: argparse.Namespace) -> int:
    count = write_report(options.screened, options.output, by=options.by, limit=options.limit)
    print(f"wrote {options.output} with {count} crystals")
    return 0


COMMAND = Command("report", "write a screen as one HTML page", _add_arguments, _run)
