from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk

from ase_ecn.crystal import as_crystal
from ase_ecn.nn.ecn import ECNConfig
from ase_ecn.training.data import ecn_data
from ase_ecn.training.data.datasets import Dataset
from ase_ecn.training.data.ecn_data import ECNData, load_ecn_data


def test_fermi_levels_are_a_data_set_and_join_others(
    toy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    salts = [as_crystal(bulk("NaCl", "rocksalt", a=a)) for a in (5.2, 5.6, 6.0)]
    levels = Dataset("fermi", list("abc"), salts, {"fermi_level": np.arange(3.0)})
    monkeypatch.setitem(ecn_data.READERS, "fermi", lambda data, split: levels)
    model = ECNConfig(("fermi_level",))
    alone = load_ecn_data(toy, ECNData("fermi"), model, "train")
    assert alone.targets["fermi_level"].tolist() == [0, 1, 2]
    joined = load_ecn_data(toy, ECNData("perov_5"), model, "train")
    known = ~np.isnan(joined.targets["fermi_level"])
    assert known.sum() == 3
    assert len(joined.graphs) > 3
