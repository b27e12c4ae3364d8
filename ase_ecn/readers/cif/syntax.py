"""The syntax of CIFs: from text to data blocks of tags and values, also where it is sloppy.

The grammar is that of CIF 1.1 with the long strings of CIF 2 (https://www.iucr.org/resources/cif).
Tags are compared without regard to case, and the dots of newer dictionaries are underscores.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field

from ase_ecn.errors import CrystalError

_TOKEN = re.compile(
    r"""
      ^;(?P<field>.*?)(?:^;|\Z)
    | \#[^\n]*
    | '''(?P<long>.*?)'''
    | \"\"\"(?P<longer>.*?)\"\"\"
    | '(?P<single>[^\n]*?)'(?=\s|\Z)
    | "(?P<double>[^\n]*?)"(?=\s|\Z)
    | (?P<word>[^\s]+)
    """,
    re.MULTILINE | re.DOTALL | re.VERBOSE,
)
_RESERVED = ("data_", "loop_", "save_", "global_", "stop_")
_UNKNOWN = ("?", ".", "")


@dataclass
class Block:
    """One data block.

    Attributes
    ----------
    name
        What follows ``data_``.
    text
        All of it, as it is in the file.
    values
        Values by tag, in lower case, dots as underscores; one for a tag outside of loops.
    loops
        All values of each loop in the order of the file, by its first tag.
    torn
        First tags of loops whose values are not a multiple of the number of their tags.
    """

    name: str
    text: str = ""
    values: dict[str, list[str]] = field(default_factory=dict)
    loops: dict[str, list[str]] = field(default_factory=dict)
    torn: set[str] = field(default_factory=set)

    def column(self, *tags: str) -> list[str] | None:
        """All values of the first of these tags that is there."""
        return next((self.values[tag] for tag in tags if tag in self.values), None)

    def known(self, *tags: str) -> str | None:
        """The first value of the first of these tags that has one which is not ``?`` or ``.``."""
        for tag in tags:
            for value in self.values.get(tag, ())[:1]:
                if value not in _UNKNOWN:
                    return value
        return None


def blocks_of(text: str) -> list[Block]:
    """All data blocks of a CIF; what precedes the first ``data_`` is a block without a name."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    blocks = [Block("")]
    starts = [0]
    tokens = _tokens(text)
    k = 0
    while k < len(tokens):
        plain, value, start = tokens[k]
        low = value.lower() if plain else ""
        k += 1
        if low.startswith(("data_", "global_")):
            blocks.append(Block(value.partition("_")[2]))
            starts.append(start)
        elif low == "loop_":
            k = _read_loop(tokens, k, blocks[-1])
        elif low.startswith("_"):
            following = k < len(tokens) and not _is_reserved(tokens[k])
            if following:
                _keep(blocks[-1], _normal(low), [tokens[k][1]])
                k += 1
    for block, begin, end in zip(blocks, starts, [*starts[1:], len(text)], strict=True):
        block.text = text[begin:end]
    return blocks


_Token = tuple[bool, str, int]


def _tokens(text: str) -> list[_Token]:
    """Whether it is neither quoted nor a text field, the value, and where it begins."""
    return [
        (kind == "word", match[kind], match.start())
        for match in _TOKEN.finditer(text)
        if (kind := match.lastgroup) is not None
    ]


def _read_loop(tokens: list[_Token], k: int, block: Block) -> int:
    """Read the loop whose first tag is token k; return the token after it."""
    tags = []
    while k < len(tokens) and tokens[k][0] and tokens[k][1].startswith("_"):
        tags.append(_normal(tokens[k][1].lower()))
        k += 1
    values = []
    while k < len(tokens) and not _is_reserved(tokens[k]):
        values.append(tokens[k][1].strip())
        k += 1
    if not tags:
        return k
    block.loops.setdefault(tags[0], values)
    if len(values) % len(tags):
        block.torn.add(tags[0])
        return k
    for j, tag in enumerate(tags):
        _keep(block, tag, values[j :: len(tags)])
    return k


def _is_reserved(token: _Token) -> bool:
    plain, value, _ = token
    return plain and (value[0] == "_" or value.lower().startswith(_RESERVED))


def _keep(block: Block, tag: str, values: list[str]) -> None:
    """Enter values; a repeated tag counts only if the first one says nothing."""
    if all(value in _UNKNOWN for value in block.values.get(tag, ())):
        block.values[tag] = [value.strip() for value in values]


def _normal(tag: str) -> str:
    return tag.replace(".", "_").rstrip("_").replace("_name_h_m", "_name_h-m")


_NUMBER = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[edED][+-]?\d+)?)(?:/(\d+))?(?:\([\d.]*\)?)?")


def number(text: str) -> float | None:
    """A number, without its standard uncertainty; fractions such as ``1/3`` are numbers, too.

    Returns
    -------
    float or None
        ``None`` for ``?`` and ``.``.

    Raises
    ------
    CrystalError
        If it is anything else.
    """
    try:
        value = float(text)
    except ValueError:
        return _sloppy_number(text)
    if math.isfinite(value):
        return value
    raise CrystalError(f"{text!r} is no number")


def _sloppy_number(text: str) -> float | None:
    if text in _UNKNOWN:
        return None
    plain = text.strip().replace(" ", "").replace(",", ".").replace("\N{MINUS SIGN}", "-")
    match = _NUMBER.fullmatch(plain)
    if match is None or match[2] == "0":
        raise CrystalError(f"{text!r} is no number")
    return float(match[1].lower().replace("d", "e")) / int(match[2] or 1)
