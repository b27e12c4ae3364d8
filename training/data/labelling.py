"""Energies, forces and stresses of many crystals from an ASE calculator, to fit a potential to.

The screens' journal, workers and cluster do the work: what is finished is in an ase.db beside the
output, from which a run that was killed goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ase_ecn.crystal import CrystalLike
from ase_ecn.errors import OptionError
from ase_ecn.properties import ELASTIC_TENSOR, POTENTIAL_ENERGY
from ase_ecn.readers import Source, count_structures, read_structures
from ase_ecn.readers.json_lines import JSON_LINES, structure_fields, write_json_lines
from ase_ecn.screening.batches import Execution, compute_all
from ase_ecn.screening.compute import Outcome
from ase_ecn.screening.named_calculators import CalculatorJob, calculator_class
from ase_ecn.screening.origins import origin_of
from ase_ecn.screening.store import FAILED, STORED, Store, Verdict
from ase_ecn.training.data.calculators import Labeller, label_in_worker

BATCH_SIZE = 8
"""Default number of crystals that are computed and written together: what a kill may lose."""
_PROPERTIES = (POTENTIAL_ENERGY, "forces", "stress", ELASTIC_TENSOR)
_DECIMALS = {"energy_eV_per_atom": 8, "forces_eV_A": 6, "stress_eV_A3": 8, "elastic_GPa": 4}


@dataclass(frozen=True)
class LabelReport:
    """Outcome of labelling, earlier runs into the same output included.

    Attributes
    ----------
    labelled
        Crystals in the output.
    failed
        Crystals that the calculator failed on.
    computed
        Crystals that this run computed; the others were finished before.
    """

    labelled: int
    failed: int
    computed: int


def label(
    source: str | Path | CrystalLike | Iterable[CrystalLike],
    out: str | Path,
    calculator: str,
    options: Mapping[str, Any] | None = None,
    *,
    elastic: bool = False,
    batch_size: int = BATCH_SIZE,
    workers: int | None = None,
    cluster: str | None = None,
    retry_failed: bool = False,
    progress: bool = False,
) -> LabelReport:
    """Label every crystal of an input with energy, forces and stress.

    Started again after it was killed, it goes on where it stopped; crystals that are new in the
    input or have changed are computed, all others once.

    Parameters
    ----------
    source
        See :func:`~ase_ecn.readers.read_structures`.
    out
        ``.jsonl`` or ``.jsonl.gz`` file, written at the end from the ase.db beside it that has the
        results so far, ``OUT.db``. A line per crystal: ``species``, ``cell`` (Å, rows), ``frac``,
        ``energy_eV_per_atom``, ``forces_eV_A``, ``stress_eV_A3`` (xx yy zz yz xz xy, ASE's sign;
        null if the calculator has none), ``calculator``, and ``source`` and ``kind`` as the input
        has them, else ``source`` is the label of the crystal in the input.
    calculator
        One of ASE's names, such as ``"emt"``, or ``"package.module:Class"``.
    options
        Arguments to make the calculator with.
    elastic
        Elastic tensors too, ``elastic_GPa`` (6, 6) in ASE's order, from strained cells with one
        displaced atom each: 12 + 6 N further calculations of a crystal of N atoms. Crystals are
        taken for relaxed.
    batch_size
        Crystals that are computed and written together.
    workers
        Start so many processes on this machine.
    cluster
        Address of the scheduler of a running Dask cluster to work on instead.
    retry_failed
        Try crystals that failed before once more.
    progress
        Show a progress bar.

    Returns
    -------
    LabelReport
        How many crystals came out how. The reasons of failures are in the table
        ``screen_failures`` of ``OUT.db``; :func:`ase_ecn.screening.failures` reads it.

    Raises
    ------
    OptionError
        If an option has a value that is not allowed, the calculator cannot be made, or the output
        holds labels that were made otherwise.
    """
    execution = Execution(batch_size, workers, cluster, retry_failed, progress)
    execution.check()
    path = Path(out)
    if not path.name.endswith(JSON_LINES):
        raise OptionError(f"{path} cannot be written: give a {' or '.join(JSON_LINES)} file")
    if not path.parent.is_dir():
        raise OptionError(f"the folder of {path} does not exist")
    job = CalculatorJob(calculator, tuple(sorted((options or {}).items())), execution.remote)
    written = [path, Path(label_store(path))]
    sources = read_structures(source, passing_over=written)
    total = count_structures(source, passing_over=written) if progress else None
    compute = _compute(job, elastic, execution.remote)
    store = Store(label_store(path), origin_of(source, label_store(path)))
    settings = {"calculator": calculator, "options": {k: repr(v) for k, v in job.options}}
    store.settle(settings | ({"elastic": True} if elastic else {}))
    common = {"label_calculator": calculator}
    computed = compute_all(
        compute,
        sources,
        store,
        execution,
        lambda outcomes: store.write([_verdict(o) for o in outcomes], _PROPERTIES, common),
        total,
    )
    write_json_lines(path, map(_line, store.rows()))
    counts = store.counts()
    return LabelReport(counts.get(STORED, 0), counts.get(FAILED, 0), computed)


def label_store(out: str | Path) -> str:
    """The ase.db beside an output that has its results so far."""
    return f"{out}.db"


def _compute(
    job: CalculatorJob, elastic: bool, remote: bool
) -> Callable[[Sequence[Source]], list[Outcome]]:
    if remote:
        calculator_class(job.name)  # a wrong name is told before workers start
        return partial(label_in_worker, job, elastic)
    return Labeller(job, elastic=elastic).compute


def _verdict(outcome: Outcome) -> Verdict:
    return Verdict(outcome, FAILED if outcome.error else STORED)


def _line(row: Any) -> dict[str, Any]:
    said = row.data.get("input", {})
    fields = {
        "kind": said.get("kind"),
        "source": said.get("source", row.key_value_pairs["source"]),
        **structure_fields(row.toatoms()),
        "energy_eV_per_atom": row.energy / row.natoms,
        "forces_eV_A": row.forces,
        "stress_eV_A3": row.stress if "stress" in row else None,
        "calculator": row.key_value_pairs["label_calculator"],
    }
    if ELASTIC_TENSOR in row.data:
        fields["elastic_GPa"] = row.data[ELASTIC_TENSOR]
    return {
        # Adding zero makes -0.0 a 0.0.
        name: (np.round(value, _DECIMALS[name]) + 0.0).tolist()
        if name in _DECIMALS and value is not None
        else value
        for name, value in fields.items()
    }
