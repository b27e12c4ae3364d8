"""A network that is ready: loaded once, on its device, with its card and its domain."""

from __future__ import annotations

from pathlib import Path
from typing import Generic, TypeVar

import torch

from ase_ecn.card import Card
from ase_ecn.checkpoint import shared_checkpoint
from ase_ecn.domain import Domain
from ase_ecn.execution import resolve_device, resolve_dtype
from ase_ecn.nn.network import Network

N = TypeVar("N", bound=Network)


class LoadedNetwork(Generic[N]):
    """What all that predict with a checkpoint hold; the weights are shared and must not change.

    Parameters
    ----------
    checkpoint
        Bundled name or path.
    network
        What the checkpoint must be.
    device
        ``None`` for CUDA if available, otherwise the CPU.
    dtype
        ``"float32"`` or ``"float64"`` for the network; geometry is float64 in any case.

    Attributes
    ----------
    model, card
        The network, and what its checkpoint says about it.
    domain
        The crystals that it was trained on.
    device, dtype
        Where and in which precision it computes.

    Raises
    ------
    CheckpointError
        If the checkpoint cannot be used.
    OptionError
        If the device or dtype does not exist.
    """

    def __init__(
        self,
        checkpoint: str | Path,
        network: type[N],
        device: str | torch.device | None,
        dtype: str,
    ) -> None:
        self.device = resolve_device(device)
        self.dtype = resolve_dtype(dtype)
        loaded = shared_checkpoint(checkpoint, network, self.device, self.dtype)
        self.card: Card = loaded.card
        self.domain = Domain.from_card(self.card.content)
        self.model = loaded.model
