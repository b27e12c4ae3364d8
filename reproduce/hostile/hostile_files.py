"""Files of crystals in many formats, most of them damaged on purpose."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.db import connect
from ase.io import write

Rng = np.random.Generator

_NUMBER = re.compile(rb"-?\d+\.?\d*")
_ABSURD = [
    *(b"nan", b"inf", b"-1e400", b"1e309", b"1e-320", b"0", b"-0.0", b"9" * 400, b"1_000", b"0x1f"),
    *(b"***", b"1.5(3)", b"?", b".", b"", b"1,5", b"1d3", b"--1", b"\xef\xbc\x91", b"1e", b"true"),
]
_ODD_NAMES = ["", " with spaces", "@2", "#3", "%20", "'quoted'", "ä€", "*", "[0-9]", "; echo", "="]


@dataclass(frozen=True)
class HostileFile:
    """A file and what is known of it.

    Attributes
    ----------
    path
        Where it is.
    kind
        Its format.
    damage
        What was done to it; empty if nothing was.
    crystals
        How many were written before it was damaged.
    """

    path: Path
    kind: str
    damage: str
    crystals: int


def hostile_file(folder: Path, stem: str, crystals: Sequence[Atoms], rng: Rng) -> HostileFile:
    """Write crystals into a file of any format and name, and damage it in three of four cases.

    Parameters
    ----------
    folder
        Where the file is written.
    stem
        Beginning of its name.
    crystals
        At least one; formats of one crystal take the first.
    rng
        Source of randomness.
    """
    kind = str(rng.choice(list(_WRITERS)))
    name = f"{stem}{rng.choice(_ODD_NAMES)}{kind}"
    written = crystals if kind in _OF_SEVERAL else crystals[:1]
    plain = folder / f"{stem}{kind}"  # to ASE some characters of names mean something
    _WRITERS[kind](plain, written)
    path = plain.rename(folder / name)
    if rng.random() < 0.25:
        return HostileFile(path, kind, "", len(written))
    damage = str(rng.choice(list(_DAMAGES)))
    path.write_bytes(_DAMAGES[damage](path.read_bytes(), rng))
    return HostileFile(path, kind, damage, len(written))


def _by_ase(kind: str) -> Callable[[Path, Sequence[Atoms]], None]:
    def write_file(path: Path, crystals: Sequence[Atoms]) -> None:
        write(path, list(crystals), format=kind)

    return write_file


def _write_database(path: Path, crystals: Sequence[Atoms]) -> None:
    database = connect(path, type=path.suffix[1:], append=False)
    for k, atoms in enumerate(crystals):
        database.write(atoms, number=k)


def _cif(atoms: Atoms) -> str:
    buffer: Any = io.BytesIO()
    write(buffer, atoms, format="cif")
    return str(buffer.getvalue().decode())


def _write_table(path: Path, crystals: Sequence[Atoms]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["cif", "number", "comment"])
        writer.writerows([_cif(atoms), k, "a, b"] for k, atoms in enumerate(crystals))


def _write_lines(path: Path, crystals: Sequence[Atoms]) -> None:
    rows = [
        {
            "species": atoms.get_chemical_symbols(),
            "cell": atoms.cell.tolist(),
            "frac": atoms.get_scaled_positions(wrap=False).tolist(),
        }
        for atoms in crystals
    ]
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))


_WRITERS: dict[str, Callable[[Path, Sequence[Atoms]], None]] = {
    ".cif": _by_ase("cif"),
    ".vasp": _by_ase("vasp"),
    ".extxyz": _by_ase("extxyz"),
    ".xsf": _by_ase("xsf"),
    ".res": _by_ase("res"),
    ".gen": _by_ase("gen"),
    ".traj": _by_ase("traj"),
    ".csv": _write_table,
    ".jsonl": _write_lines,
    ".db": _write_database,
    ".json": _write_database,
}
_OF_SEVERAL = {".cif", ".extxyz", ".traj", ".csv", ".jsonl", ".db", ".json"}


def _cut(content: bytes, rng: Rng) -> bytes:
    return content[: rng.integers(len(content))]


def _flip(content: bytes, rng: Rng) -> bytes:
    damaged = bytearray(content)
    for place in rng.integers(len(content), size=rng.integers(1, 20)):
        damaged[place] ^= 1 << int(rng.integers(8))
    return bytes(damaged)


def _without_a_piece(content: bytes, rng: Rng) -> bytes:
    first, last = sorted(rng.integers(len(content) + 1, size=2).tolist())
    return content[:first] + content[last:]


def _with_a_number(content: bytes, rng: Rng) -> bytes:
    """One to five numbers exchanged for what is none, or an absurd one."""
    for _ in range(rng.integers(1, 6)):
        found = list(_NUMBER.finditer(content))
        if not found:
            break
        chosen = found[rng.integers(len(found))]
        absurd = _ABSURD[rng.integers(len(_ABSURD))]
        content = content[: chosen.start()] + absurd + content[chosen.end() :]
    return content


def _of_lines(change: Callable[[list[bytes], int, Rng], None]) -> Callable[[bytes, Rng], bytes]:
    """A damage of one line among those of a file."""

    def damage(content: bytes, rng: Rng) -> bytes:
        lines = content.split(b"\n")
        change(lines, int(rng.integers(len(lines))), rng)
        return b"\n".join(lines)

    return damage


def _drop(lines: list[bytes], place: int, _: Rng) -> None:
    del lines[place]


def _repeat(lines: list[bytes], place: int, rng: Rng) -> None:
    lines[place:place] = [lines[place]] * int(rng.integers(1, 4))


def _swap(lines: list[bytes], place: int, rng: Rng) -> None:
    other = int(rng.integers(len(lines)))
    lines[place], lines[other] = lines[other], lines[place]


def _lengthen(lines: list[bytes], place: int, _: Rng) -> None:
    lines[place] += b" 1.0" * 50_000


_DAMAGES: dict[str, Callable[[bytes, Rng], bytes]] = {
    "cut off": _cut,
    "bits flipped": _flip,
    "a piece missing": _without_a_piece,
    "absurd numbers": _with_a_number,
    "a line missing": _of_lines(_drop),
    "a line repeated": _of_lines(_repeat),
    "lines swapped": _of_lines(_swap),
    "a very long line": _of_lines(_lengthen),
    "empty": lambda _content, _rng: b"",
    "noise": lambda _content, rng: rng.bytes(int(rng.integers(1, 3000))),
    "noise appended": lambda content, rng: content + rng.bytes(int(rng.integers(1, 300))),
    "zeros appended": lambda content, rng: content + bytes(int(rng.integers(1, 5000))),
    "twice": lambda content, _rng: content + content,
    "Windows line ends": lambda content, _rng: content.replace(b"\n", b"\r\n"),
    "old Macintosh line ends": lambda content, _rng: content.replace(b"\n", b"\r"),
    "UTF-16": lambda content, _rng: content.decode("latin-1").encode("utf-16"),
    "a byte order mark": lambda content, _rng: b"\xef\xbb\xbf" + content,
    "tabs": lambda content, _rng: content.replace(b" ", b"\t"),
    "upper case": lambda content, _rng: content.upper(),
    "compressed, not named so": lambda content, _rng: gzip.compress(content),
}
