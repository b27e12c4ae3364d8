from __future__ import annotations

from pathlib import Path

from toys import ECN_CONFIG, run_fit

from ase_ecn.checkpoint import read_card
from ase_ecn.training.__main__ import main


def test_a_fit_that_starts_from_an_ensemble_names_its_first_member(toy: Path) -> None:
    members = [run_fit(toy, "ecn", ECN_CONFIG, name) for name in ("first", "second")]
    both = toy / "both.safetensors"
    assert main(["ensemble", str(both), *map(str, members)]) == 0
    third = run_fit(toy, "ecn", f"init: {both}\n{ECN_CONFIG}", "third")
    start = read_card(third).content["init"]
    first = read_card(members[0])
    assert start["sha256"] == first.sha256
    assert start["epochs"] == first.content["epochs"]
