"""The HTML report of a screen; also in a real browser, where one is installed."""

from __future__ import annotations

import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.db import connect
from ase.io import write

pytest.importorskip("matplotlib")

from ase_ecn.api import Relaxation
from ase_ecn.cli import main
from ase_ecn.comparison import Comparison
from ase_ecn.errors import OptionError
from ase_ecn.prediction import Prediction
from ase_ecn.report import thumbnail, write_comparison, write_report
from ase_ecn.screening import screen
from ase_ecn.vasp import Run

HARMFUL = "<img src=x onerror=\"document.title='taken over'\"><script>document.title='x'</script>"
FILE = "<svg onload=document.title='y'>&amp;\"'.extxyz"


class Page(HTMLParser):
    """Tags with their attributes, and the text of each cell."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.cells: list[str] = []
        self.feed(text)
        self.cells = [cell.strip() for cell in self.cells]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag in ("td", "th"):
            self.cells.append("")

    def handle_data(self, data: str) -> None:
        if self.cells:
            self.cells[-1] += data


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


def energies(text: str) -> list[float]:
    return [float(value) for value in column(text, "formation_energy")]


def column(text: str, name: str) -> list[str]:
    head = re.search(r"<thead>(.*?)</thead>", text, re.DOTALL)
    assert head is not None
    place = re.findall(r'data-name="([^"]*)"', head[1]).index(name)
    rows = re.findall(r"<tr><td>.*?</tr>", text, re.DOTALL)
    cells = [re.findall(r'<td(?: data-value="([^"]*)"| class="text")?>', row) for row in rows]
    return [row[place] for row in cells]


def test_an_empty_screen_has_a_report(tmp_path: Path, small_networks: dict[str, Path]) -> None:
    screen([Atoms("H")], tmp_path / "out.db", **small_networks)
    assert write_report(tmp_path / "out.db", tmp_path / "report.html") == 0
    assert "1 failed" in (tmp_path / "report.html").read_text()


@pytest.fixture
def compared() -> list[Comparison]:
    comparisons = []
    for k, (a, gap) in enumerate([(5.9, 5.0), (5.6, None), (5.7, 0.0)]):
        final = bulk("NaCl", "rocksalt", a=5.65)
        run = Run(f"{HARMFUL}{k}", bulk("NaCl", "rocksalt", a=a), final, steps=4, gap=gap)
        here = bulk("NaCl", "rocksalt", a=5.65 + 0.1 * (k - 1))
        deformation = np.linalg.solve(run.start.cell[:], here.cell[:])
        course = {"steps": 2, "reason": "converged", "strain": 1e-4, "strain_spread": 1e-3}
        relaxation = Relaxation(
            here, converged=True, **course, out_of_domain=(), deformation=deformation
        )
        prediction = Prediction(
            {"formation_energy": -2.0 - k, "band_gap": 5.1, "magnetization": 0.0}
        )
        comparisons.append(Comparison(run, relaxation, prediction))
    return comparisons


def test_comparisons_with_vasp_have_a_report(compared: list[Comparison], tmp_path: Path) -> None:
    path = tmp_path / "vasp.html"
    write_comparison(compared, path)
    text = path.read_text()
    page = Page(text)
    names = [tag for tag, _ in page.tags]
    assert (names.count("svg"), names.count("img"), names.count("script")) == (3, 1, 1)
    assert f"{HARMFUL}0" in page.cells
    assert not re.search(r"https?://", text)
    assert energies(text) == [-2.0, -3.0, -4.0]
    assert "relative error of the lengths" in text
    errors = [float(e) for e in column(text, "error")]
    assert errors == pytest.approx([100 * 0.1 / 5.65, 0, 100 * 0.1 / 5.65])
    assert float(column(text, "volume_error")[0]) == pytest.approx(-5.217, abs=1e-2)
    assert column(text, "vasp_band_gap") == ["5.0", "", "0.0"]
    with pytest.raises(OptionError, match="nothing"):
        write_comparison([], path)


def test_thumbnails_show_every_atom_and_the_cell() -> None:
    picture = thumbnail(bulk("NaCl", "rocksalt", a=5.6, cubic=True))
    assert picture.count("<circle") == 8
    assert picture.count("<line") == 12
    for x, y in re.findall(r'cx="(.*?)" cy="(.*?)"', picture):
        assert 0 < float(x) < 90
        assert 0 < float(y) < 90
    assert "<circle" not in thumbnail(bulk("Cu").repeat((6, 6, 6)))


def in_browser(path: Path, fragment: str) -> str:
    """The page as a browser has it after its script ran, or skip."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    if browser is None:
        pytest.skip("chromium is not installed")
    done = subprocess.run(
        [
            *(browser, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"),
            *(f"--user-data-dir={path.parent / 'profile'}", "--virtual-time-budget=5000"),
            f"{path.as_uri()}#{fragment}",
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return done.stdout


def test_a_browser_shows_and_sorts_it(screened: Path, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    write_report(screened, path)
    before = energies(path.read_text())
    shown = in_browser(path, "-formation_energy")
    assert energies(shown) == sorted(before, reverse=True)
    assert before != sorted(before, reverse=True)
    assert "<title>Screen out.db</title>" in shown
    assert 'aria-sort="descending"' in shown


def test_a_browser_shows_and_sorts_a_comparison(compared: list[Comparison], tmp_path: Path) -> None:
    path = tmp_path / "vasp.html"
    write_comparison(compared, path)
    shown = in_browser(path, "formation_energy")
    assert energies(shown) == [-4.0, -3.0, -2.0]
    assert f"{HARMFUL}2" in Page(shown).cells
    assert "<title>taken over" not in shown
    assert 'aria-sort="ascending"' in shown
