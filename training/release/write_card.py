"""Cards: what a fit really was, written next to its weights."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ase_ecn.card import Card
from ase_ecn.checkpoint import save_checkpoint
from ase_ecn.nn.network import Network, PropertyNetwork
from ase_ecn.properties import find, of_outputs
from ase_ecn.selftest import make_references
from ase_ecn.training.data.ecn_data import FURTHER
from ase_ecn.training.fits.config import (
    Configuration,
    ECNConfiguration,
    PropertiesConfiguration,
    SO3Configuration,
    TensorsConfiguration,
)
from ase_ecn.training.fits.loop import FitResult
from ase_ecn.training.fits.start import beginning, giving_energies

SOURCES = {
    "mp_20": "MP-20 of CDVAE (MIT), from the Materials Project (CC BY 4.0)",
    "perov_5": "Perov-5 of CDVAE (MIT), Castelli et al. 2012",
    "carbon_24": "Carbon-24 of CDVAE (MIT), Pickard 2020 (CC BY 4.0)",
    "mp_2018": (
        "formation energies and gaps of further entries: 2018 release of the Materials Project "
        "(MEGNet MP-2018.6.1, CC BY 4.0), formation energies aligned with MP-20's by composition; "
        "without entries that share composition and space group with MP-20's validation or test"
    ),
    "fermi": (
        "Fermi levels (VASP's reference, PBE): insulators of the Materials Project (CC BY 4.0), "
        "magnetic Heusler compounds, VASP runs from the tests of public codes; "
        "split by composition"
    ),
    "mlearn": (
        "energies, forces and stresses (PBE): Zuo et al. 2020, materialsvirtuallab/mlearn (BSD-3)"
    ),
    "monbtaw": (
        "energies, forces and stresses (PBE) of Mo, Nb, Ta, W and their alloys: Li et al. 2020, "
        "materialsvirtuallab/maml (BSD-3)"
    ),
    "vasp_steps": (
        "ionic steps of VASP relaxations (PBE without U) from the tests of public codes; up to 40 "
        "of a run, systems with at least 40 and forces of at least 0.1 eV/Å"
    ),
    "further_crystals": (
        "further relaxed crystals: 2018 release of the Materials Project (MEGNet MP-2018.6.1, "
        "CC BY 4.0) and Sanspeur & Kitchin 2023, from the Materials Project (CC BY 4.0); "
        "without compositions of the validation and test splits"
    ),
    "teacher": (
        "energies, forces and stresses of hypothetical, distorted and relaxed crystals by a "
        "potential: Nequix-OAM (nequix-oam-1 of github.com/atomicarchitects/nequix, MIT; trained "
        "on OMat24, sAlex and MPtrj, so it knows the crystals of MP-20), prototypes from MP-20's "
        "training split and Sanspeur & Kitchin 2023; no formula of MP-20's validation or test "
        "split or of WBM's 972 is among the hypothetical ones; energies with the corrections of "
        "MaterialsProject2020Compatibility"
    ),
    "relaxations": (
        "relaxations of cell and atoms of hypothetical crystals by a potential: Nequix-OAM "
        "(nequix-oam-1 of github.com/atomicarchitects/nequix, MIT; trained on OMat24, sAlex and "
        "MPtrj), prototypes from MP-20's training split and Sanspeur & Kitchin 2023; no formula of "
        "MP-20's validation or test split; 4 % of the prototypes held out, 3 % for validation"
    ),
    "known": (
        "the potential's energies of known crystals of at most 20 atoms: MP-20's training split, "
        "the 2018 release of the Materials Project (MEGNet MP-2018.6.1, CC BY 4.0), and Sanspeur "
        "& Kitchin 2023, from the Materials Project (CC BY 4.0)"
    ),
    "further_entries": (
        "formation energies and gaps of further entries of the Materials Project (CC BY 4.0): "
        "labels of HyperConvexHull, gaps of the 2018 release (MEGNet MP-2018.6.1); without "
        "compositions that are held out"
    ),
    "mp_site_magmoms": (
        "site moments: Sanspeur & Kitchin 2023, from the Materials Project (CC BY 4.0); "
        "at most 20 atoms if nothing else is said, compositions of MP-20's validation and test "
        "splits left out; "
        "split by composition; "
        "sites of nonmagnetic MP-20 crystals without d- or f-block elements are zero"
    ),
}

_TRUNK = "the trunk: "
FROM_STRAINED_CELLS = "elastic tensors of strained cells by a potential, not by DFT"
TENSOR_SOURCES = (
    "dielectric tensors: Petousis et al. 2017 (doi:10.1038/sdata.2016.134) and the most "
    "anisotropic crystals of AnisoNet 2024",
    "elastic tensors: de Jong et al. 2015 (doi:10.1038/sdata.2015.9) and later, as published with "
    "MatTen and StrainTensorNet; bulk and shear moduli of binaries of the Materials Project, as "
    "published with matcalc (BSD-3)",
    "piezoelectric tensors: de Jong et al. 2015 (doi:10.1038/sdata.2015.53)",
    "mean dielectric constants: phonon database of the Materials Project, Petretto et al. 2018 "
    "(doi:10.1038/sdata.2018.65)",
)

_EXTRA = {
    "mp_2018_max_atoms": "mp_2018",
    "further_max_atoms": "further_crystals",
    "entries_max_atoms": "further_entries",
    "relaxations_share": "relaxations",
}
"""Sources that go with a key of ``data``."""
_JOINED = {"pes": ("mlearn", "monbtaw", "vasp_steps")}
_SPLITS = {
    "pes": "mlearn: published; monbtaw: published test groups, half of the quaternary's trained; "
    "vasp_steps: whole runs by seed 0",
    "fermi": "by composition, 90/5/5",
    "tensors": "by composition, 80/10/10",
    "teacher": "by prototype: 4 % of the prototypes held out",
}


OF_MEMBERS = (
    "sha256",
    "configuration",
    "seed",
    "epochs",
    "hardware",
    "wall_time_s",
    "training_command",
    "validation",
    "init",
    "readouts",
)
"""What a card says of each member of an ensemble."""


def write_checkpoint(
    path: Path,
    model: nn.Module,
    config: Configuration,
    result: FitResult,
    *,
    elements: list[int],
    counts: dict[str, int],
    device: str,
    command: str,
    property_elements: dict[str, list[int]] | None = None,
    systems: list[list[int]] | None = None,
) -> Card:
    """Save weights and card, then the reference results for the self-test.

    Parameters
    ----------
    path
        The ``.safetensors`` file to write.
    model, config, result
        What was fitted, how, and how it went.
    elements
        Atomic numbers in the training data.
    counts
        Number of crystals in each part of the data.
    device, command
        Where and by which command.
    property_elements
        Atomic numbers among the labels of properties that lack some of ``elements``.
    systems
        For a potential energy surface: the sets of elements that occur together in its data.
    """
    parts = _JOINED.get(config.data.name, (config.data.name,))
    tensors = isinstance(config, TensorsConfiguration)
    published = parts[0] in SOURCES or tensors
    card: dict[str, Any] = {
        "name": config.name,
        "version": config.version,
        "license": "weights: CC BY 4.0, as the data" if published else "as the user's data",
        "elements": elements,
    }
    sources = [SOURCES.get(part, "the user's own labels") for part in parts]
    if isinstance(model, PropertyNetwork):
        further = [FURTHER[target].data for target in FURTHER if target in model.targets]
        sources += [SOURCES[part] for part in further if published and part != config.data.name]
        units = config.units if isinstance(config, ECNConfiguration) else {}
        known = of_outputs(model.targets, model.site_targets, units)
        card["properties"] = {one.public_name: one.unit for one in known.values()}
        card["forces"] = model.gives_forces
        if model.gives_forces:
            card["properties"] |= {name: find(name).unit for name in ("forces", "stress")}
        if systems is not None:
            card["systems"] = systems
            card["license"] = "weights: CC BY 4.0; data: BSD-3"
        if property_elements:
            card["property_elements"] = property_elements
    sources += [SOURCES[part] for key, part in _EXTRA.items() if getattr(config.data, key, None)]
    if isinstance(config, TensorsConfiguration):
        trunk = beginning(config.init).content if config.init else {}
        made = [f"{FROM_STRAINED_CELLS}: {Path(name).name}" for name in config.data.further]
        sources = [*TENSOR_SOURCES, *made]
        sources += _of_trunk(source for source in trunk.get("data", []) if source not in sources)
        card["license"] = trunk.get("license", card["license"])
    if isinstance(config, SO3Configuration):
        names = [part.name for part in config.data.further]
        sources += [SOURCES.get(name, "the user's own labels") for name in names]
    if isinstance(config, PropertiesConfiguration):
        sources.append(SOURCES.get(config.teacher.name, "further energies, forces and stresses"))
    card |= {
        "data": sources,
        "split": {
            "name": _split_name(config, published),
            "crystals": counts,
        },
        "configuration": config.to_dict(),
        "seed": config.fit.seed,
        "epochs": result.epochs,
        "hardware": hardware(device),
        "wall_time_s": round(result.wall_time),
        "training_command": command,
        "validation": {k: round(v, 5) for k, v in result.validation.items() if k != "score"},
        "test": {},
        "references": [],
    }
    if config.init:
        card |= _of_beginning(card, config.init, model)
    save_checkpoint(path, model, card)
    card["references"] = make_references(path)
    return save_checkpoint(path, model, card)


def _of_trunk(sources: Iterable[str]) -> list[str]:
    """What a trunk was fitted to; one that was fitted to tensors had a trunk before."""
    return [s if s.startswith((_TRUNK, FROM_STRAINED_CELLS)) else _TRUNK + s for s in sources]


def _of_beginning(card: Mapping[str, Any], init: str, model: nn.Module) -> dict[str, Any]:
    """What a card says of the checkpoint that a fit began with."""
    start = beginning(init).content
    keys = ["sha256", "configuration", "epochs", "wall_time_s", "training_command", "init"]
    tensors = TensorsConfiguration.network
    of_tensors = start.get("configuration", {}).get("network") == tensors
    if card["configuration"]["network"] == tensors and not of_tensors:  # its trunk has a card
        keys = ["name", "version", "sha256"]
    found: dict[str, Any] = {"init": {key: start[key] for key in keys if key in start}}
    if isinstance(model, Network) and len(model.networks) > 1:
        # Beside what was fitted it has a network that gives the energies.
        parts = giving_energies(init).content, {**card, **found}
        found["members"] = [{key: said[key] for key in OF_MEMBERS if key in said} for said in parts]
    return found


def _split_name(config: Configuration, published: bool) -> str:
    data = config.data.name
    name = f"{data}, published split" if published else "by composition, 80/10/10"
    if getattr(config.data, "everything", False):
        return "all splits together; some compositions held out"
    both = "; trained on its training and validation parts together"
    return _SPLITS.get(data, name) + (both if getattr(config.data, "with_val", False) else "")


def hardware(device: str) -> str:
    """Describe the machine in words."""
    if torch.device(device).type == "cuda":
        return f"{torch.cuda.get_device_name(device)}, torch {torch.__version__}"
    return (
        f"CPU {_cpu_name()}, {os.cpu_count()} cores, {torch.get_num_threads()} torch threads, "
        f"torch {torch.__version__}"
    )


def _cpu_name() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
