"""Configurations of fits: what a YAML file may say, with what it means where nothing is said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeVar

import yaml

from ase_ecn.errors import OptionError
from ase_ecn.graphs.bond_classes import NONE
from ase_ecn.nn.ecn import ECNConfig
from ase_ecn.nn.empnn import EMPNNConfig
from ase_ecn.nn.so3.architecture import SO3ECNConfig
from ase_ecn.properties import FORMATION_ENERGY, POTENTIAL_ENERGY, PROPERTIES
from ase_ecn.training.data.cache import LabelledGraphs
from ase_ecn.training.data.ecn_data import ECNData, load_ecn_data
from ase_ecn.training.data.force_sets import ForceData
from ase_ecn.training.data.labels import TEACHER, LabelData
from ase_ecn.training.data.property_rows import PROPERTY_LABELS, PropertyData
from ase_ecn.training.data.relaxed_lattices import LatticeData
from ase_ecn.training.data.tensor_rows import SHAPES, TensorData
from ase_ecn.training.fits.loop import FitOptions
from ase_ecn.training.fits.loss_weights import ForceWeights, LabelWeights
from ase_ecn.training.fits.losses import lattice_loss_named
from ase_ecn.training.fits.noise import NoiseSchedule, StartCells, start_cells
from ase_ecn.training.fits.precision import FLOAT32, PRECISIONS
from ase_ecn.training.fits.sampling import Sampling
from ase_ecn.training.fits.typed import TOP, known_or_refused, parse, plain

C = TypeVar("C", bound="Configuration")


class NamedData(Protocol):
    """What a network is fitted to."""

    @property
    def name(self) -> str:
        """Name of the main set."""


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """What every configuration says.

    Attributes
    ----------
    name
        Of the checkpoint, and of the folder of results.
    data
        What it is fitted to.
    fit
        The schedule.
    version
        Of the checkpoint.
    init
        Checkpoint to start from.
    """

    network: ClassVar[str]
    precisions: ClassVar[tuple[str, ...]] = (FLOAT32,)

    name: str
    data: NamedData
    fit: FitOptions
    version: str = "v1"
    init: str | None = None

    @classmethod
    def from_dict(cls: type[C], section: Mapping[str, Any]) -> C:
        """Read what a YAML file or a card says.

        Raises
        ------
        OptionError
            If a key or a value is unknown; the message lists those that are known.
        """
        given = {key: value for key, value in section.items() if key != "network"}
        if section.get("network", cls.network) != cls.network:
            raise OptionError(
                f"a configuration of {section['network']!r} is not one of {cls.network!r}"
            )
        found = parse(cls, given, TOP)
        what = f"precision of a fit of {cls.network!r}"
        known_or_refused(what, [found.fit.precision], cls.precisions)
        return found

    def to_dict(self) -> dict[str, Any]:
        """Return what :meth:`from_dict` reads the same configuration from, for cards."""
        return {"network": self.network, **plain(self)}


@dataclass(frozen=True, kw_only=True)
class ECNConfiguration(Configuration):
    """Fit of an ECN to labels.

    Attributes
    ----------
    data
        What it is fitted to.
    model
        The architecture.
    loss_weights
        Of the properties in the loss; 1 where nothing is said.
    units
        Of properties that the package does not know.
    """

    network: ClassVar[str] = "ecn"
    precisions: ClassVar[tuple[str, ...]] = PRECISIONS

    data: ECNData
    model: ECNConfig
    loss_weights: dict[str, float] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        targets = (*self.model.crystal_targets, *self.model.site_targets)
        known_or_refused("property", targets, (*PROPERTIES, *self.units))
        for section in ("loss_weights", "units"):
            known_or_refused(f"property in {section}", getattr(self, section), targets)

    def load(self, data: Path, split: str) -> LabelledGraphs:
        """Labelled graphs of one split of the data."""
        return load_ecn_data(data, self.data, self.model, split)


@dataclass(frozen=True, kw_only=True)
class LatticeConfiguration(Configuration):
    """Fit of a network to lattices that were deformed.

    Attributes
    ----------
    data
        Whose lattices are learned.
    noise
        Where the network starts from.
    loss
        Name of the loss of a cell.
    loss_offset
        The loss of a crystal is divided by the root of its noise plus this.
    unroll
        Up to how many times the network is applied in training.
    rattle
        By how many Å atoms are displaced along each axis at most, in the root mean square, for a
        network that moves them.
    """

    precisions: ClassVar[tuple[str, ...]] = PRECISIONS

    data: LatticeData
    noise: StartCells = field(default_factory=NoiseSchedule, metadata={"parse": start_cells})
    loss: str = "relative-metric"
    loss_offset: float = 0.05
    unroll: int = 1
    rattle: float = 0.0

    def __post_init__(self) -> None:
        lattice_loss_named(self.loss)
        if self.unroll < 1:
            raise OptionError(f"unroll is {self.unroll}: a network is applied at least once")
        if not self.loss_offset >= 0:
            raise OptionError(f"loss_offset is {self.loss_offset}; it must not be negative")
        if self.rattle < 0 or (self.rattle > 0) != self.moves_atoms:
            raise OptionError("rattle (Å, positive) goes with positions: true of the model")

    @property
    def moves_atoms(self) -> bool:
        """Whether the network moves atoms, too."""
        return False


@dataclass(frozen=True, kw_only=True)
class EMPNNConfiguration(LatticeConfiguration):
    """Fit of an EMPNN by denoising.

    Attributes
    ----------
    model
        The architecture.
    """

    network: ClassVar[str] = "empnn"

    model: EMPNNConfig

    @property
    def moves_atoms(self) -> bool:
        """Whether the network moves atoms, too."""
        return self.model.positions


def _energy_model(section: Any, where: str) -> ECNConfig:
    if isinstance(section, Mapping):
        section = {"crystal_targets": [POTENTIAL_ENERGY], **section}
    return parse(ECNConfig, section, where)


@dataclass(frozen=True, kw_only=True)
class PESConfiguration(Configuration):
    """Fit of an ECN to energies, forces and stresses.

    Attributes
    ----------
    data
        What it is fitted to.
    model
        The architecture; its target is the potential energy.
    loss_weights
        Of energies, forces and stresses.
    sampling
        Epochs and batches by number of bonds, in the place of ``batch_size``.
    """

    network: ClassVar[str] = "pes"

    data: ForceData
    model: ECNConfig = field(metadata={"parse": _energy_model})
    loss_weights: ForceWeights = field(default_factory=ForceWeights)
    sampling: Sampling | None = None


@dataclass(frozen=True, kw_only=True)
class SO3Configuration(Configuration):
    """Fit of an SO(3)-equivariant network to energies, forces and stresses of many crystals.

    Attributes
    ----------
    data
        What it is fitted to.
    model
        The architecture.
    loss_weights
        Of energies, forces and stresses.
    with_forces
        Crystals of a batch whose forces and stresses count too.
    batches_per_epoch
        After so many batches the network is scored and the state stored.
    """

    network: ClassVar[str] = "so3"

    data: LabelData
    model: SO3ECNConfig
    loss_weights: LabelWeights = field(default_factory=LabelWeights)
    with_forces: int = 12
    batches_per_epoch: int = 2000

    def __post_init__(self) -> None:
        if not 0 <= self.with_forces <= self.fit.batch_size:
            raise OptionError(
                f"with_forces must be between 0 and batch_size, {self.fit.batch_size}; "
                f"got {self.with_forces}"
            )
        if self.batches_per_epoch < 1:
            raise OptionError(
                f"batches_per_epoch is {self.batches_per_epoch}; at least 1 is needed"
            )
        if self.model.classes != NONE:
            raise OptionError(
                f"labels are packed without classes of bonds: classes must be {NONE!r}, "
                f"got {self.model.classes!r}"
            )


@dataclass(frozen=True, kw_only=True)
class PropertiesConfiguration(Configuration):
    """Fit of an SO(3)-equivariant network to DFT's energies and further properties.

    Attributes
    ----------
    data
        DFT's labels.
    model
        The architecture.
    loss_weights
        Of the properties in the loss; 1 where nothing is said. Errors of energies count in eV/atom,
        those of others in units of the labels' standard deviation.
    teacher
        Labels with forces that are kept in the mix, so that the network does not forget them.
    with_teacher
        How many crystals of a batch are the teacher's, beside the ``batch_size`` of DFT.
    teacher_weights
        Of their energies, forces and stresses.
    """

    network: ClassVar[str] = "properties"

    data: PropertyData
    model: SO3ECNConfig
    loss_weights: dict[str, float] = field(default_factory=dict)
    teacher: LabelData = field(default_factory=lambda: LabelData(TEACHER))
    with_teacher: int = 8
    teacher_weights: LabelWeights = field(default_factory=LabelWeights)

    def __post_init__(self) -> None:
        if self.model.target != FORMATION_ENERGY:
            raise OptionError(f"the target must be {FORMATION_ENERGY}, got {self.model.target!r}")
        further = (*self.model.crystal_targets, *self.model.site_targets)
        known_or_refused("property", further, PROPERTY_LABELS)
        known_or_refused(
            "property in loss_weights", self.loss_weights, (self.model.target, *further)
        )
        if self.with_teacher < 0:
            raise OptionError(f"with_teacher is {self.with_teacher}; it must not be negative")


@dataclass(frozen=True, kw_only=True)
class TensorsConfiguration(Configuration):
    """Fit of heads for response tensors on the trunk of ``init``.

    Attributes
    ----------
    data
        The labels.
    model
        The architecture, with that trunk.
    trunk_learning_rate
        Peak of that of the trunk, which is fitted too and then gives other energies; 0 for a trunk
        that stays as it is.
    loss_weights
        Of each tensor's errors, in units of their mean absolute deviation, and of those of natural
        logarithms of ``bulk_modulus``, ``shear_modulus``, ``mean_dielectric`` and
        ``mean_dielectric_total``; 1 where nothing is said.
    """

    network: ClassVar[str] = "tensors"

    data: TensorData
    model: SO3ECNConfig
    loss_weights: dict[str, float] = field(default_factory=dict)
    trunk_learning_rate: float = 0.0

    def __post_init__(self) -> None:
        if not self.model.tensor_targets:
            raise OptionError("the model has no tensor_targets")
        if not self.trunk_learning_rate >= 0:
            raise OptionError(
                f"trunk_learning_rate is {self.trunk_learning_rate}; it must not be negative"
            )
        known_or_refused("label in loss_weights", self.loss_weights, SHAPES)


CONFIGURATIONS: dict[str, type[Configuration]] = {
    kind.network: kind
    for kind in (
        ECNConfiguration,
        EMPNNConfiguration,
        PESConfiguration,
        SO3Configuration,
        PropertiesConfiguration,
        TensorsConfiguration,
    )
}
"""Configurations by the kind of fit, ``network`` in a YAML file."""


def read_config(path: Path, network: str) -> Configuration:
    """Read a YAML configuration of one kind of fit.

    Raises
    ------
    OptionError
        If it cannot be read, is of another kind, or has an unknown key or value.
    """
    try:
        section = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeError, yaml.YAMLError) as error:
        raise OptionError(f"cannot read the configuration {path}: {error}") from error
    if not isinstance(section, Mapping):
        raise OptionError(f"{path}: {TOP} is not a section with keys")
    found = section.get("network")
    known_or_refused(f"network in {path}", [found], CONFIGURATIONS)
    if found != network:
        raise OptionError(f"{path} configures {found!r}, not {network!r}")
    try:
        return CONFIGURATIONS[network].from_dict(section)
    except OptionError as error:
        raise OptionError(f"{path}: {error}") from error


def config_of_card(content: Mapping[str, Any], kind: type[C]) -> C:
    """Return the configuration that a card says a checkpoint was fitted with."""
    return kind.from_dict({**content["configuration"], "network": kind.network})


def fitted_to_tensors(content: Mapping[str, Any]) -> bool:
    """Whether a card has a :class:`TensorsConfiguration`."""
    return bool(content.get("configuration", {}).get("network") == TensorsConfiguration.network)


def fitted_to_properties(content: Mapping[str, Any]) -> bool:
    """Whether a card has a :class:`PropertiesConfiguration`."""
    return bool(content.get("configuration", {}).get("network") == PropertiesConfiguration.network)
