"""Commands of ``python -m ase_ecn.training``, one file each; a new one is added to the list."""

from __future__ import annotations

from ase_ecn.commands.command_line import Command
from ase_ecn.training.commands import (
    audit_command,
    calibrate_command,
    candidates_command,
    domain_command,
    ensemble_command,
    evaluate_command,
    fit_ecn_command,
    fit_empnn_command,
    fit_heads_command,
    fit_pes_command,
    fit_properties_command,
    fit_so3_command,
    fit_tensors_command,
    hull_command,
    label_command,
)

COMMANDS: list[Command] = [
    fit_ecn_command.COMMAND,
    fit_empnn_command.COMMAND,
    fit_heads_command.COMMAND,
    fit_pes_command.COMMAND,
    fit_so3_command.COMMAND,
    fit_properties_command.COMMAND,
    fit_tensors_command.COMMAND,
    evaluate_command.COMMAND,
    calibrate_command.COMMAND,
    domain_command.COMMAND,
    ensemble_command.COMMAND,
    candidates_command.COMMAND,
    label_command.COMMAND,
    hull_command.COMMAND,
    audit_command.COMMAND,
]
