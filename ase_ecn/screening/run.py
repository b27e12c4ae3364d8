"""Screens: read, relax, predict, select and store, in batches, until the input ends."""

from __future__ import annotations

import bisect
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import torch

from ase_ecn.checkpoint import DEFAULT_ECN, DEFAULT_EMPNN, DEFAULT_POTENTIAL
from ase_ecn.crystal import CrystalLike
from ase_ecn.errors import OptionError
from ase_ecn.own_phases import PhasesLike, known_phases
from ase_ecn.readers import Source, count_structures, is_url, read_structures
from ase_ecn.relaxation.cell_and_atoms import RELAXED
from ase_ecn.screening.batches import Execution, compute_all
from ase_ecn.screening.compute import (
    CRYSTAL_VALUES,
    RELAXATION_VALUES,
    Job,
    Outcome,
    Screener,
    check_names,
    compute_in_worker,
    provenance,
)
from ase_ecn.screening.conditions import Condition, parse_condition
from ase_ecn.screening.rows import key_name
from ase_ecn.screening.store import (
    FAILED,
    OUTRANKED,
    REJECTED,
    STORED,
    Store,
    Verdict,
    journal_path,
)
from ase_ecn.screening.table import require_pyarrow, write_parquet

_HULL = "hull"
"""Setting and key that say which phases the crystals were compared with."""
BATCH_SIZE = 64
"""Default number of crystals per batch."""


@dataclass(frozen=True)
class ScreenReport:
    """Result of a screen, including earlier runs into the same output.

    Attributes
    ----------
    stored
        Crystals in the output.
    rejected
        Crystals that do not satisfy the condition.
    outranked
        Crystals outside the best ``top``.
    failed
        Crystals without a result; :func:`~ase_ecn.screening.failures` has the reasons.
    computed
        Crystals computed by this run; the others were already finished.
    """

    stored: int
    rejected: int
    outranked: int
    failed: int
    computed: int


@dataclass(frozen=True)
class _Selection:
    """Which outcomes are kept."""

    condition: Condition | None
    top: int | None
    by: str | None
    largest: bool

    def verdicts(self, outcomes: Iterable[Outcome], best: list[float]) -> list[Verdict]:
        """Judge outcomes; ``best``, the best values so far, is updated."""
        return [self._verdict(outcome, best) for outcome in outcomes]

    def _needed(self) -> set[str]:
        """Names of the values by which crystals are selected."""
        names = set() if self.condition is None else set(self.condition.names)
        return names if self.by is None else names | {self.by}

    def _verdict(self, outcome: Outcome, best: list[float]) -> Verdict:
        if outcome.error:
            return Verdict(outcome, FAILED)
        if missing := outcome.missing(self._needed()):
            return Verdict(replace(outcome, error=missing), FAILED)
        numbers = outcome.numbers()
        if self.condition is not None and not self.condition(numbers):
            return Verdict(outcome, REJECTED)
        if self.top is None or self.by is None:
            return Verdict(outcome, STORED)
        value = float(numbers[self.by])
        rank = -value if self.largest else value
        if len(best) == self.top and not rank < best[-1]:
            return Verdict(outcome, OUTRANKED, value)
        bisect.insort(best, rank)
        del best[self.top :]
        return Verdict(outcome, STORED, value)


def screen(
    source: str | Path | CrystalLike | Iterable[CrystalLike],
    out: str | Path,
    *,
    relax: bool | str = False,
    properties: Sequence[str] | None = None,
    where: str | None = None,
    top: int | None = None,
    by: str | None = None,
    largest: bool = False,
    checkpoint: str | Path | None = None,
    relaxer_checkpoint: str | Path | None = None,
    potential: str | Path | None = None,
    device: str | torch.device | None = None,
    batch_size: int = BATCH_SIZE,
    workers: int | None = None,
    cluster: str | None = None,
    retry_failed: bool = False,
    progress: bool = False,
    phases: PhasesLike = None,
) -> ScreenReport:
    """Predict the properties of every structure of an input and store them.

    A screen that was interrupted continues where it stopped; crystals that are new in the input or
    have changed are computed. Only a few batches are in memory at a time.

    Parameters
    ----------
    source
        See :func:`~ase_ecn.screening.read_structures`.
    out
        ase.db to write: path of a SQLite file (``.db``), or URL of a PostgreSQL database. Each
        row has the crystal with ``energy`` (formation energy of the cell, eV), ``magmom`` and
        ``magmoms`` as results, the other properties, details of the relaxation and the
        checkpoints' names and hashes as key-value pairs, and the unrelaxed structure in
        ``data`` (see :func:`~ase_ecn.screening.unrelaxed`). A ``.parquet`` file is written at
        the end from the ase.db ``OUT.parquet.db``, from which a later run continues.
    relax
        Relax first: ``"cell"`` or true the cells, ``"all"`` cells and atoms.
    properties
        Names of the properties to keep; ``None`` for all.
    where
        Keep only crystals that satisfy this condition, such as ``"band_gap > 1 and natoms < 20"``;
        see :func:`~ase_ecn.screening.conditions.parse_condition`.
    top, by, largest
        Keep only this number of crystals: those with the lowest or highest values of a property.
    checkpoint, relaxer_checkpoint
        Of the ECN and of the EMPNN; ``None`` for the bundled ones.
    potential
        Checkpoint whose forces atoms follow; ``None`` for ``"ecn-universal"``.
    device
        ``None`` for CUDA if available, otherwise the CPU.
    batch_size
        Number of crystals computed and written together.
    workers
        Number of processes to start on this machine; with several GPUs each gets one.
    cluster
        Address of the scheduler of a running Dask cluster to use instead.
    retry_failed
        Repeat crystals that failed before.
    progress
        Show a progress bar.
    phases
        Phases of your own that crystals compete with, beside those of the package; see
        :func:`ase_ecn.own_phases.known_phases`.

    Returns
    -------
    ScreenReport
        Numbers of crystals by outcome.

    Raises
    ------
    OptionError
        If an option has an invalid value, or the output contains a screen with different options.
    CheckpointError
        If a checkpoint cannot be used.
    """
    execution = Execution(batch_size, workers, cluster, retry_failed, progress)
    execution.check()
    _check_ranking(top, by)
    if not isinstance(relax, bool) and relax not in RELAXED:
        raise OptionError(f"relax must be a truth value, 'cell' or 'all', got {relax!r}")
    address = _output(out)
    job = Job(
        checkpoint=str(checkpoint or DEFAULT_ECN),
        relaxer_checkpoint=str(relaxer_checkpoint or DEFAULT_EMPNN) if relax else None,
        potential=str(potential or DEFAULT_POTENTIAL) if relax == "all" else None,
        device=None if device is None else str(device),
        provenance={},
        phases=known_phases(phases),
    )
    screener = Screener(job)
    found = provenance(screener.predictor, screener.network, screener.surface)
    job = replace(job, provenance=found)
    available, derived = screener.predictor.properties, screener.predictor.derived
    store = Store(address)
    kept = tuple(available if properties is None else properties)
    check_names(kept, available, "properties")
    if properties is None and store.settings() and _HULL not in store.settings():
        # Begun before there were distances to the hull: it goes on without.
        kept = tuple(name for name in available if name not in derived)
    common = dict(found)
    if set(derived) & set(kept):
        common[_HULL] = job.phases.provenance
    scalars = screener.predictor.scalars
    known = [*scalars, *CRYSTAL_VALUES, *(RELAXATION_VALUES if relax else ())]
    if by is not None:
        check_names([by], known, "by")
    selection = _Selection(parse_condition(where, known) if where else None, top, by, largest)
    sources = read_structures(source)
    store.settle(
        {
            **common,
            "properties": sorted(kept),
            "where": where,
            "top": [top, by, largest] if top else None,
        }
    )
    store.note_units({n: screener.predictor.property_of(n).unit for n in scalars if n in kept})
    total = count_structures(source) if progress else None
    best: list[float] = []
    if top is not None:
        best = [-value if largest else value for value in store.best(top, largest)]
    compute: Callable[[Sequence[Source]], list[Outcome]] = screener.compute
    if execution.remote:
        del screener  # the workers have networks of their own
        compute = partial(compute_in_worker, job)
    computed = compute_all(
        compute,
        sources,
        store,
        execution,
        lambda outcomes: store.write(selection.verdicts(outcomes, best), kept, common),
        total,
    )
    if top is not None:
        store.prune(top, largest)
    if str(out).endswith(".parquet"):
        texts = [name for name in derived if name not in scalars]
        keys = [key_name(name) for name in kept if name in scalars or name in texts]
        extra = ["volume_per_atom", *RELAXATION_VALUES, "relaxation_reason"] if relax else []
        write_parquet(store, Path(out), [*keys, *extra, *common])
    counts = store.counts()
    return ScreenReport(
        stored=counts.get(STORED, 0),
        rejected=counts.get(REJECTED, 0),
        outranked=counts.get(OUTRANKED, 0),
        failed=counts.get(FAILED, 0),
        computed=computed,
    )


def _check_ranking(top: int | None, by: str | None) -> None:
    if top is not None and top < 1:
        raise OptionError(f"top must be at least 1, got {top}")
    if (top is None) != (by is None):
        raise OptionError(
            "top and by must be given together: how many crystals, and ranked by which property"
        )


def _output(out: str | Path) -> str:
    """Address of the ase.db to write."""
    if is_url(out):
        if str(out).startswith(("mysql", "mariadb")):
            raise OptionError("MySQL can be read but not written: it cannot roll back a batch")
        return str(out)
    path = Path(out)
    if path.suffix not in (".db", ".parquet"):
        raise OptionError(
            f"{path} cannot be written: give a .db or .parquet file, or postgresql://…"
        )
    if not path.parent.is_dir():
        raise OptionError(f"the folder of {path} does not exist")
    if path.suffix == ".parquet":
        require_pyarrow()
    return journal_path(str(path))
