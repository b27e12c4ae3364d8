"""Labels that other sources contradict: how they are found, and rows without them."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from ase_ecn.corrections import (
    correction,
    possible_corrections,
    reference_energy,
    smooth_correction,
)
from ase_ecn.crystal import as_crystal
from ase_ecn.errors import DatasetError, OptionError
from ase_ecn.training.__main__ import main
from ase_ecn.training.data import audit as audit_module
from ase_ecn.training.data.audit import audit, contradicting_release, read_predictions, summary
from ase_ecn.training.data.audited_labels import (
    AUDITED,
    AuditedLabel,
    read_audited,
    without_audited,
    write_audited,
)
from ase_ecn.training.data.datasets import Dataset
from ase_ecn.training.data.known_crystals import KnownCrystal

SALT, WURTZITE = bulk("LiF", "rocksalt", a=4.0), bulk("LiF", "wurtzite", a=3.1)
OXIDE = bulk("NiO", "rocksalt", a=4.2)
NITRIDE = bulk("TiN", "rocksalt", a=4.25)


def labelled(rows: Sequence[tuple[str, Atoms, float, float]]) -> Dataset:
    """Ids, crystals, formation energies in eV/atom and gaps in eV."""
    ids, atoms, energies, gaps = zip(*rows, strict=True)
    targets = {"formation_energy": np.array(energies), "band_gap": np.array(gaps)}
    return Dataset("toy", list(ids), [as_crystal(a) for a in atoms], targets)


TRAIN = labelled(
    [
        ("mp-1", SALT, -3.1, 8.7),
        ("mp-2", WURTZITE, -3.1, 0.0),  # measured to have a gap
        ("mp-3", OXIDE, -1.2, 0.0),  # measured too, but PBE often finds none
        ("mp-4", OXIDE, -1.2, 0.0),  # a gap in the release of 2018
        ("mp-5", OXIDE, -1.2, 0.0),  # in that of 2018, not in that of 2019
        ("mp-6", OXIDE, -1.2, 2.0),  # none in that of 2019
        ("mp-7", OXIDE, 1.8, 2.0),  # 3 eV/atom off
        ("mp-8", NITRIDE, -1.0, 0.0),  # off by what is added to a nitride's energy
    ]
)
TEST = labelled([("mp-9", OXIDE, -1.2, 0.0)])
EXTRA = labelled([("mp-10", OXIDE, -1.2, 0.0), ("mp-11", OXIDE, np.nan, 3.0)])
MAGNETS = labelled([("mag-1", OXIDE, -1.2, np.nan)])


def write(path: Path, rows: Sequence[dict[str, object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(path, "wt", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def raw(atoms: Atoms, formation: float) -> float:
    """Energy of the calculation in eV/atom that gives a formation energy."""
    numbers = atoms.numbers
    return formation - correction(numbers) + reference_energy(numbers)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Small sets in the place of the public ones."""
    splits = {"train": TRAIN, "val": TEST.subset(np.array([], dtype=np.int64)), "test": TEST}
    monkeypatch.setattr(audit_module, "mp20", lambda data, split: splits[split])
    monkeypatch.setattr(audit_module, "new_entries", lambda data: EXTRA)
    monkeypatch.setattr(audit_module, "magnets", lambda data: MAGNETS)
    monkeypatch.setattr(audit_module, "with_site_labels", lambda data, moments: moments)
    energies = {name: raw(OXIDE, -1.22) for name in ("mp-3", "mp-4", "mp-5", "mp-6", "mp-7")}
    energies |= {"mp-1": raw(SALT, -3.1), "mp-2": raw(WURTZITE, -3.0)}
    # As the scheme without a correction of nitrogen.
    nitride = NITRIDE.numbers
    energies["mp-8"] = -1.0 + reference_energy(nitride)
    known = [
        KnownCrystal(name, c.numbers, c.cell, c.scaled_positions, energies[name])
        for name, c in zip(TRAIN.ids, TRAIN.crystals, strict=True)
    ]
    monkeypatch.setattr(audit_module, "known_crystals", lambda data: iter(known))
    scores = {"mp-1": 12.5, "mp-2": 2.9}
    write(
        tmp_path / "mp_20" / "train.csv.gz",
        [
            {"material_id": name, "lattice_mismatch_score": scores.get(name, "")}
            for name in TRAIN.ids
        ],
    )
    for split in ("val", "test"):
        write(tmp_path / "mp_20" / f"{split}.csv.gz", [{"material_id": "mp-9"}])
    write(
        tmp_path / "mp_extra" / "mp_2018.csv.gz",
        [
            {"material_id": "mp-4", "band_gap": 1.4},
            {"material_id": "mp-5", "band_gap": 1.4},
            {"material_id": "mp-10", "band_gap": 0.0},
            {"material_id": "mp-11", "band_gap": 3.0},
        ],
    )
    write(
        tmp_path / "gaps" / "multifidelity_gaps_by_mp_id.csv.gz",
        [
            {"material_id": "mp-5", "band_gap_pbe_2019_eV": 0.0},
            {"material_id": "mp-6", "band_gap_pbe_2019_eV": 0.0},
            {"material_id": "mp-9", "band_gap_pbe_2019_eV": ""},
            {"material_id": "mp-10", "band_gap_pbe_2019_eV": 2.5},
            {"material_id": "mp-11", "band_gap_pbe_2019_eV": 2.9},
        ],
    )
    write(
        tmp_path / "gaps" / "mp_2023_pbe_gaps_nonmetals.csv.gz",
        [{"material_id": "mp-9", "band_gap_pbe_eV": 2.2}],
    )
    write(
        tmp_path / "gaps" / "matbench_expt_gap.csv.gz",
        [
            {"formula": "FLi", "band_gap_expt_eV": 13.6},
            {"formula": "LiF", "band_gap_expt_eV": 12.0},
            {"formula": "NiO", "band_gap_expt_eV": 4.3},
            {"formula": "Ag0.5Ge1Pb1.75S4", "band_gap_expt_eV": 1.8},
        ],
    )
    write(
        tmp_path / "magnetism" / "mp_site_magmoms_labels_mp2020.csv.gz",
        [{"site_magmom_id": "mag-1", "material_id": "mp-3"}],
    )
    return tmp_path


def test_contradicted_labels_are_found(folder: Path) -> None:
    found = {(x.dataset, x.split, x.id, x.property): x for x in audit(folder)}
    reasons = {key: label.reason for key, label in found.items()}
    assert reasons == {
        ("mp_20", "train", "mp-1", "all"): "geometry",
        ("mp_20", "train", "mp-2", "band_gap"): "measured gap",
        ("mp_20", "train", "mp-4", "band_gap"): "release of 2018",
        ("mp_20", "train", "mp-6", "band_gap"): "release of 2019",
        ("mp_20", "train", "mp-7", "formation_energy"): "teacher",
        ("mp_20", "test", "mp-9", "band_gap"): "release of 2023",
        # Its label is of 2018, which does not count for itself.
        ("mp_extra", "train", "mp-10", "band_gap"): "release of 2019",
    }
    measured = found["mp_20", "train", "mp-2", "band_gap"]
    assert (measured.formula, measured.label, measured.contradicting) == ("LiF", 0.0, 12.0)
    energy = found["mp_20", "train", "mp-7", "formation_energy"]
    assert energy.label == pytest.approx(1.8)
    assert energy.contradicting == pytest.approx(-1.22)


def test_predictions_contradict_what_nothing_supports(folder: Path) -> None:
    path = folder / "predictions.csv"
    lines = [
        "id,property,prediction,std",
        "mp-3,band_gap,3.0,0.2",  # nothing supports the label
        "mp-3,formation_energy,-2.0,0.05",  # the teacher does
        "mp-4,band_gap,3.0,0.2",  # on the list already
        "mp-5,band_gap,3.0,0.2",  # the release of 2019 supports it
        "mp-6,formation_energy,-2.0,0.2",  # within six standard errors
        "mp-9,formation_energy,-1.8,0.02",
    ]
    path.write_text("\n".join(lines) + "\n")
    before, after = (
        {(x.id, x.property): x.reason for x in audit(folder, given)} for given in (None, path)
    )
    more = {key: reason for key, reason in after.items() if key not in before}
    assert more == {
        ("mp-3", "band_gap"): "prediction",
        ("mp-9", "formation_energy"): "prediction",
    }
    path.write_text("id,value\nmp-3,1\n")
    with pytest.raises(DatasetError, match="columns id, property, prediction, std"):
        read_predictions(path)


@pytest.mark.parametrize(
    ("label", "gaps", "release"),
    [
        (0.0, {}, None),
        (0.0, {"2018": 0.4}, None),
        (0.0, {"2018": 0.6, "2019": 0.3}, "2018"),
        (0.0, {"2018": 0.6, "2019": 0.7}, "2019"),
        (0.0, {"2018": 0.6, "2019": 0.01}, None),
        (0.3, {"2018": 0.0}, None),
        (0.8, {"2018": 0.0}, "2018"),
        (0.8, {"2018": 0.0, "2023": 0.9}, None),
    ],
)
def test_releases_contradict_a_gap(
    label: float, gaps: dict[str, float], release: str | None
) -> None:
    assert contradicting_release(label, gaps) == release


def test_a_list_is_written_and_read(tmp_path: Path) -> None:
    labels = [
        AuditedLabel("mp_20", "train", "mp-1", "LiF", "band_gap", 0.0, 8.5, "measured gap"),
        AuditedLabel("mp_20", "train", "mp-2", "NiO", "formation_energy", -1.2, 1.0, "teacher"),
    ]
    path = tmp_path / "list.csv"
    write_audited(path, labels)
    assert read_audited(path) == labels
    assert summary(labels) == [
        "| set | split | property | measured gap | teacher |",
        "| --- | --- | --- | --- | --- |",
        "| mp_20 | train | band_gap | 1 | 0 |",
        "| mp_20 | train | formation_energy | 0 | 1 |",
    ]
    path.write_text("a,b\n1,2\n")
    with pytest.raises(DatasetError, match="is no list of audited labels"):
        read_audited(path)


def test_labels_of_a_list_are_left_out() -> None:
    targets = {
        "formation_energy": np.array([-1.0, -2.0, -3.0]),
        "band_gap": np.array([0.0, 1.0, 2.0]),
        "metal": np.array([1.0, 0.0, 0.0]),
    }
    one = AuditedLabel("mp_20", "train", "b", "NiO", "band_gap", 1.0, 0.0, "release of 2018")
    listed = [
        one,
        replace(one, id="c", property="formation_energy"),
        replace(one, id="a", property="all"),
        replace(one, id="elsewhere"),
    ]
    found, whole = without_audited(targets, ["a", "b", "c"], listed)
    np.testing.assert_array_equal(found["formation_energy"], [-1.0, -2.0, np.nan])
    np.testing.assert_array_equal(found["band_gap"], [0.0, np.nan, 2.0])
    np.testing.assert_array_equal(found["metal"], [1.0, np.nan, 0.0])
    assert whole.tolist() == [True, False, False]
    assert targets["band_gap"][1] == 1.0


def test_the_command_writes_a_list(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = folder / "list.csv"
    assert main(["audit", "--data", str(folder), "--out", str(path)]) == 0
    printed = capsys.readouterr().out
    assert "| mp_20 | test | band_gap |" in printed
    assert "7 labels" in printed
    written, found = read_audited(path), audit(folder)
    assert [(x.id, x.property, x.reason) for x in written] == [
        (x.id, x.property, x.reason) for x in found
    ]
    np.testing.assert_allclose([x.label for x in written], [x.label for x in found], atol=5e-5)


def test_corrections_whatever_is_an_anion() -> None:
    numbers = NITRIDE.numbers
    possible = possible_corrections(numbers)
    assert len(possible) == 2
    assert 0.0 in possible
    for formula in ("TiN", "Bi2Te3", "NiO", "NaN3", "CoOF", "CsI3", "Fe2O3", "CS14"):
        numbers = Atoms(formula).numbers
        possible = possible_corrections(numbers)
        for value in (correction(numbers), smooth_correction(numbers)):
            assert min(abs(value - other) for other in possible) < 1e-12, formula
    assert possible_corrections(Atoms("Fe2").numbers) == (0.0,)
    with pytest.raises(OptionError, match="known are"):
        possible_corrections(numbers, oxide="suboxide")


@pytest.mark.data
def test_the_list_of_the_package_is_what_the_command_finds(data: Path) -> None:
    found = audit(data)
    stored = read_audited()
    assert [(x.id, x.property, x.reason) for x in stored] == [
        (x.id, x.property, x.reason) for x in found
    ]
    known = {(x.formula, x.id): x.reason for x in stored}
    assert known["LiF", "mp-1185301"] == known["LiCl", "mp-1185319"] == "measured gap"
    assert known["NiSnF6", "mp-560023"] == "release of 2019"
    assert known["BaCrFeGdO6", "mp-1518724"] == "teacher"
    assert AUDITED.stat().st_size < 200_000
