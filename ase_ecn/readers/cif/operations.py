"""Symmetry operations that a CIF lists, as matrices."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ase_ecn.errors import CrystalError
from ase_ecn.readers.cif.syntax import Block

_LISTED = (
    "_space_group_symop_operation_xyz",
    "_symmetry_equiv_pos_as_xyz",
    "_space_group_symop_operation_as_xyz",
)
_MAGNETIC = (
    "_space_group_symop_magn_operation_xyz",
    "_space_group_symop_magn_xyz",
    "_space_group_symop_magn_operation_mxmymz",
)
_CENTRINGS = ("_space_group_symop_magn_centering_xyz", "_space_group_symop_magn_centring_xyz")
_TERM = re.compile(r"([+-]?)(\d+\.?\d*|\.\d+)?(?:/(\d+))?\*?([xyz])?")


@dataclass(frozen=True)
class Operations:
    """Symmetry operations; ``x' = rotations @ x + translations`` in fractional coordinates.

    Attributes
    ----------
    rotations
        (n, 3, 3).
    translations
        (n, 3).
    reversals
        (n,) -1 where time is reversed, otherwise 1.
    name
        What they are called in messages.
    magnetic
        Whether they say what becomes of moments.
    """

    rotations: NDArray[np.float64]
    translations: NDArray[np.float64]
    reversals: NDArray[np.float64]
    name: str = ""
    magnetic: bool = False

    def __len__(self) -> int:
        return len(self.translations)

    def fit(self, cell: NDArray[np.float64], tolerance: float = 0.03) -> bool:
        """Whether they are isometries of a (3, 3) cell, up to a part of its squared lengths."""
        metric = cell @ cell.T
        turned = np.einsum("nji,jk,nkl->nil", self.rotations, metric, self.rotations)
        lengths = np.sqrt(np.diag(metric))
        return bool((np.abs(turned - metric) <= tolerance * np.outer(lengths, lengths)).all())


def identity() -> Operations:
    """The operation of P1."""
    return Operations(np.eye(3)[None], np.zeros((1, 3)), np.ones(1), "P 1")


def listed_operations(block: Block) -> Operations | None:
    """Operations that a block lists: the magnetic ones if there are any; ``None`` without a list.

    Raises
    ------
    CrystalError
        If one of them is not understood.
    """
    magnetic = _triplets(block, _MAGNETIC)
    if magnetic:
        return _with_centrings(magnetic, _triplets(block, _CENTRINGS))
    plain = _triplets(block, _LISTED)
    return _of(plain, "the operations listed") if plain else None


def lists_operations(block: Block) -> bool:
    """Whether a block has a list of operations, be it understood or not."""
    return any(tag in block.values for tag in (*_LISTED, *_MAGNETIC))


def is_magnetic(block: Block) -> bool:
    """Whether a block lists moments of sites or operations that reverse time."""
    tags = (*_MAGNETIC, "_atom_site_moment_label")
    return any(tag in block.values or tag in block.torn for tag in tags)


def _triplets(block: Block, tags: tuple[str, ...]) -> list[str]:
    values = block.column(*tags) or []
    values = [value for value in values if value not in ("?", ".")]
    if values and all(value.count(",") >= 2 for value in values):
        return values
    # Triplets with blanks and without quotes are several values.
    ids = [tag.rpartition("_operation")[0] + "_id" for tag in tags]
    firsts = ["_symmetry_equiv_pos_site_id", *ids, *tags] if values or block.torn else []
    parts = next((block.loops[tag] for tag in firsts if tag in block.loops), values)
    return _rejoined(parts)


def _rejoined(parts: list[str]) -> list[str]:
    """Triplets of which blanks have made several values."""
    found: list[str] = []
    current = ""
    for part in parts:
        if not current and part.isdigit():  # a number of the operation
            continue
        current += part
        if current.count(",") >= 2 and not current.endswith((",", "+", "-")):
            found.append(current)
            current = ""
    return found if not current else [*found, current]


def _of(texts: list[str], name: str) -> Operations:
    parsed = [_parse(text) for text in texts]
    return Operations(
        np.array([one[0] for one in parsed], dtype=np.float64),
        np.array([one[1] for one in parsed], dtype=np.float64),
        np.array([one[2] for one in parsed], dtype=np.float64),
        name,
    )


def _with_centrings(texts: list[str], centrings: list[str]) -> Operations:
    base = _of(texts, "the magnetic operations listed")
    more = _of(centrings, base.name) if centrings else identity()
    return Operations(
        np.tile(base.rotations, (len(more), 1, 1)),
        (more.translations[:, None] + base.translations[None]).reshape(-1, 3),
        (more.reversals[:, None] * base.reversals[None]).reshape(-1),
        base.name,
        magnetic=True,
    )


@lru_cache(maxsize=4096)
def _parse(text: str) -> tuple[list[list[float]], list[float], float]:
    """Matrix, vector and reversal of time of ``-y, x-y, z+1/3`` or ``x, y, z, -1``."""
    parts = text.lower().replace(" ", "").strip("()'\"").split(",")
    reversal = 1.0
    if len(parts) == 4 and re.fullmatch(r"[+-]?1", parts[3]):
        reversal = float(parts.pop())
    if len(parts) != 3:
        raise CrystalError(f"the symmetry operation {text!r} is not understood")
    rows = [_parse_row(part, text) for part in parts]
    matrix = [row[:3] for row in rows]
    if abs(abs(np.linalg.det(matrix)) - 1) > 1e-6:
        raise CrystalError(f"the symmetry operation {text!r} is no isometry")
    return matrix, [row[3] for row in rows], reversal


def _parse_row(part: str, text: str) -> list[float]:
    row = [0.0] * 4
    position = 0
    while position < len(part):
        match = _TERM.match(part, position)
        assert match is not None
        sign, value, divisor, axis = match.groups()
        if match.end() == position or (value is None and axis is None) or divisor == "0":
            raise CrystalError(f"the symmetry operation {text!r} is not understood")
        size = float(value or 1) / int(divisor or 1)
        row["xyz".index(axis) if axis else 3] += -size if sign == "-" else size
        position = match.end()
    return row
