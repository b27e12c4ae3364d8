from __future__ import annotations

import contextlib
import json
import shutil
import sys
import tempfile
from functools import cache
from hashlib import sha256
from importlib import resources
from multiprocessing.context import ForkServerContext
from pathlib import Path

import numpy as np
import pytest
import torch
from children import run_in_child
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save

from ase_ecn.card import MAX_CARD_BYTES
from ase_ecn.checkpoint import bundled_checkpoints, load_checkpoint, read_card, save_checkpoint
from ase_ecn.errors import CheckpointError
from ase_ecn.nn.ecn import ECN
from ase_ecn.nn.empnn import EMPNN
from ase_ecn.selftest import make_references, selftest

FIXTURES = Path(__file__).parent / "fixtures"


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
    assert bundled_checkpoints() == [
        "ecn-fermi",
        "ecn-mp",
        "ecn-mp20",
        "ecn-mp20-so3",
        "ecn-perov5",
        "ecn-pes",
        "ecn-tensors",
        "ecn-universal",
        "empnn-carbon24",
        "empnn-mp20",
        "empnn-mp20-atoms",
        "empnn-perov5",
    ]
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
            "test",
            "training_command",
            "sha256",
            "license",
        ):
            assert card[key] not in (None, "", [], {}), (name, key)
        # No error is stated for a validation split that the network was fitted to.
        both = "training and validation parts together" in card["split"]["name"]
        assert both == (not card["validation"]) == (name == "ecn-perov5"), name
        least = {
            "ecn-fermi": 60,
            "ecn-perov5": 50,
            "ecn-pes": 2,
            "empnn-carbon24": 1,
            "empnn-perov5": 50,
        }
        assert len(card["elements"]) >= least.get(name, 80)


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
        ({"elements": [1, 119]}, "atomic numbers"),
        ({"elements": [True]}, "atomic numbers"),
        ({"property_elements": {"fermi_level": 3}}, "atomic numbers"),
        ({"format_version": True}, "format version True"),
        ({"format_version": [1]}, "format version"),
        ({"architecture": {"crystal_targets": ["a"], "width": 10**9}}, "width"),
        ({"architecture": {"crystal_targets": ["a"], "width": 8192, "layers": 128}}, "don't fit"),
        ({"architecture": {"crystal_targets": ["a"], "layers": "5"}}, "layers"),
        ({"architecture": {"members": 7}}, "don't fit"),
        ({"architecture": {"members": [{}] * 1000}}, "members"),
        ({"architecture": {"crystal_targets": ["a"], "depth": 3}}, "don't fit"),
        ({"architecture": {"crystal_targets": ["formation_energy"]}}, "don't fit"),
    ],
)
def test_bad_cards_are_refused(copied: Path, changes: dict[str, object], message: str) -> None:
    edit_card(copied, **changes)
    with pytest.raises(CheckpointError, match=message):
        load_checkpoint(copied)


def test_later_releases_read_what_this_one_wrote() -> None:
    """A frozen checkpoint of version 1 gives the numbers that it gave when it was made."""
    for dtype, bound in (("float64", 1e-9), ("float32", 1e-4)):
        result = selftest(FIXTURES / "card-version-1.safetensors", dtype)
        assert result.largest_difference < bound, result


def test_an_older_card_is_upgraded(tmp_path: Path) -> None:
    weights = tmp_path / "old.safetensors"
    shutil.copy(FIXTURES / "card-version-1.safetensors", weights)
    shutil.copy(FIXTURES / "card-version-0.json", tmp_path / "old.json")
    new = read_card(FIXTURES / "card-version-1.safetensors").content
    assert read_card(weights).content == new
    assert selftest(weights).passed
    edit_card(weights, elements=["Xx"])
    with pytest.raises(CheckpointError, match="version 0"):
        read_card(weights)


def edit_weights(path: Path, **changes: torch.Tensor) -> None:
    """Exchange tensors, and give the card the right hash, as someone hostile would."""
    path.write_bytes(save({**load_file(path), **changes}))
    edit_card(path, sha256=sha256(path.read_bytes()).hexdigest())


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (torch.full((6,), torch.nan), "NaN or infinite"),
        (torch.ones(7), "not \\(6,\\)"),
        (torch.ones(6, dtype=torch.int32), "int32, not"),
    ],
)
def test_weights_that_make_no_sense_are_refused(
    tmp_path: Path, weights: torch.Tensor, message: str
) -> None:
    path = copy_fixture(tmp_path)
    edit_weights(path, **{"norm.weight": weights})
    with pytest.raises(CheckpointError, match=message):
        load_checkpoint(path)


def copy_fixture(folder: Path) -> Path:
    for suffix in (".safetensors", ".json"):
        shutil.copy((FIXTURES / "card-version-1").with_suffix(suffix), folder / f"c{suffix}")
    return folder / "c.safetensors"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)
CARD = json.loads((FIXTURES / "card-version-1.json").read_text())


@given(st.sampled_from(sorted(CARD)), JSON)
@settings(max_examples=60, deadline=None)
def test_any_entry_of_a_card_may_be_wrong(entry: str, value: object) -> None:
    """Whatever stands in a card, it is refused or the network is the same."""
    with tempfile.TemporaryDirectory() as folder:
        path = copy_fixture(Path(folder))
        path.with_suffix(".json").write_text(json.dumps(CARD | {entry: value}))
        loads_the_same_or_refuses(path)


@given(st.sampled_from(sorted(CARD["architecture"])), JSON)
@settings(max_examples=60, deadline=None)
def test_any_option_of_the_architecture_may_be_wrong(option: str, value: object) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = copy_fixture(Path(folder))
        architecture = CARD["architecture"] | {option: value}
        path.with_suffix(".json").write_text(json.dumps(CARD | {"architecture": architecture}))
        with contextlib.suppress(CheckpointError):
            load_checkpoint(path)


@given(st.booleans(), st.binary(max_size=4), st.integers(0), st.booleans())
@settings(max_examples=60, deadline=None)
def test_files_may_be_damaged_anywhere(
    card: bool, junk: bytes, place: int, truncated: bool
) -> None:
    """Cut off, overwritten, or with the hash made to fit the damage."""
    with tempfile.TemporaryDirectory() as folder:
        path = copy_fixture(Path(folder))
        file = path.with_suffix(".json") if card else path
        content = file.read_bytes()
        place %= len(content)
        rest = b"" if truncated else content[place + len(junk) :]
        file.write_bytes(content[:place] + junk + rest)
        loads_the_same_or_refuses(path)
        if not card:
            edit_card(path, sha256=sha256(path.read_bytes()).hexdigest())
            with contextlib.suppress(CheckpointError):
                load_checkpoint(path)


@cache
def expected_weights() -> dict[str, torch.Tensor]:
    return load_checkpoint(FIXTURES / "card-version-1.safetensors").model.state_dict()


def loads_the_same_or_refuses(path: Path) -> None:
    try:
        found = load_checkpoint(path).model.state_dict()
    except CheckpointError:
        return
    for name, tensor in expected_weights().items():
        assert torch.equal(tensor, found[name])


def test_hostile_cards_are_refused(tmp_path: Path) -> None:
    path = copy_fixture(tmp_path)
    card = path.with_suffix(".json")
    deep = ["[" * 100_000, '{"a":' * 100_000, '{"a": "]"' + ', "b": [' * 200]
    limit = sys.getrecursionlimit()
    for text in deep:
        card.write_text(text)
        with pytest.raises(CheckpointError, match="not JSON"):
            load_checkpoint(path)
        sys.setrecursionlimit(100_000)  # as some libraries do
        try:
            with pytest.raises(CheckpointError, match="not JSON"):
                load_checkpoint(path)
        finally:
            sys.setrecursionlimit(limit)
    card.write_bytes(b"\xff\xfe{}")
    with pytest.raises(CheckpointError, match="cannot read"):
        load_checkpoint(path)
    card.write_bytes(b" " * (MAX_CARD_BYTES + 1))
    with pytest.raises(CheckpointError, match="larger than"):
        load_checkpoint(path)


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
    assert selftest(copied).passed  # the bundled ones are tested with the command
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


def load_all() -> None:
    # Some operations on the device "meta" import torch's compiler or sympy: a second for nothing.
    # The server of children has both, which are forgotten here.
    slow = {"sympy", "torch._dynamo"}
    for name in slow & set(sys.modules):
        del sys.modules[name]
    vars(torch).pop("_dynamo", None)
    state = torch.get_rng_state()
    for name in bundled_checkpoints():
        load_checkpoint(name)
    assert torch.equal(torch.get_rng_state(), state)
    assert not slow & set(sys.modules)


def test_loading_is_quick_and_leaves_random_numbers_alone(forkserver: ForkServerContext) -> None:
    run_in_child(forkserver, load_all)
