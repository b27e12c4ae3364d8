"""Phase diagrams: what is drawn where, against phases that are easily reckoned with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.db import connect

pytest.importorskip("matplotlib")

from ase_ecn.cli import main
from ase_ecn.errors import OptionError, PropertyUnavailableError, UnsupportedElementError
from ase_ecn.hull import KnownPhases, Phase
from ase_ecn.plotting import phase_diagram
from ase_ecn.plotting.phase_figures import INTERVAL

SALTS = KnownPhases((Phase.of("NaCl", -2.0), Phase.of("KCl", -2.2)), bundled=False)
DASH = "\N{EN DASH}"


def crystal(formula: str) -> Atoms:
    """Atoms far enough from each other; only the composition counts here."""
    atoms = Atoms(formula)
    atoms.positions = [[3.0 * k, 0, 0] for k in range(len(atoms))]
    atoms.set_cell([3.0 * len(atoms), 3, 3])
    atoms.pbc = True
    return atoms


def figure_of(energies: dict[str, float], std: float = 0.0, **options: Any) -> Any:
    predictions = [
        {"formation_energy": e} | ({"formation_energy_std": std} if std else {})
        for e in energies.values()
    ]
    return phase_diagram([crystal(f) for f in energies], predictions, **options)


def lines(axis: Any) -> dict[str, Any]:
    return {line.get_label(): line for line in axis.lines}


def bars(axis: Any) -> np.ndarray:
    """(N, 2, 2) ends of all error bars."""
    collected = [c for container in axis.containers for c in container.lines[2]]
    return np.concatenate([np.array(c.get_segments()) for c in collected])


def test_two_elements_are_energies_with_their_intervals() -> None:
    found = figure_of({"NaCl": -1.98, "Na3Cl": -0.6, "NaCl3": 0.5}, 0.1, phases=SALTS)
    left, right = found.axes
    hull = lines(left)["known phases"]
    # Na3Cl's crystal is a candidate, so the hull is that of Na, NaCl and Cl alone.
    np.testing.assert_allclose(hull.get_xydata(), [[0, 0], [0.5, -2], [1, 0]])
    np.testing.assert_allclose(lines(left)["own phases"].get_xydata(), [[0.5, -2]])
    ends = {round(float(bar[0, 0]), 2): bar[:, 1] for bar in bars(left)}
    np.testing.assert_allclose(ends[0.5], [-1.98 - 0.1 * INTERVAL, -1.98 + 0.1 * INTERVAL])
    # One quarter chlorine: -0.6 is 0.4 above the line from Na to NaCl, too far to be drawn.
    assert set(ends) == {0.5}
    assert [t.get_text() for t in right.get_yticklabels()] == ["NaCl"]
    np.testing.assert_allclose(bars(right)[0][:, 0], [0.02 - 0.1645, 0.02 + 0.1645], atol=1e-9)
    assert found.get_suptitle() == (
        f"Na{DASH}Cl: 1 crystal, 1 compound on the hull; "
        "2 more than 0.3 eV/atom above the hull not drawn"
    )


def test_the_best_are_on_top_and_coloured_by_distance() -> None:
    energies = {"NaCl": -1.9, "Na2Cl2": -2.1, "Na3Cl3": -1.99, "Na4Cl4": -1.99}
    right = figure_of(energies, 0.05, phases=SALTS).axes[1]
    points = {}
    for container in right.containers:
        line = container.lines[0]
        for x, y in line.get_xydata():
            points[float(y)] = (round(float(x), 3), line.get_color())
    # Two crystals that agree in everything have two rows.
    assert [points[row][0] for row in sorted(points)] == [-0.1, 0.01, 0.01, 0.1]
    assert points[1][1] == points[2][1]
    assert len({colour for _, colour in points.values()}) == 3
    top, bottom = right.get_ylim()
    assert top > bottom


def test_three_elements_are_a_triangle() -> None:
    found = figure_of({"NaKCl2": -2.15, "Na2K2Cl4": -2.0}, phases=SALTS, system="Na-K-Cl")
    left, right = found.axes
    known = lines(left)["known phases"].get_xydata()
    assert len(known) == 5
    # The only ties: Na–NaCl, NaCl–Cl, K–KCl, KCl–Cl, Na–K, NaCl–KCl, and Na–KCl or K–NaCl.
    ties = [line for line in left.lines if len(line.get_xdata()) == 2 and line.get_marker() != "o"]
    assert sum(line.get_label().startswith("_child") for line in ties) == 7
    drawn = lines(left)["on or below the hull"].get_xydata()
    # A quarter each of Na and K, half of it Cl: half-way up, and in the middle.
    np.testing.assert_allclose(drawn, [[0.5, 3**0.5 / 4]])
    assert len(right.get_yticklabels()) == 2
    # Without stated errors there are bars of no length, and nothing is said of intervals.
    np.testing.assert_allclose(bars(right)[:, 0, 0], bars(right)[:, 1, 0])
    assert right.get_xlabel() == "above the hull / eV/atom"


def test_four_elements_are_a_tetrahedron() -> None:
    phases = SALTS.with_own([Phase.of("LiCl", -2.1)])
    found = figure_of({"LiNaKCl3": -2.09}, 0.02, phases=phases, system=["Li", "Na", "K", "Cl"])
    left = found.axes[0]
    assert left.name == "3d"
    x, y, z = lines(left)["within 50 meV/atom"].get_data_3d()
    corner = np.array([0.5, 3**0.5 / 6, (2 / 3) ** 0.5])
    others = np.array([[0, 0, 0], [1, 0, 0], [0.5, 3**0.5 / 2, 0]])
    np.testing.assert_allclose(np.ravel([x, y, z]), corner / 2 + others.sum(axis=0) / 6, atol=1e-12)
    assert len(lines(left)["known phases"].get_data_3d()[0]) == 7
    assert len(lines(left)["own phases"].get_data_3d()[0]) == 3
    lengths = [np.linalg.norm(corner - other) for other in others]
    np.testing.assert_allclose(lengths, 1)


def test_known_phases_come_with_the_package() -> None:
    left = figure_of({"Na2O": -1.4}).axes[0]
    assert {"Na₂O", "Na₂O₂"} <= {t.get_text() for t in left.texts}
    assert "own phases" not in lines(left)


def test_what_cannot_be_drawn_is_said() -> None:
    five = {"LiNaKRbCl4": -2.0}
    with pytest.raises(OptionError, match=r"two to four elements, and Li.Na.Cl.K.Rb are 5"):
        figure_of(five)
    with pytest.raises(OptionError, match="are of 3 systems; name one: Na-Cl, O-Mg, S-K"):
        figure_of({"NaCl": -2.0, "MgO": -3.0, "K2S": -1.0})
    with pytest.raises(OptionError, match="Na is 1"):
        figure_of({"Na": 0.0})
    with pytest.raises(OptionError, match=r"no crystal has only the elements Li.F"):
        figure_of({"NaCl": -2.0}, system="Li-F")
    for bad, why in (("Na-Xy", "no different"), ("Na-Na", "no different"), ("Na", "two to four")):
        with pytest.raises(OptionError, match=why):
            figure_of({"NaCl": -2.0}, system=bad)
    with pytest.raises(OptionError, match="1 crystals and 0 predictions"):
        phase_diagram([crystal("NaCl")], [])
    with pytest.raises(PropertyUnavailableError, match="NaCl has no formation energy"):
        phase_diagram([crystal("NaCl")], [{}])
    with pytest.raises(UnsupportedElementError, match="At"):
        figure_of({"NaAt": -1.0})


def test_the_command_draws_a_screen_with_own_phases(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with connect(tmp_path / "out.db") as database:
        database.write(crystal("NaCl"), formation_energy=-2.0, formation_energy_std=0.05)
        database.write(crystal("MgO"), formation_energy=-3.0)
        database.write(crystal("K2S"), formation_energy=-1.0)
    (tmp_path / "my.csv").write_text("formula,formation_energy\nNa3Cl,-1.2\n")
    picture = tmp_path / "diagram.png"
    command = ["plot", "phase-diagram", str(tmp_path / "out.db"), "-o", str(picture)]
    assert main(command) == 1
    assert "name one: " in capsys.readouterr().err
    own = ["--phases", str(tmp_path / "my.csv")]
    assert main([*command, "--system", "Na-Cl", *own]) == 0
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert "1 phases of" in capsys.readouterr().err
