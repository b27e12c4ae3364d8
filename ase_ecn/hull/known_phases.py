"""Known phases, indexed by chemical system, and the convex hull that they span.

Energies are formation energies in the convention of MP-20, so every element lies at zero by
definition. The hull at a composition is the lowest energy of any mixture of phases that has it.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from hashlib import sha256
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from ase.data import atomic_numbers, chemical_symbols
from ase.formula import Formula
from numpy.typing import NDArray

from ase_ecn.corrections import reference_energies
from ase_ecn.errors import EmptyCrystalError, OptionError, UnsupportedElementError
from ase_ecn.hull.phase_table import NAME, PhaseTable, bundled_card, bundled_table
from ase_ecn.hull.simplex import lowest_mixture

try:
    from ase_ecn.hull import _mixture as compiled
except ImportError:
    compiled = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from ase_ecn.corrections import Numbers

Counts: TypeAlias = tuple[tuple[int, int], ...]
"""Atomic numbers, ascending, and atoms of each in the reduced formula."""

_NOTHING = 1e-9
"""Share of the atoms below which a phase is not part of a mixture."""
_CACHED = 1 << 16


@dataclass(frozen=True)
class Phase:
    """A compound or element whose energy is known.

    Attributes
    ----------
    counts
        Atomic numbers, ascending, and atoms of each in the reduced formula.
    energy
        Formation energy in eV/atom, in the convention of MP-20.
    name
        Where it is from, such as ``"mp-22862"``; empty if unknown.
    """

    counts: Counts
    energy: float
    name: str = ""

    @classmethod
    def of(cls, formula: str, energy: float, name: str = "") -> Phase:
        """Make a phase of a formula such as ``"CaF2"``.

        Raises
        ------
        OptionError
            If the formula cannot be read, or the energy is not a finite number.
        """
        try:
            symbols = Formula(formula).count()
            numbers = {atomic_numbers[symbol]: n for symbol, n in symbols.items()}
        except (ValueError, KeyError) as error:
            raise OptionError(f"{formula!r} is not a formula such as 'CaF2'") from error
        if not numbers or 0 in numbers or not math.isfinite(energy):
            raise OptionError(f"a phase needs elements and an energy, got {formula!r}, {energy}")
        return cls(reduced(numbers), float(energy), name)

    @property
    def formula(self) -> str:
        """Reduced formula, metals first."""
        return _formula(self.counts)


@dataclass(frozen=True)
class HullPoint:
    """The hull at a composition.

    Attributes
    ----------
    energy
        Of the mixture, eV/atom.
    mixture
        The phases that coexist there, each with the share of all atoms that are in it, the largest
        first. The shares add up to one.
    """

    energy: float
    mixture: tuple[tuple[Phase, float], ...]

    @property
    def shares(self) -> dict[str, float]:
        """Share of the atoms by reduced formula."""
        return {phase.formula: share for phase, share in self.mixture}


@dataclass(frozen=True)
class KnownPhases:
    """The phases that a crystal competes with.

    Attributes
    ----------
    own
        Phases of one's own. One of the same composition as a bundled phase does not replace it: the
        lower one counts.
    bundled
        Whether the phases that come with the package are there too: those on the hull of the
        Materials Project.
    """

    own: tuple[Phase, ...] = ()
    bundled: bool = True

    def __getstate__(self) -> dict[str, Any]:
        # Workers have the bundled phases; tables and results found so far need not be sent.
        return {"own": self.own, "bundled": self.bundled}

    @property
    def provenance(self) -> str:
        """Which phases these are, in a line; other phases have another."""
        card = bundled_card()
        parts = [f"{NAME} {card['date']}"] if self.bundled else []
        if self.own:
            digest = sha256(repr(self.own).encode()).hexdigest()[:12]
            parts.append(f"{len(self.own)} own phases {digest}")
        return " + ".join(parts) or "elements"

    def with_own(self, phases: Iterable[Phase]) -> KnownPhases:
        """These and others."""
        return KnownPhases((*self.own, *phases), self.bundled)

    @cached_property
    def elements(self) -> frozenset[int]:
        """Atomic numbers of the elements whose energy is known, zero by definition."""
        own = {phase.counts[0][0] for phase in self.own if len(phase.counts) == 1}
        return frozenset(atomic_numbers[symbol] for symbol in reference_energies()) | own

    def at(self, numbers: Numbers) -> HullPoint:
        """The hull at the composition of some atoms.

        Parameters
        ----------
        numbers
            (N,) atomic numbers.

        Raises
        ------
        EmptyCrystalError
            If there is no atom.
        UnsupportedElementError
            If the energy of an element is not known.
        """
        counts = reduced(Counter(numbers.tolist() if isinstance(numbers, np.ndarray) else numbers))
        found = self._points.get(counts)
        if found is None:
            if len(self._points) >= _CACHED:
                self._points.clear()
            found = self._points[counts] = self._solved(counts)
        return found

    def within(self, numbers: Collection[int]) -> list[Phase]:
        """All phases of these elements alone, with atomic numbers as given; elements come last.

        Elements whose energy is not known are there too, at the zero that defines theirs.
        """
        wanted = _mask(numbers)
        bundled = [self._index.phase(int(row)) for row in self._index.rows(wanted)]
        own = [p for system in _parts(wanted, self._own_by_system) for p in system]
        return [*bundled, *own, *(self._index.element(z) for z in sorted(set(numbers)))]

    @cached_property
    def _points(self) -> dict[Counts, HullPoint]:
        return {}

    @cached_property
    def _index(self) -> _Index:
        return _bundled_index() if self.bundled else _index_of_table(_EMPTY)

    @cached_property
    def _own_by_system(self) -> dict[int, list[Phase]]:
        found: dict[int, list[Phase]] = {}
        for phase in self.own:
            found.setdefault(_mask(z for z, _ in phase.counts), []).append(phase)
        return found

    def _solved(self, counts: Counts) -> HullPoint:
        elements = [z for z, _ in counts]
        unknown = [chemical_symbols[z] for z in elements if z not in self.elements]
        if unknown:
            raise UnsupportedElementError(
                f"the distance to the hull needs the energy of elemental {', '.join(unknown)}, "
                f"which is not known; known are: {_symbols(self.elements)}"
            )
        wanted = _mask(elements)
        own = [p for system in _parts(wanted, self._own_by_system) for p in system]
        total = sum(n for _, n in counts)
        shares = np.array([n / total for _, n in counts])
        ranges = list(_parts(wanted, self._index.systems))
        mixture = [
            (self._phase(member, ranges, own, elements), amount)
            for member, amount in _lowest(self._index.table, ranges, own, elements, shares)
            if amount > _NOTHING
        ]
        mixture.sort(key=lambda part: -part[1])
        return HullPoint(sum(phase.energy * share for phase, share in mixture), tuple(mixture))

    def _phase(
        self, member: int, ranges: list[tuple[int, int]], own: list[Phase], elements: list[int]
    ) -> Phase:
        """The phase of a column: bundled ones, one's own, and elements."""
        for start, end in ranges:
            if member < end - start:
                return self._index.phase(start + member)
            member -= end - start
        return (
            own[member] if member < len(own) else self._index.element(elements[member - len(own)])
        )


@dataclass(frozen=True)
class _Index:
    """A table and where its systems are.

    Attributes
    ----------
    table
        Compounds and elements.
    systems
        First row and the one after the last, by the bit mask of the elements; of compounds only.
    element_rows
        Row of an element, by its atomic number.
    """

    table: PhaseTable
    systems: Mapping[int, tuple[int, int]]
    element_rows: Mapping[int, int]

    def rows(self, wanted: int) -> NDArray[np.int64]:
        """Rows of the compounds of no other elements than these."""
        ranges = (range(*part) for part in _parts(wanted, self.systems))
        return np.array(list(chain.from_iterable(ranges)), dtype=np.int64)

    def phase(self, row: int) -> Phase:
        """The phase in a row."""
        numbers, counts = self.table.numbers[row].tolist(), self.table.counts[row].tolist()
        known = tuple((z, n) for z, n in zip(numbers, counts, strict=True) if z)
        number = int(self.table.ids[row])
        return Phase(known, float(self.table.energies[row]), f"mp-{number}" if number else "")

    def element(self, number: int) -> Phase:
        """The stable form of an element."""
        row = self.element_rows.get(number)
        return Phase(((number, 1),), 0.0) if row is None else self.phase(row)


_EMPTY = PhaseTable(
    np.zeros((0, 1), dtype=np.uint8),
    np.zeros((0, 1), dtype=np.int64),
    np.zeros(0),
    np.zeros(0, dtype=np.int64),
)


@lru_cache(maxsize=1)
def _bundled_index() -> _Index:
    return _index_of_table(bundled_table())


def _index_of_table(table: PhaseTable) -> _Index:
    systems: dict[int, tuple[int, int]] = {}
    elements: dict[int, int] = {}
    rows = table.numbers.tolist()
    changes = np.flatnonzero((table.numbers[1:] != table.numbers[:-1]).any(axis=1)) + 1
    starts = [0, *changes.tolist(), len(rows)] if rows else []
    for start, end in pairwise(starts):
        numbers = [z for z in rows[start] if z]
        if len(numbers) == 1:
            elements[numbers[0]] = start
        else:
            systems[_mask(numbers)] = (start, end)
    return _Index(table, systems, elements)


def reduced(counts: Mapping[int, int]) -> Counts:
    """Atomic numbers and counts in lowest terms.

    Raises
    ------
    EmptyCrystalError
        If there is no atom.
    """
    if not counts:
        raise EmptyCrystalError("the structure has no atoms")
    divisor = math.gcd(*counts.values())
    return tuple(sorted((z, n // divisor) for z, n in counts.items()))


def _lowest(
    table: PhaseTable,
    ranges: list[tuple[int, int]],
    own: list[Phase],
    elements: list[int],
    shares: NDArray[np.float64],
) -> Iterable[tuple[int, float]]:
    """Members of the lowest mixture of (K,) shares of the elements, and their amounts.

    Columns are those of the phases in some ranges of rows, of one's own, and of the elements.
    """
    own_shares = np.zeros((len(elements), len(own)))
    for k, phase in enumerate(own):
        total = sum(n for _, n in phase.counts)
        for number, n in phase.counts:
            own_shares[elements.index(number), k] = n / total
    own_energies = np.array([phase.energy for phase in own])
    if compiled is not None:
        bundled = (table.numbers, table.shares, table.energies)
        rows = np.array(ranges, dtype=np.int64).reshape(-1, 2)
        wanted = np.array(elements)
        return compiled.mixture(*bundled, rows, own_shares, own_energies, wanted, shares)
    chosen = np.array([row for part in ranges for row in range(*part)], dtype=np.int64)
    phases, energies = _columns(table, chosen, elements)
    phases = np.concatenate([phases, own_shares], axis=1)
    members, amounts = lowest_mixture(shares, phases, np.concatenate([energies, own_energies]))
    return zip(members, amounts.tolist(), strict=True)


def _columns(
    table: PhaseTable, rows: NDArray[np.int64], elements: list[int]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Shares of the elements, (K, P), and energies, (P,), of the phases in some rows."""
    count = len(elements)
    place = np.full(256, count)
    place[elements] = range(count)
    # The row that is one too many takes the zeros with which compositions are filled up.
    phases = np.zeros((count + 1, len(rows)))
    phases[place[table.numbers[rows]], np.arange(len(rows))[:, None]] = table.shares[rows]
    return phases[:count], table.energies[rows]


def _mask(elements: Iterable[int]) -> int:
    """A bit for each element."""
    mask = 0
    for number in elements:
        mask |= 1 << number
    return mask


def _parts(wanted: int, systems: Mapping[int, Any]) -> Iterator[Any]:
    """What belongs to the systems that have no other elements than these."""
    if 1 << wanted.bit_count() > len(systems):
        yield from (value for mask, value in systems.items() if not mask & ~wanted)
        return
    part = wanted
    while part:
        if part in systems:
            yield systems[part]
        part = (part - 1) & wanted


@lru_cache(maxsize=_CACHED)
def _formula(counts: Counts) -> str:
    return str(Formula.from_dict({chemical_symbols[z]: n for z, n in counts}).format("metal"))


def _symbols(elements: Iterable[int]) -> str:
    return " ".join(chemical_symbols[z] for z in sorted(elements))
