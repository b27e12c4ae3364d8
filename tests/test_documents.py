"""Every block of code in the README and the documents runs.

- ``python``: run; the blocks of a page share their names. A block ``text`` right after it is what
  it prints.
- ``console``: lines after ``$ `` are commands, the lines after them what they print.
- ``sh``: not run, and says why in a comment ``# Not run in the tests: …``, or is a set-up command
  of the README, which the continuous integration runs.

Numbers are not compared, for they change with the networks; ``...`` stands for anything.
"""

from __future__ import annotations

import contextlib
import doctest
import io
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import matplotlib
import pytest
from ase.build import bulk
from ase.db import connect
from printed_output import assert_printed
from test_examples import vasprun

from ase_ecn.cli import main as ase_ecn
from ase_ecn.training.__main__ import main as training
from ase_ecn.training.__main__ import parser as training_parser
from reproduce.__main__ import main as reproduce
from reproduce.__main__ import parser as reproduction_parser

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "AGENTS.md", *sorted((ROOT / "docs").rglob("*.md"))]
MORE_PAGES = [ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", ROOT / "examples" / "README.md"]
LANGUAGES = {"python", "console", "sh", "text", "yaml"}
NEEDS = {"howto/workflows.md": ("jobflow", "quacc"), "howto/cluster.md": ("distributed",)}
LONG = {
    *("tutorial.md", "screening.md", "howto/cluster.md", "howto/own-data.md", "howto/phonons.md"),
    *("howto/potential.md", "howto/tensors.md", "howto/vasp.md", "howto/workflows.md"),
}
TRAINING = ["python", "-m", "ase_ecn.training"]
REPRODUCE = ["python", "-m", "reproduce"]
NOT_RUN = "# Not run in the tests: "

_BLOCK = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", flags=re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A block of code, the line before its first, and where it ends."""

    language: str
    text: str
    line: int
    start: int
    end: int


def blocks(page: Path) -> list[Block]:
    text = page.read_text()
    return [
        Block(m[2], m[3], text.count("\n", 0, m.start()) + 1, m.start(), m.end())
        for m in _BLOCK.finditer(text)
    ]


def name(page: Path) -> str:
    return str(page.relative_to(ROOT / "docs" if ROOT / "docs" in page.parents else ROOT))


def runnable() -> list[object]:
    found = [p for p in PAGES if {"python", "console"} & {b.language for b in blocks(p)}]
    return [
        pytest.param(p, id=name(p), marks=[pytest.mark.slow] if name(p) in LONG else [])
        for p in found
    ]


def same(wanted: str, got: str) -> bool:
    """Whether two texts agree but for numbers and the width of gaps."""
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    masked = (re.sub(r"[-+]?\d[\d,]*(\.\d+)?(e[-+]?\d+)?", "#", t) for t in (wanted, got))
    return doctest.OutputChecker().check_output(*masked, flags)


def run_command(command: str) -> str:
    """What a command prints; those of this package run in this process, which saves its start."""
    words = shlex.split(command)
    entry = None
    if words[0] == "ase-ecn":
        entry, words = ase_ecn, words[1:]
    elif words[:3] == TRAINING:
        entry, words = training, words[3:]
    elif words[:3] == REPRODUCE:
        entry, words = reproduce, words[3:]
    if entry is not None:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            assert entry(words) == 0, printed.getvalue()
        return printed.getvalue()
    if words[0] == "ase":
        words = ["python", "-m", "ase", *words[1:]]
    words[0] = sys.executable if words[0] == "python" else words[0]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def run_console(block: Block, page: Path) -> None:
    for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
        command, _, wanted = part.partition("\n")
        got = run_command(command)
        assert same(wanted, got) or not wanted.strip(), f"{page}:{block.line}: {command}\n{got}"


def run_python(block: Block, page: Path, names: dict[str, object]) -> str:
    # Empty lines in front give the traceback the lines of the page.
    code = compile("\n" * block.line + block.text, str(page), "exec")
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(code, names)  # noqa: S102
    return printed.getvalue()


def vasp_runs() -> None:
    run = Path("runs", "MgO")
    run.mkdir(parents=True)
    images = [bulk("MgO", "rocksalt", a=a) for a in (4.35, 4.24)]
    (run / "vasprun.xml").write_text(vasprun(images))


def candidates() -> None:
    with connect("candidates.db") as database:
        for name, gap in (("MgO", 4.4), ("CaO", 3.6), ("NaCl", 5.0), ("LiF", 8.7)):
            database.write(bulk(name, "rocksalt", a=4.8), band_gap=gap)


STAND_INS = {"howto/vasp.md": vasp_runs, "screening.md": candidates}
"""What a page takes as given."""


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("QUACC_WORKFLOW_ENGINE", "None")
    matplotlib.use("Agg")
    return tmp_path


@pytest.mark.parametrize("page", runnable())
def test_the_code_of_a_page_runs(page: Path, workplace: Path) -> None:
    for needed in NEEDS.get(name(page), ()):
        pytest.importorskip(needed, reason=f"{needed} is not installed (pip install {needed})")
    STAND_INS.get(name(page), lambda: None)()
    text, names, found = page.read_text(), {"__name__": "page"}, blocks(page)
    for block, following in zip(found, [*found[1:], None], strict=True):
        if block.language == "console":
            run_console(block, page)
        elif block.language == "python":
            printed = run_python(block, page, names)
            if following and following.language == "text":
                between = text[block.end : following.start]
                if not between.strip():
                    assert same(following.text, printed), f"{page}:{block.line}:\n{printed}"
                    if "..." not in following.text:
                        assert_printed(printed.splitlines(), following.text.splitlines())


@pytest.mark.parametrize("page", [*PAGES, ROOT / "CONTRIBUTING.md"], ids=name)
def test_what_does_not_run_says_so(page: Path) -> None:
    for block in blocks(page):
        where = f"{page}:{block.line}"
        assert block.language in LANGUAGES, f"{where}: unknown language {block.language!r}"
        if block.language == "sh" and not block.text.startswith("pip install"):
            assert NOT_RUN in block.text, f"{where}: why does it not run?"


@pytest.mark.parametrize("page", [*PAGES, *MORE_PAGES], ids=name)
def test_lines_of_prose_are_short(page: Path) -> None:
    text = page.read_text()
    for block in reversed(blocks(page)):
        text = text[: block.start] + text[block.end :]
    long = [line for line in text.splitlines() if len(line) > 100 and line[:2] not in ("| ", "$$")]
    assert long == []


def test_training_commands_that_do_not_run_could() -> None:
    """Their options are known and their configurations exist."""
    commands = []
    texts = [b.text for page in PAGES for b in blocks(page) if b.language == "sh"]
    texts += [script.read_text() for script in (ROOT / "reproduce" / "recipes").iterdir()]
    for text in texts:
        for line in text.replace("\\\n", " ").splitlines():
            words = shlex.split(line, comments=True)
            for start, parser in ((TRAINING, training_parser), (REPRODUCE, reproduction_parser)):
                commands += [(parser(), words[3:])] if words[:3] == start else []
    assert len(commands) > 10
    for parser, words in commands:
        options = parser.parse_args(words)
        config = getattr(options, "config", None)
        assert config is None or (ROOT / config).is_file(), words


def test_comparison_sees_words_and_not_numbers() -> None:
    assert same("2 crystals in out.db (2 computed)\n", "17  crystals in out.db (3 computed)\n")
    assert same("...\nend -1.2e-3\n", "a\nb\nend 7\n")
    assert not same("2 crystals\n", "2 failures\n")
