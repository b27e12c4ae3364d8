"""A training step of the ECN, and of the same network written plainly.

Plainly means: every step builds its graphs (with the fast bonds of this package all the same),
on the 2x2x2 supercell, and messages are perceptrons of the concatenated inputs of each edge.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from ase_ecn.crystal import Crystal, as_crystal
from ase_ecn.graphs.batch import BondBatch, bond_graphs, pack
from ase_ecn.graphs.supercell import supercell
from ase_ecn.nn.ecn import ECN, ECNConfig
from ase_ecn.nn.layers import GaussianBasis, two_layer
from benchmarks.common import Options, Row, mp20_atoms, take_turns

WIDTH, LAYERS, GAUSSIANS, COLOURS = 128, 5, 64, 3


class PlainECN(nn.Module):
    """Equations 8 to 10 and 15 of the paper as they stand."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(119, WIDTH)
        self.distance = GaussianBasis(0.0, 8.0, GAUSSIANS)
        inputs = 2 * WIDTH + GAUSSIANS
        self.message = nn.ModuleList(
            nn.ModuleList(two_layer(inputs, WIDTH, WIDTH) for _ in range(COLOURS))
            for _ in range(LAYERS)
        )
        self.attention = nn.ModuleList(nn.Linear(WIDTH, 1) for _ in range(LAYERS))
        self.update = nn.ModuleList(two_layer(2 * WIDTH, WIDTH, WIDTH) for _ in range(LAYERS))
        self.head = two_layer(WIDTH, WIDTH, 1)

    def forward(self, batch: BondBatch) -> Tensor:
        """Return (B,) values."""
        h = self.embedding(batch.numbers)
        edges = self.distance(batch.distance)
        colour = torch.where(batch.own_image, 1 + (batch.translation > 0).long(), 0)
        for layer in range(LAYERS):
            inputs = torch.cat([h[batch.source], h[batch.target], edges], dim=1)
            messages = sum(
                (colour == c)[:, None] * perceptron(inputs)
                for c, perceptron in enumerate(self.message[layer])
            )
            messages = messages * self.attention[layer](messages)
            received = torch.zeros_like(h).index_add(0, batch.source, messages)
            h = h + self.update[layer](torch.cat([h, received], dim=1))
        total = h.new_zeros(len(batch.atom_counts), WIDTH).index_add(0, batch.crystal_of_atom, h)
        return self.head(total / batch.atom_counts[:, None]).squeeze(1)


def measure(options: Options) -> list[Row]:
    """Forward, backward and AdamW of a batch of crystals."""
    atoms = mp20_atoms(options, 16 if options.brief else 64)
    primitives = [as_crystal(a).primitive.crystal for a in atoms]
    packed = pack(bond_graphs(primitives))
    labels = torch.zeros(len(atoms))
    ours = ECN(ECNConfig(("formation_energy",), width=WIDTH, layers=LAYERS))
    plain = PlainECN()
    optimizers = [torch.optim.AdamW(m.parameters()) for m in (ours, plain)]

    def step() -> None:
        batch = packed.batch(np.arange(len(atoms)))
        _descend(optimizers[0], ours(batch)["formation_energy"], labels)

    def plain_step() -> None:
        _descend(optimizers[1], plain(_fresh_batch(primitives)), labels)

    here, there = take_turns(step, plain_step, options=options)
    return [Row(f"training step of {len(atoms)} crystals", here, there, "s", 8, 15)]


def _fresh_batch(primitives: list[Crystal]) -> BondBatch:
    return supercell(pack(bond_graphs(primitives)).batch(np.arange(len(primitives))))


def _descend(optimizer: torch.optim.Optimizer, predicted: Tensor, labels: Tensor) -> None:
    optimizer.zero_grad()
    (predicted - labels).abs().mean().backward()
    optimizer.step()
