"""Fit of the Equivariant Crystal Network on MP-20 and site moments."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from ase.data import chemical_symbols
from numpy.typing import NDArray
from torch import Tensor, nn

from ase_ecn.errors import OptionError
from ase_ecn.graphs.batch import BondBatch
from ase_ecn.nn.ecn import ECN, ECNConfig
from ase_ecn.training import parallel
from ase_ecn.training.alignment import read_mp_2018
from ase_ecn.training.cache import LabelledGraphs, cached_graphs, concatenate, labelled_graphs
from ase_ecn.training.datasets import (
    READERS,
    Dataset,
    read_fermi_levels,
    read_site_moments,
    reduced_formula,
    split_by_composition,
)
from ase_ecn.training.elements import network_properties
from ase_ecn.training.fit import (
    FitOptions,
    FitResult,
    Task,
    batch_count,
    fit,
    shuffled_batches,
    start_from,
)
from ase_ecn.training.losses import multitask_loss
from ase_ecn.training.metrics import mean_absolute_error, roc_auc

CLASSES = frozenset({"metal"})
NONNEGATIVE = frozenset({"band_gap", "magnetization", "site_moments"})
_SITE_MOMENTS = "mp_site_magmoms"
SITE_MOMENT_ATOMS = 20
"""Largest cells with site moments in the validation and test splits, and by default in training."""
_MAIN_GROUP_SYMBOLS = (
    "H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Zn Ga Ge As Se Br Kr "
    "Rb Sr Cd In Sn Sb Te I Xe Cs Ba Hg Tl Pb Bi"
)
_MAIN_GROUP = frozenset(chemical_symbols.index(s) for s in _MAIN_GROUP_SYMBOLS.split())


@dataclass(frozen=True)
class Batch:
    """Graphs and (B,) or (N,) labels.

    The last crystals may be further views of others, whose numbers ``twins`` holds in order.
    """

    graphs: BondBatch
    labels: dict[str, Tensor]
    twins: Tensor | None = None


def load_ecn_data(data: Path, config: dict[str, Any], split: str) -> LabelledGraphs:
    """Return the labelled graphs of one split, with site moments where the network wants them.

    Parameters
    ----------
    data
        The data folder.
    config
        The parsed configuration: ``model``, and ``data`` with ``name`` and optionally, for
        training, ``site_moment_max_atoms`` and ``mp_2018_max_atoms``, the sizes of the largest
        further crystals, and ``with_val`` to train on the validation split too.
    split
        ``"train"``, ``"val"`` or ``"test"``.

    Raises
    ------
    OptionError
        If the bonds are for another fit, or the validation split is wanted of a configuration
        that trains on it.
    """
    if trains_on_val(config):
        if split == "val":
            raise OptionError(
                "no validation split is held out: the configuration says with_val, so the network "
                "is fitted to it too"
            )
        if split == "train":
            apart = {**config, "data": {**config["data"], "with_val": False}}
            return concatenate(*(load_ecn_data(data, apart, part) for part in ("train", "val")))
    name, model = config["data"]["name"], config["model"]
    if model.get("bonds") == "radial":
        raise OptionError("radial bonds are for fit-pes")
    kind = {"bonds": model.get("bonds", "voronoi"), "motif": model.get("motif", "free")}
    labelled = cached_graphs(f"{name}-{split}", lambda: READERS[name](data, split), **kind)
    if "site_moments" in config["model"].get("site_targets", ()):
        if split == "train":
            labelled = _with_nonmagnetic_sites(labelled)
        sites = cached_graphs(
            f"{_SITE_MOMENTS}-{split}",
            lambda: _site_moment_split(data, name, split, SITE_MOMENT_ATOMS),
            **kind,
        )
        labelled = concatenate(labelled, sites)
        largest = int(config["data"].get("site_moment_max_atoms", SITE_MOMENT_ATOMS))
        if split == "train" and largest > SITE_MOMENT_ATOMS:
            larger = cached_graphs(
                f"{_SITE_MOMENTS}-{SITE_MOMENT_ATOMS + 1}-{largest}",
                lambda: _larger_than(
                    SITE_MOMENT_ATOMS, _site_moment_split(data, name, split, largest)
                ),
                **kind,
            )
            labelled = concatenate(labelled, larger)
    if "fermi_level" in model["crystal_targets"]:
        levels = cached_graphs(
            f"fermi-{split}", lambda: split_by_composition(read_fermi_levels(data))[split], **kind
        )
        labelled = concatenate(labelled, levels)
    if split == "train" and "mp_2018_max_atoms" in config["data"]:
        largest = int(config["data"]["mp_2018_max_atoms"])
        extra = cached_graphs(f"mp_2018-{largest}", lambda: read_mp_2018(data, largest), **kind)
        labelled = concatenate(labelled, extra)
    group = model.get("group", "S_lattice")
    return replace(labelled, graphs=labelled.graphs.with_group(group))


def trains_on_val(config: dict[str, Any]) -> bool:
    """Whether a configuration trains on the validation split too."""
    return bool(config["data"].get("with_val", False))


def _larger_than(atoms: int, dataset: Dataset) -> Dataset:
    sizes = np.array([len(crystal) for crystal in dataset.crystals])
    return dataset.subset(np.flatnonzero(sizes > atoms))


def _site_moment_split(data: Path, name: str, split: str, max_atoms: int) -> Dataset:
    held_out = {
        reduced_formula(crystal.numbers)
        for other in ("val", "test")
        for crystal in READERS[name](data, other).crystals
    }
    return split_by_composition(read_site_moments(data, held_out, max_atoms))[split]


def _with_nonmagnetic_sites(labelled: LabelledGraphs) -> LabelledGraphs:
    """Label the sites of nonmagnetic main-group crystals with zero moments.

    The set of site moments holds magnetic materials only; without these the network would never
    see what has no moment.
    """
    graphs = labelled.graphs
    per_atom = np.repeat(
        np.nan_to_num(labelled.targets["magnetization"], nan=1.0), np.diff(graphs.atom_offsets)
    )
    main_group = np.isin(graphs.numbers, sorted(_MAIN_GROUP))
    owner = np.repeat(np.arange(len(graphs)), np.diff(graphs.atom_offsets))
    others = np.bincount(owner, weights=~main_group) > 0
    zero = (per_atom < 1e-3) & ~others[owner]
    return replace(labelled, site_targets={"site_moments": np.where(zero, 0.0, np.nan)})


def fit_ecn(config: dict[str, Any], data: Path, out: Path, device: str) -> tuple[ECN, FitResult]:
    """Fit as a configuration says.

    Parameters
    ----------
    config
        Parsed YAML with ``model``, ``data``, ``fit``, ``loss_weights``; ``init`` to start from a
        checkpoint.
    data, out
        Folder of data sets, and for logs and states.
    device
        Where to train.

    Returns
    -------
    model, result
        The network with the best averaged weights (the last ones where the validation split is
        trained on too), on the CPU, and how the fit went.
    """
    train = load_ecn_data(data, config, "train")
    val = None if trains_on_val(config) else load_ecn_data(data, config, "val")
    return fit_to_graphs(config, train, val, out, device)


def fit_to_graphs(
    config: dict[str, Any],
    train: LabelledGraphs,
    val: LabelledGraphs | None,
    out: Path,
    device: str,
) -> tuple[ECN, FitResult]:
    """Fit to labelled graphs, whose translations are coloured by the network's group.

    Parameters
    ----------
    config, out, device
        As for :func:`fit_ecn`.
    train, val
        To fit to, and to choose the best epoch by; without the latter the last one counts.
    """
    options = FitOptions(**config["fit"])
    torch.manual_seed(options.seed)
    model = ECN(model_config(config["model"]))
    _set_units(model, train)
    if model.config.features == "properties":
        model.embedding.table.copy_(torch.as_tensor(network_properties()))
    if "init" in config:
        start_from(model, config["init"])
    model.to(device)
    scales = dict(zip(model.targets, model.scale.tolist(), strict=True))
    views = float(config["data"].get("supercell_views", 0.5))
    largest_twin = int(config["data"].get("twin_atoms", 0))
    twin_weight = float(config["data"].get("twin_weight", 1.0))
    weights = config.get("loss_weights", {})
    sizes = np.diff(train.graphs.atom_offsets)

    def batches(rng: np.random.Generator) -> Iterator[Batch]:
        for indices in shuffled_batches(len(train.graphs), options.batch_size, rng):
            twins = np.flatnonzero(sizes[indices] <= largest_twin)
            both = np.concatenate([indices, indices[twins]])
            large = rng.random(len(both)) < views
            large[twins], large[len(indices) :] = False, True
            mine, my_twins = _shared(len(indices), twins)
            batch = make_batch(train, both[mine], model.config, device)
            graphs = _large_supercells(_one_view(batch.graphs, rng), large[mine])
            yield replace(batch, graphs=graphs, twins=torch.as_tensor(my_twins, device=device))

    def loss(network: nn.Module, batch: Batch) -> Tensor:
        outputs = network(batch.graphs)
        total = multitask_loss(outputs, batch.labels, scales, weights, CLASSES)
        if batch.twins is not None and parallel.total(len(batch.twins)):
            crystal_outputs = {k: outputs[k] for k in model.config.crystal_targets}
            total = total + twin_weight * twin_differences(crystal_outputs, batch.twins, scales)
        return total

    task = Task(
        batches=batches,
        batches_per_epoch=batch_count(len(train.graphs), options.batch_size),
        loss=loss,
        validate=None if val is None else partial(_validate, val=val, scales=scales, device=device),
        monitor="score",
    )
    result = fit(model, task, options, out)
    model.load_state_dict(result.weights)
    return model.cpu().eval(), result


def model_config(section: dict[str, Any]) -> ECNConfig:
    """Architecture from the section ``model`` of a configuration."""
    options: dict[str, Any] = {
        k: tuple(v) if isinstance(v, list) else v for k, v in section.items()
    }
    return ECNConfig(**options)


def labelled_graphs_for(dataset: Dataset, config: ECNConfig) -> LabelledGraphs:
    """Labelled graphs as a network wants them, not cached."""
    labelled = labelled_graphs(dataset, config.bonds, config.motif)
    return replace(labelled, graphs=labelled.graphs.with_group(config.group))


def _set_units(model: ECN, train: LabelledGraphs) -> None:
    for k, name in enumerate(model.targets):
        if name in CLASSES:
            continue
        labels = train.targets.get(name, train.site_targets.get(name))
        assert labels is not None
        model.shift[k] = float(np.nanmean(labels))
        model.scale[k] = float(np.nanstd(labels))


def labelled_elements(labelled: LabelledGraphs) -> dict[str, list[int]]:
    """Atomic numbers in the crystals that have a label, for properties that lack some."""
    graphs = labelled.graphs
    owner = np.repeat(np.arange(len(graphs)), np.diff(graphs.atom_offsets))
    known = {name: ~np.isnan(labels)[owner] for name, labels in labelled.targets.items()}
    for name, labels in labelled.site_targets.items():
        # A crystal counts whole if any of its sites has a label.
        crystals = np.bincount(owner, weights=~np.isnan(labels)) > 0
        known[name] = crystals[owner]
    everything = np.unique(graphs.numbers)
    found = {name: np.unique(graphs.numbers[atoms]) for name, atoms in known.items()}
    return {k: v.tolist() for k, v in found.items() if len(v) < len(everything)}


def make_batch(
    labelled: LabelledGraphs, indices: NDArray[np.int64], config: ECNConfig, device: str
) -> Batch:
    """Tensors for some crystals with the labels that the network predicts."""
    graphs = labelled.graphs.batch(indices, device=device)
    offsets = labelled.graphs.atom_offsets
    atoms = np.concatenate([np.arange(offsets[i], offsets[i + 1]) for i in indices])
    labels = {name: labelled.targets[name][indices] for name in config.crystal_targets}
    labels |= {name: labelled.site_targets[name][atoms] for name in config.site_targets}
    return Batch(
        graphs,
        {k: torch.as_tensor(v, dtype=torch.float32, device=device) for k, v in labels.items()},
    )


def _shared(size: int, twins: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Select this process's part of a batch of ``size`` crystals and second views of some.

    Returns
    -------
    mine
        Places in the batch, second views last.
    my_twins
        Those of ``mine`` that have a second view, in its order.
    """
    first = parallel.own_part(size)
    with_view = np.isin(twins, first)
    mine = np.concatenate([first, size + np.flatnonzero(with_view)])
    return mine, np.searchsorted(first, twins[with_view])


def _large_supercells(graphs: BondBatch, chosen: NDArray[np.bool_]) -> BondBatch:
    """Show some crystals as supercells so large that no bond joins an atom to its own image.

    The graph of such a supercell has the same quotient but other colours, so this costs nothing
    and teaches the network to give both views the same properties.
    """
    device = graphs.source.device
    large = torch.as_tensor(chosen).to(device)[graphs.crystal_of_atom[graphs.source]]
    return replace(graphs, own_image=graphs.own_image & ~large)


def _one_view(graphs: BondBatch, rng: np.random.Generator) -> BondBatch:
    """Names of the axes drawn at random, where the network would average over them."""
    views = graphs.translation_colours.shape[1]
    if views == 1:
        return graphs
    view = int(rng.integers(views))
    return replace(graphs, translation_colours=graphs.translation_colours[:, view : view + 1])


def twin_differences(outputs: dict[str, Tensor], twins: Tensor, scales: dict[str, float]) -> Tensor:
    """How much two views of the same crystals differ: the mean over crystals, summed over targets.

    Parameters
    ----------
    outputs
        (B,) for each crystal target; the last are the second views.
    twins
        (T,) crystals that have a second view, in the order of the second views.
    scales
        Units of the targets.
    """
    parts = [
        parallel.batch_mean((output[twins] - output[len(output) - len(twins) :]).abs())
        / scales[name]
        for name, output in outputs.items()
    ]
    return torch.stack(parts).sum()


def network_outputs(
    model: nn.Module, labelled: LabelledGraphs, device: str, batch_size: int = 256
) -> dict[str, NDArray[np.float64]]:
    """What the network gives for all graphs: (G,) and (N,), logits for classes."""
    parts: list[dict[str, NDArray[np.float64]]] = []
    with torch.inference_mode():
        for start in range(0, len(labelled.graphs), batch_size):
            indices = np.arange(start, min(start + batch_size, len(labelled.graphs)))
            outputs = model(labelled.graphs.batch(indices, device=device))
            parts.append({k: v.double().cpu().numpy() for k, v in outputs.items()})
    return {k: np.concatenate([p[k] for p in parts]) for k in parts[0]}


def predict_graphs(
    model: nn.Module, labelled: LabelledGraphs, device: str, batch_size: int = 256
) -> dict[str, NDArray[np.float64]]:
    """Predictions in physical units for all graphs: (G,) and (N,), probabilities for classes."""
    outputs = network_outputs(model, labelled, device, batch_size)
    return {name: physical(name, values) for name, values in outputs.items()}


def physical(name: str, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probabilities of classes, and nothing negative where the property is not."""
    if name in CLASSES:
        return np.asarray(1 / (1 + np.exp(-values)))
    return np.maximum(values, 0) if name in NONNEGATIVE else values


def ecn_scores(
    predictions: dict[str, NDArray[np.float64]], labelled: LabelledGraphs
) -> dict[str, float]:
    """Mean absolute errors, and the ROC AUC of classes."""
    scores = {}
    for name, predicted in predictions.items():
        truth = labelled.targets.get(name, labelled.site_targets.get(name))
        if truth is None:  # an uncertainty
            continue
        known = ~np.isnan(truth)
        if name in CLASSES:
            scores[f"{name}_auc"] = roc_auc(predicted[known], truth[known] > 0.5)
        else:
            scores[f"{name}_mae"] = mean_absolute_error(predicted, truth)
    return scores


def _validate(
    model: nn.Module, *, val: LabelledGraphs, scales: dict[str, float], device: str
) -> dict[str, float]:
    scores = ecn_scores(predict_graphs(model, val, device), val)
    total = sum(v / scales[k.removesuffix("_mae")] for k, v in scores.items() if k.endswith("_mae"))
    total += sum(1 - v for k, v in scores.items() if k.endswith("_auc"))
    return {**scores, "score": total}
