"""Data sets and their labels: published ones, the user's, and what is derived from them."""
