"""``hull``: the known phases that the package comes with, from the data sets."""

from __future__ import annotations

import argparse
import json
from datetime import date
from pathlib import Path

import numpy as np

from ase_ecn.commands.command_line import Command
from ase_ecn.hull.phase_table import NAME, write_table
from ase_ecn.training.data.datasets import data_folder
from ase_ecn.training.data.hull_vertices import hull_vertices

_CARD = {
    "name": "Materials Project, phases on the convex hull",
    "source": [
        "MP-20 of CDVAE (MIT)",
        "HyperConvexHull (github.com/lrcfmd/HyperConvexHull)",
        "matbench_mp_e_form and the 85,014 entries of Bartel et al. 2020 (MIT), converted to the "
        "corrections of 2020",
        "all from the Materials Project",
    ],
    "license": "CC BY 4.0, as the Materials Project",
    "energies": "formation energies in the convention of MP-20: PBE(+U) with the corrections of "
    "MaterialsProject2020Compatibility, elements at zero",
    "unit": "1e-6 eV/atom",
    "command": "python -m ase_ecn.training hull --data DATA",
}


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    default = Path("ase_ecn") / "hull"
    parser.add_argument("--out", type=Path, default=default, help=f"folder (default: {default})")


def _run(options: argparse.Namespace) -> int:
    table = hull_vertices(data_folder(options.data))
    path = options.out / f"{NAME}.npz"
    write_table(table, path)
    of_size = np.bincount((table.numbers > 0).sum(axis=1)).tolist()
    card = {
        **_CARD,
        "date": date.today().isoformat(),
        "phases": len(table.energies),
        "phases_by_number_of_elements": {str(k): n for k, n in enumerate(of_size) if n},
        "phases_with_id": int((table.ids > 0).sum()),
    }
    path.with_suffix(".json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    print(f"wrote {path}: {len(table.energies)} phases, {path.stat().st_size} bytes")
    return 0


COMMAND = Command(
    "hull", "gather the known phases that the package comes with", _add_arguments, _run
)
