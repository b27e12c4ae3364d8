"""Phase diagrams of two to four elements: predicted crystals beside the phases that are known.

On the left is the system, as energies against composition, a triangle or a tetrahedron. On the
right are the best crystals with their distances to the hull and what is stated about their errors.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from ase.data import atomic_numbers, chemical_symbols
from numpy.typing import NDArray

from ase_ecn.crystal import CrystalLike, as_crystal
from ase_ecn.errors import OptionError, PropertyUnavailableError
from ase_ecn.hull import KnownPhases, Phase
from ase_ecn.hull.distance import NEAR
from ase_ecn.hull.known_phases import Counts, reduced
from ase_ecn.hull.system import shares, shares_of, system_hull, ties
from ase_ecn.own_phases import PhasesLike, known_phases
from ase_ecn.plotting.canvas import new_figure
from ase_ecn.properties import FORMATION_ENERGY, SPREAD

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pymatgen.analysis.phase_diagram import PhaseDiagram

INTERVAL = 1.645
"""Half the width of the 90 % interval, in standard deviations."""
MOST_ABOVE = 0.3
"""eV/atom above the hull, beyond which a crystal is not drawn."""
MOST_NAMED = 15
"""Crystals whose distance is on the right."""
_LARGEST = 4
_NAMED_SYSTEMS = 6
_DASH = "\N{EN DASH}"
_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_KNOWN, _TIE, _OWN = "#6c757d", "#adb5bd", "#3a86ff"
# By where a distance ends that is not above the limit.
_TONES = (
    (0.0, "on or below the hull", "#2a9d8f"),
    (NEAR, f"within {1000 * NEAR:.0f} meV/atom", "#f4a261"),
    (np.inf, "farther above", "#e63946"),
)
# The corners of the system, in the plane or in space; of two elements the ends of an axis.
_CORNERS = {
    2: np.array([[0.0], [1.0]]),
    3: np.array([[0, 0], [1, 0], [0.5, 3**0.5 / 2]]),
    4: np.array(
        [[0, 0, 0], [1, 0, 0], [0.5, 3**0.5 / 2, 0], [0.5, 3**0.5 / 6, (2 / 3) ** 0.5]],
    ),
}


@dataclass(frozen=True, eq=False)  # two crystals may agree in all numbers
class _Placed:
    """A crystal and the hull: energies in eV/atom, ``std`` zero where none is stated."""

    counts: Counts
    energy: float
    std: float
    above: float

    @property
    def name(self) -> str:
        return Phase(self.counts, 0.0).formula.translate(_SUBSCRIPTS)


def phase_diagram(
    crystals: Sequence[CrystalLike],
    predictions: Sequence[Mapping[str, Any]],
    *,
    system: str | Sequence[str] | None = None,
    phases: PhasesLike = None,
) -> Figure:
    """Predicted crystals of a chemical system, and the hull of known phases.

    Parameters
    ----------
    crystals
        Atoms or pymatgen structures; those with other elements than the system's are left out.
    predictions
        For each crystal its ``formation_energy`` in eV/atom and, if known,
        ``formation_energy_std``: what :func:`ase_ecn.predict` gives.
    system
        Two to four elements, as ``"Li-Fe-O"`` or a list; ``None`` for those of all crystals.
    phases
        What the crystals compete with, as in :func:`ase_ecn.predict`: ``None`` for the known
        phases, to which those of a file or a list are added. Phases of one's own are blue.

    Returns
    -------
    Figure
        Two axes. Bars are intervals that should hold 90 % of the errors. Crystals more than 0.3
        eV/atom above the hull are counted in the title alone; of two crystals of one composition
        the lower one is drawn, in a triangle or a tetrahedron.

    Raises
    ------
    OptionError
        If there is nothing to draw, or the elements are not two to four.
    PropertyUnavailableError
        If a prediction has no formation energy.
    UnsupportedElementError
        If the energy of an element is not known.
    ASEECNError
        If matplotlib is missing.
    """
    if len(crystals) != len(predictions):
        raise OptionError(f"{len(crystals)} crystals and {len(predictions)} predictions")
    known = known_phases(phases)
    found = [as_crystal(c).numbers.tolist() for c in crystals]
    elements = _elements(system) if system is not None else _all_elements(found)
    placed = sorted(
        (
            _placed(numbers, prediction, known)
            for numbers, prediction in zip(found, predictions, strict=True)
            if set(numbers) <= set(elements)
        ),
        key=lambda crystal: crystal.above,
    )
    if not placed:
        raise OptionError(f"no crystal has only the elements {_name(elements)}")
    near = [crystal for crystal in placed if crystal.above <= MOST_ABOVE]
    return _drawn(elements, near, len(placed) - len(near), known)


def _placed(numbers: list[int], prediction: Mapping[str, Any], known: KnownPhases) -> _Placed:
    counts = reduced({z: numbers.count(z) for z in numbers})
    if FORMATION_ENERGY not in prediction:
        name = Phase(counts, 0.0).formula
        raise PropertyUnavailableError(f"{name} has no formation energy, which a diagram needs")
    energy = float(prediction[FORMATION_ENERGY])
    std = float(prediction.get(f"{FORMATION_ENERGY}{SPREAD}", 0.0))
    return _Placed(counts, energy, std, energy - known.at(numbers).energy)


def _elements(system: str | Sequence[str]) -> tuple[int, ...]:
    symbols = system.split("-") if isinstance(system, str) else list(system)
    unknown = [symbol for symbol in symbols if symbol not in atomic_numbers or symbol == "X"]
    if unknown or len(set(symbols)) != len(symbols):
        raise OptionError(f"{system!r} are no different elements, such as Li-Fe-O")
    return _drawable(tuple(atomic_numbers[symbol] for symbol in symbols))


def _drawable(elements: tuple[int, ...]) -> tuple[int, ...]:
    if not 2 <= len(elements) <= _LARGEST:
        raise OptionError(
            f"a phase diagram is drawn of two to four elements, and {_name(elements)} "
            f"{'is' if len(elements) == 1 else 'are'} {len(elements)}; energy_above_hull is "
            "predicted for any number"
        )
    return elements


def _all_elements(found: Sequence[Sequence[int]]) -> tuple[int, ...]:
    """Elements of all crystals, unless they are too many for one diagram."""
    together = tuple(sorted({z for numbers in found for z in numbers}))
    systems = {tuple(sorted(set(numbers))): None for numbers in found}
    if len(together) > _LARGEST and len(systems) > 1:
        names = [_name(s).replace(_DASH, "-") for s in systems if 2 <= len(s) <= _LARGEST]
        shown = ", ".join(names[:_NAMED_SYSTEMS]) or "none of two to four elements"
        more = ", …" if len(names) > _NAMED_SYSTEMS else ""
        raise OptionError(f"the crystals are of {len(systems)} systems; name one: {shown}{more}")
    return _drawable(together)


def _name(elements: Sequence[int]) -> str:
    return _DASH.join(chemical_symbols[z] for z in elements)


def _drawn(
    elements: tuple[int, ...], placed: Sequence[_Placed], far: int, known: KnownPhases
) -> Figure:
    hull = system_hull(elements, known)
    figure = new_figure(9.6, 4.6)
    space = {"projection": "3d"} if len(elements) == _LARGEST else {}
    left = figure.add_subplot(1, 2, 1, **space)
    right = figure.add_subplot(1, 2, 2)
    draw = _draw_binary if len(elements) == 2 else _draw_simplex
    draw(left, elements, placed, hull, _own(elements, known))
    _draw_distances(right, placed[:MOST_NAMED])
    stable = sum(len(entry.composition) > 1 for entry in hull.stable_entries)
    beyond = f"; {far} more than {MOST_ABOVE} eV/atom above the hull not drawn" if far else ""
    figure.suptitle(
        f"{_name(elements)}: {_many(len(placed), 'crystal')}, "
        f"{_many(stable, 'compound')} on the hull{beyond}",
        fontsize=10,
    )
    return figure


def _many(count: int, name: str) -> str:
    return f"{count} {name}{'' if count == 1 else 's'}"


def _own(elements: Sequence[int], known: KnownPhases) -> list[Phase]:
    return [p for p in known.own if {z for z, _ in p.counts} <= set(elements)]


def _draw_binary(
    axis: Any,
    elements: Sequence[int],
    placed: Sequence[_Placed],
    hull: PhaseDiagram,
    own: Sequence[Phase],
) -> None:
    """Energies against composition; bars are intervals of the crystals."""
    stable = sorted(hull.stable_entries, key=lambda e: float(shares_of(e, elements)[1]))
    x = [float(shares_of(entry, elements)[1]) for entry in stable]
    y = [entry.energy_per_atom for entry in stable]
    axis.plot(x, y, "o-", color=_KNOWN, linewidth=1, markersize=4, label="known phases")
    axis.plot(
        [float(shares(phase.counts, elements)[1]) for phase in own],
        [phase.energy for phase in own],
        **_own_style(bool(own)),
    )
    for at, entry, energy in zip(x, stable, y, strict=True):
        if len(entry.composition) > 1:
            _label(axis, _formula(entry), (at, energy))
    for label, colour, members in _by_tone(placed):
        axis.errorbar(
            [float(shares(c.counts, elements)[1]) for c in members],
            [c.energy for c in members],
            [INTERVAL * c.std for c in members],
            fmt="s",
            color=colour,
            markersize=4,
            linewidth=1,
            label=label,
        )
    axis.set(
        xlim=(-0.03, 1.03),
        xlabel=f"share of {chemical_symbols[elements[1]]}",
        ylabel="formation energy / eV/atom",
    )
    axis.legend(fontsize=7)


def _draw_simplex(
    axis: Any,
    elements: Sequence[int],
    placed: Sequence[_Placed],
    hull: PhaseDiagram,
    own: Sequence[Phase],
) -> None:
    """Compositions in a triangle or a tetrahedron, with lines between phases that coexist."""
    corners = _CORNERS[len(elements)]
    for ends in ties(hull, elements) @ corners:
        axis.plot(*ends.T, color=_TIE, linewidth=0.7, zorder=1)
    stable = np.array([shares_of(entry, elements) for entry in hull.stable_entries]) @ corners
    axis.plot(*stable.T, "o", color=_KNOWN, markersize=4, label="known phases")
    mine = _compositions([phase.counts for phase in own], elements) @ corners
    axis.plot(*mine.T, **_own_style(bool(own)))
    for entry, place in zip(hull.stable_entries, stable, strict=True):
        _label(axis, _formula(entry), place)
    lowest: dict[Counts, _Placed] = {}
    for crystal in placed:
        lowest.setdefault(crystal.counts, crystal)
    for label, colour, members in _by_tone(list(lowest.values())):
        places = _compositions([c.counts for c in members], elements) @ corners
        axis.plot(*places.T, "s", color=colour, markersize=5, label=label)
    axis.set_aspect("equal")
    axis.set_axis_off()
    axis.legend(fontsize=7, loc="upper left")


def _draw_distances(axis: Any, placed: Sequence[_Placed]) -> None:
    """Distances of the best crystals to the hull, the best on top."""
    rows = {crystal: row for row, crystal in enumerate(placed)}
    axis.axvspan(0, NEAR, color="#f8f0e3", zorder=0)
    axis.axvline(0, color=_KNOWN, linewidth=1)
    for _, colour, members in _by_tone(placed):
        axis.errorbar(
            [c.above for c in members],
            [rows[c] for c in members],
            xerr=[INTERVAL * c.std for c in members],
            fmt="s",
            color=colour,
            markersize=4,
            linewidth=1,
        )
    axis.set_yticks(range(len(placed)), [c.name for c in placed], fontsize=8)
    axis.set_ylim(len(placed) - 0.5, -0.5)
    stated = any(c.std for c in placed)
    axis.set_xlabel("above the hull / eV/atom" + (", 90 % interval" if stated else ""))


def _by_tone(placed: Sequence[_Placed]) -> list[tuple[str, str, list[_Placed]]]:
    """Label, colour and crystals of the tones that there are."""
    found, lower = [], -np.inf
    for upper, label, colour in _TONES:
        members = [c for c in placed if lower < c.above <= upper]
        if members:
            found.append((label, colour, members))
        lower = upper
    return found


def _compositions(counts: Sequence[Counts], elements: Sequence[int]) -> NDArray[np.float64]:
    return np.array([shares(c, elements) for c in counts]).reshape(-1, len(elements))


def _own_style(shown: bool) -> dict[str, Any]:
    label = "own phases" if shown else None
    return {"linestyle": "none", "marker": "D", "color": _OWN, "markersize": 5, "label": label}


def _formula(entry: Any) -> str:
    return str(entry.composition.reduced_formula).translate(_SUBSCRIPTS)


def _label(axis: Any, text: str, place: Sequence[float] | NDArray[np.float64]) -> None:
    if len(place) == 3:
        axis.text(*place, f" {text}", fontsize=7)
    else:
        axis.annotate(
            text, place, xytext=(4, -9), textcoords="offset points", fontsize=7, color=_KNOWN
        )
