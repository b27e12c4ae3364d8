"""Where crystals come from, so that screens of several inputs into one output accumulate."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ase import Atoms

from ase_ecn.errors import CrystalError
from ase_ecn.readers import Source, is_query, is_url, of_atoms


@dataclass(frozen=True)
class Line:
    """What a journal says about a crystal.

    Attributes
    ----------
    label
        Unique in the output.
    name
        Label of the crystal in its input.
    origin
        That input; ``None`` in outputs of releases that did not record it.
    digest, status, row
        Of the crystal; the number of its row if it has one.
    """

    label: str
    name: str
    origin: str | None
    digest: str
    status: str
    row: int | None

    def is_up_to_date(self, source: Source) -> bool:
        """Whether the crystal whose line this is has not changed since."""
        # Where inputs were not recorded, it would not be the crystal's line otherwise.
        return self.origin is None or self.digest == source.digest


@dataclass(frozen=True)
class Origin:
    """The input of a screen.

    Attributes
    ----------
    name
        Path relative to the folder of the output, so that both can move together, or address of a
        database without its user; empty for structures in memory.
    places
        Names of the folders that lead to it, the nearest last.
    base
        Folder to which names are relative; ``None`` for an output on a server.
    """

    name: str = ""
    places: tuple[str, ...] = ()
    base: Path | None = None

    def line_of(self, source: Source, lines: list[Line]) -> Line | None:
        """The line of a crystal among those of its name, if there is one.

        A crystal that has changed is still the same if it is in the same input. Structures in
        memory, and those whose input is not known or no longer there, are the same if they are
        equal.
        """
        if self.name:
            for line in lines:
                if line.origin == self.name:
                    return line
        for line in lines:
            if self._may_be(line.origin) and line.digest == source.digest:
                return line
        # Earlier releases took the digest of the structure where its text is taken now.
        old = [line for line in lines if line.origin is None]
        digest = _digest_of_structure(source) if old else ""
        return next((line for line in old if line.digest == digest), None)

    def labels(self, source: Source) -> Iterator[str]:
        """Labels for a crystal, from the name in its input to ever longer ones."""
        yield source.label
        for k in range(len(self.places) - 1, -1, -1):
            yield f"{'/'.join(self.places[k:])}/{source.label}"
        count = 0
        while True:
            count += 1
            yield f"{source.label}~{source.digest[:8]}{f'-{count}' if count > 1 else ''}"

    def _may_be(self, other: str | None) -> bool:
        if other is None or other == self.name:
            return True
        if not other or not self.name or "://" in other:
            return False
        return not Path(self.base or "", other).exists()


def origin_of(source: Any, address: str) -> Origin:
    """Where the crystals of a screen come from.

    Parameters
    ----------
    source
        As for :func:`~ase_ecn.readers.read_structures`.
    address
        Of the database that is written.
    """
    if isinstance(source, Atoms) or not isinstance(source, str | Path):
        return Origin()
    if is_query(source):
        # Another filter gives the same crystals under the same names.
        return Origin(str(source).partition("?")[0])
    if is_url(source):
        parts = urlsplit(str(source))
        host = parts.netloc.rpartition("@")[2]
        return Origin(f"{parts.scheme}://{host}{parts.path}", (host,))
    base = None if is_url(address) else Path(os.path.realpath(address)).parent
    real = Path(os.path.realpath(source))
    folder = real if real.is_dir() else real.parent
    return Origin(
        _printable(str(real) if base is None else _relative(real, base)),
        tuple(_printable(part) for part in folder.parts[1:]),
        base,
    )


def _digest_of_structure(source: Source) -> str:
    try:
        return of_atoms(source.label, source.load()).digest
    except CrystalError:
        return ""


def _relative(path: Path, base: Path) -> str:
    try:
        return Path(os.path.relpath(path, base)).as_posix()
    except ValueError:  # on another drive
        return str(path)


def _printable(name: str) -> str:
    """A name that databases take: bytes that are not UTF-8 are escaped."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")
