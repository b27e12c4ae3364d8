"""The reference page of all keys of configurations, from the dataclasses that read them."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from dataclasses import MISSING, Field, fields, is_dataclass
from types import NoneType
from typing import Any, get_args, get_type_hints

from ase_ecn.training.fits.config import CONFIGURATIONS, Configuration, StartCells
from ase_ecn.training.fits.noise import NOISES
from ase_ecn.training.fits.typed import plain

INTRODUCTION = """\
# Configurations of fits

A YAML file says what `python -m ase_ecn.training fit-NETWORK --config FILE` fits to what.
`training/configs/` has a template for each network, `reproduce/configs/` those of the bundled
checkpoints. A key or a value that is not known is an error, which lists those that are. The tables
are made from the package."""
_HEADING = ["key", "type", "default", "meaning"]


def configuration_page() -> str:
    """Markdown of the page."""
    parts = [INTRODUCTION]
    for kind in CONFIGURATIONS.values():
        parts += [f"## fit-{kind.network}", _first_line(kind)]
        parts += [_table(kind, {"network": f"`{kind.network}`"})]
        for section, inner in sections(kind):
            parts += [f"### {section} ({kind.network})", _first_line(inner), _table(inner)]
    return "\n\n".join(parts) + "\n"


def sections(kind: type[Configuration]) -> Iterator[tuple[str, type]]:
    """Sections of a configuration with the dataclasses that read them."""
    hints = get_type_hints(kind)
    for field in fields(kind):
        hint = hints[field.name]
        if hint is StartCells:
            yield from ((f"{field.name}, kind: {name}", noise) for name, noise in NOISES.items())
            continue
        yield from ((field.name, part) for part in (hint, *get_args(hint)) if is_dataclass(part))


def descriptions(kind: type) -> dict[str, str]:
    """What the docstrings of a class and of its bases say about each attribute."""
    found: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        text = inspect.cleandoc(base.__doc__ or "")
        _, _, attributes = text.partition("Attributes\n----------\n")
        names: list[str] = []
        for line in attributes.splitlines():
            if line and not line.startswith(" "):
                names = line.split(", ")
                found.update(dict.fromkeys(names, ""))
            for name in names if line.startswith(" ") else ():
                found[name] = f"{found[name]} {line.strip()}".strip()
    return found


def _table(kind: type, more: dict[str, str] | None = None) -> str:
    if not fields(kind):
        return "No further keys."
    hints, meanings = get_type_hints(kind), descriptions(kind)
    rows = [[f"`{key}`", "text", "", value] for key, value in (more or {}).items()]
    rows += [
        [f"`{f.name}`", type_name(hints[f.name]), _default(f), _markdown(meanings[f.name])]
        for f in fields(kind)
    ]
    lines = [_HEADING, ["---"] * len(_HEADING), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def type_name(hint: Any) -> str:
    """What a type is called in the table."""
    plain_names = {bool: "true or false", int: "whole number", float: "number", str: "text"}
    if hint in plain_names:
        return plain_names[hint]
    if is_dataclass(hint) or hint is StartCells:
        return "section"
    parts = [part for part in get_args(hint) if part is not NoneType]
    origin = getattr(hint, "__origin__", None)
    if origin is tuple:
        return f"list of {type_name(parts[0])}s".replace("texts", "text")
    if origin is dict:
        return f"{type_name(parts[1])} by name"
    if all(isinstance(part, str) for part in parts):
        return " or ".join(f"`{part}`" for part in parts)
    return type_name(parts[0])


def _default(field: Field[Any]) -> str:
    if field.default is not MISSING:
        value = plain(field.default)
    elif field.default_factory is not MISSING:
        return ""
    else:
        return "required"
    if value is None or value == []:
        return ""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"`{text}`".replace("'", "")


def _first_line(kind: type) -> str:
    return _markdown(inspect.cleandoc(kind.__doc__ or "").split("\n\n")[0])


def _markdown(text: str) -> str:
    """Docstrings as Markdown: roles and double backticks become code."""
    text = re.sub(r":\w+:`~?([^`]+)`", r"`\1`", text)
    return text.replace("``", "`").replace("|", "\\|")
