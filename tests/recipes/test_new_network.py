"""The recipe of CONTRIBUTING.md for a network, executed: one class and one line of the registry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from ase import Atoms
from ase.build import bulk
from torch import Tensor, nn

from ase_ecn import ECNCalculator, predict
from ase_ecn.checkpoint import load_checkpoint, read_card, save_checkpoint
from ase_ecn.crystal import Crystal
from ase_ecn.errors import CheckpointError
from ase_ecn.nn.network import PropertyNetwork
from ase_ecn.nn.registry import NETWORKS
from ase_ecn.relaxation.predictor import StrainPredictor
from ase_ecn.screening import screen


@dataclass(frozen=True)
class DensityConfig:
    """How wide: the only choice that there is."""

    width: int = 4

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Cells:
    """The graph of a network that looks at numbers and volumes only: not like a bond graph."""

    numbers: Tensor
    crystal: Tensor
    logarithms: Tensor


class DensityNetwork(PropertyNetwork):
    """An energy of elements and of the volume per atom, with the stress that belongs to it."""

    kind = "density"

    def __init__(self, config: DensityConfig) -> None:
        super().__init__()
        self.config = config
        self.of_element = nn.Embedding(119, config.width)
        self.last = nn.Linear(config.width, 1)

    @classmethod
    def from_dict(cls, architecture: Mapping[str, Any]) -> DensityNetwork:
        return cls(DensityConfig(**architecture))

    @property
    def targets(self) -> tuple[str, ...]:
        return ("potential_energy",)

    @property
    def gives_forces(self) -> bool:
        return True

    def graphs(self, crystals: Sequence[Crystal]) -> Cells:
        counts = [len(crystal) for crystal in crystals]
        per_atom = [crystal.volume / len(crystal) for crystal in crystals]
        return Cells(
            torch.as_tensor(np.concatenate([c.numbers for c in crystals]), device=self.device),
            torch.repeat_interleave(torch.arange(len(counts)), torch.tensor(counts)),
            torch.log(torch.tensor(per_atom, dtype=self.dtype, device=self.device)),
        )

    def predict(self, graphs: Cells) -> Mapping[str, Tensor]:
        with torch.enable_grad():
            logarithms = graphs.logarithms.clone().requires_grad_(True)
            each = self.last(torch.tanh(self.of_element(graphs.numbers)))[:, 0]
            sums = torch.zeros_like(logarithms).index_add(0, graphs.crystal, each)
            counts = torch.bincount(graphs.crystal).to(self.dtype)
            energy = sums / counts * logarithms
            (slope,) = torch.autograd.grad(energy.sum(), logarithms)
        # dE/d(strain) of the diagonal is dE/d(ln V); per volume.
        pressure = slope * torch.exp(-logarithms)
        stress = torch.zeros(len(pressure), 6, dtype=self.dtype)
        stress[:, :3] = pressure[:, None]
        forces = torch.zeros(len(graphs.numbers), 3, dtype=self.dtype)
        return {"potential_energy": energy.detach(), "forces": forces, "stress": stress}


@pytest.fixture
def checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setitem(NETWORKS, "density", DensityNetwork)
    torch.manual_seed(5)
    path = tmp_path / "density.safetensors"
    card = {"name": "toy-density", "elements": [11, 14, 17]}
    save_checkpoint(path, DensityNetwork(DensityConfig(width=3)), card)
    return path


def test_it_is_saved_and_loaded(checkpoint: Path) -> None:
    card = read_card(checkpoint)
    assert (card.network, card.forces) == ("density", True)
    assert card.content["architecture"] == {"width": 3}
    again = load_checkpoint(checkpoint, DensityNetwork).model
    assert again.config == DensityConfig(width=3)


def test_calculator_gives_forces_and_a_stress_that_is_the_derivative(checkpoint: Path) -> None:
    atoms = bulk("NaCl", "rocksalt", a=5.6)
    atoms.calc = ECNCalculator(checkpoint, device="cpu", dtype="float64")
    assert atoms.get_forces().shape == (2, 3)
    energies = []
    for strain in (-1e-4, 1e-4):
        moved = atoms.copy()
        moved.set_cell(atoms.cell[:] * [1 + strain, 1, 1], scale_atoms=True)
        moved.calc = atoms.calc
        energies.append(moved.get_potential_energy())
    slope = (energies[1] - energies[0]) / 2e-4 / atoms.get_volume()
    assert atoms.get_stress()[0] == pytest.approx(slope, rel=1e-5)
    assert slope != 0


def test_many_crystals_and_a_screen(checkpoint: Path, tmp_path: Path) -> None:
    crystals = [bulk("Si"), bulk("NaCl", "rocksalt", a=5.6), bulk("Si", cubic=True)]
    found = predict(crystals, checkpoint=checkpoint, device="cpu", dtype="float64")
    alone = [predict(c, checkpoint=checkpoint, device="cpu", dtype="float64")[0] for c in crystals]
    assert [p.potential_energy for p in found] == pytest.approx(
        [p.potential_energy for p in alone], abs=1e-12
    )
    assert [p.forces.shape for p in found] == [(2, 3), (2, 3), (8, 3)]
    assert found[0].stress.shape == (6,)
    limit = np.mean([p.potential_energy for p in found[:2]])
    where = f"potential_energy < {limit}"
    report = screen(crystals, tmp_path / "s.db", checkpoint=checkpoint, device="cpu", where=where)
    kept = sum(p.potential_energy < limit for p in found)
    assert (report.stored, report.rejected) == (kept, 3 - kept)
    assert 0 < kept < 3


def test_it_relaxes_no_cells(checkpoint: Path) -> None:
    with pytest.raises(CheckpointError, match="gives properties, not relaxed cells"):
        StrainPredictor(checkpoint)


def test_an_unknown_kind_is_named(checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(NETWORKS, "density")
    with pytest.raises(
        CheckpointError, match="unknown network 'density'; known are ecn, empnn, so3"
    ):
        predict(Atoms("Si", cell=[3, 3, 3], pbc=True), checkpoint=checkpoint)


def test_an_unregistered_network_is_not_saved(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="cannot save a DensityNetwork"):
        save_checkpoint(tmp_path / "d.safetensors", DensityNetwork(DensityConfig()), {"name": "d"})
