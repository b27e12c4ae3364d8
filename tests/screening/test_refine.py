from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.emt import EMT
from ase.db import connect
from screens import lattices

from ase_ecn.cli import main
from ase_ecn.errors import OptionError
from ase_ecn.screening import refined, unrelaxed
from ase_ecn.screening.store import Store

Screen = Callable[..., object]


def rattled() -> list[Atoms]:
    """Crystals that EMT knows, off their equilibrium."""
    crystals = [bulk(element, cubic=True) for element in ("Cu", "Ag", "Au", "Al")]
    for k, atoms in enumerate(crystals):
        atoms.rattle(0.05, seed=k)
    return crystals


def test_the_best_are_relaxed_by_another_calculator(run_screen: Screen, tmp_path: Path) -> None:
    out = tmp_path / "out.db"
    report = run_screen(rattled(), out, refine="emt", refine_top=2)
    assert (report.stored, report.refined) == (4, 2)
    rows = sorted(connect(out).select(), key=lambda row: row.formation_energy)
    for row in rows[:2]:
        assert row.refined_by == "emt()"
        assert row.refined_reason == "converged"
        assert row.refined_steps > 0
        assert row.refined_seconds > 0
        assert row.refined_force < 0.05
        atoms = refined(row)
        atoms.calc = EMT()
        assert atoms.get_potential_energy() / 4 == pytest.approx(row.refined_energy)
        start = unrelaxed(row)
        start.calc = EMT()
        assert row.refined_energy < start.get_potential_energy() / 4
        assert row.energy == pytest.approx(4 * row.formation_energy)  # ours is still there
    for row in rows[2:]:
        assert "refined_by" not in row.key_value_pairs
        with pytest.raises(OptionError, match="not refined"):
            refined(row)


def interrupt_after(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Interrupt, once, what is about to write one refined crystal more."""
    plain, calls = Store.add_to_row, []

    def interrupted(self: Store, *arguments: object) -> None:
        calls.append(arguments)
        if len(calls) == count + 1:
            raise KeyboardInterrupt
        plain(self, *arguments)

    monkeypatch.setattr(Store, "add_to_row", interrupted)


def test_what_is_done_is_not_done_again(
    run_screen: Screen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out.db"
    interrupt_after(2, monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        run_screen(lattices(4), out, refine="emt")
    assert len(list(connect(out).select("refined_steps>=0"))) == 2
    report = run_screen(lattices(4), out, refine="emt")
    assert (report.computed, report.refined) == (0, 2)
    assert run_screen(lattices(4), out, refine="emt").refined == 0
    # Another calculator does it all again, as does the same with other options.
    assert run_screen(lattices(4), out, refine="lj").refined == 4
    options = {"asap_cutoff": True}
    assert run_screen(lattices(4), out, refine="emt", refine_options=options).refined == 4
    assert {row.refined_by for row in connect(out).select()} == {"emt(asap_cutoff=True)"}


def test_failures_have_reasons_and_spoil_no_other(run_screen: Screen, tmp_path: Path) -> None:
    out = tmp_path / "out.db"
    crystals = [bulk("Cu"), bulk("Na"), bulk("Au")]
    assert run_screen(crystals, out, refine="emt").refined == 3
    reasons = {row.formula: row.refined_reason for row in connect(out).select()}
    assert "NotImplementedError" in reasons.pop("Na")
    assert set(reasons.values()) == {"converged"}
    assert run_screen(crystals, out, refine="emt").refined == 0
    assert run_screen(crystals, out, refine="emt", retry_failed=True).refined == 1


def results(out: Path) -> dict[str, tuple[str, float]]:
    """Reason and energy of each crystal that was refined, by its label."""
    rows = [row for row in connect(out).select() if "refined_by" in row.key_value_pairs]
    return {row.source: (row.refined_reason, row.get("refined_energy", np.nan)) for row in rows}


@pytest.mark.slow
def test_workers_refine_too_and_go_on_where_they_were_interrupted(
    run_screen: Screen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With workers in this process, which need not be started."""
    distributed = pytest.importorskip("distributed", reason="Dask is not installed")
    crystals, alone, out = [*rattled(), bulk("Na")], tmp_path / "alone.db", tmp_path / "out.db"
    run_screen(crystals, alone, refine="emt")
    with distributed.LocalCluster(
        n_workers=2, processes=False, dashboard_address=None, memory_limit=None
    ) as cluster:
        asked = {"refine": "emt", "cluster": cluster.scheduler_address}
        interrupt_after(3, monkeypatch)
        with pytest.raises(KeyboardInterrupt):
            run_screen(crystals, out, **asked)
        assert len(results(out)) == 3
        assert run_screen(crystals, out, **asked).refined == 2
        found = results(out)
        assert run_screen(crystals, out, **asked).refined == 0
        # Sodium alone, of which EMT knows nothing.
        assert run_screen(crystals, out, retry_failed=True, **asked).refined == 1
    wanted = results(alone)
    assert found.keys() == wanted.keys()
    for label, (reason, energy) in wanted.items():
        assert found[label][0] == reason
        assert found[label][1] == pytest.approx(energy, abs=1e-6, nan_ok=True)
    assert sorted(reason for reason, _ in found.values())[1:] == ["converged"] * 4


def test_the_ranking_can_be_chosen(run_screen: Screen, tmp_path: Path) -> None:
    out = tmp_path / "out.db"
    run_screen(lattices(4), out, refine="emt", refine_top=1, by="volume_per_atom", largest=True)
    (best,) = connect(out).select("refined_steps>=0")
    assert best.source == "#3"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"refine": "vsap"}, "unknown calculator"),
        ({"refine": "labelling_calculators:made", "refine_options": {"b": 1}}, "cannot be made"),
        ({"refine": "no.such:Thing"}, "no.such"),
        ({"refine": "emt", "refine_top": 0}, "refine_top"),
        ({"refine": "emt", "by": "beauty"}, "beauty"),
        ({"refine": "emt", "properties": ["band_gap"]}, "refine"),
    ],
)
def test_what_cannot_be_is_refused_before_the_screen(
    options: dict[str, object], message: str, run_screen: Screen, tmp_path: Path
) -> None:
    with pytest.raises(OptionError, match=message):
        run_screen(lattices(2), tmp_path / "out.db", **options)


def test_the_command_prints_what_was_refined(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from ase.io import write

    write(tmp_path / "in.extxyz", [bulk("Cu"), bulk("Na")])
    out = str(tmp_path / "out.db")
    arguments = ["screen", str(tmp_path / "in.extxyz"), "-o", out, "--device", "cpu", "--relax"]
    refine = ["--refine", "emt", "--refine-top", "2", "--refine-option", "asap_cutoff=True"]
    assert main([*arguments, *refine]) == 0
    printed = capsys.readouterr()
    assert "by emt (2 refined now)" in printed.out
    assert "E / eV/atom" in printed.out
    assert "in.extxyz#1: emt: " in printed.err


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("chgnet") is None, reason="chgnet is not installed")
def test_chgnet_takes_what_a_screen_hands_on(run_screen: Screen, tmp_path: Path) -> None:
    out = tmp_path / "out.db"
    name = "chgnet.model.dynamics:CHGNetCalculator"
    options = {"use_device": "cpu"}
    run_screen([bulk("MgO", "rocksalt", a=4.3)], out, refine=name, refine_options=options)
    (row,) = connect(out).select()
    assert row.refined_reason == "converged"
    assert refined(row).get_volume() == pytest.approx(19.2, rel=0.03)
    assert np.isfinite(row.refined_energy)
