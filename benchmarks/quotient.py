"""The ECN on the primitive cell, and on the paper's 2x2x2 supercell: the same output."""

from __future__ import annotations

import numpy as np
import torch

from ase_ecn.crystal import as_crystal
from ase_ecn.graphs.batch import bond_graphs, pack
from ase_ecn.graphs.supercell import supercell
from ase_ecn.nn.ecn import ECN, ECNConfig
from benchmarks.common import Options, Row, mp20_atoms, take_turns


def measure(options: Options) -> list[Row]:
    """Forward passes without gradients."""
    atoms = mp20_atoms(options, 32 if options.brief else 64)
    primitives = [as_crystal(a).primitive.crystal for a in atoms]
    model = ECN(ECNConfig(("formation_energy",), messages="coloured", width=128, layers=5)).eval()
    batch = pack(bond_graphs(primitives)).batch(np.arange(len(atoms)))
    with torch.inference_mode():
        difference = (
            model(batch)["formation_energy"] - model(supercell(batch))["formation_energy"]
        ).abs()
        assert float(difference.max()) < 1e-4
        ours, theirs = take_turns(
            lambda: model(batch), lambda: model(supercell(batch)), options=options
        )
    return [Row("ECN: quotient; peer: supercell", ours, theirs, "s", 5, 7)]
