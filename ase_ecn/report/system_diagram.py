"""Phase diagrams of the systems in a screen: its crystals beside the known phases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from ase.data import chemical_symbols

from ase_ecn.hull import KnownPhases, Phase
from ase_ecn.hull.distance import NEAR
from ase_ecn.hull.known_phases import Counts, reduced
from ase_ecn.hull.system import shares, shares_of, system_hull, ties

if TYPE_CHECKING:
    from jinja2 import Template
    from pymatgen.analysis.phase_diagram import PhaseDiagram

MOST_DIAGRAMS = 6
MOST_ABOVE = 0.3
"""eV/atom above the hull, beyond which a crystal is not drawn."""
_WIDTH = 400.0
_MARGIN = 56.0
_MINUS = "\N{MINUS SIGN}"
_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
# Of a label, from its dot: where it is tried first, and how it is anchored there.
_PLACES = (
    *((8, 4, "start"), (-8, 4, "end"), (0, 17, "middle"), (0, -9, "middle")),
    *((7, 15, "start"), (-7, 15, "end"), (7, -7, "start"), (-7, -7, "end")),
)


@dataclass(frozen=True)
class Candidate:
    """A crystal of the screen.

    Attributes
    ----------
    row
        Its place in the table.
    counts
        Atomic numbers and atoms of each in the reduced formula.
    energy, above
        Formation energy and distance to the hull, eV/atom.
    """

    row: int
    counts: Counts
    energy: float
    above: float

    @classmethod
    def of(cls, row: int, numbers: Iterable[int], energy: float, above: float) -> Candidate:
        """Make one of the atomic numbers of a cell."""
        return cls(row, reduced(Counter(int(z) for z in numbers)), energy, above)

    @property
    def tone(self) -> str:
        """How far it is from the hull, as a colour."""
        return "good" if self.above <= 0 else "near" if self.above <= NEAR else "far"


@dataclass(frozen=True)
class Dot:
    """A known phase, or a crystal and its place in the table."""

    x: float
    y: float
    title: str
    tone: str = "known"
    crystal: int | None = None


@dataclass(frozen=True)
class Text:
    """A few words, and where they begin, end or have their middle."""

    x: float
    y: float
    text: str
    anchor: str = "middle"
    kind: str = ""
    turned: bool = False


@dataclass
class Diagram:
    """A picture, in pixels from its upper left corner."""

    title: str
    caption: str
    width: float = _WIDTH
    height: float = 320.0
    lines: list[tuple[str, float, float, float, float]] = field(default_factory=list)
    dots: list[Dot] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)


def drawn(diagram: Diagram, template: Template) -> str:
    """The picture as SVG."""
    return template.render(d=diagram)


def diagrams(candidates: Sequence[Candidate], phases: KnownPhases) -> list[Diagram]:
    """Phase diagrams of the systems of two or three elements with the best crystals.

    Parameters
    ----------
    candidates
        Crystals of any systems.
    phases
        What they compete with.
    """
    systems: dict[tuple[int, ...], list[Candidate]] = {}
    for candidate in sorted(candidates, key=lambda c: c.above):
        elements = tuple(z for z, _ in candidate.counts)
        if len(elements) in (2, 3) and candidate.above <= MOST_ABOVE:
            systems.setdefault(elements, []).append(candidate)
    best = list(systems.items())[:MOST_DIAGRAMS]
    return [_diagram(elements, members, phases) for elements, members in best]


def _diagram(
    elements: tuple[int, ...], members: Sequence[Candidate], phases: KnownPhases
) -> Diagram:
    stable = system_hull(elements, phases)
    title = "\N{EN DASH}".join(chemical_symbols[z] for z in elements)
    compounds = sum(len(entry.composition) > 1 for entry in stable.stable_entries)
    many = f"{len(members)} crystal{'' if len(members) == 1 else 's'}"
    known = f"{compounds} known compound{'' if compounds == 1 else 's'}"
    caption = f"{title}: {many} of this screen beside {known} on the hull (grey)."
    diagram = Diagram(title, caption)
    (_binary if len(elements) == 2 else _ternary)(diagram, elements, members, stable)
    return diagram


def _name(entry: Any) -> str:
    return str(entry.composition.reduced_formula).translate(_SUBSCRIPTS)


def _formula(candidate: Candidate) -> str:
    return Phase(candidate.counts, 0.0).formula.translate(_SUBSCRIPTS)


def _about(candidate: Candidate) -> str:
    distance = f"{candidate.above:+.3f}".replace("-", _MINUS)
    return f"{_formula(candidate)}, {distance} eV/atom from the hull"


def _binary(
    diagram: Diagram, elements: Sequence[int], members: Sequence[Candidate], stable: PhaseDiagram
) -> None:
    """Formation energy against composition, with the hull of the known phases."""
    entries = sorted(stable.stable_entries, key=lambda e: shares_of(e, elements)[1])
    energies = [e.energy_per_atom for e in entries] + [c.energy for c in members]
    low, high = min(energies), max(0.0, *energies)
    room = 0.12 * (high - low) or 0.1
    low, high = low - room, high + room / 2
    right, bottom = diagram.width - 22, diagram.height - 46

    def place(share: float, energy: float) -> tuple[float, float]:
        x = _MARGIN + share * (right - _MARGIN)
        return x, bottom - (energy - low) / (high - low) * (bottom - 12)

    for energy in _ticks(low, high):
        y = place(0, energy)[1]
        diagram.lines.append(("grid", _MARGIN, y, right, y))
        label = f"{energy:.{1 if high - low > 0.4 else 2}f}".replace("-", _MINUS)
        diagram.texts.append(Text(_MARGIN - 6, y + 4, label, "end", "soft"))
    for number, x in ((elements[0], _MARGIN), (elements[1], right)):
        diagram.texts.append(Text(x, bottom + 17, chemical_symbols[number]))
    middle = f"share of {chemical_symbols[elements[1]]}"
    diagram.texts.append(Text((_MARGIN + right) / 2, diagram.height - 12, middle, kind="soft"))
    axis = "formation energy / eV/atom"
    diagram.texts.append(Text(11, (bottom + 12) / 2, axis, kind="soft", turned=True))
    corners = [place(shares_of(e, elements)[1], e.energy_per_atom) for e in entries]
    diagram.lines += [("tie", *a, *b) for a, b in pairwise(corners)]
    labels = []
    for entry, (x, y) in zip(entries, corners, strict=True):
        diagram.dots.append(Dot(x, y, f"{_name(entry)}, known"))
        if len(entry.composition) > 1:
            labels.append((x, y, _name(entry)))
    spots = [place(shares(c.counts, elements)[1], c.energy) for c in members]
    _add_candidates(diagram, members, spots, labels)


def _ternary(
    diagram: Diagram, elements: Sequence[int], members: Sequence[Candidate], stable: PhaseDiagram
) -> None:
    """Known phases in a triangle, joined where they coexist, and the best of each composition."""
    side = diagram.width - 2 * 34
    rise = side * 3**0.5 / 2
    diagram.height = rise + 62
    corners = np.array([[34, 28 + rise], [34 + side, 28 + rise], [34 + side / 2, 28]])
    for (x1, y1), (x2, y2) in (ties(stable, elements) @ corners).tolist():
        diagram.lines.append(("tie", x1, y1, x2, y2))
    for number, (x, y), shift in zip(elements, corners.tolist(), (20, 20, -10), strict=True):
        diagram.texts.append(Text(x, y + shift, chemical_symbols[number]))
    labels = []
    for entry in stable.stable_entries:
        x, y = shares_of(entry, elements) @ corners
        diagram.dots.append(Dot(float(x), float(y), f"{_name(entry)}, known"))
        if len(entry.composition) > 1:
            labels.append((float(x), float(y), _name(entry)))
    lowest: dict[Counts, Candidate] = {}
    for candidate in members:
        lowest.setdefault(candidate.counts, candidate)
    shown = list(lowest.values())
    spots = [tuple(map(float, shares(c.counts, elements) @ corners)) for c in shown]
    _add_candidates(diagram, shown, spots, labels)


def _add_candidates(
    diagram: Diagram,
    members: Sequence[Candidate],
    spots: Sequence[tuple[float, ...]],
    labels: Sequence[tuple[float, float, str]],
) -> None:
    """Dots of the crystals, the best above the others, and as many labels as there is room for."""
    for candidate, (x, y) in reversed(list(zip(members, spots, strict=True))):
        diagram.dots.append(Dot(x, y, _about(candidate), candidate.tone, candidate.row))
    wanted = [(x, y, _formula(c)) for c, (x, y) in zip(members, spots, strict=True)]
    # One label for a composition: a crystal's own phase may be known, and have polymorphs.
    named = {text: (x, y, text) for x, y, text in [*reversed(wanted), *labels]}
    diagram.texts += list(_labels(diagram, named.values()))


def _labels(diagram: Diagram, wanted: Iterable[tuple[float, float, str]]) -> Iterator[Text]:
    """Labels that cover neither each other nor a dot; others are left out."""
    taken = [(dot.x - 4, dot.y - 4, dot.x + 4, dot.y + 4) for dot in diagram.dots]
    for x, y, text in wanted:
        wide = 7.2 * len(text)
        for right, down, anchor in _PLACES:
            left = x + right - {"start": 0, "middle": wide / 2, "end": wide}[anchor]
            box = (left, y + down - 10, left + wide, y + down + 3)
            inside = box[0] >= 0 and box[2] <= diagram.width
            if inside and not any(_overlap(box, other) for other in taken):
                taken.append(box)
                yield Text(x + right, y + down, text, anchor)
                break


def _overlap(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _ticks(low: float, high: float) -> list[float]:
    rough = (high - low) / 5
    power = 10.0 ** np.floor(np.log10(rough))
    step = power * next(m for m in (1, 2, 5, 10) if m * power >= rough)
    return [k * step for k in range(int(np.ceil(low / step)), int(high // step) + 1)]
