from __future__ import annotations

from ase.build import bulk

from ase_ecn.crystal import as_crystal
from ase_ecn.training.data.equilibrium import distinct


def test_further_crystals_are_new_and_of_other_compositions_than_held_out() -> None:
    known = [as_crystal(bulk("NaCl", "rocksalt", a=5.6))]
    same = as_crystal(bulk("NaCl", "rocksalt", a=5.605).repeat((2, 1, 1)))
    other = as_crystal(bulk("NaCl", "cesiumchloride", a=3.4))
    twice = [as_crystal(bulk("MgO", "rocksalt", a=a)) for a in (4.2, 4.201)]
    held = as_crystal(bulk("LiF", "rocksalt", a=4.0))
    chosen = distinct([same, other, *twice, held], known, {"LiF"})
    assert chosen == [other, twice[0]]
