"""Forces and stress: derivatives of a network's energy with respect to positions and strain.

The energy depends on the geometry through the bonds' vectors alone. With its gradient
``g_ij`` with respect to each of them, the force on an atom is the sum of what its bonds pull, and a
strain ``e``, which turns every vector ``v`` into ``v (1 + e)``, changes the energy by
``sum g_ij . (v_ij e)``. So one gradient gives both.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from ase_ecn.graphs.batch import BondBatch
from ase_ecn.nn.layers import scatter_sum

VOIGT = ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))
"""ASE's order of the components of a stress: xx, yy, zz, yz, xz, xy."""


@dataclass(frozen=True)
class EnergyDerivatives:
    """Energy, forces and stress of B crystals with N atoms.

    Attributes
    ----------
    outputs
        All outputs of the network.
    forces
        (N, 3) in eV/Å.
    stress
        (B, 6) in eV/Å³, Voigt order xx, yy, zz, yz, xz, xy; the derivative of the energy with
        respect to strain, per volume, so positive in a crystal that is pulled apart, as in ASE.
    """

    outputs: dict[str, Tensor]
    forces: Tensor
    stress: Tensor


def energy_derivatives(
    model: nn.Module,
    batch: BondBatch,
    volumes: Tensor,
    energy: str,
    *,
    differentiable: bool = False,
) -> EnergyDerivatives:
    """Evaluate a network and differentiate its energy.

    Parameters
    ----------
    model
        Network with radial bonds, whose output ``energy`` is in eV/atom.
    batch
        B crystals; the gradients are with respect to its ``vector``.
    volumes
        (B,) of the cells in Å³.
    energy
        Name of the output.
    differentiable
        Keep the graph, to differentiate a loss of the forces with respect to the weights.
    """
    # Also where the caller has turned gradients off.
    with torch.inference_mode(False), torch.enable_grad():
        vector = batch.vector.clone().requires_grad_(True)
        distance = torch.linalg.vector_norm(vector, dim=1)
        outputs = model(replace(batch, vector=vector, distance=distance))
        total = (outputs[energy] * batch.atom_counts.to(vector.dtype)).sum()
        (pull,) = torch.autograd.grad(total, vector, create_graph=differentiable)
        atoms = batch.numbers.shape[0]
        forces = scatter_sum(pull, batch.source, atoms) - scatter_sum(pull, batch.target, atoms)
        per_bond = torch.stack(
            [(pull[:, a] * vector[:, b] + pull[:, b] * vector[:, a]) / 2 for a, b in VOIGT], dim=1
        )
        crystal = batch.crystal_of_atom.index_select(0, batch.source)
        stress = scatter_sum(per_bond, crystal, volumes.shape[0]) / volumes[:, None]
    if not differentiable:
        outputs = {name: value.detach() for name, value in outputs.items()}
        forces, stress = forces.detach(), stress.detach()
    return EnergyDerivatives(outputs, forces, stress)
