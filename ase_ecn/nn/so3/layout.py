"""Which channels and couplings a convolution has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from ase_ecn.nn.so3.coupling import degrees_of_paths

Path = tuple[int, int, int]


@dataclass(frozen=True)
class Layout:
    """Channels of one layer.

    Each coupling (l1, l2, l3) has as many channels as the input of degree l1. In the sums of a
    degree, and in the columns of the radial table, they lie end to end by l3, l1, l2.

    Attributes
    ----------
    kind
        ``"first"``: scalars come in; ``"last"``: scalars go out; ``"middle"``.
    degree
        Highest degree of features and harmonics, 2 or 3.
    widths
        Multiplicities of the features of degrees 0, 1, ..., multiples of 16.
    """

    kind: Literal["first", "middle", "last"]
    degree: int
    widths: tuple[int, ...]

    def __post_init__(self) -> None:
        # What is there already need not be understood by PyTorch's compiler.
        _ = self.paths, self.channels, self.first_channels, self.first_columns, self.multiplicities

    @cached_property
    def multiplicities(self) -> Mapping[int, int]:
        """Channels of the input by degree."""
        degrees = range(1 if self.kind == "first" else self.degree + 1)
        return {degree: self.widths[degree] for degree in degrees}

    @cached_property
    def paths(self) -> tuple[Path, ...]:
        """Couplings of this layer."""
        highest = 0 if self.kind == "last" else self.degree
        return tuple(
            (l1, l2, l3)
            for l1, l2, l3 in degrees_of_paths(self.degree)
            if l1 in self.multiplicities and l3 <= highest
        )

    @cached_property
    def channels(self) -> Mapping[int, int]:
        """Channels of the sums by degree."""
        found: dict[int, int] = {}
        for l1, _, l3 in self.paths:
            found[l3] = found.get(l3, 0) + self.multiplicities[l1]
        return found

    @cached_property
    def first_channels(self) -> Mapping[Path, int]:
        """First channel of each coupling in the sums of its degree."""
        found, used = {}, dict.fromkeys(self.channels, 0)
        for path in self.paths:
            found[path] = used[path[2]]
            used[path[2]] += self.multiplicities[path[0]]
        return found

    @cached_property
    def first_columns(self) -> Mapping[Path, int]:
        """First column of each coupling in the table."""
        found, used = {}, 0
        for path in self.paths:
            found[path] = used
            used += self.multiplicities[path[0]]
        return found

    @property
    def width(self) -> int:
        """Columns of the table."""
        return sum(self.multiplicities[l1] for l1, _, _ in self.paths)


@dataclass(frozen=True)
class Gates:
    """What normalisation and gates leave.

    Attributes
    ----------
    out
        Channels of each degree that remain.
    epsilon, gain
        Added to the mean square; factor of the SiLU.
    """

    out: tuple[int, ...]
    epsilon: float = 1e-6
    gain: float = 1.6765  # keeps the second moment of a standard normal variable
