"""Gaps and metals that agree, and means of probabilities."""

from __future__ import annotations

import torch

from ase_ecn.nn.so3.agreement import in_agreement, mean_of_probabilities


def test_what_is_likely_a_metal_has_no_large_gap():
    gaps = torch.linspace(0, 6, 400, dtype=torch.float64).repeat(400, 1)
    logits = torch.linspace(-8, 8, 400, dtype=torch.float64)[:, None].expand(400, 400)
    found = in_agreement({"band_gap": gaps, "metal": logits, "band_gap_hse": gaps})
    assert found["metal"] is logits
    assert found["band_gap_hse"] is gaps
    gap = found["band_gap"]
    assert not ((gap > 0.5) & (logits > 0)).any()
    assert ((gaps > 0.5) & (logits > 0)).any()
    assert (gap[logits > 1] == 0).all()
    assert (gap <= gaps).all()
    torch.testing.assert_close(gap[logits < -1.2], gaps[logits < -1.2])
    # Continuous: steps of 0.04 in the logit and 0.015 eV in the gap.
    assert gap.diff(dim=0).abs().max() < 0.25
    assert gap.diff(dim=1).abs().max() < 0.016


def test_one_of_both_stays_as_it_is():
    logits, gaps = torch.tensor([3.0]), torch.tensor([2.0])
    assert in_agreement({"metal": logits})["metal"] is logits
    assert in_agreement({"band_gap": gaps})["band_gap"] is gaps


def test_the_mean_of_probabilities():
    logits = torch.tensor([[-3.0, 0.0, 2.0], [1.0, 0.5, -4.0]], dtype=torch.float64)
    found = mean_of_probabilities(logits, (0.25, 0.75))
    expected = 0.25 * torch.sigmoid(logits[0]) + 0.75 * torch.sigmoid(logits[1])
    torch.testing.assert_close(torch.sigmoid(found), expected)


def test_members_that_are_certain_or_do_not_count():
    logits = torch.tensor([[90.0, -80.0, 5.0], [90.0, -80.0, -700.0]])
    found = mean_of_probabilities(logits, (0.5, 0.5))
    torch.testing.assert_close(found[:2], torch.tensor([90.0, -80.0]))
    torch.testing.assert_close(mean_of_probabilities(logits, (1.0, 0.0)), logits[0])
