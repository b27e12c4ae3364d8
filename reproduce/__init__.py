"""What the papers and the documents report, recomputed (not installed)."""
