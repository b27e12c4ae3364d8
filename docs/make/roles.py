"""Cross references of docstrings, ``:class:`Name```, as links where the name has an entry."""

from __future__ import annotations

import re
from typing import Any

from griffe import Extension, GriffeError, Object

_ROLE = re.compile(
    r":(?:class|func|meth|attr|mod|data|exc):`(?:([\w. ]+) <([\w.]+)>|(~?)([\w.]+))`"
)


class Roles(Extension):
    """Rewrites every docstring before it becomes HTML."""

    def on_instance(self, *, obj: Object, **_: Any) -> None:
        """Rewrite the docstring of one object."""
        docstring = getattr(obj, "docstring", None)
        if docstring is not None:
            docstring.value = _ROLE.sub(lambda match: _link(obj, match), docstring.value)


def _link(obj: Object, match: re.Match[str]) -> str:
    text, target, short, alone = match.groups()
    name = target or alone
    shown = text or (name.rsplit(".", 1)[-1] if short else name)
    return f'<autoref identifier="{_path(obj, name)}" optional><code>{shown}</code></autoref>'


def _path(obj: Object, name: str) -> str:
    """Full name of what is called ``name`` inside of an object."""
    if name in obj.members:
        return f"{obj.path}.{name}"
    try:
        return str(obj.resolve(name))
    except (GriffeError, KeyError):
        return name
