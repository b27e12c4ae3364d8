"""What the server offers to language models: predictions, relaxations and screens as plain data."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from io import StringIO
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal, TypeVar

import numpy as np
from ase import Atoms
from ase.io import write

from ase_ecn.api import predict as predict_crystals
from ase_ecn.api import relax as relax_crystals
from ase_ecn.errors import ASEECNError, OptionError
from ase_ecn.hull import KnownPhases, Phase
from ase_ecn.prediction import Prediction
from ase_ecn.readers import read_structures
from ase_ecn.relaxation.result import Relaxation
from ase_ecn.screening import failures, screen
from ase_ecn.screening.store import screened

T = TypeVar("T")

MOST = 50
"""More crystals than this are for a screen."""
_SHOWN = 20


def predict(structures: str) -> list[dict[str, Any]]:
    """Predict the properties of crystals, in milliseconds each.

    Energies are in eV/atom, gaps and the Fermi level in eV, moments in µB (absolute);
    energy_above_hull is the distance to the convex hull of known phases in eV/atom. out_of_domain
    lists in which ways a crystal is unlike the training data.

    Parameters
    ----------
    structures
        Path of a file or folder with at most 50 crystals (CIF, POSCAR, extended XYZ, ase.db, …),
        or the text of a CIF or POSCAR.
    """
    labels, crystals = _crystals(structures)
    outcomes = predict_crystals(_good(crystals), on_error="return", forces=False)

    def described(atoms: Atoms, found: Prediction) -> dict[str, Any]:
        values = {name: _plain(value) for name, value in found.items()}
        return {"formula": _formula(atoms), **values, "out_of_domain": list(found.out_of_domain)}

    return _rows(labels, crystals, outcomes, described)


def relax(structures: str, what: Literal["cell", "all"] = "cell") -> list[dict[str, Any]]:
    """Relax crystals and return each as the text of a POSCAR.

    Parameters
    ----------
    structures
        Path of a file or folder with at most 50 crystals, or the text of a CIF or POSCAR.
    what
        "cell" changes the cell alone, without forces; "all" moves atoms too, by forces.
    """
    labels, crystals = _crystals(structures)
    method: Literal["all", "lattice"] = "all" if what == "all" else "lattice"
    outcomes = relax_crystals(_good(crystals), method=method, on_error="return")

    def described(atoms: Atoms, found: Relaxation) -> dict[str, Any]:
        return {
            "formula": _formula(atoms),
            "converged": bool(found.converged),
            "reason": found.reason,
            "steps": int(found.steps),
            "volume_change": found.atoms.get_volume() / atoms.get_volume() - 1,
            "out_of_domain": list(found.out_of_domain),
            "poscar": _poscar(found.atoms),
        }

    return _rows(labels, crystals, outcomes, described)


def place_on_hull(formula: str, formation_energy: float) -> dict[str, Any]:
    """Compare a formation energy with the convex hull of the known phases.

    The phases are those of the Materials Project that come with the package. An energy_above_hull
    below zero means a new ground state; decomposition has the phases into which the composition
    separates at lowest energy, with the share of the atoms in each.

    Parameters
    ----------
    formula
        Such as "CaF2".
    formation_energy
        In eV/atom, in the convention of the Materials Project, as predict returns it.
    """
    phase = Phase.of(formula, formation_energy)
    point = KnownPhases().at([number for number, count in phase.counts for _ in range(count)])
    return {
        "formula": phase.formula,
        "energy_above_hull": formation_energy - point.energy,
        "hull_energy": point.energy,
        "decomposition": point.shares,
    }


def screen_file(
    source: str,
    output: str,
    relax: Literal["no", "cell", "all"] = "no",
    where: str | None = None,
    top: int | None = None,
    by: str | None = None,
    largest: bool = False,
) -> dict[str, Any]:
    """Screen all crystals of a file, folder or database, and write those to keep to an ase.db.

    A screen that was interrupted continues when it is called again with the same arguments.
    Returns how many crystals were kept, rejected and failed, and the best 20.

    Parameters
    ----------
    source
        Path of a file, folder, table or database.
    output
        Path of the .db file to write.
    relax
        Whether to relax the cells, or cells and atoms, first.
    where
        Condition, such as "band_gap > 1 and energy_above_hull < 0.05".
    top, by, largest
        Keep only so many crystals: those with the lowest (or largest) values of a property.
    """
    report = screen(
        source,
        output,
        relax=False if relax == "no" else relax,
        where=where,
        top=top,
        by=by,
        largest=largest,
    )
    store = screened(output)
    order = None if by is None else ("-" if largest else "") + by
    rows = store.rows(_SHOWN, store.order(order) or "id")
    return {
        "output": output,
        "kept": report.stored,
        "rejected": report.rejected + report.outranked,
        "failed": report.failed,
        "computed_now": report.computed,
        "best": [{"formula": row.formula, **_pairs(row.key_value_pairs)} for row in rows],
        "failures": [
            {"source": one.label, "error": one.reason} for one in islice(failures(output), _SHOWN)
        ],
    }


TOOLS = (predict, relax, place_on_hull, screen_file)


def _crystals(structures: str) -> tuple[list[str], list[Atoms | ASEECNError]]:
    """Labels and crystals of a file or a text; an error in place of one that cannot be read."""
    labels: list[str] = []
    crystals: list[Atoms | ASEECNError] = []
    with _as_file(structures) as source:
        for one in islice(read_structures(source), MOST + 1):
            labels.append(one.label)
            try:
                crystals.append(one.load())
            except ASEECNError as error:
                crystals.append(error)
    if len(labels) > MOST:
        raise OptionError(f"{structures} has more than {MOST} crystals: screen it instead")
    return labels, crystals


@contextmanager
def _as_file(structures: str) -> Iterator[str]:
    """Path of a file with the text of a crystal, if this is one."""
    if "\n" not in structures.strip():
        yield structures.strip()
        return
    with TemporaryDirectory() as folder:
        path = Path(folder, "text.cif" if "_cell_length_a" in structures else "POSCAR")
        path.write_text(structures, encoding="utf-8")
        yield str(path)


def _rows(
    labels: list[str],
    crystals: list[Atoms | ASEECNError],
    outcomes: Iterable[T | ASEECNError],
    described: Callable[[Atoms, T], dict[str, Any]],
) -> list[dict[str, Any]]:
    """What is said of each crystal: the outcome, given for the good ones alone, or an error."""
    found = iter(outcomes)
    rows = []
    for label, atoms in zip(labels, crystals, strict=True):
        outcome = atoms if isinstance(atoms, ASEECNError) else next(found)
        if isinstance(outcome, ASEECNError) or isinstance(atoms, ASEECNError):
            rows.append({"source": label, "error": str(outcome)})
        else:
            rows.append({"source": label, **described(atoms, outcome)})
    return rows


def _good(crystals: list[Atoms | ASEECNError]) -> list[Atoms]:
    return [one for one in crystals if isinstance(one, Atoms)]


def _formula(atoms: Atoms) -> str:
    return str(atoms.get_chemical_formula("metal"))


def _poscar(atoms: Atoms) -> str:
    text = StringIO()
    write(text, atoms, format="vasp", direct=True)
    return text.getvalue()


def _pairs(pairs: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _plain(value) for name, value in pairs.items() if "sha256" not in name}


def _plain(value: Any) -> Any:
    """A value as JSON has it: no arrays, and no numbers that are not finite."""
    if isinstance(value, np.ndarray):
        return [_plain(one) for one in value.tolist()]
    if isinstance(value, list):
        return [_plain(one) for one in value]
    plain = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(plain, float) and not math.isfinite(plain) else plain
