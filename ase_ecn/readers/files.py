"""Structures from files of any format that ASE reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, islice
from pathlib import Path

from ase import Atoms
from ase.io import iread, read

from ase_ecn.readers.source import Source, of_atoms, unreadable

EXTXYZ = (".extxyz", ".xyz")
# After each of them ASE searches the file for frames from its beginning.
_MOST_BAD_FRAMES = 100


def read_file(path: Path, label: str, labelled: bool = False) -> Iterator[Source]:
    """All structures of a file; of a VASP run only the last one."""
    del labelled  # comments and results are read in any case
    try:
        images = iter(_images(path))
        first = list(islice(images, 2))
        several = len(first) > 1
        for k, atoms in enumerate(chain(first, images)):
            yield of_atoms(f"{label}#{k}" if several else label, atoms, k + 1)
    except Exception as error:  # ASE's many readers raise anything
        yield unreadable(label, f"not readable: {type(error).__name__}: {error}")
        return
    if not first:
        yield unreadable(label, "no structure in the file")


def read_extxyz(path: Path, label: str, labelled: bool = False) -> Iterator[Source]:
    """Frames of extended XYZ; those after a damaged one are read, too."""
    frames = count_extxyz(path) or 0
    if frames <= 1:
        yield from read_file(path, label, labelled)
        return
    start = bad = 0
    while start < frames and bad <= _MOST_BAD_FRAMES:
        try:
            for atoms in iread(path, index=slice(start, None), format="extxyz"):
                yield of_atoms(f"{label}#{start}", atoms, start + 1)
                start += 1
            return
        except Exception as error:  # ASE's reader raises anything
            reason = f"not readable: {type(error).__name__}: {error}"
            yield unreadable(f"{label}#{start}", reason, start + 1)
            start, bad = start + 1, bad + 1
    if start < frames:
        yield unreadable(label, f"more than {_MOST_BAD_FRAMES} damaged frames: the rest is skipped")


def count_extxyz(path: Path) -> int | None:
    """Number of frames by their first lines, without parsing them; ``None`` if it is not XYZ."""
    count = 0
    with path.open("rb") as stream:
        while (line := stream.readline()).strip():
            if not line.strip().isdigit():
                return None
            for _ in range(int(line) + 1):
                stream.readline()
            count += 1
    return count


def _images(path: Path) -> Iterable[Atoms]:
    if path.name.startswith(("vasprun", "OUTCAR")):
        kind = "vasp-xml" if path.name.startswith("vasprun") else "vasp-out"
        last = read(path, index=-1, format=kind)
        assert isinstance(last, Atoms)
        return [last]
    return iread(path, index=":")
