"""Labels that other sources contradict: wrong ones, and those of another calculation than most.

A gap is contradicted by the Materials Project's other releases, or by a measured gap that no error
of PBE explains; a formation energy by the teacher's energy of the same crystal; all labels by a
structure that is not the one that they are of. Nothing that is known of the validation and test
splits is used against a label of the training data.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
from ase.data import atomic_numbers

from ase_ecn.corrections import (
    correction,
    oxide_kind,
    possible_corrections,
    reference_energies,
    reference_energy,
)
from ase_ecn.crystal import Crystal
from ase_ecn.errors import DatasetError
from ase_ecn.properties import FORMATION_ENERGY
from ase_ecn.training.data.audited_labels import WHOLE_CRYSTAL, AuditedLabel
from ase_ecn.training.data.datasets import SPLITS, Dataset, csv_rows, reduced_formula
from ase_ecn.training.data.dft_labels import (
    measured_gaps,
    mp20,
    new_entries,
    number_of,
    site_moment_entries,
    with_site_labels,
)
from ase_ecn.training.data.ecn_data import MAIN_GROUP
from ase_ecn.training.data.held_out import composition_key
from ase_ecn.training.data.known_crystals import known_crystals, magnets

NO_GAP, GAP = 0.05, 0.5
"""eV; a label up to the first and another above the second contradict each other."""
MEASURED_GAP = 4.0
"""eV; a compound of main-group elements with a larger measured gap has one in PBE as well."""
ENERGY_DIFFERENCE = 0.15
"""eV/atom; a larger difference to the teacher contradicts a formation energy."""
MISMATCH = 10.0
"""A cell that scores more is not the original one."""
SIGMAS = 6.0
"""Stated errors; a label farther from a prediction is off."""
_LEAST = {"band_gap": 1.0, FORMATION_ENERGY: 0.15}
"""eV and eV/atom; the least distance of a label that is off."""
_SUPPORT = {"band_gap": 0.25, FORMATION_ENERGY: 0.05}
"""eV and eV/atom; a source as near as that to a label supports it."""
_GAP_FILES = {
    "2018": ("mp_extra/mp_2018.csv.gz", "band_gap"),
    "2019": ("gaps/multifidelity_gaps_by_mp_id.csv.gz", "band_gap_pbe_2019_eV"),
    "2023": ("gaps/mp_2023_pbe_gaps_nonmetals.csv.gz", "band_gap_pbe_eV"),
}


@dataclass(frozen=True)
class LabelledSet:
    """A split of a data set.

    Attributes
    ----------
    name, split
        Of the data set and its split.
    dataset
        Crystals with labels.
    entries
        Ids of the crystals in the Materials Project, ``""`` where unknown.
    own
        Releases that its gaps are from.
    """

    name: str
    split: str
    dataset: Dataset
    entries: Sequence[str]
    own: frozenset[str] = frozenset()

    def label(self, k: int, kind: str, value: float, reason: str) -> AuditedLabel:
        """Contradict the label of a property of the crystal ``k``."""
        labels = self.dataset.targets.get(kind)
        return AuditedLabel(
            self.name,
            self.split,
            self.dataset.ids[k],
            reduced_formula(self.dataset.crystals[k].numbers),
            kind,
            float("nan") if labels is None else float(labels[k]),
            value,
            reason,
        )

    def other_gaps(self, k: int, gaps: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
        """Gaps of the crystal ``k`` by release, of others than its own."""
        entry = self.entries[k]
        return {
            r: found[entry] for r, found in gaps.items() if entry in found and r not in self.own
        }


def audit(data: Path, predictions: Path | None = None) -> list[AuditedLabel]:
    """Labels of MP-20 and of the further sets of DFT that something contradicts.

    Parameters
    ----------
    data
        The data folder.
    predictions
        CSV file of predictions for crystals that the network was not fitted to, with the columns
        ``id``, ``property``, ``prediction`` and ``std``. What is far from them, and near to no
        other source, is contradicted too.

    Returns
    -------
    list
        In the order of data sets, splits and ids.

    Raises
    ------
    DatasetError
        If a file is missing or is not as it should be.
    """
    sets = list(_sets(data))
    gaps, teacher = _other_gaps(data), _teacher_energies(data)
    measured = measured_gaps(data)
    found: list[AuditedLabel] = []
    for part in sets:
        found += _wrong_structures(part, data)
        found += _wrong_gaps(part, gaps, measured)
        found += _wrong_energies(part, teacher)
    if predictions is not None:
        known = {(label.id, label.property) for label in found}
        far = _far_from(read_predictions(predictions), sets, gaps, teacher)
        found += [label for label in far if (label.id, label.property) not in known]
    order = {name: k for k, name in enumerate(("mp_20", "mp_extra", "mp_site_magmoms"))}
    parts = {name: k for k, name in enumerate(SPLITS)}
    return sorted(found, key=lambda x: (order[x.dataset], parts[x.split], x.id, x.property))


def summary(found: Sequence[AuditedLabel]) -> list[str]:
    """Lines of a Markdown table: how many labels by set, split and reason."""
    reasons = sorted({label.reason for label in found})
    counts = Counter((label.dataset, label.split, label.property, label.reason) for label in found)
    rows = dict.fromkeys((label.dataset, label.split, label.property) for label in found)
    head = ["set", "split", "property", *reasons]
    cells = [[*row, *(str(counts[(*row, r)]) for r in reasons)] for row in rows]
    return [f"| {' | '.join(line)} |" for line in (head, ["---"] * len(head), *cells)]


def _sets(data: Path) -> Iterator[LabelledSet]:
    for split in SPLITS:
        dataset = mp20(data, split)
        yield LabelledSet("mp_20", split, dataset, dataset.ids)
    extra = new_entries(data)
    yield LabelledSet("mp_extra", "train", extra, extra.ids, frozenset({"2018"}))
    moments = with_site_labels(data, magnets(data))
    known = site_moment_entries(data)
    entries = [known.get(name, "") for name in moments.ids]
    own = frozenset({"2019", "2023"})
    yield LabelledSet("mp_site_magmoms", "train", moments, entries, own)


def _wrong_structures(part: LabelledSet, data: Path) -> Iterator[AuditedLabel]:
    """Rebuilt geometries on another cell than the original one."""
    if part.name != "mp_20":
        return
    scores = {
        row["material_id"]: number_of(row, "lattice_mismatch_score")
        for row in csv_rows(data / "mp_20" / f"{part.split}.csv.gz")
        if "lattice_mismatch_score" in row
    }
    for k, name in enumerate(part.dataset.ids):
        if scores.get(name, 0.0) > MISMATCH:
            yield part.label(k, WHOLE_CRYSTAL, scores[name], "geometry")


def _wrong_gaps(
    part: LabelledSet,
    others: Mapping[str, Mapping[str, float]],
    measured: Mapping[bytes, float],
) -> Iterator[AuditedLabel]:
    labels = part.dataset.targets["band_gap"]
    for k, label in enumerate(labels):
        if np.isnan(label):
            continue
        gaps = part.other_gaps(k, others)
        name = contradicting_release(float(label), gaps)
        if name is not None:
            yield part.label(k, "band_gap", gaps[name], f"release of {name}")
        elif label <= NO_GAP and MAIN_GROUP.issuperset(part.dataset.crystals[k].numbers.tolist()):
            gap = measured.get(composition_key(part.dataset.crystals[k].numbers), 0.0)
            if gap > MEASURED_GAP:
                yield part.label(k, "band_gap", gap, "measured gap")


def contradicting_release(label: float, gaps: Mapping[str, float]) -> str | None:
    """The last release that contradicts a gap, if none agrees that there is one, or none.

    Parameters
    ----------
    label
        In eV.
    gaps
        In eV, by release.
    """
    if label <= NO_GAP:
        against = [name for name, gap in gaps.items() if gap > GAP]
        agreeing = [name for name, gap in gaps.items() if gap <= NO_GAP]
    elif label > GAP:
        against = [name for name, gap in gaps.items() if gap <= NO_GAP]
        agreeing = [name for name, gap in gaps.items() if gap > GAP]
    else:
        return None
    return max(against) if against and not agreeing else None


def _wrong_energies(
    part: LabelledSet, teacher: Mapping[str, tuple[Crystal, float]]
) -> Iterator[AuditedLabel]:
    labels = part.dataset.targets[FORMATION_ENERGY]
    for k, name in enumerate(part.dataset.ids):
        if name in teacher and not np.isnan(labels[k]):
            crystal, energy = teacher[name]
            if nearest_difference(crystal, energy, float(labels[k])) > ENERGY_DIFFERENCE:
                oxide = oxide_kind(crystal)
                value = energy + correction(crystal.numbers, oxide=oxide)
                value -= reference_energy(crystal.numbers)
                yield part.label(k, FORMATION_ENERGY, value, "teacher")


def nearest_difference(crystal: Crystal, energy: float, label: float) -> float:
    """How far a formation energy is from a calculation, with the corrections that fit best.

    The Materials Project may have guessed other oxidation states than we do.

    Parameters
    ----------
    crystal, energy
        The crystal and its energy as calculated, in eV/atom.
    label
        In eV/atom.
    """
    raw = energy - reference_energy(crystal.numbers)
    possible = possible_corrections(crystal.numbers, oxide=oxide_kind(crystal))
    return min(abs(raw + value - label) for value in possible)


def _far_from(
    predictions: Mapping[tuple[str, str], tuple[float, float]],
    sets: Sequence[LabelledSet],
    gaps: Mapping[str, Mapping[str, float]],
    teacher: Mapping[str, tuple[Crystal, float]],
) -> Iterator[AuditedLabel]:
    """Labels that are far from predictions, and that no other source supports."""
    for part in sets:
        for (k, name), (kind, least) in product(enumerate(part.dataset.ids), _LEAST.items()):
            label = float(part.dataset.targets[kind][k])
            if (name, kind) not in predictions or np.isnan(label):
                continue
            value, std = predictions[name, kind]
            if abs(value - label) <= max(least, SIGMAS * std):
                continue
            if kind == "band_gap":
                known = part.other_gaps(k, gaps).values()
                distance = min((abs(gap - label) for gap in known), default=np.inf)
            elif name in teacher:
                distance = nearest_difference(*teacher[name], label)
            else:
                distance = np.inf
            if distance > _SUPPORT[kind]:
                yield part.label(k, kind, value, "prediction")


def read_predictions(path: Path) -> dict[tuple[str, str], tuple[float, float]]:
    """Predictions and their standard errors by id and property.

    Raises
    ------
    DatasetError
        If it is no CSV file with the columns ``id``, ``property``, ``prediction`` and ``std``.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return {
                (row["id"], row["property"]): (float(row["prediction"]), float(row["std"]))
                for row in csv.DictReader(file)
            }
    except (OSError, UnicodeError, KeyError, TypeError, ValueError) as error:
        raise DatasetError(
            f"{path} must be CSV with the columns id, property, prediction, std: {error!r}"
        ) from error


def _other_gaps(data: Path) -> dict[str, dict[str, float]]:
    """PBE gaps in eV by release and id."""
    found = {}
    for release, (file, column) in _GAP_FILES.items():
        gaps = {row["material_id"]: number_of(row, column) for row in csv_rows(data / file)}
        found[release] = {name: gap for name, gap in gaps.items() if not np.isnan(gap)}
    return found


def _teacher_energies(data: Path) -> dict[str, tuple[Crystal, float]]:
    """Crystals with the teacher's energies in eV/atom, by id; those of elements with references."""
    references = {atomic_numbers[symbol] for symbol in reference_energies()}
    found: dict[str, tuple[Crystal, float]] = {}
    for known in known_crystals(data):
        if references.issuperset(known.numbers.tolist()):
            crystal = Crystal(known.numbers, known.cell, known.scaled_positions)
            found.setdefault(known.name, (crystal, known.energy))
    return found
