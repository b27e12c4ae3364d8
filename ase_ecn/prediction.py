"""From validated crystals to predicted properties, with a loaded network."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ase_ecn.checkpoint import DEFAULT_ECN
from ase_ecn.crystal import Crystal, PrimitiveCrystal
from ase_ecn.derived import Derivation, derive
from ase_ecn.domain import VACUUM, vacuum_widths
from ase_ecn.errors import ASEECNError, MemoryExhaustedError
from ase_ecn.execution import in_halves, in_threads, own_modes
from ase_ecn.hull import HullDistance, KnownPhases
from ase_ecn.loaded import LoadedNetwork
from ase_ecn.nn import registry
from ase_ecn.nn.network import PropertyNetwork
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
        self._values = dict(values)
        self.out_of_domain = out_of_domain
        self.unavailable = dict(unavailable or {})

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

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
        size = batch_size or self.model.batch_size
        on_cpu = self.device.type == "cpu"
        if on_cpu:
            share = -(-len(crystals) // torch.get_num_threads())
            size = min(size, max(share, _LEAST_PER_THREAD))
        batches = [crystals[start : start + size] for start in range(0, len(crystals), size)]
        predict = partial(self._predict_all, forces=forces)
        found = (in_threads if on_cpu else map)(predict, batches)
        return list(chain.from_iterable(found))

    def _predict_all(self, crystals: Sequence[Crystal], *, forces: bool) -> list[Prediction]:
        """All properties of a batch, in the thread that computes it."""
        predictions = self._predict_smoothly(crystals, forces=forces)
        return [self._complete(*pair) for pair in zip(crystals, predictions, strict=True)]

    def predict_energy(self, crystal: Crystal, *, forces: bool) -> Prediction | None:
        """Predict the energy of one validated crystal, with forces and stress or without.

        ``out_of_domain`` is by geometry and elements, without the stated uncertainty, which takes
        a pass of all members of an ensemble.

        Parameters
        ----------
        crystal
            Taken as it is.
        forces
            Whether to predict forces and stress too.

        Returns
        -------
        Prediction or None
            ``None`` where the network takes as long for all properties.

        Raises
        ------
        MemoryExhaustedError, UnsupportedElementError
            As for :meth:`predict`.
        """
        self.card.check_system(crystal.numbers)
        work = partial(self._energy_alone, forces=forces)
        return in_halves(work, [crystal], _too_large)[0]

    def _energy_alone(
        self, crystals: Sequence[Crystal], *, forces: bool
    ) -> list[Prediction | None]:
        with own_modes(self.device):
            found = self.model.energies_alone(crystals, forces=forces)
        if found is None:
            return [None]
        (crystal,) = crystals
        features = {name: float(value[0]) for name, value in found.features.items()}
        if VACUUM in self.domain.ranges and VACUUM not in features:
            features[VACUUM] = float(vacuum_widths(crystals)[0])
        energy = self._outputs[self.model.targets[0]].public_name
        values: dict[str, Any] = {energy: float(found.values[0])}
        if found.forces is not None and found.stress is not None:
            values |= {"forces": found.forces, "stress": found.stress[0]}
        return [Prediction(values, self.domain.outside(crystal.numbers, features))]

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

    def _complete(self, crystal: Crystal, prediction: Prediction) -> Prediction:
        """Add what follows from the network's properties."""
        values, unavailable = derive(self.derivations, crystal.numbers, prediction)
        return Prediction(values, prediction.out_of_domain, unavailable)

    def _predict_smoothly(self, crystals: Sequence[Crystal], *, forces: bool) -> list[Prediction]:
        """Blend predictions of crystals that are almost repetitions with those of repetitions."""
        predictions = self._predict_in_halves(crystals, forces)
        if self.model.motif != "free":
            return predictions
        near = {k: n for k, c in enumerate(crystals) if (n := near_repetition(c)) is not None}
        if near:
            found = [repetition for repetition, _ in near.values()]
            repetitions = self._predict_in_halves(found, forces)
            for (k, (_, weight)), other in zip(near.items(), repetitions, strict=True):
                predictions[k] = predictions[k].mixed(other, weight)
        return predictions

    def _predict_in_halves(self, crystals: Sequence[Crystal], forces: bool) -> list[Prediction]:
        return in_halves(partial(self._predict_batch, forces=forces), crystals, _too_large)

    def _predict_batch(self, crystals: Sequence[Crystal], *, forces: bool) -> list[Prediction]:
        with own_modes(self.device):
            return self._predict_now(crystals, forces)

    def _predict_now(self, crystals: Sequence[Crystal], forces: bool) -> list[Prediction]:
        cells = [self._cell(crystal) for crystal in crystals]
        graphs = self.model.graphs([cell.crystal for cell in cells])
        alone = self.model.gives_forces and not forces
        run = self.model.predict_without_forces if alone else self._run
        outputs = {k: v.detach().double().cpu().numpy() for k, v in run(graphs).items()}
        features = dict(self.model.domain_features(graphs))
        features |= {k: v for k, v in outputs.items() if k.endswith(SPREAD)}
        if VACUUM in self.domain.ranges and VACUUM not in features:
            features[VACUUM] = vacuum_widths([cell.crystal for cell in cells])
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
        for k, crystal in enumerate(crystals):
            unusual = self.domain.outside(crystal.numbers, {n: v[k] for n, v in plain.items()})
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
    def _run(self) -> Callable[[Any], Mapping[str, torch.Tensor]]:
        """The quickest way from graphs to outputs."""
        return registry.quick(self.model)


def _too_large(crystal: Crystal) -> Prediction:
    raise MemoryExhaustedError(f"a crystal of {len(crystal)} atoms does not fit into memory")
