"""The page of a report: figures, a table that can be sorted, what failed.

The file asks for nothing from anywhere, and its policy forbids it to. Everything that comes from
the input is escaped by the template, and only the page's own script may run.
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
from typing import TYPE_CHECKING, Any, Literal

from ase_ecn.errors import OptionError
from ase_ecn.report.thumbnail import thumbnail
from ase_ecn.screening.store import Failure

if TYPE_CHECKING:
    from jinja2 import Template
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Column:
    """One column of the table.

    Attributes
    ----------
    name
        By which a link may ask for its order.
    heading
        What stands above it.
    value
        Of a row: a number or ``None``, a text, or the atoms of a picture.
    kind
        Which of these.
    """

    name: str
    heading: str
    value: Callable[[Any], Any]
    kind: Literal["number", "text", "picture"] = "number"


@dataclass(frozen=True)
class Page:
    """What a page shows; all text is plain.

    Attributes
    ----------
    title
        Of the page.
    summary
        Lines below the title.
    shown
        What the table has, in words.
    columns, rows
        Of the table.
    figures
        With their names.
    failures, failed
        Crystals without a result, and how many there are if not all are shown.
    """

    title: str
    summary: Sequence[str]
    shown: str
    columns: Sequence[Column]
    rows: Sequence[Any]
    figures: Sequence[tuple[str, Figure]]
    failures: Sequence[Failure] = ()
    failed: int = 0


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
    style, script = _own("page.css"), _own("page.js")
    # The browser hashes all between the tags, the first line break too.
    digest = base64.b64encode(sha256(f"\n{script}".encode()).digest()).decode()
    policy = (
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
        f"script-src 'sha256-{digest}'"
    )
    return _template().render(
        page=page,
        pictures=[(name, _png(figure)) for name, figure in page.figures],
        policy=policy,
        style=style,
        script=script,
        thumbnail=thumbnail,
        shortened=_shortened,
    )


@cache
def _template() -> Template:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined
    )
    return environment.from_string(_own("page.html"))


def _own(name: str) -> str:
    return resources.files("ase_ecn.report").joinpath(name).read_text(encoding="utf-8")


def _shortened(number: float) -> str:
    return f"{number:.0f}" if float(number).is_integer() else f"{number:.4g}"


def _png(figure: Figure) -> str:
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=110)
    return f"data:image/png;base64,{base64.b64encode(stream.getvalue()).decode()}"
