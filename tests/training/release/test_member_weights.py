"""Weights of the members of an ensemble."""

import numpy as np

from ase_ecn.training.release.member_weights import MemberOutputs, weights_of_smallest_error


def test_the_best_mixture_is_found(rng: np.random.Generator) -> None:
    values = rng.normal(size=(3, 50))
    labels = np.array([0.2, 0.3, 0.5]) @ values
    found = weights_of_smallest_error("formation_energy", [MemberOutputs(values, labels)])
    assert found == (0.2, 0.3, 0.5)


def test_parts_count_alike_however_large(rng: np.random.Generator) -> None:
    """One member is right for a few crystals, the other, by a little more, for many."""
    few = MemberOutputs(np.stack([np.zeros(5), np.ones(5)]), np.zeros(5))
    many = MemberOutputs(np.stack([0.9 * np.ones(500), np.zeros(500)]), np.zeros(500))
    assert weights_of_smallest_error("formation_energy", [few, many]) == (1.0, 0.0)
    assert weights_of_smallest_error("formation_energy", [many]) == (0.0, 1.0)


def test_means_are_plain_where_nothing_speaks_against_it() -> None:
    part = MemberOutputs(np.ones((2, 4)), np.zeros(4))
    assert weights_of_smallest_error("formation_energy", [part]) == (0.5, 0.5)
