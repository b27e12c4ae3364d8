from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from ase_ecn.report.funnel import funnel


def rows(*pairs: dict[str, Any]) -> list[SimpleNamespace]:
    return [SimpleNamespace(key_value_pairs=p) for p in pairs]


def test_every_step_of_a_screen_is_counted() -> None:
    counts = {"stored": 3, "rejected": 2, "outranked": 4, "failed": 1}
    found = rows(
        {"energy_above_hull": -0.1, "relaxation_reason": "converged", "relaxed": True},
        {"energy_above_hull": 0.05, "relaxation_reason": "steps", "out_of_domain": True},
        {"energy_above_hull": 0.06, "relaxation_reason": "x", "relaxed": 1, "out_of_domain": 0},
    )
    settings = {"where": "band_gap > 1", "top": [3, "band_gap", True]}
    stages = {stage.name: stage for stage in funnel(counts, found, settings)}
    assert {name: stage.count for name, stage in stages.items()} == {
        "read": 10,
        "computed": 9,
        "fulfil the condition": 7,
        "among the best": 3,
        "in the result": 3,
        "relaxation converged": 2,
        "within 50 meV/atom of the hull": 2,
        "on or below the hull": 1,
        "unlike the training data": 1,
    }
    assert stages["fulfil the condition"].percent == 70
    assert stages["fulfil the condition"].note == "band_gap > 1"
    assert stages["among the best"].note == "the 3 with the highest band_gap"


def test_steps_that_a_screen_did_not_have_are_left_out() -> None:
    names = [stage.name for stage in funnel({"stored": 1}, rows({"natoms": 2}), {})]
    assert names == ["read", "computed", "in the result"]
    assert [stage.percent for stage in funnel({}, [], {})] == [0, 0, 0]
