from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk

pytest.importorskip("matplotlib")
from pages import HARMFUL, Page, column, energies, in_browser, shown_column

from ase_ecn.api import Relaxation
from ase_ecn.comparison import Comparison
from ase_ecn.errors import OptionError
from ase_ecn.prediction import Prediction
from ase_ecn.report import write_comparison
from ase_ecn.vasp import Run


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
    assert (names.count("img"), names.count("script")) == (1, 1)
    assert f"{HARMFUL}0" in column(text, "source")
    assert not re.search(r"https?://", text)
    assert energies(text) == [-2.0, -3.0, -4.0]
    assert "relative error of the lengths" in text
    assert column(text, "error") == pytest.approx([100 * 0.1 / 5.65, 0, 100 * 0.1 / 5.65], abs=1e-6)
    assert float(column(text, "volume_error")[0]) == pytest.approx(-5.217, abs=1e-2)
    assert column(text, "vasp_band_gap") == [5, None, 0]
    with pytest.raises(OptionError, match="nothing"):
        write_comparison([], path)


def test_a_browser_shows_and_sorts_a_comparison(compared: list[Comparison], tmp_path: Path) -> None:
    path = tmp_path / "vasp.html"
    write_comparison(compared, path)
    shown = in_browser(path, "formation_energy")
    assert shown_column(shown, "volume_error") == ["5.404", "0", "\N{MINUS SIGN}5.216"]
    assert "<title>taken over" not in shown
    assert 'aria-sort="ascending"' in shown
