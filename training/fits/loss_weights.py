"""Weights of energies, forces and stresses in losses, as configurations name them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ForceWeights:
    """Weights of energies, forces and stresses in the loss.

    Attributes
    ----------
    energy, forces, virial
        Of errors in eV/atom, eV/Å, and eV/atom of the stress times the volume of an atom.
    """

    energy: float = 4.0
    forces: float = 1.0
    virial: float = 0.5


@dataclass(frozen=True)
class LabelWeights:
    """Weights of energies, forces and stresses in the loss.

    Attributes
    ----------
    energy, forces, stress
        Of mean absolute errors in eV/atom, of the lengths of the errors of forces in eV/Å, and of
        components of the stress in GPa.
    """

    energy: float = 1.0
    forces: float = 0.1
    stress: float = 0.01
