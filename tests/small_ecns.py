"""Small ECNs with random weights, and what they give for graphs."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from ase_ecn.graphs.batch import BondGraph, pack
from ase_ecn.nn.ecn import ECN, ECNConfig


def ecn(**options: Any) -> ECN:
    """A small network with random weights, none of them zero."""
    torch.manual_seed(0)
    targets = {"crystal_targets": ("formation_energy", "metal"), "site_targets": ("site_moments",)}
    config = ECNConfig(**targets, **options, width=16, layers=3)
    model = ECN(config).double().eval()
    for parameter in model.parameters():
        if not parameter.any():
            torch.nn.init.normal_(parameter, std=0.3)
    return model.requires_grad_(False)


def outputs(model: ECN, graphs: list[BondGraph]) -> dict[str, np.ndarray]:
    batch = pack(graphs).batch(np.arange(len(graphs)), dtype=torch.float64)
    with torch.inference_mode():
        return {k: v.numpy() for k, v in model(batch).items()}
