"""Conditions such as ``band_gap > 1 and formation_energy < -0.5``, parsed and never evaluated.

Grammar: numbers and names, compared by ``< <= > >= == = !=`` (also in chains, ``1 < gap < 3``),
joined by ``and``, ``or``, ``not`` and parentheses, which bind as in Python.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from ase_ecn.errors import OptionError

Values = Mapping[str, float]
Test = Callable[[Values], bool]
Term = Callable[[Values], float]

_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?![\w.])"
    r"|(?P<name>[A-Za-z_]\w*)|(?P<symbol><=|>=|==|!=|[<>=()+-]))"
)
_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
    "==": operator.eq,
    "!=": operator.ne,
}
_KEYWORDS = ("and", "or", "not")
_MAX_DEPTH = 50


@dataclass(frozen=True)
class Condition:
    """A parsed condition.

    Attributes
    ----------
    text
        The condition as written.
    names
        Names that occur in it.
    """

    text: str
    names: frozenset[str]
    _test: Test

    def __call__(self, values: Values) -> bool:
        """Whether the values satisfy the condition.

        Raises
        ------
        OptionError
            If one of :attr:`names` is missing.
        """
        missing = self.names - set(values)
        if missing:
            raise OptionError(f"{self.text!r} needs {', '.join(sorted(missing))}")
        return self._test(values)


def parse_condition(text: str, known: Iterable[str]) -> Condition:
    """Parse a condition.

    Parameters
    ----------
    text
        Such as ``"band_gap > 1 and not (natoms > 20 or formation_energy > -0.5)"``.
    known
        Names that may occur in it.

    Raises
    ------
    OptionError
        If the text is not a condition, or a name is not known; the message quotes the part.
    """
    return _Parser(text, frozenset(known)).parse()


class _Parser:
    """One method per rule of the grammar; each consumes the tokens that belong to it."""

    def __init__(self, text: str, known: frozenset[str]) -> None:
        self.text = text
        self.known = known
        self.names: set[str] = set()
        self.tokens = self._tokens()
        self.place = 0
        self.depth = 0

    def parse(self) -> Condition:
        test = self._either()
        if self._next is not None:
            raise self._error(f"did not expect {self._next!r}")
        return Condition(self.text, frozenset(self.names), test)

    def _tokens(self) -> list[tuple[str, str]]:
        tokens, place, end = [], 0, len(self.text.rstrip())
        while place < end:
            match = _TOKEN.match(self.text, place)
            if match is None:
                raise self._error(f"cannot read {self.text[place:].strip()!r}")
            assert match.lastgroup is not None
            tokens.append((match.lastgroup, match[match.lastgroup]))
            place = match.end()
        return tokens

    @property
    def _next(self) -> str | None:
        return self.tokens[self.place][1] if self.place < len(self.tokens) else None

    def _take(self, *expected: str) -> bool:
        if self._next in expected:
            self.place += 1
            return True
        return False

    def _either(self) -> Test:
        tests = [self._both()]
        while self._take("or"):
            tests.append(self._both())
        return lambda values: any(test(values) for test in tests)

    def _both(self) -> Test:
        tests = [self._single()]
        while self._take("and"):
            tests.append(self._single())
        return lambda values: all(test(values) for test in tests)

    def _single(self) -> Test:
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise self._error(f"more than {_MAX_DEPTH} levels")
        try:
            if self._take("not"):
                denied = self._single()
                return lambda values: not denied(values)
            if self._take("("):
                test = self._either()
                if not self._take(")"):
                    raise self._error("a parenthesis is not closed")
                return test
            return self._comparison()
        finally:
            self.depth -= 1

    def _comparison(self) -> Test:
        links: list[tuple[Term, Callable[[float, float], bool], Term]] = []
        left = self._term()
        while self._next in _COMPARISONS:
            compare = _COMPARISONS[str(self._next)]
            self.place += 1
            right = self._term()
            links.append((left, compare, right))
            left = right
        if not links:
            raise self._error("a comparison such as 'band_gap > 1' is needed")
        return lambda values: all(compare(a(values), b(values)) for a, compare, b in links)

    def _term(self) -> Term:
        sign = -1.0 if self._take("-") else 1.0
        if sign > 0:
            self._take("+")
        if self.place == len(self.tokens):
            raise self._error("it ends too early")
        kind, text = self.tokens[self.place]
        if kind == "symbol" or text in _KEYWORDS:
            raise self._error(f"did not expect {text!r}")
        self.place += 1
        if kind == "number":
            number = sign * float(text)
            return lambda _: number
        if text not in self.known:
            raise self._error(f"unknown name {text!r}; known are {', '.join(sorted(self.known))}")
        self.names.add(text)
        return lambda values: sign * float(values[text])

    def _error(self, reason: str) -> OptionError:
        return OptionError(f"condition {self.text!r}: {reason}")
