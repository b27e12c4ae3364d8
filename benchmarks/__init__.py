"""Speed and memory beside the peers, each pair in one run: ``python -m benchmarks``."""
