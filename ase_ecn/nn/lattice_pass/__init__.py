"""All layers of an EMPNN on a batch of crystals in one C function."""
