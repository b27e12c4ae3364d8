"""Frames of extended XYZ files, each for itself: a damaged one loses no other."""

from __future__ import annotations

import io
import re
from codecs import BOM_UTF8
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import IO

from ase.io.extxyz import read_xyz
from ase.io.formats import open_with_compression

from ase_ecn.errors import OptionError
from ase_ecn.readers.files import read_file
from ase_ecn.readers.source import Source, of_atoms, unreadable

EXTXYZ = tuple(
    f"{ending}{packed}" for ending in (".extxyz", ".xyz") for packed in ("", ".gz", ".bz2", ".xz")
)
"""Endings of the names of such files."""
_PROPERTIES = re.compile(r'(?:^|\s)Properties="?([^\s"]+)')
_MANY_COLUMNS = 1000
_MANY_DIGITS = 18


@dataclass(frozen=True)
class _Frame:
    """The lines of one frame, or the number of a first line that is none."""

    text: str = ""
    stray: int = 0


def read_extxyz(path: Path, label: str, labelled: bool = False) -> Iterator[Source]:
    """Frames of extended XYZ, which empty lines may separate.

    Lines between frames that do not begin one are an unreadable source of their own.

    Raises
    ------
    OptionError
        If the file cannot be read.
    """
    if count_extxyz(path) is None:
        yield from read_file(path, label, labelled)
        return
    frames = _frames(path)
    first = list(islice(frames, 2))
    several = len(first) > 1
    for k, frame in enumerate(chain(first, frames)):
        yield _source(frame, f"{label}#{k}" if several else label, k + 1)


def count_extxyz(path: Path) -> int | None:
    """Number of frames by their first lines, without parsing them; ``None`` if it is not XYZ."""
    frames = _frames(path)
    first = next(frames, None)
    if first is None or first.stray:
        return None
    return 1 + sum(1 for _ in frames)


def _source(frame: _Frame, label: str, number: int) -> Source:
    if frame.stray:
        reason = f"line {frame.stray} should be the number of atoms of a frame"
        return unreadable(label, f"not readable: {reason}", number)
    try:
        _check_size(frame.text)
        (atoms,) = read_xyz(io.StringIO(frame.text), index=slice(None))
        return of_atoms(label, atoms, number)
    except Exception as error:  # ASE's reader raises anything
        return unreadable(label, f"not readable: {type(error).__name__}: {error}", number)


def _check_size(text: str) -> None:
    """Refuse atoms and columns that are not there, which ASE's reader would count one by one."""
    number, comment, *lines = [*text.splitlines(), ""]
    atoms, there = number.strip(), sum(1 for line in lines if line.strip())
    if len(atoms) > _MANY_DIGITS or int(atoms) > there:
        raise ValueError(f"{atoms[:20]} atoms should follow, but there are {there} lines")
    found = _PROPERTIES.search(comment)
    listed = sum(map(int, found[1].split(":")[2::3])) if found else 0
    present = max(len(line.split()) for line in lines)
    if listed > max(present, _MANY_COLUMNS):
        raise ValueError(f"Properties lists {listed} columns, but no line has more than {present}")


def _frames(path: Path) -> Iterator[_Frame]:
    """Frames in their order; lines that belong to none are one without text."""
    try:
        with open_with_compression(str(path), "rb") as stream:
            yield from _split(stream)
    except (OSError, EOFError) as error:
        raise OptionError(f"cannot read {path}: {error}") from error


def _split(stream: IO[bytes]) -> Iterator[_Frame]:
    number, stray = 1, 0
    line = stream.readline().removeprefix(BOM_UTF8)
    while line:
        if line.strip().isdigit():
            stray = 0
            # A number of atoms with more digits than any file has lines takes the rest of it.
            rest = int(line) + 1 if len(line.strip()) <= _MANY_DIGITS else None
            lines = [line, *islice(stream, rest)]
            line = stream.readline()
            while line.lstrip().startswith(b"VEC"):  # lattice vectors after the atoms
                lines.append(line)
                line = stream.readline()
            number += len(lines)
            # Bytes that are not UTF-8 spoil only their own frame.
            yield _Frame(b"".join(lines).decode("utf-8", "replace"))
            continue
        if line.strip() and not stray:
            stray = number
            yield _Frame(stray=stray)
        line = stream.readline()
        number += 1
