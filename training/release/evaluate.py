"""Test tables of checkpoints: what goes into their cards."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from ase.data import chemical_symbols
from numpy.typing import NDArray

from ase_ecn.card import card_text
from ase_ecn.checkpoint import load_checkpoint, read_card
from ase_ecn.nn.bond_network import BondNetwork
from ase_ecn.nn.ecn import ECN
from ase_ecn.nn.so3.so3_ecn import SO3ECN
from ase_ecn.prediction import PropertyPredictor
from ase_ecn.relaxation.course import MAX_STEPS
from ase_ecn.relaxation.predictor import StrainPredictor
from ase_ecn.storage import replace_file
from ase_ecn.training.data.cache import LabelledGraphs, cached_dataset
from ase_ecn.training.data.datasets import READERS, reduced_formula
from ase_ecn.training.data.duplicates import novel
from ase_ecn.training.data.force_sets import load_force_data
from ase_ecn.training.data.labels import load_labels
from ase_ecn.training.data.relaxed_lattices import load_crystals
from ase_ecn.training.data.substitution import held_out_pairs
from ase_ecn.training.fits.config import (
    ECNConfiguration,
    EMPNNConfiguration,
    PESConfiguration,
    SO3Configuration,
    config_of_card,
    fitted_to_properties,
    fitted_to_tensors,
)
from ase_ecn.training.fits.fit_pes import pes_scores
from ase_ecn.training.fits.fit_so3 import label_scores, split_labels
from ase_ecn.training.fits.metrics import mean_absolute_error, relative_length_errors
from ase_ecn.training.fits.noise import gaussian_noise
from ase_ecn.training.fits.scores import denoising_scores, ecn_scores, gap_scores, predict_graphs
from ase_ecn.training.release.calibrate import reliability
from ase_ecn.training.release.evaluate_moving import evaluate_moving
from ase_ecn.training.release.evaluate_properties import evaluate_properties
from ase_ecn.training.release.evaluate_tensors import evaluate_tensors
from ase_ecn.training.release.screen_scores import wbm_table
from ase_ecn.training.release.supercell_jump import CRYSTALS, supercell_jumps

NOISE_SIGMA = 0.1
NOISE_SEED = 2022
PAIRS = 1000


def evaluate(
    checkpoint: str | Path, data: Path, split: str = "test", device: str = "cpu"
) -> dict[str, float]:
    """Scores of a checkpoint on one split of the data that it was fitted to.

    Parameters
    ----------
    checkpoint
        Bundled name or path.
    data
        The data folder.
    split
        ``"test"``, or ``"val"`` while something is still being chosen.
    device
        Where to compute.

    Returns
    -------
    dict
        Scores by name, with the unit in the name where it has one.
    """
    card = read_card(checkpoint)
    if fitted_to_properties(card.content):
        return evaluate_properties(checkpoint, data, split, device)
    if fitted_to_tensors(card.content):
        return evaluate_tensors(checkpoint, data, split, device)
    if card.network == "so3":
        return evaluate_so3(checkpoint, data, split, device)
    if card.forces:
        forces = config_of_card(card.content, PESConfiguration)
        return evaluate_pes(checkpoint, forces, data, split, device)
    if card.network == "ecn":
        labels = config_of_card(card.content, ECNConfiguration)
        return evaluate_ecn(checkpoint, labels, data, split, device)
    lattices = config_of_card(card.content, EMPNNConfiguration)
    name = lattices.data.name
    if lattices.moves_atoms:
        return evaluate_moving(checkpoint, name, data, split, device)
    return evaluate_empnn(checkpoint, name, data, split, device)


def evaluate_so3(checkpoint: str | Path, data: Path, split: str, device: str) -> dict[str, float]:
    """Scores of an SO(3)-equivariant network.

    ``"val"``: errors of energies, forces and stresses of held-out labels. ``"test"``: formation
    energies of hypothetical crystals (WBM) and of MP-20's test split.
    """
    if split == "val":
        loaded = load_checkpoint(checkpoint, SO3ECN)
        config = config_of_card(loaded.card.content, SO3Configuration)
        labels = load_labels(config.data.name, data, config.model.cutoff, config.model.target)
        _, held = split_labels(labels, config.data.validation, config.fit.seed)
        return label_scores(loaded.model.to(device), labels, held, device)
    predictor = PropertyPredictor(checkpoint, device=device)
    dataset = cached_dataset("mp_20-test", lambda: READERS["mp_20"](data, "test"))
    known = set(predictor.card.elements)
    kept = [k for k, c in enumerate(dataset.crystals) if known.issuperset(c.numbers.tolist())]
    found = predictor.predict([dataset.crystals[k] for k in kept], forces=False)
    predicted = np.array([p.formation_energy for p in found])
    error = predicted - dataset.targets["formation_energy"][kept]
    return {
        **wbm_table(predictor, data),
        "mp_20_crystals": len(kept),
        "mp_20_formation_energy_mae": float(np.abs(error).mean()),
        "mp_20_formation_energy_bias": float(error.mean()),
    }


def evaluate_ecn(
    checkpoint: str | Path, config: ECNConfiguration, data: Path, split: str, device: str
) -> dict[str, float]:
    """Mean absolute errors, gap error of insulators, ROC AUC and both precisions."""
    model = load_checkpoint(checkpoint, BondNetwork).model.to(device)
    labelled = config.load(data, split)
    predictions = predict_graphs(model, labelled, device)
    scores = ecn_scores(predictions, labelled)
    scores |= gap_scores(predictions, labelled)
    if "site_moments" in predictions:
        moments = labelled.site_targets["site_moments"]
        seen = _in_training(labelled, config.data.name, data)
        scores["site_moments_mae_unseen"] = mean_absolute_error(
            predictions["site_moments"], np.where(seen, np.nan, moments)
        )
    for name, curve in reliability(predictions, labelled).items():
        scores |= {f"{name}_in_{float(k):.0%}_interval": v for k, v in curve.items()}
    if "formation_energy" in predictions and model.motif == "free":
        crystals = cached_dataset(
            f"{config.data.name}-{split}", lambda: READERS[config.data.name](data, split)
        ).crystals
        chosen = crystals[:: max(1, len(crystals) // CRYSTALS)][:CRYSTALS]
        jumps = supercell_jumps(model, chosen, device=device)
        scores["supercell_jump_mean"] = float(jumps.mean())
        scores["supercell_jump_max"] = float(jumps.max())
    return scores


def _in_training(labelled: LabelledGraphs, name: str, data: Path) -> NDArray[np.bool_]:
    """For each atom, whether its crystal's reduced formula is in the training split.

    The crystals with site moments are split by formula among themselves, but the training split
    of the main data set may hold a formula of theirs, without site moments.
    """
    train = cached_dataset(f"{name}-train", lambda: READERS[name](data, "train"))
    known = {reduced_formula(crystal.numbers) for crystal in train.crystals}
    offsets = labelled.graphs.atom_offsets
    numbers = labelled.graphs.numbers.astype(np.int64)
    seen = [reduced_formula(numbers[i:j]) in known for i, j in pairwise(offsets)]
    return np.repeat(seen, np.diff(offsets))


def evaluate_pes(
    checkpoint: str | Path, config: PESConfiguration, data: Path, split: str, device: str
) -> dict[str, float]:
    """Mean absolute errors of energies, forces and stresses, in all and by chemical system.

    Where several sets were joined, by set, and by set and system; identifiers begin with the
    set's name.
    """
    model = load_checkpoint(checkpoint, ECN).model.to(device)
    dataset = load_force_data(data, config.data, split)
    scores = pes_scores(model, dataset, device)
    sets = [name.split("-")[0] for name in dataset.ids]
    joined = len(set(sets)) > 1
    parts: dict[str, list[int]] = {}
    for k, crystal in enumerate(dataset.crystals):
        system = "".join(chemical_symbols[z] for z in np.unique(crystal.numbers))
        for name in (sets[k], f"{sets[k]}_{system}") if joined else (system,):
            parts.setdefault(name, []).append(k)
    for name in sorted(parts):
        part = dataset.subset(np.array(parts[name]))
        scores |= {f"{k}_{name}": v for k, v in pes_scores(model, part, device).items()}
    return scores


def evaluate_empnn(
    checkpoint: str | Path, name: str, data: Path, split: str, device: str
) -> dict[str, float]:
    """Denoising at sigma = 0.1, movement of relaxed crystals, substituted prototypes.

    Denoising is reported for a single application of the network, as in the paper, and for the
    relaxer, which repeats it until nothing moves. Most of Carbon-24 occurs several times: there
    ``novel`` scores are those of crystals that are new structures.
    """
    network = StrainPredictor(checkpoint, device=device)
    crystals = load_crystals(data, name, split)
    true = np.stack([crystal.cell for crystal in crystals])
    noisy = gaussian_noise(true, NOISE_SIGMA, np.random.default_rng(NOISE_SEED))
    once = relaxed_cells(network, crystals, noisy, steps=1)
    repeated = relaxed_cells(network, crystals, noisy)
    scores = denoising_scores(noisy, once, true) | _improvements("relaxer", noisy, repeated, true)
    if name == "carbon_24":
        new = _novel_carbon(data, split)
        scores["novel_crystals"] = float(len(new))
        once_scores = denoising_scores(noisy[new], once[new], true[new])
        scores |= {f"{name}_novel": value for name, value in once_scores.items()}
        scores |= _improvements("novel_relaxer", noisy[new], repeated[new], true[new])
    moved = relative_length_errors(relaxed_cells(network, crystals, true), true)
    scores["relaxed_moved_mean"] = float(moved.mean())
    scores["relaxed_moved_median"] = float(np.median(moved))
    if name == "mp_20":
        scores |= _substituted_scores(network, data, split)
    return scores


def _improvements(
    of: str,
    noisy: np.ndarray[Any, np.dtype[np.float64]],
    found: np.ndarray[Any, np.dtype[np.float64]],
    true: np.ndarray[Any, np.dtype[np.float64]],
) -> dict[str, float]:
    scores = denoising_scores(noisy, found, true)
    return {f"{k}_{of}": scores[k] for k in ("lengths_improvement", "angles_improvement")}


def _novel_carbon(data: Path, split: str) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Crystals of a split that occur neither before in it nor in other splits used so far."""
    known = {"val": ("train",), "test": ("train", "val")}.get(split, ())
    seen = [READERS["carbon_24"](data, part) for part in known]
    return novel(READERS["carbon_24"](data, split), seen, "energy_per_atom")


def relaxed_cells(
    network: StrainPredictor,
    crystals: list[Any],
    cells: np.ndarray[Any, np.dtype[np.float64]],
    steps: int | None = None,
) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Cells (B, 3, 3) after relaxing crystals that start from other ``cells`` (B, 3, 3)."""
    moved = [
        type(c)(c.numbers, cell, c.scaled_positions)
        for c, cell in zip(crystals, cells, strict=True)
    ]
    outcomes = network.relax(moved, steps=MAX_STEPS if steps is None else steps)
    return np.stack([c @ o.deformation for c, o in zip(cells, outcomes, strict=True)])


def _substituted_scores(network: StrainPredictor, data: Path, split: str) -> dict[str, float]:
    pairs = held_out_pairs(data, "mp_20", split, PAIRS)
    start, true = np.stack([crystal.cell for crystal in pairs.crystals]), pairs.true_cells
    final = relaxed_cells(network, pairs.crystals, start)
    before, after = relative_length_errors(start, true), relative_length_errors(final, true)
    return {
        "substituted_pairs": float(len(pairs)),
        "substituted_start_mean": float(before.mean()),
        "substituted_start_median": float(np.median(before)),
        "substituted_mean": float(after.mean()),
        "substituted_median": float(np.median(after)),
    }


def write_scores(path: Path, split: str, scores: dict[str, float]) -> None:
    """Put the scores on a split into the card beside a ``.safetensors`` file."""
    card_file = path.with_suffix(".json")
    content = json.loads(card_file.read_text(encoding="utf-8"))
    entry = {"val": "validation", "test": "test"}[split]
    content[entry] = {k: float(f"{v:.5g}") for k, v in scores.items()}
    replace_file(card_file, card_text(content))
