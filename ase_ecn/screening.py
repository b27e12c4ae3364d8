"""Relax and predict every structure of a folder or database; the results go into an ase.db."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import torch
from ase import Atoms
from ase.db import connect
from ase.io import read
from tqdm import tqdm

from ase_ecn.calculator import single_point
from ase_ecn.crystal import Crystal, as_crystal
from ase_ecn.errors import ASEECNError, OptionError
from ase_ecn.prediction import Prediction, PropertyPredictor
from ase_ecn.relaxation import CellRelaxation, LatticeNetwork

logger = logging.getLogger(__name__)

_DATABASES = (".db", ".json", ".aselmdb")
_CHUNK = 64


@dataclass(frozen=True)
class Source:
    """One structure to screen, or the reason why it could not be read."""

    label: str
    atoms: Atoms | None
    error: str = ""


@dataclass(frozen=True)
class ScreenReport:
    """Outcome of a screen.

    Attributes
    ----------
    finished
        For the label of each structure that is in the output database, the id of its row.
    failures
        Reason for each label that is not.
    """

    finished: dict[str, int] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)


def read_structures(path: str | Path) -> Iterator[Source]:
    """Structures of a folder, of an ase.db, or of one file of any format that ASE reads.

    A file that cannot be read gives one :class:`Source` with the reason, and reading goes on.

    Raises
    ------
    OptionError
        If the path does not exist.
    """
    path = Path(path)
    if not path.exists():
        raise OptionError(f"{path} does not exist")
    if path.is_dir():
        files = sorted(f for f in path.iterdir() if f.is_file() and not f.name.startswith("."))
        for file in files:
            yield from read_structures(file)
    elif path.suffix in _DATABASES:
        for row in connect(path).select():
            yield Source(f"{path.name}#{row.id}", row.toatoms())
    else:
        yield from _read_file(path)


def _read_file(path: Path) -> Iterator[Source]:
    try:
        images = read(path, index=":")
    except Exception as error:  # ASE's many readers raise anything
        yield Source(path.name, None, f"not readable: {type(error).__name__}: {error}")
        return
    assert isinstance(images, list)
    if not images:
        yield Source(path.name, None, "no structure in the file")
    for k, atoms in enumerate(images):
        yield Source(path.name if len(images) == 1 else f"{path.name}#{k}", atoms)


def screen(
    source: str | Path,
    out: str | Path,
    *,
    checkpoint: str | Path | None = None,
    relaxer_checkpoint: str | Path | None = None,
    device: str | torch.device | None = None,
    progress: bool = False,
) -> ScreenReport:
    """Relax the cell of every structure, predict its properties, and store both.

    A structure that is in the output already, from the same checkpoints, is not computed again.

    Parameters
    ----------
    source
        Folder, ase.db or structure file.
    out
        ase.db to write (SQLite, by the suffix ``.db``). Each row has the relaxed crystal with
        ``energy`` (formation energy of the cell, eV), ``magmom`` and ``magmoms`` as results, the
        other properties and the provenance as key-value pairs, and the unrelaxed cell in ``data``.
    checkpoint, relaxer_checkpoint
        Of the ECN and of the EMPNN; ``None`` for the bundled ones.
    device
        ``None`` for CUDA where there is one, else the CPU.
    progress
        Show a progress bar.

    Returns
    -------
    ScreenReport
        What is in the database now, and what failed why.
    """
    out = Path(out)
    if out.suffix not in _DATABASES:
        raise OptionError(f"{out} is no ase.db; allowed suffixes are {', '.join(_DATABASES)}")
    if not out.parent.is_dir():
        raise OptionError(f"the folder of {out} does not exist")
    predictor = PropertyPredictor(checkpoint, device=device)
    network = LatticeNetwork(relaxer_checkpoint, device=device)
    elements = predictor.card.elements & network.card.elements
    provenance = _provenance(predictor, network)
    report = ScreenReport()
    database = connect(out)
    known = {row.structure_hash: row.id for row in database.select(**provenance)}
    pending: list[tuple[Source, Crystal]] = []
    for entry in tqdm(read_structures(source), disable=not progress, unit=" crystals"):
        try:
            if entry.atoms is None:
                raise ASEECNError(entry.error)
            crystal = as_crystal(entry.atoms, elements)
        except ASEECNError as error:
            report.failures[entry.label] = str(error)
            continue
        row = known.get(_structure_hash(crystal))
        if row is not None:
            report.finished[entry.label] = row
            continue
        pending.append((entry, crystal))
        if len(pending) == _CHUNK:
            _finish(pending, predictor, network, database, provenance, report)
            pending = []
    _finish(pending, predictor, network, database, provenance, report)
    return report


def _finish(
    pending: Sequence[tuple[Source, Crystal]],
    predictor: PropertyPredictor,
    network: LatticeNetwork,
    database: Any,
    provenance: dict[str, str],
    report: ScreenReport,
) -> None:
    """Compute a chunk and write it in one transaction."""
    outcomes = network.relax([crystal for _, crystal in pending])
    relaxed = [
        Crystal(c.numbers, c.cell @ o.deformation, c.scaled_positions)
        for (_, c), o in zip(pending, outcomes, strict=True)
    ]
    predictions = predictor.predict(relaxed)
    with database:
        for (entry, crystal), outcome, final, prediction in zip(
            pending, outcomes, relaxed, predictions, strict=True
        ):
            atoms = final.to_atoms()
            atoms.calc = single_point(atoms, prediction)
            report.finished[entry.label] = database.write(
                atoms,
                key_value_pairs={
                    **_scalars(prediction),
                    **_relaxation_keys(outcome, crystal, final),
                    **provenance,
                    "source": entry.label,
                    "structure_hash": _structure_hash(crystal),
                },
                data={"unrelaxed_cell": crystal.cell},
            )


def _scalars(prediction: Prediction) -> dict[str, float]:
    return {k: v for k, v in prediction.items() if not isinstance(v, np.ndarray)}


def _relaxation_keys(
    outcome: CellRelaxation, start: Crystal, final: Crystal
) -> dict[str, float | int | str | bool]:
    return {
        "relaxed": outcome.converged,
        "relaxation_steps": outcome.steps,
        "relaxation_reason": outcome.reason,
        "volume_change": final.volume / start.volume - 1,
    }


def _provenance(predictor: PropertyPredictor, network: LatticeNetwork) -> dict[str, str]:
    return {
        "ecn_checkpoint": predictor.card.name,
        "ecn_sha256": predictor.card.sha256,
        "empnn_checkpoint": network.card.name,
        "empnn_sha256": network.card.sha256,
    }


def _structure_hash(crystal: Crystal) -> str:
    parts = (crystal.numbers, crystal.cell.round(10), crystal.scaled_positions.round(10))
    digest = sha256(b"".join(part.tobytes() for part in parts)).hexdigest()
    return f"s{digest[:32]}"
