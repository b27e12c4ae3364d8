"""Screened repulsion of nuclei, for atoms that are far nearer than any in the training data.

Where there are no labels, nothing keeps a network's energy from falling as two atoms approach each
other. The universal potential of Ziegler, Biersack and Littmark (*The Stopping and Range of Ions in
Solids*, 1985) rises there: the Coulomb energy of two nuclei, screened by a sum of exponentials. It
is switched off by a polynomial with three vanishing derivatives, at a share of the sum of the two
covalent radii that lies below the bonds in the data. Bonds that are not so short cost a comparison.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from ase.data import covalent_radii
from torch import Tensor

from ase_ecn.graphs.spheres import SphereArrays, SphereBatch
from ase_ecn.nn.layers import scatter_sum

_COULOMB = 14.399645  # eV Å, e² / (4 π ε0)
_BOHR = 0.52917721  # Å
_SCREENING = 0.8854  # (9 π² / 128)^(1/3), of Thomas and Fermi
_POWER = 0.23
_SHARES = (0.18175, 0.50986, 0.28022, 0.02817)
_RATES = (3.19980, 0.94229, 0.40290, 0.20162)
_ROUNDING = 1e-4  # Å
FULL = 0.9
"""Of the distance at which repulsion begins: nearer than that, it is not reduced by the switch."""


@dataclass(frozen=True)
class Repulsion:
    """K bonds out of those of a batch, all that are short enough to repel among them.

    Attributes
    ----------
    bonds
        (K,) their indices.
    energies
        (K,) float64, eV; half of the pair's, for each bond occurs in both directions.
    pulls
        (K, 3) derivatives of the energies by the bonds' vectors, eV/Å.
    """

    bonds: Tensor
    energies: Tensor
    pulls: Tensor

    def of_crystals(self, graph: SphereBatch, values: Tensor) -> Tensor:
        """(B,) sums of (K,) values over the bonds of each crystal."""
        crystals = graph.crystal_of_atom[graph.atom_of_bond[self.bonds]]
        return scatter_sum(values, crystals, len(graph.atom_counts))


def may_repel(arrays: SphereArrays, share: float) -> bool:
    """Whether a bond is short enough, or so nearly that rounding may decide it.

    Parameters
    ----------
    arrays, share
        As of :func:`repulsion`.
    """
    radii = covalent_radii[arrays.numbers]
    longest = 2 * share * float(radii.max()) + _ROUNDING
    near = np.flatnonzero(arrays.squared < longest * longest)
    if not len(near):
        return False
    begin = share * (radii[arrays.atom_of_bond[near]] + radii[arrays.neighbor[near]]) + _ROUNDING
    return bool((arrays.squared[near] < begin * begin).any())


def repulsion(graph: SphereBatch, share: float) -> Repulsion | None:
    """Repulsion of the atoms of a batch, or ``None`` if all bonds are longer than where it begins.

    Parameters
    ----------
    graph
        All neighbours, each bond in both directions.
    share
        Where repulsion begins, in units of the sum of both covalent radii.
    """
    vector = graph.vector.detach()
    squared = (vector * vector).sum(dim=1)
    near = _short_bonds(graph, squared, share)
    if near is None:
        return None
    z_near = graph.numbers[graph.atom_of_bond[near]]
    z_far = graph.numbers[graph.neighbor[near].long()]
    distance = squared[near].double().sqrt()
    value, slope = _pair(z_near.double(), z_far.double(), distance)
    on, falls = _switch(distance, _beginning(z_near, z_far, share))
    pulls = vector[near].double() * ((slope * on + value * falls) / (2 * distance))[:, None]
    return Repulsion(near, value * on / 2, pulls)


def _short_bonds(graph: SphereBatch, squared: Tensor, share: float) -> Tensor | None:
    """Indices of the bonds that may repel, or ``None`` if there are none."""
    if squared.device.type != "cpu":
        # A GPU would have to be waited for to know how many there are. Of long bonds, energies
        # and pulls are zero.
        return torch.arange(len(squared), device=squared.device)
    # Few bonds are as short as the largest atoms allow; only their elements are looked up.
    radii = _radii(squared.device)
    begin = 2 * share * radii[graph.numbers].max() if len(graph.numbers) else radii[0]
    near = torch.nonzero(squared < begin * begin)[:, 0]
    if not len(near):
        return None
    z_near = graph.numbers[graph.atom_of_bond[near]]
    z_far = graph.numbers[graph.neighbor[near].long()]
    near = near[squared[near].double().sqrt() < _beginning(z_near, z_far, share)]
    return near if len(near) else None


def _beginning(z_near: Tensor, z_far: Tensor, share: float) -> Tensor:
    """Distances (K,) in Å at which the repulsion of pairs of elements begins."""
    radii = _radii(z_near.device)
    return share * (radii[z_near] + radii[z_far])


@lru_cache(maxsize=8)
def _radii(device: torch.device) -> Tensor:
    """Covalent radii in Å by atomic number; made once, for a GPU must be waited for to get them."""
    with torch.inference_mode(False):
        return torch.as_tensor(covalent_radii, dtype=torch.float64, device=device)


def _pair(z_near: Tensor, z_far: Tensor, distance: Tensor) -> tuple[Tensor, Tensor]:
    """Energy (eV) of pairs of nuclei in their atoms, and its derivative by the distance."""
    length = _SCREENING * _BOHR / (z_near**_POWER + z_far**_POWER)
    reach = distance / length
    terms = [s * torch.exp(-r * reach) for s, r in zip(_SHARES, _RATES, strict=True)]
    screening = torch.stack(terms).sum(dim=0)
    falling = torch.stack([r * term for r, term in zip(_RATES, terms, strict=True)])
    fall = -falling.sum(dim=0) / length
    coulomb = _COULOMB * z_near * z_far / distance
    return coulomb * screening, coulomb * (fall - screening / distance)


def _switch(distance: Tensor, begin: Tensor) -> tuple[Tensor, Tensor]:
    """One below ``FULL`` times ``begin``, zero beyond ``begin``; and its derivative."""
    width = (1 - FULL) * begin
    x = ((distance - FULL * begin) / width).clamp(0, 1)
    on = 1 - x**4 * (35 - 84 * x + 70 * x**2 - 20 * x**3)
    return on, -140 * x**3 * (1 - x) ** 3 / width
