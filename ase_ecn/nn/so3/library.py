"""The C functions of ``_convolution.c``, by ctypes."""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from importlib.util import find_spec

import torch
from torch import Tensor

FORWARD, DUAL_FORWARD, BACKWARD, PARAMETERS, DUAL_PARAMETERS = range(5)
VALUES, GRADIENTS, DIRECTIONS = range(3)
GEOMETRY, CONVOLUTION, PRODUCT, ACTIVATION, SUM, SCALING = range(6)
PANEL = 16
"""Columns of a panel of weights, by which channels can be divided."""
INSTRUCTIONS = ("plain", "avx2", "avx512")
_DEGREES = 4


class Layer(ctypes.Structure):
    """As in ``_layer.h``."""

    _fields_ = (
        *((name, ctypes.c_int64) for name in ("task", "kind", "degree", "atoms", "rows", "width")),
        ("mul", ctypes.c_int64 * _DEGREES),
        ("channels", ctypes.c_int64 * _DEGREES),
        ("channel", ctypes.c_int64 * 64),
        ("offset", ctypes.c_int64 * 64),
        *(
            (name, ctypes.c_void_p)
            for name in ("row", "neighbor", "bin", "reverse_bin", "y", "yd", "h", "hd", "table")
        ),
        *(
            (name, ctypes.c_void_p * _DEGREES)
            for name in ("x", "xd", "g", "gd", "a", "ad", "gx", "gxd")
        ),
        *((name, ctypes.c_void_p) for name in ("gy", "gr", "gtable")),
    )


class Geometry(ctypes.Structure):
    """As in ``_layer.h``."""

    _fields_ = (
        *((name, ctypes.c_int64) for name in ("task", "degree", "bonds", "intervals")),
        *((name, ctypes.c_double) for name in ("first_knot", "cutoff")),
        *(
            (name, ctypes.c_void_p)
            for name in ("vector", "direction", "gy", "gr", "y", "h", "hr", "pull", "bin")
        ),
    )


class Product(ctypes.Structure):
    """As in ``_layer.h``."""

    _fields_ = (
        *((name, ctypes.c_int64) for name in ("rows", "columns")),
        ("inner", ctypes.c_int64 * 2),
        *((name, ctypes.c_void_p * 2) for name in ("a", "w")),
        *((name, ctypes.c_void_p) for name in ("add", "add_row", "out")),
    )


class Activation(ctypes.Structure):
    """As in ``_layer.h``."""

    _fields_ = (
        *((name, ctypes.c_int64) for name in ("task", "atoms", "degrees")),
        *((name, ctypes.c_double) for name in ("epsilon", "gain")),
        *((name, ctypes.c_int64 * _DEGREES) for name in ("sizes", "out")),
        *(
            (name, ctypes.c_void_p * _DEGREES)
            for name in ("f", "fd", "gamma", "o", "od", "ao", "aod", "af", "afd")
        ),
        ("agamma", ctypes.c_void_p),
    )


class Scaling(ctypes.Structure):
    """As in ``_layer.h``."""

    _fields_ = (
        *((name, ctypes.c_int64) for name in ("atoms", "each", "columns", "stride")),
        *((name, ctypes.c_void_p) for name in ("element", "factors", "rows")),
    )


class Sum(ctypes.Structure):
    """As in ``_layer.h``."""

    _fields_ = (("count", ctypes.c_int64), ("from_", ctypes.c_void_p), ("to", ctypes.c_void_p))


class Step(ctypes.Structure):
    """As in ``_layer.h``."""

    _fields_ = (("kind", ctypes.c_int64), ("call", ctypes.c_void_p))


def opened(module: str) -> ctypes.CDLL | None:
    """The functions of a compiled module, or ``None`` where it was not compiled for this system."""
    found = find_spec(module)
    if found is None or found.origin is None:
        return None
    try:
        return ctypes.CDLL(found.origin)
    except OSError:  # built for another system
        return None


@lru_cache(maxsize=1)
def library() -> ctypes.CDLL | None:
    """The compiled functions, or ``None`` where there are none."""
    functions = opened("ase_ecn.nn.so3._convolution")
    if functions is None:
        return None
    for name, kind in (
        ("so3_convolution", Layer),
        ("so3_geometry", Geometry),
        ("so3_activation", Activation),
    ):
        arguments = (ctypes.POINTER(kind), ctypes.c_int, ctypes.c_int, ctypes.c_int64)
        getattr(functions, name).argtypes = arguments
    if has_products(functions):
        counted = (ctypes.POINTER(Product), ctypes.c_int64, ctypes.c_int, ctypes.c_int)
        functions.so3_products.argtypes = (*counted, ctypes.c_int64)
        scaled = (ctypes.POINTER(Scaling), ctypes.c_int, ctypes.c_int, ctypes.c_int64)
        functions.so3_scaling.argtypes = scaled
    if has_sequences(functions):
        steps = (ctypes.POINTER(Step), ctypes.c_int64, ctypes.c_int, ctypes.c_int)
        functions.so3_sequence.argtypes = (*steps, ctypes.c_int64)
        arrays = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
        sums = (ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
        functions.so3_forces.argtypes = (ctypes.c_void_p, ctypes.c_int64, *arrays, *sums)
    return functions


def has_products(functions: ctypes.CDLL | None) -> bool:
    """Whether these C functions were built since all steps of a layer are among them."""
    return hasattr(functions, "so3_scaling")


def has_sequences(functions: ctypes.CDLL | None) -> bool:
    """Whether these C functions were built since several calls can be one."""
    return hasattr(functions, "so3_sequence") and has_products(functions)


@lru_cache(maxsize=1)
def instructions() -> int:
    """Index in ``INSTRUCTIONS`` of what this processor can do, at most ``ASE_ECN_INSTRUCTIONS``."""
    functions = library()
    limit = os.environ.get("ASE_ECN_INSTRUCTIONS", INSTRUCTIONS[-1])
    highest = INSTRUCTIONS.index(limit) if limit in INSTRUCTIONS else len(INSTRUCTIONS) - 1
    return 0 if functions is None else int(functions.so3_instructions(highest))


def is_compiled() -> bool:
    """Whether the C functions are there."""
    return library() is not None


def in_c(tensor: Tensor) -> bool:
    """Whether the C functions can work on a tensor."""
    return tensor.device.type == "cpu" and is_compiled()


def point(call: ctypes.Structure, arrays: Mapping[str, Tensor | Sequence[Tensor]]) -> None:
    """Set pointers of a call; sequences go to the arrays of a degree each."""
    for name, value in arrays.items():
        if isinstance(value, Tensor):
            setattr(call, name, value.data_ptr())
        else:
            field = getattr(call, name)
            for degree, tensor in enumerate(value):
                field[degree] = tensor.data_ptr()


_granted = threading.local()


@contextmanager
def threads_for_c() -> Iterator[None]:
    """Give the C functions that are called within all of PyTorch's threads, and PyTorch one.

    After an operation that PyTorch shares among threads, those of OpenMP wait busily for another,
    for milliseconds, on the processors that the C functions need next.
    """
    allowed = torch.get_num_threads()
    if allowed < 2 or not is_compiled():
        yield
        return
    _granted.threads = allowed
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(allowed)
        del _granted.threads


def thread_count() -> int:
    """Of how many threads the C functions may make use."""
    return int(getattr(_granted, "threads", 0)) or torch.get_num_threads()


def run(name: str, call: ctypes.Structure, dtype: torch.dtype) -> None:
    """Run a function on the threads that there are."""
    functions = library()
    assert functions is not None
    doubles, threads = int(dtype == torch.float64), thread_count()
    if getattr(functions, name)(ctypes.byref(call), doubles, instructions(), threads):
        raise MemoryError("no memory for gradients")


def run_products(calls: Sequence[Product], dtype: torch.dtype) -> None:
    """Run products one after the other, each on the threads that there are."""
    functions = library()
    assert functions is not None
    array = (Product * len(calls))(*calls)
    doubles, threads = int(dtype == torch.float64), thread_count()
    functions.so3_products(array, len(calls), doubles, instructions(), threads)


def run_sequence(steps: ctypes.Array[Step], dtype: torch.dtype) -> None:
    """Run calls one after the other, each on the threads that there are."""
    functions = library()
    assert functions is not None
    doubles, threads = int(dtype == torch.float64), thread_count()
    functions.so3_sequence(steps, len(steps), doubles, instructions(), threads)
