from __future__ import annotations

from pathlib import Path

from ase import units

from ase_ecn.checkpoint import read_card

README = Path(__file__).parent.parent / "README.md"


def test_there_are_exactly_two_set_up_commands() -> None:
    commands = [s for s in README.read_text().splitlines() if s.startswith("pip install")]
    assert commands == [
        "pip install -c constraints.txt -e . && ase-ecn screen examples/crystals --relax",
        'pip install -c constraints.txt -e ".[test]" && pytest',
    ]


def test_accuracies_are_those_of_the_cards() -> None:
    text = README.read_text()
    names = ("ecn-mp20", "empnn-mp20", "empnn-perov5", "empnn-carbon24", "ecn-pes", "ecn-fermi")
    ecn, empnn, perovskites, carbon, pes, fermi = (read_card(n).content["test"] for n in names)
    expected = [
        f"| {ecn['formation_energy_mae']:.4f} eV/atom",
        f"| {ecn['band_gap_mae']:.3f} eV",
        f"| {ecn['band_gap_mae_insulators']:.3f} eV",
        f"| {ecn['metal_auc']:.4f}",
        f"| {ecn['magnetization_mae']:.4f} µB/atom",
        f"| {ecn['site_moments_mae']:.3f} µB",
        f"| {ecn['site_moments_mae_unseen']:.3f} µB",
        f"| {ecn['fermi_level_mae']:.3f} eV",
        f"| {fermi['fermi_level_mae']:.3f} eV",
        f"| {empnn['lengths_improvement']:.3f} Å | {empnn['lengths_improvement_relaxer']:.3f} Å",
        f"| {empnn['angles_improvement']:.2f}° | {empnn['angles_improvement_relaxer']:.2f}°",
        f"{100 * empnn['relaxed_moved_mean']:.2f} %",
        f"| {1e3 * pes['potential_energy_mae']:.1f} meV/atom",
        f"| {pes['forces_mae']:.3f} eV/Å",
        f"| {pes['stress_mae'] / units.GPa:.2f} GPa",
        f"{100 * empnn['substituted_mean']:.2f} % / {100 * empnn['substituted_median']:.2f} %",
        f"lengths improved by {perovskites['lengths_improvement_relaxer']:.3f} Å",
        f"angles by {perovskites['angles_improvement_relaxer']:.2f}°",
        f"{perovskites['lengths_improvement']:.3f} Å / {perovskites['angles_improvement']:.2f}°",
        f"lengths improved by {carbon['lengths_improvement_relaxer']:.3f} Å",
        f"angles by {carbon['angles_improvement_relaxer']:.2f}°",
        f"{carbon['lengths_improvement']:.3f} Å / {carbon['angles_improvement']:.2f}°",
    ]
    assert [value for value in expected if value not in text] == []
