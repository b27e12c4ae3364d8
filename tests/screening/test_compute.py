from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from ase import Atoms
from ase.build import bulk
from ase.db import connect
from pages import column

from ase_ecn.checkpoint import save_checkpoint
from ase_ecn.cli import main
from ase_ecn.nn.ecn import ECN, ECNConfig
from ase_ecn.report import write_report
from ase_ecn.screening import failures


@pytest.fixture
def cautious(tmp_path: Path) -> Path:
    """A checkpoint that has seen little silver."""
    torch.manual_seed(0)
    path = tmp_path / "cautious.safetensors"
    card = {"name": "cautious", "elements": [29, 47], "domain": {"rare_elements": [47]}}
    save_checkpoint(path, ECN(ECNConfig(("formation_energy",), width=16, layers=1)), card)
    return path


def test_rows_and_pages_say_what_is_out_of_the_domain(
    cautious: Path, tmp_path: Path, run_screen: Callable
) -> None:
    crystals, out = [bulk("Cu"), bulk("Ag")], tmp_path / "out.db"
    run_screen(crystals, out, checkpoint=cautious, relax=True)
    usual, unusual = connect(out).select()
    assert not usual.out_of_domain
    assert "out_of_domain_reasons" not in usual.key_value_pairs
    assert unusual.out_of_domain_reasons == "few training crystals contain Ag"
    assert [row.formula for row in connect(out).select("out_of_domain=1")] == ["Ag"]
    write_report(out, tmp_path / "page.html")
    told = column((tmp_path / "page.html").read_text(), "out_of_domain_reasons")
    assert told == [None, "few training crystals contain Ag"]
    report = run_screen(
        crystals, tmp_path / "kept.db", checkpoint=cautious, where="out_of_domain = 0"
    )
    assert (report.stored, report.rejected) == (1, 1)


def test_commands_say_what_is_out_of_the_domain(
    cautious: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for symbol in ("Cu", "Ag"):
        bulk(symbol).write(tmp_path / f"{symbol}.cif")
    options = ["--checkpoint", str(cautious), "--device", "cpu"]
    screened = ["screen", str(tmp_path / "Ag.cif"), "-o", str(tmp_path / "out.db"), *options]
    for arguments in (["predict", *map(str, tmp_path.glob("*.cif")), *options], screened):
        assert main(arguments) == 0
        captured = capsys.readouterr()
        assert "out of domain" in captured.out.splitlines()[0]
        (flagged,) = [line for line in captured.out.splitlines() if "  yes  " in line]
        assert flagged.startswith("Ag")
        assert "Ag.cif is out of domain: few training crystals contain Ag" in captured.err
        assert "Cu.cif is" not in captured.err
    assert main(["predict", str(tmp_path / "Cu.cif"), *options]) == 0
    assert "out of domain" not in capsys.readouterr().out


def test_a_reader_that_fails_unexpectedly_costs_its_own_structure_alone(
    tmp_path: Path, run_screen: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    def given(atoms: Atoms) -> Atoms:
        return atoms if atoms.symbols[0] != "Ag" else [][0]

    monkeypatch.setattr("ase_ecn.readers.source._given", given)
    report = run_screen([bulk("Cu"), bulk("Ag"), bulk("Au")], tmp_path / "out.db")
    assert (report.stored, report.failed) == (2, 1)
    (failure,) = failures(tmp_path / "out.db")
    assert failure.reason == "IndexError: list index out of range"


def test_systems_without_data_are_failures_of_their_own(
    tmp_path: Path, run_screen: Callable
) -> None:
    path = tmp_path / "pes.safetensors"
    card = {"name": "pes", "elements": [29, 47], "systems": [[29], [47]]}
    save_checkpoint(path, ECN(ECNConfig(("formation_energy",), width=16, layers=1)), card)
    crystals = [bulk("Cu"), bulk("CuAg", "rocksalt", a=5), bulk("Ag")]
    report = run_screen(crystals, tmp_path / "out.db", checkpoint=path)
    assert (report.stored, report.failed) == (2, 1)
    (failure,) = failures(tmp_path / "out.db")
    assert failure.reason.startswith("pes was fitted to")
