"""``invariance``: the same predictions for all descriptions of a crystal?"""

from __future__ import annotations

import argparse
import json
import logging
from dataclasses import asdict
from pathlib import Path

import numpy as np

from ase_ecn.checkpoint import DEFAULT_ECN, DEFAULT_EMPNN
from ase_ecn.commands.command_line import Command
from ase_ecn.prediction import PropertyPredictor
from ase_ecn.relaxation.predictor import StrainPredictor
from reproduce.reports.invariance import (
    EDGE_BOUND,
    EQUIVALENTS,
    Disagreement,
    disagreements,
    edge_jump,
    equivalent_pairs,
    prototype_library,
    table,
)

logger = logging.getLogger(__name__)


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("checkpoint", nargs="?", default=DEFAULT_ECN, help="of the ECN")
    parser.add_argument("relaxer", nargs="?", default=DEFAULT_EMPNN, help="of the EMPNN")
    parser.add_argument("--equivalents", type=int, default=EQUIVALENTS, help="of each prototype")
    parser.add_argument(
        "--edges", type=int, default=1, help="search every so many prototypes for jumps"
    )
    parser.add_argument("--predictions-only", action="store_true", help="relax nothing")
    parser.add_argument("--dtype", choices=("float32", "float64"), default="float32")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="JSON file for every single difference")


def _run(options: argparse.Namespace) -> int:
    """The exit status is 1 if a jump is above the bound."""
    predictor = PropertyPredictor(options.checkpoint, device="cpu", dtype=options.dtype)
    network = StrainPredictor(options.relaxer, device="cpu", dtype=options.dtype)
    relaxer = None if options.predictions_only else network
    library = prototype_library(predictor.card.elements & network.card.elements)
    found: list[Disagreement] = []
    jumps: dict[str, float] = {}
    for k, (name, atoms) in enumerate(library.items()):
        rng = np.random.default_rng([options.seed, k])
        pairs = list(equivalent_pairs(name, atoms, options.equivalents, rng))
        found.extend(disagreements(predictor, relaxer, pairs))
        if k % max(1, options.edges) == 0:
            jumps[name] = edge_jump(predictor, atoms, rng)[1]
        if (k + 1) % 24 == 0:
            logger.info("%d of %d prototypes", k + 1, len(library))
    highest = max(jumps, key=lambda name: jumps[name])
    print(f"{predictor.card.name} {predictor.card.version}, {network.card.name} "
          f"{network.card.version}, {options.dtype}, {len(library)} prototypes")  # fmt: skip
    print(table(found))
    print(
        f"jumps at the tolerance, {len(jumps)} prototypes: "
        f"{1000 * max(jumps.values()):.3g} meV/atom at most ({highest}), "
        f"mean {1000 * float(np.mean(list(jumps.values()))):.2g}; "
        f"allowed {1000 * EDGE_BOUND:g}"
    )
    if options.out:
        content = {"pairs": [asdict(d) for d in found], "edge_jumps": jumps}
        options.out.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    at_edges = [d.energy for d in found if d.kind == "tolerance"]
    return int(max([*jumps.values(), *at_edges]) > EDGE_BOUND)


COMMAND = Command("invariance", "the same answer for all descriptions?", _add_arguments, _run)
