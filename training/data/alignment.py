"""Formation energies of one release of a database in the scheme of another.

Between its 2018 release and the one that MP-20 was drawn from, the Materials Project changed the
energy corrections that it applies by element and by the use of a Hubbard U. Both are linear in
the composition, so entries that are in both releases tell the difference for all others.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from ase.data import chemical_symbols
from numpy.typing import NDArray

from ase_ecn.crystal import Crystal
from ase_ecn.errors import DatasetError
from ase_ecn.nn.atoms import HUBBARD_METALS
from ase_ecn.training.data.datasets import TRAIN_MARK, Dataset, join, read_mp20, read_mp_extra
from ase_ecn.training.data.splits import without_overlap

_ELEMENTS = len(chemical_symbols)
_HUBBARD_METALS = [chemical_symbols.index(s) for s in HUBBARD_METALS]
_OXYGEN, _FLUORINE = chemical_symbols.index("O"), chemical_symbols.index("F")
_ITERATIONS = 20
_SMALLEST_RESIDUAL = 1e-3  # eV/atom
_RIDGE = 1e-3
MIN_COMMON = 500
"""Fewest entries in common from which the difference is learned."""


def read_mp_2018(data: Path, max_atoms: int) -> Dataset:
    """Entries of the Materials Project's 2018 release as further training data for MP-20.

    Formation energies are aligned with MP-20's. Gaps are as they are; metal or not and the
    magnetization, which differ between the releases for many entries, are left out. So are the
    entries of MP-20's training split, and all whose composition and space group coincide with
    those of an entry of its validation or test split.

    Parameters
    ----------
    data
        The data folder.
    max_atoms
        Larger cells are left out.
    """
    extra = read_mp_extra(data, max_atoms)
    energies = aligned_formation_energies(extra, read_mp20(data, "train"))
    labels = {"formation_energy": energies, "band_gap": extra.targets["band_gap"]}
    new = np.flatnonzero(extra.targets[TRAIN_MARK] == 0)
    held_out = join([read_mp20(data, split) for split in ("val", "test")])
    return without_overlap(replace(extra, targets=labels).subset(new), held_out)


def aligned_formation_energies(dataset: Dataset, reference: Dataset) -> NDArray[np.float64]:
    """Formation energies (eV/atom) of ``dataset`` in the scheme of ``reference``.

    The difference is fitted by least absolute deviations to the fractions of the elements, those
    of Hubbard metals beside oxygen or fluorine counting apart, on the entries with the same
    identifier.

    Parameters
    ----------
    dataset, reference
        Both with the target ``formation_energy``.

    Returns
    -------
    energies
        (G,) for the G crystals of ``dataset``.

    Raises
    ------
    DatasetError
        If fewer than ``MIN_COMMON`` entries are in both.
    """
    place = {name: k for k, name in enumerate(reference.ids)}
    common = np.array([k for k, name in enumerate(dataset.ids) if name in place], dtype=np.int64)
    if len(common) < MIN_COMMON:
        raise DatasetError(
            f"{dataset.name} and {reference.name} have {len(common)} entries in common; "
            f"aligning their energies takes {MIN_COMMON}"
        )
    features = np.stack([_scheme_features(crystal) for crystal in dataset.crystals])
    energies = dataset.targets["formation_energy"]
    known = reference.targets["formation_energy"][[place[dataset.ids[k]] for k in common]]
    coefficients = _least_absolute_deviations(features[common], known - energies[common])
    aligned: NDArray[np.float64] = energies + features @ coefficients
    return aligned


def _scheme_features(crystal: Crystal) -> NDArray[np.float64]:
    fractions = np.bincount(crystal.numbers, minlength=_ELEMENTS) / len(crystal)
    oxidised = fractions[_OXYGEN] + fractions[_FLUORINE] > 0
    metals = fractions[_HUBBARD_METALS] * oxidised
    return np.concatenate([fractions, metals])


def _least_absolute_deviations(
    features: NDArray[np.float64], values: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Coefficients by iteratively reweighted least squares, with a little ridge."""
    ridge = _RIDGE * np.eye(features.shape[1])
    zeros = np.zeros(features.shape[1])
    weights = np.ones(len(values))
    for _ in range(_ITERATIONS):
        rows = np.concatenate([features * weights[:, None], ridge])
        goal = np.concatenate([values * weights, zeros])
        coefficients: NDArray[np.float64] = np.linalg.lstsq(rows, goal, rcond=None)[0]
        residual = np.abs(values - features @ coefficients)
        weights = 1 / np.sqrt(np.maximum(residual, _SMALLEST_RESIDUAL))
    return coefficients
