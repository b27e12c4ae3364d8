"""VASP's relaxations, read from its files with what they tell about gap and moments."""

from __future__ import annotations

import gzip
import json
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.io import read
from numpy.typing import NDArray
from pymatgen.io.vasp.outputs import Vasprun

from ase_ecn.crystal import as_crystal
from ase_ecn.errors import ASEECNError


@dataclass(frozen=True)
class Run:
    """A VASP relaxation; what its file does not tell is ``None``.

    Attributes
    ----------
    label
        Where it was read from.
    start, final
        First and last ionic step.
    steps
        Number of ionic steps.
    gap
        In eV, on the k-points of the run.
    magnetization
        Absolute, in µB per cell.
    largest_moment
        Largest absolute moment of a site, in µB.
    """

    label: str
    start: Atoms
    final: Atoms
    steps: int
    gap: float | None = None
    magnetization: float | None = None
    largest_moment: float | None = None


def find_files(path: Path) -> list[Path]:
    """The file itself, or the files of a folder and its folders, each run once."""
    if not path.is_dir():
        return [path]
    found = sorted(p for p in path.rglob("*") if p.is_file() and file_format(p))
    names = {_without_gz(p) for p in found}
    # A run leaves both files; the vasprun.xml has more digits.
    return [p for p in found if _without_gz(p, vasprun=True) not in names - {_without_gz(p)}]


def _without_gz(path: Path, vasprun: bool = False) -> Path:
    name = path.name.removesuffix(".gz")
    return path.with_name(name.replace("OUTCAR", "vasprun.xml") if vasprun else name)


def file_format(path: Path) -> str | None:
    """ASE's name of the format; compressed files and names like OUTCAR.relax1.gz have it too."""
    formats = {"vasprun": "vasp-xml", "OUTCAR": "vasp-out"}
    return next((name for part, name in formats.items() if part in path.name), None)


def read_run(path: Path) -> Run:
    """Read a vasprun.xml or OUTCAR with ASE, or with pymatgen where ASE cannot.

    Raises
    ------
    Exception
        Of many kinds, as the readers raise them.
    """
    form = file_format(path) or "vasp-xml"
    try:
        return _read_with_ase(path, form)
    except Exception:  # ASE's readers raise anything
        if form != "vasp-xml":
            raise  # pymatgen reads no structures from an OUTCAR
        return _read_with_pymatgen(path)


def _read_with_ase(path: Path, form: str) -> Run:
    found: Any = read(path, index=":", format=form)
    images: list[Atoms] = found
    if not images:
        raise ValueError("no ionic step in the file")
    calc = images[-1].calc
    bands = [(k.s, k.weight, k.eps_n, k.f_n) for k in getattr(calc, "kpts", None) or []]
    results = calc.results if calc is not None else {}
    # VASP's own sum, which only the OUTCAR has, counts more digits than the occupations.
    total = results.get("magmom", magnetization(bands))
    moments = results.get("magmoms")
    return Run(
        str(path),
        _bare(images[0]),
        _bare(images[-1]),
        len(images),
        gap(bands),
        None if total is None else abs(float(total)),
        None if moments is None else float(np.abs(moments).max()),
    )


def _read_with_pymatgen(path: Path) -> Run:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about convergence and damaged numbers
        run = Vasprun(path, parse_dos=False, parse_potcar_file=False, exception_on_bad_xml=False)
    structures = run.structures
    if not structures:
        raise ValueError("no ionic step in the file")
    bands = [
        (spin, weight, levels[:, 0], levels[:, 1])
        for spin, kpoints in enumerate((run.eigenvalues or {}).values())
        for weight, levels in zip(run.actual_kpoints_weights, kpoints, strict=True)
    ]
    first, last = (_bare(s.to_ase_atoms()) for s in (structures[0], structures[-1]))
    return Run(str(path), first, last, len(structures), gap(bands), magnetization(bands))


def read_collection(path: Path) -> Iterator[Run]:
    """Relaxations from a file with one JSON object a line, see ``docs/data.md``.

    Those without flags that changed a cell free to change.
    """
    data = path.read_bytes()
    for line in (gzip.decompress(data) if path.suffix == ".gz" else data).splitlines():
        row = json.loads(line)
        if row["flags"] == [] and row["cell_free"] and row["real_cell_change"]:
            yield _run_of_row(row)


def _run_of_row(row: dict[str, Any]) -> Run:
    total, moments = row.get("total_magnetization"), row.get("magmoms_final")
    start, final = (
        Atoms(s["species"], cell=s["cell"], scaled_positions=s["frac"], pbc=True)
        for s in (row["initial"], row["final"])
    )
    return Run(
        row["id"],
        start,
        final,
        row["n_ionic_steps"],
        row.get("band_gap_eV"),
        None if total is None else abs(total),
        float(np.abs(moments).max()) if moments else None,
    )


def _bare(atoms: Atoms) -> Atoms:
    # Without VASP's constraints, which the relaxation here has no use for.
    return Atoms(atoms.numbers, cell=atoms.cell, positions=atoms.positions, pbc=True)


# A spin, a k-point's weight, and its levels (eV) with their occupations.
Bands = Sequence[tuple[int, float, NDArray[np.float64], NDArray[np.float64]]]


def gap(bands: Bands) -> float | None:
    """Gap in eV between the highest level more than half full and the lowest of the others."""
    if not bands:
        return None
    levels, filled = (np.concatenate([band[i] for band in bands]) for i in (2, 3))
    occupied = filled > filled.max() / 2
    if occupied.all() or not occupied.any():
        return None
    return max(0.0, float(levels[~occupied].min() - levels[occupied].max()))


def magnetization(bands: Bands) -> float | None:
    """Electrons of spin up less those of spin down; None without spin."""
    spins = {band[0] for band in bands}
    if len(spins) != 2:
        return None
    total = sum((1 - 2 * s) * weight * np.sum(f) for s, weight, _, f in bands)
    return float(total / sum(weight for s, weight, *_ in bands if s == 0))


def read_runs(
    paths: Sequence[Path], elements: frozenset[int], collection: Path | None = None
) -> tuple[list[Run], list[str]]:
    """Read all usable runs.

    Parameters
    ----------
    paths
        Files of VASP's, or folders of them.
    elements
        Atomic numbers that are supported.
    collection
        File for :func:`read_collection`.

    Returns
    -------
    runs, failures
        The runs, and a message for each file that cannot be used.
    """
    runs, failures = [], []
    for path in (file for given in paths for file in find_files(given)):
        try:
            runs.append(read_run(path))
        except Exception as error:
            failures.append(f"{path}: not readable: {type(error).__name__}: {error}")
    runs.extend(read_collection(collection) if collection else ())
    usable = []
    for run in runs:
        try:
            as_crystal(run.start, elements)
            usable.append(run)
        except ASEECNError as error:
            failures.append(f"{run.label}: {error}")
    return usable, failures


def with_final_positions(run: Run) -> Run:
    """Give the start the final fractional positions, so that only the cell is to be found."""
    start = run.start.copy()
    start.set_scaled_positions(run.final.get_scaled_positions(wrap=False))
    return replace(run, start=start)
