from __future__ import annotations

import re
from pathlib import Path

from ase import units

import ase_ecn
from ase_ecn.checkpoint import bundled_checkpoints, read_card

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
ACCURACY = ROOT / "docs" / "accuracy.md"
NAMES = ("ecn-mp20", "empnn-mp20", "empnn-perov5", "empnn-carbon24", "ecn-pes", "ecn-fermi")
CALIBRATED = ("formation_energy", "band_gap")


def test_there_are_exactly_two_set_up_commands() -> None:
    commands = [s for s in README.read_text().splitlines() if s.startswith("pip install")]
    assert commands == [
        "pip install -c constraints.txt -e . && ase-ecn screen examples/crystals --relax",
        'pip install -c constraints.txt -e ".[test]" && pytest',
    ]


def test_it_is_short_and_its_links_lead_somewhere() -> None:
    text = README.read_text()
    assert len(text.split()) <= 800
    targets = re.findall(r"\]\(([^)]+)\)", text)
    local = [t.partition("#")[0] for t in targets if not t.startswith("https:")]
    assert len(local) > 10
    assert [t for t in local if not (ROOT / t).is_file()] == []
    pictures = [t for t in local if t.endswith(".png")]
    assert pictures
    assert all((ROOT / t).read_bytes().startswith(b"\x89PNG") for t in pictures)


def test_the_citation_is_of_this_version() -> None:
    assert f"\nversion: {ase_ecn.__version__}\n" in (ROOT / "CITATION.cff").read_text()


def test_the_changelog_has_the_versions_of_the_cards() -> None:
    text = (ROOT / "CHANGELOG.md").read_text()
    for name in bundled_checkpoints():
        version = read_card(name).version.removeprefix("v")
        assert f"\n| `{name}` | {version} |" in text


def test_errors_are_those_of_the_cards() -> None:
    text = README.read_text()
    ours, theirs, empnn = (
        read_card(name).content["test"] for name in ("ecn-mp20-so3", "ecn-mp20", "empnn-mp20")
    )
    expected = [
        f"| {ours['wbm_formation_energy_mae']:.3f} eV/atom |",
        f"| F1 {ours['wbm_stable_f1']:.2f} |",
        *(
            f"| {ours[name]:{form}}{unit} | {theirs[name]:{form}}{unit} |"
            for name, form, unit in (
                ("formation_energy_mae", ".4f", " eV/atom"),
                ("band_gap_mae", ".3f", " eV"),
                ("magnetization_mae", ".4f", " µB/atom"),
                ("site_moments_mae", ".3f", " µB"),
                ("fermi_level_mae", ".3f", " eV"),
            )
        ),
        f"| ROC AUC {ours['metal_auc']:.4f} | ROC AUC {theirs['metal_auc']:.4f} |",
        f"lattice lengths are off by {100 * empnn['substituted_mean']:.2f} % afterwards",
    ]
    assert [value for value in expected if value not in text] == []


def test_accuracies_are_those_of_the_cards() -> None:
    text = ACCURACY.read_text()
    ours = read_card("ecn-mp20-so3").content["test"]
    ecn, empnn, perovskites, carbon, pes, fermi = (read_card(n).content["test"] for n in NAMES)
    intervals = [f"{100 * ecn[f'{name}_in_90%_interval']:.1f} %" for name in CALIBRATED]
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
        *(f"| 90 % | {share} |" for share in intervals),
        f"| {ours['wbm_formation_energy_mae']:.4f} | ",
        f"| {ours['wbm_formation_energy_bias']:+.4f} | ",
        f"| {ours['wbm_stable_f1']:.3f} | ",
        f"| {100 * ours['wbm_in_90%_interval']:.0f} % | ",
        f"| {ours['formation_energy_mae']:.4f} eV/atom | ",
        f"| {ours['band_gap_mae']:.3f} eV | ",
        f"| {ours['band_gap_mae_insulators']:.3f} eV | ",
        f"| {ours['site_moments_mae']:.3f} µB | ",
        f"| {empnn['lengths_improvement']:.3f} Å | {empnn['lengths_improvement_relaxer']:.3f} Å",
        f"| {empnn['angles_improvement']:.2f}° | {empnn['angles_improvement_relaxer']:.2f}°",
        f"{100 * empnn['relaxed_moved_mean']:.2f} %",
        f"| energy (meV/atom) | {1e3 * pes['potential_energy_mae']:.1f} |",
        f"| force components (eV/Å) | {pes['forces_mae']:.3f} |",
        f"| stress components (GPa) | {pes['stress_mae'] / units.GPa:.2f} |",
        f"{100 * empnn['substituted_mean']:.2f} % / {100 * empnn['substituted_median']:.2f} %",
        *(
            f"| {scores['lengths_improvement']:.3f} Å / {scores['angles_improvement']:.2f}° | "
            f"{scores['lengths_improvement_relaxer']:.3f} Å / "
            f"{scores['angles_improvement_relaxer']:.2f}° |"
            for scores in (perovskites, carbon)
        ),
    ]
    assert [value for value in expected if value not in text] == []
