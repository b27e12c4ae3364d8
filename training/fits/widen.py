"""A wider SO(3)-equivariant network that computes what a narrower one does.

Further channels of elements, of what neighbours see and of hidden layers are those of a fresh
network, and what reads them is zero. Features are normalised and gated together, so their further
channels are copies (Chen, Goodfellow and Shlens, *Net2Net*, ICLR 2016): what makes them is copied,
smaller, so that the means of squares stay, and what reads them is shared among the copies,
unevenly, so that a fit tells them apart.
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
    """Where the ``narrow`` channels are among the wide ones: each is the copy of one of them."""

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
    def first(self) -> Tensor:
        """Which channels are the first with their source, in the order of the sources."""
        later = self.source[:, None] == self.source
        places = (later.tril(-1).sum(dim=1) == 0).nonzero()[:, 0]
        return places[self.source[places].argsort()]

    @property
    def sizes(self) -> Tensor:
        """Of the copies, so that the mean of the squares of all channels stays."""
        return (len(self.source) / (self.narrow * self.copies.double())).sqrt()

    def copied(self, weight: Tensor) -> Tensor:
        """Weights that make copies, along the last dimension."""
        return weight.index_select(-1, self.source)

    def shared(self, weight: Tensor, rng: torch.Generator) -> Tensor:
        """Weights that read copies, along the first dimension; of uneven ones the sums stay."""
        noise = torch.randn(len(self.source), *weight.shape[1:], generator=rng, dtype=weight.dtype)
        sums = torch.zeros_like(weight).index_add(0, self.source, noise)
        copies = self.copies[:, None]
        uneven = (noise - sums[self.source] / copies) * weight.square().mean().sqrt()
        return weight[self.source] / copies + uneven

    def among_fresh(self, weight: Tensor, fresh: Tensor) -> Tensor:
        """Weights that make the channels, along the last dimension, the further ones ``fresh``."""
        return fresh.index_copy(-1, self.first, weight.to(fresh.dtype))

    def among_zeros(self, weight: Tensor) -> Tensor:
        """Weights that read the channels, along the first dimension, and not the further ones."""
        zeros = weight.new_zeros(len(self.source), *weight.shape[1:])
        return zeros.index_copy(0, self.first, weight)


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
    wider = SO3ECN(config).to(network.embedding.weight.dtype)
    rng = torch.Generator().manual_seed(_SEED)
    channels = [_Channels.spread(*pair) for pair in pairs]
    with torch.no_grad():
        fresh = wider.embedding.weight
        fresh.copy_(channels[0].among_fresh(network.embedding.weight, fresh))
        for theirs, mine in zip(network.interactions, wider.interactions, strict=True):
            assert isinstance(theirs, Interaction)
            assert isinstance(mine, Interaction)
            _widen_layer(theirs, mine, channels, rng)
        _widen_first(network.hidden, wider.hidden, channels[0], rng)
        _widen_last(network.head, wider.head, channels[0])
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
    first = layout.kind == "first"
    out = {degree: channels[degree] for degree in theirs.out}
    out[0] = _Channels.end_to_end([out[0], *(part for degree, part in out.items() if degree)])
    columns = _Channels.end_to_end([channels[l1] for l1, _, _ in layout.paths])
    mine.table.copy_(columns.among_fresh(theirs.table, mine.table))
    if theirs.differences is not None and mine.differences is not None:
        zeros = torch.zeros_like(mine.differences)
        mine.differences.copy_(columns.among_fresh(theirs.differences, zeros))
    for degree, part in _weights(theirs.before).items():
        wide, inputs = _weights(mine.before)[degree], channels[degree]
        read = _read_features(part, inputs, rng, elements=first)
        wide.copy_(inputs.among_fresh(read, wide))
    for degree, part in _weights(theirs.after).items():
        summed = [channels[l1] for l1, _, l3 in layout.paths if l3 == degree]
        made = out[degree].copied(part) * out[degree].sizes
        _weights(mine.after)[degree].copy_(_Channels.end_to_end(summed).among_zeros(made))
    for degree, part in _weights(theirs.skip).items():
        made = out[degree].copied(part) * out[degree].sizes
        read = _read_features(made, channels[degree], rng, elements=first)
        _weights(mine.skip)[degree].copy_(read)
    mine.element.weight.copy_(out[0].copied(theirs.element.weight) * out[0].sizes)
    for degree, gamma in enumerate(theirs.norm):
        mine.norm[degree].copy_(out[degree].copied(gamma) / out[degree].sizes)
    if theirs.gains is not None and mine.gains is not None:
        every = _Channels.end_to_end([out[degree] for degree in range(len(theirs.sizes))])
        mine.gains.copy_(every.copied(theirs.gains))


def _weights(modules: nn.ModuleDict) -> Mapping[int, Tensor]:
    return {int(name): part.get_parameter("weight") for name, part in modules.items()}


def _read_features(
    weight: Tensor, channels: _Channels, rng: torch.Generator, *, elements: bool
) -> Tensor:
    """Weights that read features, which are copies but for those of elements."""
    return channels.among_zeros(weight) if elements else channels.shared(weight, rng)


def _widen_first(
    theirs: nn.Linear, mine: nn.Linear, channels: _Channels, rng: torch.Generator
) -> None:
    """A hidden layer that reads features."""
    read = channels.shared(theirs.weight.T, rng)
    mine.weight.copy_(channels.among_fresh(read, mine.weight.T).T)
    mine.bias.copy_(channels.among_fresh(theirs.bias, mine.bias))


def _widen_second(theirs: nn.Linear, mine: nn.Linear, channels: _Channels) -> None:
    """A hidden layer that reads another one."""
    read = channels.among_zeros(theirs.weight.T)
    mine.weight.copy_(channels.among_fresh(read, mine.weight.T).T)
    mine.bias.copy_(channels.among_fresh(theirs.bias, mine.bias))


def _widen_last(theirs: nn.Linear, mine: nn.Linear, channels: _Channels) -> None:
    mine.weight.copy_(channels.among_zeros(theirs.weight.T).T)
    mine.bias.copy_(theirs.bias)


def _widen_readout(
    theirs: nn.Module, mine: nn.Module, channels: _Channels, rng: torch.Generator
) -> None:
    for name, part in theirs.named_children():
        if not isinstance(part, nn.Linear):
            continue
        wide = mine.get_submodule(name)
        assert isinstance(wide, nn.Linear)
        if name == "last":
            _widen_last(part, wide, channels)
        elif name == "second":
            _widen_second(part, wide, channels)
        else:
            _widen_first(part, wide, channels, rng)
