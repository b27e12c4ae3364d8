"""What the Equivariant Crystal Network is fitted to: bonds and labels of several sets, by split."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from ase.data import chemical_symbols
from numpy.typing import NDArray

from ase_ecn.errors import OptionError
from ase_ecn.nn.ecn import ECNConfig
from ase_ecn.training.data.alignment import read_mp_2018
from ase_ecn.training.data.cache import LabelledGraphs, cached_graphs, concatenate
from ase_ecn.training.data.datasets import (
    READERS,
    Dataset,
    read_site_moments,
    reduced_formula,
    split_by_composition,
)

USER = "user"
"""In the place of a set's name, where the labels were the user's own."""
_SITE_MOMENTS = "mp_site_magmoms"
SITE_MOMENT_ATOMS = 20
"""Largest cells with site moments in the validation and test splits, and by default in training."""
_MAIN_GROUP_SYMBOLS = (
    "H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Zn Ga Ge As Se Br Kr "
    "Rb Sr Cd In Sn Sb Te I Xe Cs Ba Hg Tl Pb Bi"
)
MAIN_GROUP = frozenset(chemical_symbols.index(s) for s in _MAIN_GROUP_SYMBOLS.split())
"""Atomic numbers of elements without open d or f shells in their compounds."""


@dataclass(frozen=True)
class ECNData:
    """What an ECN is fitted to, and in which views.

    Attributes
    ----------
    name
        Of the main set.
    with_val
        Whether to train on the validation split too, so that nothing is held out.
    mp_2018_max_atoms
        Train on entries of the Materials Project's 2018 release too, up to so many atoms.
    site_moment_max_atoms
        Largest cells with site moments in training, where the network predicts these.
    supercell_views
        Share of crystals that are shown as supercells in each epoch, so large that no bond joins
        an atom to its own image.
    twin_atoms
        Crystals up to so many atoms are shown both ways in each batch, and differences between
        the predictions are penalised.
    twin_weight
        Weight of these differences.
    """

    name: str
    with_val: bool = False
    mp_2018_max_atoms: int | None = None
    site_moment_max_atoms: int = SITE_MOMENT_ATOMS
    supercell_views: float = 0.5
    twin_atoms: int = 0
    twin_weight: float = 1.0

    def __post_init__(self) -> None:
        if self.name not in (*READERS, USER):
            raise OptionError(f"unknown data set {self.name!r}; known are {', '.join(READERS)}")
        if not 0 <= self.supercell_views <= 1:
            raise OptionError(f"supercell_views is {self.supercell_views}; it is a share, 0 to 1")
        if not self.twin_weight >= 0:
            raise OptionError(f"twin_weight is {self.twin_weight}; it must not be negative")


def load_ecn_data(data: Path, section: ECNData, model: ECNConfig, split: str) -> LabelledGraphs:
    """Return the labelled graphs of one split, with site moments where the network wants them.

    Parameters
    ----------
    data
        The data folder.
    section, model
        Which sets, and the network whose targets and bonds count.
    split
        ``"train"``, ``"val"`` or ``"test"``.

    Raises
    ------
    OptionError
        If the bonds are for another fit, the labels were the user's own, or the validation split
        is wanted of a configuration that trains on it.
    """
    if section.name == USER:
        raise OptionError("the labels were the user's own; they are not among the data sets")
    if section.with_val:
        if split == "val":
            raise OptionError(
                "no validation split is held out: the configuration says with_val, so the network "
                "is fitted to it too"
            )
        if split == "train":
            apart = replace(section, with_val=False)
            both = (load_ecn_data(data, apart, model, part) for part in ("train", "val"))
            return concatenate(*both)
    name = section.name
    if model.bonds == "radial":
        raise OptionError("radial bonds are for fit-pes")
    kind: dict[str, Any] = {"bonds": model.bonds, "motif": model.motif}
    labelled = cached_graphs(f"{name}-{split}", lambda: READERS[name](data, split), **kind)
    wanted = Request(data, name, split, section, kind)
    targets = (*model.crystal_targets, *model.site_targets)
    for target, further in FURTHER.items():
        if target in targets and name != further.data:
            labelled = further.add(labelled, wanted)
    if split == "train" and section.mp_2018_max_atoms is not None:
        largest = section.mp_2018_max_atoms
        extra = cached_graphs(f"mp_2018-{largest}", lambda: read_mp_2018(data, largest), **kind)
        labelled = concatenate(labelled, extra)
    return replace(labelled, graphs=labelled.graphs.with_group(model.group))


@dataclass(frozen=True)
class Request:
    """Which labels are wanted: of a split, beside those of the main set.

    Attributes
    ----------
    folder
        The data folder.
    name
        Of the main set.
    split
        ``"train"``, ``"val"`` or ``"test"``.
    section
        ``data`` of the configuration.
    kind
        Bonds and motif of the graphs.
    """

    folder: Path
    name: str
    split: str
    section: ECNData
    kind: dict[str, Any]


@dataclass(frozen=True)
class Further:
    """Another set with labels of a property that the main one lacks.

    Attributes
    ----------
    data
        Name of the set.
    add
        Adds its graphs to those of the main set.
    """

    data: str
    add: Callable[[LabelledGraphs, Request], LabelledGraphs]


def _add_site_moments(labelled: LabelledGraphs, wanted: Request) -> LabelledGraphs:
    data, name, split = wanted.folder, wanted.name, wanted.split
    if split == "train":
        labelled = _with_nonmagnetic_sites(labelled)
    sites = cached_graphs(
        f"{_SITE_MOMENTS}-{split}", lambda: site_moment_split(data, name, split), **wanted.kind
    )
    labelled = concatenate(labelled, sites)
    largest = wanted.section.site_moment_max_atoms
    if split != "train" or largest <= SITE_MOMENT_ATOMS:
        return labelled
    larger = cached_graphs(
        f"{_SITE_MOMENTS}-{SITE_MOMENT_ATOMS + 1}-{largest}",
        lambda: _larger_than(SITE_MOMENT_ATOMS, site_moment_split(data, name, split, largest)),
        **wanted.kind,
    )
    return concatenate(labelled, larger)


def _add_fermi_levels(labelled: LabelledGraphs, wanted: Request) -> LabelledGraphs:
    split = wanted.split
    levels = cached_graphs(
        f"fermi-{split}", lambda: READERS["fermi"](wanted.folder, split), **wanted.kind
    )
    return concatenate(labelled, levels)


FURTHER = {
    "site_moments": Further(_SITE_MOMENTS, _add_site_moments),
    "fermi_level": Further("fermi", _add_fermi_levels),
}
"""Where labels of some properties come from, by the name of the property."""


def _larger_than(atoms: int, dataset: Dataset) -> Dataset:
    sizes = np.array([len(crystal) for crystal in dataset.crystals])
    return dataset.subset(np.flatnonzero(sizes > atoms))


def site_moment_split(
    data: Path, name: str, split: str, max_atoms: int = SITE_MOMENT_ATOMS
) -> Dataset:
    """Crystals with site moments, without formulas of the val and test splits of another set.

    Parameters
    ----------
    data
        The data folder.
    name
        Of the other set.
    split
        ``"train"``, ``"val"`` or ``"test"``, which have no formula in common.
    max_atoms
        Larger cells are left out.
    """
    held_out = {
        reduced_formula(crystal.numbers)
        for other in ("val", "test")
        for crystal in READERS[name](data, other).crystals
    }
    return split_by_composition(read_site_moments(data, held_out, max_atoms))[split]


def _with_nonmagnetic_sites(labelled: LabelledGraphs) -> LabelledGraphs:
    """Label the sites of nonmagnetic main-group crystals with zero moments.

    The set of site moments holds magnetic materials only; without these the network would never
    see what has no moment.
    """
    graphs = labelled.graphs
    sizes = np.diff(graphs.atom_offsets)
    zero = nonmagnetic_sites(graphs.numbers, sizes, labelled.targets["magnetization"])
    return replace(labelled, site_targets={"site_moments": np.where(zero, 0.0, np.nan)})


def nonmagnetic_sites(
    numbers: NDArray[np.integer[Any]], sizes: NDArray[np.int64], magnetization: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Sites of crystals of main-group elements alone, without magnetization.

    Parameters
    ----------
    numbers
        (N,) atomic numbers of all atoms of all crystals.
    sizes, magnetization
        (G,) atoms of each crystal, and its magnetization, NaN where it is not known.

    Returns
    -------
    (N,) whether the moment of a site is zero.
    """
    per_atom = np.repeat(np.nan_to_num(magnetization, nan=1.0), sizes)
    owner = np.repeat(np.arange(len(sizes)), sizes)
    others = np.bincount(owner, weights=~np.isin(numbers, sorted(MAIN_GROUP))) > 0
    return np.asarray((per_atom < 1e-3) & ~others[owner])


def labelled_elements(labelled: LabelledGraphs) -> dict[str, list[int]]:
    """Atomic numbers in the crystals that have a label, for properties that lack some."""
    graphs = labelled.graphs
    sizes = np.diff(graphs.atom_offsets)
    return elements_with_labels(graphs.numbers, sizes, labelled.targets, labelled.site_targets)


def elements_with_labels(
    numbers: NDArray[np.integer[Any]],
    sizes: NDArray[np.int64],
    targets: Mapping[str, NDArray[np.float64]],
    site_targets: Mapping[str, NDArray[np.float64]],
) -> dict[str, list[int]]:
    """As :func:`labelled_elements`.

    Parameters
    ----------
    numbers
        (N,) atomic numbers of all atoms of G crystals.
    sizes
        (G,) atoms of each crystal.
    targets, site_targets
        (G,) and (N,) labels by name.
    """
    owner = np.repeat(np.arange(len(sizes)), sizes)
    known = {name: ~np.isnan(labels)[owner] for name, labels in targets.items()}
    for name, labels in site_targets.items():
        # A crystal counts whole if any of its sites has a label.
        crystals = np.bincount(owner, weights=~np.isnan(labels)) > 0
        known[name] = crystals[owner]
    everything = np.unique(numbers)
    found = {name: np.unique(numbers[atoms]) for name, atoms in known.items()}
    return {k: v.tolist() for k, v in found.items() if len(v) < len(everything)}
