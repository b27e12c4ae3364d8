"""Reports as their tests read them, also in a real browser."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from ase_ecn.report.packing import unpacked

HARMFUL = "<img src=x onerror=\"document.title='taken over'\"><script>document.title='x'</script>"


FILE = "<svg onload=document.title='y'>&amp;\"'.extxyz"

_FRAME = """<!DOCTYPE html><body style="margin:0">
<iframe src="{name}" style="border:0;display:block;width:{width}px;height:{height}px"></iframe>
<pre id="found"></pre><script>
onmessage = event => {{ document.getElementById("found").textContent = event.data; }};
</script></body>"""
# The data are unpacked in other threads, which the browser's virtual time does not wait for.
_WAIT = """<script>
(async () => {
  while (!document.documentElement.dataset.ready) await new Promise(done => setTimeout(done, 20));
  let found;
  try { found = await (async () => { %s })(); } catch (error) { found = { error: String(error) }; }
  parent.postMessage(JSON.stringify(found), "*");
})();
</script></body>"""


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


def data_of(text: str) -> dict[str, Any]:
    """What the page's script finds in it."""
    (packed,) = re.findall(r'<template id="data">(.*?)</template>', text, re.DOTALL)
    return unpacked(packed)


def energies(text: str) -> list[float]:
    return [float(value) for value in column(text, "formation_energy")]


def column(text: str, name: str) -> list[Any]:
    (found,) = (c["values"] for c in data_of(text)["columns"] if c["name"] == name)
    return found


def shown_column(shown: str, name: str) -> list[str]:
    """Text of a column in the table that a browser has made."""
    head = re.search(r"<thead>(.*?)</thead>", shown, re.DOTALL)
    assert head is not None
    heads = re.findall(r"<th([^>]*)>", head[1])
    (place,) = (k for k, h in enumerate(heads) if f'data-name="{name}"' in h)
    rows = re.findall(r"<tr[^>]*data-row=.*?</tr>", shown, re.DOTALL)
    cells = [re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL)[place] for row in rows]
    return [re.sub(r"<.*?>", "", cell) for cell in cells]


def shown_energies(shown: str) -> list[float]:
    texts = shown_column(shown, "formation_energy")
    return [float(text.split(" ± ")[0].replace("\N{MINUS SIGN}", "-")) for text in texts]


def in_browser(path: Path, fragment: str) -> str:
    """The page as a browser has it after its script ran, or skip."""
    return _run(f"{path.as_uri()}#{fragment}", path.parent)


def measured(
    path: Path,
    script: str,
    *,
    width: int = 1300,
    height: int = 1000,
    dark: bool = False,
    picture: Path | None = None,
) -> Any:
    """What a script finds that runs in a page of this width after the page's own, or skip.

    The page is measured in a frame: windows cannot be as narrow as telephones. Its policy, which
    would refuse the script, is taken out.
    """
    text, count = re.subn(r'<meta http-equiv="Content-Security-Policy".*?>', "", path.read_text())
    assert count == 1
    copy = path.with_suffix(".measured.html")
    copy.write_text(text.replace("</body>", _WAIT % script))
    frame = path.with_suffix(".frame.html")
    frame.write_text(_FRAME.format(name=copy.name, width=width, height=height))
    scheme = f"--blink-settings=preferredColorScheme={0 if dark else 1}"
    size = f"--window-size={max(width, 500)},{height}"
    taken = () if picture is None else (f"--screenshot={picture}",)
    shown = _run(frame.as_uri(), path.parent, scheme, size, *taken)
    found = re.search(r'<pre id="found">(.*?)</pre>', shown, re.DOTALL)
    assert found is not None
    assert found[1], "the script did not end"
    entities = {"&lt;": "<", "&gt;": ">", "&nbsp;": "\u00a0", "&amp;": "&"}
    plain = re.sub("|".join(entities), lambda match: entities[match[0]], found[1])
    return json.loads(plain)


def _run(address: str, folder: Path, *options: str) -> str:
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    if browser is None:
        pytest.skip("chromium is not installed")
    done = subprocess.run(
        [
            *(browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"),
            *("--dump-dom", f"--user-data-dir={folder / 'profile'}", "--virtual-time-budget=10000"),
            *(*options, address),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout
