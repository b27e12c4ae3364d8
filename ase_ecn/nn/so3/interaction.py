"""One layer of the SO(3)-equivariant network."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from ase_ecn.nn.so3.activation import activate, activate_moving
from ase_ecn.nn.so3.layout import Gates, Layout

ELEMENTS = 119
"""Atomic numbers have a row each, from zero."""


class _Linear(nn.Module):
    """Mixes channels of one degree; (N, 2 l + 1, inputs) to (N, 2 l + 1, outputs)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(inputs, outputs))
        nn.init.normal_(self.weight, std=inputs**-0.5)

    def forward(self, x: Tensor) -> Tensor:
        return x @ self.weight


class Interaction(nn.Module):
    """One layer: mix, convolve, mix, add, normalise, gate.

    Parameters
    ----------
    layout
        Channels and couplings.
    rows
        Of the radial table.
    neighbors
        Typical number of neighbours, by whose root sums are divided.
    classes
        Of bonds that have radial functions of their own, beside the shared ones.
    gains
        Whether channels have a factor for each element.
    """

    def __init__(
        self, layout: Layout, rows: int, neighbors: float, classes: int = 0, *, gains: bool = False
    ) -> None:
        super().__init__()
        self.layout = layout
        self.scale = neighbors**-0.5
        last = layout.kind == "last"
        self.out = {0: layout.widths[0]} if last else dict(enumerate(layout.widths))
        gates = sum(width for degree, width in self.out.items() if degree)
        sizes = {degree: width + (0 if degree else gates) for degree, width in self.out.items()}
        inputs = layout.multiplicities
        self.before = nn.ModuleDict({str(degree): _Linear(m, m) for degree, m in inputs.items()})
        self.after = nn.ModuleDict(
            {str(degree): _Linear(c, sizes[degree]) for degree, c in layout.channels.items()}
        )
        self.skip = nn.ModuleDict(
            {
                str(degree): _Linear(m, sizes[degree])
                for degree, m in inputs.items()
                if degree in sizes
            }
        )
        self.gates = Gates(tuple(self.out.values()))
        self.norm = nn.ParameterList(torch.ones(size) for size in sizes.values())
        self.element = nn.Embedding(ELEMENTS, sizes[0])
        nn.init.normal_(self.element.weight, std=0.3)
        self.sizes = tuple(sizes.values())
        # Differences from one, so that an element that no label has touched has no factor.
        all_channels = sum(sizes.values())
        self.gains = nn.Parameter(torch.zeros(ELEMENTS, all_channels)) if gains else None
        self.table = nn.Parameter(_first_table(rows, layout.width))
        # What no label has touched stays zero, so an unseen class has the shared functions.
        shape = (classes, rows, layout.width)
        self.differences = nn.Parameter(torch.zeros(shape)) if classes else None

    @property
    def radial(self) -> Tensor:
        """Coefficients of the radial weights: a block of rows for no class, then for each one."""
        if self.differences is None:
            return self.table
        return torch.cat([self.table[None], self.table + self.differences]).flatten(0, 1)

    def mixed(self, x: Mapping[int, Tensor]) -> list[Tensor]:
        """What neighbours see of the features."""
        return [self.before[str(degree)](part) for degree, part in x.items()]

    def joined(
        self,
        sums: Sequence[Tensor],
        x: Mapping[int, Tensor],
        numbers: Tensor,
        *,
        constants: bool = True,
    ) -> dict[int, Tensor]:
        """What the sums, the atoms' own features and their elements make.

        Of derivatives along a direction it is the same without the elements' constants.
        """
        found = {}
        for degree, part in zip(self.layout.channels, sums, strict=True):
            found[degree] = self.after[str(degree)](part) * self.scale
            if str(degree) in self.skip:
                found[degree] = found[degree] + self.skip[str(degree)](x[degree])
        if constants:
            found[0] = found[0] + self.element(numbers)[:, None, :]
        if self.gains is None:
            return found
        factors = (1 + self.gains[numbers])[:, None].split(self.sizes, dim=2)
        return {degree: part * factors[degree] for degree, part in found.items()}

    def activated(self, f: Mapping[int, Tensor]) -> dict[int, Tensor]:
        """Normalise and gate."""
        return dict(enumerate(activate(self.gates, list(self.norm), list(f.values()))))

    def activated_moving(
        self, f: Mapping[int, Tensor], fd: Mapping[int, Tensor]
    ) -> tuple[dict[int, Tensor], dict[int, Tensor]]:
        """Normalise and gate, and the derivative of that along a direction of ``f``."""
        x, xd = activate_moving(self.gates, list(self.norm), list(f.values()), list(fd.values()))
        return dict(enumerate(x)), dict(enumerate(xd))


def _first_table(rows: int, width: int) -> Tensor:
    """Smooth waves of random length and phase: channels begin with different radial shapes."""
    table = torch.empty(rows, width)
    if table.is_meta:  # to be loaded, and the compiler need not be imported for waves
        return table
    place = torch.linspace(0, 1, rows)[:, None]
    lengths, phases = torch.empty(1, width), torch.empty(1, width)
    nn.init.normal_(lengths, std=9.0)
    nn.init.uniform_(phases, 0.0, 2 * math.pi)
    nn.init.normal_(table, std=0.1)
    return table + 1.2 * torch.cos(place * lengths + phases)
