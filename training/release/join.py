"""Join fitted networks into one checkpoint: ``python -m ase_ecn.training ensemble OUT A B``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from ase_ecn.card import Card
from ase_ecn.checkpoint import load_checkpoint, save_checkpoint
from ase_ecn.errors import OptionError
from ase_ecn.nn.ecn import ECN
from ase_ecn.nn.ensemble import ECNEnsemble
from ase_ecn.nn.network import Network, PropertyNetwork
from ase_ecn.nn.so3.so3_ecn import SO3ECN
from ase_ecn.properties import of_output
from ase_ecn.selftest import make_references
from ase_ecn.training.data.cache import LabelledGraphs
from ase_ecn.training.fits.config import ECNConfiguration, config_of_card
from ase_ecn.training.fits.scores import network_outputs
from ase_ecn.training.release.join_so3 import joined_so3
from ase_ecn.training.release.member_weights import MemberOutputs, weights_of_smallest_error
from ase_ecn.training.release.write_card import OF_MEMBERS


def join_checkpoints(
    out: Path,
    checkpoints: list[str],
    name: str,
    data: Path | None = None,
    *,
    half: bool = False,
) -> Card:
    """Write an ensemble of checkpoints of one kind; the first one's card describes the data.

    Of networks with response tensors it is the first of these.

    Parameters
    ----------
    out
        The ``.safetensors`` file to write.
    checkpoints
        Names or paths of ECNs with the same bonds, group and motif, or of SO(3)-equivariant
        networks with the same neighbours; at least two networks in all. An ensemble stands for
        all its members, ``NAME#K`` for its K-th, counted from 1. Uncertainties are left
        out: they belong to what a network was, not to the new ensemble.
    name
        Name of the ensemble.
    data
        Folder of data sets on whose validation split each property's weights of the members are
        chosen; ``None`` for the plain mean.
    half
        Round the weights to half precision, in which they take half the space; they predict in
        single precision all the same.

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
    if half:
        for member in members:
            round_to_half(member.model)
    cards = [member.content for member in members]
    model = _joined([member.model for member in members], cards[0], data)
    described = next((m.content for m in members if _has_tensors(m.model)), cards[0])
    content: dict[str, Any] = {k: v for k, v in described.items() if k not in OF_MEMBERS}
    content |= {
        "name": name,
        "elements": sorted(set.intersection(*(set(card["elements"]) for card in cards))),
        "properties": {k: v for card in reversed(cards) for k, v in card["properties"].items()},
        "configuration": described["configuration"],
        "training_command": f"python -m ase_ecn.training ensemble {out.name} MEMBER MEMBER ..."
        + " --weigh" * (data is not None)
        + " --half" * half,
        "members": [{k: card[k] for k in OF_MEMBERS if k in card} for card in cards],
        "validation": {},
        "test": {},
        "references": [],
    }
    if any("property_elements" in card for card in cards):
        content["property_elements"] = {
            k: v for card in reversed(cards) for k, v in card.get("property_elements", {}).items()
        }
    for key in ("seed", "epochs", "hardware", "wall_time_s"):
        content[key] = [card[key] for card in cards]
    save_checkpoint(out, model, content)
    content["references"] = make_references(out)
    return save_checkpoint(out, model, content)


def _has_tensors(network: Network) -> bool:
    return isinstance(network, SO3ECN) and bool(network.config.tensor_targets)


def round_to_half(model: nn.Module) -> None:
    """Round all weights, in place, to what half precision holds; constants stay as they are."""
    with torch.no_grad():
        for weights in model.parameters():
            weights.copy_(weights.half().float())


def _joined(
    networks: Sequence[PropertyNetwork], content: Mapping[str, Any], data: Path | None
) -> PropertyNetwork:
    equivariant = [network for network in networks if isinstance(network, SO3ECN)]
    if len(equivariant) == len(networks):
        return joined_so3(equivariant, content, data)
    on_bonds = [network for network in networks if isinstance(network, ECN)]
    if len(on_bonds) < len(networks):
        raise OptionError("an ensemble takes networks of one kind")
    model = ECNEnsemble(on_bonds)
    if data is None:
        return model
    val = config_of_card(content, ECNConfiguration).load(data, "val")
    return without_idle_heads(ECNEnsemble(on_bonds, best_weights(model, val)))


def best_weights(model: ECNEnsemble, labelled: LabelledGraphs) -> dict[str, tuple[float, ...]]:
    """Weights of the members, in steps of 0.05, with the smallest mean error of each property.

    Classes keep the plain mean, and so do properties that not all members predict.

    Parameters
    ----------
    model
        The ensemble.
    labelled
        Graphs with labels that no member was fitted to.
    """
    outputs = [network_outputs(member, labelled, "cpu") for member in model.networks]
    chosen = {}
    for name in model.targets:
        if of_output(name).kind == "class" or not all(name in output for output in outputs):
            continue
        labels = labelled.targets.get(name, labelled.site_targets.get(name))
        assert labels is not None
        known = ~np.isnan(labels)
        part = MemberOutputs(np.stack([output[name][known] for output in outputs]), labels[known])
        chosen[name] = weights_of_smallest_error(name, [part])
    return chosen


def without_idle_heads(model: ECNEnsemble) -> ECNEnsemble:
    """The same ensemble without what has no weight in it.

    The first member keeps all: it may get heads for uncertainties, which need the property.
    """
    members = [model.networks[0]]
    for k, member in enumerate(model.networks[1:], start=1):
        idle = {name for name, weights in model.config.weights.items() if weights[k] == 0}
        kept = [name not in idle for name in member.targets]
        plain = ECN(
            replace(
                member.config,
                crystal_targets=tuple(n for n in member.config.crystal_targets if n not in idle),
                site_targets=tuple(n for n in member.config.site_targets if n not in idle),
            )
        )
        theirs = member.state_dict()
        theirs |= {unit: theirs[unit][torch.tensor(kept)] for unit in ("shift", "scale")}
        plain.load_state_dict({name: theirs[name] for name in plain.state_dict()})
        members.append(plain)
    return ECNEnsemble(members, model.config.weights).eval().requires_grad_(False)


@dataclass(frozen=True)
class _Member:
    """A network, and what its card says."""

    model: PropertyNetwork
    content: dict[str, Any]


def _members(checkpoint: str) -> list[_Member]:
    """The networks that a name or path stands for."""
    source, _, number = checkpoint.partition("#")
    loaded = load_checkpoint(source, PropertyNetwork)
    content = dict(loaded.card.content)
    stated = {of_output(name).uncertainty().public_name for name in loaded.model.uncertainties}
    content["properties"] = {k: v for k, v in content["properties"].items() if k not in stated}
    # What is said about a member counts, all else is common to them.
    found = [
        _Member(_without_uncertainties(model), {**content, **card})
        for model, card in zip(loaded.model.networks, content.get("members", [{}]), strict=True)
    ]
    if not number:
        return found
    if not number.isdigit() or not 1 <= int(number) <= len(found):
        raise OptionError(f"{checkpoint}: {source} has the members #1 to #{len(found)}")
    return [found[int(number) - 1]]


def _without_uncertainties(model: Network) -> PropertyNetwork:
    if isinstance(model, SO3ECN):
        return model.with_uncertainties(())
    assert isinstance(model, ECN)
    plain = ECN.from_dict({**model.config.to_dict(), "uncertainties": ()})
    theirs = model.state_dict()
    plain.load_state_dict({name: theirs[name] for name in plain.state_dict()})
    return plain.eval().requires_grad_(False)
