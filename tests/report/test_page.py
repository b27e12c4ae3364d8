from __future__ import annotations

import re
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk
from pages import data_of, measured

from ase_ecn.errors import OptionError
from ase_ecn.report.packing import Column
from ase_ecn.report.page import Page, Stage, write_page
from ase_ecn.screening.store import Failure

HARMFUL = "<script>alert('x')</script>&\""


def page(**changes: object) -> Page:
    columns = [
        Column("formula", "formula", lambda row: f"Cu{row}", "formula"),
        Column(HARMFUL, HARMFUL, lambda row: row, unit=HARMFUL),
        Column("text", "text", lambda row: HARMFUL, "text"),
    ]
    given = {"title": HARMFUL, "summary": ["one", HARMFUL], "shown": HARMFUL, "columns": columns}
    given |= {"rows": [1, None, np.float64(2.5)], "atoms": lambda row: bulk("Cu")}
    return Page(**{**given, **changes})


def test_everything_that_is_given_is_escaped_or_packed(tmp_path: Path) -> None:
    stages = [Stage(HARMFUL, 1, 2, HARMFUL), Stage(HARMFUL, 1, 2, column=HARMFUL)]
    failures = [Failure(HARMFUL, HARMFUL)]
    given = {"facts": [(HARMFUL, HARMFUL)], "funnel": stages, "failures": failures, "failed": 1}
    write_page(page(**given), tmp_path / "p.html")
    text = (tmp_path / "p.html").read_text()
    assert text.count("<script") == 1
    assert "alert(" in text
    assert HARMFUL not in text
    # Two titles, summary, shown; the facts; three of stages and the name of a column; a failure.
    assert text.count("&lt;script&gt;alert(") == 4 + 2 + 4 + 2
    data = data_of(text)
    assert data["columns"][1]["heading"] == HARMFUL
    assert data["columns"][2]["values"] == [HARMFUL] * 3


def test_only_what_is_ours_is_called_safe() -> None:
    template = resources.files("ase_ecn.report").joinpath("page.html").read_text()
    safe = re.findall(r"\{\{ ([^}]*?) \| safe \}\}", template)
    assert sorted(safe) == ["data", "drawn(diagram)", "policy", "script", "style"]
    assert template.count("safe") == len(safe) + 1  # the comment
    assert "safe" not in resources.files("ase_ecn.report").joinpath("diagram.svg").read_text()


def test_scripts_write_text_and_never_markup() -> None:
    for file in resources.files("ase_ecn.report").iterdir():
        if file.name.endswith(".js"):
            code = file.read_text()
            assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(", code)
            assert "http" not in code
            assert code.count("\n") < 400


def test_a_page_without_rows_has_no_table(tmp_path: Path) -> None:
    write_page(page(rows=[], shown=""), tmp_path / "p.html")
    text = (tmp_path / "p.html").read_text()
    assert "<table" not in text
    shown = measured(tmp_path / "p.html", "return document.getElementById('broken').hidden")
    assert shown is True


def test_a_page_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="cannot write"):
        write_page(page(), tmp_path / "none" / "p.html")
