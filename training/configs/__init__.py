"""Templates of configurations, one for each kind of fit."""
