from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk
from ase.calculators.calculator import PropertyNotImplementedError
from ase.calculators.emt import EMT
from ase.phonons import Phonons as ASEPhonons

from ase_ecn import ECNCalculator
from ase_ecn.errors import OptionError

pytest.importorskip("phonopy")
from ase_ecn.phonons import (
    Phonons,
    RelaxationError,
    load_phonons,
    phonons,
    relaxed,
)


@pytest.fixture(scope="module")
def copper() -> Phonons:
    return phonons(bulk("Cu", a=3.6), calculator=EMT())


def test_the_process_stays_as_it_was() -> None:
    """Libraries that are imported on the way raise the limit of recursions."""
    code = (
        "import sys; from ase.build import bulk; from ase.calculators.emt import EMT\n"
        "from ase_ecn.phonons import phonons\n"
        "phonons(bulk('Cu'), calculator=EMT(), supercell=(2, 2, 2), relax=False)\n"
        "print(sys.getrecursionlimit())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) == 1000


def test_the_crystal_is_relaxed_first(copper: Phonons) -> None:
    at_rest = relaxed(bulk("Cu", a=3.6), EMT())
    assert copper.primitive.get_volume() == pytest.approx(at_rest.get_volume(), rel=1e-6)
    with pytest.raises(RelaxationError, match="is not relaxed after"):
        relaxed(bulk("Cu", a=3.8), EMT(), steps=1)


def test_frequencies_are_those_of_ase(copper: Phonons, tmp_path: Path) -> None:
    atoms = relaxed(bulk("Cu", a=3.6), EMT())
    theirs = ASEPhonons(atoms, EMT(), supercell=(5, 5, 5), delta=0.01, name=tmp_path / "phonon")
    theirs.run()
    theirs.read(acoustic=True)
    q = [[0.5, 0.5, 0.0], [0.5, 0.5, 0.5]]  # X and L
    terahertz = theirs.band_structure(np.array(q)) / 4.135667696e-3
    np.testing.assert_allclose(copper.frequencies(q), np.sort(terahertz), rtol=0.02)


def test_bands_dos_and_stability(copper: Phonons) -> None:
    lowest, highest = copper.extremes(mesh=8)
    assert lowest == pytest.approx(0, abs=0.02)
    assert copper.is_stable(mesh=8)
    bands = copper.bands(points=40)
    assert bands.energies.shape[2] == 3
    assert bands.energies.max() == pytest.approx(highest, rel=0.05)
    frequency, density = copper.dos(mesh=8)
    states = ((density[1:] + density[:-1]) / 2 * np.diff(frequency)).sum()
    assert states == pytest.approx(3, rel=0.02)


def test_an_unstable_crystal_is_called_so() -> None:
    simple_cubic = bulk("Cu", "sc", a=2.4)
    found = phonons(simple_cubic, calculator=EMT(), supercell=(4, 4, 4))
    assert not found.is_stable(mesh=6)
    assert found.extremes(mesh=6)[0] < -0.5


def test_what_cannot_work_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PropertyNotImplementedError, match="not fitted to forces"):
        phonons(bulk("Cu"), calculator=ECNCalculator())
    with pytest.raises(OptionError, match="displacement"):
        phonons(bulk("Cu"), calculator=EMT(), displacement=0.0)
    with pytest.raises(OptionError, match="cannot read"):
        load_phonons(tmp_path / "missing.yaml")


@pytest.mark.data
def test_silicon_vibrates_as_in_vasp(data: Path) -> None:
    theirs = load_phonons(data / "phonons" / "Si-gruneisen__orig" / "phonopy.yaml.xz")
    ours = phonons(theirs.unit_cell, supercell=theirs.phonopy.supercell_matrix)
    assert ours.is_stable()
    assert ours.extremes()[1] == pytest.approx(theirs.extremes()[1], rel=0.1)
