"""Graphs of crystals: Voronoi bonds for the ECN, whole-shell neighbours for the EMPNN."""
