"""From validated crystals to predicted properties, with a loaded ECN."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import chain, combinations
from pathlib import Path
from typing import Any

import numpy as np
import torch
from ase.data import chemical_symbols
from numpy.typing import NDArray

from ase_ecn.checkpoint import (
    DEFAULT_ECN,
    Card,
    resolve_device,
    resolve_dtype,
    shared_checkpoint,
)
from ase_ecn.crystal import Crystal
from ase_ecn.domain import Domain, bond_domain_features
from ase_ecn.errors import MemoryExhaustedError, UnsupportedElementError
from ase_ecn.graphs.batch import BondBatch, bond_graphs, pack
from ase_ecn.memory import is_out_of_memory
from ase_ecn.nn.ecn import ECN, ECNConfig
from ase_ecn.nn.ensemble import ECNEnsemble
from ase_ecn.nn.forces import energy_derivatives
from ase_ecn.nn.stacked import StackedECN, can_stack
from ase_ecn.symmetry.primitive import near_repetition, primitive_cell
from ase_ecn.threads import in_threads

UNITS = {
    "formation_energy": "eV/atom",
    "band_gap": "eV",
    "metal_probability": "1",
    "magnetization": "µB/cell",
    "site_moments": "µB",
    "fermi_level": "eV",
    "heat_all": "eV/cell",
    "potential_energy": "eV/atom",
    "forces": "eV/Å",
    "stress": "eV/Å³",
    "formation_energy_std": "eV/atom",
    "band_gap_std": "eV",
}
"""Units of the known properties; a property fitted by a user has its unit in the card."""

POTENTIAL_ENERGY = "potential_energy"
"""Energy on the scale of the DFT data, whose derivatives are forces."""

_NONNEGATIVE = frozenset({"band_gap", "magnetization", "site_moments"})
_DEFAULT_BATCH_SIZE = 256
_FORCES_BATCH_SIZE = 16
_LEAST_PER_THREAD = 32


class Prediction(Mapping[str, Any]):
    """Predicted properties of one crystal, as attributes and as a mapping.

    ``formation_energy`` (eV/atom), ``band_gap`` (eV), ``metal_probability``, ``magnetization``
    (absolute, µB per cell of the input) and ``site_moments`` ((N,) absolute, µB) with the bundled
    checkpoint; other checkpoints have their own. ``ecn-pes`` has ``potential_energy`` (eV/atom),
    ``forces`` ((N, 3) in eV/Å) and ``stress`` ((6,) in eV/Å³, ASE's order).

    ``out_of_domain`` is empty for a crystal like those of the training data, else it says, a phrase
    for each thing, what is unusual about it.
    """

    def __init__(self, values: Mapping[str, Any], out_of_domain: tuple[str, ...] = ()) -> None:
        self._values = dict(values)
        self.out_of_domain = out_of_domain

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in self._values:
            raise AttributeError(f"no property {name!r}")
        return self._values[name]

    def mixed(self, other: Prediction, weight: float) -> Prediction:
        """Weighted mean with another prediction of the same properties, whose weight is the rest.

        What it says about the domain stays.
        """
        values = {k: weight * v + (1 - weight) * other[k] for k, v in self._values.items()}
        return Prediction(values, self.out_of_domain)

    def __repr__(self) -> str:
        parts = (
            f"{k}=<array {v.shape}>" if isinstance(v, np.ndarray) else f"{k}={v:.4g}"
            for k, v in self._values.items()
        )
        return f"Prediction({', '.join(parts)})"


class PropertyPredictor:
    """An ECN ready to predict: loads the checkpoint once.

    Parameters
    ----------
    checkpoint
        Bundled name or path; ``None`` for ``"ecn-mp20"``.
    device
        ``None`` for CUDA where there is one, else the CPU.
    dtype
        ``"float32"`` or ``"float64"`` for the network; geometry is float64 in any case.

    Raises
    ------
    CheckpointError
        If the checkpoint cannot be used.
    OptionError
        If there is no such device or dtype.
    """

    def __init__(
        self,
        checkpoint: str | Path | None = None,
        *,
        device: str | torch.device | None = None,
        dtype: str = "float32",
    ) -> None:
        self.device = resolve_device(device)
        self.dtype = resolve_dtype(dtype)
        loaded = shared_checkpoint(checkpoint or DEFAULT_ECN, "ecn", self.device, self.dtype)
        self.card: Card = loaded.card
        self.domain = Domain.from_card(self.card.content)
        assert isinstance(loaded.model, ECN | ECNEnsemble)
        self.model = loaded.model

    @cached_property
    def properties(self) -> tuple[str, ...]:
        """Names of the predicted properties."""
        derivatives = ("forces", "stress") if self.card.forces else ()
        return (*(_public_name(name) for name in self._outputs), *derivatives)

    @cached_property
    def _outputs(self) -> tuple[str, ...]:
        spreads = (f"{name}_std" for name in self.model.config.uncertainties)
        return (*self.model.targets, *spreads)

    def predict(
        self, crystals: Sequence[Crystal], batch_size: int | None = None
    ) -> list[Prediction]:
        """Predict all properties of validated crystals.

        Parameters
        ----------
        crystals
            Any number; each is reduced to its primitive cell first, unless forces are predicted.
        batch_size
            Crystals per pass of the network, fewer if memory runs out or to give each thread its
            share; changes nothing but speed and memory.

        Raises
        ------
        MemoryExhaustedError
            If a crystal does not fit into memory alone.
        UnsupportedElementError
            If elements never occurred together in the data of a potential energy surface.
        """
        size = batch_size or (_FORCES_BATCH_SIZE if self.card.forces else _DEFAULT_BATCH_SIZE)
        on_cpu = self.device.type == "cpu"
        if on_cpu:
            share = -(-len(crystals) // torch.get_num_threads())
            size = min(size, max(share, _LEAST_PER_THREAD))
        batches = [crystals[start : start + size] for start in range(0, len(crystals), size)]
        found = (in_threads if on_cpu else map)(self._predict_smoothly, batches)
        return list(chain.from_iterable(found))

    def _predict_smoothly(self, crystals: Sequence[Crystal]) -> list[Prediction]:
        """Blend predictions of crystals that are almost repetitions with those of repetitions."""
        predictions = self._predict_in_halves(crystals)
        if self.card.forces or self.model.config.motif != "free":
            return predictions
        near = {k: n for k, c in enumerate(crystals) if (n := near_repetition(c)) is not None}
        if near:
            repetitions = self._predict_in_halves([repetition for repetition, _ in near.values()])
            for (k, (_, weight)), other in zip(near.items(), repetitions, strict=True):
                predictions[k] = predictions[k].mixed(other, weight)
        return predictions

    def _predict_in_halves(self, crystals: Sequence[Crystal]) -> list[Prediction]:
        """Predict a batch at once, or in halves if memory runs out."""
        try:
            return (self._predict_forces if self.card.forces else self._predict_batch)(crystals)
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
        # Outside of the handler, which holds the failed pass's tensors by its traceback.
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        if len(crystals) == 1:
            raise MemoryExhaustedError(
                f"a crystal of {len(crystals[0])} atoms does not fit into memory"
            )
        half = len(crystals) // 2
        first = self._predict_in_halves(crystals[:half])
        return first + self._predict_in_halves(crystals[half:])

    def check_system(self, crystal: Crystal) -> None:
        """Refuse combinations of elements on which a potential energy surface has no data.

        A part of a known combination is not known: nothing of magnesium follows from a phosphate.
        An alloy is, if all pairs of its elements are.

        Raises
        ------
        UnsupportedElementError
            If the card says which elements occurred together and these did not.
        """
        known = self.card.systems
        found = frozenset(crystal.numbers.tolist())
        if known and found not in known and not _all_pairs_in(found, known):
            systems = ", ".join("-".join(_symbols(system)) for system in known)
            raise UnsupportedElementError(
                f"{self.card.name} was fitted to {systems}; "
                f"it knows nothing of {'-'.join(_symbols(found))}"
            )

    def _predict_forces(self, crystals: Sequence[Crystal]) -> list[Prediction]:
        """Energies, forces and stresses of the crystals as they are, in their own frames."""
        config = self.model.config
        assert isinstance(config, ECNConfig)
        for crystal in crystals:
            self.check_system(crystal)
        packed = pack(bond_graphs(crystals, config.bonds, config.cutoff), config.group)
        batch = packed.batch(np.arange(len(crystals)), device=self.device, dtype=self.dtype)
        volumes = torch.tensor([c.volume for c in crystals], device=self.device, dtype=self.dtype)
        found = energy_derivatives(self.model, batch, volumes, POTENTIAL_ENERGY)
        energies = found.outputs[POTENTIAL_ENERGY].double().cpu().numpy()
        forces = found.forces.double().cpu().numpy()
        stresses = found.stress.double().cpu().numpy()
        return [
            Prediction(
                {
                    POTENTIAL_ENERGY: float(energies[k]),
                    "forces": forces[packed.atom_offsets[k] : packed.atom_offsets[k + 1]].copy(),
                    "stress": stresses[k].copy(),
                }
            )
            for k in range(len(crystals))
        ]

    def _predict_batch(self, crystals: Sequence[Crystal]) -> list[Prediction]:
        config = self.model.config
        primitives = [primitive_cell(crystal, config.motif) for crystal in crystals]
        packed = pack(bond_graphs([p.crystal for p in primitives], config.bonds), config.group)
        batch = packed.batch(np.arange(len(crystals)), device=self.device, dtype=self.dtype)
        with torch.inference_mode():
            outputs = {k: v.double().cpu().numpy() for k, v in self._run(batch).items()}
        features = bond_domain_features(packed)
        features |= {k: v for k, v in outputs.items() if k.endswith("_std")}
        predictions = []
        for k, (crystal, primitive) in enumerate(zip(crystals, primitives, strict=True)):
            atoms = packed.atom_offsets[k] + primitive.site_of_atom
            values = {
                _public_name(name): self._value(name, outputs[name], k, atoms, len(crystal))
                for name in self._outputs
            }
            unusual = self.domain.outside(crystal.numbers, {n: v[k] for n, v in features.items()})
            predictions.append(Prediction(values, unusual))
        return predictions

    def _run(self, batch: BondBatch) -> Mapping[str, torch.Tensor]:
        """Outputs of the network by the quickest way."""
        if self._stacked is not None and self._stacked.fits(batch):
            return self._stacked(batch)
        outputs: Mapping[str, torch.Tensor] = self.model(batch)
        return outputs

    @cached_property
    def _stacked(self) -> StackedECN | None:
        return StackedECN(self.model) if can_stack(self.model) else None

    def _value(
        self,
        target: str,
        output: NDArray[np.float64],
        k: int,
        atoms: NDArray[np.int64],
        size: int,
    ) -> float | NDArray[np.float64]:
        if target in self.model.config.site_targets:
            return np.maximum(output[atoms], 0) if target in _NONNEGATIVE else output[atoms]
        value = float(output[k])
        if target in _NONNEGATIVE:
            value = max(value, 0.0)
        if target == "metal":
            return float(1 / (1 + np.exp(-value)))
        return value * size if target == "magnetization" else value


def _all_pairs_in(elements: frozenset[int], known: Collection[frozenset[int]]) -> bool:
    pairs = [frozenset(pair) for pair in combinations(elements, 2)]
    return len(pairs) > 1 and all(pair in known for pair in pairs)


def _symbols(numbers: Iterable[int]) -> list[str]:
    return [chemical_symbols[z] for z in sorted(numbers)]


def _public_name(target: str) -> str:
    return "metal_probability" if target == "metal" else target
