"""The experiments of the EMPNN paper, compared with its results."""
