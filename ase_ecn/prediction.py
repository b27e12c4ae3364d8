"""From validated crystals to predicted properties, with a loaded ECN."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ase_ecn.checkpoint import (
    DEFAULT_ECN,
    Card,
    resolve_device,
    resolve_dtype,
    shared_checkpoint,
)
from ase_ecn.crystal import Crystal
from ase_ecn.graphs.batch import bond_graphs, pack
from ase_ecn.nn.ecn import ECN
from ase_ecn.nn.ensemble import ECNEnsemble
from ase_ecn.symmetry.primitive import primitive_cell

UNITS = {
    "formation_energy": "eV/atom",
    "band_gap": "eV",
    "metal_probability": "1",
    "magnetization": "µB/cell",
    "site_moments": "µB",
    "fermi_level": "eV",
    "heat_all": "eV/cell",
    "formation_energy_std": "eV/atom",
    "band_gap_std": "eV",
}
"""Units of the known properties; a property fitted by a user has its unit in the card."""

_NONNEGATIVE = frozenset({"band_gap", "magnetization", "site_moments"})
_DEFAULT_BATCH_SIZE = 256


class Prediction(Mapping[str, Any]):
    """Predicted properties of one crystal, as attributes and as a mapping.

    ``formation_energy`` (eV/atom), ``band_gap`` (eV), ``metal_probability``, ``magnetization``
    (absolute, µB per cell of the input) and ``site_moments`` ((N,) absolute, µB) with the bundled
    checkpoint; other checkpoints have their own.
    """

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = dict(values)

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

    def __repr__(self) -> str:
        parts = (
            f"{k}=<{len(v)} sites>" if isinstance(v, np.ndarray) else f"{k}={v:.4g}"
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
        assert isinstance(loaded.model, ECN | ECNEnsemble)
        self.model = loaded.model

    @cached_property
    def properties(self) -> tuple[str, ...]:
        """Names of the predicted properties."""
        return tuple(_public_name(name) for name in self._outputs)

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
            Any number; each is reduced to its primitive cell first.
        batch_size
            Crystals per pass of the network; changes nothing but speed and memory.
        """
        size = batch_size or _DEFAULT_BATCH_SIZE
        results: list[Prediction] = []
        for start in range(0, len(crystals), size):
            results.extend(self._predict_batch(crystals[start : start + size]))
        return results

    def _predict_batch(self, crystals: Sequence[Crystal]) -> list[Prediction]:
        config = self.model.config
        primitives = [primitive_cell(crystal, config.motif) for crystal in crystals]
        packed = pack(bond_graphs([p.crystal for p in primitives], config.bonds), config.group)
        batch = packed.batch(np.arange(len(crystals)), device=self.device, dtype=self.dtype)
        with torch.inference_mode():
            outputs = {k: v.double().cpu().numpy() for k, v in self.model(batch).items()}
        predictions = []
        for k, (crystal, primitive) in enumerate(zip(crystals, primitives, strict=True)):
            atoms = packed.atom_offsets[k] + primitive.site_of_atom
            values = {
                _public_name(name): self._value(name, outputs[name], k, atoms, len(crystal))
                for name in self._outputs
            }
            predictions.append(Prediction(values))
        return predictions

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


def _public_name(target: str) -> str:
    return "metal_probability" if target == "metal" else target
