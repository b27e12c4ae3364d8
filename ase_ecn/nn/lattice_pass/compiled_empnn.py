"""An EMPNN on a batch of crystals by the C function of ``_pass.c``, for prediction on a processor.

The weights are copied into the order in which that function reads them: panels of 16 columns, the
products with the features of both ends of a bond as one, gates and values side by side, and the
normalisation's factors in the weights after it.

Shapes: F features of an atom, D Gaussians of a bond.
"""

from __future__ import annotations

import ctypes
from functools import lru_cache

import torch
from torch import Tensor, nn

from ase_ecn.graphs.lattice import LatticeBatch
from ase_ecn.nn.empnn import EMPNN, DeformingLayer
from ase_ecn.nn.fused_empnn import can_fuse
from ase_ecn.nn.layers import GatedMessages
from ase_ecn.nn.so3.library import PANEL, instructions, opened

_BAND = 16
"""As in ``_empnn.h``; the Gaussians of a network are at least so many."""
_NAMES_OF_ROUND = (
    "ends",
    "ends_bias",
    "edge",
    "hidden",
    "hidden_bias",
    "change",
    "change_bias",
)
_NAMES_OF_READER = ("ends", "ends_bias", "edge", "weight")


class _Round(ctypes.Structure):
    """As in ``_empnn.h``."""

    _fields_ = tuple((name, ctypes.c_void_p) for name in _NAMES_OF_ROUND)


class _Reader(ctypes.Structure):
    """As in ``_empnn.h``."""

    _fields_ = tuple((name, ctypes.c_void_p) for name in _NAMES_OF_READER)


class _Network(ctypes.Structure):
    """As in ``_empnn.h``."""

    _fields_ = (
        *((name, ctypes.c_int64) for name in ("features", "gaussians", "plain", "deforming")),
        *((name, ctypes.c_double) for name in ("spacing", "epsilon", "limit")),
        ("embedding", ctypes.c_void_p),
        ("rounds", ctypes.POINTER(_Round)),
        ("readers", ctypes.POINTER(_Reader)),
    )


class _Graphs(ctypes.Structure):
    """As in ``_empnn.h``."""

    _fields_ = (
        ("crystals", ctypes.c_int64),
        *(
            (name, ctypes.c_void_p)
            for name in ("first", "row", "target", "numbers", "fraction", "cells", "relaxed")
        ),
    )


@lru_cache(maxsize=1)
def library() -> ctypes.CDLL | None:
    """The compiled function, or ``None`` where there is none."""
    functions = opened("ase_ecn.nn.lattice_pass._pass")
    if functions is None:
        return None
    pointers = (ctypes.POINTER(_Network), ctypes.POINTER(_Graphs))
    functions.empnn_pass.argtypes = (*pointers, ctypes.c_int, ctypes.c_int, ctypes.c_int64)
    return functions


def can_compile(model: EMPNN) -> bool:
    """Whether there is a C function here, and the model is of the kind and size that it knows."""
    config = model.config
    return (
        library() is not None
        and can_fuse(model)
        and config.features % PANEL == 0
        and config.distance_features >= _BAND
        and model.embedding.weight.device.type == "cpu"
    )


class CompiledEMPNN:
    """The same function as an EMPNN, for any batch.

    Parameters
    ----------
    model
        For which :func:`can_compile` holds; neither it nor this should be changed afterwards.
    """

    @torch.no_grad()
    def __init__(self, model: EMPNN) -> None:
        config = model.config
        deforming = [layer for layer in model.deforming if isinstance(layer, DeformingLayer)]
        plain = [layer for layer in model.plain if isinstance(layer, GatedMessages)]
        messages = [*plain, *(layer.messages for layer in deforming)]
        self._arrays = [[_of_round(layer) for layer in messages], [*map(_of_reader, deforming)]]
        self._embedding = model.embedding.weight.contiguous()
        self._dtype = self._embedding.dtype
        rounds, readers = (
            (kind * len(arrays))(*(kind(*(a.data_ptr() for a in one)) for one in arrays))
            for kind, arrays in zip((_Round, _Reader), self._arrays, strict=True)
        )
        self._network = _Network(
            config.features,
            config.distance_features,
            len(plain),
            len(deforming),
            model.distance.width,
            messages[0].norm.eps,
            config.max_strain,
            self._embedding.data_ptr(),
            rounds,
            readers,
        )

    def __call__(self, batch: LatticeBatch) -> Tensor:
        """The (B, 3, 3) cells after the last layer, see :meth:`ase_ecn.nn.empnn.EMPNN.forward`.

        The bonds of the batch are in the order of their sources, as they are found.
        """
        functions = library()
        assert functions is not None
        atoms, crystals = len(batch.numbers), len(batch.cells)
        source, counts = batch.source, batch.edge_counts
        row = torch.zeros(atoms + 1, dtype=torch.int64)
        torch.cumsum(torch.bincount(source, minlength=atoms), 0, out=row[1:])
        bonds = torch.zeros(crystals + 1, dtype=torch.int64)
        torch.cumsum(counts, 0, out=bonds[1:])
        # Every atom has bonds, so that those of a crystal end where its atoms' do.
        first = torch.searchsorted(row, bonds)
        relaxed = torch.empty_like(batch.cells, dtype=self._dtype)
        arrays = [
            first,
            row,
            batch.target.contiguous(),
            batch.numbers.contiguous(),
            batch.fraction.to(self._dtype).contiguous(),
            batch.cells.to(self._dtype).contiguous(),
            relaxed,
        ]
        graphs = _Graphs(crystals, *(array.data_ptr() for array in arrays))
        doubles, threads = int(self._dtype == torch.float64), torch.get_num_threads()
        if functions.empnn_pass(
            ctypes.byref(self._network), ctypes.byref(graphs), doubles, instructions(), threads
        ):
            raise MemoryError("no memory for a pass of the network")
        return relaxed


def _panels(weight: Tensor) -> Tensor:
    """(inner, columns) weights as panels, (columns / PANEL, inner, PANEL)."""
    inner = weight.shape[0]
    return weight.reshape(inner, -1, PANEL).transpose(0, 1).contiguous()


def _ends(source: nn.Linear, target: nn.Linear) -> tuple[Tensor, Tensor]:
    """Panels and bias of what a bond gets from its ends."""
    weights = torch.cat([source.weight, target.weight]).T
    return _panels(weights), torch.cat([source.bias, torch.zeros_like(source.bias)])


def _of_round(layer: GatedMessages) -> list[Tensor]:
    """Arrays in the order of ``Round``."""
    hidden, change, edge = layer.update[0], layer.update[2], layer.edge
    assert isinstance(hidden, nn.Linear)
    assert isinstance(change, nn.Linear)
    assert isinstance(edge, nn.Linear)
    gate, value = (_panels(part.T) for part in edge.weight.chunk(2))
    return [
        *_ends(layer.source, layer.target),
        torch.stack([gate, value], dim=2).contiguous(),
        _panels((hidden.weight * layer.norm.weight).T),
        hidden.bias + hidden.weight @ layer.norm.bias,
        _panels(change.weight.T),
        change.bias.contiguous(),
    ]


def _of_reader(layer: DeformingLayer) -> list[Tensor]:
    """Arrays in the order of ``Reader``."""
    assert layer.weight is not None
    weights = _panels(layer.edge.weight.T), layer.weight.weight.reshape(-1).contiguous()
    return [*_ends(layer.source, layer.target), *weights]
