"""What MkDocs adds to the written pages, see ``mkdocs.yml``."""

from __future__ import annotations

import contextlib
import io
import os
import posixpath
import re
from pathlib import Path
from typing import Any

from cards import card_page, overview
from configuration import configuration_page
from figures import FIGURES, svg
from mathml import with_mathml
from mkdocs.structure.files import File, Files

from ase_ecn import cli
from ase_ecn.checkpoint import bundled_checkpoints, read_card
from ase_ecn.commands import COMMANDS

ROOT = Path(__file__).parents[2]
CARDS = "models"


def on_config(config: Any) -> Any:
    """Put the model cards into the navigation."""
    pages: list[Any] = [{"Overview": f"{CARDS}/index.md"}]
    pages += [{name: f"{CARDS}/{name}.md"} for name in bundled_checkpoints()]
    for section in config.nav:
        if "Model cards" in section:
            section["Model cards"] = pages
    return config


def on_files(files: Files, config: Any) -> Files:
    """Add the pages and figures that are made from something else."""
    cards = {name: read_card(name).content for name in bundled_checkpoints()}
    pages: dict[str, str] = {
        "index.md": home((ROOT / "README.md").read_text()),
        "changelog.md": (ROOT / "CHANGELOG.md").read_text(),
        "reference/command-line.md": command_line(),
        "reference/configuration.md": configuration_page(),
        f"{CARDS}/index.md": overview(cards),
        **{f"{CARDS}/{name}.md": card_page(card) for name, card in cards.items()},
    }
    for path, text in pages.items():
        files.append(File.generated(config, path, content=text))
    for name, draw in FIGURES.items():
        files.append(File.generated(config, f"figures/{name}.svg", content=svg(draw())))
    return files


def home(readme: str) -> str:
    """The README as the first page: links from this folder, and none to what is no page."""
    pages = {"CHANGELOG.md": "changelog.md"}

    def link(match: re.Match[str]) -> str:
        text, target = match[1], match[2]
        if target.startswith(("https:", "docs/")) and not target.endswith(".py"):
            return f"[{text}]({target.removeprefix('docs/')})"
        return f"[{text}]({pages[target]})" if target in pages else text

    return re.sub(r"\[([^\]]+)\]\(([^)]+)\)", link, readme)


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Make links of names such as `docs/data.md`, by which texts mention each other."""
    folder = posixpath.dirname(page.file.src_uri) or "."

    def link(match: re.Match[str]) -> str:
        return f"[{match[0]}]({posixpath.relpath(match[1], folder)})"

    return re.sub(r"`docs/([\w/-]+\.md)`(?!\])", link, markdown)


def on_page_content(html: str, **_: Any) -> str:
    """Formulas as MathML, which browsers show without a script."""
    return with_mathml(html)


def command_line() -> str:
    """The help of all commands."""
    os.environ.update(COLUMNS="100", NO_COLOR="1")
    parts = ["# Command line\n"]
    for command in (one.name for one in COMMANDS):
        text = io.StringIO()
        with contextlib.redirect_stdout(text), contextlib.suppress(SystemExit):
            cli.main([command, "--help"])
        parts.append(f"## ase-ecn {command}\n\n```text\n{text.getvalue()}```\n")
    return "\n".join(parts)
