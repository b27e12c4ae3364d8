"""Figures of results. What they show is read back from them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk
from ase.db import connect
from ase.io import write

pytest.importorskip("matplotlib")

from ase_ecn import predict
from ase_ecn.checkpoint import read_card
from ase_ecn.cli import main
from ase_ecn.errors import OptionError, PropertyUnavailableError
from ase_ecn.plotting import (
    calibration_curve,
    learning_curve,
    parity,
    property_map,
    relaxation_path,
    tensor_surface,
)
from ase_ecn.plotting.sources import draw
from ase_ecn.response import along
from ase_ecn.screening import screen


@pytest.mark.parametrize("count", [50, 1000])
def test_parity_shows_errors_and_density(count: int, rng: np.random.Generator) -> None:
    reference = rng.normal(size=count)
    predicted = reference + 0.25
    reference[0] = np.nan
    figure = parity(predicted, reference, name="band_gap", units="eV")
    title = figure.get_suptitle()
    assert f"N = {count - 1}" in title
    assert "MAE = 0.25, RMSE = 0.25" in title
    plot, histogram = figure.axes[:2]
    assert plot.get_xlabel() == "reference band_gap / eV"
    assert sum(bar.get_height() for bar in histogram.patches) == count - 1
    drawn = plot.collections[0]
    if count < 300:
        np.testing.assert_allclose(drawn.get_offsets()[:, 1], predicted[1:])
    else:
        assert drawn.get_array().sum() == count - 1
        assert len(figure.axes) == 3  # the scale of the density


def test_parity_refuses_what_is_no_comparison() -> None:
    with pytest.raises(OptionError, match="same length"):
        parity([1.0, 2.0], [1.0])
    with pytest.raises(OptionError, match="fewer than two"):
        parity([1.0, np.nan], [1.0, 2.0])


def test_a_learning_curve_has_a_panel_per_score(tmp_path: Path) -> None:
    path = tmp_path / "curve.csv"
    path.write_text("epoch,train_loss,mae,seconds\n1,2.0,0.5,9\n2,1.0,0.4,9\n")
    figure = learning_curve(path)
    shown = {axis.get_title(): axis.lines[0].get_ydata().tolist() for axis in figure.axes}
    assert shown == {"train loss": [2.0, 1.0], "mae": [0.5, 0.4]}
    for text in ("", "a,b\n1,2\n", "epoch,b\n1,x\n", "epoch\n1\n"):
        path.write_text(text)
        with pytest.raises(OptionError, match="no learning curve"):
            learning_curve(path)


def test_calibration_is_that_of_the_card() -> None:
    scores = read_card("ecn-mp20").content["test"]
    axis = calibration_curve(scores).axes[0]
    lines = {line.get_label(): line for line in axis.lines}
    assert set(lines) == {"ideal", "formation energy", "band gap"}
    gap = dict(zip(lines["band gap"].get_xdata(), lines["band gap"].get_ydata()))
    assert gap[90] == pytest.approx(100 * scores["band_gap_in_90%_interval"])
    with pytest.raises(OptionError, match="no reliability curve"):
        calibration_curve({"mae": 1.0})


def test_a_relaxation_shows_volume_and_strain() -> None:
    images = [bulk("Cu", a=a) for a in (4.0, 3.7, 3.6)]
    volume, strain, lengths = relaxation_path(images).axes
    expected = [image.get_volume() for image in images]
    np.testing.assert_allclose(volume.lines[0].get_ydata(), expected)
    logarithms = [3**0.5 * abs(np.log(3.7 / 4.0)), 3**0.5 * abs(np.log(3.6 / 3.7))]
    np.testing.assert_allclose(strain.lines[0].get_ydata(), logarithms)
    np.testing.assert_allclose(lengths.lines[0].get_ydata()[0], 4.0 / 2**0.5)
    for bad in (images[:1], [bulk("Cu"), bulk("Si")]):
        with pytest.raises(OptionError, match="two or more"):
            relaxation_path(bad)


def test_a_map_has_units() -> None:
    axis = property_map([0.0, 1.0, np.nan], [2.0, 3.0, 4.0]).axes[0]
    assert axis.get_xlabel() == "formation energy / eV/atom"
    assert axis.get_ylabel() == "band gap / eV"
    assert axis.get_title() == "2 crystals"


@pytest.mark.slow
def test_the_command_draws_every_kind(
    tmp_path: Path, small_networks: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    with connect(tmp_path / "in.db") as database:
        for k in range(3):
            database.write(bulk("Cu", a=3.5 + 0.1 * k), band_gap=0.1 * k)
    out = tmp_path / "out.db"
    screen(tmp_path / "in.db", out, **small_networks)
    write(tmp_path / "path.traj", [bulk("Cu", a=4.0), bulk("Cu", a=3.6)])
    (tmp_path / "curve.csv").write_text("epoch,loss\n1,2\n2,1\n")
    sources = {"map": out, "parity": out, "learning": tmp_path / "curve.csv"}
    sources |= {"calibration": "ecn-mp20", "relaxation": tmp_path / "path.traj"}
    sources |= {"tensor": tmp_path / "path.traj"}
    for kind, source in sources.items():
        picture = tmp_path / f"{kind}.png"
        assert main(["plot", kind, str(source), "-o", str(picture)]) == 0
        assert picture.read_bytes().startswith(b"\x89PNG")
    assert main(["plot", "parity", str(out), "-o", "x.png", "--property", "natoms"]) == 1
    assert main(["plot", "map", str(tmp_path / "none.db"), "-o", "x.png"]) == 1
    assert main(["plot", "map", str(out), "-o", str(tmp_path / "x.nonsense")]) == 1
    assert "cannot write" in capsys.readouterr().err


CUBIC = np.diag([300.0, 300, 300, 80, 80, 80])
CUBIC[:3, :3] += 100 * (1 - np.eye(3))


def test_a_surface_is_cut_by_planes() -> None:
    figure = tensor_surface(CUBIC, title="a cube")
    surface, cuts, bar = figure.axes
    assert figure.get_suptitle() == "a cube"
    assert bar.get_ylabel() == "Young's modulus / GPa"
    assert surface.name == "3d"
    lines = {line.get_label(): line for line in cuts.lines}
    assert set(lines) == {"xy", "yz", "xz"}
    along_axis = 1 / np.linalg.inv(CUBIC)[0, 0]
    for line in lines.values():  # all three axes of a cube are alike
        angle, modulus = line.get_data()
        np.testing.assert_allclose(modulus[np.isclose(angle % (np.pi / 2), 0)], along_axis)
        assert modulus.min() < 0.9 * along_axis
    assert surface.get_zlim()[1] == pytest.approx(along_axis)  # a cube of these is stiffest there
    low, high = bar.get_ylim()
    assert high == pytest.approx(along_axis)
    along_diagonal = along(CUBIC, np.ones((1, 3)) / 3**0.5)[0]
    assert low == pytest.approx(along_diagonal, rel=1e-3)


def test_what_is_alike_in_all_directions_is_a_sphere() -> None:
    _, cuts, bar = tensor_surface(4.5 * np.eye(3)).axes
    assert bar.get_ylabel() == "dielectric constant"
    for line in cuts.lines:
        np.testing.assert_allclose(line.get_ydata(), 4.5)


def test_other_tensors_are_drawn_or_refused() -> None:
    piezo = np.zeros((3, 6))
    piezo[2, 2] = -1.5
    figure = tensor_surface(piezo)
    assert "C/m²" in figure.axes[2].get_ylabel()
    assert max(line.get_ydata().max() for line in figure.axes[1].lines) == pytest.approx(1.5)
    for bad in (np.eye(4), np.full((3, 3), np.nan), 3.0):
        with pytest.raises(OptionError, match="3x3, 6x6 or 3x6 numbers"):
            tensor_surface(bad)
    with pytest.raises(PropertyUnavailableError, match="not positive"):
        tensor_surface(-CUBIC)


def test_a_surface_of_a_file_is_that_of_the_prediction(tmp_path: Path) -> None:
    write(tmp_path / "salt.extxyz", bulk("NaCl", "rocksalt", a=5.6))
    figure = draw("tensor", str(tmp_path / "salt.extxyz"), "dielectric_tensor")
    assert figure.get_suptitle() == "NaCl: dielectric tensor"
    found = predict(bulk("NaCl", "rocksalt", a=5.6), checkpoint="ecn-tensors")[0]
    constant = np.trace(found["dielectric_tensor"]) / 3
    np.testing.assert_allclose(figure.axes[1].lines[0].get_ydata(), constant, rtol=1e-4)
    with pytest.raises(OptionError, match="its tensors are: dielectric_tensor"):
        draw("tensor", str(tmp_path / "salt.extxyz"), "band_gap")
    with pytest.raises(OptionError, match="its tensors are: none"):
        draw("tensor", str(tmp_path / "salt.extxyz"), checkpoint="ecn-mp20")
    with pytest.raises(OptionError, match="does not exist"):
        draw("tensor", str(tmp_path / "none.cif"))
