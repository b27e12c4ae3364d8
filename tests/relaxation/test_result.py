from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.constraints import FixAtoms, FixScaled, FixSymmetry
from ase.spacegroup.symmetrize import check_symmetry
from relaxations import pull, relaxer

from ase_ecn import Relaxation, relax
from ase_ecn.errors import OptionError, PeriodicityError
from ase_ecn.relaxation.predictor import StrainPredictor
from ase_ecn.testing import random_equivalent


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


@pytest.mark.parametrize(
    "constrain",
    [FixSymmetry, lambda atoms: FixAtoms([1]), lambda atoms: FixScaled([0, 1], [True] * 3)],
    ids=["symmetry", "atoms", "scaled"],
)
def test_constraints_stay_and_hold(constrain: Callable[[Atoms], object]) -> None:
    swollen = bulk("MgO", "rocksalt", a=6.5)  # FixSymmetry takes no strain as large as this one's
    free, before = swollen.copy(), swollen.get_scaled_positions()
    swollen.set_constraint(constrain(swollen))
    first, second = relax([bulk("Cu"), swollen], device="cpu", on_error="return")
    assert isinstance(first, Relaxation)
    assert isinstance(second, Relaxation)
    (expected,) = relax(free, device="cpu")
    np.testing.assert_allclose(second.atoms.cell[:], expected.atoms.cell[:], atol=1e-5)
    np.testing.assert_allclose(second.atoms.get_scaled_positions(), before, atol=1e-12)
    assert [type(c) for c in second.atoms.constraints] == [type(c) for c in swollen.constraints]
    assert check_symmetry(second.atoms, 1e-4).number == check_symmetry(free, 1e-4).number
