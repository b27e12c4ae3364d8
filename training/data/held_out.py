"""Compositions on which networks are scored, so that no crystal of them is trained on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from ase.data import atomic_numbers
from ase.formula import Formula
from numpy.typing import NDArray

from ase_ecn.errors import OptionError
from ase_ecn.training.data.cache import cached_dataset
from ase_ecn.training.data.datasets import READERS
from ase_ecn.training.data.wbm import read_wbm

WBM = "wbm"


def held_out_compositions(name: str, data: Path | None) -> frozenset[bytes]:
    """Keys of the compositions of a test set; see :func:`composition_key`.

    Parameters
    ----------
    name
        ``wbm``; a public set, whose validation and test splits are meant; or a ``.txt`` file with
        a formula a line.
    data
        Folder of data sets; a file needs none.

    Raises
    ------
    OptionError
        If the name is unknown, the folder is needed and not given, or a line is no formula.
    """
    if name.endswith(".txt"):
        return frozenset(map(composition_key, read_formulas(Path(name))))
    if name != WBM and name not in READERS:
        raise OptionError(
            f"unknown compositions {name!r}; known are {', '.join([WBM, *READERS])}, and .txt files"
        )
    if data is None:
        raise OptionError(f"the compositions of {name} need the folder of data sets")
    if name == WBM:
        crystals, _ = read_wbm(data)
        return frozenset(composition_key(crystal.numbers) for crystal in crystals)
    keys: set[bytes] = set()
    for split in ("val", "test"):
        dataset = cached_dataset(
            f"{name}-{split}",
            lambda split=split: READERS[name](data, split),  # type: ignore[misc]
        )
        keys.update(composition_key(crystal.numbers) for crystal in dataset.crystals)
    return frozenset(keys)


def composition_key(numbers: NDArray[np.integer]) -> bytes:
    """Equal for equal compositions: the elements, and their amounts in lowest terms."""
    counts = np.bincount(numbers)
    elements = np.flatnonzero(counts)
    amounts = counts[elements] // np.gcd.reduce(counts[elements])
    key: bytes = elements.astype(np.uint8).tobytes() + amounts.astype(np.uint16).tobytes()
    return key


def read_formulas(path: Path) -> list[NDArray[np.int64]]:
    """Atomic numbers of the formulas of a text file, one formula a line.

    Raises
    ------
    OptionError
        If the file cannot be read, or a line is no formula.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise OptionError(f"{path} cannot be read: {error}") from error
    return [_numbers(line.strip(), path, k + 1) for k, line in enumerate(lines) if line.strip()]


def _numbers(formula: str, path: Path, line: int) -> NDArray[np.int64]:
    try:
        return np.array([atomic_numbers[symbol] for symbol in Formula(formula)], dtype=np.int64)
    except (ValueError, KeyError, IndexError) as error:
        raise OptionError(f"{path}, line {line}: {formula!r} is no formula") from error
