"""What is made of a network's weights once, and again after they have changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import torch
from torch import nn

from ase_ecn.nn.so3.library import has_products, in_c, library

T = TypeVar("T")


class _Kept:
    """Something made of weights, with the weights and what they were then."""

    def __init__(self, parts: Sequence[nn.Module], made: Callable[[], Any]) -> None:
        self.weights = [weight for part in parts for weight in part.parameters()]
        self.state = self.state_now()
        # What is made in inference mode would be unfit for anything else.
        with torch.inference_mode(False), torch.no_grad():
            self.made = made()

    def state_now(self) -> list[tuple[int, int]]:
        """Where the weights are, and how often they were changed in place."""
        return [(weight.data_ptr(), weight._version) for weight in self.weights]


# Not attributes of the modules, which would be copied and sent to workers with them.
_KEPT: WeakKeyDictionary[nn.Module, _Kept] = WeakKeyDictionary()


def prepared(owner: nn.Module, parts: Sequence[nn.Module], make: Callable[[], T]) -> T | None:
    """What ``make()`` gives for the weights as they are now; ``None`` where C has no use for them.

    Parameters
    ----------
    owner
        The module that it is kept for.
    parts
        Whose weights it is made of. They are replaced together or not at all, and changed in place
        by PyTorch's operations alone.
    make
        Reads the weights and changes nothing.
    """
    first = next(parts[0].parameters())
    if not in_c(first) or not has_products(library()) or first.is_inference():
        return None
    kept = _KEPT.get(owner)
    if kept is None or kept.weights[0] is not first or kept.state != kept.state_now():
        kept = _KEPT[owner] = _Kept(parts, make)
    made: T = kept.made
    return made
