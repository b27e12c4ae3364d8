"""The HTML report of a screen; also in a real browser, where one is installed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ase import Atoms
from ase.build import bulk
from ase.db import connect
from ase.io import write
from pages import FILE, HARMFUL, Page, column, data_of, energies, in_browser, shown_energies

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
    assert "7 crystals were screened; 6 of them are in the result, 1 could not be" in text
    assert "1 of 1 failures" in text
    assert HARMFUL in column(text, "source")
    assert f"{FILE}#1" in column(text, "source")
    # One script, and nothing that the input could have added.
    names = [tag for tag, _ in page.tags]
    assert names.count("script") == 1
    assert "img" not in names
    assert not any(key.startswith("on") for _, attributes in page.tags for key in attributes)
    for _, attributes in page.tags:
        assert not {"href", "srcset", "action", "src"} & set(attributes)
    assert not re.search(r"https?://", text)
    assert "default-src 'none'" in text
    assert len(data_of(text)["crystals"]) == 6


def test_what_was_done_and_what_came_out_is_said(screened: Path, tmp_path: Path) -> None:
    database = connect(screened, use_lock_file=False)
    salt = database.get(formula="NaCl").id
    database.update(salt, formation_energy=-2.1, energy_above_hull=-0.01, out_of_domain=True)
    write_report(screened, tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text()
    said = re.sub(r"<.*?>", " ", text[: text.index("<main>")])
    assert re.search(r"cells relaxed by\s+\S+ [0-9a-f]{12}\s", said)
    assert re.search(r"compared with\s+materials_project", said)
    assert "Predicted against given values" in text
    data = data_of(text)
    plots = [(plot["x"], plot["y"]) for plot in data["plots"]]
    assert plots == [
        ("energy_above_hull", "band_gap"),
        ("given_formation_energy", "formation_energy"),
    ]
    given = [v for v in column(text, "given_formation_energy") if v is not None]
    assert sorted(given) == [-0.2, -0.1, 0]
    assert "Mean absolute difference of 3 crystals" in text
    assert text.count("<svg") == 1  # of Na and Cl; the others are elements
    # Few columns first: those that short tables have.
    shown = [c["name"] for c in data["columns"] if c["shown"]]
    assert shown[:3] == ["formula", "natoms", "energy_above_hull"]
    assert shown[-1] == "source"
    assert len(shown) <= 9 < len(data["columns"])
    assert sorted(column(text, "formula")) == ["Cu", "Cu", "Cu", "Fe", "NaCl", "Si"]
    assert re.search(r"unlike the training data</\w+>\s*<b>1</b>", text)


def test_rows_are_sorted_and_limited(screened: Path, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    assert main(["report", str(screened), "-o", str(path), "--by=-formation_energy"]) == 0
    found = energies(path.read_text())
    assert found == sorted(found, reverse=True)
    assert write_report(screened, path, by="formation_energy", limit=2) == 2
    assert energies(path.read_text()) == sorted(found)[:2]
    assert "2 of 6 crystals are on this page" in path.read_text()
    assert re.search(r"<span>in the result</span>\s*<b>6</b>", path.read_text())
    write_report(screened, path)
    above = column(path.read_text(), "energy_above_hull")
    assert above == sorted(above)
    with pytest.raises(OptionError, match="does not exist"):
        write_report(tmp_path / "none.db", path)
    with pytest.raises(OptionError, match="cannot write"):
        write_report(screened, tmp_path / "none" / "report.html")


def test_an_empty_screen_has_a_report(tmp_path: Path, small_networks: dict[str, Path]) -> None:
    screen([Atoms("H")], tmp_path / "out.db", **small_networks)
    assert write_report(tmp_path / "out.db", tmp_path / "report.html") == 0
    assert "1 could not be computed" in (tmp_path / "report.html").read_text()


def test_a_browser_shows_and_sorts_it(screened: Path, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    write_report(screened, path)
    before = [round(energy, 3) for energy in energies(path.read_text())]
    shown = in_browser(path, "-formation_energy")
    assert shown_energies(shown) == sorted(before, reverse=True)
    assert before != sorted(before, reverse=True)
    assert "<title>Screen out.db</title>" in shown
    assert 'aria-sort="descending"' in shown
    assert "6 crystals" in shown
