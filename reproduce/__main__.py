"""``python -m reproduce COMMAND``: what the papers and the documents report, computed again.

Run from the checkout, with the package installed.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from ase_ecn.errors import OptionError
from ase_ecn.training.commands import add_common_options, run_command
from reproduce.ablation import add_ablation_arguments, run_ablation
from reproduce.baselines.command import add_baselines_arguments, run_baselines
from reproduce.cleaning.cleaning_report import add_clean_arguments, run_clean
from reproduce.empnn_tables.denoising import add_denoise_arguments, run_denoise
from reproduce.empnn_tables.experiments import add_tables_arguments, run_tables
from reproduce.reports.close_contacts import run_close_contacts
from reproduce.reports.domain_errors import run_domain_errors
from reproduce.reports.force_errors import run_force_sets
from reproduce.reports.hypothetical import run_hypothetical
from reproduce.reports.invariance import add_invariance_arguments, run_invariance
from reproduce.reports.soak import add_soak_arguments, run_soak


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit status."""
    return run_command(_parser(), arguments)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m reproduce", description=__doc__)
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("ablation", help="what each variant of the ECN buys")
    add_ablation_arguments(command)
    command.set_defaults(run=run_ablation)
    command = commands.add_parser("baselines", help="other models on the same splits")
    add_baselines_arguments(command)
    command.set_defaults(run=run_baselines)
    command = commands.add_parser("denoise", help="how well an EMPNN undoes noise of any strength")
    add_denoise_arguments(command)
    command.set_defaults(run=run_denoise)
    command = commands.add_parser("reconstruct", help="lattices from cubes of 1 Å (EMPNN, table 3)")
    add_tables_arguments(command, (3,))
    command.set_defaults(run=run_tables)
    command = commands.add_parser("tables", help="tables 1 to 3 of the EMPNN paper, and ours")
    add_tables_arguments(command, (1, 2, 3))
    command.set_defaults(run=run_tables)
    command = commands.add_parser("clean", help="clean and split tables of structures")
    add_clean_arguments(command)
    command.set_defaults(run=run_clean)
    command = commands.add_parser(
        "domain-errors", help="do the flag and the stated uncertainty rank errors?"
    )
    command.add_argument("checkpoint", help="an ECN that states uncertainties")
    command.set_defaults(run=run_domain_errors)
    command = commands.add_parser("force-sets", help="energies, forces and stresses of DFT sets")
    command.add_argument("checkpoint", help="one that gives forces")
    command.add_argument("--labels", help="JSON lines to write the training splits to")
    command.set_defaults(run=run_force_sets)
    command = commands.add_parser("hypothetical", help="crystals that nobody has made")
    command.add_argument("checkpoint", help="one that predicts formation energies")
    command.set_defaults(run=run_hypothetical)
    command = commands.add_parser("close-contacts", help="do atoms repel that are far too near?")
    command.add_argument("checkpoint", help="one with an SO(3)-equivariant network")
    command.add_argument("--repulsion", type=float, help="also with repulsion that begins there")
    command.set_defaults(run=run_close_contacts)
    command = commands.add_parser("invariance", help="the same answer for all descriptions?")
    add_invariance_arguments(command)
    command.set_defaults(run=run_invariance)
    command = commands.add_parser("soak", help="many predictions and relaxations in one process")
    add_soak_arguments(command)
    command.set_defaults(run=run_soak)
    command = commands.add_parser("phonons", help="a potential energy surface and VASP's forces")
    command.add_argument("--checkpoint", default="ecn-pes", help="a potential energy surface")
    command.add_argument("--mesh", type=int, default=20, help="points along an axis (default: 20)")
    command.set_defaults(run=_phonons)
    command = commands.add_parser(
        "vasp-relaxations", help="cells of empnn-mp20 and of VASP's relaxations"
    )
    command.set_defaults(run=_vasp_relaxations)
    for command in commands.choices.values():
        add_common_options(command)
    return parser


def _phonons(options: argparse.Namespace) -> int:
    try:
        from reproduce.reports.phonon_errors import run_phonons
    except ImportError as error:
        raise OptionError("phonons need phonopy: pip install ase-ecn[phonons]") from error
    return run_phonons(options)


def _vasp_relaxations(options: argparse.Namespace) -> int:
    # Late, because its readers import h5py, which starts a process.
    from reproduce.reports.vasp_relaxations import run_vasp_relaxations

    return run_vasp_relaxations(options)


if __name__ == "__main__":
    sys.exit(main())
