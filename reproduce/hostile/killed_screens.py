"""A screen that is killed, starved and doubled for minutes: is a crystal lost, or done twice?

``python -m reproduce killed-screens`` screens more and more crystals into one output. Each run has
a hazard of its own; after each, what was in the output must be in it still, and at the end it must
be what a run without hazards gives.
"""

from __future__ import annotations

import logging
import resource
import signal
import sqlite3
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from ase import Atoms
from ase.db import connect

from ase_ecn.errors import ASEECNError
from ase_ecn.readers import is_url
from ase_ecn.screening import screen
from ase_ecn.testing import random_crystal

logger = logging.getLogger(__name__)

_REFUSED = 3
"""Exit status of a screen that ended with an error of this package."""
_TOLERANCE = 2e-5
_BATCH = 8
_MIB = 2**20


@dataclass
class Soak:
    """What screens went through.

    Attributes
    ----------
    runs
        How many, by hazard and by how they ended: ``"done"``, ``"refused"`` in words, or
        ``"killed"``.
    crystals
        In the output at the end.
    findings
        What must not happen.
    """

    runs: Counter[tuple[str, str]] = field(default_factory=Counter)
    crystals: int = 0
    findings: list[str] = field(default_factory=list)


def killed_screens(out: str, seconds: float, crystals: int, seed: int = 0) -> Soak:
    """Screen into an output that does not exist yet, by runs that are disturbed.

    Parameters
    ----------
    out
        Path of an ase.db, or URL of an empty PostgreSQL database.
    seconds
        No new crystals are taken after so long; those that were taken are finished.
    crystals
        How many are taken at a time.
    seed
        Of the crystals and of what happens to the runs.
    """
    rng = np.random.default_rng(seed)
    hazards = _in_turn(
        [name for name in _HAZARDS if not (is_url(out) and name == "full disk")], rng
    )
    soak, end = Soak(), time.monotonic() + seconds
    taken: list[Atoms] = []
    while not taken or time.monotonic() < end:
        taken += [random_crystal(rng) for _ in range(crystals)]
        _finish(out, taken, hazards, rng, soak)
    found = _energies(out, soak)
    soak.crystals = len(found)
    with TemporaryDirectory() as folder:
        undisturbed = str(Path(folder) / "out.db")
        _screen(taken, undisturbed)
        _compare(found, _energies(undisturbed, soak), soak)
    return soak


def _in_turn(names: Sequence[str], rng: np.random.Generator) -> Iterator[str]:
    """Each as often as the others, in an order that changes."""
    while True:
        yield from rng.permutation(names).tolist()


def _finish(
    out: str,
    taken: Sequence[Atoms],
    hazards: Iterator[str],
    rng: np.random.Generator,
    soak: Soak,
) -> None:
    """Run screens of these crystals until one of them is done and all have a row."""
    before: dict[str, float] = {}
    while len(before) < len(taken):
        hazard = next(hazards)
        ends = _ends(hazard, taken, out, rng)
        soak.runs.update((hazard, end) for end in ends)
        now = _energies(out, soak)
        lost = [source for source, energy in before.items() if now.get(source) != energy]
        if lost:
            soak.findings.append(f"after {hazard}: {lost} lost or changed")
        if "done" in ends and hazard == "nothing" and len(now) != len(taken):
            soak.findings.append(f"{len(now)} of {len(taken)} crystals are in a finished screen")
            return
        before = now
        logger.info("%s: %s, %d of %d crystals", hazard, ", ".join(ends), len(now), len(taken))


def _ends(hazard: str, taken: Sequence[Atoms], out: str, rng: np.random.Generator) -> list[str]:
    """How one run ended, or two that began together."""
    context = get_context("forkserver")
    context.set_forkserver_preload(["ase_ecn.screening"])
    count = 2 if hazard == "two at once" else 1
    seeds = rng.integers(2**32, size=count).tolist()
    runs = [context.Process(target=_disturbed, args=(hazard, taken, out, seed)) for seed in seeds]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    names = {0: "done", _REFUSED: "refused"}
    return [names.get(run.exitcode or 0, "killed") for run in runs]


def _disturbed(hazard: str, taken: Sequence[Atoms], out: str, seed: int) -> None:
    """In a process of its own."""
    _HAZARDS[hazard](np.random.default_rng(seed), out)
    try:
        _screen(taken, out)
    except ASEECNError as error:
        print(f"{hazard}: {error}", file=sys.stderr)
        sys.exit(_REFUSED)


def _screen(taken: Sequence[Atoms], out: str) -> None:
    torch.set_num_threads(1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        screen(taken, out, relax=True, device="cpu", batch_size=_BATCH, retry_failed=True)


def _energies(out: str, soak: Soak) -> dict[str, float]:
    """Energies by source; what else is wrong with an output is noted."""
    if not is_url(out):
        if not Path(out).exists():
            return {}
        with sqlite3.connect(out) as connection:
            said = connection.execute("PRAGMA integrity_check").fetchall()
        if said != [("ok",)]:
            soak.findings.append(f"damaged: {said}")
    try:
        rows = list(connect(out, **({} if is_url(out) else {"use_lock_file": False})).select())
    except Exception as error:  # tables are made by the first run that lives long enough
        logger.info("nothing to read: %s", error)
        return {}
    sources = Counter(row.source for row in rows)
    twice = [source for source, count in sources.items() if count > 1]
    if twice:
        soak.findings.append(f"{twice} are there twice")
    return {row.source: float(row.energy) / row.natoms for row in rows}


def _compare(found: Mapping[str, float], wanted: Mapping[str, float], soak: Soak) -> None:
    if found.keys() != wanted.keys():
        soak.findings.append(f"other crystals: {sorted(found.keys() ^ wanted.keys())}")
    for source in found.keys() & wanted.keys():
        difference = abs(found[source] - wanted[source])
        if not difference <= _TOLERANCE * max(1.0, abs(wanted[source])):
            soak.findings.append(f"{source} differs by {difference} eV/atom")


def _kill(rng: np.random.Generator, out: str) -> None:
    """At a moment of the processor's time, so that it does not hang on how fast the machine is."""
    del out
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_PROF, float(rng.uniform(0.5, 6)))


def _starve(rng: np.random.Generator, out: str) -> None:
    del out
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    room = int(rng.uniform(5, 150) * _MIB)
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + room,) * 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _fill(rng: np.random.Generator, out: str) -> None:
    """As if the disk were full."""
    size = Path(out).stat().st_size if Path(out).exists() else 0
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + int(rng.integers(300_000)),) * 2)


def _shake_the_clock(rng: np.random.Generator, out: str) -> None:
    del out
    plain = time.time
    time.time = lambda: plain() + float(rng.normal()) * 1e6
    _kill(rng, "")


def _nothing(rng: np.random.Generator, out: str) -> None:
    del rng, out


_HAZARDS: dict[str, Callable[[np.random.Generator, str], None]] = {
    "killed": _kill,
    "two at once": _kill,
    "full disk": _fill,
    "no memory": _starve,
    "clock jumps, killed": _shake_the_clock,
    "nothing": _nothing,
}
