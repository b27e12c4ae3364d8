from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import spglib
import torch
from ase import Atoms
from ase.build import bulk
from ase.constraints import FixAtoms
from ase.io import read
from ase.optimize.optimize import Optimizer

from ase_ecn import LatticeRelaxer, Relaxation, relax
from ase_ecn.crystal import Crystal
from ase_ecn.errors import CrystalError, OptionError, PeriodicityError
from ase_ecn.geometry.strain import allowed_strain, exp_symmetric, log_strain, total_log_strain
from ase_ecn.relaxation.network import StrainPredictor
from ase_ecn.relaxation.stopping import STRAIN_ERROR, reliable_part, strain_spread
from ase_ecn.testing import random_equivalent

Strains = Callable[..., np.ndarray]


@pytest.fixture(scope="module")
def network() -> StrainPredictor:
    return StrainPredictor(device="cpu")


@pytest.fixture(scope="module")
def precise() -> StrainPredictor:
    return StrainPredictor(device="cpu", dtype="float64")


@pytest.fixture
def strained() -> Atoms:
    atoms = bulk("NaCl", "rocksalt", a=5.64)
    atoms.set_cell(atoms.cell[:] * 1.06, scale_atoms=True)
    return atoms


def relaxer(atoms: Atoms, network: StrainPredictor, **options: object) -> LatticeRelaxer:
    return LatticeRelaxer(atoms, checkpoint=network, **{"logfile": None, **options})  # type: ignore[arg-type]


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


@pytest.mark.parametrize("norm", [1e-6, 1e-3, STRAIN_ERROR, 0.02, 0.2])
def test_strains_as_small_as_the_error_of_the_network_count_little(norm: float) -> None:
    strain = np.diag([0.6, -0.8, 0.0]) * norm
    part = reliable_part(strain)
    share = np.linalg.norm(part) / norm
    assert part == pytest.approx(share * strain)
    assert share == pytest.approx(norm**2 / (norm**2 + STRAIN_ERROR**2))


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


def test_relaxation_turns_with_the_crystal(network: StrainPredictor) -> None:
    rng = np.random.default_rng(4)
    atoms = bulk("ZnO", "wurtzite", a=3.25, c=5.2)
    atoms.set_cell(atoms.cell[:] @ np.diag([1.04, 0.98, 1.02]), scale_atoms=True)
    other = random_equivalent(atoms, rng).atoms
    first, second = relax([atoms, other], device="cpu")
    assert first.atoms.get_volume() / len(first.atoms) == pytest.approx(
        second.atoms.get_volume() / len(second.atoms), rel=1e-4
    )


def test_relax_reports_each_crystal_and_leaves_the_input(
    strained: Atoms, network: StrainPredictor
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
    strained: Atoms, network: StrainPredictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = strained.cell[:].copy()
    monkeypatch.setattr(
        StrainPredictor, "log_strains", lambda self, crystals, graphs: np.tile(np.eye(3), (1, 1, 1))
    )
    result = relax(strained, device="cpu")[0]
    assert (result.converged, result.reason, result.steps) == (False, "strain out of range", 1)
    np.testing.assert_allclose(result.atoms.cell[:], before, atol=1e-12)
    optimizer = relaxer(strained, network)
    assert optimizer.run() is False
    assert optimizer.reason == "strain out of range"
    np.testing.assert_allclose(strained.cell[:], before, atol=1e-12)


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


def test_exponential_and_logarithm_are_inverse() -> None:
    strain = np.array([[0.1, 0.02, 0], [0.02, -0.05, 0.03], [0, 0.03, 0.2]])
    assert total_log_strain(exp_symmetric(strain)) == pytest.approx(np.linalg.norm(strain))


def skewed() -> Atoms:
    """Wurtzite with every component of the strain from relaxed."""
    atoms = bulk("ZnO", "wurtzite", a=3.25, c=5.2)
    strain = np.array([[0.06, 0.02, 0.01], [0.02, -0.03, 0.03], [0.01, 0.03, 0.05]])
    atoms.set_cell(atoms.cell[:] @ exp_symmetric(strain), scale_atoms=True)
    return atoms


def pull(towards: float, factor: float) -> Strains:
    """A network that changes the volume per atom by a factor of what is missing in it."""

    def log_strains(
        self: StrainPredictor, crystals: Sequence[Crystal], graphs: object = None
    ) -> np.ndarray:
        sizes = np.array([len(crystal) for crystal in crystals])
        volumes = np.array([crystal.volume for crystal in crystals])
        missing = np.log(towards * sizes / volumes) / 3
        return np.asarray(factor * missing[:, None, None] * np.eye(3))

    return log_strains


@pytest.mark.parametrize(
    "mask",
    [
        [1, 1, 0, 0, 0, 1],
        [0, 1, 1, 0, 0, 0],
        [1, 1, 0, 1, 1, 1],  # shears along z: their products would elongate z
        [1, 1, 1, 1, 1, 0],
        [[True, False, True], [False, True, False], [True, False, False]],
    ],
)
@pytest.mark.parametrize("constant_volume", [False, True])
def test_forbidden_strain_stays_zero_over_many_steps(
    mask: list[int], constant_volume: bool, rng: np.random.Generator
) -> None:
    allowed = allowed_strain(mask, constant_volume=constant_volume)
    deformation = np.eye(3)
    for strain in rng.normal(size=(20, 3, 3)) * 0.1:
        deformation = allowed.advance(deformation, strain + strain.T)
    final = log_strain(deformation)
    assert np.abs(final).max() > 0.05
    assert np.abs(final[~allowed.mask]).max() < 1e-12
    np.testing.assert_allclose(deformation, deformation.T, atol=1e-12)
    if constant_volume:
        assert np.linalg.det(deformation) == pytest.approx(1, abs=1e-12)


def test_voigt_order_is_that_of_ase() -> None:
    for k, (i, j) in enumerate([(0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1)]):
        expected = np.zeros((3, 3), dtype=bool)
        expected[i, j] = expected[j, i] = True
        np.testing.assert_array_equal(allowed_strain(np.eye(6)[k]).mask, expected)


def test_a_projection_leaves_what_is_allowed(rng: np.random.Generator) -> None:
    strain = rng.normal(size=(4, 3, 3))
    strain += strain.transpose(0, 2, 1)
    for allowed in (
        allowed_strain(),
        allowed_strain(hydrostatic=True),
        allowed_strain([1, 0, 1, 1, 0, 0], constant_volume=True),
    ):
        once = allowed.project(strain)
        np.testing.assert_allclose(allowed.project(once), once, atol=1e-14)
        # Orthogonal: what is taken away has nothing in common with what is left.
        assert np.abs(((strain - once) * once).sum(axis=(1, 2))).max() < 1e-12


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


def test_many_crystals_as_one_by_one(precise: StrainPredictor, strained: Atoms) -> None:
    inputs = [skewed(), bulk("Cu") * (2, 1, 1), strained, skewed() * (1, 1, 2), bulk("Si")]
    options = {"strain_tol": 1e-3, "steps": 3, "mask": [1, 1, 1, 0, 0, 1]}
    together = relax(inputs, device="cpu", dtype="float64", batch_size=3, **options)
    for atoms, result in zip(inputs, together):
        alone = atoms.copy()
        optimizer = relaxer(alone, precise, mask=options["mask"])
        optimizer.run(strain_tol=1e-3, steps=3)
        np.testing.assert_allclose(result.atoms.cell[:], alone.cell[:], atol=1e-10)
        assert (result.reason, result.steps) == (optimizer.reason, optimizer.nsteps)
        assert result.strain_spread == pytest.approx(optimizer.strain_spread, abs=1e-10)


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


@pytest.mark.parametrize(
    ("factor", "reason"), [(1.99, "oscillating"), (1.5, "converged"), (1.9, "steps")]
)
def test_only_a_relaxation_whose_strains_cease_to_shrink_is_oscillating(
    factor: float,
    reason: str,
    strained: Atoms,
    network: StrainPredictor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(StrainPredictor, "log_strains", pull(20.0, factor))
    before = strained.copy()
    result = relax(before, device="cpu")[0]
    optimizer = relaxer(strained, network)
    assert optimizer.run() is (reason == "converged")
    assert (result.reason, optimizer.reason) == (reason, reason)
    assert result.steps == optimizer.nsteps
    np.testing.assert_allclose(result.atoms.cell[:], strained.cell[:], atol=1e-12)
    if reason == "oscillating":
        assert result.steps == 2
        assert result.strain == pytest.approx(
            np.linalg.norm(optimizer.optimizable.get_strain()), rel=1e-9
        )
        assert result.strain_spread > result.strain


def test_the_best_cell_of_an_oscillation_is_taken(
    strained: Atoms, network: StrainPredictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Overshoots a little more each time, so that the first cell is the best.
    monkeypatch.setattr(StrainPredictor, "log_strains", pull(20.0, 2.01))
    before = strained.cell[:].copy()
    result = relax(strained, device="cpu")[0]
    relaxer(strained, network).run()
    assert (result.reason, result.converged) == ("oscillating", False)
    np.testing.assert_allclose(result.atoms.cell[:], before, atol=1e-12)
    np.testing.assert_allclose(strained.cell[:], before, atol=1e-12)


def test_a_crystal_without_a_result_spoils_no_other(
    strained: Atoms, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = pull(20.0, 0.9)

    def log_strains(
        self: StrainPredictor, crystals: Sequence[Crystal], graphs: object = None
    ) -> np.ndarray:
        strains = plain(self, crystals)
        strains[[29 in crystal.numbers for crystal in crystals]] = np.nan
        return strains

    monkeypatch.setattr(StrainPredictor, "log_strains", plain)
    expected = relax(strained, device="cpu")[0]
    monkeypatch.setattr(StrainPredictor, "log_strains", log_strains)
    bad, good = relax([bulk("Cu"), strained], device="cpu")
    assert (bad.reason, bad.converged) == ("strain out of range", False)
    np.testing.assert_allclose(bad.atoms.cell[:], bulk("Cu").cell[:])
    np.testing.assert_array_equal(good.atoms.cell[:], expected.atoms.cell[:])


@pytest.mark.parametrize(
    "error",
    [torch.cuda.OutOfMemoryError("no memory"), RuntimeError("CUDA error: out of memory")],
)
def test_batches_are_halved_when_memory_runs_out(
    error: Exception, strained: Atoms, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, sizes = pull(20.0, 0.9), []

    def log_strains(
        self: StrainPredictor, crystals: Sequence[Crystal], graphs: object = None
    ) -> np.ndarray:
        if sum(map(len, crystals)) > 4:
            raise error
        sizes.append(sum(map(len, crystals)))
        return plain(self, crystals)

    inputs = [strained, skewed(), bulk("Cu"), bulk("Si")] * 3
    monkeypatch.setattr(StrainPredictor, "log_strains", plain)
    expected = relax(inputs, device="cpu")
    monkeypatch.setattr(StrainPredictor, "log_strains", log_strains)
    results = relax(inputs, device="cpu")
    assert max(sizes) == 4
    for result, other in zip(results, expected):
        np.testing.assert_array_equal(result.atoms.cell[:], other.atoms.cell[:])
    large = Atoms("NaClKFI", positions=np.arange(15).reshape(5, 3), cell=[9, 9, 20], pbc=True)
    lonely, fine = relax([large, strained], device="cpu")
    assert (lonely.reason, lonely.steps, lonely.converged) == ("out of memory", 0, False)
    np.testing.assert_allclose(lonely.atoms.cell[:], large.cell[:])
    assert np.isnan(lonely.strain_spread)
    assert fine.converged


def test_other_failures_of_the_network_are_not_hidden(
    strained: Atoms, monkeypatch: pytest.MonkeyPatch
) -> None:
    def log_strains(*arguments: object) -> np.ndarray:
        raise RuntimeError("shapes differ")

    monkeypatch.setattr(StrainPredictor, "log_strains", log_strains)
    with pytest.raises(RuntimeError, match="shapes differ"):
        relax(strained, device="cpu")


def test_batches_have_a_limited_size(monkeypatch: pytest.MonkeyPatch) -> None:
    plain, batches = pull(20.0, 1.0), []

    def log_strains(
        self: StrainPredictor, crystals: Sequence[Crystal], graphs: object = None
    ) -> np.ndarray:
        batches.append([len(crystal) for crystal in crystals])
        return plain(self, crystals)

    monkeypatch.setattr(StrainPredictor, "log_strains", log_strains)
    monkeypatch.setattr("ase_ecn.relaxation.batch._BATCH_LOAD", 8)
    relax([skewed(), *[bulk("Cu")] * 5, skewed()], device="cpu", steps=0, batch_size=4)
    assert batches == [[1, 1, 1, 1], [1, 4], [4]]


def test_errors_can_be_returned_in_place(
    strained: Atoms, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(StrainPredictor, "log_strains", pull(20.0, 0.9))
    inputs = [strained, Atoms("H2"), bulk("Cu")]
    with pytest.raises(PeriodicityError, match="structure 1"):
        relax(inputs, device="cpu")
    assert capsys.readouterr().err == ""
    first, second, third = relax(inputs, device="cpu", on_error="return", progress=True)
    assert isinstance(first, Relaxation)
    assert isinstance(second, PeriodicityError)
    assert "structure 1" in str(second)
    assert isinstance(third, Relaxation)
    assert third.atoms.get_chemical_formula() == "Cu"
    assert "2/2" in capsys.readouterr().err
    with pytest.raises(OptionError, match="on_error"):
        relax(inputs, device="cpu", on_error="ignore")  # type: ignore[call-overload]
    with pytest.raises(OptionError, match="strain_tol"):
        relax(strained, device="cpu", strain_tol=0)
    with pytest.raises(OptionError, match="steps"):
        relax(strained, device="cpu", steps=-1)


def test_spread_of_the_last_steps() -> None:
    step = np.diag([0.03, 0, 0])
    assert np.isnan(strain_spread([]))
    # Two cells, one strain apart: half of it on either side of their mean.
    assert strain_spread([step]) == pytest.approx(0.03 * np.hypot(1, 0.5))
    assert strain_spread([10 * step, step]) == strain_spread([step])
    assert strain_spread([step, step, -step]) == pytest.approx(
        0.03 * np.hypot(1, np.std([0, 1, 0]))
    )
