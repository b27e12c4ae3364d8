"""The convex hull of known phases: what a crystal competes with, and how far it is from that."""

from __future__ import annotations

from ase_ecn.hull.distance import HullDistance
from ase_ecn.hull.known_phases import HullPoint, KnownPhases, Phase

__all__ = ["HullDistance", "HullPoint", "KnownPhases", "Phase"]
