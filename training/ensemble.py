"""Join fitted ECNs into one checkpoint: ``python -m ase_ecn.training ensemble OUT A B``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ase_ecn.checkpoint import Card, load_checkpoint, save_checkpoint
from ase_ecn.errors import OptionError
from ase_ecn.nn.ecn import ECN
from ase_ecn.nn.ensemble import ECNEnsemble
from ase_ecn.selftest import make_references

_OF_MEMBERS = (
    "sha256",
    "configuration",
    "seed",
    "epochs",
    "hardware",
    "wall_time_s",
    "training_command",
    "validation",
    "init",
)


def join_checkpoints(out: Path, checkpoints: list[str], name: str) -> Card:
    """Write an ensemble of ECN checkpoints; the first one's card describes the data.

    Parameters
    ----------
    out
        The ``.safetensors`` file to write.
    checkpoints
        Names or paths of at least two ECNs with the same bonds, group and motif.
    name
        Name of the ensemble.

    Raises
    ------
    OptionError
        If there are fewer than two, or they don't fit together.
    CheckpointError
        If one cannot be loaded.
    """
    if len(checkpoints) < 2:
        raise OptionError("an ensemble takes at least two checkpoints")
    loaded = [load_checkpoint(checkpoint, "ecn") for checkpoint in checkpoints]
    models = [part.model for part in loaded]
    if not all(isinstance(model, ECN) for model in models):
        raise OptionError("an ensemble cannot have ensembles as members")
    model = ECNEnsemble([model for model in models if isinstance(model, ECN)])
    cards = [part.card.content for part in loaded]
    content: dict[str, Any] = {k: v for k, v in cards[0].items() if k not in _OF_MEMBERS}
    content |= {
        "name": name,
        "elements": sorted(frozenset.intersection(*(part.card.elements for part in loaded))),
        "properties": {k: v for card in reversed(cards) for k, v in card["properties"].items()},
        "configuration": cards[0]["configuration"],
        "training_command": f"python -m ase_ecn.training ensemble {out.name} MEMBER MEMBER ...",
        "members": [{k: card[k] for k in _OF_MEMBERS if k in card} for card in cards],
        "validation": {},
        "test": {},
        "references": [],
    }
    for key in ("seed", "epochs", "hardware", "wall_time_s"):
        content[key] = [card[key] for card in cards]
    save_checkpoint(out, model, content)
    content["references"] = make_references(out)
    return save_checkpoint(out, model, content)


def add_ensemble_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command ``ensemble``."""
    parser.add_argument("out", type=Path, help=".safetensors file to write")
    parser.add_argument("checkpoints", nargs="+", help="names or paths of ECNs")
    parser.add_argument("--name", help="default: that of the first")


def run_ensemble(options: argparse.Namespace) -> int:
    """Command ``ensemble``."""
    name = options.name or load_checkpoint(options.checkpoints[0]).card.name
    card = join_checkpoints(options.out, options.checkpoints, name)
    print(f"wrote {options.out} ({card.sha256[:12]})")
    return 0
