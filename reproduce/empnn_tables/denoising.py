"""How well a checkpoint denoises cells, compared with predictors that are not fitted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ase_ecn.checkpoint import read_card
from ase_ecn.crystal import Crystal
from ase_ecn.errors import OptionError
from ase_ecn.prediction import PropertyPredictor
from ase_ecn.relaxation.predictor import StrainPredictor
from ase_ecn.training.data.relaxed_lattices import load_crystals, spread
from ase_ecn.training.fits.noise import gaussian_noise
from ase_ecn.training.fits.scores import denoising_scores
from ase_ecn.training.release.evaluate import NOISE_SEED, relaxed_cells
from reproduce.empnn_tables.lattice_baselines import MEAN_DENSITY, NO_CHANGE, mean_density_cells
from reproduce.empnn_tables.paper import FIELD_SIGMA


def denoising_table(
    checkpoint: str | Path,
    data: Path,
    *,
    dataset: str | None = None,
    split: str = "test",
    sigma: float = FIELD_SIGMA,
    seed: int = NOISE_SEED,
    limit: int | None = None,
    energy: str | None = None,
    device: str = "cpu",
) -> dict[str, dict[str, float]]:
    """Denoise crystals with ``exp(A) rho``, ``A ~ N(0, sigma^2)`` per entry (section 6).

    Parameters
    ----------
    checkpoint
        Bundled name or path of an EMPNN.
    data
        Folder of data sets.
    dataset, split
        Crystals to denoise; by default of the data that the checkpoint was fitted to.
    sigma, seed
        Of the noise.
    limit
        Largest number of crystals, spread evenly over the split.
    energy
        An ECN with the formation energy, for eq. 13 in eV/atom with that energy in place of
        VASP's. It was fitted near equilibrium, so it is unreliable for strong noise.
    device
        Where to compute.

    Returns
    -------
    dict
        Scores by name for no change, the mean density of the training split, one application of
        the network, and the relaxer, which repeats it.
    """
    network = StrainPredictor(checkpoint, device=device)
    name = dataset or str(read_card(checkpoint).content["configuration"]["data"]["name"])
    crystals = spread(load_crystals(data, name, split), limit)
    train = load_crystals(data, name, "train")
    true = np.stack([crystal.cell for crystal in crystals])
    noisy = gaussian_noise(true, sigma, np.random.default_rng(seed))
    results = {
        NO_CHANGE: noisy,
        MEAN_DENSITY: mean_density_cells(noisy, crystals, train),
        "one application": relaxed_cells(network, crystals, noisy, steps=1),
        "relaxer": relaxed_cells(network, crystals, noisy),
    }
    table = {row: denoising_scores(noisy, cells, true) for row, cells in results.items()}
    if energy is not None:
        predictor = PropertyPredictor(energy, device=device)
        if "formation_energy" not in predictor.properties:
            raise OptionError(f"{energy} does not predict the formation energy")
        before = _energies(predictor, crystals, noisy)
        for row, cells in results.items():
            change = _energies(predictor, crystals, cells) - before
            table[row]["energy_change"] = float(change.mean())
    return table


def _energies(
    predictor: PropertyPredictor, crystals: Sequence[Crystal], cells: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Formation energies (B,) in eV/atom in other ``cells`` (B, 3, 3)."""
    moved = [
        Crystal(c.numbers, cell, c.scaled_positions)
        for c, cell in zip(crystals, cells, strict=True)
    ]
    return np.array([p.formation_energy for p in predictor.predict(moved)], dtype=np.float64)
