from __future__ import annotations

import re

from ase.build import bulk

from ase_ecn.report import thumbnail


def test_thumbnails_show_every_atom_and_the_cell() -> None:
    picture = thumbnail(bulk("NaCl", "rocksalt", a=5.6, cubic=True))
    assert picture.count("<circle") == 8
    assert picture.count("<line") == 12
    for x, y in re.findall(r'cx="(.*?)" cy="(.*?)"', picture):
        assert 0 < float(x) < 90
        assert 0 < float(y) < 90
    assert "<circle" not in thumbnail(bulk("Cu").repeat((6, 6, 6)))
