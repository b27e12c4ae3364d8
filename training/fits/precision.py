"""Products of matrices in bfloat16 while a network is fitted.

Processors and GPUs with units for such products (AMX, tensor cores) make them many times as fast as
those in single precision; others are slower with them. Weights, sums over neighbours, geometry and
everything that is a prediction stay in single precision, and so does the fitted network.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

FLOAT32, BFLOAT16 = "float32", "bfloat16"
PRECISIONS = (FLOAT32, BFLOAT16)
SMALLEST = 16
"""Inputs and outputs of a layer whose product may be rounded. Layers with fewer outputs give what
is predicted, or weights of a few vectors, and those with fewer inputs take lengths or angles."""


@contextmanager
def products_in(precision: str, model: nn.Module) -> Iterator[None]:
    """Let the hidden linear layers of a network multiply in bfloat16, or leave it as it is.

    Their inputs and weights are rounded to 8 significant bits, sums are made in single precision,
    and what they give is rounded once. Gradients come by the same products.

    Parameters
    ----------
    precision
        One of :data:`PRECISIONS`.
    model
        As it was when the context ends, also by an error.
    """
    rounded = _hidden_layers(model) if precision == BFLOAT16 else []
    for layer in rounded:
        layer.forward = partial(_rounded, layer)  # type: ignore[method-assign]
    try:
        yield
    finally:
        for layer in rounded:
            del layer.forward


def _hidden_layers(model: nn.Module) -> list[nn.Linear]:
    return [
        part
        for part in model.modules()
        if isinstance(part, nn.Linear) and min(part.in_features, part.out_features) >= SMALLEST
    ]


def _rounded(layer: nn.Linear, x: Tensor) -> Tensor:
    half: Any = torch.bfloat16
    bias = None if layer.bias is None else layer.bias.to(half)
    return functional.linear(x.to(half), layer.weight.to(half), bias).to(x.dtype)
