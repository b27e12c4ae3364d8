"""``ase-ecn mcp``: a server through which language models predict, relax and screen."""

from __future__ import annotations

import argparse
import functools
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Any

from ase_ecn import __version__
from ase_ecn.commands.command_line import Command, no_arguments
from ase_ecn.errors import ASEECNError, OptionError
from ase_ecn.mcp_tools import TOOLS

if TYPE_CHECKING:
    from mcp.server import MCPServer

_INSTRUCTIONS = (
    "Properties and relaxed cells of bulk crystals by equivariant networks. Predictions resemble "
    "PBE(+U) of the Materials Project; mind out_of_domain and the stated errors (…_std)."
)


def mcp_server() -> MCPServer[Any]:
    """Make the server, which speaks the Model Context Protocol.

    Raises
    ------
    OptionError
        If the package ``mcp`` is not installed.
    """
    try:
        from mcp.server import MCPServer
        from mcp.server.mcpserver.exceptions import ToolError
    except ImportError as error:
        raise OptionError("the server needs mcp: pip install 'ase-ecn[mcp]'") from error
    server: MCPServer[Any] = MCPServer("ase-ecn", instructions=_INSTRUCTIONS, version=__version__)
    for tool in TOOLS:
        server.add_tool(_answering(tool, ToolError))
    return server


def _answering(tool: Callable[..., Any], problem: type[Exception]) -> Callable[..., Any]:
    """A tool whose errors are answers in words, and that prints nothing into the protocol."""

    @functools.wraps(tool)
    def answer(*args: Any, **options: Any) -> Any:
        try:
            with redirect_stdout(sys.stderr):
                return tool(*args, **options)
        except ASEECNError as error:
            raise problem(str(error)) from error

    return answer


def _run(_: argparse.Namespace) -> int:
    mcp_server().run("stdio")
    return 0


COMMAND = Command("mcp", "serve language models by the Model Context Protocol", no_arguments, _run)
