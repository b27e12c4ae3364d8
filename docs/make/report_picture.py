"""The picture of a report in docs/howto/report.md, taken by Chromium; it is checked in.

``python docs/make/report_picture.py`` takes it again.
"""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from figures import screen_binaries

from ase_ecn.report import write_report

PICTURE = Path(__file__).parents[1] / "images" / "report.png"


def take(path: Path, *, browser: str = "chromium") -> None:
    """Screen the binary compounds of the tutorial, and show the upper part of their report."""
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "report.html"
        write_report(screen_binaries(Path(folder)), page)
        subprocess.run(
            [
                *(browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"),
                *(f"--user-data-dir={folder}/profile", "--virtual-time-budget=10000"),
                *("--window-size=1300,1150", f"--screenshot={path}", page.as_uri()),
            ],
            check=True,
            capture_output=True,
        )


if __name__ == "__main__":
    take(PICTURE)
