"""Where a fit starts: from the weights of a checkpoint, or of a member of an ensemble."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from ase_ecn.checkpoint import load_checkpoint
from ase_ecn.errors import CheckpointError
from ase_ecn.nn.network import Network
from ase_ecn.nn.so3.so3_ecn import SO3ECN
from ase_ecn.nn.so3.so3_ensemble import SO3Ensemble
from ase_ecn.training.fits.widen import widened

_MAY_BE_FRESH = re.compile(
    r"^(heads|tensor_heads|angular|shift|scale)\b|\.extra_|\.pull\.|\.gains$"
)


@dataclass(frozen=True)
class Beginning:
    """A network, and what its card says of it and of what it was fitted to."""

    network: Network
    content: dict[str, Any]


def beginning(checkpoint: str) -> Beginning:
    """What a name or path stands for where a fit starts.

    Parameters
    ----------
    checkpoint
        Of an ensemble the first member counts; ``NAME#K`` is its K-th, counted from 1.

    Raises
    ------
    CheckpointError
        If it cannot be loaded, or has no such member.
    """
    name, _, number = checkpoint.partition("#")
    loaded = load_checkpoint(name)
    networks = loaded.model.networks
    if number and not (number.isdigit() and 1 <= int(number) <= len(networks)):
        raise CheckpointError(f"{checkpoint}: {name} has the members #1 to #{len(networks)}")
    chosen = int(number or 1) - 1
    content = loaded.card.content
    # What is said about a member counts, all else is common to them.
    return Beginning(networks[chosen], {**content, **content.get("members", [{}])[chosen]})


def giving_energies(checkpoint: str) -> Beginning:
    """The member of a checkpoint that counts most for its energies.

    Parameters
    ----------
    checkpoint
        A name or path; that ``#K`` chooses another member does not matter.

    Raises
    ------
    CheckpointError
        If it cannot be loaded.
    """
    name = checkpoint.partition("#")[0]
    model = load_checkpoint(name).model
    shares = model.config.shares(model.targets[0]) if isinstance(model, SO3Ensemble) else (1.0,)
    return beginning(f"{name}#{shares.index(max(shares)) + 1}")


def start_from(model: Network, checkpoint: str) -> None:
    """Give a new network the weights of a checkpoint of the same architecture.

    An SO(3)-equivariant network may also begin with the function of a narrower one, see
    :mod:`ase_ecn.training.fits.widen`.
    Heads of properties that the checkpoint doesn't predict stay fresh, and so do what moves atoms,
    angular features and gains of elements that it lacks; these start as if they were not there.

    Parameters
    ----------
    model
        Changed in place.
    checkpoint
        See :func:`beginning`.

    Raises
    ------
    CheckpointError
        If the checkpoint cannot be loaded or has another architecture.
    """
    source = beginning(checkpoint).network
    if isinstance(source, SO3ECN) and isinstance(model, SO3ECN):
        source = widened(source, model.config.widths)
    theirs, mine = source.state_dict(), model.state_dict()
    theirs = {k: v.clone() for k, v in theirs.items()}
    taken = {k: v for k, v in theirs.items() if k in mine and mine[k].shape == v.shape}
    # Their order is another where targets differ.
    units: dict[str, Tensor] = {k: mine[k].clone() for k in ("shift", "scale") if k in mine}
    fresh = [k for k in mine if k not in taken and not _MAY_BE_FRESH.search(k)]
    if fresh or not model.takes(source):
        raise CheckpointError(
            f"{checkpoint} has another architecture than the configuration"
            + (f": it doesn't fit {', '.join(fresh[:5])}" if fresh else "")
        )
    model.load_state_dict({**mine, **taken, **units})
    model.take_units(source)
