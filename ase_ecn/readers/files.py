"""Structures from files of any format that ASE reads."""

from __future__ import annotations

import glob
import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from tempfile import TemporaryDirectory

from ase import Atoms
from ase.io import iread, read

from ase_ecn.readers.source import Source, of_atoms, unreadable


def read_file(path: Path, label: str, labelled: bool = False) -> Iterator[Source]:
    """All structures of a file; of a VASP run only the last one."""
    del labelled  # comments and results are read in any case
    with _plainly_named(path.absolute()) as name:
        try:
            images = iter(_images(name, path.name))
            first = list(islice(images, 2))
            several = len(first) > 1
            for k, atoms in enumerate(chain(first, images)):
                yield of_atoms(f"{label}#{k}" if several else label, atoms, k + 1)
        except Exception as error:  # ASE's many readers raise anything
            # A folder that is another one each time would make it another reason each time.
            reason = str(error).replace(name, path.name)
            yield unreadable(label, f"not readable: {type(error).__name__}: {reason}")
            return
    if not first:
        yield unreadable(label, "no structure in the file")


def _images(name: str, shown: str) -> Iterator[Atoms]:
    # An @ in a name is a part of it, and a name such as mysql-1.cif is no address of a server.
    if shown.startswith(("vasprun", "OUTCAR")):
        kind = "vasp-xml" if shown.startswith("vasprun") else "vasp-out"
        last = read(name, index=-1, format=kind, do_not_split_by_at_sign=True)
        assert isinstance(last, Atoms)
        yield last
    else:
        yield from iread(name, index=":", do_not_split_by_at_sign=True)


@contextmanager
def _plainly_named(path: Path) -> Iterator[str]:
    """A name without characters that stand for others: some of ASE's readers look for all files."""
    if glob.escape(str(path)) == str(path):
        yield str(path)
        return
    with TemporaryDirectory() as folder:
        link = Path(folder, re.sub(r"[*?\[\]]", "_", path.name))
        link.symlink_to(path)
        yield str(link)
