"""Writing files so that a crash or a full disk leaves what was there before."""

from __future__ import annotations

import glob
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ase_ecn.errors import StorageError

_LEFT_AFTER_S = 3600  # nobody writes that long


@contextmanager
def storing(path: str | Path) -> Iterator[None]:
    """Turn what the system says about writing ``path`` into a :class:`StorageError`."""
    try:
        yield
    except OSError as error:
        raise StorageError(f"cannot write {path}: {error.strerror or error}") from error


def replace_file(path: Path, content: bytes) -> None:
    """Write a file that other processes see as it was or complete, never in between.

    Parameters
    ----------
    path
        The file; its folder must exist.
    content
        All of it.

    Raises
    ------
    StorageError
        If it cannot be written; a file that was there stays as it was.
    """
    with replacing(path) as partial:
        partial.write_bytes(content)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Path to write to instead; it takes the place of ``path`` at the end, or is removed."""
    # Two processes that write the same file must not write into one another's.
    partial = path.with_name(f".{path.stem}-{os.getpid()}.partial{path.suffix}")
    with storing(path):
        _remove_leftovers(path)
        try:
            yield partial
            partial.replace(path)
        finally:
            with suppress(OSError):
                partial.unlink(missing_ok=True)


def _remove_leftovers(path: Path) -> None:
    """Remove what processes that were killed have left of this file."""
    for old in path.parent.glob(f".{glob.escape(path.stem)}-*.partial{path.suffix}"):
        with suppress(OSError):
            if time.time() - old.stat().st_mtime > _LEFT_AFTER_S:
                old.unlink()
