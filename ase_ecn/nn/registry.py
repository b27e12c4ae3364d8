"""The kinds of networks, by the names that cards give them.

A new one is a subclass of :class:`~ase_ecn.nn.network.Network`, or of
:class:`~ase_ecn.nn.network.PropertyNetwork` if it predicts properties, and one line here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor

from ase_ecn.errors import CheckpointError
from ase_ecn.nn.empnn import EMPNN
from ase_ecn.nn.ensemble import ECNEnsemble
from ase_ecn.nn.fused import quick_ecn
from ase_ecn.nn.network import Network, PropertyNetwork
from ase_ecn.nn.so3.so3_ensemble import SO3Ensemble

NETWORKS: dict[str, type[Network]] = {"ecn": ECNEnsemble, "empnn": EMPNN, "so3": SO3Ensemble}
"""Classes whose ``from_dict`` builds a network from the architecture in a card."""

QUICK: dict[str, Callable[[Any], Callable[[Any], Mapping[str, Tensor]]]] = {"ecn": quick_ecn}
"""For some kinds, what does the same as ``predict`` in less time; the weights may be copied."""


def build(kind: str, architecture: Mapping[str, Any]) -> Network:
    """Build a network of a known kind; others are a :class:`~ase_ecn.errors.CheckpointError`."""
    check_kind(kind)
    return NETWORKS[kind].from_dict(architecture)


def predicts_properties(kind: str) -> bool:
    """Whether networks of a known kind predict properties."""
    check_kind(kind)
    return issubclass(NETWORKS[kind], PropertyNetwork)


def check_kind(kind: str) -> None:
    """Refuse an unknown kind with a :class:`~ase_ecn.errors.CheckpointError`."""
    if kind not in NETWORKS:
        known = " and ".join(NETWORKS) if len(NETWORKS) == 2 else ", ".join(NETWORKS)
        raise CheckpointError(f"unknown network {kind!r}; known are {known}")


def quick(network: PropertyNetwork) -> Callable[[Any], Mapping[str, Tensor]]:
    """Return the quickest way to predict with a network whose weights don't change any more."""
    return QUICK[network.kind](network) if network.kind in QUICK else network.predict
