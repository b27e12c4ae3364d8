"""What tests of screens share."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from ase import Atoms
from ase.build import bulk


def lattices(count: int) -> list[Atoms]:
    """Crystals of one atom, no two alike."""
    return [bulk("Cu", a=3.5 + 0.01 * k) for k in range(count)]


def glimpse(path: Path, query: str) -> list[Any]:
    """Rows of a database that another process writes; none while it has no tables."""
    if not path.exists():
        return []
    try:
        with sqlite3.connect(path) as connection:
            return connection.execute(query).fetchall()
    except sqlite3.OperationalError:
        return []
