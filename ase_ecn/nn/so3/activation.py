"""Normalisation and gates of features, and their derivatives, once along a direction.

As with the convolution, a loss of derivatives by the bonds needs the derivative of the derivative
along a direction; ``activate_moving`` gives both, to be differentiated by all that goes in.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from ase_ecn.nn.so3 import reference
from ase_ecn.nn.so3.layout import Gates
from ase_ecn.nn.so3.library import (
    DUAL_FORWARD,
    DUAL_PARAMETERS,
    FORWARD,
    PARAMETERS,
    Activation,
    in_c,
    point,
    run,
)


def run_activation(task: int, gates: Gates, f: Sequence[Tensor], **arrays: Any) -> None:
    """Run the C function; arrays are those of its call, contiguous and of one type."""
    call = Activation(task, len(f[0]), len(f), gates.epsilon, gates.gain)
    for degree, part in enumerate(f):
        call.sizes[degree], call.out[degree] = part.shape[2], gates.out[degree]
    point(call, {"f": f, **arrays})
    run("so3_activation", call, f[0].dtype)


def activated_shapes(f: Sequence[Tensor], gates: Gates) -> list[Tensor]:
    """Empty arrays for what normalisation and gates leave."""
    return [part.new_empty(*part.shape[:2], m) for part, m in zip(f, gates.out, strict=True)]


def _by_degree(gradient: Tensor, gamma: Sequence[Tensor]) -> tuple[Tensor, ...]:
    return torch.split(gradient, [len(part) for part in gamma])


class _Activated(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, gates: Gates, *inputs: Tensor) -> tuple[Tensor, ...]:
        inputs = tuple(part.contiguous() for part in inputs)
        half = len(inputs) // 2
        gamma, f = inputs[:half], inputs[half:]
        o = activated_shapes(f, gates)
        run_activation(FORWARD, gates, f, gamma=gamma, o=o)
        ctx.gates = gates
        ctx.save_for_backward(*inputs)
        return tuple(o)

    @staticmethod
    def backward(ctx: Any, *ao: Tensor) -> tuple[Tensor | None, ...]:
        half = len(ao)
        gamma, f = ctx.saved_tensors[:half], ctx.saved_tensors[half:]
        ao = tuple(part.contiguous() for part in ao)
        af = [torch.empty_like(part) for part in f]
        agamma = f[0].new_empty(sum(len(part) for part in gamma))
        run_activation(PARAMETERS, ctx.gates, f, gamma=gamma, ao=ao, af=af, agamma=agamma)
        return None, *_by_degree(agamma, gamma), *af


class _MovingActivated(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, gates: Gates, *inputs: Tensor) -> tuple[Tensor, ...]:
        inputs = tuple(part.contiguous() for part in inputs)
        n = len(inputs) // 3
        gamma, f, fd = inputs[:n], inputs[n : 2 * n], inputs[2 * n :]
        o, od = activated_shapes(f, gates), activated_shapes(f, gates)
        run_activation(DUAL_FORWARD, gates, f, fd=fd, gamma=gamma, o=o, od=od)
        ctx.gates = gates
        ctx.save_for_backward(*inputs)
        return (*o, *od)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        n = len(gradients) // 2
        saved = ctx.saved_tensors
        gamma, f, fd = saved[:n], saved[n : 2 * n], saved[2 * n :]
        gradients = tuple(part.contiguous() for part in gradients)
        af, afd = [torch.empty_like(part) for part in f], [torch.empty_like(part) for part in f]
        agamma = f[0].new_empty(sum(len(part) for part in gamma))
        run_activation(
            DUAL_PARAMETERS,
            ctx.gates,
            f,
            fd=fd,
            gamma=gamma,
            ao=gradients[:n],
            aod=gradients[n:],
            af=af,
            afd=afd,
            agamma=agamma,
        )
        return None, *_by_degree(agamma, gamma), *af, *afd


def activate(gates: Gates, gamma: Sequence[Tensor], f: Sequence[Tensor]) -> list[Tensor]:
    """Normalise features by their root mean square and let scalars gate the others.

    Parameters
    ----------
    gates
        Channels that remain, and constants.
    gamma
        For each degree (channels,) factors.
    f
        For each degree (N, 2 l + 1, channels); the scalars have, besides their own, a gate for each
        channel of the others.

    Returns
    -------
    list of Tensor
        For each degree (N, 2 l + 1, ``gates.out[l]``).
    """
    if not in_c(f[0]):
        return reference.activate(gates, gamma, f)
    return list(_Activated.apply(gates, *gamma, *f))  # type: ignore[no-untyped-call]


def activate_moving(
    gates: Gates, gamma: Sequence[Tensor], f: Sequence[Tensor], fd: Sequence[Tensor]
) -> tuple[list[Tensor], list[Tensor]]:
    """As :func:`activate`, with derivatives along a direction in which ``f`` moves by ``fd``."""
    if not in_c(f[0]):
        return reference.activate_moving(gates, gamma, f, fd)
    found = _MovingActivated.apply(gates, *gamma, *f, *fd)  # type: ignore[no-untyped-call]
    half = len(found) // 2
    return list(found[:half]), list(found[half:])
