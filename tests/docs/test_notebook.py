"""The notebook of the tutorial has its words and its code, and runs."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "docs" / "make"))
from notebook import NOTEBOOK, TUTORIAL, notebook  # noqa: E402

MISSING = "pip install 'ase-ecn[notebook]'"
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
$ ase db out.db -c ++
```
"""


def cells(text: str) -> list[tuple[str, str]]:
    return [(c["cell_type"], "".join(c["source"])) for c in json.loads(text)["cells"]]


def test_it_is_that_of_the_tutorial() -> None:
    written = NOTEBOOK.read_text(encoding="utf-8")
    wanted = notebook(TUTORIAL.read_text(encoding="utf-8"))
    assert written == wanted, "python docs/make/notebook.py writes it anew"


def test_blocks_become_cells_and_links_lead_to_the_pages() -> None:
    words, code, commands = cells(notebook(PAGE))
    see = "See [more](../docs/more.md) and [that](https://example.org)."
    assert words == ("markdown", f"# Title\n\n{see}")
    assert code == ("code", "print(1)")
    assert commands == ("code", "%run -m ase_ecn info\n%run -m ase db out.db -c ++")


def test_links_of_the_notebook_lead_somewhere() -> None:
    text = "".join(text for kind, text in cells(NOTEBOOK.read_text()) if kind == "markdown")
    targets = [t.partition("#")[0] for t in re.findall(r"\]\(([^)]+)\)", text) if "://" not in t]
    assert len(targets) > 3
    assert [t for t in targets if not (NOTEBOOK.parent / t).is_file()] == []


@pytest.mark.slow
def test_it_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nbclient = pytest.importorskip("nbclient", reason=MISSING)
    nbformat = pytest.importorskip("nbformat", reason=MISSING)
    pytest.importorskip("ipykernel", reason=MISSING)
    monkeypatch.chdir(tmp_path)
    content = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(content)
    wrong = nbformat.v4.new_code_cell("%run -m ase_ecn info no-such-checkpoint")
    content.cells.append(wrong)  # a command that fails is seen
    nbclient.NotebookClient(content, timeout=None, kernel_name="python3").execute()
    failed = [
        c for c in content.cells if any(o.output_type == "error" for o in c.get("outputs", ()))
    ]
    assert failed == [wrong]
    assert (tmp_path / "report.html").stat().st_size > 10_000
    assert len(list((tmp_path / "dft").glob("*/POSCAR"))) == 5
