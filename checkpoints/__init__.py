"""Bundled weights and cards, read with importlib.resources."""
