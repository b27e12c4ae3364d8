"""Speed and memory compared with other packages, each pair in one run: ``python -m benchmarks``."""
