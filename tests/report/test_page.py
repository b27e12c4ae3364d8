from __future__ import annotations

import re
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk

from ase_ecn.errors import OptionError
from ase_ecn.report.page import Column, Page, write_page

HARMFUL = "<script>alert('x')</script>&\""


def page(**changes: object) -> Page:
    columns = [
        Column(HARMFUL, HARMFUL, lambda row: row),
        Column("text", "text", lambda row: HARMFUL, "text"),
        Column("picture", "", lambda row: bulk("Cu"), "picture"),
    ]
    given = {"title": HARMFUL, "summary": ["one", HARMFUL], "shown": HARMFUL, "columns": columns}
    return Page(**{**given, "rows": [1.5, None, np.float64(2.0)], "figures": [], **changes})


def test_everything_that_is_given_is_escaped(tmp_path: Path) -> None:
    write_page(page(), tmp_path / "p.html")
    text = (tmp_path / "p.html").read_text()
    assert text.count("<script") == 1
    assert "alert(" in text
    assert HARMFUL not in text
    assert text.count("&lt;script&gt;alert(") == 9  # two titles, summary, shown, two heads, rows
    assert "<p>one<br>&lt;script" in text


def test_only_what_is_ours_is_called_safe() -> None:
    template = resources.files("ase_ecn.report").joinpath("page.html").read_text()
    safe = re.findall(r"\{\{ (.*?) \| safe \}\}", template)
    assert sorted(safe) == ["policy", "script", "style", "thumbnail(value)"]
    assert template.count("safe") == len(safe) + 1  # the comment


def test_numbers_are_short_and_sort_by_all_of_their_digits(tmp_path: Path) -> None:
    write_page(page(rows=[1.23456789, 3, None, np.float64(-2.0)]), tmp_path / "p.html")
    text = (tmp_path / "p.html").read_text()
    cells = re.findall(r"<tr><td(.*?)</td>", text)
    assert cells == [' data-value="1.23456789">1.235', ' data-value="3.0">3', ">", *cells[3:]]
    assert cells[3] == ' data-value="-2.0">-2'


def test_a_page_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="cannot write"):
        write_page(page(), tmp_path / "none" / "p.html")
