"""The page of a report: what it shows, and how it becomes one HTML file.

The file asks for nothing from anywhere, and its policy forbids it to. What comes from the input is
escaped by the template, or packed with the rows, which the page's own script writes as text; only
that script may run.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ase import Atoms

from ase_ecn import __version__
from ase_ecn.errors import OptionError
from ase_ecn.report.packing import Column, packed
from ase_ecn.report.system_diagram import Diagram, drawn
from ase_ecn.screening.store import Failure

if TYPE_CHECKING:
    from jinja2 import Environment
    from matplotlib.figure import Figure

_SCRIPTS = ("crystal.js", "scatter.js", "table.js", "page.js")


@dataclass(frozen=True)
class Stage:
    """One bar of the funnel.

    Attributes
    ----------
    name
        What these crystals are.
    count
        How many.
    total
        How many a full bar stands for.
    note
        Small print.
    tone
        ``"good"``, ``"near"`` or ``"warn"`` for its colour; ``"part"`` beside it if it does not
        narrow down what comes next.
    column, at_most
        The condition that keeps these rows of the table, if there is one.
    """

    name: str
    count: int
    total: int
    note: str = ""
    tone: str = ""
    column: str = ""
    at_most: float = 0.0

    @property
    def percent(self) -> float:
        """Length of the bar."""
        return 100 * self.count / self.total if self.total else 0.0


@dataclass(frozen=True)
class Plot:
    """Two columns against each other; the first of a page can be changed by the reader."""

    x: str
    y: str
    caption: str = ""


@dataclass(frozen=True)
class Page:
    """What a page shows; all text is plain.

    Attributes
    ----------
    title
        Of the page.
    summary
        Lines below the title.
    columns, rows
        Of the table; the first column is a formula.
    atoms
        Crystal of a row, for its picture.
    shown
        What the table does not have, in words.
    order
        Column that the table is sorted by when it is opened, with ``-`` for the largest first.
    facts
        How this came about: names and values.
    funnel
        From all crystals to the best.
    plots
        The first is the map; the others have a diagonal.
    diagrams, diagrams_note
        Phase diagrams, and what they show.
    figures
        With their names.
    failures, failed
        Crystals without a result, and how many there are if not all are shown.
    """

    title: str
    summary: Sequence[str]
    columns: Sequence[Column]
    rows: Sequence[Any]
    atoms: Callable[[Any], Atoms]
    shown: str = ""
    order: str = ""
    facts: Sequence[tuple[str, str]] = ()
    funnel: Sequence[Stage] = ()
    plots: Sequence[Plot] = ()
    diagrams: Sequence[Diagram] = ()
    diagrams_note: str = ""
    figures: Sequence[tuple[str, Figure]] = ()
    failures: Sequence[Failure] = ()
    failed: int = 0

    @property
    def footer(self) -> str:
        """What has written this."""
        return f"Written by ase-ecn {__version__}. One file: nothing is loaded from elsewhere."


def write_page(page: Page, path: str | Path) -> None:
    """Write a page as one HTML file.

    Raises
    ------
    OptionError
        If it cannot be written.
    """
    text = _text(page)
    try:
        Path(path).write_text(text, encoding="utf-8")
    except OSError as error:
        raise OptionError(f"cannot write {path}: {error}") from error


def _text(page: Page) -> str:
    script = "".join(map(own, _SCRIPTS))
    # The browser hashes all between the tags, the first line break too.
    digest = base64.b64encode(sha256(f"\n{script}".encode()).digest()).decode()
    policy = (
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
        f"script-src 'sha256-{digest}'"
    )
    environment = _environment()
    return environment.from_string(own("page.html")).render(
        page=page,
        pictures=[(name, _png(figure)) for name, figure in page.figures],
        data=packed(page.columns, page.rows, page.atoms, page.order, page.plots),
        drawn=lambda diagram: drawn(diagram, environment.from_string(own("diagram.svg"))),
        policy=policy,
        style=own("page.css"),
        script=script,
    )


@cache
def _environment() -> Environment:
    from jinja2 import Environment, StrictUndefined

    return Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined
    )


def own(name: str) -> str:
    """A file of this folder as text."""
    return resources.files("ase_ecn.report").joinpath(name).read_text(encoding="utf-8")


def _png(figure: Figure) -> str:
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=110)
    return f"data:image/png;base64,{base64.b64encode(stream.getvalue()).decode()}"
