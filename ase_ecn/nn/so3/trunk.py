"""The layers of an SO(3)-equivariant network applied without gradients of its weights.

The same sums in the same C functions as those of :class:`Interaction`, without an operation of
PyTorch between them: weights are arranged for products in C once, what is constant of an element is
one row of a table, and derivatives by the bonds are written out. For one small crystal operations
and their records for derivatives take most of the time; for a batch they still take a third.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ase_ecn.nn.so3.activation import activated_shapes, run_activation
from ase_ecn.nn.so3.bonds import Bonds, pulls_of
from ase_ecn.nn.so3.convolution import empty_sums, run_convolution
from ase_ecn.nn.so3.interaction import Interaction
from ase_ecn.nn.so3.library import (
    BACKWARD,
    FORWARD,
    PANEL,
    Product,
    Scaling,
    point,
    run,
    run_products,
)

Degrees = Mapping[int, Tensor]


@dataclass(frozen=True)
class Passed:
    """What one layer leaves for derivatives: inputs of its sums and of its activation."""

    mixed: list[Tensor]
    before_gates: list[Tensor]


@dataclass(frozen=True)
class Applied:
    """What N atoms have become.

    Attributes
    ----------
    scalars
        (N, width) last scalars.
    earlier
        By degree l: (N, 2 l + 1, width) features before the last layer.
    passed
        Of each layer, if they were recorded.
    numbers
        (N,) atomic numbers.
    """

    scalars: Tensor
    earlier: Degrees
    passed: list[Passed]
    numbers: Tensor


def panels_of(weight: Tensor) -> Tensor:
    """(inner, columns) weights as panels for products in C, (columns / PANEL, inner, PANEL)."""
    inner, columns = weight.shape
    return weight.reshape(inner, columns // PANEL, PANEL).transpose(0, 1).contiguous()


def _product(
    *terms: tuple[Tensor, Tensor], add: Tensor | None = None, rows: Tensor | None = None
) -> tuple[Tensor, Product]:
    """An array for the sum of products of (N, 2 l + 1, inner) and panels, and the call for it."""
    first, panels = terms[0]
    out = first.new_empty(*first.shape[:2], panels.shape[0] * PANEL)
    call = Product(first.shape[0] * first.shape[1], out.shape[2])
    for k, (features, weights) in enumerate(terms):
        call.inner[k] = features.shape[2]
        call.a[k], call.w[k] = features.data_ptr(), weights.data_ptr()
    if add is not None and rows is not None:
        call.add, call.add_row = add.data_ptr(), rows.data_ptr()
    call.out = out.data_ptr()
    return out, call


def times(rows: NDArray[Any], panels: Tensor) -> NDArray[Any]:
    """(N, columns) products of (N, inner) rows and panels, on the threads of the C functions."""
    rows = np.ascontiguousarray(rows)
    out = np.empty((len(rows), panels.shape[0] * PANEL), dtype=rows.dtype)
    call = Product(*out.shape)
    call.inner[0], call.a[0], call.w[0] = rows.shape[1], rows.ctypes.data, panels.data_ptr()
    call.out = out.ctypes.data
    run_products([call], panels.dtype)
    return out


def _run(products: Sequence[tuple[Tensor, Product]]) -> list[Tensor]:
    outs = [out for out, _ in products]
    run_products([call for _, call in products], outs[0].dtype)
    return outs


class Gains:
    """Factors of the elements for the channels of a layer.

    Parameters
    ----------
    factors
        (elements, channels of all degrees end to end).
    sizes
        Channels of each degree.
    """

    def __init__(self, factors: Tensor, sizes: Sequence[int]) -> None:
        self._factors = factors
        self._parts = factors.split(list(sizes), dim=1)

    def apply(self, f: Sequence[Tensor], numbers: Tensor) -> None:
        """Multiply features (N, 2 l + 1, channels) of all degrees, in place."""
        for degree, part in enumerate(f):
            call = self.call(degree, part, numbers)
            call.atoms = len(part)
            run("so3_scaling", call, part.dtype)

    def call(self, degree: int, rows: Tensor, numbers: Tensor) -> Scaling:
        """The call for features of one degree, without the number of atoms."""
        call = Scaling(0, 2 * degree + 1, rows.shape[2], self._factors.shape[1])
        point(call, {"element": numbers, "factors": self._parts[degree], "rows": rows})
        return call


class TrunkLayer:
    """Weights of one layer, arranged for products.

    Parameters
    ----------
    layer
        Whose weights they are.
    embedding
        (elements, width) of the first layer, where all that is before the sums depends on the
        element alone.
    """

    def __init__(self, layer: Interaction, embedding: Tensor | None) -> None:
        self.layout, self.gates = layer.layout, layer.gates
        self.gamma = [part.detach() for part in layer.norm]
        self.table = layer.radial.detach().contiguous()
        self._before = _weights(layer.before)
        self._after = {degree: w * layer.scale for degree, w in _weights(layer.after).items()}
        self._skip = _weights(layer.skip)
        self.element = layer.element.weight.detach()
        self.gains = None if layer.gains is None else Gains(1 + layer.gains.detach(), layer.sizes)
        self.embedded: Tensor | None = None
        if embedding is not None:
            self.embedded = embedding @ self._before[0]
            self.element = self.element + embedding @ self._skip[0]
        self.before, self.after, self.skip = map(
            _all_panels, (self._before, self._after, self._skip)
        )

    @cached_property
    def turned(self) -> tuple[dict[int, Tensor], ...]:
        """Panels of the transposed weights: before, after and skip."""
        parts = (self._before, self._after, self._skip)
        with torch.inference_mode(False):
            return tuple(_all_panels({degree: w.T for degree, w in part.items()}) for part in parts)

    def apply(self, x: Degrees, numbers: Tensor, bonds: Bonds) -> tuple[list[Tensor], Passed]:
        """Features by degree, and what is left for derivatives; ``x`` is empty at first."""
        if self.embedded is not None:
            mixed = [self.embedded[numbers][:, None]]
        else:
            mixed = _run([_product((part, self.before[degree])) for degree, part in x.items()])
        sums = empty_sums(self.layout, bonds, self.table)
        run_convolution(FORWARD, self.layout, bonds, self.table, x=mixed, a=sums)
        products = []
        for degree, part in zip(self.layout.channels, sums, strict=True):
            terms = [(part, self.after[degree])]
            if degree in x and degree in self.skip:
                terms.append((x[degree], self.skip[degree]))
            constants = {} if degree else {"add": self.element, "rows": numbers}
            products.append(_product(*terms, **constants))
        f = _run(products)
        if self.gains is not None:
            self.gains.apply(f, numbers)
        out = activated_shapes(f, self.gates)
        run_activation(FORWARD, self.gates, f, gamma=self.gamma, o=out)
        return out, Passed(mixed, f)

    def pull(
        self, passed: Passed, adjoint: Sequence[Tensor], numbers: Tensor, bonds: Bonds
    ) -> tuple[list[Tensor], Tensor, Tensor]:
        """Derivatives by the features that came in, by harmonics and by lengths."""
        before, after, skip = self.turned
        f, mixed = passed.before_gates, passed.mixed
        by_f = [torch.empty_like(part) for part in f]
        run_activation(BACKWARD, self.gates, f, gamma=self.gamma, ao=adjoint, af=by_f)
        if self.gains is not None:
            self.gains.apply(by_f, numbers)
        g = _run([_product((part, after[degree])) for degree, part in enumerate(by_f)])
        by_mixed = [torch.empty_like(part) for part in mixed]
        gy, gr = torch.empty_like(bonds.y), self.table.new_empty(len(bonds.y))
        arrays = {"x": mixed, "g": g, "gx": by_mixed, "gy": gy, "gr": gr}
        run_convolution(BACKWARD, self.layout, bonds, self.table, hd=bonds.h_slope, **arrays)
        if self.embedded is not None:
            return [], gy, gr
        products = []
        for degree, part in enumerate(by_mixed):
            terms = [(part, before[degree])]
            if degree in skip:
                terms.append((by_f[degree], skip[degree]))
            products.append(_product(*terms))
        return _run(products), gy, gr


def _weights(modules: nn.ModuleDict) -> dict[int, Tensor]:
    return {int(n): part.get_parameter("weight").detach() for n, part in modules.items()}


def _all_panels(weights: Degrees) -> dict[int, Tensor]:
    return {degree: panels_of(weight) for degree, weight in weights.items()}


class Trunk:
    """The layers of a network; its weights must stay as they are.

    Parameters
    ----------
    embedding, interactions
        Those of the network.
    """

    def __init__(self, embedding: nn.Embedding, interactions: Sequence[Interaction]) -> None:
        first, *others = interactions
        rows = embedding.weight.detach()
        self.layers = [TrunkLayer(first, rows), *(TrunkLayer(layer, None) for layer in others)]

    def apply(self, numbers: Tensor, bonds: Bonds, *, record: bool = False) -> Applied:
        """Features of atoms with (N,) numbers, with what :meth:`pulls` needs if it is to follow."""
        with torch.no_grad():
            x: Degrees = {}
            earlier = x
            passed = []
            for layer in self.layers:
                earlier = x
                out, left = layer.apply(x, numbers, bonds)
                x = dict(enumerate(out))
                if record:
                    passed.append(left)
            return Applied(x[0][:, 0], earlier, passed, numbers)

    def pulls(self, applied: Applied, by_scalars: Tensor, bonds: Bonds) -> Tensor:
        """(E, 3) derivatives by the bonds' vectors, from the (N, width) ones by the scalars."""
        with torch.no_grad():
            adjoint = [by_scalars.contiguous()[:, None]]
            gy, gr = torch.zeros_like(bonds.y), by_scalars.new_zeros(len(bonds.y))
            for layer, passed in zip(reversed(self.layers), reversed(applied.passed), strict=True):
                adjoint, by_y, by_r = layer.pull(passed, adjoint, applied.numbers, bonds)
                gy += by_y
                gr += by_r
            return pulls_of(bonds, gy, gr)
