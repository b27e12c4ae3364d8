"""Screens: read, relax, predict, select and store, in batches, until the input ends."""

from __future__ import annotations

import bisect
import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch

from ase_ecn.checkpoint import DEFAULT_ECN, DEFAULT_EMPNN, DEFAULT_POTENTIAL
from ase_ecn.crystal import CrystalLike
from ase_ecn.errors import OptionError
from ase_ecn.own_phases import PhasesLike, known_phases
from ase_ecn.readers import Source, count_structures, is_query, is_url, read_structures
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
from ase_ecn.screening.origins import origin_of
from ase_ecn.screening.refine import REFINE_TOP, REFINED_VALUES, Refinement, Refiner
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
BATCH_SIZE = 128
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
    refined
        Crystals that this run has relaxed once more with another calculator.
    """

    stored: int
    rejected: int
    outranked: int
    failed: int
    computed: int
    refined: int = 0


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
        needed = self._needed()
        if missing := outcome.missing(needed):
            return Verdict(replace(outcome, error=missing), FAILED)
        if not needed:
            return Verdict(outcome, STORED)
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
    refine: str | None = None,
    refine_options: Mapping[str, Any] | None = None,
    refine_top: int = REFINE_TOP,
    batch_size: int = BATCH_SIZE,
    workers: int | None = None,
    cluster: str | None = None,
    retry_failed: bool = False,
    progress: bool = False,
    phases: PhasesLike = None,
    order: int | None = None,
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
        the end from the ase.db ``OUT.parquet.db``, from which a later run continues. Screens of
        several inputs into one output accumulate; an ase.db that is no screen is not written into.
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
        Checkpoint whose forces atoms follow; ``None`` for ``"ecn-mp"``.
    device
        ``None`` for CUDA if available, otherwise the CPU.
    refine
        Relax the best crystals once more, cell and atoms, with this ASE calculator: one of ASE's
        names, or ``"package.module:Class"``. Its energies (eV/atom), forces, steps and seconds are
        key-value pairs of the row, ``refined_…``; :func:`~ase_ecn.screening.refined` has the
        crystal.
    refine_options
        Arguments to make the calculator with.
    refine_top
        Number of crystals that are refined: those with the lowest formation energy, or the best
        ones by ``by``.
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
    order
        Replace disordered crystals by their likeliest ordered cells of at most so many atoms; see
        :func:`~ase_ecn.readers.read_structures`.

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
    _check_ranking(top, by, refine)
    refiner = None
    if refine is not None:
        options = dict(refine_options or {})
        refiner = Refiner(Refinement(refine, options, refine_top, by, largest), execution)
    if not isinstance(relax, bool) and relax not in RELAXED:
        raise OptionError(f"relax must be a truth value, 'cell' or 'all', got {relax!r}")
    address = _output(out, source)
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
    kept = tuple(available if properties is None else properties)
    check_names(kept, available, "properties")
    scalars = screener.predictor.scalars
    known = [*scalars, *CRYSTAL_VALUES, *(RELAXATION_VALUES if relax else ())]
    if by is not None:
        check_names([by], known, "by")
    if refiner is not None:
        stored = [name for name in known if name not in scalars or name in kept]
        check_names([refiner.refinement.ranked_by], stored, "to refine the best ones")
    selection = _Selection(parse_condition(where, known) if where else None, top, by, largest)
    written = [] if is_url(out) else [Path(out), Path(address)]
    sources = read_structures(source, passing_over=written, order=order)
    store = Store(address, origin_of(source, address))
    kept = _as_begun(kept, () if properties else derived, store)
    common = found | _hull_of(job, set(derived) & set(kept))
    store.settle(
        {
            **common,
            "properties": sorted(kept),
            "where": where,
            "top": [top, by, largest] if top else None,
        }
    )
    store.note_units({n: screener.predictor.property_of(n).unit for n in scalars if n in kept})
    total = count_structures(source, passing_over=written) if progress else None
    best: list[float] = []
    if top is not None:
        best = [-value if largest else value for value in store.best(top, largest)]
    compute: Callable[[Sequence[Source]], list[Outcome]] = screener.compute
    on_cpu = screener.predictor.device.type == "cpu"
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
        torch.get_num_threads() if on_cpu else 1,
    )
    if top is not None:
        store.prune(top, largest)
    refined = 0
    if refiner is not None:
        refined = refiner.refine(store)
    if str(out).endswith(".parquet"):
        keys = [key_name(name) for name in kept if name in {*scalars, *derived}]
        extra = ["out_of_domain", "out_of_domain_reasons"]
        extra += ["volume_per_atom", *RELAXATION_VALUES, "relaxation_reason"] if relax else []
        extra += [*REFINED_VALUES, "refined_reason", "refined_by"] if refine else []
        write_parquet(store, Path(out), [*keys, *extra, *common])
    counts = store.counts()
    return ScreenReport(
        stored=counts.get(STORED, 0),
        rejected=counts.get(REJECTED, 0),
        outranked=counts.get(OUTRANKED, 0),
        failed=counts.get(FAILED, 0),
        computed=computed,
        refined=refined,
    )


def _as_begun(kept: Sequence[str], derived: Sequence[str], store: Store) -> tuple[str, ...]:
    """Without what screens did not have when this one began, so that it can go on."""
    begun = store.settings()
    return tuple(name for name in kept if name not in derived or not begun or _HULL in begun)


def _hull_of(job: Job, derived: Collection[str]) -> dict[str, str]:
    """Which phases the crystals are compared with, if they are."""
    return {_HULL: job.phases.provenance} if derived else {}


def _check_ranking(top: int | None, by: str | None, refine: str | None) -> None:
    if top is not None and top < 1:
        raise OptionError(f"top must be at least 1, got {top}")
    if (top is None) != (by is None) and (by is None or refine is None):
        raise OptionError(
            "top and by must be given together: how many crystals, and ranked by which property"
        )


def _output(out: str | Path, source: Any) -> str:
    """Address of the ase.db to write."""
    if is_url(out):
        if str(out).startswith(("mysql", "mariadb")):
            raise OptionError("MySQL can be read but not written: it cannot roll back a batch")
        if str(out) == str(source):
            raise OptionError("the output is the input: choose another output")
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
    address = journal_path(str(path))
    is_path = isinstance(source, str | Path) and not is_url(source) and not is_query(source)
    given = Path(source) if is_path else None
    if given is not None and os.path.realpath(given) in [
        os.path.realpath(p) for p in (path, address)
    ]:
        raise OptionError(f"{path} is the input: choose another output")
    return address
