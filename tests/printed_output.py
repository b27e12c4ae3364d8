"""What examples and pages say that they print, against what they do."""

from __future__ import annotations

import re

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?![A-Za-z])")


def assert_printed(found: list[str], expected: list[str]) -> None:
    """Same lines, and the same numbers up to three units of the last digit."""
    assert [_NUMBER.sub("#", line).split() for line in found] == [
        _NUMBER.sub("#", line).split() for line in expected
    ]
    for line, other in zip(found, expected, strict=True):
        for number, stated in zip(_NUMBER.findall(line), _NUMBER.findall(other), strict=True):
            last_digit = 10.0 ** -len(stated.partition(".")[2])
            assert abs(float(number) - float(stated)) < 3.5 * last_digit, (line, other)
