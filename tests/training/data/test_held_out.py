"""Compositions that are scored are recognised in any cell and order."""

import numpy as np
import pytest

from ase_ecn.errors import OptionError
from ase_ecn.training.data.held_out import composition_key, held_out_compositions


def test_a_key_tells_compositions_apart_and_nothing_else():
    key = composition_key(np.array([11, 17]))
    assert composition_key(np.array([17, 11, 17, 11], dtype=np.uint8)) == key
    others = ([11, 17, 17], [11, 11, 17], [11, 35], [11], [1, 11, 17])
    keys = {composition_key(np.array(numbers)) for numbers in others}
    assert len(keys) == len(others)
    assert key not in keys


def test_a_file_of_formulas(tmp_path):
    path = tmp_path / "formulas.txt"
    path.write_text("NaCl\n\nFe4O6\n")
    keys = held_out_compositions(str(path), None)
    assert keys == {composition_key(np.array(z)) for z in ([11, 17], [8, 8, 8, 26, 26])}
    path.write_text("NaCl\nQq2\n")
    with pytest.raises(OptionError, match="line 2: 'Qq2' is no formula"):
        held_out_compositions(str(path), None)


def test_unknown_names_and_a_missing_folder_are_told():
    with pytest.raises(OptionError, match="unknown compositions 'wbn'; known are wbm, mp_20"):
        held_out_compositions("wbn", None)
    with pytest.raises(OptionError, match="need the folder of data sets"):
        held_out_compositions("mp_20", None)
