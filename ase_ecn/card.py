"""Cards of checkpoints: what every card must say, and how older ones are read.

Version 1 is the current format, described in ``docs/checkpoints.md``. Version 0, of previews, named
elements by their symbols, kept the architecture under ``model`` and wrote kinds of networks in
capitals; its weights are the same.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Any

import numpy as np
from ase.data import chemical_symbols
from numpy.typing import NDArray

from ase_ecn.errors import CheckpointError, UnsupportedElementError

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


@dataclass(frozen=True)
class Card:
    """What a checkpoint is: the parsed JSON next to the weights.

    Attributes
    ----------
    content
        The whole card; see ``docs/checkpoints.md`` for its entries.
    """

    content: dict[str, Any]

    @property
    def name(self) -> str:
        """Name of the checkpoint."""
        return str(self.content["name"])

    @property
    def version(self) -> str:
        """Version of the weights under this name."""
        return str(self.content.get("version", "0"))

    @property
    def network(self) -> str:
        """Kind of the network, such as ``"ecn"``; see :mod:`ase_ecn.nn.registry`."""
        return str(self.content["network"])

    @property
    def sha256(self) -> str:
        """Hash of the weights file."""
        return str(self.content["sha256"])

    @cached_property
    def elements(self) -> frozenset[int]:
        """Atomic numbers that occur in the training data."""
        return frozenset(int(z) for z in self.content["elements"])

    @cached_property
    def property_elements(self) -> dict[str, frozenset[int]]:
        """Atomic numbers among a property's training labels, where they are fewer than all."""
        parts = self.content.get("property_elements", {})
        return {name: frozenset(int(z) for z in numbers) for name, numbers in parts.items()}

    @property
    def units(self) -> dict[str, str]:
        """Units of the predicted properties, by their public names."""
        return {name: str(unit) for name, unit in self.content.get("properties", {}).items()}

    @property
    def forces(self) -> bool:
        """Whether it was fitted to forces, so that it gives forces and stress."""
        return bool(self.content.get("forces", False))

    @property
    def systems(self) -> tuple[frozenset[int], ...]:
        """Sets of atomic numbers that occurred together; none if that doesn't matter."""
        parts = self.content.get("systems", [])
        return tuple(frozenset(int(z) for z in numbers) for numbers in parts)

    def check_system(self, numbers: NDArray[np.int64]) -> None:
        """Refuse combinations of elements on which a potential energy surface has no data.

        Subsets of a known combination are refused too (a Mg-Y phosphate says nothing about
        elemental Mg). Alloys are accepted if every pair of their elements occurs in the training
        data.

        Parameters
        ----------
        numbers
            (N,) atomic numbers.

        Raises
        ------
        UnsupportedElementError
            If the card lists which elements occurred together and these did not.
        """
        known = self.systems
        found = frozenset(numbers.tolist())
        if known and found not in known and not _all_pairs_in(found, known):
            systems = ", ".join("-".join(_symbols(system)) for system in known)
            raise UnsupportedElementError(
                f"{self.name} was fitted to {systems}; "
                f"it has no data for {'-'.join(_symbols(found))}"
            )

    def provenance(self) -> dict[str, str]:
        """Name, version and hash, to be kept with every result."""
        return {"checkpoint": self.name, "version": self.version, "sha256": self.sha256}


def _all_pairs_in(elements: frozenset[int], known: Collection[frozenset[int]]) -> bool:
    pairs = [frozenset(pair) for pair in combinations(elements, 2)]
    return len(pairs) > 1 and all(pair in known for pair in pairs)


def _symbols(numbers: Iterable[int]) -> list[str]:
    return [chemical_symbols[z] for z in sorted(numbers)]


def card_text(content: dict[str, Any]) -> bytes:
    """A card as it is in its file."""
    return (json.dumps(content, indent=1) + "\n").encode()


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
