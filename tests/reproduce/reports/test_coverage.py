from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk

from ase_ecn.crystal import as_crystal
from ase_ecn.prediction import PropertyPredictor
from ase_ecn.relaxation.predictor import StrainPredictor
from reproduce.__main__ import main
from reproduce.reports.coverage import (
    EXAMPLES_HEADER,
    HEADER,
    SHARES,
    Coverage,
    coverage,
    example_rows,
    states_uncertainty,
)
from reproduce.reports.unseen_crystals import UnseenCrystals, unseen_crystals


def cells(row: str) -> list[str]:
    return [cell.strip() for cell in row.strip("|").split("|")]


def test_normal_errors_are_within_as_many_intervals_as_they_should() -> None:
    rng = np.random.default_rng(0)
    stated = rng.uniform(0.01, 0.3, 20_000)
    errors = np.abs(rng.normal(scale=stated))
    found = Coverage("normal", errors, stated, np.zeros(20_000, dtype=bool))
    for share in SHARES:
        assert found.within(share) == pytest.approx(share, abs=0.01)


def test_wrong_energies_are_missed_unless_flagged() -> None:
    errors, flagged = np.array([0.5, 0.5, 0.01, 0.01]), np.array([True, False, True, False])
    found = Coverage("four", errors, np.full(4, 0.02), flagged)
    assert found.missed == 0.25
    assert cells(found.row()) == [
        *("four", "4", "0.255", "0.020", "50 %", "50 %", "50 %", "50 %", "50 %"),
        *("0.255 / 0.255", "25 %"),
    ]
    assert len(cells(found.row())) == len(cells(HEADER.splitlines()[0]))


def test_what_states_no_uncertainty_says_so_and_is_scored_all_the_same() -> None:
    predictor = PropertyPredictor("ecn-universal", device="cpu")
    crystal = as_crystal(bulk("NaCl", "rocksalt", a=5.69))
    (energy,) = (p.formation_energy for p in predictor.predict([crystal]))
    silent = UnseenCrystals("salt", [crystal], np.array([energy + 0.25]))
    found = coverage(predictor, silent)
    assert found.errors == pytest.approx([0.25])
    if not states_uncertainty(predictor):
        assert found.stated is None
        assert cells(found.row())[3:8] == ["none"] * 5


def test_impossible_crystals_are_above_the_hull_or_flagged_or_called_wrong(
    network: StrainPredictor,
) -> None:
    rows = [cells(row) for row in example_rows(PropertyPredictor("ecn-mp20"), network)]
    assert {row[0].split(",")[0] for row in rows} == {"MgF", "CaF", "NaO3"}
    assert all(len(row) == len(cells(EXAMPLES_HEADER.splitlines()[0])) for row in rows)
    for *_, above, flagged, fine in rows:
        assert (fine == "yes") == (flagged == "yes" or float(above) > 0)


def test_checkpoints_without_formation_energies_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["reliability", "ecn-pes", "--data", str(tmp_path)]) == 1
    assert "ecn-pes does not predict the formation energy" in capsys.readouterr().err
    assert main(["reliability", "ecn-mp20", "--crystals", "0", "--data", str(tmp_path)]) == 1
    assert "--crystals is 0" in capsys.readouterr().err


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "least"),
    # MP-20 is what ecn-mp20 was calibrated on. Of hypothetical crystals it had seen none.
    [("MP-20 test", {0.5: 0.38, 0.68: 0.57, 0.9: 0.84, 0.95: 0.88})],
)
def test_intervals_hold_where_they_were_calibrated(
    data: Path, name: str, least: dict[float, float]
) -> None:
    predictor = PropertyPredictor("ecn-mp20", device="cpu")
    (part,) = (
        part for part in unseen_crystals(data, predictor.card.elements, 300) if part.name == name
    )
    found = coverage(predictor, part)
    assert len(found.errors) == 300
    for share, value in least.items():
        within = found.within(share)
        assert within is not None
        assert value <= within <= share + 0.13


def documented(checkpoint: str, name: str) -> list[str]:
    """Cells of the row of a set in the table of samples in the documents."""
    page = (Path(__file__).parents[3] / "docs" / "reliability.md").read_text()
    after = page[page.index(f"For `{checkpoint}`") :]
    after = after[after.index("Samples of 60") :]
    return cells(next(line for line in after.splitlines() if line.startswith(f"| {name} | ")))


def leading(cell: str) -> float:
    return float(cell.split()[0])


@pytest.mark.data
def test_the_table_of_the_documents_is_what_is_measured(data: Path) -> None:
    """A change of networks, domains or calibrations that it does not tell of would be seen."""
    predictor = PropertyPredictor("ecn-mp20-so3", device="cpu")
    parts = list(unseen_crystals(data, predictor.card.elements, 60))
    assert len(parts) == 7
    for part in parts:
        found = cells(coverage(predictor, part).row())
        expected = documented("ecn-mp20-so3", part.name)
        assert found[:2] == expected[:2]
        for k in (2, 3):  # errors in eV/atom
            assert leading(found[k]) == pytest.approx(leading(expected[k]), abs=0.0015), part.name
        for k in (4, 5, 6, 7, 8, 10):  # percents; one crystal of 60 may be at the edge
            assert leading(found[k]) == pytest.approx(leading(expected[k]), abs=2.1), part.name
