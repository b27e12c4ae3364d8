"""What the papers and the documents report, computed again (not installed)."""
