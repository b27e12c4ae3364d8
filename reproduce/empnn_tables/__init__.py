"""The experiments of the EMPNN paper beside its figures."""
