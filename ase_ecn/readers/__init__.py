"""Structures from folders, files, tables and databases, for commands, screens and fits."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ase import Atoms

from ase_ecn.crystal import CrystalLike, as_crystal, one_or_several
from ase_ecn.errors import CrystalError, OptionError
from ase_ecn.readers.databases import count_rows, is_url, read_database
from ase_ecn.readers.folders import file_groups, read_folder
from ase_ecn.readers.formats import Reader, read_path, reader_of, register
from ase_ecn.readers.optimade_queries import is_query, read_query
from ase_ecn.readers.ordering import check_order, ordered_cells, with_ordered
from ase_ecn.readers.source import Source, of_atoms, unreadable

__all__ = [
    "Reader",
    "Source",
    "count_structures",
    "is_query",
    "is_url",
    "of_atoms",
    "ordered_cells",
    "read_structures",
    "register",
    "unreadable",
]


def read_structures(
    source: str | Path | CrystalLike | Iterable[CrystalLike],
    *,
    labelled: bool = False,
    passing_over: Collection[Path] = (),
    order: int | None = None,
) -> Iterator[Source]:
    """Structures of an input, read one at a time.

    A structure that cannot be read is also a :class:`Source`; its ``load`` raises the reason.

    Parameters
    ----------
    source
        An ase.db (path, or URL for PostgreSQL), a CSV or Parquet table with a column ``cif`` or
        ``file``, JSON lines with ``species``, ``cell`` and ``frac``, any file that ASE reads, a
        folder of these, with subfolders, ``"optimade:PROVIDER?filter=…"`` for databases in the
        network, or structures themselves. Of a VASP run in a folder only
        the last step is read. Screens of a folder that are in it are not read.
    labelled
        Whether to read everything that may serve as a label for a fit; slower for databases.
    passing_over
        Files that are not read where they are in a folder.
    order
        Disordered crystals of CIFs and pymatgen structures are replaced by their likeliest
        ordered cells of at most so many atoms; see
        :func:`~ase_ecn.readers.ordering.ordered_cells`. ``None`` refuses them.

    Raises
    ------
    OptionError
        If the input does not exist, or its content does not match its name.
    """
    check_order(order)
    sources = _sources(source, labelled, passing_over)
    return sources if order is None else with_ordered(sources, order)


def _sources(
    source: str | Path | CrystalLike | Iterable[CrystalLike],
    labelled: bool,
    passing_over: Collection[Path],
) -> Iterator[Source]:
    if not isinstance(source, str | Path):
        return _from_structures(one_or_several(source))
    if is_query(source):
        return read_query(str(source))
    if is_url(source):
        # Without the rest of the address, which may contain a password.
        name = urlsplit(str(source)).path.strip("/") or "db"
        return read_database(str(source), name, labelled)
    path = Path(source)
    if not path.exists():
        raise OptionError(f"{path} does not exist")
    if path.is_dir():
        return read_folder(path, labelled, passing_over)
    return read_path(path, path.name, labelled)


def count_structures(source: Any, *, passing_over: Collection[Path] = ()) -> int | None:
    """Number of structures of an input; ``None`` if it is known only after reading all of it.

    In a folder each file counts as one.
    """
    if not isinstance(source, str | Path):
        return len(source) if hasattr(source, "__len__") else None
    if is_query(source):
        return None
    if is_url(source):
        return count_rows(source)
    path = Path(source)
    if path.is_dir():
        return sum(1 for _ in file_groups(path, passing_over))
    return reader_of(path).count(path)


def _from_structures(structures: Iterable[CrystalLike]) -> Iterator[Source]:
    for k, structure in enumerate(structures):
        label = f"#{k}"
        try:
            atoms = structure if isinstance(structure, Atoms) else as_crystal(structure).to_atoms()
            yield of_atoms(label, atoms, k + 1)
        except CrystalError as error:
            known = getattr(structure, "is_ordered", True)
            disordered = None if known else partial(_given, structure)
            yield replace(unreadable(label, str(error), k + 1), disordered=disordered)


def _given(structure: Any) -> Any:
    return structure
