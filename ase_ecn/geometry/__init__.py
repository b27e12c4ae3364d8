"""Lattices and points in them, as plain arrays: what everything else stands on."""
