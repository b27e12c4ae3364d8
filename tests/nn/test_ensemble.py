from __future__ import annotations

import pytest

from ase_ecn.errors import OptionError
from ase_ecn.nn.ecn import ECN, ECNConfig
from ase_ecn.nn.ensemble import ECNEnsemble


@pytest.mark.parametrize(
    "weights",
    [{"band_gap": (0.5, 0.5)}, {"metal": (1.0,)}, {"metal": (1.5, -0.5)}, {"metal": (0.5, 0.4)},
     {"metal": (float("nan"), 0.5)}],
)  # fmt: skip
def test_weights_that_make_no_mean_are_refused(weights: dict[str, tuple[float, ...]]) -> None:
    member = ECN(ECNConfig(("formation_energy", "metal"), width=8, layers=1))
    with pytest.raises(OptionError, match="weights of"):
        ECNEnsemble([member, member], weights)
