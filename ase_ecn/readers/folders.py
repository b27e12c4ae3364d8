"""Structures from the files of a folder and its subfolders; of a VASP run, one structure."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ase_ecn.readers.formats import read_path
from ase_ecn.readers.source import Source

# One crystal per folder of a VASP run: the first of these that is there.
_VASP_OUTCOMES = ("vasprun.xml", "vasprun.xml.gz", "OUTCAR", "OUTCAR.gz", "CONTCAR", "POSCAR")
_VASP_OTHERS = frozenset(
    [
        *("INCAR", "KPOINTS", "POTCAR", "IBZKPT", "OSZICAR", "XDATCAR", "REPORT", "PCDAT"),
        *("CHG", "CHGCAR", "WAVECAR", "LOCPOT", "ELFCAR", "DOSCAR", "EIGENVAL", "PROCAR"),
    ]
)


def read_folder(folder: Path, labelled: bool = False) -> Iterator[Source]:
    """Structures of all files of a folder, in the order of their names."""
    for file in files(folder):
        yield from read_path(file, file.relative_to(folder).as_posix(), labelled)


def files(folder: Path) -> Iterator[Path]:
    """Files that may hold structures."""
    entries = sorted(e for e in folder.iterdir() if not e.name.startswith("."))
    names = {entry.name for entry in entries}
    outcomes = [name for name in _VASP_OUTCOMES if name in names]
    passed_over = _VASP_OTHERS.union(outcomes[1:])
    for entry in entries:
        if entry.is_dir():
            yield from files(entry)
        elif entry.name.split(".")[0] not in _VASP_OTHERS and entry.name not in passed_over:
            yield entry
