from __future__ import annotations

import json
import shutil
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
import torch

from ase_ecn.checkpoint import bundled_checkpoints, load_checkpoint, read_card, save_checkpoint
from ase_ecn.errors import CheckpointError
from ase_ecn.nn.ecn import ECN
from ase_ecn.nn.empnn import EMPNN
from ase_ecn.selftest import make_references, selftest


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A copy of the bundled ECN that a test may damage."""
    with resources.as_file(resources.files("ase_ecn.checkpoints")) as folder:
        for suffix in ("safetensors", "json"):
            shutil.copy(folder / f"ecn-mp20.{suffix}", tmp_path / f"copy.{suffix}")
    return tmp_path / "copy.safetensors"


def edit_card(path: Path, **changes: object) -> None:
    card = path.with_suffix(".json")
    content = json.loads(card.read_text()) | changes
    card.write_text(json.dumps({k: v for k, v in content.items() if v is not None}))


def test_bundled_checkpoints_say_what_they_are() -> None:
    assert bundled_checkpoints() == ["ecn-mp20", "ecn-perov5", "empnn-mp20", "empnn-perov5"]
    for name in bundled_checkpoints():
        card = read_card(name).content
        for key in (
            "format_version",
            "architecture",
            "elements",
            "data",
            "split",
            "seed",
            "hardware",
            "wall_time_s",
            "validation",
            "test",
            "training_command",
            "sha256",
            "license",
        ):
            assert card[key] not in (None, "", [], {}), (name, key)
        assert len(card["elements"]) > (50 if name.endswith("perov5") else 80)


def test_a_path_works_like_a_name(copied: Path) -> None:
    ours, bundled = load_checkpoint(copied).model, load_checkpoint("ecn-mp20").model
    for a, b in zip(ours.parameters(), bundled.parameters(), strict=True):
        assert torch.equal(a, b)
        assert not a.requires_grad


def test_networks_survive_saving(small_ecn: ECN, small_empnn: EMPNN, tmp_path: Path) -> None:
    for model in (small_ecn.float(), small_empnn.float()):
        card = save_checkpoint(tmp_path / "m.safetensors", model, {"name": "m", "elements": [1]})
        loaded = load_checkpoint(tmp_path / "m.safetensors", card.network).model
        assert loaded.config == model.config
        for a, b in zip(model.state_dict().values(), loaded.state_dict().values(), strict=True):
            assert torch.equal(a, b)


def test_a_flipped_bit_is_noticed(copied: Path) -> None:
    content = bytearray(copied.read_bytes())
    content[len(content) // 2] ^= 1
    copied.write_bytes(bytes(content))
    with pytest.raises(CheckpointError, match="sha256"):
        load_checkpoint(copied)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format_version": 99}, "format version 99"),
        ({"network": "transformer"}, "transformer"),
        ({"sha256": None}, "lacks sha256"),
        ({"elements": "H"}, "list"),
        ({"architecture": {"crystal_targets": ["a"], "depth": 3}}, "don't fit"),
        ({"architecture": {"crystal_targets": ["formation_energy"]}}, "don't fit"),
    ],
)
def test_bad_cards_are_refused(copied: Path, changes: dict[str, object], message: str) -> None:
    edit_card(copied, **changes)
    with pytest.raises(CheckpointError, match=message):
        load_checkpoint(copied)


def test_missing_and_broken_files_are_refused(copied: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="ecn-mp20"):
        load_checkpoint("ecn-mp2")
    with pytest.raises(CheckpointError, match="cannot read"):
        load_checkpoint(tmp_path / "none.safetensors")
    with pytest.raises(CheckpointError, match="not of empnn"):
        load_checkpoint("ecn-mp20", network="empnn")
    copied.with_suffix(".json").write_text("{")
    with pytest.raises(CheckpointError, match="not JSON"):
        load_checkpoint(copied)
    copied.with_suffix(".json").write_text("[]")
    with pytest.raises(CheckpointError, match="not a JSON object"):
        load_checkpoint(copied)


def test_selftest_passes_here_and_notices_other_numbers(copied: Path) -> None:
    for name in bundled_checkpoints():
        assert selftest(name).passed
    references = make_references(copied)
    references[1]["results"]["band_gap"] += 0.01
    edit_card(copied, references=references)
    result = selftest(copied)
    assert not result.passed
    assert result.largest_difference == pytest.approx(0.01, rel=1e-2)
    assert result.where == "band_gap of NaCl"
    edit_card(copied, references=[])
    assert not selftest(copied).passed
    references[1]["results"]["band_gap"] = float("nan")
    edit_card(copied, references=references)
    assert not selftest(copied).passed


def test_nothing_in_the_package_unpickles() -> None:
    import ase_ecn

    root = Path(ase_ecn.__file__).parent
    for file in root.rglob("*.py"):
        text = file.read_text()
        assert "pickle" not in text.replace("unpickle", ""), file
        assert "torch.load" not in text or file.parent.name == "training", file


def test_numbers_are_finite() -> None:
    for name in bundled_checkpoints():
        for tensor in load_checkpoint(name).model.state_dict().values():
            assert np.isfinite(tensor.double().numpy()).all()
