"""Files of relaxed structures, with names and keys; impossible ones are refused before the work."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ase import Atoms
from ase.db import connect
from ase.io import write
from ase.io.formats import filetype

from ase_ecn.errors import ASEECNError, OptionError
from ase_ecn.readers import Source, is_query, is_url
from ase_ecn.screening.input_keys import as_pairs, as_text
from ase_ecn.storage import replacing

OWN_KEYS = frozenset(
    [
        *("source", "relaxed", "relaxation_steps", "relaxation_reason", "volume_change"),
        *("out_of_domain", "out_of_domain_reasons"),
    ]
)
"""Keys that relaxed structures get, beside those of the input."""
_DATABASES = (".db", ".json")
_WRITER = {"written_by": "ase-ecn relax"}


@dataclass(frozen=True)
class Entry:
    """A structure with its key-value pairs, which formats that have such keep."""

    atoms: Atoms
    pairs: dict[str, Any]


def entry_of(
    source: Source, atoms: Atoms, values: Mapping[str, Any]
) -> tuple[Entry, dict[str, str]]:
    """A structure with the keys of its input and values of its own.

    Returns
    -------
    entry, keys
        And under which keys the input's names are kept.
    """
    pairs, keys = as_pairs(source.columns, OWN_KEYS.__contains__)
    own = {"source": source.label, **values}
    own = {k: as_text(v) if isinstance(v, str) else v for k, v in own.items()}
    return Entry(atoms, {**pairs, **own}), keys


def checked_output(output: str, inputs: Iterable[str]) -> Path:
    """Path of an output, if somebody can want it.

    Raises
    ------
    OptionError
        If the output is an input, its folder does not exist, or it is a database that was not
        written by relaxations: that would be lost.
    """
    if is_url(output):
        raise OptionError("relaxed structures are written to a file, not to a server")
    path = Path(output)
    real = os.path.realpath(path)
    if any(os.path.realpath(one) == real for one in inputs if not (is_url(one) or is_query(one))):
        raise OptionError(f"{path} is an input: choose another output")
    if not path.parent.is_dir():
        raise OptionError(f"cannot write {path}: its folder does not exist")
    if path.suffix in _DATABASES and path.exists() and not _is_ours(path):
        raise OptionError(f"{path} is there and was not written by a relaxation: it stays as it is")
    return path


def try_to_write(path: Path, entries: Sequence[Entry]) -> None:
    """Write such entries elsewhere, so that what cannot be written is known before the work.

    Raises
    ------
    OptionError
        If there is no such format, or it cannot have these structures.
    """
    with TemporaryDirectory() as folder:
        _write(Path(folder) / path.name, path, entries)
    if not os.access(path.parent, os.W_OK):
        raise OptionError(f"cannot write {path}: its folder is read-only")


def write_entries(path: Path, entries: Sequence[Entry]) -> None:
    """Write a file; what was there before stays until it is complete.

    Raises
    ------
    OptionError
        If it cannot be written.
    """
    with replacing(path) as unfinished:
        _write(unfinished, path, entries)


def _write(unfinished: Path, path: Path, entries: Sequence[Entry]) -> None:
    try:
        if path.suffix in _DATABASES:
            _write_database(unfinished, entries)
            return
        images = []
        for entry in entries:
            atoms = entry.atoms.copy()
            atoms.info |= entry.pairs
            images.append(atoms)
        # The name without its folder, which may be one that ASE takes for a server.
        write(str(unfinished), images, format=filetype(f"./{path.name}", read=False))
    except Exception as error:  # ASE's many writers raise anything
        if isinstance(error, ASEECNError):
            raise
        raise OptionError(f"cannot write {path}: {error}") from error


def _write_database(path: Path, entries: Sequence[Entry]) -> None:
    path.unlink(missing_ok=True)
    with connect(path, use_lock_file=False) as database:
        for entry in entries:
            database.write(entry.atoms, key_value_pairs=entry.pairs)
    database.metadata = _WRITER


def _is_ours(path: Path) -> bool:
    try:
        with connect(path, use_lock_file=False) as database:  # ASE 3.27 asks for it
            found: dict[str, Any] = database.metadata
    except Exception:  # whatever it is, it is not ours
        return False
    return found == _WRITER
