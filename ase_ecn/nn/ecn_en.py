"""The E(n)-equivariant version of the ECN (appendix A.5 of the paper, eq. 27).

Atoms move along their bonds from layer to layer, by amounts that depend on invariants only. So
the moved coordinates turn with the crystal, and the displacements are vectors of its atoms.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from ase_ecn.errors import OptionError
from ase_ecn.graphs.batch import BondBatch
from ase_ecn.nn.ecn import ECN, ECNConfig
from ase_ecn.nn.layers import ColouredMessages, scatter_sum


class MovingMessages(ColouredMessages):
    """A round of message passing that also moves the atoms.

    ``x_i + C sum_j w_ij (x_i - x_j) phi_x(m_ij)``, with input weights of the messages for each
    colour as in :class:`ColouredMessages`. ``C w_ij`` is the face-weighted mean, so that a
    vanishing face moves nothing, and ``phi_x`` is bounded.
    """

    def __init__(self, features: int, edge_features: int, colours: int) -> None:
        super().__init__(features, edge_features, colours)
        self.move = nn.Sequential(nn.Linear(features, features), nn.SiLU(), nn.Linear(features, 1))

    def displacement(
        self,
        messages: Tensor,
        vector: Tensor,
        source: Tensor,
        weight: Tensor,
        atoms: int,
    ) -> Tensor:
        """Displacements (N, 3) in Å from (E, F) messages and (E, 3) vectors to the neighbours."""
        length = torch.tanh(self.move(messages)) * weight[:, None]
        total = scatter_sum(weight, source, atoms).clamp(min=1e-12)
        moved: Tensor = scatter_sum(-vector * length, source, atoms) / total[:, None]
        return moved


class EquivariantECN(ECN):
    """ECN whose atoms move; predicts invariants as the ECN does, and a vector per atom.

    Parameters
    ----------
    config
        With ``messages="coloured"`` and no cell encoding.

    Raises
    ------
    OptionError
        If the configuration has gated messages or an encoding of cells.
    """

    def __init__(self, config: ECNConfig) -> None:
        if config.messages != "coloured" or config.cell_encoding:
            raise OptionError(
                "the E(n)-equivariant ECN takes messages='coloured' and no cell encoding"
            )
        super().__init__(config)
        edge_features = config.distance_features + config.share_features
        self.layers = nn.ModuleList(
            MovingMessages(config.width, edge_features, self.colours) for _ in range(config.layers)
        )

    def atom_features(self, batch: BondBatch, view: int = 0) -> Tensor:
        """Features (N, width) of the atoms after the last round."""
        return self._rounds(batch, view)[0]

    def displacements(self, batch: BondBatch) -> Tensor:
        """Displacements of the atoms from their places, (N, 3) in Å.

        They turn with the crystal, and are the mean over the views of the lattice.
        """
        views = range(batch.translation_colours.shape[1])
        return torch.stack([self._rounds(batch, view)[1] for view in views]).mean(dim=0)

    def _rounds(self, batch: BondBatch, view: int) -> tuple[Tensor, Tensor]:
        h: Tensor = self.embedding(batch)
        colour = self._bond_colours(batch, view)
        moved = torch.zeros(len(batch.numbers), 3, dtype=h.dtype, device=h.device)
        for layer in self.layers:
            assert isinstance(layer, MovingMessages)
            vector = batch.vector + moved[batch.target] - moved[batch.source]
            here = replace(batch, vector=vector, distance=vector.norm(dim=1))
            edges, weight = self._edge_features(here)
            messages = layer.messages(h, edges, colour, batch.source, batch.target)
            moved = moved + layer.displacement(messages, vector, batch.source, weight, len(h))
            h = self._step(h, layer.updated(h, messages, batch.source, weight))
        out: Tensor = self.norm(h)
        return out, moved
