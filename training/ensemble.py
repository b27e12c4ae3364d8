"""Join fitted ECNs into one checkpoint: ``python -m ase_ecn.training ensemble OUT A B``."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from torch import nn

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
        Names or paths of ECNs with the same bonds, group and motif, at least two networks in
        all. An ensemble stands for all its members, ``NAME#K`` for its K-th, counted from 1.
        Uncertainties are left out: they belong to what a network was, not to the new ensemble.
    name
        Name of the ensemble.

    Raises
    ------
    OptionError
        If there are fewer than two, a member is not there, or they don't fit together.
    CheckpointError
        If one cannot be loaded.
    """
    members = [member for checkpoint in checkpoints for member in _members(checkpoint)]
    if len(members) < 2:
        raise OptionError("an ensemble takes at least two networks")
    model = ECNEnsemble([member.model for member in members])
    cards = [member.content for member in members]
    content: dict[str, Any] = {k: v for k, v in cards[0].items() if k not in _OF_MEMBERS}
    content |= {
        "name": name,
        "elements": sorted(set.intersection(*(set(card["elements"]) for card in cards))),
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


@dataclass(frozen=True)
class _Member:
    """A network, and what its card says."""

    model: ECN
    content: dict[str, Any]


def _members(checkpoint: str) -> list[_Member]:
    """The networks that a name or path stands for."""
    source, _, number = checkpoint.partition("#")
    loaded = load_checkpoint(source, "ecn")
    content = dict(loaded.card.content)
    assert isinstance(loaded.model, ECN | ECNEnsemble)
    stated = {f"{name}_std" for name in loaded.model.config.uncertainties}
    content["properties"] = {k: v for k, v in content["properties"].items() if k not in stated}
    models: list[nn.Module] = [loaded.model]
    cards: list[dict[str, Any]] = [{}]
    if isinstance(loaded.model, ECNEnsemble):
        models, cards = list(loaded.model.members), content["members"]
    # What is said about a member counts, all else is common to them.
    found = [
        _Member(_without_uncertainties(model), {**content, **card})
        for model, card in zip(models, cards, strict=True)
    ]
    if not number:
        return found
    if not number.isdigit() or not 1 <= int(number) <= len(found):
        raise OptionError(f"{checkpoint}: {source} has the members #1 to #{len(found)}")
    return [found[int(number) - 1]]


def _without_uncertainties(model: nn.Module) -> ECN:
    assert isinstance(model, ECN)
    plain = ECN(replace(model.config, uncertainties=()))
    theirs = model.state_dict()
    plain.load_state_dict({name: theirs[name] for name in plain.state_dict()})
    return plain.eval().requires_grad_(False)


def add_ensemble_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command ``ensemble``."""
    parser.add_argument("out", type=Path, help=".safetensors file to write")
    parser.add_argument(
        "checkpoints",
        nargs="+",
        help="names or paths of ECNs, NAME#K for one member of an ensemble",
    )
    parser.add_argument("--name", help="default: that of the first")


def run_ensemble(options: argparse.Namespace) -> int:
    """Command ``ensemble``."""
    name = options.name or load_checkpoint(options.checkpoints[0].partition("#")[0]).card.name
    card = join_checkpoints(options.out, options.checkpoints, name)
    print(f"wrote {options.out} ({card.sha256[:12]})")
    return 0
