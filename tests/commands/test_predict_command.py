from __future__ import annotations

from pathlib import Path

import pytest
from ase.build import bulk
from ase.io import write

from ase_ecn import predict
from ase_ecn.cli import main
from ase_ecn.crystal import as_crystal
from ase_ecn.errors import (
    ASEECNError,
    MemoryExhaustedError,
    OptionError,
    UnsupportedElementError,
)
from ase_ecn.prediction import PropertyPredictor

EXAMPLES = Path(__file__).parents[2] / "examples" / "crystals"


def test_predict_prints_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predict", str(EXAMPLES / "NaCl-rocksalt.cif"), "--device", "cpu"]) == 0
    out = capsys.readouterr().out.splitlines()
    assert "E_f / eV/atom" in out[0]
    assert out[1].startswith("Na4Cl4")


def test_bad_files_are_reported_and_skipped(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [str(f) for f in sorted(folder.glob("*.*")) if not f.name.startswith(".")]
    assert main(["predict", *files, "missing.cif", "--device", "cpu"]) == 1
    captured = capsys.readouterr()
    assert len(captured.out.splitlines()) == 4
    for name in ("c.xyz", "d.cif", "missing.cif"):
        assert f"skipped {name}" in captured.err
    assert "all three directions" in captured.err


def test_files_of_one_name_can_be_told_apart(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a", "b", "c", "d"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "POSCAR").write_text("nothing")
    for name in ("a", "b"):
        write(tmp_path / name / "POSCAR", bulk("Si"), format="vasp")
    write(tmp_path / "alone.cif", bulk("Cu"))
    files = [f"{name}/POSCAR" for name in "abcd"]
    assert main(["predict", *files, "d", "alone.cif", "--device", "cpu"]) == 1
    captured = capsys.readouterr()
    labels = [line.split()[-1] for line in captured.out.splitlines()[1:]]
    assert labels == ["a/POSCAR", "b/POSCAR", "alone.cif"]
    skipped = [line.split(":")[0] for line in captured.err.splitlines()]
    assert skipped == ["skipped c/POSCAR", "skipped d/POSCAR", "skipped d/POSCAR"]


def test_a_crystal_without_a_prediction_does_not_take_the_others_along(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    crystals = {"si": bulk("Si"), "mgo": bulk("MgO", "rocksalt", a=4.2), "ge": bulk("Ge")}
    for name, atoms in crystals.items():
        write(tmp_path / f"{name}.vasp", atoms)
    files = [str(tmp_path / f"{name}.vasp") for name in crystals]
    assert main(["predict", "--checkpoint", "ecn-pes", *files, "--device", "cpu"]) == 1
    captured = capsys.readouterr()
    assert [line.split()[0] for line in captured.out.splitlines()[1:]] == ["Si2", "Ge2"]
    assert "skipped mgo.vasp: ecn-pes was fitted to" in captured.err
    good, bad, also = predict(
        crystals.values(), checkpoint="ecn-pes", device="cpu", on_error="return"
    )
    assert isinstance(bad, UnsupportedElementError)
    assert "structure 1" in str(bad)
    (alone,) = predict(bulk("Ge"), checkpoint="ecn-pes", device="cpu")
    assert not isinstance(good, ASEECNError)
    assert not isinstance(also, ASEECNError)
    assert also.potential_energy == pytest.approx(alone.potential_energy, abs=1e-5)
    with pytest.raises(UnsupportedElementError, match="structure 1"):
        predict(crystals.values(), checkpoint="ecn-pes", device="cpu")
    with pytest.raises(OptionError, match="on_error"):
        predict(bulk("Si"), on_error="ignore")  # type: ignore[call-overload]


def test_what_fails_only_when_computed_is_an_error_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    predictor = PropertyPredictor(device="cpu")
    plain = PropertyPredictor.predict

    def small(self, crystals, *arguments, **options):
        if any(len(crystal) > 4 for crystal in crystals):
            raise MemoryExhaustedError("too large")
        return plain(self, crystals, *arguments, **options)

    monkeypatch.setattr(PropertyPredictor, "predict", small)
    crystals = [as_crystal(a) for a in (bulk("Cu"), bulk("Si") * (2, 2, 1), bulk("Fe"))]
    found = predictor.predict_each(crystals)
    assert [isinstance(one, MemoryExhaustedError) for one in found] == [False, True, False]
