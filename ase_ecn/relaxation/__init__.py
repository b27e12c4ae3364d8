"""Relaxed cells: the network's strains, the course that follows them, many crystals at once."""
