from __future__ import annotations

import lzma
from pathlib import Path

import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.calculator import BaseCalculator
from ase.calculators.emt import EMT

from ase_ecn.errors import DatasetError, OptionError, UnsupportedElementError

pytest.importorskip("phonopy")
from ase_ecn.phonons import (
    phonons,
)
from reproduce.reports.phonon_errors import (
    Comparison,
    Spectrum,
    compare_all,
    comparison_lines,
    tables,
)


def write_force_set(folder: Path, atoms: Atoms, calculator: BaseCalculator) -> None:
    """As phonopy leaves it after a run of another code."""
    folder.mkdir(parents=True)
    found = phonons(atoms, calculator=calculator, supercell=(2, 2, 2), relax=False)
    found.phonopy.save(folder / "phonopy.yaml", settings={"force_sets": True})
    with lzma.open(folder / "phonopy.yaml.xz", "wb") as file:
        file.write((folder / "phonopy.yaml").read_bytes())


class OnlyCopper(EMT):
    def calculate(self, atoms: Atoms, *arguments: object) -> None:
        if set(atoms.symbols) != {"Cu"}:
            raise UnsupportedElementError("not copper")
        super().calculate(atoms, *arguments)


@pytest.mark.slow
def test_all_sets_of_forces_are_compared_or_refused(tmp_path: Path) -> None:
    write_force_set(tmp_path / "phonons" / "large", bulk("Cu", a=3.7), EMT())
    write_force_set(tmp_path / "phonons" / "silver", bulk("Ag"), EMT())
    large, silver = rows = compare_all(tmp_path, OnlyCopper(), mesh=4)
    assert (large.name, large.formula, large.problem) == ("large", "Cu", "")
    assert large.as_given.extremes == pytest.approx(large.vasp, abs=1e-2)
    assert large.as_given.difference < 1e-2
    assert large.as_given.volume == pytest.approx(1)
    assert large.relaxed.extremes[1] > 1.1 * large.vasp[1]  # pulled apart, it was softer
    assert large.relaxed.difference > 0.1
    assert large.relaxed.volume < 0.95
    assert (silver.problem, silver.relaxed, silver.as_given) == (
        "refused: not copper",
        None,
        None,
    )
    assert silver.vasp[1] > 1
    with pytest.raises(DatasetError, match="no sets of forces"):
        compare_all(tmp_path / "phonons", EMT())
    lines = comparison_lines(rows)
    assert len({line.count("|") for line in lines if line.startswith("|")}) == 1
    assert lines[-1] == "silver: refused: not copper"
    (given,) = (line for line in lines if line.startswith("with VASP's cell"))
    assert "highest mode off by 0.0 % (median of 1 sets)" in given
    assert given.endswith("does not have: none")


def test_medians_and_imaginary_modes_of_several_sets() -> None:
    def row(name: str, formula: str, lowest: float, highest: float) -> Comparison:
        spectrum = Spectrum((lowest, highest), 0.5, 1.0)
        return Comparison(name, formula, (0.0, 10.0), spectrum, None, "")

    rows = [row("one", "X", 0, 9), row("two", "Y", -1, 10.5), row("three", "Y", 0, 10.3)]
    (relaxed,) = (line for line in comparison_lines(rows) if line.startswith("relaxed here:"))
    assert "off by 5.0 % (median of 3 sets), 7.0 % (of 2 crystals)" in relaxed
    assert "by 0.50 THz" in relaxed
    assert relaxed.endswith("does not have: two")


def test_a_checkpoint_without_forces_is_an_error_in_words(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="gives no forces"):
        next(tables("ecn-mp20", tmp_path, mesh=4))
