"""``ase-ecn info``: the card of a checkpoint, or a list of the bundled ones."""

from __future__ import annotations

import argparse
import json

from ase_ecn.checkpoint import bundled_checkpoints, read_card
from ase_ecn.commands.command_line import Command


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("checkpoint", nargs="?")


def _run(options: argparse.Namespace) -> int:
    if options.checkpoint is None:
        for name in bundled_checkpoints():
            card = read_card(name).content
            print(f"{name}  {card['network']}  {card['parameters']} parameters  {card['sha256']}")
        return 0
    content = dict(read_card(options.checkpoint).content)
    content.pop("references", None)
    print(json.dumps(content, indent=1))
    return 0


COMMAND = Command(
    "info", "show the card of a checkpoint, or list the bundled ones", _add_arguments, _run
)
