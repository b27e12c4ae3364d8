from __future__ import annotations

import argparse
import csv
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, graphene, molecule
from ase.io import read
from ase.spacegroup import crystal as spacegroup_crystal

from ase_ecn.crystal import as_crystal
from ase_ecn.errors import DatasetError, OptionError
from ase_ecn.training.data.datasets import (
    TRAIN_MARK,
    Dataset,
    join,
    read_mp_extra,
    reduced_formula,
)
from ase_ecn.training.data.splits import grouped_split, material, materials, without_overlap
from reproduce.cleaning import cleaning_report
from reproduce.cleaning.cleaning_report import (
    PAPER_COUNTS,
    add_clean_arguments,
    histogram_figure,
    histograms,
    run_clean,
    target_statistics,
)
from reproduce.cleaning.materials_project import clean, dimensionality, split_materials

EXAMPLES = Path(__file__).parents[1] / "examples" / "crystals"


def graphite() -> Atoms:
    sheet = graphene(a=2.46, vacuum=None)
    sheet.cell[2] = [0, 0, 6.71]
    sheet.pbc = True
    second = sheet.copy()
    second.positions += [0, 2.46 / np.sqrt(3), 6.71 / 2]
    return sheet + second


def molecular(name: str = "CH4") -> Atoms:
    atoms = molecule(name)
    atoms.set_cell([5.5] * 3)
    atoms.pbc = True
    return atoms


def chain() -> Atoms:
    tellurium = spacegroup_crystal(
        "Te", [(0.269, 0, 1 / 3)], spacegroup=152, cellpar=[4.51, 4.51, 5.96, 90, 90, 120]
    )
    assert len(tellurium) == 3
    return tellurium


def dataset(
    crystals: list[Atoms], energy: list[float] | None = None, **targets: list[float]
) -> Dataset:
    labels = {"formation_energy": energy or [0.0] * len(crystals)}
    labels |= {"metal": [0.0] * len(crystals), **targets}
    return Dataset(
        "toy",
        [f"id-{k}" for k in range(len(crystals))],
        [as_crystal(a) for a in crystals],
        {k: np.array(v, dtype=np.float64) for k, v in labels.items()},
    )


@pytest.mark.parametrize(
    ("atoms", "expected"),
    [
        (bulk("C"), 3),
        (bulk("Al"), 3),
        (bulk("Mg"), 3),
        (bulk("Pb"), 3),
        (bulk("K"), 3),
        (bulk("Cs"), 3),
        (bulk("CsCl", "cesiumchloride", a=4.12), 3),
        (bulk("RbI", "rocksalt", a=7.34), 3),
        (graphite(), 2),
        (chain(), 1),
        (molecular(), 0),
        (bulk("Ar"), 0),
    ],
    ids=["diamond", "Al", "Mg", "Pb", "K", "Cs", "CsCl", "RbI", "graphite", "Te", "CH4", "Ar"],
)
def test_dimensionality(atoms: Atoms, expected: int) -> None:
    assert dimensionality(as_crystal(atoms)) == expected
    assert dimensionality(as_crystal(atoms * (1, 2, 1))) == expected


@pytest.mark.parametrize("path", sorted(EXAMPLES.iterdir()), ids=lambda p: p.stem)
def test_only_the_layered_example_is_not_three_dimensional(path: Path) -> None:
    assert dimensionality(as_crystal(read(path))) == (2 if path.stem == "MoS2-2H" else 3)


def test_a_material_knows_no_choice_of_cell() -> None:
    primitive = material(as_crystal(bulk("NaCl", "rocksalt", a=5.64)))
    assert (primitive.formula, primitive.space_group, primitive.sites) == ("NaCl", 225, 2)
    conventional = bulk("NaCl", "rocksalt", a=5.64, cubic=True)
    assert material(as_crystal(conventional)) == primitive
    left_handed = conventional.copy()
    left_handed.set_cell(left_handed.cell[[1, 0, 2]])
    assert material(as_crystal(left_handed)) == primitive
    wurtzite = material(as_crystal(bulk("ZnO", "wurtzite", a=3.25, c=5.2)))
    assert (wurtzite.formula, wurtzite.composition) == ("Zn2O2", "ZnO")
    assert wurtzite.group == "ZnO 186"


def caged_xenon() -> Atoms:
    """A ReO3 framework with an atom in its cage that has no bond."""
    corners = [[0, 0, 0], [0.5, 0, 0], [0, 0.5, 0], [0, 0, 0.5], [0.5] * 3]
    return Atoms("ReO3Xe", scaled_positions=corners, cell=[3.75] * 3, pbc=True)


def large() -> Atoms:
    """64 atoms without a symmetry."""
    atoms = bulk("GaAs", "zincblende", a=5.65, cubic=True) * 2
    atoms.rattle(0.3, rng=np.random.default_rng(0))
    return atoms


@pytest.fixture(scope="module")
def toy() -> Dataset:
    rocksalt = bulk("NaCl", "rocksalt", a=5.64)
    entries = [
        rocksalt,  # a duplicate of the next, higher in energy
        rocksalt * (2, 1, 1),
        bulk("NaCl", "cesiumchloride", a=3.4),  # of another space group: no duplicate
        large(),
        graphite(),
        molecular(),
        caged_xenon(),
        bulk("Al"),
        bulk("Al"),  # a duplicate without an energy
        bulk("ZnO", "wurtzite", a=3.25, c=5.2),
    ]
    return dataset(
        entries,
        [-1.0, -1.1, -0.9, -2.0, 0.0, -0.5, -0.4, 0.2, np.nan, -1.5],
        metal=[0.0, 0, 0, 0, 0, 0, 0, 1, 1, 0],
        band_gap=[5.0, 5.0, 4.0, 1.0, 1.0, 8.0, 1.0, 0.0, 0.0, np.nan],
        in_mp20_train=[0.0] * 10,
    )


def test_each_stage_removes_what_it_says(toy: Dataset) -> None:
    cleaned = clean(toy, processes=1)
    assert cleaned.counts == {"a": 10, "b": 8, "c": 7, "d": 5, "e": 4, "f": 3}
    assert cleaned.dataset.ids == ["id-1", "id-2", "id-7", "id-9"]
    assert [m.formula for m in cleaned.materials] == ["NaCl", "NaCl", "Al", "Zn2O2"]
    # Bonds of the primitive cells, whatever the cell of the input.
    np.testing.assert_array_equal(cleaned.degrees, [6, 6, 14, 8, 12, 4, 4, 4, 4])
    again = clean(toy, processes=2)
    assert again.dataset.ids == cleaned.dataset.ids
    assert again.materials == cleaned.materials
    np.testing.assert_array_equal(again.degrees, cleaned.degrees)


def test_what_cannot_be_cleaned_is_refused(toy: Dataset) -> None:
    with pytest.raises(DatasetError, match="'metal'; toy has formation_energy"):
        clean(replace(toy, targets={"formation_energy": toy.targets["formation_energy"]}), 1)
    with pytest.raises(DatasetError, match="leaves nothing"):
        clean(dataset([graphite(), molecular()]), 1)


def test_statistics(toy: Dataset) -> None:
    cleaned = clean(toy, processes=1)
    statistics = target_statistics(cleaned)
    assert TRAIN_MARK not in statistics
    energy = statistics["formation_energy"]
    assert energy.count == 4
    assert energy.mean == pytest.approx(np.mean([-1.1, -0.9, 0.2, -1.5]))
    assert energy.deviation == pytest.approx(np.std([-1.1, -0.9, 0.2, -1.5]))
    gap = statistics["band_gap"]  # of insulators
    assert (gap.count, gap.mean) == (2, 4.5)
    values = histograms(cleaned)
    assert values["sites"].tolist() == [0, 1, 2, 0, 1]
    assert values["degree"].sum() == len(cleaned.degrees) == 9
    left, right = histogram_figure(cleaned).axes
    assert sum(bar.get_height() for bar in left.patches) == 4
    assert sum(bar.get_height() for bar in right.patches) == 9


def test_figures_say_when_matplotlib_is_missing(
    toy: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    cleaned = clean(toy, processes=1)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(OptionError, match=r"ase-ecn\[plots\]"):
        histogram_figure(cleaned)


def test_joined_sets_hold_each_id_once(toy: Dataset) -> None:
    sites = np.arange(2.0)
    other = Dataset("x", ["id-0", "new"], [as_crystal(bulk("Fe"))] * 2, {}, {"moments": sites})
    joined = join([toy, other])
    assert joined.ids == [*toy.ids, "new"]
    assert joined.targets["formation_energy"][0] == -1.0
    assert np.isnan(joined.targets["formation_energy"][-1])
    moments = joined.site_targets["moments"]
    assert len(moments) == sum(len(c) for c in joined.crystals)
    assert moments[-1] == 1.0
    assert np.isnan(moments[:-1]).all()


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_split_leaks_nothing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    groups = [f"g{k}" for k in rng.integers(0, 300, size=1000)]
    parts = grouped_split(groups, seed)
    assert {k: len(v) for k, v in parts.items()} == {"train": 800, "val": 100, "test": 100}
    assert sorted(np.concatenate(list(parts.values()))) == list(range(1000))
    members = [{groups[i] for i in part} for part in parts.values()]
    assert not members[0] & members[1]
    assert not members[0] & members[2]
    assert not members[1] & members[2]
    for name, part in grouped_split(groups, seed).items():
        np.testing.assert_array_equal(part, parts[name])
    assert list(grouped_split(groups, seed + 10)["test"]) != list(parts["test"])


def test_small_splits_leave_no_part_empty() -> None:
    parts = grouped_split(["a"] * 10 + ["b"] * 9 + ["c"] * 8)
    assert sorted(len(p) for p in parts.values()) == [8, 9, 10]
    parts = grouped_split(["a"] * 90 + list("bcdefghijk"))
    assert len(parts["train"]) >= 90
    assert min(len(p) for p in parts.values()) > 0
    with pytest.raises(DatasetError, match=r"at least 3 groups .* there are 2: a, b"):
        grouped_split(["a", "b", "a"])


def test_the_split_of_materials_goes_by_composition_and_space_group() -> None:
    # Two polytypes of one composition and space group, with other primitive formulas.
    two = bulk("ZnS", "wurtzite", a=3.8, c=6.2)
    zinc = np.array([[0, 0, 0], [1 / 3, 2 / 3, 1 / 4], [0, 0, 1 / 2], [2 / 3, 1 / 3, 3 / 4]])
    layers = np.concatenate([zinc, zinc + np.array([0, 0, 3 / 16])])
    cell = two.cell * np.array([1, 1, 2])[:, None]
    four = Atoms("Zn4S4", scaled_positions=layers, cell=cell, pbc=True)
    found = materials(dataset([four, two]), processes=1)
    assert [m.formula for m in found] == ["Zn4S4", "Zn2S2"]
    assert found[0].group == found[1].group == "ZnS 186"
    pairs = [("LiF", 4.0), ("LiCl", 5.1), ("NaF", 4.6), ("KF", 5.3), ("KCl", 6.3)]
    salts = [bulk(name, "rocksalt", a=a) for name, a in pairs]
    cleaned = clean(dataset([four, two, *salts]), processes=1)
    for seed in range(8):
        parts = split_materials(cleaned, seed)
        assert sum(0 in part for part in parts.values()) == 1
        assert all((0 in part) == (1 in part) for part in parts.values())


def test_entries_close_to_another_set_are_dropped() -> None:
    rocksalt = bulk("NaCl", "rocksalt", a=5.64)
    others = dataset([rocksalt * (1, 1, 2), bulk("Al")])
    mine = dataset(
        [rocksalt, bulk("NaCl", "cesiumchloride", a=3.4), bulk("KCl", "rocksalt", a=6.3)]
    )
    left = without_overlap(mine, others, processes=1)
    assert left.ids == ["id-1", "id-2"]
    assert len(left.targets["formation_energy"]) == 2
    assert len(without_overlap(mine, mine, processes=1)) == 0
    assert without_overlap(mine, dataset([]), processes=1).ids == mine.ids


def command(*arguments: str) -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data")
    add_clean_arguments(parser)
    return run_clean(parser.parse_args(arguments))


def test_the_command_writes_splits_and_statistics(
    toy: Dataset,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(
        cleaning_report, "SETS", {"mp_20": lambda data: toy, "mp_extra": lambda data: toy}
    )
    out = tmp_path / "out"
    assert command("--data", str(tmp_path), "--out", str(out), "--processes", "1") == 0
    printed = capsys.readouterr().out
    assert "126126" in printed
    assert "-1.42" in printed
    ids = []
    for part in ("train", "val", "test"):
        with (out / f"{part}.csv").open() as file:
            ids += [row["material_id"] for row in csv.DictReader(file)]
    assert sorted(ids) == ["id-1", "id-2", "id-7", "id-9"]
    with (out / "counts.csv").open() as file:
        counts = {row["stage"]: row for row in csv.DictReader(file)}
    assert counts["e"]["entries"] == "4"
    assert {k: int(row["paper"]) for k, row in counts.items()} == PAPER_COUNTS
    assert (out / "targets.csv").read_text().startswith("target,unit,labels,mean,std,paper_mean")
    assert "degree,12,1\n" in (out / "histograms.csv").read_text().replace("\r", "")
    assert (out / "histograms.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(OptionError, match="unknown sets mp_21; known are mp_20, mp_extra"):
        command("--data", str(tmp_path), "--out", str(out), "--sets", "mp_20,mp_21")
    with pytest.raises(OptionError, match="at least 1"):
        command("--data", str(tmp_path), "--out", str(out), "--processes", "0")


@pytest.mark.data
def test_the_2018_release_is_read_and_cleaned(data: Path) -> None:
    extra = read_mp_extra(data, max_atoms=2)
    assert len(extra) == len(set(extra.ids)) > 500
    assert max(len(c) for c in extra.crystals) == 2
    assert set(extra.targets[TRAIN_MARK]) == {0.0, 1.0}
    assert set(extra.targets["metal"]) == {0.0, 1.0}
    assert (extra.targets["magnetization"] >= 0).all()
    part = extra.subset(np.arange(300))
    cleaned = clean(part, processes=1)
    assert 200 < cleaned.counts["e"] <= cleaned.counts["d"] <= 300
    assert sorted(cleaned.counts.values(), reverse=True) == list(cleaned.counts.values())
    formulas = {reduced_formula(c.numbers) for c in cleaned.dataset.crystals}
    assert len(without_overlap(part, cleaned.dataset, 1)) < len(part) - len(formulas) // 2
