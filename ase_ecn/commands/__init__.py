"""Commands of ``ase-ecn``, one file each; a new one is added to the list."""

from __future__ import annotations

from ase_ecn.commands import (
    export_command,
    info_command,
    mcp_command,
    pattern_command,
    plot_command,
    predict_command,
    relax_command,
    report_command,
    screen_command,
    selftest_command,
)
from ase_ecn.commands.command_line import Command

COMMANDS: list[Command] = [
    predict_command.COMMAND,
    relax_command.COMMAND,
    screen_command.COMMAND,
    report_command.COMMAND,
    export_command.COMMAND,
    plot_command.COMMAND,
    pattern_command.COMMAND,
    mcp_command.COMMAND,
    info_command.COMMAND,
    selftest_command.COMMAND,
]
