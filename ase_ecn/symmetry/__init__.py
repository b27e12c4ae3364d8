"""Lattice symmetry: reduced bases, primitive cells and the colours of lattice translations."""
