from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk
from pymatgen.io.vasp.inputs import Incar

from ase_ecn.cli import main
from ase_ecn.screening import screen


@pytest.fixture(scope="module")
def screened(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("screen") / "out.db"
    screen([bulk("NiO", "rocksalt", a=4.2), bulk("Cr", cubic=True)], out)
    return out


def test_signs_and_alternation(
    screened: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["export", str(screened), "--vasp", str(tmp_path / "dft")]
    assert main([*words, "--signs", "Cr=+-", "--by", "natoms"]) == 0
    assert "wrote inputs of 2 crystals" in capsys.readouterr().out
    first, second = Incar.from_file(tmp_path / "dft" / "Cr-2" / "INCAR")["MAGMOM"]
    assert np.isclose(first, -second, atol=1e-5)
    words[3] = str(tmp_path / "doubled")
    assert main([*words, "--alternate", "G", "--limit", "1", "--by=-magnetization"]) == 0
    (folder,) = (tmp_path / "doubled").iterdir()
    moments = Incar.from_file(folder / "INCAR")["MAGMOM"]
    assert len(moments) == 4
    assert np.isclose(max(moments), -min(moments))
    assert max(moments) > 0.1


def test_what_cannot_be_is_said(
    screened: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["export", str(screened), "--vasp", str(tmp_path / "dft")]
    assert main([*words, "--signs", "Ni"]) == 1
    assert "SITES=SIGNS" in capsys.readouterr().err
    assert main([*words, "--limit", "0"]) == 1
    assert "at least 1" in capsys.readouterr().err
    assert not (tmp_path / "dft").exists()
    assert main([*words, "--signs", "Cr=+-0"]) == 1
    printed = capsys.readouterr()
    assert "skipped #1: 2 atoms Cr cannot share" in printed.err
    assert "wrote inputs of 1 crystals" in printed.out
