from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from ase_ecn import checkpoints
from ase_ecn.domain import Domain
from ase_ecn.training.release.measure_domain import RARE, measure_domain, write_domain


def test_a_domain_is_measured_with_few_outliers() -> None:
    values = np.linspace(0, 1, 1001)
    numbers = np.array([8] * 1001 + [2] * (RARE - 1))
    owner = np.concatenate([np.arange(1001), np.arange(RARE - 1)])
    entry = measure_domain({"packing": values}, numbers, owner)
    assert entry["ranges"]["packing"] == pytest.approx([0.002, 0.998])
    assert entry["rare_elements"] == [2]
    domain = Domain.from_card({"domain": entry})
    assert measure_domain({"vacuum": values}, numbers, owner)["ranges"]["vacuum"][0] == 0
    assert domain.outside(np.array([8]), {"packing": 0.5}) == ()
    assert len(domain.outside(np.array([2, 8]), {"packing": 0.9999})) == 2
    assert Domain.from_card({}).outside(np.array([2]), {}) == ()
    unknown = Domain.from_card({"domain": {"ranges": {"colour": [0, 1], "vacuum": [0, 1]}}})
    assert list(unknown.ranges) == ["vacuum"]
    assert unknown.outside(np.array([8]), {"packing": 9.0}) == ()


@pytest.mark.data
def test_cards_state_the_domain_that_is_measured(data: Path, tmp_path: Path) -> None:
    bundled = Path(checkpoints.__file__).parent
    for suffix in (".safetensors", ".json"):
        (tmp_path / f"c{suffix}").write_bytes((bundled / f"ecn-perov5{suffix}").read_bytes())
    stated = json.loads((tmp_path / "c.json").read_text())["domain"]
    assert write_domain(tmp_path / "c.safetensors", data) == stated
