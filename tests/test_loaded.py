from __future__ import annotations

import pytest
import torch

from ase_ecn.errors import CheckpointError, OptionError
from ase_ecn.loaded import LoadedNetwork
from ase_ecn.nn.empnn import EMPNN
from ase_ecn.nn.network import PropertyNetwork
from ase_ecn.prediction import PropertyPredictor
from ase_ecn.relaxation.predictor import StrainPredictor


def test_all_that_load_a_checkpoint_share_its_network() -> None:
    loaded = LoadedNetwork("empnn-mp20", EMPNN, "cpu", "float64")
    assert loaded.model is StrainPredictor(device="cpu", dtype="float64").model
    assert loaded.card.name == "empnn-mp20"
    assert 8 in loaded.card.elements
    assert loaded.domain.ranges
    assert (loaded.device, loaded.dtype) == (torch.device("cpu"), torch.float64)
    assert next(loaded.model.parameters()).dtype == torch.float64


def test_a_predictor_refuses_a_network_of_another_kind() -> None:
    with pytest.raises(CheckpointError, match="empnn-mp20 is a checkpoint of empnn"):
        PropertyPredictor("empnn-mp20", device="cpu")
    with pytest.raises(CheckpointError, match="ecn-mp20 is a checkpoint of ecn"):
        StrainPredictor("ecn-mp20", device="cpu")


def test_unknown_devices_and_precisions_are_refused() -> None:
    with pytest.raises(OptionError, match="dtype"):
        LoadedNetwork("ecn-mp20", PropertyNetwork, "cpu", "float16")
    with pytest.raises(OptionError, match="device"):
        LoadedNetwork("ecn-mp20", PropertyNetwork, "abacus", "float32")
