"""The networks: tensors in, tensors out. Nothing here knows ASE or crystals."""
