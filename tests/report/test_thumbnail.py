from __future__ import annotations

import re
from importlib import resources

from ase.build import bulk

from ase_ecn.report import thumbnail
from ase_ecn.report.thumbnail import BOND


def test_thumbnails_show_every_atom_and_the_cell() -> None:
    picture = thumbnail(bulk("NaCl", "rocksalt", a=5.6, cubic=True))
    assert picture.count("<circle") == 8
    assert picture.count("<line") == 12 + 12  # edges, and bonds within the cell
    assert picture.count('class="bond"') == 12
    for x, y in re.findall(r'cx="(.*?)" cy="(.*?)"', picture):
        assert 0 < float(x) < 90
        assert 0 < float(y) < 90
    assert "<circle" not in thumbnail(bulk("Cu").repeat((6, 6, 6)))


def test_metals_are_joined_only_where_there_is_no_nonmetal() -> None:
    salt = bulk("CsCl", "cesiumchloride", a=4.12).repeat((2, 1, 1))
    assert thumbnail(salt).count('class="bond"') == 3  # of Cs–Cl alone: 1–2, 2–3, 3–4
    assert 'class="bond"' in thumbnail(bulk("Fe", cubic=True))


def test_bonds_are_those_of_the_pages() -> None:
    script = resources.files("ase_ecn.report").joinpath("crystal.js").read_text()
    assert f"const BOND = {BOND};" in script
