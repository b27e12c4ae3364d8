"""Cells relaxed here beside VASP's own relaxation, from vasprun.xml and OUTCAR files.

    python examples/compare_vasp.py RUN_FOLDER other/vasprun.xml.gz OUTCAR --plot lengths.png

Each run's first ionic step is relaxed here and compared with its last one; properties are predicted
for the cell relaxed here, which is what a screening without DFT would have. The start, the cell
relaxed here and VASP's share their lattice vectors, so that lengths can be compared one by one.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
import time
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.io import read
from matplotlib.figure import Figure
from numpy.typing import NDArray
from pymatgen.io.vasp.outputs import Vasprun

from ase_ecn import predict, relax
from ase_ecn.api import Relaxation
from ase_ecn.checkpoint import DEFAULT_ECN, DEFAULT_EMPNN, read_card
from ase_ecn.crystal import as_crystal
from ase_ecn.errors import ASEECNError
from ase_ecn.prediction import Prediction

SAME_CELL = 1e-4  # relative; a run that changed its lengths less had a fixed cell or nothing to do


@dataclass(frozen=True)
class Run:
    """A VASP relaxation; what its file does not tell is None. Moments are absolute."""

    label: str
    start: Atoms
    final: Atoms
    steps: int
    gap: float | None = None  # eV, on the k-points of the run
    magnetization: float | None = None  # µB per cell
    largest_moment: float | None = None  # µB, of a site


@dataclass(frozen=True)
class Comparison:
    """A run, and what comes out for it here."""

    run: Run
    relaxation: Relaxation
    prediction: Prediction

    @property
    def start_error(self) -> float:
        """Mean relative error of the three lengths before the relaxation."""
        return length_error(self.run.start, self.run.final)

    @property
    def error(self) -> float:
        """The same after it."""
        return length_error(self.relaxation.atoms, self.run.final)

    @property
    def cell_changed(self) -> bool:
        """Whether there is a relaxation of VASP's to compare with."""
        changes = self.run.final.cell.cellpar() / self.run.start.cell.cellpar() - 1
        return bool(np.abs(changes).max() > SAME_CELL)


def length_error(atoms: Atoms, final: Atoms) -> float:
    return float(np.abs(atoms.cell.lengths() / final.cell.lengths() - 1).mean())


# Reading


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
    """Read a vasprun.xml or OUTCAR with ASE, or with pymatgen where ASE cannot."""
    form = file_format(path) or "vasp-xml"
    try:
        return _read_with_ase(path, form)
    except Exception:  # ASE's readers raise anything
        if form != "vasp-xml":
            raise  # pymatgen reads no structures from an OUTCAR
        return _read_with_pymatgen(path)


def _read_with_ase(path: Path, form: str) -> Run:
    images = read(path, index=":", format=form)
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


def read_jsonl(path: Path) -> Iterator[Run]:
    """Relaxations without flags that changed a cell free to change, one JSON object a line."""
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
    """From the highest level more than half full to the lowest of the others, 0 if they overlap."""
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


def read_runs(paths: Sequence[Path], jsonl: Path | None) -> tuple[list[Run], list[str]]:
    """All usable runs, and a message for each of the others."""
    runs, failures = [], []
    for path in (file for given in paths for file in find_files(given)):
        try:
            runs.append(read_run(path))
        except Exception as error:
            failures.append(f"{path}: not readable: {type(error).__name__}: {error}")
    runs.extend(read_jsonl(jsonl) if jsonl else ())
    elements = read_card(DEFAULT_ECN).elements & read_card(DEFAULT_EMPNN).elements
    usable = []
    for run in runs:
        try:
            as_crystal(run.start, elements)
            usable.append(run)
        except ASEECNError as error:
            failures.append(f"{run.label}: {error}")
    return usable, failures


# Comparing


def with_final_positions(run: Run) -> Run:
    """The start's cell with the final fractional positions: only the cell is to be found."""
    start = run.start.copy()
    start.set_scaled_positions(run.final.get_scaled_positions(wrap=False))
    return replace(run, start=start)


def compare(runs: Sequence[Run]) -> tuple[list[Comparison], float, float]:
    """The comparisons, and the seconds for all relaxations and for all predictions."""
    begin = time.perf_counter()
    relaxations = relax([run.start for run in runs])
    middle = time.perf_counter()
    predictions = predict([relaxation.atoms for relaxation in relaxations])
    end = time.perf_counter()
    made = [Comparison(*parts) for parts in zip(runs, relaxations, predictions, strict=True)]
    return made, middle - begin, end - middle


def print_comparison(comparison: Comparison) -> None:
    run, relaxation = comparison.run, comparison.relaxation
    formula = run.start.get_chemical_formula(empirical=True)
    print(f"\n{run.label}: {formula}, {len(run.start)} atoms, {run.steps} ionic steps of VASP")
    for name, atoms in (("start", run.start), ("here", relaxation.atoms), ("VASP", run.final)):
        a, b, c, *angles = atoms.cell.cellpar()
        alpha, beta, gamma = angles
        line = f"  {name:6}{a:9.4f}{b:9.4f}{c:9.4f}{alpha:8.2f}{beta:8.2f}{gamma:8.2f}"
        line += f"{atoms.get_volume():10.2f}"
        if atoms is not run.final:
            volume = atoms.get_volume() / run.final.get_volume() - 1
            line += f"{length_error(atoms, run.final):9.2%}{volume:+9.2%}"
        print(line)
    if not relaxation.converged:
        print(f"  not converged here: {relaxation.reason}")
    print(f"  predicted: {_properties(run, comparison.prediction)}")


def _properties(run: Run, prediction: Prediction) -> str:
    largest = float(prediction.site_moments.max())
    return ", ".join(
        [
            f"formation energy {prediction.formation_energy:.3f} eV/atom",
            f"gap {prediction.band_gap:.2f} eV{_theirs(run.gap)}",
            f"magnetization {prediction.magnetization:.2f} µB{_theirs(run.magnetization)}",
            f"largest site moment {largest:.2f} µB{_theirs(run.largest_moment)}",
        ]
    )


def _theirs(value: float | None) -> str:
    return "" if value is None else f" (VASP {value:.2f})"


def summary(comparisons: Sequence[Comparison]) -> dict[str, float]:
    """Relative errors of the lengths, and the share that came closer to VASP's cell."""
    before = np.array([c.start_error for c in comparisons])
    after = np.array([c.error for c in comparisons])
    return {
        "mean_before": float(before.mean()),
        "mean_after": float(after.mean()),
        "median_before": float(np.median(before)),
        "median_after": float(np.median(after)),
        "closer": float((after < before).mean()),
    }


def print_summary(comparisons: Sequence[Comparison]) -> None:
    changed = [c for c in comparisons if c.cell_changed]
    if len(changed) < len(comparisons):
        print(f"{len(comparisons) - len(changed)} runs kept their cell and are left out below")
    if changed:
        _print_errors(changed)
    converged = [c for c in changed if c.relaxation.converged]
    if 0 < len(converged) < len(changed):
        # A cell that does not settle can end anywhere, and a few of them make up the mean.
        print("without those that did not converge here:")
        _print_errors(converged)


def _print_errors(comparisons: Sequence[Comparison]) -> None:
    s = summary(comparisons)
    print(f"{len(comparisons)} runs, relative error of the lengths:")
    for name in ("mean", "median"):
        print(f"  {name:6} {s[name + '_before']:.2%} at the start, {s[name + '_after']:.2%} here")
    print(f"  closer to VASP's cell than the start: {s['closer']:.0%}")


def plot(comparisons: Sequence[Comparison], path: Path) -> None:
    """VASP's lengths against ours, and below what the upper panel is too coarse to show."""
    figure = Figure(figsize=(5, 7), dpi=150, layout="constrained")
    above, below = figure.subplots(2, sharex=True, height_ratios=(2, 1))
    theirs = _lengths(c.run.final for c in comparisons)
    start = _lengths(c.run.start for c in comparisons)
    here = _lengths(c.relaxation.atoms for c in comparisons)
    for lengths, colour, label in ((start, "#adb5bd", "start"), (here, "#2a9d8f", "relaxed here")):
        above.scatter(theirs, lengths, s=14, facecolors="none", edgecolors=colour, label=label)
        below.scatter(theirs, 100 * (lengths / theirs - 1), s=14, facecolors="none", color=colour)
    above.axline((theirs.mean(), theirs.mean()), slope=1, color="#33415c", linewidth=0.8)
    below.axhline(0, color="#33415c", linewidth=0.8)
    above.set_ylabel("length (Å)")
    above.legend()
    below.set(xlabel="length after VASP's relaxation (Å)", ylabel="error (%)")
    figure.savefig(path)
    print(f"wrote {path}")


def _lengths(cells: Iterable[Atoms]) -> NDArray[np.float64]:
    return np.concatenate([atoms.cell.lengths() for atoms in cells])


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Compare cells relaxed here with VASP's.")
    parser.add_argument("paths", nargs="*", type=Path, help="vasprun.xml, OUTCAR, or folders")
    parser.add_argument("--jsonl", type=Path, help="collected relaxations, as docs/data.md has it")
    parser.add_argument(
        "--final-positions", action="store_true", help="start from VASP's final ones"
    )
    parser.add_argument("--plot", type=Path, metavar="OUT.png", help="draw the lengths")
    options = parser.parse_args(arguments)
    if not options.paths and not options.jsonl:
        parser.error("nothing to compare: give files, folders or --jsonl")

    runs, failures = read_runs(options.paths, options.jsonl)
    if options.final_positions:
        runs = [with_final_positions(run) for run in runs]
    if runs:
        comparisons, relaxing, predicting = compare(runs)
        print(f"{'Å, °, Å³':8}{'a':>9}{'b':>9}{'c':>9}{'alpha':>8}{'beta':>8}{'gamma':>8}", end="")
        print(f"{'volume':>10}{'lengths':>9}{'volume':>9}  (errors against VASP)")
        for comparison in comparisons:
            print_comparison(comparison)
        print("\nVASP's formation energies would need its energies of the elements: ours only.")
        print(f"relaxed in {relaxing:.1f} s, predicted in {predicting:.1f} s, loading included")
        print_summary(comparisons)
        if options.plot:
            plot(comparisons, options.plot)
    for failure in failures:
        print(f"skipped {failure}", file=sys.stderr)
    return 1 if failures or not runs else 0


if __name__ == "__main__":
    sys.exit(main())
