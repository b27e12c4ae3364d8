from __future__ import annotations

import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk

pytest.importorskip("matplotlib")

from matplotlib.figure import Figure

from ase_ecn import plotting
from ase_ecn.errors import ASEECNError, OptionError, PeriodicityError
from ase_ecn.symmetry.lattices import representative_lattice
from ase_ecn.symmetry.orbits import pattern, product, symmetric_group, translation_group

EXAMPLE = Path(__file__).parents[1] / "examples" / "graphene_patterns.py"


def drawn_colours(axes) -> np.ndarray:
    return axes.collections[0].get_array()


def test_pattern_shows_which_edges_share_a_colour() -> None:
    shown = product(pattern(translation_group((2, 2))), pattern(symmetric_group(3)))
    rgb = drawn_colours(plotting.pattern(shown)).reshape(-1, 3)
    _, labels = np.unique(rgb, axis=0, return_inverse=True)
    pairs = {*zip(labels.ravel().tolist(), shown.edge_colours.ravel().tolist(), strict=True)}
    assert len(pairs) == shown.edge_colour_count == len({*labels.ravel().tolist()})


def test_pattern_draws_on_given_axes_or_makes_its_own() -> None:
    axes = Figure().add_subplot()
    assert plotting.pattern(representative_lattice("cF"), axes) is axes
    assert plotting.pattern(representative_lattice("hp")).figure is not axes.figure
    assert drawn_colours(axes).shape == (8, 8, 3)


def test_more_colours_than_names_can_be_drawn() -> None:
    nothing_shared = pattern(np.arange(6)[None])
    rgb = drawn_colours(plotting.pattern(nothing_shared)).reshape(-1, 3)
    assert len(np.unique(rgb, axis=0)) == 36


@pytest.mark.parametrize(("dimension", "count"), [(2, 5), (3, 14)])
def test_all_patterns_of_a_dimension(dimension: int, count: int) -> None:
    figure = plotting.patterns(dimension)
    titles = [axes.get_title() for axes in figure.axes]
    assert len(titles) == count
    assert titles[-1] == {2: "hp: 2 colours", 3: "cF: 3 colours"}[dimension]
    with pytest.raises(OptionError):
        plotting.patterns(4)


def test_figure_and_text_of_a_crystal(tmp_path: Path) -> None:
    rocksalt = bulk("NaCl", "rocksalt", a=5.64, cubic=True)
    figure = plotting.pattern_figure(rocksalt)
    figure.savefig(tmp_path / "pattern.png")
    assert (tmp_path / "pattern.png").stat().st_size > 1000
    assert figure.get_suptitle() == "NaCl: cF, 3 colours"
    text = plotting.pattern_text(rocksalt)
    assert "NaCl: cF, lattice group of order 48, 3 colours" in text
    rows = [line.split() for line in text.splitlines()[-8:]]
    assert [row[1] for row in rows] == ["0", *"111111", "2"]
    assert float(rows[1][2]) == pytest.approx(5.64 / 2**0.5, abs=1e-3)
    assert float(rows[7][2]) == pytest.approx(5.64, abs=1e-3)


def test_errors_say_what_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    slab = bulk("Cu")
    slab.pbc = [True, True, False]
    for function in (plotting.pattern_figure, plotting.pattern_text):
        with pytest.raises(PeriodicityError):
            function(slab)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ASEECNError, match=r"ase-ecn\[plots\]"):
        plotting.patterns(2)


def test_graphene_example(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "graphene.png"
    monkeypatch.setattr(sys, "argv", ["graphene_patterns.py", "-o", str(output)])
    runpy.run_path(str(EXAMPLE), run_name="__main__")
    assert output.stat().st_size > 10_000
    printed = capsys.readouterr().out
    assert "P2 x S2: 8 edge colours, 3 of them on bonds" in printed
    assert "P6m x S2: 4 edge colours, 2 of them on bonds" in printed
