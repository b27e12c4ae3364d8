"""A wider SO(3)-equivariant network that computes what a narrower one does.

Some channels are there twice (Chen, Goodfellow and Shlens, *Net2Net*, ICLR 2016): what makes them
is copied, and what reads them is shared among the copies, unevenly, so that a fit tells them apart.
Where channels are normalised together, copies are smaller, and the means of squares stay.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from ase_ecn.nn.so3.interaction import Interaction
from ase_ecn.nn.so3.so3_ecn import SO3ECN

_SEED = 0


@dataclass(frozen=True)
class _Channels:
    """Which of the ``narrow`` channels each of the wide ones copies."""

    source: Tensor
    narrow: int

    @classmethod
    def spread(cls, narrow: int, wide: int) -> _Channels:
        return cls(torch.arange(wide) % narrow, narrow)

    @classmethod
    def end_to_end(cls, parts: Sequence[_Channels]) -> _Channels:
        shifted, narrow = [], 0
        for part in parts:
            shifted.append(part.source + narrow)
            narrow += part.narrow
        return cls(torch.cat(shifted), narrow)

    @property
    def copies(self) -> Tensor:
        """How often the source of each channel is there."""
        return torch.bincount(self.source, minlength=self.narrow)[self.source]

    @property
    def sizes(self) -> Tensor:
        """Of the copies, so that the mean of the squares of all channels stays."""
        return (len(self.source) / (self.narrow * self.copies.double())).sqrt()

    def copied(self, weight: Tensor, dim: int = -1) -> Tensor:
        """Weights that make the channels, which lie along ``dim``."""
        return weight.index_select(dim, self.source)

    def shared(self, weight: Tensor, dim: int, rng: torch.Generator) -> Tensor:
        """Weights that read the channels: those of copies differ, their sums are the old ones."""
        rows = weight.movedim(dim, 0)
        noise = torch.randn(len(self.source), *rows.shape[1:], generator=rng, dtype=weight.dtype)
        sums = torch.zeros_like(rows).index_add(0, self.source, noise)
        copies = self.copies.reshape(-1, *[1] * (rows.dim() - 1))
        uneven = (noise - sums[self.source] / copies) * weight.square().mean().sqrt()
        return (rows[self.source] / copies + uneven).movedim(0, dim)


def widened(network: SO3ECN, widths: tuple[int, ...]) -> SO3ECN:
    """The same function with more channels, without standard errors and tensors.

    Parameters
    ----------
    network
        Stays as it is, and is returned where it is not narrower.
    widths
        Channels of each degree.
    """
    old = network.config.widths
    if widths == old or len(widths) != len(old):
        return network
    pairs = list(zip(old, widths, strict=True))
    if any(wide < narrow for narrow, wide in pairs):
        return network
    config = replace(network.config, widths=widths, tensor_targets=(), uncertainties=())
    dtype = network.embedding.weight.dtype
    wider = SO3ECN(config).to(dtype)
    rng = torch.Generator().manual_seed(_SEED)
    channels = [_Channels.spread(*pair) for pair in pairs]
    with torch.no_grad():
        wider.embedding.weight.copy_(channels[0].copied(network.embedding.weight))
        for theirs, mine in zip(network.interactions, wider.interactions, strict=True):
            assert isinstance(theirs, Interaction)
            assert isinstance(mine, Interaction)
            _widen_layer(theirs, mine, channels, rng)
        _widen_square(network.hidden, wider.hidden, channels[0], rng)
        _widen_last(network.head, wider.head, channels[0], rng)
        if network.heads is not None and wider.heads is not None:
            for name, readout in network.heads.readouts.items():
                _widen_readout(readout, wider.heads.readouts[name], channels[0], rng)
            wider.heads.take_units(network.heads)
        wider.element_energies.copy_(network.element_energies)
        wider.scale.copy_(network.scale)
    return wider.train(network.training)


def _widen_layer(
    theirs: Interaction, mine: Interaction, channels: Sequence[_Channels], rng: torch.Generator
) -> None:
    layout = theirs.layout
    columns = _Channels.end_to_end([channels[l1] for l1, _, _ in layout.paths])
    sums = {
        degree: _Channels.end_to_end([channels[l1] for l1, _, l3 in layout.paths if l3 == degree])
        for degree in layout.channels
    }
    out = {degree: channels[degree] for degree in theirs.out}
    gates = [part for degree, part in out.items() if degree]
    out[0] = _Channels.end_to_end([out[0], *gates])
    mine.table.copy_(columns.copied(theirs.table))
    if theirs.differences is not None and mine.differences is not None:
        mine.differences.copy_(columns.copied(theirs.differences))
    for name, part in theirs.before.items():
        inputs = channels[int(name)]
        mixed = inputs.copied(part.get_parameter("weight"))
        mine.before[name].get_parameter("weight").copy_(inputs.shared(mixed, 0, rng))
    for modules, wider, readers in (
        (theirs.after, mine.after, sums),
        (theirs.skip, mine.skip, dict(enumerate(channels))),
    ):
        _widen_products(modules, wider, readers, out, rng)
    mine.element.weight.copy_(out[0].copied(theirs.element.weight) * out[0].sizes)
    for degree, part in enumerate(theirs.norm):
        mine.norm[degree].copy_(out[degree].copied(part) / out[degree].sizes)
    if theirs.gains is not None and mine.gains is not None:
        every = _Channels.end_to_end([out[degree] for degree in range(len(theirs.sizes))])
        mine.gains.copy_(every.copied(theirs.gains))


def _widen_products(
    theirs: nn.ModuleDict,
    mine: nn.ModuleDict,
    readers: Mapping[int, _Channels],
    out: Mapping[int, _Channels],
    rng: torch.Generator,
) -> None:
    """Weights from the channels that are read to those that are normalised."""
    for name, part in theirs.items():
        made = out[int(name)]
        made_wide = made.copied(part.get_parameter("weight")) * made.sizes
        wide = readers[int(name)].shared(made_wide, 0, rng)
        mine[name].get_parameter("weight").copy_(wide)


def _widen_square(
    theirs: nn.Linear, mine: nn.Linear, channels: _Channels, rng: torch.Generator
) -> None:
    """A hidden layer, which is as wide as what it reads."""
    mine.weight.copy_(channels.shared(channels.copied(theirs.weight, 0), 1, rng))
    mine.bias.copy_(channels.copied(theirs.bias))


def _widen_last(
    theirs: nn.Linear, mine: nn.Linear, channels: _Channels, rng: torch.Generator
) -> None:
    mine.weight.copy_(channels.shared(theirs.weight, 1, rng))
    mine.bias.copy_(theirs.bias)


def _widen_readout(
    theirs: nn.Module, mine: nn.Module, channels: _Channels, rng: torch.Generator
) -> None:
    for name, part in theirs.named_children():
        if not isinstance(part, nn.Linear):
            continue
        wide = mine.get_submodule(name)
        assert isinstance(wide, nn.Linear)
        (_widen_last if name == "last" else _widen_square)(part, wide, channels, rng)
