"""Gains of elements as a fit would leave them: those of a fresh network change nothing."""

from torch import nn

from ase_ecn.nn.so3.so3_ecn import SO3ECN


def vary_gains(network: SO3ECN) -> None:
    """Give a network's gains random values, if it has any."""
    for name, weight in network.named_parameters():
        if name.endswith(".gains"):
            nn.init.normal_(weight, std=0.3)
