"""From the name of a file to its figure, for the command line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ase.db import connect
from ase.io import read

from ase_ecn.checkpoint import read_card
from ase_ecn.crystal import as_crystal
from ase_ecn.errors import OptionError
from ase_ecn.own_phases import PhasesLike
from ase_ecn.plotting.phase_figures import phase_diagram
from ase_ecn.plotting.results import (
    calibration_curve,
    learning_curve,
    parity,
    property_map,
    relaxation_path,
)
from ase_ecn.plotting.tensors import tensor_surface
from ase_ecn.prediction import PropertyPredictor
from ase_ecn.properties import ELASTIC_TENSOR, find
from ase_ecn.readers import is_url, read_structures
from ase_ecn.screening.store import journal_path

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FIGURES = {
    "parity": "parity: of a screen whose input had values of its own",
    "map": "map: gaps against formation energies of a screen",
    "learning": "learning: the curve.csv of a fit",
    "calibration": "calibration: of a checkpoint, by its name or file",
    "relaxation": "relaxation: a trajectory",
    "tensor": "tensor: a response tensor of the first crystal of a file",
    "phase-diagram": "phase-diagram: a screen of two to four elements beside known phases",
}
_TENSORS = "ecn-tensors"


def draw(
    kind: str,
    source: str,
    name: str | None = None,
    *,
    checkpoint: str = _TENSORS,
    system: str | None = None,
    phases: PhasesLike = None,
) -> Figure:
    """Draw a figure of one of the kinds.

    Parameters
    ----------
    kind
        One of :data:`FIGURES`.
    source
        File or checkpoint.
    name
        Property for ``parity`` (``None`` for ``band_gap``) or for ``tensor`` (``None`` for
        ``elastic_tensor``).
    checkpoint
        What predicts the tensor.
    system, phases
        For ``phase-diagram``, see :func:`~ase_ecn.plotting.phase_diagram`.

    Raises
    ------
    OptionError
        If the kind is unknown, or there is nothing of this kind in the source.
    ASEECNError
        If matplotlib is missing.
    """
    if kind == "learning":
        return learning_curve(source)
    if kind == "calibration":
        return calibration_curve(dict(read_card(source).content.get("test", {})))
    if kind == "relaxation":
        return _relaxation(source)
    if kind == "tensor":
        return _tensor(source, name or ELASTIC_TENSOR, checkpoint)
    if kind not in FIGURES:
        raise OptionError(f"unknown figure {kind!r}; known are {', '.join(FIGURES)}")
    rows = _rows(source)
    if kind == "phase-diagram":
        crystals, known = [row.toatoms() for row in rows], [row.key_value_pairs for row in rows]
        return phase_diagram(crystals, known, system=system, phases=phases)
    if kind == "map":
        names = ("formation_energy", "band_gap")
        x, y = ([_number(row.key_value_pairs.get(n)) for row in rows] for n in names)
        return property_map(x, y, names=names)
    name = name or "band_gap"
    predicted = [_number(row.key_value_pairs.get(name)) for row in rows]
    given = [_number(row.data.get("input", {}).get(name)) for row in rows]
    return parity(predicted, given, name=name, units=find(name).unit)


def _rows(source: str) -> list[Any]:
    address = journal_path(source)
    if not is_url(address) and not Path(address).exists():
        raise OptionError(f"{address} does not exist")
    try:
        return list(connect(address).select())
    except Exception as error:  # each backend has its own
        raise OptionError(f"cannot read {address}: {type(error).__name__}: {error}") from error


def _relaxation(source: str) -> Figure:
    try:
        images = read(source, index=":")
    except Exception as error:  # ASE's many readers raise anything
        raise OptionError(f"cannot read {source}: {type(error).__name__}: {error}") from error
    assert isinstance(images, list)
    return relaxation_path(images)


def _tensor(source: str, name: str, checkpoint: str) -> Figure:
    if not Path(source).exists():
        raise OptionError(f"{source} does not exist")
    first = next(iter(read_structures(source)), None)
    if first is None:
        raise OptionError(f"there is no structure in {source}")
    predictor = PropertyPredictor(checkpoint)
    tensors = [one for one in predictor.properties if find(one).kind == "tensor"]
    if name not in tensors:
        known = ", ".join(tensors) or "none"
        raise OptionError(f"{checkpoint} predicts no tensor {name!r}; its tensors are: {known}")
    atoms = first.load()
    found = predictor.predict([as_crystal(atoms, predictor.card.elements)], forces=False)[0]
    title = f"{atoms.get_chemical_formula('metal')}: {name.replace('_', ' ')}"
    return tensor_surface(found[name], title=title)


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else float("nan")
