from __future__ import annotations

import gzip
import json
from collections import Counter
from itertools import count, islice
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk
from ase.data import atomic_numbers, chemical_symbols
from ase.io import write

from ase_ecn.api import predict
from ase_ecn.crystal import Crystal, as_crystal
from ase_ecn.errors import OptionError
from ase_ecn.geometry.strain import total_log_strain
from ase_ecn.readers import read_structures
from ase_ecn.training.__main__ import main
from ase_ecn.training.data import near_hull
from ase_ecn.training.data.candidates import (
    candidates,
    excluded_formulas,
    write_candidates,
)
from ase_ecn.training.data.datasets import READERS, Dataset, reduced_formula
from ase_ecn.training.data.variants import compressed, distorted, is_possible, substituted


def dataset(*atoms: object) -> Dataset:
    return Dataset("some", [f"mp-{k}" for k in range(len(atoms))], [as_crystal(a) for a in atoms])


@pytest.fixture
def known() -> Dataset:
    return dataset(
        bulk("NaCl", "rocksalt", a=5.64, cubic=True),
        bulk("KBr", "rocksalt", a=6.6),
        bulk("ZnS", "zincblende", a=5.41),
        bulk("NiAl", "cesiumchloride", a=2.89),
        bulk("LiF", "rocksalt", a=4.03),
        bulk("Cu"),
    )


def moves(made: Crystal, start: Crystal) -> np.ndarray:
    """(N,) how far atoms have moved within the cell, in Å."""
    change = (made.scaled_positions - start.scaled_positions) @ made.cell
    return np.linalg.norm(change, axis=1)


def test_distorted_crystals_are_strained_and_rattled_so_far(rng: np.random.Generator) -> None:
    start = as_crystal(bulk("NaCl", "rocksalt", a=5.64, cubic=True))
    made = [distorted(start, rng) for _ in range(300)]
    strains = np.array([np.linalg.solve(start.cell, m.cell) - np.eye(3) for m in made])
    np.testing.assert_allclose(strains, np.swapaxes(strains, 1, 2), atol=1e-12)
    assert 0.08 < np.abs(strains).max() < 0.09
    farthest = np.array([moves(m, start).max() for m in made])
    assert 0.17 < farthest.max() < 0.2
    assert farthest.min() < 0.03
    assert all((m.numbers == start.numbers).all() for m in made)


def test_compressed_crystals_change_their_volume_so_far(rng: np.random.Generator) -> None:
    start = as_crystal(bulk("NaCl", "rocksalt", a=5.64, cubic=True))
    made = [compressed(start, rng) for _ in range(300)]
    ratios = np.array([m.volume / start.volume for m in made])
    assert 0.8 < ratios.min() < 0.82
    assert 1.18 < ratios.max() < 1.2
    shears = [
        total_log_strain(np.linalg.solve(start.cell, m.cell) / r ** (1 / 3))
        for m, r in zip(made, ratios)
    ]
    assert 0.1 < max(shears) < 0.06 * 3
    assert 0.12 < max(moves(m, start).max() for m in made) < 0.15


def test_elements_are_replaced_by_their_neighbours_mostly(rng: np.random.Generator) -> None:
    start = as_crystal(bulk("NaCl", "rocksalt", a=5.64))
    allowed = np.arange(1, 84)
    made = [m for m in (substituted(start, allowed, rng) for _ in range(600)) if m is not None]
    cations, anions = (Counter(chemical_symbols[m.numbers[k]] for m in made) for k in (0, 1))
    assert sum(cations[s] for s in ("Na", "K", "Li", "Rb", "Cs", "Ba", "Sr")) > 0.6 * len(made)
    assert sum(anions[s] for s in ("Cl", "Br", "I", "F", "O", "N")) > 0.6 * len(made)
    assert cations["Xe"] + cations["Ar"] < 0.02 * len(made)
    assert len(cations) > 20  # and some are any element
    for m in made:
        assert m.numbers[0] != m.numbers[1]
        assert (m.numbers != start.numbers).any()
        assert (m.scaled_positions == start.scaled_positions).all()


def test_cells_are_scaled_to_the_new_radii(rng: np.random.Generator) -> None:
    start = as_crystal(bulk("NaCl", "rocksalt", a=5.64))
    only = np.array([atomic_numbers["Cs"], atomic_numbers["I"]])
    made = next(m for m in iter(lambda: substituted(start, only, rng), 0) if m is not None)
    assert made.volume > 1.5 * start.volume


def test_hypothetical_crystals_are_prototypes_with_other_elements(known: Dataset) -> None:
    made = list(islice(candidates(known, "hypothetical", 3), 40))
    elements = {z for crystal in known.crystals for z in crystal.numbers.tolist()}
    kinds = Counter(candidate.kind for candidate in made)
    assert kinds["hypothetical"] > kinds["hypothetical, distorted"] > 2
    for candidate in made:
        start = known.crystals[known.ids.index(candidate.source)]
        assert set(candidate.crystal.numbers.tolist()) <= elements
        assert is_possible(candidate.crystal)
        pairs = set(zip(start.numbers.tolist(), candidate.crystal.numbers.tolist()))
        assert len(pairs) == len(set(start.numbers.tolist()))  # an element became one element
        assert any(a != b for a, b in pairs)
    # The lattice network finds the size: rocksalt NaBr and KCl between NaCl and KBr.
    sizes = {
        reduced_formula(c.crystal.numbers): c.crystal.volume / len(c.crystal)
        for c in islice(candidates(known, "hypothetical", 3), 80)
        if c.kind == "hypothetical" and c.source in ("mp-0", "mp-1", "mp-4")
    }
    found = {"NaBr": 26.6, "KCl": 31.1, "LiCl": 16.9, "NaF": 12.4, "KF": 19.1} | {"LiBr": 20.8}
    common = sizes.keys() & found.keys()
    assert len(common) >= 2
    for formula in common:
        assert sizes[formula] == pytest.approx(found[formula], rel=0.15)


def test_crystals_near_the_hull_are_relaxed_and_mostly_believed_stable(
    known: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(near_hull, "_BATCH", 20)
    forbidden = {"NaBr", "KCl"}
    made = list(islice(candidates(known, "near-hull", 2, forbidden), 30))
    assert {candidate.kind for candidate in made} == {"near-hull"}
    for candidate in made:
        assert reduced_formula(candidate.crystal.numbers) not in forbidden
        start = known.crystals[known.ids.index(candidate.source)]
        pairs = set(zip(start.numbers.tolist(), candidate.crystal.numbers.tolist()))
        assert len(pairs) == len(set(start.numbers.tolist()))
        assert 1 <= sum(a != b for a, b in pairs) <= 2
    predictions = predict([c.crystal.to_atoms() for c in made], checkpoint=near_hull.NETWORK)
    above = np.array([found.energy_above_hull for found in predictions])
    assert 0.5 < (above < 0.5).mean() < 1
    assert np.mean([np.abs(found.forces).max() < 0.11 for found in predictions]) > 0.9
    made_of = [(c.source, c.crystal.numbers.tobytes()) for c in made]
    assert len(set(made_of)) == len(made)
    again = list(islice(candidates(known, "near-hull", 2, forbidden), 3))
    for one, other in zip(again, made):
        np.testing.assert_array_equal(one.crystal.numbers, other.crystal.numbers)
        np.testing.assert_array_equal(one.crystal.cell, other.crystal.cell)


def test_a_search_near_the_hull_without_hope_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(near_hull, "_BATCH", 4)
    monkeypatch.setattr(near_hull, "_MOST_REJECTED", 8)
    unknown = as_crystal(bulk("PoAt", "rocksalt", a=6.4))
    endless = ((0, unknown) for _ in count())
    assert not list(near_hull.near_hull(endless, np.random.default_rng(0)))
    assert len(list(islice(endless, 1))) == 1  # it was not used up


@pytest.mark.parametrize("kind", ["hypothetical", "distorted", "compressed"])
def test_no_candidate_has_an_excluded_formula(known: Dataset, kind: str) -> None:
    forbidden = {"NaCl", "KCl", "NaBr", "ZnS"}
    made = list(islice(candidates(known, kind, 1, forbidden), 60))
    assert len(made) == 60
    assert not {reduced_formula(c.crystal.numbers) for c in made} & forbidden
    assert all(is_possible(c.crystal) for c in made)


def test_only_the_elements_that_are_asked_for(known: Dataset) -> None:
    made = islice(candidates(known, "hypothetical", elements=("Cu", "Ag", "Au")), 20)
    assert {z for c in made for z in c.crystal.numbers.tolist()} <= {29, 47, 79}
    made = islice(candidates(known, "distorted", elements=("Cu", "Ag", "Au")), 5)
    assert {c.source for c in made} == {"mp-5"}


def test_the_same_seed_makes_the_same_file(known: Dataset, tmp_path: Path) -> None:
    write(tmp_path / "in.extxyz", [crystal.to_atoms() for crystal in known.crystals])
    for kind in ("hypothetical", "compressed"):
        for name, seed in (("a", 1), ("b", 1), ("c", 2)):
            path = tmp_path / f"{name}.jsonl.gz"
            assert write_candidates(tmp_path / "in.extxyz", path, kind, 6, seed) == 6
        a, b, c = ((tmp_path / f"{name}.jsonl.gz").read_bytes() for name in "abc")
        assert a == b != c


def test_formulas_of_held_out_splits_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASE_ECN_CACHE", str(tmp_path / "cache"))
    parts = {
        "train": dataset(bulk("NaCl", "rocksalt", a=5.64), bulk("KCl", "rocksalt", a=6.3)),
        "val": dataset(bulk("NaCl", "cesiumchloride", a=3.4)),
        "test": dataset(bulk("KBr", "rocksalt", a=6.6)),
    }
    monkeypatch.setitem(READERS, "mp_20", lambda data, split: parts[split])
    folder = tmp_path / "mp_20"
    folder.mkdir()
    (folder / "train.csv.gz").touch()
    # By its name, and by that of its file.
    for source in ("mp_20", folder / "train.csv.gz"):
        out = tmp_path / "out.jsonl"
        assert write_candidates(source, out, "distorted", 20, data=tmp_path) == 20
        assert {json.loads(line)["source"] for line in out.read_text().splitlines()} == {"mp-1"}
    elements = ("Na", "K", "Cl", "Br")
    write_candidates("mp_20", out, "hypothetical", 2, elements=elements, data=tmp_path)
    formulas = {reduced_formula(source.load().numbers) for source in read_structures(out)}
    assert not formulas & {"NaCl", "KBr"}
    assert excluded_formulas("mp_20", tmp_path) == {"NaCl", "KCl", "KBr"}


def test_formulas_to_exclude_come_from_a_list_or_a_data_set(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("Cl2Na2\n\n Fe2O3 \nCa(OH)2\n")
    expected = {reduced_formula(bulk("NaCl", "rocksalt", a=5).numbers)}
    found = excluded_formulas(tmp_path / "list.txt")
    assert expected < found
    assert len(found) == 3
    write(tmp_path / "some.extxyz", bulk("NaCl", "rocksalt", a=5.64, cubic=True))
    assert excluded_formulas(tmp_path / "some.extxyz") == expected
    (tmp_path / "wrong.txt").write_text("NaCl\nsalt\n")
    with pytest.raises(OptionError, match="line 2: 'salt' is no formula"):
        excluded_formulas(tmp_path / "wrong.txt")
    with pytest.raises(OptionError, match="cannot be read"):
        excluded_formulas(tmp_path / "none.txt")


def test_crystals_that_are_too_large_or_cannot_be_read_are_left_out(
    known: Dataset, tmp_path: Path
) -> None:
    made = islice(candidates(known, "distorted", max_atoms=1), 3)
    assert {candidate.source for candidate in made} == {"mp-5"}
    write(tmp_path / "in.extxyz", [bulk("Cu"), bulk("Au")])
    with (tmp_path / "in.extxyz").open("a") as file:
        file.write("1\nno lattice\nCu 0 0 0\n")
    assert write_candidates(tmp_path / "in.extxyz", tmp_path / "out.jsonl", "distorted", 4) == 4


def test_options_that_are_not_allowed_are_told(known: Dataset, tmp_path: Path) -> None:
    write(tmp_path / "in.extxyz", [crystal.to_atoms() for crystal in known.crystals])
    source = tmp_path / "in.extxyz"
    with pytest.raises(OptionError, match=r"jsonl\.gz"):
        write_candidates(source, tmp_path / "out.xyz", "distorted", 1)
    with pytest.raises(OptionError, match="at least 1"):
        write_candidates(source, tmp_path / "out.jsonl", "distorted", 0)
    with pytest.raises(OptionError, match="known are hypothetical"):
        write_candidates(source, tmp_path / "out.jsonl", "compresed", 1)
    with pytest.raises(OptionError, match="Xx is no element"):
        write_candidates(source, tmp_path / "out.jsonl", "distorted", 1, elements=["Xx"])
    with pytest.raises(OptionError, match="no crystal of at most 20 atoms"):
        write_candidates(source, tmp_path / "out.jsonl", "distorted", 1, elements=["Fe"])
    with pytest.raises(OptionError, match="folder of data sets"):
        write_candidates("mp_20", tmp_path / "out.jsonl", "distorted", 1)
    assert not list(tmp_path.glob("out*"))


def test_where_no_more_are_found_there_are_fewer(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write(tmp_path / "in.extxyz", bulk("Cu"))
    out = tmp_path / "out.jsonl"
    assert (
        write_candidates(tmp_path / "in.extxyz", out, "hypothetical", 9, elements=["Au", "Cu"]) == 1
    )
    assert "only 1 of 9" in caplog.text
    with pytest.raises(OptionError, match="no hypothetical candidate"):
        write_candidates(tmp_path / "in.extxyz", out, "hypothetical", 9)


def test_candidates_are_made_and_labelled_by_commands(
    known: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "in.extxyz", [crystal.to_atoms() for crystal in known.crystals])
    (tmp_path / "not.txt").write_text("CuAu\n")
    made, out = str(tmp_path / "candidates.jsonl.gz"), str(tmp_path / "labels.jsonl.gz")
    arguments = ["--kind", "hypothetical", "--count", "8", "--elements", "Ni,Cu,Ag,Au,Fe"]
    arguments += ["--exclude", str(tmp_path / "not.txt"), "--seed", "4"]
    assert main(["candidates", str(tmp_path / "in.extxyz"), "-o", made, *arguments]) == 0
    assert "8 candidates in" in capsys.readouterr().out
    iron = sum("Fe" in source.load().symbols for source in read_structures(made))
    assert 0 < iron < 8  # EMT doesn't know it
    assert main(["label", made, "-o", out, "--calculator", "emt"]) == 1
    said = capsys.readouterr()
    assert f"{8 - iron} crystals in {out}, {iron} failed (8 computed now)" in said.out
    assert "No EMT-potential for Fe" in said.err
    rows = [json.loads(line) for line in gzip.decompress(Path(out).read_bytes()).splitlines()]
    assert len(rows) == 8 - iron
    assert {row["source"].split("#")[0] for row in rows} == {"in.extxyz"}
    assert all(row["kind"].startswith("hypothetical") for row in rows)
