"""The training loop and a fit for each kind of network."""
