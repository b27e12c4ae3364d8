"""Key-value pairs and columns of the input, as key-value pairs of the rows of a screen."""

from __future__ import annotations

import math
import numbers
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import lru_cache
from typing import Any

from ase.db.core import reserved_keys, str_represents
from ase.formula import Formula

from ase_ecn.properties import PROPERTIES, SPREAD

INPUT_PREFIX = "input_"
"""Prefix of keys of the input that a screen uses for itself, or that ase.db reserves."""
_OWN = frozenset(
    [
        *("source", "hull", "relaxation_reason", "relaxed", "relaxation_steps", "strain_spread"),
        *("volume_change", "volume_per_atom", "out_of_domain", "out_of_domain_reasons", "input"),
        *("unrelaxed_cell", "unrelaxed_positions", "external_tables", "label_calculator"),
        *(
            f"{net}_{what}"
            for net in ("ecn", "empnn", "potential")
            for what in ("checkpoint", "sha256")
        ),
    ]
)


def as_pairs(
    columns: Mapping[str, Any], is_taken: Callable[[str], bool]
) -> tuple[dict[str, Any], dict[str, str]]:
    """Turn what an input says about a crystal into key-value pairs of ase.db.

    Parameters
    ----------
    columns
        Values by name. Numbers and texts become pairs; empty cells, NaN and lists do not.
    is_taken
        Whether a key has a meaning of its own where the pairs are written.

    Returns
    -------
    pairs, keys
        Values by key, and keys by the input's names. A key that is taken, or that ase.db does not
        allow, is renamed.
    """
    values = {name: _value(value) for name, value in columns.items()}
    values = {name: value for name, value in values.items() if value is not None}
    keys = {name: name for name in values if _is_allowed(name) and not is_taken(name)}
    for name in values:
        if name not in keys:
            keys[name] = next(key for key in _others(name, is_taken) if key not in keys.values())
    return {keys[name]: value for name, value in values.items()}, {n: keys[n] for n in values}


def taken_by_screens(own: Collection[str]) -> Callable[[str], bool]:
    """Whether a key is one that rows of a screen can have; ``own`` are those of its properties."""
    names = {*_OWN, *own, *PROPERTIES, *(one.public_name for one in PROPERTIES.values())}
    return lambda key: key.removesuffix(SPREAD) in names or key.startswith("refined_")


def renaming(keys: Mapping[str, str]) -> str:
    """Say which keys of the input have other names; empty if none has."""
    names = ", ".join(f"{name} as {key}" for name, key in keys.items() if name != key)
    return names and f"keys of the input that are taken or not allowed are kept: {names}"


def input_pairs(row: Any) -> dict[str, Any]:
    """Key-value pairs of a row of a screen's database that come from its input."""
    pairs = row.key_value_pairs
    keys = row.data.get("input_keys", {}).values()
    return {key: pairs[key] for key in keys if key in pairs}


@lru_cache(maxsize=1024)
def as_text(value: str) -> str:
    """Quote text that could be a number, such as a file that is called 42: ase.db refuses it."""
    return value if str_represents(value, str) else f"'{value}'"


def _value(value: Any) -> bool | int | float | str | None:
    if isinstance(value, str):
        truth = {"True": True, "False": False}
        return truth[value] if value in truth else as_text(value) if value.strip() else None
    plain = value.item() if hasattr(value, "item") and getattr(value, "ndim", 0) == 0 else value
    if not isinstance(plain, numbers.Real):
        return None
    try:
        finite = math.isfinite(plain)
    except OverflowError:
        return None
    return plain if finite else None  # type: ignore[return-value]


def _is_allowed(key: str) -> bool:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z_0-9]*", key) or key in reserved_keys:
        return False
    try:
        Formula(key, strict=True)  # ase.db would look for the formula instead of the key
    except ValueError:
        return True
    return False


def _others(name: str, is_taken: Callable[[str], bool]) -> Iterator[str]:
    """Keys for a name that cannot be one."""
    word = re.sub(r"[^A-Za-z_0-9]+", "_", name).strip("_") or "key"
    if word != name and _is_allowed(word) and not is_taken(word):
        yield word
    key, count = f"{INPUT_PREFIX}{word}", 1
    while True:
        yield key if count == 1 else f"{key}_{count}"
        count += 1
