"""Configurations of the bundled fits."""
