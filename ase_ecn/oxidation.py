"""The likeliest oxidation states of a composition, as pymatgen guesses them, without its search."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TypeAlias

from pymatgen.core.composition import Composition as PymatgenComposition
from pymatgen.core.periodic_table import Element, Species

Composition: TypeAlias = tuple[tuple[str, int], ...]
"""Elements and their numbers of atoms."""


def likeliest_states(composition: Composition, max_sites: int) -> dict[str, float]:
    """The first of pymatgen's ``Composition.oxi_state_guesses(max_sites=-max_sites)``.

    An assignment gives each atom one of the oxidation states of its element in the ICSD. Its score
    is the sum of the occurrences of these states in the ICSD, and the neutral assignment with the
    highest score wins. pymatgen goes through all assignments, which takes up to seconds; a dynamic
    programme over the charge of the atoms so far finds the same one. Of several with the highest
    score it takes the one that pymatgen comes to first, which depends on the order of the elements.

    Parameters
    ----------
    composition
        Two or more elements, each once.
    max_sites
        A reduced formula with more atoms is not guessed.

    Returns
    -------
    dict
        Mean oxidation state of each element; empty if there is no neutral assignment or the formula
        has too many atoms.
    """
    composition = _reduced(composition)
    if sum(count for _, count in composition) > max_sites:
        return {}
    scores = [_charges(symbol, count) for symbol, count in composition]
    # best_rest[i]: highest score of the elements from i on, for each of their total charges. The
    # first element's is needed for one charge only, so it is left out.
    best_rest: list[dict[int, int]] = [{0: 0}]
    for charges in reversed(scores[1:]):
        rest: dict[int, int] = {}
        for after, score_after in best_rest[0].items():
            for charge, score in charges.items():
                total = score + score_after
                if total > rest.get(charge + after, -1):
                    rest[charge + after] = total
        best_rest.insert(0, rest)
    states: dict[str, float] = {}
    needed = 0
    for (symbol, count), charges, rest in zip(composition, scores, best_rest, strict=True):
        totals = {
            charge: score + rest[needed - charge]
            for charge, score in charges.items()
            if needed - charge in rest
        }
        if not totals:
            return {}
        chosen = max(totals, key=totals.__getitem__)  # the first of the best
        states[symbol] = chosen / count
        needed -= chosen
    return states


def _reduced(composition: Composition) -> Composition:
    """Divided by the common divisor, except where pymatgen keeps two formula units (Na2O2)."""
    divisor = math.gcd(*(count for _, count in composition))
    if frozenset((symbol, count // divisor) for symbol, count in composition) in _doubled():
        return tuple((symbol, 2 * count // divisor) for symbol, count in composition)
    return tuple((symbol, count // divisor) for symbol, count in composition)


@lru_cache(maxsize=1)
def _doubled() -> frozenset[frozenset[tuple[str, int]]]:
    formulas = map(PymatgenComposition, PymatgenComposition.special_formulas)
    return frozenset(
        frozenset((element.symbol, int(count)) for element, count in formula.items())
        for formula in formulas
    )


@lru_cache(maxsize=4096)
def _charges(symbol: str, count: int) -> dict[int, int]:
    """Highest score for each total charge of so many atoms of an element.

    The charges are in the order in which pymatgen's loop over all combinations with replacement
    meets them: by the first combination of each, in lexicographic order. The first combination
    for a charge is one for one atom fewer, and the last of its states; so both it and the score
    follow from those for one atom fewer.
    """
    states, occurrences = _states(symbol)
    best: dict[int, int] = {0: 0}
    first: dict[int, tuple[int, ...]] = {0: ()}
    for _ in range(count):
        best_more: dict[int, int] = {}
        first_more: dict[int, tuple[int, ...]] = {}
        for index, (state, occurrence) in enumerate(zip(states, occurrences, strict=True)):
            for charge, score in best.items():
                total = charge + state
                best_more[total] = max(score + occurrence, best_more.get(total, 0))
                combination = (*first[charge], index)
                # A combination is in the order of the states: the added one is its last.
                if index >= max(combination):
                    kept = first_more.get(total)
                    first_more[total] = combination if kept is None else min(kept, combination)
        best, first = best_more, first_more
    return {charge: best[charge] for charge in sorted(best, key=first.__getitem__)}


@lru_cache(maxsize=256)
def _states(symbol: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Oxidation states of an element, and how often each occurs in the ICSD."""
    table = PymatgenComposition.oxi_prob
    if table is None:
        PymatgenComposition("NaCl").oxi_state_guesses()  # loads the table
        table = PymatgenComposition.oxi_prob
    assert table is not None
    element = Element(symbol)
    states = tuple(element.icsd_oxidation_states or element.common_oxidation_states)
    return states, tuple(table.get(Species(symbol, state), 0) for state in states)
