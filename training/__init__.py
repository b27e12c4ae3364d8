"""Fitting and evaluation of the networks, with the very code that inference uses."""
