"""Fits of the networks, the bundled ones and one's own: ``python -m ase_ecn.training``."""

from ase_ecn.training.fit_user import LabelFit, fit_to_labels

__all__ = ["LabelFit", "fit_to_labels"]
