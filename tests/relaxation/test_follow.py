from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from ase import Atoms
from ase.build import bulk
from relaxations import pull, relaxer, skewed

from ase_ecn import relax
from ase_ecn.crystal import Crystal
from ase_ecn.relaxation.predictor import StrainPredictor


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
    monkeypatch.setattr("ase_ecn.relaxation.follow._BATCH_LOAD", 8)
    relax([skewed(), *[bulk("Cu")] * 5, skewed()], device="cpu", steps=0, batch_size=4)
    assert batches == [[1, 1, 1, 1], [1, 4], [4]]
