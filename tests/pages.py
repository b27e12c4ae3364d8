"""Reports as their tests read them, also in a real browser."""

from __future__ import annotations

import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

HARMFUL = "<img src=x onerror=\"document.title='taken over'\"><script>document.title='x'</script>"


FILE = "<svg onload=document.title='y'>&amp;\"'.extxyz"


class Page(HTMLParser):
    """Tags with their attributes, and the text of each cell."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.cells: list[str] = []
        self.feed(text)
        self.cells = [cell.strip() for cell in self.cells]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag in ("td", "th"):
            self.cells.append("")

    def handle_data(self, data: str) -> None:
        if self.cells:
            self.cells[-1] += data


def energies(text: str) -> list[float]:
    return [float(value) for value in column(text, "formation_energy")]


def column(text: str, name: str) -> list[str]:
    head = re.search(r"<thead>(.*?)</thead>", text, re.DOTALL)
    assert head is not None
    place = re.findall(r'data-name="([^"]*)"', head[1]).index(name)
    rows = re.findall(r"<tr><td>.*?</tr>", text, re.DOTALL)
    cells = [re.findall(r'<td(?: data-value="([^"]*)"| class="text")?>', row) for row in rows]
    return [row[place] for row in cells]


def in_browser(path: Path, fragment: str) -> str:
    """The page as a browser has it after its script ran, or skip."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    if browser is None:
        pytest.skip("chromium is not installed")
    done = subprocess.run(
        [
            *(browser, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"),
            *(f"--user-data-dir={path.parent / 'profile'}", "--virtual-time-budget=5000"),
            f"{path.as_uri()}#{fragment}",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout
