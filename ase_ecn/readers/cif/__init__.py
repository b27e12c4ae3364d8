"""Crystals from CIFs as people and programs write them, checked against what the file says."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ase import Atoms

from ase_ecn.errors import CrystalError
from ase_ecn.readers.cif.disorder import disordered_structure
from ase_ecn.readers.cif.operations import is_magnetic
from ase_ecn.readers.cif.reading import read_block
from ase_ecn.readers.cif.sites import has_sites
from ase_ecn.readers.cif.syntax import Block, blocks_of
from ase_ecn.readers.decoding import decoded_text
from ase_ecn.readers.source import Source, text_digest, unreadable

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

CIF = (".cif", ".mcif", ".cif.gz", ".mcif.gz", ".cif.bz2", ".cif.xz")
"""Endings of the names of CIFs."""
_MOMENTS = "magnetic moments of the file are initial moments"


def read_cif(path: Path, label: str, labelled: bool = False) -> Iterator[Source]:
    """Crystals of a CIF, one for each data block with sites."""
    del labelled
    try:
        blocks = _crystals(decoded_text(path))
    except (OSError, EOFError, ValueError) as error:
        yield unreadable(label, f"not readable: {error}")
        return
    if not blocks:
        yield unreadable(label, "no structure in the file")
    for k, block in enumerate(blocks):
        where = f"{label}#{k}" if len(blocks) > 1 else label
        columns = {"note": _MOMENTS} if is_magnetic(block) else {}
        load = partial(load_block, block)
        yield Source(
            where,
            text_digest(block.text),
            load,
            columns,
            number=k + 1,
            disordered=partial(disordered_structure, block),
        )


def atoms_of_text(text: str) -> Atoms:
    """Return the atoms of the last crystal in the text of a CIF.

    Raises
    ------
    CrystalError
        If there is none, or what is said of it disagrees; see
        :func:`ase_ecn.readers.cif.reading.read_block`.
    """
    blocks = _crystals(text.lstrip("\ufeff"))
    if not blocks:
        raise CrystalError("cannot read the CIF: it has no structure")
    return load_block(blocks[-1])


def disordered_structure_of_text(text: str) -> Structure | None:
    """The last crystal in the text of a CIF if it is disordered.

    Raises
    ------
    CrystalError
        See :func:`ase_ecn.readers.cif.disorder.disordered_structure`.
    """
    blocks = _crystals(text.lstrip("\ufeff"))
    return disordered_structure(blocks[-1]) if blocks else None


def load_block(block: Block) -> Atoms:
    """Read a block, and say in errors that it is the CIF's.

    Raises
    ------
    CrystalError
        See :func:`ase_ecn.readers.cif.reading.read_block`.
    """
    try:
        return read_block(block)
    except CrystalError as error:
        raise type(error)(f"cannot read the CIF: {error}") from error


def _crystals(text: str) -> list[Block]:
    return [block for block in blocks_of(text) if has_sites(block)]
