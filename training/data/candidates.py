"""Crystals to label: hypothetical and distorted ones, made of those of a data set."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

import numpy as np
from ase.data import atomic_numbers, chemical_symbols
from numpy.typing import NDArray

from ase_ecn.crystal import Crystal, as_crystal
from ase_ecn.errors import CrystalError, DatasetError, OptionError
from ase_ecn.readers import read_structures
from ase_ecn.readers.json_lines import JSON_LINES, structure_fields, write_json_lines
from ase_ecn.relaxation.predictor import StrainPredictor
from ase_ecn.training.data.cache import cached_dataset
from ase_ecn.training.data.datasets import READERS, SPLITS, Dataset, reduced_formula
from ase_ecn.training.data.held_out import read_formulas
from ase_ecn.training.data.near_hull import near_hull
from ase_ecn.training.data.variants import (
    compressed,
    distorted,
    is_possible,
    is_valid,
    neighboring,
    squeezed,
    substituted,
    vibrating,
)

logger = logging.getLogger(__name__)

NEAR_HULL = "near-hull"
_CHANGES = {
    "distorted": distorted,
    "compressed": compressed,
    "squeezed": squeezed,
    "vibrating": vibrating,
}
KINDS = ("hypothetical", NEAR_HULL, *_CHANGES)
MAX_ATOMS = 20
"""Default size above which crystals of the data set are left out."""
_DISTORTED_TOO = 0.25
"""Share of hypothetical crystals that are strained and rattled on top."""
_BATCH = 64
_MOST_REJECTED = 2000
"""Draws one after the other without a candidate after which there are none left."""


@dataclass(frozen=True)
class Candidate:
    """A crystal to label.

    Attributes
    ----------
    crystal
        Not relaxed by what will label it.
    source
        Identifier of the crystal that it was made of. Split by it, never by candidates.
    kind
        What was done: one of :data:`KINDS`, or ``"hypothetical, distorted"``.
    """

    crystal: Crystal
    source: str
    kind: str


def write_candidates(
    source: str | Path,
    out: str | Path,
    kind: str,
    count: int,
    seed: int = 0,
    *,
    exclude: Sequence[str | Path] = (),
    elements: Collection[str] | None = None,
    max_atoms: int = MAX_ATOMS,
    data: Path | None = None,
) -> int:
    """Make candidates of a data set, and write them as JSON lines.

    Parameters
    ----------
    source
        Anything that :func:`~ase_ecn.readers.read_structures` reads, or the name of a public data
        set (``"mp_20"``). Of the latter the training split is taken, and no candidate has a formula
        of its validation or test split.
    out
        ``.jsonl`` or ``.jsonl.gz`` file: ``species``, ``cell`` (Å, rows), ``frac``, ``source`` and
        ``kind`` of each candidate.
    kind
        ``"hypothetical"``: prototypes with other elements, mostly chemical neighbours; the cell is
        scaled to the new radii and relaxed by ``empnn-mp20``, and a quarter is distorted on top.
        ``"near-hull"``: one or two elements replaced by chemical neighbours, cell and atoms relaxed
        by ``ecn-mp20-so3``, few of those that it has more than 0.5 eV/atom above the hull.
        ``"distorted"``: strained by up to 9 %, atoms moved by up to 0.2 Å. ``"compressed"``:
        compressed or stretched by up to 20 % in volume, sheared by up to 6 %, atoms moved by up to
        0.15 Å. ``"squeezed"``: compressed to 45 to 80 % of the volume, atoms moved by up to
        0.15 Å. ``"vibrating"``: strained by up to 1 %, atoms moved by up to 0.05 Å.
    count
        Number of candidates.
    seed
        The same seed gives the same candidates.
    exclude
        Formulas that no candidate may have: ``.txt`` files with one a line, or data sets.
    elements
        Symbols of the elements that candidates may have; ``None`` for those of the source.
    max_atoms
        Larger crystals of the source are left out.
    data
        Folder of the public data sets.

    Returns
    -------
    int
        How many there are; fewer than asked for if no more are found.

    Raises
    ------
    OptionError
        If an option has a value that is not allowed, or nothing can be made of the source.
    """
    path = Path(out)
    if not path.name.endswith(JSON_LINES):
        raise OptionError(f"{path} cannot be written: give a {' or '.join(JSON_LINES)} file")
    if count < 1:
        raise OptionError(f"count must be at least 1, got {count}")
    dataset, held_out = _source(source, data)
    forbidden = held_out.union(*(excluded_formulas(one, data) for one in exclude))
    found = candidates(dataset, kind, seed, forbidden, elements, max_atoms)
    first = next(found, None)
    if first is None:
        raise OptionError(f"no {kind} candidate can be made of {source}")
    written = write_json_lines(path, map(_line, islice(chain([first], found), count)))
    if written < count:
        logger.warning("only %d of %d candidates found", written, count)
    return written


def candidates(
    dataset: Dataset,
    kind: str,
    seed: int = 0,
    forbidden: Collection[str] = frozenset(),
    elements: Collection[str] | None = None,
    max_atoms: int = MAX_ATOMS,
) -> Iterator[Candidate]:
    """Candidates of a data set, without end unless none is found any more.

    Parameters
    ----------
    dataset
        Crystals to make them of.
    kind, seed, elements, max_atoms
        As for :func:`write_candidates`.
    forbidden
        Reduced formulas that no candidate may have, as
        :func:`~ase_ecn.training.data.datasets.reduced_formula` writes them.

    Raises
    ------
    OptionError
        If an option has a value that is not allowed, or no crystal of the data set can be used.
    """
    if kind not in KINDS:
        raise OptionError(f"unknown kind {kind!r}; known are {', '.join(KINDS)}")
    pool = [k for k, crystal in enumerate(dataset.crystals) if len(crystal) <= max_atoms]
    allowed = _allowed(dataset, elements)
    if kind in _CHANGES:
        # The elements and so the formula stay: what is not allowed is never drawn.
        pool = [k for k in pool if set(dataset.crystals[k].numbers.tolist()) <= set(allowed)]
        pool = [k for k in pool if reduced_formula(dataset.crystals[k].numbers) not in forbidden]
    if not pool:
        raise OptionError(
            f"{dataset.name} has no crystal of at most {max_atoms} atoms with these elements and "
            "a formula that is not excluded"
        )
    rng = np.random.default_rng(seed)
    if kind == "hypothetical":
        return _hypothetical(dataset, pool, allowed, frozenset(forbidden), rng)
    if kind == NEAR_HULL:
        drawn = _substitutions(dataset, pool, neighboring, allowed, frozenset(forbidden), rng)
        found = near_hull(drawn, rng)
        return (Candidate(crystal, dataset.ids[k], NEAR_HULL) for k, crystal in found)
    return _changed(dataset, pool, kind, _CHANGES[kind], rng)


def excluded_formulas(source: str | Path, data: Path | None = None) -> frozenset[str]:
    """Reduced formulas of a ``.txt`` file with one a line, or of a data set.

    Raises
    ------
    OptionError
        If the file cannot be read, or a line is no formula.
    """
    path = Path(source)
    if path.suffix != ".txt":
        dataset, held_out = _source(source, data)
        return _formulas(dataset) | held_out
    return frozenset(map(reduced_formula, read_formulas(path)))


def _source(source: str | Path, data: Path | None) -> tuple[Dataset, frozenset[str]]:
    """The crystals, and the formulas of the splits that are held out of them."""
    path = Path(source)
    name = path.parent.name
    if str(source) not in READERS and name in READERS and path.name == "train.csv.gz":
        # The training split of a public set is what it is, also by the name of its file.
        source, data = name, path.parent.parent
    if str(source) in READERS:
        name = str(source)
        if data is None:
            raise OptionError(f"{name} needs the folder of data sets")
        others = (_formulas(_split(name, data, split)) for split in SPLITS if split != "train")
        return _split(name, data, "train"), frozenset().union(*others)
    return _read(source), frozenset()


def _split(name: str, data: Path, split: str) -> Dataset:
    return cached_dataset(f"{name}-{split}", lambda: READERS[name](data, split))


def _read(source: str | Path) -> Dataset:
    names, crystals, reasons = [], [], []
    for row in read_structures(source):
        try:
            crystals.append(as_crystal(row.load()))
            names.append(str(row.labels.get("source", row.columns.get("material_id", row.label))))
        except CrystalError as error:
            reasons.append(f"{row.label}: {error}")
    if not crystals:
        raise DatasetError(f"{source} has no crystals: {'; '.join(reasons[:3]) or 'it is empty'}")
    if reasons:
        logger.warning("%d crystals are left out (%s)", len(reasons), reasons[0])
    return Dataset(str(source), names, crystals)


def _formulas(dataset: Dataset) -> frozenset[str]:
    return frozenset(reduced_formula(crystal.numbers) for crystal in dataset.crystals)


def _allowed(dataset: Dataset, elements: Collection[str] | None) -> NDArray[np.int64]:
    if elements is None:
        return np.unique(np.concatenate([crystal.numbers for crystal in dataset.crystals]))
    unknown = [symbol for symbol in elements if symbol not in chemical_symbols[1:]]
    if unknown or not elements:
        raise OptionError(f"elements: {', '.join(unknown) or 'none'} is no element")
    return np.unique([atomic_numbers[symbol] for symbol in elements])


def _changed(
    dataset: Dataset,
    pool: Sequence[int],
    kind: str,
    change: Callable[[Crystal, np.random.Generator], Crystal],
    rng: np.random.Generator,
) -> Iterator[Candidate]:
    rejected = 0
    while rejected < _MOST_REJECTED:
        index = pool[int(rng.integers(len(pool)))]
        crystal = change(dataset.crystals[index], rng)
        rejected += 1
        if is_possible(crystal):
            rejected = 0
            yield Candidate(crystal, dataset.ids[index], kind)


def _hypothetical(
    dataset: Dataset,
    pool: Sequence[int],
    allowed: NDArray[np.int64],
    forbidden: frozenset[str],
    rng: np.random.Generator,
) -> Iterator[Candidate]:
    relaxer = StrainPredictor()
    drawn = _substitutions(dataset, pool, substituted, allowed, forbidden, rng)
    while batch := list(islice(drawn, _BATCH)):
        crystals = _relaxed([crystal for _, crystal in batch], relaxer)
        for (index, _), relaxed in zip(batch, crystals, strict=True):
            crystal, kind = relaxed, "hypothetical"
            if rng.random() < _DISTORTED_TOO:
                crystal, kind = distorted(relaxed, rng), "hypothetical, distorted"
            if is_possible(crystal):
                yield Candidate(crystal, dataset.ids[index], kind)


def _substitutions(
    dataset: Dataset,
    pool: Sequence[int],
    change: Callable[[Crystal, NDArray[np.int64], np.random.Generator], Crystal | None],
    allowed: NDArray[np.int64],
    forbidden: frozenset[str],
    rng: np.random.Generator,
) -> Iterator[tuple[int, Crystal]]:
    """Prototypes with other elements, each but once."""
    seen: set[tuple[int, bytes]] = set()
    rejected = 0
    while rejected < _MOST_REJECTED:
        index = pool[int(rng.integers(len(pool)))]
        crystal = change(dataset.crystals[index], allowed, rng)
        rejected += 1
        if crystal is None or not is_valid(crystal):
            continue
        if reduced_formula(crystal.numbers) in forbidden:
            continue
        made = (index, crystal.numbers.tobytes())
        if made not in seen:
            seen.add(made)
            rejected = 0
            yield index, crystal


def _relaxed(crystals: Sequence[Crystal], relaxer: StrainPredictor) -> list[Crystal]:
    """Cells relaxed by the lattice network, where it knows the elements and comes to an end."""
    final = list(crystals)
    known = [
        k
        for k, crystal in enumerate(crystals)
        if set(crystal.numbers.tolist()) <= relaxer.card.elements
    ]
    for k, result in zip(known, relaxer.relax([crystals[k] for k in known]), strict=True):
        if result.converged:
            final[k] = crystals[k].with_cell(crystals[k].cell @ result.deformation)
    return final


def _line(candidate: Candidate) -> dict[str, object]:
    return {
        "kind": candidate.kind,
        "source": candidate.source,
        **structure_fields(candidate.crystal.to_atoms()),
    }
