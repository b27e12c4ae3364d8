from __future__ import annotations

import numpy as np
import pytest
from ase.build import bulk
from ase.data import atomic_numbers
from small_ecns import ecn, outputs

from ase_ecn.crystal import as_crystal
from ase_ecn.graphs.batch import bond_graph, pack
from ase_ecn.nn.atoms import group_and_period, hubbard_flag


def test_group_and_period_follow_the_periodic_table() -> None:
    table = {"H": (1, 1), "He": (18, 1), "B": (13, 2), "Cl": (17, 3), "Sc": (3, 4), "Zn": (12, 4)}
    table |= {
        "La": (19, 6),
        "Ac": (19, 7),
        "Yb": (32, 6),
        "Lu": (3, 6),
        "Hf": (4, 6),
        "Pb": (14, 6),
    }
    for symbol, expected in table.items():
        assert group_and_period(atomic_numbers[symbol]) == expected, symbol


def test_hubbard_flag_follows_the_rule() -> None:
    crystals = [
        bulk("MnO", "rocksalt", a=4.4),
        bulk("MgO", "rocksalt", a=4.2),
        bulk("MnS", "rocksalt", a=5.2),
    ]
    graphs = [bond_graph(as_crystal(atoms)) for atoms in crystals]
    flags = hubbard_flag(pack(graphs).batch(np.arange(3)))
    assert flags.tolist() == [True, False, False]
    model = ecn(hubbard=True, features="group_period")
    plain = ecn(features="group_period")
    plain.load_state_dict({k: v for k, v in model.state_dict().items() if k != "embedding.hubbard"})
    with_flag, without = (outputs(m, graphs)["formation_energy"] for m in (model, plain))
    assert abs(with_flag[0] - without[0]) > 1e-6
    np.testing.assert_allclose(with_flag[1:], without[1:], atol=1e-12)


def test_unseen_elements_are_told_by_their_properties() -> None:
    """Two elements with equal weights of their own differ by what is tabulated."""
    graphs = [bond_graph(as_crystal(bulk(name, "fcc", a=4.0))) for name in ("Cu", "Ag", "Pd")]
    model = ecn(features="properties")
    model.embedding.number.weight.zero_()
    model.embedding.table[47] = model.embedding.table[29] = 1.0
    copper, silver, palladium = outputs(model, graphs)["formation_energy"]
    assert abs(copper - silver) > 1e-6  # another period
    assert abs(silver - palladium) > 1e-6
    model.embedding.periods[47] = model.embedding.periods[29]
    assert outputs(model, graphs)["formation_energy"][1] == pytest.approx(copper, abs=1e-12)
