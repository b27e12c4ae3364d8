"""What the bundled checkpoints keep to: invariance, memory, domain, phonons, VASP's cells."""
