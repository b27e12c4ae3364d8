"""Dataclasses from what a YAML file says, and back; whatever is not known there is refused.

The types of the fields are those of the values: numbers, truth values, text, tuples, dictionaries
and further dataclasses. A field may have a ``parse`` of its own in its metadata.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import partial
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from ase_ecn.errors import OptionError

T = TypeVar("T")


def parse(kind: type[T], section: Any, where: str) -> T:
    """Make a dataclass of a section of a configuration.

    Parameters
    ----------
    kind
        The dataclass.
    section
        Its values by key.
    where
        Keys above the section, joined by dots, for messages.

    Raises
    ------
    OptionError
        If a key is unknown (with those that are known) or lacking, or a value has another type.
    """
    if not isinstance(section, Mapping):
        raise OptionError(f"{where}: {section!r} is not a section with keys")
    known = {field.name: field for field in fields(kind) if field.init}  # type: ignore[arg-type]
    unknown = [str(key) for key in section if key not in known]
    if unknown:
        keys = "key" if len(unknown) == 1 else "keys"
        raise OptionError(
            f"{where}: unknown {keys} {', '.join(map(repr, unknown))}; known are {', '.join(known)}"
        )
    missing = [name for name, field in known.items() if _required(field) and name not in section]
    if missing:
        raise OptionError(f"{where} needs {', '.join(missing)}")
    hints = get_type_hints(kind)
    values = {}
    for name, value in section.items():
        read = known[name].metadata.get("parse") or partial(_value, hints[name])
        values[name] = read(value, _below(where, name))
    try:
        return kind(**values)
    except OptionError as error:
        raise OptionError(f"{where}: {error}") from error


def plain(value: Any) -> Any:
    """What :func:`parse` makes the same of: dictionaries and lists; ``None`` is left out."""
    if is_dataclass(value):
        found = {field.name: getattr(value, field.name) for field in fields(value)}
        if hasattr(value, "kind"):
            found = {"kind": value.kind, **found}
        return plain(found)
    if isinstance(value, Mapping):
        return {key: plain(part) for key, part in value.items() if part is not None}
    return [plain(part) for part in value] if isinstance(value, list | tuple) else value


def known_or_refused(what: str, names: Any, known: Any) -> None:
    """Refuse names that are not known.

    Raises
    ------
    OptionError
        Naming the first unknown one, and those that are known.
    """
    for name in names:
        if name not in known:
            raise OptionError(f"unknown {what} {name!r}; known are {', '.join(map(str, known))}")


def _required(field: Field[Any]) -> bool:
    return field.default is MISSING and field.default_factory is MISSING


def _below(where: str, name: str) -> str:
    return name if where == TOP else f"{where}.{name}"


TOP = "the configuration"
"""What the outermost section is called."""


def _value(hint: Any, value: Any, where: str) -> Any:
    origin, parts = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        if value is None and NoneType in parts:
            return None
        (hint,) = (part for part in parts if part is not NoneType)
        return _value(hint, value, where)
    if origin is Literal:
        if value not in parts:
            raise OptionError(
                f"{where}: {value!r} is unknown; known are {', '.join(map(str, parts))}"
            )
        return value
    if is_dataclass(hint):
        return parse(hint, value, where)  # type: ignore[arg-type]
    if origin is tuple:
        if not isinstance(value, list | tuple):
            raise OptionError(f"{where}: {value!r} is not a list")
        return tuple(_value(parts[0], item, f"{where}[{k}]") for k, item in enumerate(value))
    if origin is dict:
        if not isinstance(value, Mapping):
            raise OptionError(f"{where}: {value!r} is not a section with keys")
        return {str(key): _value(parts[1], item, f"{where}.{key}") for key, item in value.items()}
    return _scalar(hint, value, where)


def _scalar(hint: type, value: Any, where: str) -> Any:
    read = _SCALARS[hint]
    try:
        return read.make(value)
    except (TypeError, ValueError):
        raise OptionError(f"{where}: {value!r} is not {read.name}") from None


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _integer(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError
    return value


def _number(value: Any) -> float:
    if isinstance(value, bool):
        raise TypeError
    return float(value)  # YAML takes 1e-3 for text, without a point in it


def _text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise TypeError
    return str(value)


class _Scalar:
    """What a type of values is called, and what makes one of a value in YAML."""

    def __init__(self, name: str, make: Callable[[Any], Any]) -> None:
        self.name = name
        self.make = make


_SCALARS = {
    bool: _Scalar("true or false", _boolean),
    int: _Scalar("a whole number", _integer),
    float: _Scalar("a number", _number),
    str: _Scalar("text", _text),
}
