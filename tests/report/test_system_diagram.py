from __future__ import annotations

from itertools import combinations

import pytest
from ase.data import atomic_numbers

from ase_ecn.hull import KnownPhases, Phase
from ase_ecn.report.page import _environment, own
from ase_ecn.report.system_diagram import MOST_DIAGRAMS, Candidate, diagrams, drawn

DASH = "\N{EN DASH}"
OWN = KnownPhases((Phase.of("NaCl", -2.0), Phase.of("Na3Cl", -0.2)), bundled=False)


def candidate(row: int, symbols: str, energy: float, above: float) -> Candidate:
    return Candidate.of(row, [atomic_numbers[s] for s in symbols.split()], energy, above)


def test_a_binary_system_is_energies_against_composition() -> None:
    members = [candidate(7, "Na Cl", -2.1, -0.1), candidate(3, "Na Na Cl Cl Cl Cl", -1, 0.04)]
    (diagram,) = diagrams(members, OWN)
    assert diagram.title == f"Na{DASH}Cl"
    assert "2 crystals of this screen beside 1 known compound on" in diagram.caption
    # Na3Cl lies above the line from Na to NaCl, so two lines are left: Na–NaCl and NaCl–Cl.
    assert sum(line[0] == "tie" for line in diagram.lines) == 2
    dots = {dot.crystal: dot for dot in diagram.dots if dot.crystal is not None}
    assert {k: dot.tone for k, dot in dots.items()} == {7: "good", 3: "near"}
    known = {dot.title: dot for dot in diagram.dots if dot.crystal is None}
    assert set(known) == {"Na, known", "NaCl, known", "Cl₂, known"}
    assert dots[7].x == pytest.approx(known["NaCl, known"].x)
    assert dots[7].y > known["NaCl, known"].y  # further down: it is more stable
    third = known["Na, known"].x + (known["Cl₂, known"].x - known["Na, known"].x) * 2 / 3
    assert dots[3].x == pytest.approx(third)


def test_a_ternary_system_is_a_triangle_with_the_lowest_of_each_composition() -> None:
    phases = KnownPhases((Phase.of("NaCl", -2.0), Phase.of("KCl", -2.2)), bundled=False)
    members = [candidate(0, "Na K Cl Cl", -2.0, 0.1), candidate(1, "Na K Cl Cl", -2.15, -0.05)]
    (diagram,) = diagrams(members, phases)
    assert [dot.crystal for dot in diagram.dots if dot.crystal is not None] == [1]
    # Sides are Na–NaCl, NaCl–Cl, K–KCl, KCl–Cl, Na–K; inside KCl–Na or NaCl–K, and NaCl–KCl.
    assert sum(line[0] == "tie" for line in diagram.lines) == 7
    middle = next(dot for dot in diagram.dots if dot.crystal == 1)
    corners = {dot.title: dot for dot in diagram.dots if dot.crystal is None}
    ends = [corners["NaCl, known"], corners["KCl, known"]]
    assert middle.x == pytest.approx((ends[0].x + ends[1].x) / 2)
    assert middle.y == pytest.approx((ends[0].y + ends[1].y) / 2)
    assert {"Na", "K", "Cl", "KNaCl₂", "NaCl", "KCl"} <= {text.text for text in diagram.texts}


def test_the_best_systems_are_drawn_and_far_crystals_are_not() -> None:
    metals = ["Li", "Na", "K", "Rb", "Cs", "Ag", "Cu", "Tl"]
    members = [candidate(k, f"{m} Cl", -1, 0.01 * k) for k, m in enumerate(metals)]
    far = [candidate(90, "Mg Cl", 1, 0.5), candidate(91, "Na", 0, -1)]
    found = diagrams([*far, *members[::-1]], OWN)
    assert [d.title.split(DASH) for d in found] == [
        *(["Li", "Cl"], ["Na", "Cl"], ["Cl", "K"], ["Cl", "Rb"], ["Cl", "Cs"], ["Cl", "Ag"])
    ]
    assert len(found) == MOST_DIAGRAMS


def test_labels_do_not_cover_each_other() -> None:
    members = [candidate(k, "Na " * k + "Cl", -1 - k / 100, 0.0) for k in range(1, 9)]
    (diagram,) = diagrams(members, KnownPhases())
    boxes = []
    for text in diagram.texts:
        if any(letter in text.text for letter in "₀₁₂₃₄₅₆₇₈₉"):
            wide = 7.2 * len(text.text)
            left = text.x - {"start": 0, "middle": wide / 2, "end": wide}[text.anchor]
            boxes.append((left, text.y - 10, left + wide, text.y + 3))
    assert len(boxes) > 3
    for a, b in combinations(boxes, 2):
        assert not (a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3])


def test_the_shipped_phases_are_drawn_as_svg() -> None:
    (diagram,) = diagrams([candidate(5, "Na Na O", -1.4, 0.01)], KnownPhases())
    text = drawn(diagram, _environment().from_string(own("diagram.svg")))
    assert text.count("<svg") == 1
    assert 'data-crystal="5"' in text
    assert "Na₂O₂" in text
    assert text.count("<circle") == len(diagram.dots) > 4
