"""Products in bfloat16: of hidden layers alone, in training alone, and nearly the same."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from toys import ECN_CONFIG, EMPNN_CONFIG, run_fit

from ase_ecn.checkpoint import read_card
from ase_ecn.training.fits.precision import BFLOAT16, FLOAT32, products_in


def _network() -> tuple[nn.Sequential, Tensor]:
    torch.manual_seed(0)
    layers = nn.Linear(32, 64), nn.SiLU(), nn.Linear(64, 32, bias=False), nn.Linear(32, 1)
    return nn.Sequential(*layers), torch.randn(50, 32)


def _as_bfloat16(x: Tensor) -> Tensor:
    return x.bfloat16().float()


def test_hidden_products_are_those_of_rounded_numbers() -> None:
    network, x = _network()
    first, middle, last = (layer for layer in network if isinstance(layer, nn.Linear))
    with torch.no_grad(), products_in(BFLOAT16, network):
        hidden, found = first(x), network(x)
    rounded = _as_bfloat16(x) @ _as_bfloat16(first.weight).T + first.bias
    # Rounded to 8 bits, and the bias before the sum too.
    torch.testing.assert_close(hidden, rounded, rtol=2**-7, atol=2**-8)
    assert torch.equal(hidden, _as_bfloat16(hidden))
    assert hidden.dtype == found.dtype == torch.float32
    with torch.no_grad(), products_in(BFLOAT16, network):
        before_last = middle(nn.functional.silu(hidden))
    assert torch.equal(found, last(before_last))  # what is predicted is not rounded
    assert not torch.equal(found, _as_bfloat16(found))


@pytest.mark.parametrize("precision", [FLOAT32, BFLOAT16])
def test_afterwards_the_network_is_as_it_was(precision: str) -> None:
    network, x = _network()
    before = network(x)
    with pytest.raises(RuntimeError), products_in(precision, network):
        network(x[:, :3])
    assert torch.equal(network(x), before)
    assert all(p.dtype == torch.float32 for p in network.parameters())


def test_gradients_are_nearly_those_in_single_precision() -> None:
    gradients = []
    for precision in (FLOAT32, BFLOAT16):
        network, x = _network()
        with products_in(precision, network):
            network(x).square().sum().backward()
        gradients.append([p.grad for p in network.parameters()])
    for one, other in zip(*gradients, strict=True):
        assert one is not None
        assert other is not None
        assert one.dtype == other.dtype == torch.float32
        assert 0 < float((one - other).norm() / one.norm()) < 0.02


@pytest.mark.parametrize(
    ("network", "config"),
    [("ecn", ECN_CONFIG), pytest.param("empnn", EMPNN_CONFIG, marks=pytest.mark.slow)],
)
def test_a_fit_ends_near_that_in_single_precision(toy: Path, network: str, config: str) -> None:
    found = []
    for precision in (FLOAT32, BFLOAT16):
        text = config.replace("epochs: 3", f"epochs: 6, precision: {precision}")
        card = read_card(run_fit(toy, network, text, precision))
        assert card.content["configuration"]["fit"]["precision"] == precision
        found.append(card.content["validation"])
    plain, rounded = found
    assert plain.keys() == rounded.keys()
    assert plain != rounded
    monitor = "score" if "score" in plain else next(iter(plain))
    assert rounded[monitor] == pytest.approx(plain[monitor], rel=0.1)
