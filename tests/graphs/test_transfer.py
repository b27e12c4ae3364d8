"""Tensors that travel in one piece arrive as they were."""

from __future__ import annotations

import torch
from ase.build import bulk
from torch.utils._python_dispatch import TorchDispatchMode

from ase_ecn.crystal import as_crystal
from ase_ecn.graphs.spheres import sphere_batch
from ase_ecn.graphs.transfer import Returning, in_one_piece, placed


def odd_tensors() -> dict[str, torch.Tensor]:
    return {
        "bytes": torch.arange(5, dtype=torch.int8),
        "none": torch.zeros(0, 3),
        "turned": torch.arange(6.0).reshape(2, 3).T,
        "whole": torch.arange(7, dtype=torch.int32),
        "number": torch.tensor(2.5, dtype=torch.float64),
        "flags": torch.tensor([True, False, True]),
    }


def test_one_piece_holds_all() -> None:
    tensors = odd_tensors()
    found = in_one_piece(list(tensors.values()), torch.device("cpu"))
    for mine, theirs in zip(found, tensors.values(), strict=True):
        assert mine.dtype == theirs.dtype
        assert torch.equal(mine, theirs)
    assert len({part.untyped_storage().data_ptr() for part in found}) == 1
    assert in_one_piece([], torch.device("cpu")) == []


def test_what_is_there_is_not_copied() -> None:
    tensors = odd_tensors()
    assert all(placed(tensors, "cpu")[name] is value for name, value in tensors.items())


class Transfers(TorchDispatchMode):
    """Counts copies between devices."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        if func is torch.ops.aten._to_copy.default and args[0].device != out.device:
            self.count += 1
        return out


def test_a_batch_is_one_transfer() -> None:
    """To a device that keeps shapes and types alone."""
    batch = sphere_batch([as_crystal(bulk("Si")), as_crystal(bulk("Cu"))], 4.0)
    with Transfers() as transfers:
        there = batch.to("meta", torch.float64)
        assert transfers.count == 1
        assert there.to("meta", torch.float64).vector.is_meta
        assert transfers.count == 1
    for name, tensor in there.tensors().items():
        assert tensor.is_meta, name
        assert tensor.shape == getattr(batch, name).shape, name
    assert there.vector.dtype == torch.float64
    assert there.tensors().keys() == batch.tensors().keys()


def test_outputs_come_back() -> None:
    outputs = {"a": torch.arange(6.0).reshape(2, 3).requires_grad_(), "b": torch.ones(4).double()}
    found = Returning(outputs).arrays()
    assert {k: v.dtype.name for k, v in found.items()} == {"a": "float64", "b": "float64"}
    assert found["a"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert Returning({}).arrays() == {}
