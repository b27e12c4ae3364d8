"""Writes ``examples/tutorial.ipynb`` from ``docs/tutorial.md``: the same words and code, to run.

Usage: ``python docs/make/notebook.py``. A test compares the two.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
TUTORIAL = ROOT / "docs" / "tutorial.md"
NOTEBOOK = ROOT / "examples" / "tutorial.ipynb"
MODULES = {"ase": "ase", "ase-ecn": "ase_ecn"}
"""Commands, and the modules that they run."""

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```\n", flags=re.DOTALL | re.MULTILINE)
_PICTURE = re.compile(r"^!\[.*?\]\(.*?\)\n", flags=re.MULTILINE)
_LINK = re.compile(r"\]\((?!https?:|#)([^)]+)\)")


def notebook(text: str) -> str:
    """The notebook of a page, without outputs: they come from running it.

    Python blocks become cells, and so do the commands of ``console`` blocks. What blocks print and
    pictures that are made with the documentation are left out; links lead to the pages.
    """
    cells: list[dict[str, Any]] = []
    end = 0
    for block in _BLOCK.finditer(text):
        _add_words(cells, text[end : block.start()])
        end = block.end()
        if block[1] == "python":
            _add(cells, "code", block[2])
        elif block[1] == "console":
            commands = re.findall(r"^\$ (.*)$", block[2], flags=re.MULTILINE)
            _add(cells, "code", "\n".join(_line(command) for command in commands))
    _add_words(cells, text[end:])
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    content = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def _line(command: str) -> str:
    """The line of a cell that runs a command in the notebook's own process.

    It needs nothing on the path, and does not import PyTorch anew.
    """
    name, _, arguments = command.partition(" ")
    return f"%run -m {MODULES[name]} {arguments}"


def _add_words(cells: list[dict[str, Any]], text: str) -> None:
    text = _LINK.sub(r"](../docs/\1)", _PICTURE.sub("", text))
    if text.strip():
        _add(cells, "markdown", text)


def _add(cells: list[dict[str, Any]], kind: str, text: str) -> None:
    cell: dict[str, Any] = {"cell_type": kind, "id": f"cell-{len(cells)}", "metadata": {}}
    cell["source"] = text.strip("\n").splitlines(keepends=True)
    if kind == "code":
        cell |= {"execution_count": None, "outputs": []}
    cells.append(cell)


if __name__ == "__main__":
    NOTEBOOK.write_text(notebook(TUTORIAL.read_text(encoding="utf-8")), encoding="utf-8")
