"""Baselines that see only the composition: constants, a linear model, boosted trees.

What they reach is what can be had without a structure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ase_ecn.nn.layers import MAX_ATOMIC_NUMBER
from ase_ecn.training.data.datasets import Dataset
from ase_ecn.training.data.elements import trend_properties
from reproduce.baselines.models import require
from reproduce.baselines.parts import SITE_TARGETS

Predictor: TypeAlias = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""Maps inputs to values, probabilities for classes: (G, 118) shares of the elements, or (N, 236),
those and the element of each atom, to (G,) or (N,)."""


def element_fractions(dataset: Dataset) -> NDArray[np.float64]:
    """(G, 118) share of each element in the atoms of each crystal."""
    counts = [np.bincount(c.numbers, minlength=MAX_ATOMIC_NUMBER + 1) for c in dataset.crystals]
    table = np.stack(counts)[:, 1:].astype(np.float64)
    fractions: NDArray[np.float64] = table / table.sum(axis=1, keepdims=True)
    return fractions


def composition_features(fractions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Features of compositions: the fractions and statistics of the elements' properties.

    Parameters
    ----------
    fractions
        (G, 118) shares of the elements.

    Returns
    -------
    ndarray
        (G, 118 + 24): fractions; then mean, standard deviation (both weighted by the fractions),
        least and largest of the six properties, over the elements that have them.
    """
    parts = [fractions]
    for column in trend_properties().T:
        known = ~np.isnan(column)
        weights, values = fractions[:, known], column[known]
        total = weights.sum(axis=1)
        with np.errstate(invalid="ignore"):
            mean = weights @ values / total
            variance = weights @ values**2 / total - mean**2
        least = np.min(np.where(weights > 0, values, np.inf), axis=1)
        largest = np.max(np.where(weights > 0, values, -np.inf), axis=1)
        spread = np.sqrt(np.maximum(variance, 0))
        stacked = np.column_stack([mean, spread, least, largest])
        parts.append(np.where(total[:, None] > 0, stacked, np.nan))
    return np.concatenate(parts, axis=1)


def composition_inputs(dataset: Dataset, name: str) -> NDArray[np.float64]:
    """Inputs for predicting a property without the structure.

    Returns
    -------
    ndarray
        (G, 118) fractions of the elements; for a property of atoms (N, 236), the fractions in the
        atom's crystal followed by its own element, as if that were a composition.
    """
    shares = element_fractions(dataset)
    if name not in SITE_TARGETS:
        return shares
    sizes = [len(crystal) for crystal in dataset.crystals]
    numbers = np.concatenate([crystal.numbers for crystal in dataset.crystals])
    own = np.eye(MAX_ATOMIC_NUMBER)[numbers - 1]
    return np.concatenate([np.repeat(shares, sizes, axis=0), own], axis=1)


def _detailed(inputs: NDArray[np.float64]) -> NDArray[np.float64]:
    compositions = np.split(inputs, inputs.shape[1] // MAX_ATOMIC_NUMBER, axis=1)
    return np.concatenate([composition_features(part) for part in compositions], axis=1)


def fit_mean(train: Dataset, val: Dataset, name: str, is_class: bool, seed: int) -> Predictor:  # noqa: ARG001
    """Predict the mean of the training labels for all crystals or atoms."""
    value = float(_known(train, name)[1].mean())
    return lambda inputs: np.full(len(inputs), value)


def fit_median(train: Dataset, val: Dataset, name: str, is_class: bool, seed: int) -> Predictor:  # noqa: ARG001
    """Predict the median, which no other constant beats in mean absolute error."""
    value = float(np.median(_known(train, name)[1]))
    return lambda inputs: np.full(len(inputs), value)


def fit_linear(train: Dataset, val: Dataset, name: str, is_class: bool, seed: int) -> Predictor:  # noqa: ARG001
    """Ridge regression, or logistic regression for a class, on the fractions of the elements."""
    linear = require("sklearn.linear_model")
    features, labels = _known(train, name)
    if is_class:
        model = linear.LogisticRegression(C=10.0, max_iter=2000).fit(features, labels > 0.5)
    else:
        model = linear.RidgeCV(alphas=np.logspace(-3, 2, 11)).fit(features, labels)
    return lambda inputs: _predict(model, inputs)


def fit_trees(train: Dataset, val: Dataset, name: str, is_class: bool, seed: int) -> Predictor:
    """Gradient-boosted trees on :func:`composition_features`, stopped by the validation split."""
    ensemble = require("sklearn.ensemble")
    options: dict[str, Any] = {
        "max_iter": 2000,
        "learning_rate": 0.05,
        "early_stopping": True,
        "n_iter_no_change": 50,
        "tol": 1e-6,
        "random_state": seed,
    }
    if is_class:
        model = ensemble.HistGradientBoostingClassifier(**options)
    else:
        # Squared errors: with absolute ones, trees on gaps get stuck at the median, which is 0,
        # and end with twice the mean absolute error.
        model = ensemble.HistGradientBoostingRegressor(**options)
    (x, y), (x_val, y_val) = _known(train, name), _known(val, name)
    model.fit(
        _detailed(x),
        y > 0.5 if is_class else y,
        X_val=_detailed(x_val),
        y_val=y_val > 0.5 if is_class else y_val,
    )
    return lambda inputs: _predict(model, _detailed(inputs))


CompositionFit: TypeAlias = Callable[[Dataset, Dataset, str, bool, int], Predictor]
COMPOSITION_MODELS: dict[str, CompositionFit] = {
    "mean": fit_mean,
    "median": fit_median,
    "linear": fit_linear,
    "trees": fit_trees,
}


def fit_composition_model(
    name: str, train: Dataset, val: Dataset, targets: Mapping[str, bool], seed: int
) -> Callable[[Dataset], dict[str, NDArray[np.float64]]]:
    """Fit one model to each property.

    Parameters
    ----------
    name
        One of :data:`COMPOSITION_MODELS`.
    train, val
        To fit to, and to stop by.
    targets
        Properties, and whether each is a class.
    seed
        Of what is random.

    Returns
    -------
    callable
        Maps a data set to (G,) or (N,) predictions by property, probabilities for classes.
    """
    fit = COMPOSITION_MODELS[name]
    models = {target: fit(train, val, target, kind, seed) for target, kind in targets.items()}

    def predict(dataset: Dataset) -> dict[str, NDArray[np.float64]]:
        return {k: model(composition_inputs(dataset, k)) for k, model in models.items()}

    return predict


def _known(dataset: Dataset, name: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    labels = (dataset.site_targets if name in SITE_TARGETS else dataset.targets)[name]
    known = ~np.isnan(labels)
    return composition_inputs(dataset, name)[known], labels[known]


def _predict(model: Any, features: NDArray[np.float64]) -> NDArray[np.float64]:
    if hasattr(model, "predict_proba"):
        return np.asarray(model.predict_proba(features)[:, 1], dtype=np.float64)
    return np.asarray(model.predict(features), dtype=np.float64)
