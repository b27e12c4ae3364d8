"""Hostile inputs through Python and the command line: is each answered, or refused in words?

An answer is finite, the same alone and among others; a refusal is one of :mod:`ase_ecn.errors`, or
a line of a command. Nothing else may happen, and no crystal may be lost or counted twice.
"""

from __future__ import annotations

import io
import logging
import re
import signal
import tempfile
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
from ase import Atoms
from ase.db import connect

from ase_ecn import cli
from ase_ecn.api import predict, relax
from ase_ecn.errors import ASEECNError
from ase_ecn.readers import read_structures
from ase_ecn.screening import screen
from ase_ecn.testing import random_crystal, random_unusual_input
from reproduce.hostile.hostile_files import HostileFile, hostile_file

STRUCTURES = 96
"""Inputs of a batch that are objects."""
FILES = 32
"""Those that are files."""
LONGEST = 120.0
"""Seconds of the processor within which a call must return; the inputs of a batch are few."""
_TOLERANCE = 2e-5
_LONE = 4
"""Of the objects of a batch so many are given alone, too."""
_NOT_FINITE = re.compile(r"\b(nan|inf)\b")  # NaN is a compound of sodium
_COMMANDS = ("predict", "relax", "screen")
_RELAXING = 0.1
"""Share of the screens that relax, and of the relaxations that move atoms too: both take long."""


@dataclass
class Tally:
    """What became of inputs.

    Attributes
    ----------
    counts
        How many, by (what it was, what became of it).
    findings
        What must not happen: the batch, the input, and what happened.
    """

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Add what became of others."""
        self.counts.update(other.counts)
        self.findings += other.findings

    @property
    def inputs(self) -> int:
        """Number of inputs."""
        return sum(self.counts.values())


def hostile_batch(seed: Sequence[int]) -> Tally:
    """Make a batch of inputs from a seed, and give them to everything that takes crystals."""
    rng = np.random.default_rng(seed)
    trial = _Trial(f"batch {' '.join(map(str, seed))}")
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), tempfile.TemporaryDirectory() as folder:
            warnings.simplefilter("ignore")
            _try_structures(trial, rng)
            _try_files(trial, Path(folder), rng)
    finally:
        logging.disable(logging.NOTSET)
    return trial.tally


class _Trial:
    """Calls that may only return or refuse; what else they do is noted."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.tally = Tally()

    def note(self, what: str, happened: str) -> None:
        self.tally.findings.append(f"{self.name}, {what}: {happened}")

    def check(self, true: bool, what: str, otherwise: str) -> None:
        if not true:
            self.note(what, otherwise)

    def call(self, what: str, function: Callable[..., Any], *given: Any, **options: Any) -> Any:
        """What a function returns, or its error of this package; ``None`` if noted."""
        try:
            with _limited():
                return function(*given, **options)
        except ASEECNError as error:
            return error
        except Exception:
            self.note(what, traceback.format_exc())
            return None

    def command(self, what: str, *arguments: object) -> tuple[int, str, str] | None:
        """Status, stdout and stderr of a command; ``None`` if noted."""
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            status = self.call(what, cli.main, [str(one) for one in arguments])
        if status is None:
            return None
        said = err.getvalue()
        self.check(status in (0, 1), what, f"status {status}")
        self.check(status == 0 or bool(said), what, "failed without a word")
        self.check("Traceback" not in said, what, said)
        return status, out.getvalue(), said


@contextmanager
def _limited() -> Iterator[None]:
    def late(_signal: int, _frame: FrameType | None) -> None:
        raise TimeoutError(f"not done after {LONGEST:g} s of the processor")

    before = signal.signal(signal.SIGPROF, late)
    signal.setitimer(signal.ITIMER_PROF, LONGEST)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _structure(rng: np.random.Generator) -> tuple[str, Any]:
    """One object, unusual in one way or in two, one of eight as a pymatgen structure."""
    name, made = random_unusual_input(random_crystal(rng), rng)
    if rng.random() < 0.3 and isinstance(made, Atoms) and len(made):
        try:
            second, made = random_unusual_input(made, rng)
            name = f"{name}, {second}"
        except (ASEECNError, ValueError, ZeroDivisionError, np.linalg.LinAlgError):
            pass  # ASE cannot make that of it
    if rng.random() < 0.125 and isinstance(made, Atoms):
        from pymatgen.io.ase import AseAtomsAdaptor  # late: it takes half a second

        try:
            return f"{name}, by pymatgen", AseAtomsAdaptor.get_structure(made)
        except Exception:  # pymatgen has its own limits
            return name, made
    return name, made


def _try_structures(trial: _Trial, rng: np.random.Generator) -> None:
    named = [_structure(rng) for _ in range(STRUCTURES)]
    names, structures = [name for name, _ in named], [one for _, one in named]
    found = trial.call("predict all", predict, structures, on_error="return")
    method = "all" if rng.random() < _RELAXING else "lattice"  # of cell and atoms
    relaxed = trial.call("relax all", relax, structures, steps=2, method=method, on_error="return")
    if not isinstance(found, list) or not isinstance(relaxed, list):
        trial.check(found is None or relaxed is None, "all", f"{found!r}, {relaxed!r}"[:500])
        return
    trial.check(len(found) == len(relaxed) == STRUCTURES, "all", "another number of results")
    for name, outcome, relaxation in zip(names, found, relaxed, strict=True):
        refused = isinstance(outcome, ASEECNError)
        trial.tally.counts[_first(name), "refused" if refused else "answered"] += 1
        if not refused:
            trial.check(_finite(outcome.values()), name, f"predicted {dict(outcome)}")
        if not isinstance(relaxation, ASEECNError):
            cell = relaxation.atoms.cell.array
            numbers = [cell, relaxation.atoms.positions, relaxation.deformation]
            trial.check(_finite(numbers), name, f"relaxed into {cell}")
            trial.check(bool(np.linalg.det(relaxation.deformation) > 0), name, "turned inside out")
    for k in rng.choice(STRUCTURES, size=_LONE, replace=False):
        _compare(trial, names[k], trial.call(names[k], predict, structures[k]), found[k])


def _compare(trial: _Trial, name: str, alone: Any, among: Any) -> None:
    """An input alone has the outcome that it has among others."""
    if isinstance(alone, list) and alone and not isinstance(among, ASEECNError):
        difference = abs(alone[0].formation_energy - among.formation_energy)
        bound = _TOLERANCE * max(1.0, abs(among.formation_energy))
        trial.check(difference <= bound, name, f"alone it differs by {difference}")
    elif alone is not None and alone != []:  # nothing, for an input that has no crystals
        same = type(alone) is type(among)
        trial.check(same, name, f"alone {alone!r}, among others {among!r}"[:500])


def _first(name: str) -> str:
    return name.split(", ")[0]


def _finite(values: Iterable[Any]) -> bool:
    numbers = [list(v.values()) if isinstance(v, Mapping) else v for v in values]
    return all(np.isfinite(np.asarray(v, dtype=float)).all() for v in numbers)


def _try_files(trial: _Trial, folder: Path, rng: np.random.Generator) -> None:
    inside = folder / "in"
    inside.mkdir()
    files = [
        hostile_file(inside, str(k), [random_crystal(rng) for _ in range(rng.integers(1, 4))], rng)
        for k in range(FILES)
    ]
    total = sum(_read(trial, file) for file in files)
    what = "files: " + "; ".join(f"{f.path.name} ({f.damage or 'whole'})" for f in files)
    command, paths = rng.choice(_COMMANDS), [file.path for file in files]
    if command == "predict":
        _predict_by_command(trial, what, paths, total)
    elif command == "relax":
        out = folder / "relaxed.extxyz"
        trial.command(f"relax {what}", "relax", "-o", out, "--steps", 1, "--", *paths)
    else:
        relaxing = bool(rng.random() < _RELAXING)
        _screen(trial, what, inside, folder / "out.db", total, relaxing=relaxing)


def _read(trial: _Trial, file: HostileFile) -> int:
    """Count the crystals of a file, readable or not."""
    what = f"{file.path.name} ({file.damage or 'whole'})"
    sources = trial.call(what, lambda: list(read_structures(file.path)))
    name = f"file {file.kind}, {'damaged' if file.damage else 'whole'}"
    if not isinstance(sources, list):
        trial.tally.counts[name, "refused"] += 1
        return 1
    loaded = [trial.call(what, source.load) for source in sources]
    read = sum(isinstance(atoms, Atoms) for atoms in loaded)
    trial.tally.counts[name, "answered" if read else "refused"] += 1
    if not file.damage:
        trial.check(read == file.crystals, what, f"{read} crystals of {file.crystals}: {loaded}")
    return len(sources)


def _predict_by_command(trial: _Trial, what: str, files: list[Path], total: int) -> None:
    done = trial.command(f"predict {what}", "predict", "--", *files)
    if done is None:
        return
    _, out, err = done
    rows = len(out.splitlines()) - 1
    skipped = len(re.findall(r"^skipped ", err, re.MULTILINE))
    trial.check(
        rows + skipped == total, f"predict {what}", f"{rows} + {skipped} of {total}\n{out}\n{err}"
    )
    trial.check(not _NOT_FINITE.search(out), f"predict {what}", out)


def _screen(
    trial: _Trial, what: str, folder: Path, out: Path, total: int, *, relaxing: bool
) -> None:
    report = trial.call(f"screen {what}", screen, folder, out, relax=relaxing, batch_size=16)
    if report is None:
        return
    if isinstance(report, ASEECNError):
        trial.note(f"screen {what}", repr(report))
        return
    counts = f"{report.stored} + {report.failed} of {total}"
    trial.check(report.stored + report.failed == total, f"screen {what}", counts)
    rows = list(connect(out, use_lock_file=False).select())
    trial.check(len(rows) == report.stored, f"screen {what}", f"{len(rows)} rows, {report}")
    for row in rows:
        pairs = row.key_value_pairs
        numbers = [v for k, v in pairs.items() if isinstance(v, float)]
        trial.check(_finite([*numbers, row.energy, row.cell]), f"screen {what}", str(pairs))
    arguments = ["screen", folder, "-o", out, *(["--relax"] if relaxing else [])]
    again = trial.command(f"screen {what} again", *arguments)
    if again is not None:
        trial.check("(0 computed now)" in again[1], f"screen {what} again", again[1])
