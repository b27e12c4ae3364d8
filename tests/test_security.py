"""Nothing from a file is executed, and nothing of it reaches SQL or a page unescaped."""

from __future__ import annotations

import ast
import importlib
import re
import sys
from multiprocessing.context import ForkServerContext
from pathlib import Path
from unicodedata import normalize

import pytest
from ase.build import bulk
from ase.db import connect
from children import run_in_child
from pages import column

import ase_ecn
from ase_ecn.errors import OptionError
from ase_ecn.report import write_report
from ase_ecn.screening import failures, screen
from ase_ecn.screening.store import Store

ROOT = Path(__file__).parents[1]
FORBIDDEN_MODULES = {
    "pickle",
    "cPickle",
    "dill",
    "joblib",
    "marshal",
    "shelve",
    "subprocess",
    "pty",
}
FORBIDDEN_CALLS = {"eval", "exec", "compile", "__import__", "system", "popen", "Popen"}
INJECTIONS = [
    "id; DROP TABLE systems",
    "x' OR '1'='1",
    "-band_gap; --",
    'a") UNION SELECT * FROM systems --',
    "number_key_values.value) FROM systems; DELETE FROM systems",
]


SUSPICIOUS = FORBIDDEN_MODULES | FORBIDDEN_CALLS | {"shell", "allow_pickle", "load", "yaml"}
ANY_SUSPICIOUS = re.compile(rf"\b({'|'.join(SUSPICIOUS)})\b")


def trees() -> list[tuple[Path, ast.Module]]:
    """Those files in which one of the words stands, as Python reads names."""
    # training/ is installed as a subpackage.
    folders = ("ase_ecn", "training", "reproduce")
    files = [file for folder in folders for file in (ROOT / folder).rglob("*.py")]
    assert len(files) > 60
    texts = {file: normalize("NFKC", file.read_text(encoding="utf-8")) for file in files}
    found = [(f, ast.parse(text)) for f, text in texts.items() if ANY_SUSPICIOUS.search(text)]
    assert len(found) > 30
    return found


def test_nothing_is_unpickled_evaluated_or_started() -> None:
    for file, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = {alias.name.split(".")[0] for alias in node.names}
                names |= {(getattr(node, "module", None) or "").split(".")[0]}
                assert not names & FORBIDDEN_MODULES, (file, node.lineno)
            if not isinstance(node, ast.Call):
                continue
            if isinstance(node.func, ast.Name):
                assert node.func.id not in FORBIDDEN_CALLS, (file, node.lineno)
            elif isinstance(node.func, ast.Attribute):
                owner = getattr(node.func.value, "id", "")
                # re.compile and torch.compile make no code of what they are given.
                harmless = node.func.attr == "compile" and owner in ("re", "torch")
                harmless |= node.func.attr == "eval" and not node.args  # a network's mode
                assert node.func.attr not in FORBIDDEN_CALLS or harmless, (file, node.lineno)
                keywords = {k.arg: getattr(k.value, "value", None) for k in node.keywords}
                assert not keywords.get("shell"), (file, node.lineno)
                assert not keywords.get("allow_pickle"), (file, node.lineno)
                if node.func.attr == "load" and owner == "torch":
                    assert keywords.get("weights_only") is True, (file, node.lineno)
                if owner == "yaml":
                    assert node.func.attr in ("safe_load", "safe_dump"), (file, node.lineno)


def test_security_rules_are_on_and_exceptions_few() -> None:
    settings = (ROOT / "pyproject.toml").read_text()
    assert '"S"' in settings.split("select = ", 1)[1].split("]")[0]
    exceptions = [
        (file.name, line.split("# noqa:")[1].strip())
        for folder in ("ase_ecn", "training", "reproduce")
        for file in (ROOT / folder).rglob("*.py")
        for line in file.read_text(encoding="utf-8").splitlines()
        if "# noqa" in line
    ]
    # SQL that is put together from literals and numbers.
    allowed = {"journal.py", "new_rows.py", "store.py"}
    assert {name for name, rules in exceptions if "S" in rules.replace("RUF", "")} <= allowed
    assert not [rules for _, rules in exceptions if not rules]


@pytest.mark.parametrize("text", INJECTIONS)
def test_text_of_the_user_is_no_sql(
    text: str, tmp_path: Path, small_networks: dict[str, Path]
) -> None:
    source, out = tmp_path / "in.db", tmp_path / "out.db"
    with connect(source) as database:
        database.write(bulk("Cu"), note=text)
        database.write(bulk("Xe"), note=text)
    named = source.with_name(f"{text.replace('/', ' ')}.db")
    source.rename(named)
    options = {"device": "cpu", **small_networks}
    screen(named, out, **options)
    screen(named, out, retry_failed=True, **options)
    assert len(list(failures(out))) == 1
    (row,) = Store(str(out)).rows()
    assert row.source == f"{named.name}#1"
    assert row.data["input"]["note"] == text
    # Names to sort by, and conditions.
    with pytest.raises(OptionError, match="cannot sort by"):
        write_report(out, tmp_path / "report.html", by=text)
    for refused in ({"where": text}, {"top": 1, "by": text}, {"properties": [text]}):
        with pytest.raises(OptionError):
            screen(named, tmp_path / "other.db", **refused, **options)
    assert len(connect(out)) == 1


def test_a_name_with_markup_is_text_in_a_report(
    tmp_path: Path, small_networks: dict[str, Path]
) -> None:
    harmful = "<img src=x onerror=alert(1)>.db"
    with connect(tmp_path / harmful) as database:
        database.write(bulk("Cu"), note="</script><script>alert(1)</script>")
        database.write(bulk("Xe"))
    screen(tmp_path / harmful, tmp_path / "out.db", device="cpu", **small_networks)
    write_report(tmp_path / "out.db", tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text()
    assert "<img src=x" not in text
    assert "<script>alert" not in text
    assert column(text, "source") == [f"{harmful}#1"]


def use_it_all() -> None:
    def deny(event: str, arguments: object) -> None:
        if event in ("os.system", "subprocess.Popen", "socket.connect", "os.exec"):
            raise SystemExit(f"{event} {arguments}")

    sys.addaudithook(deny)
    for name in [name for name in sys.modules if name.split(".")[0] == "ase_ecn"]:
        del sys.modules[name]  # so that it is imported here
    package = importlib.import_module("ase_ecn")
    importlib.import_module("ase_ecn.cli")
    package.predict(bulk("Si"), device="cpu")
    package.relax(bulk("Si"), device="cpu")


def test_importing_the_package_starts_nothing(forkserver: ForkServerContext) -> None:
    run_in_child(forkserver, use_it_all)
    assert ase_ecn.__all__
