"""Commands of ``python -m reproduce``, one file each; a new one is added to the list."""

from __future__ import annotations

from ase_ecn.commands.command_line import Command
from reproduce.commands import (
    ablation_command,
    baselines_command,
    clean_command,
    close_contacts_command,
    denoise_command,
    domain_errors_command,
    flags_command,
    force_sets_command,
    full_relaxations_command,
    hull_distances_command,
    hypothetical_command,
    invariance_command,
    ionic_steps_command,
    measured_gaps_command,
    phonons_command,
    reconstruct_command,
    reliability_command,
    soak_command,
    strained_cells_command,
    tables_command,
    textbook_command,
    vasp_relaxations_command,
)

COMMANDS: list[Command] = [
    ablation_command.COMMAND,
    baselines_command.COMMAND,
    denoise_command.COMMAND,
    reconstruct_command.COMMAND,
    tables_command.COMMAND,
    clean_command.COMMAND,
    domain_errors_command.COMMAND,
    reliability_command.COMMAND,
    flags_command.COMMAND,
    hypothetical_command.COMMAND,
    hull_distances_command.COMMAND,
    invariance_command.COMMAND,
    soak_command.COMMAND,
    phonons_command.COMMAND,
    force_sets_command.COMMAND,
    close_contacts_command.COMMAND,
    vasp_relaxations_command.COMMAND,
    full_relaxations_command.COMMAND,
    ionic_steps_command.COMMAND,
    textbook_command.COMMAND,
    measured_gaps_command.COMMAND,
    strained_cells_command.COMMAND,
]
