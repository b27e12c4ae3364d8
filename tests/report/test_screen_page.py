"""The HTML report of a screen; also in a real browser, where one is installed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ase import Atoms
from ase.build import bulk
from ase.db import connect
from ase.io import write

pytest.importorskip("matplotlib")
from pages import FILE, HARMFUL, Page, energies, in_browser

from ase_ecn.cli import main
from ase_ecn.errors import OptionError
from ase_ecn.report import write_report
from ase_ecn.screening import screen


@pytest.fixture
def screened(tmp_path: Path, small_networks: dict[str, Path]) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    write(folder / FILE, [bulk("NaCl", "rocksalt", a=5.6), bulk("Fe"), bulk("Si")])
    (folder / "broken.cif").write_text(HARMFUL)
    with connect(folder / "given.db") as database:
        for k in range(3):
            database.write(bulk("Cu", a=3.5 + 0.1 * k), formation_energy=-0.1 * k)
    out = tmp_path / "out.db"
    screen(folder, out, relax=True, **small_networks)
    # Other programs write into databases too.
    database = connect(out, use_lock_file=False)
    database.update(1, source=HARMFUL, relaxation_reason=HARMFUL)
    return out


def test_reports_are_whole_and_harmless(screened: Path, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    assert write_report(screened, path) == 6
    text = path.read_text()
    page = Page(text)
    assert "6 of 6 crystals" in text
    assert "1 of 1 failures" in text
    assert HARMFUL in page.cells
    assert f"{FILE}#1" in page.cells
    # One script, the figures, and nothing that the input could have added.
    names = [tag for tag, _ in page.tags]
    assert names.count("script") == 1
    assert names.count("img") == 2
    assert not any(key.startswith("on") for _, attributes in page.tags for key in attributes)
    for _, attributes in page.tags:
        assert not {"href", "srcset", "action"} & set(attributes)
        assert str(attributes.get("src", "data:")).startswith("data:")
    assert not re.search(r"https?://", text)
    assert "default-src 'none'" in text
    assert names.count("svg") == 6


def test_rows_are_sorted_and_limited(screened: Path, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    assert main(["report", str(screened), "-o", str(path), "--by=-formation_energy"]) == 0
    found = energies(path.read_text())
    assert found == sorted(found, reverse=True)
    assert write_report(screened, path, by="formation_energy", limit=2) == 2
    assert energies(path.read_text()) == sorted(found)[:2]
    with pytest.raises(OptionError, match="does not exist"):
        write_report(tmp_path / "none.db", path)
    with pytest.raises(OptionError, match="cannot write"):
        write_report(screened, tmp_path / "none" / "report.html")


def test_an_empty_screen_has_a_report(tmp_path: Path, small_networks: dict[str, Path]) -> None:
    screen([Atoms("H")], tmp_path / "out.db", **small_networks)
    assert write_report(tmp_path / "out.db", tmp_path / "report.html") == 0
    assert "1 failed" in (tmp_path / "report.html").read_text()


def test_a_browser_shows_and_sorts_it(screened: Path, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    write_report(screened, path)
    before = energies(path.read_text())
    shown = in_browser(path, "-formation_energy")
    assert energies(shown) == sorted(before, reverse=True)
    assert before != sorted(before, reverse=True)
    assert "<title>Screen out.db</title>" in shown
    assert 'aria-sort="descending"' in shown
