"""Unrolled training, substituted pairs and moves of atoms."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from ase.build import bulk
from toys import rocksalts

from ase_ecn.checkpoint import save_checkpoint
from ase_ecn.crystal import Crystal, as_crystal
from ase_ecn.errors import CheckpointError, OptionError
from ase_ecn.graphs.lattice import LatticeBatch, lattice_batch
from ase_ecn.nn.empnn import EMPNN, EMPNNConfig
from ase_ecn.training.data.relaxation_pairs import Pairs
from ase_ecn.training.fits.config import EMPNNConfiguration
from ase_ecn.training.fits.fit_empnn import (
    Batch,
    LatticeObjective,
    _where_to_go_on,
    fit_empnn,
)
from ase_ecn.training.fits.noise import rattled


def configuration(**options: object) -> EMPNNConfiguration:
    section = {
        "name": "toy",
        "model": {"features": 16, "plain_layers": 1, "deforming_layers": 2},
        "data": {"name": "perov_5"},
        "fit": {"epochs": 2, "batch_size": 8, "learning_rate": 0.01, "ema_decay": 0.5},
    }
    return EMPNNConfiguration.from_dict({**section, **options})


class _Counting(torch.nn.Module):
    """Halves the strain to 5 Å cubes, and remembers the cells that it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.factor = torch.nn.Parameter(torch.tensor(0.5))
        self.seen: list[torch.Tensor] = []

    def forward(self, batch: object) -> list[torch.Tensor]:
        cells = batch.cells
        self.seen.append(cells)
        return [cells + self.factor * (5 * torch.eye(3) - cells)]


def test_each_application_starts_where_the_last_one_ended() -> None:
    crystal = as_crystal(bulk("Po", "sc", a=5.0))
    start = torch.tensor(np.tile(5.4 * np.eye(3), (2, 1, 1)))
    true = torch.tensor(np.tile(5.0 * np.eye(3), (2, 1, 1)))
    network = _Counting()
    loss = LatticeObjective(6, "cpu")(network, Batch([crystal, crystal], start, true, 3))
    assert [round(cells[0, 0, 0].item(), 4) for cells in network.seen] == [5.4, 5.2, 5.1]
    assert not network.seen[2].requires_grad
    loss.backward()
    assert network.factor.grad is not None
    assert network.factor.grad < 0  # to go further would be better, in every application


def test_a_cell_that_runs_away_in_training_starts_over() -> None:
    crystal = as_crystal(bulk("Po", "sc", a=5.0))
    true = torch.tensor(5.0 * np.eye(3))[None]
    network = _Counting()
    network.factor.data.fill_(-8.0)
    LatticeObjective(6, "cpu")(network, Batch([crystal], 0.9 * true, true, 2))
    assert [round(cells[0, 0, 0].item(), 4) for cells in network.seen] == [4.5, 4.5]


def test_unrolled_fits_are_repeatable(halides: Path) -> None:
    models = []
    for out in ("a", "b"):
        config = configuration(unroll=3, loss="log-strain")
        model, result = fit_empnn(config, halides, halides / out, "cpu")
        models.append(model)
        assert result.epochs == 2
    for a, b in zip(models[0].parameters(), models[1].parameters()):
        torch.testing.assert_close(a, b, rtol=0, atol=0)
    with pytest.raises(OptionError, match="at least once"):
        configuration(unroll=0)
    with pytest.raises(OptionError, match="unknown loss"):
        configuration(loss="l3")
    data = {"name": "perov_5", "substituted_share": 1.0}
    with pytest.raises(OptionError, match="substituted_share"):
        configuration(data=data)


def test_an_epoch_may_show_fewer_crystals_than_there_are(halides: Path) -> None:
    curves = []
    for shown in (2, 1000):
        out = halides / f"shown-{shown}"
        data = {"name": "perov_5", "crystals_per_epoch": shown}
        fit_empnn(configuration(data=data), halides, out, "cpu")
        state = torch.load(out / "state.pt", weights_only=True)
        curves.append(state["schedule"]["total_steps"])
    assert curves[0] < curves[1]


def test_atoms_are_moved_only_if_asked(small_empnn: EMPNN) -> None:
    batch = lattice_batch(rocksalts(2).crystals, 12, dtype=torch.float64)
    assert all(shift is None for _, shift in small_empnn.steps(batch))
    with pytest.raises(OptionError, match="rattle"):
        configuration(rattle=0.1)
    model = {"features": 8, "plain_layers": 1, "deforming_layers": 1, "positions": True}
    with pytest.raises(OptionError, match="rattle"):
        configuration(model=model)
    with pytest.raises(OptionError, match="relaxations_share"):
        configuration(data={"name": "perov_5", "relaxations_share": 1.0})
    data = {"name": "perov_5", "relaxations_share": 0.5, "substituted_share": 0.5}
    with pytest.raises(OptionError, match="together"):
        configuration(data=data)


class _Halving(torch.nn.Module):
    """Takes atoms half the way to the corner of the cell, and remembers where they were."""

    def __init__(self) -> None:
        super().__init__()
        self.factor = torch.nn.Parameter(torch.tensor(0.5))
        self.seen: list[float] = []

    def steps(self, batch: LatticeBatch) -> list[tuple[torch.Tensor, torch.Tensor]]:
        apart = batch.fraction[(batch.source == 0) & (batch.target == 1)]
        nearest = apart[apart.norm(dim=1).argmin()]
        self.seen.append(round(nearest[0].item(), 4))
        moved = torch.stack([torch.zeros(3), -self.factor * nearest])
        return [(batch.cells, moved)]


def test_each_application_starts_where_the_last_one_has_moved_the_atoms() -> None:
    numbers, cell = np.array([11, 17]), 4 * np.eye(3)
    scaled = np.array([[0, 0, 0], [0.4, 0, 0]])
    shift = torch.tensor([[0.0, 0, 0], [-0.4, 0, 0]], dtype=torch.float64)
    cells = torch.tensor(cell)[None]
    batch = Batch([Crystal(numbers, cell, scaled)], cells, cells, 3, shift)
    network = _Halving()
    loss = LatticeObjective(6, "cpu")(network, batch)
    assert network.seen == [0.4, 0.2, 0.1]
    loss.backward()
    assert network.factor.grad is not None
    assert network.factor.grad < 0  # to go further would be better, in every application


def test_atoms_of_a_cell_that_runs_away_start_over() -> None:
    numbers, cell = np.array([11, 17]), 4 * np.eye(3)
    scaled = np.array([[0, 0, 0], [0.4, 0, 0]])
    shift = torch.tensor([[0.0, 0, 0], [-0.4, 0, 0]], dtype=torch.float64)
    cells = torch.tensor(cell)[None]
    begun = Batch([Crystal(numbers, cell, scaled)], cells, cells, 2, shift)
    once = _where_to_go_on(begun, begun, cells, 0.5 * shift)
    np.testing.assert_allclose(once.crystals[0].scaled_positions[1, 0], 0.2)
    away = _where_to_go_on(once, begun, 0.2 * cells, 0.5 * shift)
    np.testing.assert_allclose(away.crystals[0].scaled_positions, scaled, atol=1e-12)
    torch.testing.assert_close(away.shift, shift)
    torch.testing.assert_close(away.start, cells)


def test_a_network_that_moves_atoms_starts_from_one_that_does_not(
    halides: Path, small_empnn: EMPNN, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And is fitted to deformed crystals and to relaxations."""
    relaxed = Pairs(rocksalts(4).crystals, rocksalts(4).crystals)
    monkeypatch.setattr("ase_ecn.training.fits.fit_empnn.relaxation_pairs", lambda *_: relaxed)
    init = halides / "still.safetensors"
    save_checkpoint(init, small_empnn, {"name": "still", "elements": [3, 9, 11, 17]})
    model = {"features": 16, "plain_layers": 1, "deforming_layers": 2, "positions": True}
    data = {"name": "perov_5", "relaxations_share": 0.5}
    section = configuration(model=model, data=data, rattle=0.1, unroll=2, init=str(init))
    moving, result = fit_empnn(section, halides, halides / "moving", "cpu")
    assert moving.config.positions
    assert set(result.validation) >= {"lengths", "atoms", "lengths_moved", "atoms_moved", "score"}
    assert all(np.isfinite(value) for value in result.validation.values())
    assert not EMPNN(EMPNNConfig()).takes(moving)
    back = configuration(init=str(halides / "moved.safetensors"))
    save_checkpoint(halides / "moved.safetensors", moving, {"name": "m", "elements": [3, 9]})
    with pytest.raises(CheckpointError, match="architecture"):
        fit_empnn(back, halides, halides / "back", "cpu")


def test_a_network_learns_to_move_rattled_atoms_back(rng: np.random.Generator) -> None:
    """Atoms of a crystal with symmetry find their places, up to a common translation."""
    torch.manual_seed(0)
    model = EMPNN(EMPNNConfig(features=16, plain_layers=1, deforming_layers=2, positions=True))
    still = [as_crystal(bulk("NaCl", "rocksalt", a=5.6) * (2, 1, 1))] * 4
    cells = torch.as_tensor(np.stack([c.cell for c in still]))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    objective = LatticeObjective(6, "cpu")
    losses = []
    for _ in range(25):
        crystals = [rattled(c, 0.1, rng) for c in still]
        shift = np.concatenate(
            [a.scaled_positions - b.scaled_positions for a, b in zip(still, crystals)]
        )
        batch = Batch(crystals, cells, cells, 1, torch.as_tensor(shift))
        optimizer.zero_grad()
        loss = objective(model, batch)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert np.mean(losses[-5:]) < 0.5 * np.mean(losses[:5])
