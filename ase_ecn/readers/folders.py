"""Structures from the files of a folder and its subfolders; of a VASP run, one structure.

A folder is read once, however many links lead to it, and what screens have written into it is not
read at all.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from ase_ecn.readers.databases import journal_labels
from ase_ecn.readers.formats import read_path
from ase_ecn.readers.source import Source

# One crystal per folder of a VASP run. Of its steps the last one, plain names being later than
# those that custodian gives to finished steps (.relax1.gz); of a step the first of these files.
_OUTCOMES = ("vasprun.xml", "OUTCAR", "CONTCAR")
_START = "POSCAR"
_STEPS = {"orig": -1, "static": 10**6, "bands": 10**6 + 1, "": 10**6 + 2}  # others by number
_RUN_FILE = re.compile(
    rf"({'|'.join(map(re.escape, (*_OUTCOMES, _START)))})"
    r"(?:\.(orig|relax\d*|static|bands))?(?:\.(?:gz|bz2|xz))?"
)
_VASP_OTHERS = frozenset(
    [
        *("INCAR", "KPOINTS", "POTCAR", "IBZKPT", "OSZICAR", "XDATCAR", "REPORT", "PCDAT"),
        *("CHG", "CHGCAR", "WAVECAR", "LOCPOT", "ELFCAR", "DOSCAR", "EIGENVAL", "PROCAR"),
    ]
)
# Beside a database while somebody writes into it.
_OF_SQLITE = (".db-journal", ".db-wal", ".db-shm", ".db.lock")


def read_folder(
    folder: Path, labelled: bool = False, passing_over: Collection[Path] = ()
) -> Iterator[Source]:
    """Structures of all files of a folder, in the order of their names.

    Parameters
    ----------
    folder
        With subfolders. Names that begin with a dot are passed over, as are pipes and devices, and
        databases and tables with a screen of this folder.
    labelled
        As for :func:`~ase_ecn.readers.read_structures`.
    passing_over
        Files that are not read.
    """
    for alternatives in file_groups(folder, passing_over):
        yield from _first_readable(alternatives, folder, labelled)


def file_groups(folder: Path, passing_over: Collection[Path] = ()) -> Iterator[Sequence[Path]]:
    """Files that may hold structures, each alone but for those of a VASP run.

    These are together, the one that should be read first; the others serve if it cannot be.
    """
    skipped = {os.path.realpath(path) for path in passing_over}
    names = {path.name for path in passing_over}
    for group in _groups(folder, _Folders(folder)):
        left = [p for p in group if not (p.name in names and os.path.realpath(p) in skipped)]
        if left and not _is_screen_of(folder, left[0]):
            yield left


class _Folders:
    """Which of the folders below one are read: each once, by a link only if there is no other way.

    A link to a folder around the whole leads nowhere.
    """

    def __init__(self, root: Path) -> None:
        real = Path(os.path.realpath(root))
        self._without_links = {str(parent) for parent in real.parents}
        for parent, below, _ in os.walk(real):
            below[:] = [name for name in below if not name.startswith(".")]
            self._without_links.add(parent)
        self._done: set[str] = set()

    def read_now(self, folder: Path) -> bool:
        """Whether a folder is to be read where it is met."""
        target = os.path.realpath(folder)
        if target in self._done or (folder.is_symlink() and target in self._without_links):
            return False
        self._done.add(target)
        return True


def _first_readable(alternatives: Sequence[Path], folder: Path, labelled: bool) -> Iterator[Source]:
    """Structures of the first file that has any, or else what is wrong with the first one."""
    if len(alternatives) == 1:
        yield from read_path(alternatives[0], _label(alternatives[0], folder), labelled)
        return
    failed: list[Source] = []
    for path in alternatives:
        found = list(read_path(path, _label(path, folder), labelled))
        if not all(source.problem for source in found):
            yield from found
            return
        failed = failed or found
    yield from failed


def _label(path: Path, folder: Path) -> str:
    """Name within the folder; bytes that are not UTF-8, which no database takes, are escaped."""
    name = path.relative_to(folder).as_posix()
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def _groups(folder: Path, folders: _Folders) -> Iterator[list[Path]]:
    try:
        visible = sorted(e for e in folder.iterdir() if not e.name.startswith("."))
    except OSError:
        yield [folder]  # reading it will say why
        return
    entries = [entry for entry in visible if not _may_wait(entry)]
    run = sorted((e for e in entries if _RUN_FILE.fullmatch(e.name)), key=_preference)
    for entry in entries:
        if entry.is_dir():
            if folders.read_now(entry):
                yield from _groups(entry, folders)
        elif entry in run:
            if entry == run[0]:
                yield run
        elif not (entry.name.split(".")[0] in _VASP_OTHERS or entry.name.endswith(_OF_SQLITE)):
            yield [entry]


def _may_wait(path: Path) -> bool:
    """Whether reading could wait for ever: pipes, sockets and devices, but no file or folder."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return False  # reading it will say why
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def _preference(path: Path) -> tuple[bool, int, int, str]:
    """Smaller for the file of a VASP run that should rather be read."""
    match = _RUN_FILE.fullmatch(path.name)
    assert match is not None
    kind, step = match[1], match[2] or ""
    number = _STEPS[step] if step in _STEPS else int(step.removeprefix("relax") or 1)
    return kind == _START, -number, (*_OUTCOMES, _START).index(kind), path.name


def _is_screen_of(folder: Path, path: Path) -> bool:
    """Whether a file is the output of a screen of this folder."""
    if path.suffix == ".parquet":
        path = path.with_name(f"{path.name}.db")
    if path.suffix != ".db":
        return False
    names = {label.rpartition("#")[0] or label for label in journal_labels(path)}
    return any(not name.startswith("#") and (folder / name).exists() for name in names)
