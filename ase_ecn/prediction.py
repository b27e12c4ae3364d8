"""From validated crystals to predicted properties, with a loaded network."""

from __future__ import annotations

from collections.abc import Callable, ItemsView, Iterable, Iterator, KeysView, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ase_ecn.checkpoint import DEFAULT_ECN
from ase_ecn.crystal import Crystal, PrimitiveCrystal
from ase_ecn.derived import Derivation, derive
from ase_ecn.device_batches import CudaMemory, DeviceBatches
from ase_ecn.domain import VACUUM, vacuum_widths
from ase_ecn.errors import ASEECNError, MemoryExhaustedError
from ase_ecn.execution import in_halves, in_threads, own_modes
from ase_ecn.graphs.transfer import Returning
from ase_ecn.hull import HullDistance, KnownPhases
from ase_ecn.loaded import LoadedNetwork
from ase_ecn.nn import registry
from ase_ecn.nn.network import PropertyNetwork
from ase_ecn.pipeline import in_pipeline
from ase_ecn.properties import SPREAD, Property, find, of_outputs
from ase_ecn.response import response_scalars
from ase_ecn.symmetry.primitive import near_repetition, primitive_cell

_LEAST_PER_THREAD = 32


class Prediction(Mapping[str, Any]):
    """Predicted properties of one crystal, as attributes and as a mapping.

    With the default checkpoint ``formation_energy`` (eV/atom), ``band_gap`` and ``band_gap_hse``
    (eV), ``metal_probability``, ``magnetization`` (absolute, µB per cell of the input),
    ``site_moments`` ((N,) absolute, µB), ``fermi_level`` (eV), ``forces`` ((N, 3) in eV/Å) and
    ``stress`` ((6,) in eV/Å³, ASE's order); others have their own. ``ecn-pes`` has
    ``potential_energy`` (eV/atom) instead of the formation energy.

    With a formation energy there are ``energy_above_hull`` (eV/atom) and ``decomposition`` (share
    of the atoms by the formula of a phase), with its uncertainty ``stability`` and
    ``stability_50meV`` too; :class:`~ase_ecn.hull.HullDistance` says what they mean.

    ``ecn-tensors`` has response tensors, in the frame of the input, and what follows from them, see
    :mod:`ase_ecn.response`.

    ``unavailable`` says, by name, why this crystal does not have a property that others have.
    ``out_of_domain`` is empty for a crystal like those of the training data; otherwise each entry
    describes something unusual about it.
    """

    def __init__(
        self,
        values: Mapping[str, Any],
        out_of_domain: tuple[str, ...] = (),
        unavailable: Mapping[str, str] | None = None,
    ) -> None:
        self._values = dict(values.items())
        self.out_of_domain = out_of_domain
        self.unavailable = dict(unavailable or {})

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    # Those of Mapping are many times as slow, and screens ask often.
    def keys(self) -> KeysView[str]:
        """Names of the properties."""
        return self._values.keys()

    def items(self) -> ItemsView[str, Any]:
        """Names and values."""
        return self._values.items()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if name in self._values:
            return self._values[name]
        reason = self.unavailable.get(name)
        raise AttributeError(f"no property {name!r}" + (f": {reason}" if reason else ""))

    def with_values(self, values: Mapping[str, Any]) -> Prediction:
        """The same with further values, or others."""
        return Prediction({**self._values, **values}, self.out_of_domain, self.unavailable)

    def mixed(self, other: Prediction, weight: float) -> Prediction:
        """Weighted mean with another prediction of the same properties, of weight ``1 - weight``.

        ``out_of_domain`` is that of this prediction.
        """
        values = {k: weight * v + (1 - weight) * other[k] for k, v in self._values.items()}
        return Prediction(values, self.out_of_domain)

    def __repr__(self) -> str:
        parts = (f"{name}={_short(value)}" for name, value in self._values.items())
        return f"Prediction({', '.join(parts)})"


def _short(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"<array {value.shape}>"
    return f"{value:.4g}" if isinstance(value, float) else repr(value)


@dataclass(frozen=True)
class PreparedBatch:
    """A batch whose graphs are there.

    Attributes
    ----------
    crystals
        As they were given.
    cells
        What the network sees of them, and then of the repetitions that some are close to.
    graphs
        Of the cells, for the network.
    features
        Of the cells, by which :mod:`ase_ecn.domain` knows what is unusual.
    near
        Weight of the crystal, against its repetition, for each crystal that is close to one.
    """

    crystals: Sequence[Crystal]
    cells: Sequence[PrimitiveCrystal]
    graphs: Any
    features: Mapping[str, NDArray[np.float64]]
    near: Mapping[int, float]


@dataclass(frozen=True)
class LaunchedBatch:
    """A batch that the device computes, or has computed."""

    batch: PreparedBatch
    outputs: Returning


class PropertyPredictor(LoadedNetwork[PropertyNetwork]):
    """A network ready to predict: loads the checkpoint once.

    Parameters
    ----------
    checkpoint
        Bundled name or path; ``None`` for ``"ecn-mp"``.
    device
        ``None`` for CUDA if available, otherwise the CPU.
    dtype
        ``"float32"`` or ``"float64"`` for the network; geometry is float64 in any case.
    phases
        What crystals compete with; ``None`` for the phases that come with the package.

    Raises
    ------
    CheckpointError
        If the checkpoint cannot be used.
    OptionError
        If the device or dtype does not exist.
    """

    def __init__(
        self,
        checkpoint: str | Path | None = None,
        *,
        device: str | torch.device | None = None,
        dtype: str = "float32",
        phases: KnownPhases | None = None,
    ) -> None:
        super().__init__(checkpoint or DEFAULT_ECN, PropertyNetwork, device, dtype)
        self.derivations: tuple[Derivation, ...] = (
            HullDistance(phases or KnownPhases()),
            *response_scalars(),
        )

    @cached_property
    def properties(self) -> tuple[str, ...]:
        """Names of the predicted properties."""
        return tuple(self._properties)

    @cached_property
    def scalars(self) -> tuple[str, ...]:
        """Those of which a crystal has one number."""
        return tuple(name for name, known in self._properties.items() if known.is_scalar)

    @cached_property
    def derived(self) -> tuple[str, ...]:
        """Those that are not the network's, but follow from what it predicts."""
        names = {known.public_name for known in self._outputs.values()}
        return tuple(name for name in self._properties if name not in names)

    def property_of(self, name: str) -> Property:
        """What one of the predicted properties is, with its unit in the card."""
        return self._properties[name]

    @cached_property
    def _properties(self) -> dict[str, Property]:
        """Those of the network and those that follow, by public name."""
        found = {known.public_name: known for known in self._outputs.values()}
        for derivation in self.derivations:
            found |= {name: find(name) for name in derivation.names(found)}
        return found

    @cached_property
    def _outputs(self) -> dict[str, Property]:
        """Properties by the names of the network's outputs."""
        network = self.model
        spreads = [f"{name}{SPREAD}" for name in network.uncertainties]
        found = of_outputs((*network.targets, *spreads), network.site_targets, self.card.units)
        derivatives = ("forces", "stress") if network.gives_forces else ()
        return found | {name: find(name) for name in derivatives}

    def predict(
        self,
        crystals: Sequence[Crystal],
        batch_size: int | None = None,
        *,
        forces: bool = True,
    ) -> list[Prediction]:
        """Predict all properties of validated crystals.

        Parameters
        ----------
        crystals
            Any number. Networks without forces see their primitive cells.
        batch_size
            Crystals per pass of the network, fewer if memory runs out or to give each thread its
            share; affects only speed and memory.
        forces
            Whether to predict forces and stress too, if the network has them.

        Raises
        ------
        MemoryExhaustedError
            If a single crystal does not fit into memory.
        UnsupportedElementError
            If the elements do not occur together in the data of a potential energy surface.
        """
        for crystal in crystals:
            self.card.check_system(crystal.numbers)
        plainly = partial(self._predict_all, forces=forces)
        if self.device.type == "cpu":
            found: Iterable[list[Prediction]] = in_threads(
                plainly, self._shares(crystals, batch_size)
            )
        else:
            batches = self.device_batches.cut(crystals, len, batch_size)
            found = self.predict_in_pipeline(batches, forces=forces)
        return list(chain.from_iterable(found))

    def predict_in_pipeline(
        self, batches: Iterable[Sequence[Crystal]], *, forces: bool = True
    ) -> Iterator[list[Prediction]]:
        """Predictions of batches of which the next are prepared while the device computes one."""
        return in_pipeline(
            batches,
            self.prepare,
            partial(self.launch, forces=forces),
            self.read,
            partial(self._predict_all, forces=forces),
        )

    def _shares(
        self, crystals: Sequence[Crystal], batch_size: int | None
    ) -> list[Sequence[Crystal]]:
        """Batches of which each thread has its share."""
        size = batch_size or self.model.batch_size
        share = -(-len(crystals) // torch.get_num_threads())
        size = min(size, max(share, _LEAST_PER_THREAD))
        return [crystals[start : start + size] for start in range(0, len(crystals), size)]

    def predict_each(
        self,
        crystals: Sequence[Crystal],
        batch_size: int | None = None,
        *,
        forces: bool = True,
    ) -> list[Prediction | ASEECNError]:
        """As :meth:`predict`, with an error in place of the prediction of a crystal without one."""
        try:
            return list(self.predict(crystals, batch_size, forces=forces))
        except ASEECNError as error:
            if len(crystals) < 2:
                return [error]
        half = len(crystals) // 2
        parts = (crystals[:half], crystals[half:])
        return [one for part in parts for one in self.predict_each(part, batch_size, forces=forces)]

    def prepare(self, crystals: Sequence[Crystal]) -> PreparedBatch:
        """Graphs of a batch, on their way to the device; safe to call from threads."""
        with own_modes(self.device):
            free = self.model.motif == "free"
            near = {k: n for k, c in enumerate(crystals) if free and (n := near_repetition(c))}
            seen = [*crystals, *(repetition for repetition, _ in near.values())]
            cells = [self._cell(crystal) for crystal in seen]
            graphs = self.model.graphs([cell.crystal for cell in cells])
            features = dict(self.model.domain_features(graphs))
            if VACUUM in self.domain.ranges and VACUUM not in features:
                features[VACUUM] = vacuum_widths([cell.crystal for cell in cells])
            weights = {k: weight for k, (_, weight) in near.items()}
            return PreparedBatch(crystals, cells, self.model.ready(graphs), features, weights)

    def launch(self, batch: PreparedBatch, *, forces: bool = True) -> LaunchedBatch:
        """Let the device compute, which a GPU does after this has returned."""
        alone = self.model.gives_forces and not forces
        run = self.model.predict_without_forces if alone else self._run
        with (
            own_modes(self.device),
            self.device_batches.watched(sum(len(cell.crystal) for cell in batch.cells)),
        ):
            return LaunchedBatch(batch, Returning(run(batch.graphs)))

    def read(self, launched: LaunchedBatch) -> list[Prediction]:
        """Predictions of a batch, with what follows from the network's properties."""
        predictions = self._smooth(launched)
        pairs = zip(launched.batch.crystals, predictions, strict=True)
        return [self._complete(*pair) for pair in pairs]

    def _predict_all(self, crystals: Sequence[Crystal], *, forces: bool) -> list[Prediction]:
        """The same, all in the thread that calls; in halves if memory runs out."""
        work = partial(self._predict_batch, forces=forces)
        return in_halves(work, crystals, too_large, lambda _: self.device_batches.shrink())

    def _predict_batch(self, crystals: Sequence[Crystal], *, forces: bool) -> list[Prediction]:
        return self.read(self.launch(self.prepare(crystals), forces=forces))

    def _smooth(self, launched: LaunchedBatch) -> list[Prediction]:
        """Blend predictions of crystals that are almost repetitions with those of repetitions."""
        batch, found = launched.batch, self._predictions(launched)
        count = len(batch.crystals)
        for other, (k, weight) in zip(found[count:], batch.near.items(), strict=True):
            found[k] = found[k].mixed(other, weight)
        return found[:count]

    def _complete(self, crystal: Crystal, prediction: Prediction) -> Prediction:
        """Add what follows from the network's properties."""
        values, unavailable = derive(self.derivations, crystal.numbers, prediction)
        return Prediction(values, prediction.out_of_domain, unavailable)

    def _predictions(self, launched: LaunchedBatch) -> list[Prediction]:
        """Of each cell, what the network gives."""
        cells = launched.batch.cells
        outputs = launched.outputs.arrays()
        spreads = {k: v for k, v in outputs.items() if k.endswith(SPREAD)}
        features = {**launched.batch.features, **spreads}
        first = np.cumsum([0, *(len(cell.crystal) for cell in cells)])
        atoms = [start + cell.site_of_atom for start, cell in zip(first, cells, strict=False)]
        columns = {
            known.public_name: known.predicted(outputs[name], atoms)
            for name, known in self._outputs.items()
            if name in outputs
        }
        # Plain numbers are compared in less time than those of arrays.
        plain = {name: values.tolist() for name, values in features.items()}
        predictions = []
        for k, cell in enumerate(cells):
            numbers = cell.crystal.numbers[cell.site_of_atom]
            unusual = self.domain.outside(numbers, {n: v[k] for n, v in plain.items()})
            values = {name: column[k] for name, column in columns.items()}
            predictions.append(Prediction(values, unusual))
        return predictions

    def _cell(self, crystal: Crystal) -> PrimitiveCrystal:
        """What the network sees of a crystal."""
        motif = self.model.motif
        if motif is None:
            return PrimitiveCrystal(crystal, np.arange(len(crystal)))
        return primitive_cell(crystal, motif)

    @cached_property
    def device_batches(self) -> DeviceBatches:
        """How large batches may be where the memory is the device's own."""
        return DeviceBatches(CudaMemory(self.device) if self.device.type == "cuda" else None)

    @cached_property
    def _run(self) -> Callable[[Any], Mapping[str, torch.Tensor]]:
        """The quickest way from graphs to outputs."""
        return registry.quick(self.model)


def too_large(crystal: Crystal) -> Prediction:
    """Raise the error for a crystal that does not fit into memory, even alone."""
    raise MemoryExhaustedError(f"a crystal of {len(crystal)} atoms does not fit into memory")
