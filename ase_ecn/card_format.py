"""The format of checkpoint cards: what every card must say, and how older ones are read.

Version 1 is the current format, described in ``docs/checkpoints.md``. Version 0, of previews, named
elements by their symbols, kept the architecture under ``model`` and wrote kinds of networks in
capitals; its weights are the same.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from ase.data import chemical_symbols

from ase_ecn.errors import CheckpointError

FORMAT_VERSION = 1
MAX_CARD_BYTES = 16 * 2**20
_MAX_DEPTH = 100
_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)
_REQUIRED: dict[str, type] = {
    "name": str,
    "network": str,
    "architecture": dict,
    "elements": list,
    "sha256": str,
}


def _deepest(text: str) -> int:
    """How deeply brackets are nested, those in strings left out."""
    depth = deepest = 0
    for token in _BRACKETS.finditer(text):
        if token[0] in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif token[0] in "]}":
            depth -= 1
    return deepest


def parse_card(text: str) -> dict[str, Any]:
    """Parse a card, bring it to the current version and check what all cards must have.

    Raises
    ------
    CheckpointError
        If it is not JSON, of an unknown version, lacks an entry or has one of another type.
    """
    # Python's own limit does not hold where another library has raised it.
    if _deepest(text) > _MAX_DEPTH:
        raise CheckpointError("the card is not JSON that a card could be: it is nested too deeply")
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"the card is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise CheckpointError("the card is not a JSON object")
    content = _upgraded(content)
    missing = [key for key in _REQUIRED if key not in content]
    if missing:
        raise CheckpointError(f"the card lacks {', '.join(missing)}")
    for key, kind in _REQUIRED.items():
        if not isinstance(content[key], kind):
            raise CheckpointError(
                f"{key} must be a {kind.__name__} in the card, not {type(content[key]).__name__}"
            )
    _check_elements("elements", content["elements"])
    for key in ("properties", "property_elements"):
        if not isinstance(content.get(key, {}), dict):
            raise CheckpointError(f"{key} must be a dict in the card")
    for name, numbers in content.get("property_elements", {}).items():
        _check_elements(f"property_elements of {name}", numbers)
    return content


def _check_elements(entry: str, numbers: object) -> None:
    allowed = range(1, len(chemical_symbols))
    if not isinstance(numbers, list) or not all(type(z) is int and z in allowed for z in numbers):
        raise CheckpointError(f"{entry} must be a list of atomic numbers in the card")


def _upgraded(content: dict[str, Any]) -> dict[str, Any]:
    if "format_version" not in content:
        raise CheckpointError("the card lacks format_version")
    while (version := content["format_version"]) != FORMAT_VERSION or type(version) is not int:
        upgrade = _UPGRADES.get(version) if type(version) is int else None
        if upgrade is None:
            known = ", ".join(str(v) for v in (*_UPGRADES, FORMAT_VERSION))
            raise CheckpointError(
                f"format version {version} is not supported; this release reads versions {known}"
            )
        try:
            content = upgrade(content)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise CheckpointError(f"not a valid card of version {version}: {error}") from error
    return content


def _from_version_0(old: dict[str, Any]) -> dict[str, Any]:
    new = {k: v for k, v in old.items() if k != "model"}
    new["format_version"] = 1
    new["architecture"] = old["model"]
    new["network"] = old["network"].lower()
    new["elements"] = sorted(chemical_symbols.index(symbol) for symbol in old["elements"])
    return new


_UPGRADES: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {0: _from_version_0}
