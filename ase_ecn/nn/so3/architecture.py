"""The architecture of an SO(3)-equivariant crystal network."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from ase_ecn.errors import OptionError
from ase_ecn.graphs.bond_classes import CLASS_COUNTS, NONE
from ase_ecn.properties import FORMATION_ENERGY, POTENTIAL_ENERGY
from ase_ecn.response import STATED

_LANES = 16
ATTENTIVE = ("band_gap", "band_gap_hse", "metal")
"""Targets whose means over the atoms have learned weights, where nothing else is said."""


@dataclass(frozen=True)
class SO3ECNConfig:
    """Architecture of an :class:`SO3ECN`.

    Attributes
    ----------
    widths
        Channels of degree 0, 1, ..., multiples of 16. Their number says the highest degree of
        features and harmonics, 2 or 3.
    layers
        Convolutions, at least two.
    cutoff
        Of the neighbours, Å.
    first_knot
        Å, where the radial splines begin; nearer atoms are refused.
    intervals
        Of the splines.
    neighbors
        Typical number of neighbours, by whose root sums are divided.
    target
        ``"formation_energy"`` in the Materials Project's convention, of which the network learns
        the part that is smooth in the composition (see :mod:`ase_ecn.corrections`), or
        ``"potential_energy"`` as the labels have it.
    crystal_targets, site_targets
        Further properties of the crystal and of its atoms.
    tensor_targets
        Response tensors of the crystal, see :mod:`ase_ecn.nn.so3.tensor_heads`.
    uncertainties
        Those of the targets of the crystal, the energy among them, whose standard error is
        predicted too, as ``NAME_std``; of tensors, numbers that follow from them
        (:data:`ase_ecn.response.STATED`).
    dropout
        Share of the hidden channels of the further properties that training leaves out.
    attentive
        Those of the targets of the crystal, as few atoms may decide them, that are read from a mean
        over the atoms with learned weights.
    classes
        Of bonds, which have radial functions of their own: ``"none"``, ``"colours"``,
        ``"crystal_class"``, ``"site_symmetry"`` or ``"wyckoff"``, see
        :mod:`ase_ecn.graphs.bond_classes`. Only without classes are energies smooth, so others give
        no forces.
    element_gains
        Whether each element has factors of its own for the channels of a layer, before they are
        normalised.
    repulsion
        Where the repulsion of nuclei begins (:mod:`ase_ecn.nn.so3.repulsion`), in units of the sum
        of both covalent radii; 0 for none.
    """

    widths: tuple[int, ...] = (64, 32, 16)
    layers: int = 3
    cutoff: float = 5.0
    first_knot: float = 0.6
    intervals: int = 20
    neighbors: float = 30.0
    target: str = FORMATION_ENERGY
    crystal_targets: tuple[str, ...] = ()
    site_targets: tuple[str, ...] = ()
    uncertainties: tuple[str, ...] = ()
    dropout: float = 0.0
    classes: str = NONE
    repulsion: float = 0.0
    tensor_targets: tuple[str, ...] = ()
    attentive: tuple[str, ...] = ATTENTIVE
    element_gains: bool = False

    def __post_init__(self) -> None:
        if len(self.widths) not in (3, 4) or any(w < 1 or w % _LANES for w in self.widths):
            raise OptionError(
                f"widths must be three or four multiples of {_LANES}, got {self.widths}"
            )
        if self.target not in (FORMATION_ENERGY, POTENTIAL_ENERGY):
            raise OptionError(
                f"target must be {FORMATION_ENERGY} or {POTENTIAL_ENERGY}, got {self.target!r}"
            )
        if self.classes not in CLASS_COUNTS:
            raise OptionError(
                f"classes must be one of {', '.join(CLASS_COUNTS)}, got {self.classes!r}"
            )
        if self.layers < 2:
            raise OptionError(f"at least two layers are needed, got {self.layers}")
        if not 0 < self.first_knot < self.cutoff or self.intervals < 1 or self.neighbors <= 0:
            raise OptionError("0 < first_knot < cutoff, intervals and neighbors > 0 are needed")
        if not 0 <= self.repulsion <= 1:
            raise OptionError(f"repulsion must be between 0 and 1, got {self.repulsion}")
        self._check_heads()

    def _check_heads(self) -> None:
        names = (
            self.target,
            *self.crystal_targets,
            *self.site_targets,
            *self.tensor_targets,
        )
        if len(set(names)) < len(names):
            raise OptionError(f"a target occurs twice: {', '.join(names)}")
        possible = (self.target, *self.crystal_targets)
        possible += tuple(n for name in self.tensor_targets for n in STATED.get(name, ()))
        if not set(self.uncertainties) <= set(possible):
            raise OptionError(f"uncertainties are of targets of the crystal: {possible}")
        if not 0 <= self.dropout < 1:
            raise OptionError("the dropout must be at least 0 and below 1")

    @property
    def degree(self) -> int:
        """Highest degree of the features."""
        return len(self.widths) - 1

    @property
    def trunk(self) -> SO3ECNConfig:
        """The same without heads and repulsion: networks with one trunk may share its weights."""
        return replace(
            self,
            crystal_targets=(),
            site_targets=(),
            uncertainties=(),
            dropout=0.0,
            repulsion=0.0,
            tensor_targets=(),
            attentive=ATTENTIVE,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-able dictionary."""
        return asdict(self)
