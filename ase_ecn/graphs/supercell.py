"""The paper's 2x2x2 supercell, made from the bonds of the primitive cell."""

from __future__ import annotations

from dataclasses import replace

import torch

from ase_ecn.graphs.batch import BondBatch

CELLS = 8


def supercell(batch: BondBatch) -> BondBatch:
    """Repeat every crystal 2x2x2 times, bonds that leave the supercell re-entering it.

    Node ``(a, i)`` of the paper has index ``a N + i`` for N atoms in the batch, so that atom
    features of shape (8 N, F) are (8, N, F) reshaped. Colours stay those of the primitive cell's
    bonds: the orbit of a pair of cells depends on their difference alone.

    Parameters
    ----------
    batch
        B crystals with N atoms and E bonds.

    Returns
    -------
    BondBatch
        The same B crystals with 8 N atoms and 8 E bonds.
    """
    atoms = len(batch.numbers)
    cell = torch.arange(CELLS, device=batch.source.device)[:, None]
    # Adding translations modulo two is XOR of their indices.
    moved = cell ^ batch.translation
    return replace(
        batch,
        numbers=batch.numbers.repeat(CELLS),
        crystal_of_atom=batch.crystal_of_atom.repeat(CELLS),
        atom_counts=CELLS * batch.atom_counts,
        source=(cell * atoms + batch.source).reshape(-1),
        target=(moved * atoms + batch.target).reshape(-1),
        vector=batch.vector.repeat(CELLS, 1),
        distance=batch.distance.repeat(CELLS),
        face_share=batch.face_share.repeat(CELLS),
        translation=batch.translation.repeat(CELLS),
        own_image=batch.own_image.repeat(CELLS),
    )
