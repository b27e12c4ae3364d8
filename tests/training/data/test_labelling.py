from __future__ import annotations

import gzip
import json
from functools import partial
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.emt import EMT
from ase.constraints import FixAtoms
from ase.db import connect
from ase.io import write
from children import killed

from ase_ecn.errors import OptionError
from ase_ecn.readers import read_structures
from ase_ecn.readers.json_lines import structure_fields, write_json_lines
from ase_ecn.screening import failures
from ase_ecn.screening.named_calculators import calculator_class, parse_options
from ase_ecn.training.__main__ import main
from ase_ecn.training.data.labelling import label, label_store
from ase_ecn.training.data.user_data import read_user_data

TESTS = Path(__file__).parents[2]


def crystals(count: int) -> list[Atoms]:
    rng = np.random.default_rng(5)
    made = []
    for k in range(count):
        atoms = bulk("CuAu", "cesiumchloride", a=3.0 + 0.01 * k)
        atoms.rattle(0.05, rng=rng)
        made.append(atoms)
    return made


def lines(path: Path) -> list[dict[str, Any]]:
    data = path.read_bytes()
    text = gzip.decompress(data) if path.suffix == ".gz" else data
    return [json.loads(line) for line in text.splitlines()]


def checked(row: dict[str, Any], atoms: Atoms) -> None:
    """A line says what EMT says of the crystal."""
    atoms = atoms.copy()
    atoms.set_constraint()
    atoms.calc = EMT()
    read = Atoms(row["species"], cell=row["cell"], scaled_positions=row["frac"], pbc=True)
    np.testing.assert_allclose(read.positions, atoms.positions, atol=1e-7)
    assert row["energy_eV_per_atom"] == pytest.approx(
        atoms.get_potential_energy() / len(atoms), abs=1e-7
    )
    np.testing.assert_allclose(row["forces_eV_A"], atoms.get_forces(), atol=1e-5)
    np.testing.assert_allclose(row["stress_eV_A3"], atoms.get_stress(), atol=1e-7)


@pytest.mark.parametrize("name", ["out.jsonl", "out.jsonl.gz"])
def test_labels_are_the_calculators(tmp_path: Path, name: str) -> None:
    given = crystals(5)
    given[1].set_constraint(FixAtoms([0]))  # its force is a label all the same
    report = label(given, tmp_path / name, "emt")
    assert (report.labelled, report.failed, report.computed) == (5, 0, 5)
    rows = lines(tmp_path / name)
    assert [row["source"] for row in rows] == [f"#{k}" for k in range(5)]
    for row, atoms in zip(rows, given):
        checked(row, atoms)
        assert row["calculator"] == "emt"
    assert {row.calculator for row in connect(label_store(tmp_path / name)).select()} == {"emt"}


def test_source_and_kind_of_candidates_stay_and_labels_can_be_read(tmp_path: Path) -> None:
    given = crystals(12)
    rows = [
        {"kind": "distorted", "source": f"mp-{k // 2}", **structure_fields(atoms)}
        for k, atoms in enumerate(given)
    ]
    write_json_lines(tmp_path / "in.jsonl.gz", rows)
    out = tmp_path / "out.jsonl.gz"
    label(tmp_path / "in.jsonl.gz", out, "emt")
    labelled = lines(out)
    assert [row["source"] for row in labelled] == [f"mp-{k // 2}" for k in range(12)]
    assert {row["kind"] for row in labelled} == {"distorted"}
    assert len(list(read_structures(out))) == 12
    energies = read_user_data(out, "energy_eV_per_atom").targets["energy_eV_per_atom"]
    np.testing.assert_allclose(energies, [row["energy_eV_per_atom"] for row in labelled])


def test_a_crystal_that_fails_does_not_end_the_run(tmp_path: Path) -> None:
    molecule = Atoms("Cu2", [[0, 0, 0], [0, 0, 2.3]])
    given = [bulk("Cu"), bulk("Fe"), molecule, bulk("Au")]
    out = tmp_path / "out.jsonl"
    report = label(given, out, "emt")
    assert (report.labelled, report.failed, report.computed) == (2, 2, 4)
    assert [row["source"] for row in lines(out)] == ["#0", "#3"]
    reasons = {failure.label: failure.reason for failure in failures(label_store(out))}
    assert "No EMT-potential for Fe" in reasons["#1"]
    assert "periodic" in reasons["#2"]
    assert label(given, out, "emt").computed == 0
    assert label(given, out, "emt", retry_failed=True).computed == 2


def test_calculators_without_stress_and_results_that_are_no_numbers(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    given = [bulk("Cu"), bulk("Li"), bulk("Ag"), bulk("Cu", a=3.7)]
    label(given, out, "labelling_calculators:Odd")
    rows = lines(out)
    assert [row["source"] for row in rows] == ["#0", "#3"]
    assert all(row["stress_eV_A3"] is None for row in rows)
    assert all(row["energy_eV_per_atom"] == -3.0 for row in rows)
    reasons = [failure.reason for failure in failures(label_store(out))]
    assert reasons == ["RuntimeError: no convergence", "not finite: potential_energy"]


# Before which write labelling is killed, one time after the other, and how many crystals have been
# computed and stored by then, four at a time.
KILLS = (
    ("INSERT INTO systems", 0, 4, 0),
    ("COMMIT", 0, 8, 0),
    ("INSERT INTO screen_journal", 5, 16, 4),
    ("rename .out", 0, 22, 10),
)


def test_each_crystal_is_computed_once_also_when_the_run_is_killed(
    tmp_path: Path, forkserver: ForkServerContext
) -> None:
    source, out, log = tmp_path / "in.extxyz", tmp_path / "out.jsonl.gz", tmp_path / "log"
    write(source, [bulk("Cu", a=3.5 + 0.01 * k) for k in range(10)])
    name, options = "labelling_calculators:Counting", {"log": str(log)}
    for like, before, computed, stored in KILLS:
        work = partial(label, source, out, name, options, batch_size=4)
        assert killed(forkserver, work, folder=tmp_path, before=before, like=like), like
        assert not out.exists()  # nothing that is not complete
        assert len(log.read_text().splitlines()) == computed
        assert len(connect(label_store(out))) == stored
    arguments = ["label", str(source), "-o", str(out), "--calculator", name, "--batch-size", "4"]
    assert main([*arguments, "--option", f"log={tmp_path / 'other'}"]) == 1
    assert main([*arguments, "--option", f"log={log}"]) == 0
    assert [row["source"] for row in lines(out)] == [f"in.extxyz#{k}" for k in range(10)]
    # What was finished and written is not computed again.
    done = log.read_text().splitlines()
    assert len(done) == 22
    assert len(set(done)) == 10


@pytest.mark.slow
def test_workers_label_too_each_in_a_folder_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(TESTS))
    label_by_workers(tmp_path, workers=2)


def test_a_cluster_labels_too_in_folders_of_its_own(tmp_path: Path) -> None:
    """The same with a worker in this process, which need not be started."""
    distributed = pytest.importorskip("distributed", reason="Dask is not installed")
    with distributed.LocalCluster(
        n_workers=1, processes=False, dashboard_address=None, memory_limit=None
    ) as cluster:
        label_by_workers(tmp_path, cluster=cluster.scheduler_address)


def label_by_workers(folder: Path, **execution: Any) -> None:
    pytest.importorskip("distributed", reason="Dask is not installed")
    given, out = [*crystals(6), bulk("Fe")], folder / "out.jsonl"
    report = label(
        given,
        out,
        "labelling_calculators:Folder",
        {"directory": str(folder / "runs")},
        batch_size=2,
        **execution,
    )
    assert (report.labelled, report.failed, report.computed) == (6, 1, 7)
    rows = sorted(lines(out), key=lambda row: row["source"])
    assert [row["source"] for row in rows] == [f"#{k}" for k in range(6)]
    depth = len((folder / "runs").parts)
    for row, atoms in zip(rows, given):
        atoms.calc = EMT()
        np.testing.assert_allclose(row["forces_eV_A"], atoms.get_forces(), atol=1e-5)
        assert row["energy_eV_per_atom"] == depth + 1


def test_an_output_belongs_to_one_calculator(tmp_path: Path) -> None:
    label(crystals(1), tmp_path / "out.jsonl", "emt")
    with pytest.raises(OptionError, match='calculator was "emt", now "lj"'):
        label(crystals(1), tmp_path / "out.jsonl", "lj")
    with pytest.raises(OptionError, match="options"):
        label(crystals(1), tmp_path / "out.jsonl", "emt", {"asap_cutoff": True})


def test_options_that_are_not_allowed_are_told(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    for wrong, match in (
        ({"calculator": "nothing"}, "one of ASE's: abinit"),
        ({"calculator": "no_package:Class"}, "No module named"),
        ({"calculator": "labelling_calculators:Nothing"}, "Nothing"),
        ({"calculator": "labelling_calculators:number"}, "not a class"),
        ({"calculator": "emt", "options": {"parameter": 1}, "batch_size": 0}, "batch_size"),
        ({"calculator": "labelling_calculators:made", "options": {"b": 1}}, "made with b=1"),
        ({"calculator": "emt", "workers": 1, "cluster": "tcp://x"}, "not both"),
    ):
        with pytest.raises(OptionError, match=match):
            label(crystals(1), out, **wrong)
    with pytest.raises(OptionError, match=r"jsonl\.gz"):
        label(crystals(1), tmp_path / "out.db", "emt")
    with pytest.raises(OptionError, match="folder"):
        label(crystals(1), tmp_path / "nowhere" / "out.jsonl", "emt")
    with pytest.raises(OptionError, match="KEY=VALUE"):
        parse_options(["seconds"])
    assert not list(tmp_path.iterdir())


def test_options_are_literals_or_text() -> None:
    options = parse_options(["a=1", "b=0.5", "c=True", "d=nequix-oam-1", "e=[1, 2]", "f=x=y", "g="])
    values = [1, 0.5, True, "nequix-oam-1", [1, 2], "x=y", ""]
    assert options == dict(zip("abcdefg", values))


def test_a_function_that_makes_a_calculator_will_do(tmp_path: Path) -> None:
    (atoms,) = crystals(1)
    label([atoms], tmp_path / "out.jsonl", "labelling_calculators:made", {"a": 0.5})
    checked(lines(tmp_path / "out.jsonl")[0], atoms)


@pytest.mark.parametrize(
    ("package", "name", "options"),
    [
        ("nequix", "nequix.calculator:NequixCalculator", {"model_name": "nequix-oam-1"}),
        ("chgnet", "chgnet.model.dynamics:CHGNetCalculator", {"use_device": "cpu"}),
    ],
)
def test_universal_potentials(
    tmp_path: Path, package: str, name: str, options: dict[str, Any]
) -> None:
    pytest.importorskip(package, reason=f"{package} is not installed")
    atoms = bulk("MgO", "rocksalt", a=4.21) * (2, 1, 1)
    atoms.rattle(0.1, seed=1)
    label([atoms], tmp_path / "out.jsonl", name, options)
    (row,) = lines(tmp_path / "out.jsonl")
    atoms.calc = calculator_class(name)(**options)
    energy = atoms.get_potential_energy() / 4
    assert -7 < energy < -5  # DFT's scale, whose zero is that of VASP's atoms
    assert row["energy_eV_per_atom"] == pytest.approx(energy, abs=1e-5)
    np.testing.assert_allclose(row["forces_eV_A"], atoms.get_forces(), atol=1e-4)
    np.testing.assert_allclose(row["stress_eV_A3"], atoms.get_stress(), atol=1e-5)
