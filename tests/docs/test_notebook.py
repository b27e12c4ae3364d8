"""The notebook of the tutorial has its words and its code, and runs."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import matplotlib
import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "docs" / "make"))
from notebook import NOTEBOOK, TUTORIAL, notebook  # noqa: E402

PAGE = """# Title

See [more](more.md) and [that](https://example.org).

```python
print(1)
```

```text
1
```

![A picture](figures/a.svg)

```console
$ ase-ecn info
...
$ ase-ecn selftest
```
"""


def cells(text: str) -> list[tuple[str, str]]:
    return [(c["cell_type"], "".join(c["source"])) for c in json.loads(text)["cells"]]


def test_it_is_that_of_the_tutorial() -> None:
    written = NOTEBOOK.read_text()
    assert written == notebook(TUTORIAL.read_text()), "python docs/make/notebook.py writes it anew"


def test_blocks_become_cells_and_links_lead_to_the_pages() -> None:
    words, code, commands = cells(notebook(PAGE))
    see = "See [more](../docs/more.md) and [that](https://example.org)."
    assert words == ("markdown", f"# Title\n\n{see}")
    assert code == ("code", "print(1)")
    assert commands == ("code", "!ase-ecn info\n!ase-ecn selftest")


def test_links_of_the_notebook_lead_somewhere() -> None:
    text = "".join(text for kind, text in cells(NOTEBOOK.read_text()) if kind == "markdown")
    targets = [t.partition("#")[0] for t in re.findall(r"\]\(([^)]+)\)", text) if "://" not in t]
    assert len(targets) > 3
    assert [t for t in targets if not (NOTEBOOK.parent / t).is_file()] == []


def test_it_is_valid() -> None:
    nbformat = pytest.importorskip("nbformat", reason="pip install 'ase-ecn[notebook]'")
    nbformat.validate(nbformat.reads(NOTEBOOK.read_text(), as_version=4))


@pytest.mark.slow
def test_it_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    code = [text for kind, text in cells(NOTEBOOK.read_text()) if kind == "code"]
    try:
        import ipykernel  # noqa: F401
        import nbclient
    except ImportError:
        run_in_order(code)
    else:
        run_by_nbclient(nbclient)
    assert (tmp_path / "report.html").stat().st_size > 10_000
    assert len(list((tmp_path / "dft").glob("*/POSCAR"))) == 5


def run_by_nbclient(nbclient: Any) -> None:
    import nbformat

    content = nbformat.reads(NOTEBOOK.read_text(), as_version=4)
    for cell in content.cells:
        if cell.cell_type == "code":  # a command that fails would not end the notebook
            cell.source = re.sub(r"^(!.*)$", r"\1\nassert _exit_code == 0", cell.source, flags=re.M)
    nbclient.NotebookClient(content, timeout=900, kernel_name="python3").execute()


def run_in_order(code: list[str]) -> None:
    matplotlib.use("Agg")
    names: dict[str, object] = {"__name__": "notebook"}
    for text in code:
        if text.startswith("!"):
            for command in text.splitlines():
                subprocess.run(command.removeprefix("!"), shell=True, check=True)  # noqa: S602
        else:
            exec(text, names)  # noqa: S102
