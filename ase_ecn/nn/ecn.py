"""The Equivariant Crystal Network (Kaba & Ravanbakhsh, NeurIPS 2022) in quotient form.

Without an encoding of the cell, the features of an atom are the same in all eight cells of the
2x2x2 supercell at every layer. So the network runs on the primitive cell with coloured bonds and
gives what it would give on the supercell, at an eighth of the cost.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ase_ecn.errors import OptionError
from ase_ecn.graphs.batch import BondBatch
from ase_ecn.graphs.radial import RADIAL_CUTOFF
from ase_ecn.graphs.supercell import CELLS, supercell
from ase_ecn.graphs.voronoi import MIN_FACE_SHARE, BondMode
from ase_ecn.nn.angular import MAX_DEGREE, AngularDensity, spherical_harmonics
from ase_ecn.nn.atoms import ATOM_FEATURES, AtomFeatures
from ase_ecn.nn.bond_network import BondNetwork
from ase_ecn.nn.layers import (
    MAX_ATOMIC_NUMBER,
    MAX_LAYERS,
    MAX_WIDTH,
    ColouredMessages,
    GatedMessages,
    GaussianBasis,
    check_sizes,
    cutoff_weight,
    scatter_mean,
    smooth_step,
    two_layer,
)
from ase_ecn.nn.network import Network, options
from ase_ecn.symmetry.colours import (
    GROUPS,
    LATTICE_COLOURS,
    MOTIFS,
    OTHER_ATOM,
    Group,
    Motif,
    bond_colour_count,
)

MESSAGES = ("gated", "coloured")
READOUTS = ("mean_features", "contributions")
SPREAD_WIDTH = 32


@dataclass(frozen=True)
class ECNConfig:
    """Architecture of an :class:`ECN`.

    Attributes
    ----------
    crystal_targets
        Properties read from the mean of the atoms' features.
    site_targets
        Properties read from each atom's features.
    uncertainties
        Crystal targets whose standard error is predicted too, as ``NAME_std``.
    group, motif
        What colours the bonds, see :mod:`ase_ecn.symmetry.colours`.
    cell_encoding
        Run on the paper's full supercell, whose cells are told apart by a one-hot input. Needs
        the motif ``"fixed"``.
    messages
        ``"gated"``: colours are inputs of gated messages. ``"coloured"``: the paper's, with
        input weights for each colour and attention.
    features
        Input features of atoms: ``"number"``, ``"group_period"`` or ``"properties"``, see
        :class:`ase_ecn.nn.atoms.AtomFeatures`.
    hubbard
        Whether to mark crystals that the Materials Project treats with a Hubbard U.
    width, layers
        Number of features of an atom and of rounds of message passing.
    distance_features, share_features
        Number of Gaussians for the bond length and for the logarithm of the face share.
    angular_degree, angular_channels
        Highest degree and channels of the angular features of gated messages; degree 0 for none.
    bonds
        Kind of bonds: ``"voronoi"``, ``"cordero"`` or ``"radial"``. With radial bonds all outputs
        are smooth functions of the positions. They need the group ``"S_N"``: the colours of the
        others know which atoms are images of each other, so outputs would jump with symmetry.
    cutoff
        Length in Å at which radial bonds end.
    readout
        ``"mean_features"``: crystal targets are functions of the mean of the atoms' features.
        ``"contributions"``: they are means of contributions of the atoms, plus a constant for
        each element, so that an energy is extensive and local.
    dropout
        Share of the changes of atom features that are left out, in training only.
    """

    crystal_targets: tuple[str, ...]
    site_targets: tuple[str, ...] = ()
    uncertainties: tuple[str, ...] = ()
    group: Group = "S_lattice"
    motif: Motif = "free"
    cell_encoding: bool = False
    messages: str = "gated"
    features: str = "number"
    hubbard: bool = False
    width: int = 112
    layers: int = 5
    distance_features: int = 40
    share_features: int = 8
    angular_degree: int = 0
    angular_channels: int = 16
    bonds: BondMode = "voronoi"
    cutoff: float = RADIAL_CUTOFF
    readout: str = "mean_features"
    dropout: float = 0.0

    def __post_init__(self) -> None:
        check_sizes(
            width=(self.width, MAX_WIDTH),
            layers=(self.layers, MAX_LAYERS),
            distance_features=(self.distance_features, MAX_WIDTH),
            share_features=(self.share_features, MAX_WIDTH),
            angular_channels=(self.angular_channels, MAX_WIDTH),
        )
        if not self.crystal_targets and not self.site_targets:
            raise OptionError("an ECN needs at least one target")
        for option, known in (
            ("group", GROUPS),
            ("motif", MOTIFS),
            ("messages", MESSAGES),
            ("features", ATOM_FEATURES),
            ("bonds", ("voronoi", "cordero", "radial")),
            ("readout", READOUTS),
        ):
            if getattr(self, option) not in known:
                raise OptionError(
                    f"unknown {option} {getattr(self, option)!r}; known are {', '.join(known)}"
                )
        if not set(self.uncertainties) <= set(self.crystal_targets):
            raise OptionError(f"uncertainties are of crystal targets: {self.crystal_targets}")
        if self.cell_encoding and self.motif != "fixed":
            raise OptionError("the encoding of cells needs the motif 'fixed'")
        self._check_energies()
        if not 0 <= self.angular_degree <= MAX_DEGREE:
            raise OptionError(f"the angular degree must be 0 to {MAX_DEGREE}")
        if not 0 <= self.dropout < 1:
            raise OptionError("the dropout must be at least 0 and below 1")
        if self.angular_degree and self.messages != "gated":
            raise OptionError("angular features need gated messages")

    def _check_energies(self) -> None:
        if self.bonds == "radial" and self.group != "S_N":
            raise OptionError("radial bonds need the group 'S_N', which does not colour bonds")
        if not self.cutoff > 0:
            raise OptionError("the cutoff must be positive")
        if self.readout == "contributions" and self.uncertainties:
            raise OptionError("uncertainties need the readout 'mean_features'")

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-able dictionary."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}

    @classmethod
    def from_dict(cls, section: Mapping[str, Any]) -> ECNConfig:
        """Build the configuration from a JSON-able dictionary."""
        return cls(**options(section))


class ECN(BondNetwork):
    """Crystal graph network whose bonds are coloured by a lattice group (claim 6.1).

    Outputs are in units of the training targets' spread; :attr:`shift` and :attr:`scale` map them
    to physical units. :attr:`element_constants`, (T, 119), are added to the contributions of atoms.
    """

    config: ECNConfig
    shift: Tensor
    scale: Tensor
    spread_factor: Tensor
    element_constants: Tensor

    def __init__(self, config: ECNConfig) -> None:
        super().__init__()
        self.config = config
        width = config.width
        self.embedding = AtomFeatures(width, config.features, config.hubbard)
        if config.cell_encoding:
            self.cell_embedding = nn.Embedding(CELLS, width)
        radial = config.bonds == "radial"
        longest = config.cutoff if radial else 6.5
        self.distance = GaussianBasis(0.8, longest, config.distance_features)
        if not radial:
            self.share = GaussianBasis(-4.6, -0.7, config.share_features)
        self.colours = bond_colour_count(config.group, config.motif)
        edge_features = config.distance_features + (0 if radial else config.share_features)
        angular = config.angular_channels * config.angular_degree
        if config.messages == "gated":
            edge_features += self.colours
            self.layers = nn.ModuleList(
                GatedMessages(width, edge_features, angular) for _ in range(config.layers)
            )
        else:
            self.layers = nn.ModuleList(
                ColouredMessages(width, edge_features, self.colours) for _ in range(config.layers)
            )
        if config.angular_degree:
            self.angular = nn.ModuleList(
                AngularDensity(width, edge_features, config.angular_channels, config.angular_degree)
                for _ in range(config.layers)
            )
        self.dropout = nn.Dropout(config.dropout)
        self.norm = nn.LayerNorm(width)
        self.heads = nn.ModuleDict({name: two_layer(width, width, 1) for name in self.targets})
        if config.uncertainties:
            self.spreads = nn.ModuleDict(
                {name: two_layer(width, SPREAD_WIDTH, 1) for name in config.uncertainties}
            )
            factor = torch.ones(len(config.uncertainties), dtype=torch.float64)
            self.register_buffer("spread_factor", factor)
        if config.readout == "contributions":
            constants = torch.zeros(len(config.crystal_targets), MAX_ATOMIC_NUMBER + 1)
            self.register_buffer("element_constants", constants.double())
        self.register_buffer("shift", torch.zeros(len(self.targets), dtype=torch.float64))
        self.register_buffer("scale", torch.ones(len(self.targets), dtype=torch.float64))

    @classmethod
    def from_dict(cls, architecture: Mapping[str, Any]) -> ECN:
        """Build the network from its architecture."""
        return cls(ECNConfig.from_dict(architecture))

    @property
    def networks(self) -> tuple[ECN, ...]:
        """Itself."""
        return (self,)

    def takes(self, source: Network) -> bool:
        """Whether the other is of the same class: heads of other targets stay fresh."""
        return type(source) is type(self)

    def take_units(self, source: Network) -> None:
        """Adopt units by the names of targets, whose number and order may differ."""
        assert isinstance(source, ECN)
        for k, name in enumerate(self.targets):
            if name in source.targets:
                place = source.targets.index(name)
                self.shift[k], self.scale[k] = source.shift[place], source.scale[place]

    def forward(self, batch: BondBatch) -> dict[str, Tensor]:
        """Predict every target in physical units (logits for classes).

        Parameters
        ----------
        batch
            B crystals with N atoms, their translations coloured by the network's group.

        Returns
        -------
        dict
            (B,) for crystal targets and their uncertainties and (N,) for site targets, averaged
            over the views of the lattice.
        """
        count = batch.translation_colours.shape[1]
        views = [self._outputs(batch, view) for view in range(count)]
        if count == 1:
            return views[0]
        return {k: torch.stack([v[k] for v in views]).mean(dim=0) for k in views[0]}

    def atom_features(self, batch: BondBatch, view: int = 0) -> Tensor:
        """Features of the atoms after the last round.

        Returns
        -------
        Tensor
            (N, width), or (8 N, width) in the order of :func:`ase_ecn.graphs.supercell.supercell`
            with an encoding of the cells.
        """
        h: Tensor = self.embedding(batch)
        primitive = batch
        if self.config.cell_encoding:
            cell = torch.arange(CELLS, device=h.device)
            h = (h[None] + self.cell_embedding(cell)[:, None]).flatten(0, 1)
            batch = supercell(batch)
        if self.config.messages == "coloured":
            # Copies of a bond have the same features, which the layers need only once.
            colour = self._bond_colours(primitive, view)
            edges, weight = self._edge_features(primitive)
            weight = weight.repeat(len(batch.source) // max(1, len(weight)))
            for layer in self.layers:
                h = self._step(h, layer(h, edges, colour, batch.source, batch.target, weight))
        else:
            h = self._gated_rounds(h, *self.gated_edges(batch, view), batch)
        out: Tensor = self.norm(h)
        return out

    def gated_edges(self, batch: BondBatch, view: int) -> tuple[Tensor, Tensor]:
        """Features (E, D) of bonds with their colours, and weights (E,), of gated messages."""
        edges, weight = self._edge_features(batch)
        colour = self._bond_colours(batch, view)
        one_hot = nn.functional.one_hot(colour, self.colours).to(edges.dtype)
        return torch.cat([edges, one_hot], dim=1), weight

    def _gated_rounds(self, h: Tensor, edges: Tensor, weight: Tensor, batch: BondBatch) -> Tensor:
        ends = (batch.source, batch.target)
        if not self.config.angular_degree:
            for layer in self.layers:
                h = self._step(h, layer(h, edges, *ends, weight))
            return h
        unit = batch.vector / batch.distance[:, None]
        harmonics = spherical_harmonics(unit, self.config.angular_degree)
        for layer, density in zip(self.layers, self.angular, strict=True):
            extra = density(h, edges, harmonics, *ends, weight)
            h = self._step(h, layer(h, edges, *ends, weight, extra))
        return h

    def _step(self, before: Tensor, after: Tensor) -> Tensor:
        if not self.config.dropout:
            return after
        change: Tensor = self.dropout(after - before)
        return before + change

    def _outputs(self, batch: BondBatch, view: int) -> dict[str, Tensor]:
        h = self.atom_features(batch, view)
        if self.config.cell_encoding:
            h = h.reshape(CELLS, -1, h.shape[1]).mean(dim=0)
        return self.readout(h, batch)

    def readout(self, h: Tensor, batch: BondBatch) -> dict[str, Tensor]:
        """Outputs as of :meth:`forward` from (N, width) features of the atoms."""
        pooled = scatter_mean(h, batch.crystal_of_atom, batch.atom_counts)
        outputs = {}
        for k, name in enumerate(self.targets):
            pools = name in self.config.crystal_targets
            local = not pools or self.config.readout == "contributions"
            raw = self.heads[name](h if local else pooled).squeeze(1)
            value = raw * self.scale[k].to(raw.dtype) + self.shift[k].to(raw.dtype)
            if pools and local:
                value = value + self.element_constants[k, batch.numbers].to(raw.dtype)
                value = scatter_mean(value, batch.crystal_of_atom, batch.atom_counts)
            outputs[name] = value
        return {**outputs, **self.standard_errors(pooled)}

    def standard_errors(self, pooled: Tensor) -> dict[str, Tensor]:
        """Uncertainties (B,) from mean features (B, width) of the atoms."""
        outputs = {}
        for k, name in enumerate(self.config.uncertainties):
            spread = nn.functional.softplus(self.spreads[name](pooled).squeeze(1))
            unit = self.spread_factor[k] * self.scale[self.targets.index(name)]
            outputs[f"{name}_std"] = spread * unit.to(spread.dtype)
        return outputs

    def _bond_colours(self, batch: BondBatch, view: int) -> Tensor:
        """Orbits of the bonds, (E,): the product of the lattice's and the motif's colours."""
        if self.config.group == "S_N":
            return torch.zeros_like(batch.source)
        colours = LATTICE_COLOURS[self.config.group]
        crystal = batch.crystal_of_atom.index_select(0, batch.source)
        lattice = batch.translation_colours[crystal, view, batch.translation]
        if self.config.motif == "free":
            return torch.where(batch.own_image, colours - lattice, OTHER_ATOM)
        return lattice + colours * batch.own_image.to(lattice.dtype)

    def _edge_features(self, batch: BondBatch) -> tuple[Tensor, Tensor]:
        if self.config.bonds == "radial":
            weight = cutoff_weight(batch.distance, self.config.cutoff)
            return self.distance(batch.distance), weight
        share = batch.face_share
        edges = torch.cat([self.distance(batch.distance), self.share(torch.log(share))], dim=1)
        weight = torch.sqrt(share)
        if self.config.bonds == "voronoi":
            # A face on the threshold has no weight, so it may come and go with rounding.
            weight = weight * smooth_step(share / MIN_FACE_SHARE - 1)
        return edges, weight
