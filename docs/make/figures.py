"""Figures of the documentation, drawn when it is built.

``python docs/make/figures.py`` draws the picture in the README again: it is checked in, so that the
README shows it without a build.
"""

from __future__ import annotations

import importlib.util
import io
import json
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from ase import Atoms
from ase.build import bulk
from ase.db import connect
from ase.io import read

from ase_ecn import LatticeRelaxer, plotting
from ase_ecn.checkpoint import DEFAULT_ECN, read_card
from ase_ecn.graphs.voronoi import MIN_FACE_SHARE
from ase_ecn.nn.empnn import bound_norm
from ase_ecn.nn.layers import cutoff_weight, smooth_step
from ase_ecn.plotting.canvas import new_figure
from ase_ecn.plotting.sources import draw
from ase_ecn.screening import screen

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

EXAMPLES = Path(__file__).parents[2] / "examples"
RESULTS = Path(__file__).parents[2] / "benchmarks" / "results"
_DARK, _RED, _GREY = "#33415c", "#e63946", "#ced4da"
_COLOURS = (_DARK, _RED, "#2a9d8f")


def svg(figure: Figure) -> bytes:
    """A figure as text, the same in every build."""
    stream = io.BytesIO()
    figure.savefig(stream, format="svg", metadata={"Date": None})
    return stream.getvalue()


def bond_weights() -> Figure:
    """Weights of bonds by the share of their face, and by distance."""
    figure = new_figure(7.4, 2.7)
    faces, distances = figure.subplots(1, 2)
    share = torch.logspace(-2.3, -0.5, 400, dtype=torch.float64)
    weight = share.sqrt() * smooth_step(share / MIN_FACE_SHARE - 1)
    faces.semilogx(100 * share, weight, color=_DARK)
    faces.axvline(100 * MIN_FACE_SHARE, color=_GREY, linestyle="--")
    faces.set(xlabel="share of the face / %", ylabel="weight", title="Voronoi bonds")
    length = torch.linspace(0, 5.5, 400, dtype=torch.float64)
    distances.plot(length, cutoff_weight(length, 5.0), color=_DARK)
    distances.axvline(5.0, color=_GREY, linestyle="--")
    distances.set(xlabel="distance / Å", ylabel="weight", title="radial bonds, cutoff 5 Å")
    return figure


def deformation() -> Figure:
    """Edges of a plane lattice, a field on them, and the lattice that the strain makes."""
    wanted, start = np.eye(2), np.eye(2) @ np.array([[1.22, 0.24], [0.05, 0.84]])
    figure = new_figure(8.4, 2.9)
    before, field, after = figure.subplots(1, 3)
    _draw_lattice(before, start, "before")
    # Weights that pull each edge towards unit length stand in for learned ones.
    edges = np.array([[1, 0], [0, 1], [-1, 0], [0, -1]]) @ start
    lengths = np.linalg.norm(edges, axis=1)
    unit = edges / lengths[:, None]
    weights = 2 * np.log(1 / lengths)
    strain = (weights[:, None, None] * unit[:, :, None] * unit[:, None, :]).mean(axis=0)
    field.set_title("weights times |u><u| of the edges", fontsize=10)
    for u, w in zip(unit, weights, strict=True):
        field.plot(*np.outer([0, 1], u).T, color=_GREY, linewidth=1)
        inwards = {"arrowstyle": "->", "color": _RED, "linewidth": 2}
        field.annotate("", xy=u * (1 + w), xytext=u, arrowprops=inwards)
    field.set(xlim=(-1.6, 1.6), ylim=(-1.6, 1.6), aspect="equal", xticks=[], yticks=[])
    padded = torch.zeros(1, 3, 3, dtype=torch.float64)
    padded[0, :2, :2] = torch.as_tensor(strain)
    step = torch.linalg.matrix_exp(bound_norm(padded, 0.5))[0, :2, :2].numpy()
    _draw_lattice(after, start @ step.T, "after cell @ exp(S)")
    for axes in (before, after):
        _draw_lattice(axes, wanted, axes.get_title(), _GREY)
    return figure


def _draw_lattice(axes: Axes, cell: np.ndarray, title: str, colour: str = _DARK) -> None:
    grid = np.array([[i, j] for i in (-1, 0, 1) for j in (-1, 0, 1)])
    points = grid @ cell
    for k, (i, j) in enumerate(grid):
        for other in ((i + 1, j), (i, j + 1)):
            if max(other) <= 1:
                end = np.array(other) @ cell
                axes.plot(*np.array([points[k], end]).T, color=colour, linewidth=1, zorder=1)
    axes.scatter(*points.T, s=30, color=colour, zorder=2)
    axes.set(xlim=(-1.7, 1.7), ylim=(-1.7, 1.7), aspect="equal", xticks=[], yticks=[])
    axes.set_title(title, fontsize=10)


def relaxation() -> Figure:
    """The relaxation of magnesium oxide under a general strain."""
    atoms = read(EXAMPLES / "crystals" / "MgO-rocksalt.extxyz")
    assert isinstance(atoms, Atoms)
    images: list[Atoms] = []
    relaxer = LatticeRelaxer(atoms, logfile=None)
    relaxer.attach(lambda: images.append(atoms.copy()))
    relaxer.run()
    return plotting.relaxation_path(images)


def screened() -> Figure:
    """Map of a screen of binary compounds, those of the tutorial."""
    with tempfile.TemporaryDirectory() as folder:
        return draw("map", str(screen_binaries(Path(folder))))


def structure_types() -> Figure:
    """The picture in the README: the same map by structure type, with familiar compounds named."""
    with (
        tempfile.TemporaryDirectory() as folder,
        connect(screen_binaries(Path(folder))) as database,
    ):
        rows = list(database.select())
    figure = new_figure(7.4, 3.8)
    axes = figure.subplots()
    colours = dict(zip(("rocksalt", "zincblende", "cesiumchloride"), _COLOURS, strict=True))
    for prototype, colour in colours.items():
        of_type = [row for row in rows if row.data["input"]["prototype"] == prototype]
        energies = [row.formation_energy for row in of_type]
        gaps = [row.band_gap for row in of_type]
        axes.scatter(energies, gaps, s=22, color=colour, label=prototype, linewidths=0)
    for row in rows:
        if _FAMILIAR.get(row.formula) != row.data["input"]["prototype"]:
            continue
        where = (row.formation_energy, row.band_gap)
        axes.annotate(
            row.formula, where, (5, 3), textcoords="offset points", fontsize=8, color=_DARK
        )
    axes.set(xlabel="formation energy / eV/atom", ylabel="band gap / eV")
    axes.legend(fontsize="small")
    axes.set_title(f"{len(rows)} binary compounds, relaxed and screened", fontsize=10)
    return figure


_ROCKSALT = dict.fromkeys(("CaO", "LiF", "MgO", "MgS", "NaCl"), "rocksalt")
_FAMILIAR = _ROCKSALT | dict.fromkeys(("AlN", "ZnO", "ZnS"), "zincblende")


def screen_binaries(folder: Path) -> Path:
    """Make and screen the compounds of the tutorial; returns the database."""
    location = EXAMPLES / "screen_database.py"
    spec = importlib.util.spec_from_file_location("screen_database", location)
    assert spec is not None
    assert spec.loader is not None
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    candidates, out = folder / "candidates.db", folder / "out.db"
    example.write_candidates(candidates)
    screen(candidates, out, relax=True)
    return out


def scaling() -> Figure:
    """Time and memory against the size of a crystal and against their number."""
    figure = new_figure(8.4, 3.0)
    seconds, memory, each = figure.subplots(1, 3)
    for row, name, colour in zip(_series("size"), ("predict", "relax"), (_DARK, _RED), strict=True):
        seconds.loglog(row["sizes"], row["seconds"], "o-", color=colour, label=name, markersize=4)
        memory.loglog(row["sizes"], row["bytes"], "o-", color=colour, markersize=4)
    peer = _series("size")[0]["peer"]
    sizes = [point["size"] for point in peer]
    seconds.loglog(sizes, [point["seconds"] for point in peer], "s-", color=_GREY, label="CHGNet")
    memory.loglog(sizes, [point["bytes"] for point in peer], "s-", color=_GREY)
    seconds.set(xlabel="atoms", ylabel="time / s")
    memory.set(xlabel="atoms", ylabel="memory / bytes")
    seconds.legend(fontsize="small")
    for name, label, colour in (("number", "predict", _DARK), ("screens", "screen", _RED)):
        (row,) = _series(name)
        numbers, times = np.array(row["sizes"]), np.array(row["seconds"])
        many = numbers >= 100  # below, the warm-up is in it
        milliseconds = 1000 * times[many] / numbers[many]
        each.semilogx(numbers[many], milliseconds, "o-", color=colour, label=label, markersize=4)
    each.set(xlabel="crystals", ylabel="time per crystal / ms", ylim=(0, 6))
    each.legend(fontsize="small")
    return figure


def _series(name: str) -> list[dict[str, Any]]:
    rows = json.loads((RESULTS / f"{name}.json").read_text())["rows"]
    return [row["details"] for row in rows if "sizes" in row["details"]]


FIGURES: Mapping[str, Callable[[], Figure]] = {
    "bond-weights": bond_weights,
    "calibration": lambda: plotting.calibration_curve(read_card(DEFAULT_ECN).content["test"]),
    "deformation": deformation,
    "pattern": lambda: plotting.pattern_figure(bulk("ZnO", "wurtzite", a=3.25, c=5.2)),
    "patterns": lambda: plotting.patterns(3),
    "relaxation": relaxation,
    "scaling": scaling,
    "screened": screened,
}
"""Names of files, and what draws them."""


README_PICTURE = Path(__file__).parents[1] / "images" / "screen.png"


if __name__ == "__main__":
    structure_types().savefig(README_PICTURE, dpi=130, metadata={"Software": None})
