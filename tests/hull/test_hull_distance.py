"""The distance to the hull as a property: of predictions, the calculator, screens, commands."""

from __future__ import annotations

import json
import pickle
import sqlite3
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.db import connect
from ase.io import read, write
from pages import data_of

from ase_ecn import ECNCalculator, predict
from ase_ecn.cli import main
from ase_ecn.derived import derive
from ase_ecn.errors import OptionError, PropertyUnavailableError
from ase_ecn.hull import HullDistance, KnownPhases, Phase
from ase_ecn.own_phases import known_phases, read_phases
from ase_ecn.properties import find
from ase_ecn.screening import failures, screen

DERIVED = ("energy_above_hull", "decomposition")
NUMBERS = np.array([20, 9])  # CaF
KNOWN = KnownPhases((Phase.of("CaF2", -4.0),), bundled=False)  # the hull at CaF: -3 eV/atom


@pytest.fixture(scope="module")
def polonide() -> Atoms:
    return bulk("PoO", "rocksalt", a=5.0)


def test_values_by_hand() -> None:
    found = HullDistance(KNOWN).values(NUMBERS, {"formation_energy": -2.9})
    assert found["energy_above_hull"] == pytest.approx(0.1)
    assert found["decomposition"] == pytest.approx({"CaF2": 0.75, "Ca": 0.25})
    assert set(found) == set(HullDistance(KNOWN).names(["formation_energy"])) == set(DERIVED)


def test_chances_follow_from_the_stated_uncertainty() -> None:
    distance = HullDistance(KNOWN)

    def chances(energy: float, std: float) -> list[float]:
        values = distance.values(NUMBERS, {"formation_energy": energy, "formation_energy_std": std})
        return [values["stability"], values["stability_50meV"]]

    assert chances(-3.0, 0.1) == pytest.approx([0.5, 0.6915], abs=1e-4)
    assert chances(-2.9, 0.1) == pytest.approx([0.1587, 0.3085], abs=1e-4)
    assert chances(-3.1, 0.1) == pytest.approx([0.8413, 0.9332], abs=1e-4)
    assert chances(-2.97, 0.0) == [0.0, 1.0]
    names = distance.names(["formation_energy", "formation_energy_std"])
    assert names == ("energy_above_hull", "stability", "stability_50meV", "decomposition")
    assert distance.names(["band_gap"]) == ()


def test_a_failing_derivation_says_why_and_leaves_the_rest() -> None:
    values, why = derive([HullDistance()], np.array([84, 8]), {"formation_energy": -1.0})
    assert values == {"formation_energy": -1.0}
    assert set(why) == set(DERIVED)
    assert "elemental Po" in why["energy_above_hull"]


def test_predictions_have_it_beside_what_they_had(small_networks: dict[str, Path]) -> None:
    atoms = bulk("NaCl", "rocksalt", a=5.6)
    one = predict(atoms, checkpoint=small_networks["checkpoint"], device="cpu")[0]
    here = one.formation_energy - KnownPhases().at(atoms.numbers).energy
    assert one.energy_above_hull == pytest.approx(here)
    assert one.decomposition == {"NaCl": 1.0}
    assert one.unavailable == {}
    assert "energy_above_hull=" in repr(one)
    assert "stability" not in one
    assert dict(pickle.loads(pickle.dumps(one))).keys() == one.keys()


def test_own_phases_compete_too(small_networks: dict[str, Path]) -> None:
    atoms = bulk("NaCl", "rocksalt", a=5.6)
    options = {"checkpoint": small_networks["checkpoint"], "device": "cpu"}
    one = predict(atoms, phases=[Phase.of("NaCl", -50.0)], **options)[0]
    assert one.energy_above_hull == pytest.approx(one.formation_energy + 50)
    alone = predict(atoms, phases=KnownPhases(bundled=False), **options)[0]
    assert alone.energy_above_hull == pytest.approx(alone.formation_energy)
    calculator = ECNCalculator(**options, phases=[Phase.of("NaCl", -50.0)])
    assert calculator.get_property("energy_above_hull", atoms) > 40


def test_the_calculator_and_files_keep_it(small_networks: dict[str, Path], tmp_path: Path) -> None:
    calculator = ECNCalculator(small_networks["checkpoint"], device="cpu")
    atoms = bulk("CaF", "rocksalt", a=5.0)
    assert set(DERIVED) < set(calculator.properties)
    shares = calculator.get_property("decomposition", atoms)
    assert shares == pytest.approx({"CaF2": 0.75, "Ca": 0.25})
    shares.clear()
    assert calculator.get_property("decomposition")
    row = calculator.db_row(atoms)
    assert row["decomposition"] == "75 % CaF2 + 25 % Ca"
    with connect(tmp_path / "a.db") as database:
        database.write(atoms, **{name: row[name] for name in DERIVED})
    assert connect(tmp_path / "a.db").get(1).energy_above_hull == row["energy_above_hull"]
    write(tmp_path / "a.extxyz", calculator.annotate(atoms))
    info = read(tmp_path / "a.extxyz").info
    assert info["ecn_decomposition"] == "75 % CaF2 + 25 % Ca"
    assert info["ecn_energy_above_hull"] == pytest.approx(row["energy_above_hull"])


def test_a_single_phase_is_text_that_databases_take() -> None:
    # ase.db would take the formulas of indium fluoride and sodium nitride for numbers.
    assert find("decomposition").stored({"InF": 1.0}) == "100 % InF"
    assert not find("decomposition").is_scalar


def test_an_element_without_a_reference_is_an_error_of_that_crystal(
    small_networks: dict[str, Path], polonide: Atoms
) -> None:
    salt = bulk("NaCl", "rocksalt", a=5.6)
    options = {"checkpoint": small_networks["checkpoint"], "device": "cpu"}
    first, second = predict([polonide, salt], **options)
    assert np.isfinite(first.formation_energy)
    assert set(first.unavailable) == set(DERIVED)
    assert "energy_above_hull" not in first
    with pytest.raises(AttributeError, match="elemental Po"):
        _ = first.energy_above_hull
    assert "energy_above_hull" in second
    with pytest.raises(PropertyUnavailableError, match=r"energy_above_hull: .*elemental Po"):
        ECNCalculator(**options).get_property("energy_above_hull", polonide)


def test_screens_select_by_it(tmp_path: Path, run_screen: Callable, polonide: Atoms) -> None:
    crystals = [bulk("NaCl", "rocksalt", a=5.6), polonide]
    report = run_screen(crystals, tmp_path / "out.db", where="energy_above_hull > -1000")
    assert (report.stored, report.failed) == (1, 1)
    (failure,) = failures(tmp_path / "out.db")
    assert failure.label == "#1"
    assert "elemental Po" in failure.reason
    row = connect(tmp_path / "out.db").get(1)
    assert row.decomposition == "100 % NaCl"
    assert row.hull == KnownPhases().provenance
    # Without a condition on it, the rest of the prediction is kept.
    assert run_screen(crystals, tmp_path / "all.db").stored == 2
    kept = connect(tmp_path / "all.db").get(2)
    assert "energy_above_hull" not in kept
    assert "elemental Po" in kept.data["unavailable"]["energy_above_hull"]
    best = run_screen(crystals, tmp_path / "best.db", top=1, by="energy_above_hull")
    assert (best.stored, best.failed) == (1, 1)


def test_a_screen_with_other_phases_is_another_screen(tmp_path: Path, run_screen: Callable) -> None:
    crystals = [bulk("NaCl", "rocksalt", a=5.6)]
    run_screen(crystals, tmp_path / "out.db")
    with pytest.raises(OptionError, match="hull was"):
        run_screen(crystals, tmp_path / "out.db", phases=[Phase.of("NaCl", -9.0)])


def test_a_screen_begun_before_there_were_distances_goes_on_without(
    tmp_path: Path, run_screen: Callable
) -> None:
    crystals = [bulk("NaCl", "rocksalt", a=5.6), bulk("MgO", "rocksalt", a=4.2)]
    run_screen(crystals[:1], tmp_path / "out.db", properties=["formation_energy", "band_gap"])
    network = ("band_gap", "formation_energy", "magnetization", "metal_probability", "site_moments")
    with sqlite3.connect(tmp_path / "out.db") as database:
        text = "[" + ", ".join(f'"{name}"' for name in network) + "]"
        database.execute("UPDATE screen_settings SET value = ? WHERE name = 'properties'", (text,))
    assert run_screen(crystals, tmp_path / "out.db").computed == 1
    assert "energy_above_hull" not in connect(tmp_path / "out.db").get(2)


def test_workers_compare_with_the_same_phases(
    tmp_path: Path, small_networks: dict[str, Path]
) -> None:
    """They are sent to a worker, which is in this process: it need not be started."""
    distributed = pytest.importorskip("distributed", reason="Dask is not installed")
    with distributed.LocalCluster(
        n_workers=1,
        processes=False,
        protocol="tcp://",
        host="127.0.0.1",
        dashboard_address=None,
        memory_limit=None,
    ) as cluster:
        own = [Phase.of("NaCl", -50.0)]
        options = {"phases": own, "cluster": cluster.scheduler_address, "device": "cpu"}
        screen(bulk("NaCl", "rocksalt", a=5.6), tmp_path / "out.db", **options, **small_networks)
    row = connect(tmp_path / "out.db").get(1)
    assert row.energy_above_hull == pytest.approx(row.formation_energy + 50)


def test_own_phases_are_read(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    with connect(tmp_path / "my.db") as database:
        database.write(bulk("NaCl", "rocksalt", a=5.6), formation_energy=-2.5)
        database.write(bulk("MgO", "rocksalt", a=4.2))
    read_in = read_phases(tmp_path / "my.db")
    assert read_in.phases == (Phase(((11, 1), (17, 1)), -2.5, "my.db#1"),)
    assert read_in.left_out == 1
    assert "1 own phases of my.db, by formation_energy; 1 without" in caplog.text
    assert known_phases(tmp_path / "my.db").own == read_in.phases
    (tmp_path / "my.csv").write_text("formula,formation_energy\nNaCl,-2.5\nMgO,\n")
    assert known_phases(str(tmp_path / "my.csv")).own[0].formula == "NaCl"
    (tmp_path / "none.csv").write_text("formula,formation_energy\nMgO,\n")
    with pytest.raises(OptionError, match="has no phase"):
        known_phases(tmp_path / "none.csv")


def test_the_commands_take_and_name_own_phases(
    tmp_path: Path, small_networks: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "CaF.cif", bulk("CaF", "rocksalt", a=5.0))
    write(tmp_path / "PoO.cif", bulk("PoO", "rocksalt", a=5.0))
    (tmp_path / "my.csv").write_text("formula,formation_energy\nCaF3,-90\nCaF4,\n")
    files = [str(tmp_path / "CaF.cif"), str(tmp_path / "PoO.cif")]
    network = ["--checkpoint", str(small_networks["checkpoint"]), "--device", "cpu"]
    phases = ["--phases", str(tmp_path / "my.csv")]
    assert main(["predict", *files, *network, *phases]) == 0
    shown = capsys.readouterr()
    assert "E_hull / eV/atom" in shown.out
    assert "66.7 % CaF3 + 33.3 % Ca" in shown.out
    assert "1 phases of" in shown.err
    assert "1 crystals without it left out; added to the known ones" in shown.err
    assert "PoO.cif has no energy_above_hull, decomposition: " in shown.err
    out = str(tmp_path / "out.db")
    where = ["--where", "energy_above_hull > 0"]
    alone = [*phases, "--own-phases-only"]
    assert main(["screen", files[0], "-o", out, *where, *network, *alone]) == 0
    shown = capsys.readouterr()
    assert "E_hull / eV/atom" in shown.out
    assert "; alone" in shown.err
    assert main(["report", out, "-o", str(tmp_path / "r.html")]) == 0
    assert "66.7 % CaF3 + 33.3 % Ca" in json.dumps(data_of((tmp_path / "r.html").read_text()))
    assert main(["predict", files[0], *network, "--own-phases-only"]) == 1
    assert "--own-phases-only needs --phases" in capsys.readouterr().err
