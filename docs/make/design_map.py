"""The map of the package in ``docs/design.md``, from the first lines of its modules.

``python docs/make/design_map.py`` writes it anew.
"""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "design.md"
BEGIN, END = "<!-- map: by docs/make/design_map.py -->\n```text\n", "```\n<!-- end of the map -->\n"
FOLDERS = ("ase_ecn", "training", "reproduce")
_WIDTH = 26


def first_line(module: Path) -> str:
    """First line of the docstring of a module, or comment of a C file."""
    text = module.read_text(encoding="utf-8")
    if module.suffix == ".c":
        return text.partition("\n")[0].removeprefix("/*").strip(" .")
    return (ast.get_docstring(ast.parse(text)) or "").partition("\n")[0].rstrip(".")


def lines(folder: Path, indent: str = "") -> list[str]:
    """Lines of a folder: what it is, its modules, and the folders in it."""
    own = folder / "__init__.py"
    found = [_line(indent + folder.name + "/", first_line(own) if own.exists() else "")]
    inner = indent + "  "
    modules = [f for f in folder.iterdir() if f.suffix in (".py", ".c") and f != own]
    found += [_line(inner + f.name, first_line(f)) for f in sorted(modules)]
    # Links to folders beside the package are shown where the folders lie.
    for part in sorted(f for f in folder.iterdir() if f.is_dir() and not f.is_symlink()):
        if (part / "__init__.py").exists():
            found += lines(part, inner)
    return found


def _line(name: str, text: str) -> str:
    return f"{name:{_WIDTH}}  {text}".rstrip()


def design_map() -> str:
    """The whole map."""
    parts = [line for folder in FOLDERS for line in lines(ROOT / folder)]
    return "\n".join(parts) + "\n"


def with_map(page: str) -> str:
    """A page with the map between its marks renewed."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + design_map() + END + after


if __name__ == "__main__":
    PAGE.write_text(with_map(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
