"""Screens of many crystals: a database in, a database out, resumable, on one machine or many."""

from __future__ import annotations

from ase_ecn.readers import Source, count_structures, read_structures
from ase_ecn.screening.rows import refined, unrelaxed
from ase_ecn.screening.run import ScreenReport, screen
from ase_ecn.screening.store import Failure, failures

__all__ = [
    "Failure",
    "ScreenReport",
    "Source",
    "count_structures",
    "failures",
    "read_structures",
    "refined",
    "screen",
    "unrelaxed",
]
