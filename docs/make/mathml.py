"""Formulas: TeX to MathML."""

from __future__ import annotations

import html
import re

from latex2mathml.converter import convert

# How pymdownx.arithmatex marks formulas, in lines and on lines of their own.
_FORMULA = re.compile(
    r'<(span|div) class="arithmatex">\\([(\[])(.*?)\\[)\]]</(?:span|div)>', flags=re.DOTALL
)


def with_mathml(page: str) -> str:
    """Replace the formulas of an HTML page.

    Raises
    ------
    Exception
        Of ``latex2mathml``, for a formula that is not TeX.
    """

    def replaced(match: re.Match[str]) -> str:
        display = "block" if match[2] == "[" else "inline"
        return str(convert(html.unescape(match[3]).strip(), display=display))

    return _FORMULA.sub(replaced, page)
