"""Tests of the bundled checkpoints: invariance, memory, domain, phonons, VASP's cells."""
