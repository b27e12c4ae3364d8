from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.constraints import FixAtoms
from ase.io import read
from ase.optimize.optimize import Optimizer

from ase_ecn import LatticeRelaxer, relax
from ase_ecn.errors import CrystalError, OptionError, PeriodicityError
from ase_ecn.relaxation import LatticeNetwork, exp_symmetric, total_log_strain
from ase_ecn.testing import random_equivalent


@pytest.fixture(scope="module")
def network() -> LatticeNetwork:
    return LatticeNetwork(device="cpu")


@pytest.fixture
def strained() -> Atoms:
    atoms = bulk("NaCl", "rocksalt", a=5.64)
    atoms.set_cell(atoms.cell[:] * 1.06, scale_atoms=True)
    return atoms


def relaxer(atoms: Atoms, network: LatticeNetwork, **options: object) -> LatticeRelaxer:
    return LatticeRelaxer(atoms, checkpoint=network, **{"logfile": None, **options})  # type: ignore[arg-type]


def test_it_is_an_ase_optimizer_that_moves_the_cell_only(
    strained: Atoms, network: LatticeNetwork
) -> None:
    before = strained.copy()
    optimizer = relaxer(strained, network)
    assert isinstance(optimizer, Optimizer)
    assert optimizer.run() is True
    assert optimizer.reason == "converged"
    assert optimizer.converged()
    assert strained.get_volume() < before.get_volume()
    np.testing.assert_allclose(
        strained.get_scaled_positions(), before.get_scaled_positions(), atol=1e-10
    )


def test_a_strained_crystal_comes_back(network: LatticeNetwork) -> None:
    for atoms, textbook in (
        (bulk("NaCl", "rocksalt", a=5.64), 5.69),  # PBE values of the Materials Project
        (bulk("MgO", "rocksalt", a=4.21), 4.25),
        (bulk("Si"), 5.47),
        (bulk("Cu"), 3.62),
    ):
        atoms.set_cell(atoms.cell[:] * 1.05, scale_atoms=True)
        relaxer(atoms, network).run()
        cubic = (4 * atoms.get_volume()) ** (1 / 3)
        assert cubic == pytest.approx(textbook, rel=0.03)


def test_a_relaxed_crystal_stays(strained: Atoms, network: LatticeNetwork) -> None:
    relaxer(strained, network).run()
    again = relaxer(strained, network)
    volume = strained.get_volume()
    assert again.run()
    assert again.nsteps == 0
    assert strained.get_volume() == volume


def test_steps_are_limited(strained: Atoms, network: LatticeNetwork) -> None:
    volume = strained.get_volume()
    optimizer = relaxer(strained, network)
    assert optimizer.run(steps=0) is False
    assert (optimizer.nsteps, optimizer.reason) == (0, "steps")
    assert strained.get_volume() == volume
    assert optimizer.run(strain_tol=1e-12, steps=1) is False
    assert optimizer.nsteps == 1
    assert strained.get_volume() != volume


def test_irun_yields_before_and_after_each_step(strained: Atoms, network: LatticeNetwork) -> None:
    optimizer = relaxer(strained, network)
    volumes = [strained.get_volume() for _ in optimizer.irun(strain_tol=1e-12, steps=3)]
    assert len(volumes) == 4
    assert len(set(volumes)) == 4


def test_observers_log_and_trajectory(
    strained: Atoms, network: LatticeNetwork, tmp_path: Path
) -> None:
    log, seen = io.StringIO(), []
    optimizer = relaxer(strained, network, logfile=log, trajectory=tmp_path / "a.traj")
    optimizer.attach(lambda: seen.append(optimizer.nsteps), interval=1)
    optimizer.run(strain_tol=1e-12, steps=2)
    assert seen == [0, 1, 2]
    images = read(tmp_path / "a.traj", index=":")
    assert len(images) == 3
    assert images[-1].get_volume() == pytest.approx(strained.get_volume())
    lines = log.getvalue().splitlines()
    assert "Strain" in lines[0]
    assert "fmax" not in log.getvalue()
    assert len(lines) == 4
    from ase.io.trajectory import Trajectory

    description = Trajectory(tmp_path / "a.traj").description
    assert description["optimizer"] == "LatticeRelaxer"
    assert description["sha256"] == network.card.sha256


def test_restart_goes_on(strained: Atoms, network: LatticeNetwork, tmp_path: Path) -> None:
    whole = strained.copy()
    relaxer(whole, network).run(strain_tol=1e-12, steps=3)
    restart = tmp_path / "restart.json"
    relaxer(strained.copy(), network, restart=restart).run(strain_tol=1e-12, steps=2)
    resumed = relaxer(strained, network, restart=restart)
    assert resumed.nsteps == 2
    resumed.run(strain_tol=1e-12, steps=1)
    np.testing.assert_allclose(strained.cell[:], whole.cell[:], atol=1e-9)


def test_relaxation_turns_with_the_crystal(network: LatticeNetwork) -> None:
    rng = np.random.default_rng(4)
    atoms = bulk("ZnO", "wurtzite", a=3.25, c=5.2)
    atoms.set_cell(atoms.cell[:] @ np.diag([1.04, 0.98, 1.02]), scale_atoms=True)
    other = random_equivalent(atoms, rng).atoms
    first, second = relax([atoms, other], device="cpu")
    assert first.atoms.get_volume() / len(first.atoms) == pytest.approx(
        second.atoms.get_volume() / len(second.atoms), rel=1e-4
    )


def test_relax_reports_each_crystal_and_leaves_the_input(
    strained: Atoms, network: LatticeNetwork
) -> None:
    before = strained.copy()
    strained.info["name"] = "salt"
    results = relax([strained, bulk("Cu")], device="cpu", batch_size=1)
    assert strained == before
    single = strained.copy()
    optimizer = relaxer(single, network)
    optimizer.run()
    np.testing.assert_allclose(results[0].atoms.cell[:], single.cell[:], atol=1e-5)
    assert results[0].atoms.info["name"] == "salt"
    assert (results[0].converged, results[0].reason) == (True, "converged")
    assert results[0].steps == optimizer.nsteps
    stopped = relax(strained, device="cpu", steps=1, strain_tol=1e-12)[0]
    assert (stopped.converged, stopped.steps, stopped.reason) == (False, 1, "steps")


def test_a_cell_that_runs_away_is_left_as_it_was(
    strained: Atoms, network: LatticeNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = strained.cell[:].copy()
    monkeypatch.setattr(
        LatticeNetwork, "log_strains", lambda self, crystals, cells: np.tile(np.eye(3), (1, 1, 1))
    )
    result = relax(strained, device="cpu")[0]
    assert (result.converged, result.reason, result.steps) == (False, "strain out of range", 1)
    np.testing.assert_allclose(result.atoms.cell[:], before, atol=1e-12)
    optimizer = relaxer(strained, network)
    assert optimizer.run() is False
    assert optimizer.reason == "strain out of range"
    np.testing.assert_allclose(strained.cell[:], before, atol=1e-12)


def test_bad_input_is_refused(strained: Atoms, network: LatticeNetwork) -> None:
    with pytest.raises(PeriodicityError):
        relaxer(Atoms("H2"), network)
    with pytest.raises(OptionError, match="strain_tol"):
        relaxer(strained, network).run(strain_tol=0)
    with pytest.raises(OptionError, match="steps"):
        relaxer(strained, network).run(steps=-1)
    strained.set_constraint(FixAtoms([0]))
    with pytest.raises(CrystalError, match="FixAtoms"):
        relaxer(strained, network)


def test_exponential_and_logarithm_are_inverse() -> None:
    strain = np.array([[0.1, 0.02, 0], [0.02, -0.05, 0.03], [0, 0.03, 0.2]])
    assert total_log_strain(exp_symmetric(strain)) == pytest.approx(np.linalg.norm(strain))
