from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
import spglib
from ase import Atoms
from ase.build import bulk
from ase.constraints import FixAtoms
from ase.io import read
from ase.optimize.optimize import Optimizer
from relaxations import relaxer, skewed

from ase_ecn import relax
from ase_ecn.crystal import Crystal
from ase_ecn.errors import CrystalError, OptionError, PeriodicityError
from ase_ecn.geometry.strain import log_strain, total_log_strain
from ase_ecn.relaxation import relaxing_networks
from ase_ecn.relaxation.predictor import StrainPredictor
from ase_ecn.relaxation.stopping import reliable_part


def test_it_is_an_ase_optimizer_that_moves_the_cell_only(
    strained: Atoms, network: StrainPredictor
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


def test_a_strained_crystal_comes_back(network: StrainPredictor) -> None:
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


def test_a_relaxed_crystal_stays(strained: Atoms, network: StrainPredictor) -> None:
    relaxer(strained, network).run()
    again = relaxer(strained, network)
    volume = strained.get_volume()
    assert again.run()
    assert again.nsteps == 1
    assert strained.get_volume() == pytest.approx(volume, rel=2e-3)


def test_the_last_step_is_the_reliable_part_of_the_strain(
    strained: Atoms, network: StrainPredictor
) -> None:
    optimizer = relaxer(strained, network)
    cell = np.array(strained.cell[:])
    strain = optimizer.optimizable.get_strain()
    assert optimizer.run(strain_tol=1.0)
    moved = log_strain(np.linalg.solve(cell, strained.cell[:])[None])[0]
    assert moved == pytest.approx(reliable_part(strain), abs=1e-7)
    assert optimizer.reason == "converged"


def test_steps_are_limited(strained: Atoms, network: StrainPredictor) -> None:
    volume = strained.get_volume()
    optimizer = relaxer(strained, network)
    assert optimizer.run(steps=0) is False
    assert (optimizer.nsteps, optimizer.reason) == (0, "steps")
    assert strained.get_volume() == volume
    assert optimizer.run(strain_tol=1e-12, steps=1) is False
    assert optimizer.nsteps == 1
    assert strained.get_volume() != volume


def test_irun_yields_before_and_after_each_step(strained: Atoms, network: StrainPredictor) -> None:
    optimizer = relaxer(strained, network)
    volumes = [strained.get_volume() for _ in optimizer.irun(strain_tol=1e-12, steps=3)]
    assert len(volumes) == 4
    assert len(set(volumes)) == 4


def test_observers_log_and_trajectory(
    strained: Atoms, network: StrainPredictor, tmp_path: Path
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


def test_restart_goes_on(strained: Atoms, network: StrainPredictor, tmp_path: Path) -> None:
    whole = strained.copy()
    relaxer(whole, network).run(strain_tol=1e-12, steps=3)
    restart = tmp_path / "restart.json"
    relaxer(strained.copy(), network, restart=restart).run(strain_tol=1e-12, steps=2)
    resumed = relaxer(strained, network, restart=restart)
    assert resumed.nsteps == 2
    resumed.run(strain_tol=1e-12, steps=1)
    np.testing.assert_allclose(strained.cell[:], whole.cell[:], atol=1e-9)


def test_restart_files_belong_to_their_crystal(
    strained: Atoms, network: StrainPredictor, tmp_path: Path
) -> None:
    restart = tmp_path / "restart.json"
    relaxer(strained.copy(), network, restart=restart).run(strain_tol=1e-12, steps=1)
    moved = strained.copy()
    moved.positions[1] += 0.1
    exchanged = strained.copy()
    exchanged.numbers[:] = exchanged.numbers[::-1]
    for other in (moved, exchanged, bulk("Cu"), bulk("NaCl", "rocksalt", a=5.9, cubic=True)):
        with pytest.raises(OptionError, match="of another crystal"):
            relaxer(other, network, restart=restart)
    shifted = strained.copy()
    shifted.positions[1] += 2 * shifted.cell[0]  # by whole lattice vectors: the same crystal
    assert relaxer(shifted, network, restart=restart).nsteps == 1
    # Files of earlier versions say nothing of it.
    state = json.loads(restart.read_text())
    restart.write_text(json.dumps({name: state[name] for name in ("nsteps", "cell")}))
    assert relaxer(strained, network, restart=restart).nsteps == 1
    for damaged in ("", "{", "[1, 2]", '{"nsteps": 1}', '{"nsteps": 1, "cell": [1, 2]}'):
        restart.write_text(damaged)
        with pytest.raises(OptionError, match="damaged or of another optimizer"):
            relaxer(strained, network, restart=restart)


def test_a_tolerance_of_forces_is_answered(strained: Atoms, network: StrainPredictor) -> None:
    for start in (relaxer(strained, network).run, relaxer(strained, network).irun):
        with pytest.raises(OptionError, match=r"run\(strain_tol="):
            start(fmax=0.05)


def test_bad_input_is_refused(strained: Atoms, network: StrainPredictor) -> None:
    with pytest.raises(PeriodicityError):
        relaxer(Atoms("H2"), network)
    with pytest.raises(OptionError, match="strain_tol"):
        relaxer(strained, network).run(strain_tol=0)
    with pytest.raises(OptionError, match="steps"):
        relaxer(strained, network).run(steps=-1)
    strained.set_constraint(FixAtoms([0]))
    with pytest.raises(CrystalError, match="FixAtoms"):
        relaxer(strained, network)


def test_the_relaxer_obeys_mask_shape_and_volume(precise: StrainPredictor) -> None:
    start = skewed()

    def final(**options: object) -> np.ndarray:
        atoms = start.copy()
        relaxer(atoms, precise, **options).run(strain_tol=1e-12, steps=3)
        np.testing.assert_allclose(
            atoms.get_scaled_positions(), start.get_scaled_positions(), atol=1e-10
        )
        return np.linalg.solve(start.cell[:], atoms.cell[:])

    plane = log_strain(final(mask=[1, 1, 0, 0, 0, 1]))
    assert np.abs(plane[2]).max() < 1e-12
    assert np.abs(plane[:2, :2]).min() > 1e-3
    scaling = final(hydrostatic=True)
    np.testing.assert_allclose(scaling, scaling[0, 0] * np.eye(3), atol=1e-12)
    assert abs(scaling[0, 0] - 1) > 1e-3
    shape = final(constant_volume=True)
    assert abs(np.linalg.det(shape) - 1) < 1e-10
    assert total_log_strain(shape) > 1e-2


def test_symmetry_survives_a_constrained_relaxation(precise: StrainPredictor) -> None:
    for options in ({}, {"constant_volume": True}, {"mask": [1, 1, 0, 0, 0, 1]}):
        atoms = bulk("ZnO", "wurtzite", a=3.25, c=5.2)
        atoms.set_cell(atoms.cell[:] @ np.diag([1.05, 1.05, 0.96]), scale_atoms=True)
        relaxer(atoms, precise, **options).run(steps=3)
        cell = (atoms.cell[:], atoms.get_scaled_positions(), atoms.numbers)
        assert spglib.get_spacegroup(cell, symprec=1e-8) == "P6_3mc (186)"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mask": [1, 1, 1]}, "6 components"),
        ({"mask": [1, 1, 1, 0, 0, 0.5]}, "true and false"),
        ({"mask": [[1, 1], [1]]}, "rectangular"),
        ({"mask": [[1, 1, 0], [0, 1, 0], [0, 0, 1]]}, "symmetric"),
        ({"mask": [0] * 6}, "nothing to relax"),
        ({"mask": [1, 0, 0, 0, 0, 0], "constant_volume": True}, "nothing to relax"),
        ({"mask": [1] * 6, "hydrostatic": True}, "exclude"),
        ({"hydrostatic": True, "constant_volume": True}, "exclude"),
        ({"scalar_pressure": 0.1}, "zero pressure"),
    ],
)
def test_strain_options_that_make_no_sense_are_refused(
    options: dict[str, object], message: str, strained: Atoms, network: StrainPredictor
) -> None:
    with pytest.raises(OptionError, match=message):
        relaxer(strained, network, **options)
    with pytest.raises(OptionError, match=message):
        relax(strained, device="cpu", **options)


def test_a_crystal_is_validated_and_reduced_once_per_run(
    strained: Atoms, network: StrainPredictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen, plain = [], relaxing_networks.as_crystal

    def counted(atoms: Atoms, elements: frozenset[int]) -> Crystal:
        seen.append(plain(atoms, elements))
        return seen[-1]

    monkeypatch.setattr(relaxing_networks, "as_crystal", counted)
    optimizer = relaxer(strained, network)
    optimizer.run(strain_tol=1e-12, steps=3)
    assert optimizer.nsteps == 3
    assert len(seen) == 1
    optimizer.run(strain_tol=1e-12, steps=2)  # from another cell
    assert len(seen) == 2
    strained.rattle(0.01)
    optimizer.run(steps=0)
    assert len(seen) == 3
    np.testing.assert_allclose(seen[-1].positions, strained.positions, atol=1e-12)
