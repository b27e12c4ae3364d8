"""Losses, noise, unrolled training and baselines of lattice networks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from ase.build import bulk
from ase.geometry import cell_to_cellpar
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import logm, sqrtm

from ase_ecn.crystal import Crystal, as_crystal
from ase_ecn.errors import OptionError
from ase_ecn.graphs.lattice import lattice_batch
from ase_ecn.nn.empnn import EMPNN, EMPNNConfig
from ase_ecn.training.data.datasets import READERS, Dataset
from ase_ecn.training.data.equilibrium import distinct
from ase_ecn.training.data.substitution import training_pairs
from ase_ecn.training.fits.fit_empnn import (
    Batch,
    LatticeObjective,
    denoise,
    denoising_scores,
    fit_empnn,
)
from ase_ecn.training.fits.losses import LATTICE_LOSSES, lattice_loss_named
from ase_ecn.training.fits.noise import GaussianNoise, NoiseSchedule, UnitCube, rattled, start_cells
from reproduce.empnn_tables.lattice_baselines import (
    FeedForwardConfig,
    FeedForwardLattice,
    mean_density_cells,
)

BASIS_FREE = ("metric-riemann", "relative-metric", "log-strain")


def random_cells(seed: int, size: int = 5) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    true = 4 * np.eye(3) + rng.normal(size=(size, 3, 3))
    true[np.abs(np.linalg.det(true)) < 5] = 4 * np.eye(3)
    return GaussianNoise(0.2).apply(true, rng), true


def evaluated(name: str, predicted: np.ndarray, true: np.ndarray) -> np.ndarray:
    return lattice_loss_named(name)(torch.as_tensor(predicted), torch.as_tensor(true)).numpy()


def slowly(name: str, predicted: np.ndarray, true: np.ndarray) -> float:
    """One crystal's loss, by other means than the losses themselves."""
    ours, theirs = predicted @ predicted.T, true @ true.T
    if name.startswith("parameter"):
        unit = abs(np.linalg.det(true)) ** (1 / 3)
        scale = np.array([1 / unit] * 3 + [np.pi / 180] * 3)
        difference = (cell_to_cellpar(predicted) - cell_to_cellpar(true)) * scale
    elif name in ("metric-mae", "metric-mse"):
        difference = ours - theirs
    else:
        root = np.linalg.inv(sqrtm(theirs))
        relative = np.real(root @ ours @ root)
        if name == "relative-metric":
            # The relative metric is that of the true lattice seen from the predicted one.
            return float(np.sqrt(((1 / np.linalg.eigvalsh(relative) - 1) ** 2).sum()))
        strain = np.real(logm(relative))
        total = float((strain**2).sum())
        return total if name == "metric-riemann" else 0.5 * float(np.sqrt(total))
    return float(np.abs(difference).sum() if name.endswith("mae") else (difference**2).sum())


@pytest.mark.parametrize("name", LATTICE_LOSSES)
def test_losses_have_the_values_of_their_definitions(name: str) -> None:
    predicted, true = random_cells(0)
    expected = [slowly(name, a, b) for a, b in zip(predicted, true)]
    np.testing.assert_allclose(evaluated(name, predicted, true), expected, rtol=1e-6)


@pytest.mark.parametrize("name", LATTICE_LOSSES)
def test_losses_vanish_with_a_finite_gradient_at_the_true_cell(name: str) -> None:
    for cell in (random_cells(1)[1], np.tile(4 * np.eye(3), (2, 1, 1))):
        true = torch.as_tensor(cell)
        predicted = true.clone().requires_grad_()
        loss = lattice_loss_named(name)(predicted, true).sum()
        loss.backward()
        assert abs(loss.item()) < 1e-4
        assert predicted.grad is not None
        assert torch.isfinite(predicted.grad).all()


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**31))
@pytest.mark.parametrize("name", LATTICE_LOSSES)
def test_losses_do_not_see_rotations(name: str, seed: int) -> None:
    predicted, true = random_cells(seed)
    rotation, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))
    loss = evaluated(name, predicted, true)
    np.testing.assert_allclose(evaluated(name, predicted @ rotation, true), loss, rtol=1e-8)
    np.testing.assert_allclose(evaluated(name, predicted, true @ rotation), loss, rtol=1e-8)
    basis = np.array([[1, 2, 0], [0, 1, -1], [0, 0, 1]])
    changed = evaluated(name, basis @ predicted, basis @ true)
    assert np.allclose(changed, loss, rtol=1e-8) == (name in BASIS_FREE)


def test_unknown_names_are_refused() -> None:
    with pytest.raises(OptionError, match="known are parameter-mae"):
        lattice_loss_named("l2")
    with pytest.raises(OptionError, match="known are schedule"):
        start_cells({"kind": "uniform"})
    with pytest.raises(OptionError, match="sigma_max"):
        start_cells({"kind": "gaussian", "sigma_max": 0.1})


def test_noise_is_chosen_by_its_kind(rng: np.random.Generator) -> None:
    assert start_cells({"sigma_max": 0.2}) == NoiseSchedule(sigma_max=0.2)
    noise = start_cells({"kind": "gaussian", "sigma": 0.02})
    cells = np.tile(5 * np.eye(3), (4000, 1, 1))
    assert (noise.apply(cells, rng) / 5 - np.eye(3)).std() == pytest.approx(0.02, rel=0.05)
    cubes = UnitCube().apply(cells * [[1], [1], [-1]], rng)
    np.testing.assert_array_equal(cubes[0], -np.eye(3))  # a left-handed cell stays one


def rocksalts(size: int = 24) -> Dataset:
    """Halides whose lattice constant is a sum of radii."""
    radii = {"Li": 0.9, "Na": 1.16, "K": 1.52, "F": 1.19, "Cl": 1.67, "Br": 1.82}
    pairs = [(a, b) for a in ("Li", "Na", "K") for b in ("F", "Cl", "Br")]
    crystals = []
    for k in range(size):
        a, b = pairs[k % len(pairs)]
        crystals.append(as_crystal(bulk(a + b, "rocksalt", a=2 * (radii[a] + radii[b]))))
    return Dataset("rocksalts", [str(k) for k in range(size)], crystals)


@pytest.fixture
def halides(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("ASE_ECN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setitem(READERS, "perov_5", lambda data, split: rocksalts())
    return tmp_path


def configuration(**options: object) -> dict[str, object]:
    return {
        "model": {"features": 16, "plain_layers": 1, "deforming_layers": 2},
        "data": {"name": "perov_5"},
        "fit": {"epochs": 2, "batch_size": 8, "learning_rate": 0.01, "ema_decay": 0.5},
        **options,
    }


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
        fit_empnn(configuration(unroll=0), halides, halides / "c", "cpu")
    with pytest.raises(OptionError, match="unknown loss"):
        fit_empnn(configuration(loss="l3"), halides, halides / "c", "cpu")
    data = {"name": "perov_5", "substituted_share": 1.0}
    with pytest.raises(OptionError, match="substituted_share"):
        fit_empnn(configuration(data=data), halides, halides / "c", "cpu")


def test_substituted_pairs_are_made_of_training_crystals_once(halides: Path) -> None:
    pairs = training_pairs(halides, "perov_5", 6)
    assert len(pairs.crystals) == len(pairs.true_cells) == 6
    known = {tuple(np.sort(c.numbers)): c.volume for c in rocksalts().crystals}
    for crystal, true in zip(pairs.crystals, pairs.true_cells):
        composition = tuple(np.sort(crystal.numbers))
        assert abs(np.linalg.det(true)) == pytest.approx(known[composition], rel=1e-6)
        assert crystal.volume != pytest.approx(known[composition], rel=1e-3)
    again = training_pairs(halides, "perov_5", 6)
    np.testing.assert_array_equal(again.true_cells, pairs.true_cells)
    assert len(list((halides / "cache").glob("*substituted*"))) == 1
    data = {"name": "perov_5", "substituted_share": 0.5, "substituted_pairs": 6}
    _, result = fit_empnn(configuration(data=data), halides, halides / "out", "cpu")
    assert np.isfinite(result.validation["lengths_improvement"])


def test_an_epoch_may_show_fewer_crystals_than_there_are(halides: Path) -> None:
    curves = []
    for shown in (2, 1000):
        out = halides / f"shown-{shown}"
        data = {"name": "perov_5", "crystals_per_epoch": shown}
        fit_empnn(configuration(data=data), halides, out, "cpu")
        state = torch.load(out / "state.pt", weights_only=True)
        curves.append(state["schedule"]["total_steps"])
    assert curves[0] < curves[1]


def test_further_crystals_are_new_and_of_other_compositions_than_held_out() -> None:
    known = [as_crystal(bulk("NaCl", "rocksalt", a=5.6))]
    same = as_crystal(bulk("NaCl", "rocksalt", a=5.605).repeat((2, 1, 1)))
    other = as_crystal(bulk("NaCl", "cesiumchloride", a=3.4))
    twice = [as_crystal(bulk("MgO", "rocksalt", a=a)) for a in (4.2, 4.201)]
    held = as_crystal(bulk("LiF", "rocksalt", a=4.0))
    chosen = distinct([same, other, *twice, held], known, {"LiF"})
    assert chosen == [other, twice[0]]


def test_scores_say_what_was_removed_and_what_remains() -> None:
    noisy, true = random_cells(3)
    nothing, everything = denoising_scores(noisy, noisy, true), denoising_scores(noisy, true, true)
    assert nothing["lengths_improvement"] == nothing["angles_removed"] == 0
    assert everything["lengths_removed"] == everything["angles_removed"] == 1
    assert everything["volume_error"] == pytest.approx(0, abs=1e-12)
    assert everything["log_strain"] == pytest.approx(0, abs=1e-7)
    larger = denoising_scores(noisy, 1.02 * true, true)
    assert larger["volume_error"] == pytest.approx(1.02**3 - 1)
    assert larger["log_strain"] == pytest.approx(np.sqrt(3) * np.log(1.02))


def test_mean_density_keeps_the_shape(rng: np.random.Generator) -> None:
    crystals = rocksalts(4).crystals
    cells = GaussianNoise(0.1).apply(np.stack([c.cell for c in crystals]), rng)
    scaled = mean_density_cells(cells, crystals, [as_crystal(bulk("Po", "sc", a=3.0))])
    np.testing.assert_allclose(np.abs(np.linalg.det(scaled)), 2 * 27.0)
    ratio = np.linalg.solve(cells, scaled)
    np.testing.assert_allclose(ratio, ratio[:, :1, :1] * np.eye(3), atol=1e-12)


def test_feed_forward_cells_have_the_parameters_that_were_predicted() -> None:
    torch.manual_seed(0)
    model = FeedForwardLattice(FeedForwardConfig(features=16, plain_layers=1)).double().eval()
    crystals = [as_crystal(bulk("NaCl", "rocksalt", a=5.6)), as_crystal(bulk("Mg"))]
    batch = lattice_batch(crystals, 12, dtype=torch.float64)
    model.standardise(batch.cells, torch.tensor([2, 2]))
    torch.nn.init.zeros_(model.readout[-1].weight)
    torch.nn.init.zeros_(model.readout[-1].bias)
    (cells,) = model(batch)
    mean = np.mean([cell_to_cellpar(c.cell) for c in crystals], axis=0)
    for cell in cells.detach().numpy():
        np.testing.assert_allclose(cell_to_cellpar(cell), mean, rtol=1e-6)


def test_a_feed_forward_predictor_learns_the_lattice_constant(rng: np.random.Generator) -> None:
    torch.manual_seed(0)
    model = FeedForwardLattice(FeedForwardConfig(features=16, plain_layers=1, hidden_layers=2))
    crystals = rocksalts(9).crystals
    cells = np.stack([c.cell for c in crystals])
    model.standardise(torch.as_tensor(cells), torch.full((9,), 2))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    objective = LatticeObjective(12, "cpu", "parameter-mae")
    for _ in range(100):
        noisy = GaussianNoise(0.1).apply(cells, rng)
        batch = Batch(crystals, torch.as_tensor(noisy), torch.as_tensor(cells))
        optimizer.zero_grad()
        objective(model, batch).backward()
        optimizer.step()
    noisy = GaussianNoise(0.1).apply(cells, rng)
    scores = denoising_scores(noisy, denoise(model, crystals, noisy, "cpu", batch_size=4), cells)
    assert scores["lengths_removed"] > 0.4
    assert scores["angles_removed"] > 0.9


def moving_network() -> EMPNN:
    torch.manual_seed(0)
    config = EMPNNConfig(features=16, plain_layers=1, deforming_layers=2, positions=True)
    model = EMPNN(config).double().eval()
    for layer in model.deforming:
        torch.nn.init.normal_(layer.weight.weight, std=1.0)
        torch.nn.init.normal_(layer.pull.weight, std=1.0)
    return model


def low_symmetry(rng: np.random.Generator) -> Crystal:
    scaled = rng.uniform(0, 1, (2, 3)) * 0.2 + np.array([[0, 0, 0], [0.5, 0.5, 0.5]])
    numbers = np.array([3, 8, 27, 8])
    scaled = np.concatenate([scaled, scaled[:, [1, 2, 0]] + [0.0, 0.5, 0.1]])
    return Crystal(numbers, 5 * np.eye(3) + rng.normal(size=(3, 3)) * 0.4, scaled)


def moved(model: EMPNN, crystal: Crystal) -> tuple[np.ndarray, np.ndarray]:
    """Cell (3, 3) and displacements (N, 3) after the last layer."""
    with torch.no_grad():
        cells, shift = model.steps(lattice_batch([crystal], 12, dtype=torch.float64))[-1]
    assert shift is not None
    return cells[0].numpy(), shift.numpy()


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**31))
def test_moves_of_atoms_commute_with_every_description_of_the_crystal(seed: int) -> None:
    rng = np.random.default_rng(seed)
    model, crystal = moving_network(), low_symmetry(rng)
    cell, shift = moved(model, crystal)
    assert np.abs(shift).max() > 1e-3
    z, x = crystal.numbers, crystal.scaled_positions
    turned, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    other = moved(model, Crystal(z, crystal.cell @ turned, x))
    np.testing.assert_allclose(other[0], cell @ turned, atol=1e-8)
    np.testing.assert_allclose(other[1], shift, atol=1e-8)
    order = rng.permutation(len(z))
    other = moved(model, Crystal(z[order], crystal.cell, x[order]))
    np.testing.assert_allclose(other[0], cell, atol=1e-8)
    np.testing.assert_allclose(other[1], shift[order], atol=1e-8)
    other = moved(model, Crystal(z, crystal.cell, x + rng.normal(size=3)))
    np.testing.assert_allclose(other[1], shift, atol=1e-8)
    basis = np.array(
        [[1, int(rng.integers(-1, 2)), 0], [0, 1, int(rng.integers(-1, 2))], [0, 0, 1]]
    )
    other = moved(model, Crystal(z, basis @ crystal.cell, x @ np.linalg.inv(basis)))
    np.testing.assert_allclose(other[0], basis @ cell, atol=1e-8)
    np.testing.assert_allclose(other[1], shift @ np.linalg.inv(basis), atol=1e-8)


def test_atoms_are_moved_only_if_asked(halides: Path, small_empnn: EMPNN) -> None:
    batch = lattice_batch(rocksalts(2).crystals, 12, dtype=torch.float64)
    assert all(shift is None for _, shift in small_empnn.steps(batch))
    with pytest.raises(OptionError, match="rattle"):
        fit_empnn(configuration(rattle=0.1), halides, halides / "out", "cpu")
    model = {"features": 8, "plain_layers": 1, "deforming_layers": 1, "positions": True}
    with pytest.raises(OptionError, match="unroll"):
        fit_empnn(configuration(model=model, rattle=0.1, unroll=2), halides, halides / "a", "cpu")


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
