from __future__ import annotations

import numpy as np
import pytest

from ase_ecn.relaxation.quasi_newton import LARGEST_RADIUS, RADIUS, QuasiNewton


def search(noise: float = 0.0) -> QuasiNewton:
    return QuasiNewton(lambda vector: vector, lambda step: float(np.linalg.norm(step)), noise)


def rosenbrock(x: np.ndarray) -> tuple[float, np.ndarray]:
    valley, along = x[1] - x[0] ** 2, 1 - x[0]
    gradient = [-4 * x[0] * valley * 5 - 2 * along, 10 * valley]
    return float(5 * valley**2 + along**2), np.array(gradient)


def test_a_curved_valley_is_followed_to_its_end_and_never_up() -> None:
    quasi_newton = search()
    x = np.array([-1.0, 1.0])
    quasi_newton.begin(*rosenbrock(x))
    energies = [quasi_newton.energy]
    for _ in range(80):
        step = quasi_newton.step()
        assert np.linalg.norm(step) <= LARGEST_RADIUS + 1e-12
        if quasi_newton.judge(step, *rosenbrock(x + step)):
            x = x + step
        energies.append(quasi_newton.energy)
    assert x == pytest.approx([1, 1], abs=1e-6)
    assert (np.diff(energies) <= 0).all()


def test_a_step_into_nowhere_is_taken_back_and_shortened() -> None:
    quasi_newton = search()
    quasi_newton.begin(0.0, np.array([1.0, 0.0]))
    first = quasi_newton.step()
    assert np.linalg.norm(first) == pytest.approx(RADIUS)
    assert not quasi_newton.judge(first, np.inf, np.zeros(2))
    assert np.linalg.norm(quasi_newton.step()) == pytest.approx(RADIUS / 4)
    while not quasi_newton.stalled:
        assert not quasi_newton.judge(quasi_newton.step(), np.inf, np.zeros(2))
    assert quasi_newton.energy == 0


def test_energies_within_the_noise_are_told_apart_by_their_gradients() -> None:
    quasi_newton = search(noise=1e-6)
    quasi_newton.begin(0.0, np.array([0.01, 0.0]))
    assert not quasi_newton.judge(quasi_newton.step(), 5e-7, np.array([0.02, 0.0]))
    assert not quasi_newton.judge(quasi_newton.step(), 5e-6, np.array([0.001, 0.0]))
    assert quasi_newton.judge(quasi_newton.step(), 5e-7, np.array([0.001, 0.0]))
