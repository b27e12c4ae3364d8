from __future__ import annotations

import gzip
import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.emt import EMT
from ase.data import chemical_symbols
from ase.optimize import BFGS
from pages import data_of

from ase_ecn import comparison, vasp
from ase_ecn.checkpoint import DEFAULT_EMPNN, read_card

ELEMENTS = read_card(DEFAULT_EMPNN).elements
EXAMPLES = Path(__file__).parent.parent / "examples"


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def precondition() -> ModuleType:
    return load("precondition_dft")


# Files of VASP, as short as their readers allow


def rows(values: np.ndarray, tag: str = "v") -> str:
    return "".join(f"<{tag}>{' '.join(f'{x:.8f}' for x in v)}</{tag}>" for v in values)


def structure_xml(atoms: Atoms, name: str = "") -> str:
    attribute = f' name="{name}"' if name else ""
    return (
        f'<structure{attribute}><crystal><varray name="basis">{rows(atoms.cell[:])}</varray>'
        f'<i name="volume">{atoms.get_volume():.8f}</i>'
        f'<varray name="rec_basis">{rows(atoms.cell.reciprocal()[:])}</varray></crystal>'
        f'<varray name="positions">{rows(atoms.get_scaled_positions())}</varray></structure>'
    )


def energies_xml(value: float) -> str:
    names = ("e_fr_energy", "e_wo_entrp", "e_0_energy")
    entries = [f'<i name="{name}">{value:.8f}</i>' for name in names]
    return f"<energy>{''.join(entries)}</energy>"


def eigenvalues_xml() -> str:
    # Two spins and two k-points; a gap of 1.5 eV and a moment of 2 µB.
    text = ""
    for spin, filled in ((1, 3), (2, 1)):
        text += f'<set comment="spin {spin}">'
        for k, shift in ((1, 0.0), (2, -0.5)):
            levels = [-3.0, -1.0, 0.0, 3.0] if spin == 1 else [-3.0, 2.0, 2.5, 3.0]
            band = [[e + shift, float(n < filled)] for n, e in enumerate(levels)]
            text += f'<set comment="kpoint {k}">{rows(np.array(band), "r")}</set>'
        text += "</set>"
    fields = "<dimension dim='1'>band</dimension><field>eigene</field><field>occ</field>"
    return f"<eigenvalues><array>{fields}<set>{text}</set></array></eigenvalues>"


def vasprun(images: list[Atoms]) -> str:
    """A vasprun.xml of a relaxation through these images."""
    symbols = images[0].get_chemical_symbols()
    types = list(dict.fromkeys(symbols))
    atoms = "".join(f"<rc><c>{s}</c><c>{types.index(s) + 1}</c></rc>" for s in symbols)
    kinds = "".join(
        f"<rc><c>{symbols.count(t)}</c><c>{t}</c><c>1.0</c><c>1.0</c>"
        f"<c>PAW_PBE {t} 01Jan2000</c></rc>"
        for t in types
    )
    calculations = ""
    for step, image in enumerate(images):
        forces = rows(np.full((len(image), 3), 0.25))
        last = step == len(images) - 1
        energy = energies_xml(-float(len(image)) - step)
        calculations += (
            f"<calculation><scstep>{energy}</scstep>{structure_xml(image)}"
            f'<varray name="forces">{forces}</varray>'
            f'<varray name="stress">{rows(np.eye(3))}</varray>{energy}'
            f"{eigenvalues_xml() if last else ''}</calculation>"
        )
    return (
        '<?xml version="1.0" encoding="ISO-8859-1"?><modeling>'
        '<generator><i name="program" type="string">vasp</i>'
        '<i name="version" type="string">6.3.0</i></generator>'
        '<incar><i type="int" name="NSW">20</i><i type="int" name="ISPIN">2</i></incar>'
        '<kpoints><generation param="Gamma"><v type="int" name="divisions">2 1 1</v></generation>'
        f'<varray name="kpointlist">{rows(np.array([[0.0, 0, 0], [0.5, 0, 0]]))}</varray>'
        f'<varray name="weights">{rows(np.array([[0.5], [0.5]]))}</varray></kpoints>'
        '<parameters><i type="int" name="NSW">20</i><i type="int" name="ISPIN">2</i>'
        '<i type="int" name="NELM">60</i><i type="int" name="IBRION">2</i>'
        '<i name="PSTRESS">0.0</i></parameters>'
        f"<atominfo><atoms>{len(symbols)}</atoms><types>{len(types)}</types>"
        f'<array name="atoms"><field>element</field><set>{atoms}</set></array>'
        f'<array name="atomtypes"><field>type</field><set>{kinds}</set></array></atominfo>'
        f"{structure_xml(images[0], 'initialpos')}{calculations}"
        f"{structure_xml(images[-1], 'finalpos')}</modeling>"
    )


def outcar(images: list[Atoms]) -> str:
    """An OUTCAR of a relaxation through these images, with a magnetization of 1.5 µB."""
    symbols = images[0].get_chemical_symbols()
    types = list(dict.fromkeys(symbols))
    lines = [f" POTCAR:    PAW_PBE {t} 01Jan2000" for t in (*types, *types)]
    lines += [
        "   ISPIN  =      2    spin polarized calculation?",
        "   k-points           NKPTS =      1   k-points in BZ     NKDIM =      1"
        "   number of bands    NBANDS=      2",
        "   ions per type =  " + " ".join(f"{symbols.count(t):5}" for t in types),
        " k-points in reciprocal lattice and weights: Gamma",
        "   0.00000000  0.00000000  0.00000000       1.000",
        "----- Iteration      1(   1)  -----",
    ]
    for image in images:
        energy = f"{-len(image):.8f}"
        lines += [
            " number of electron      16.0000000 magnetization       1.5000000",
            "      direct lattice vectors                 reciprocal lattice vectors",
        ]
        for real, reciprocal in zip(image.cell[:], image.cell.reciprocal()[:]):
            lines.append(" ".join(f"{x:13.9f}" for x in (*real, *reciprocal)))
        lines += [" POSITION                        TOTAL-FORCE (eV/Angst)", " ---"]
        lines += [" ".join(f"{x:13.5f}" for x in (*p, 0, 0, 0)) for p in image.positions]
        lines += [
            " ---",
            "  FREE ENERGIE OF THE ION-ELECTRON SYSTEM (eV)",
            "  ---------------------------------------------------",
            f"  free  energy   TOTEN  =      {energy} eV",
            "",
            f"  energy  without entropy= {energy}  energy(sigma->0) = {energy}",
        ]
    return "\n".join(lines) + "\n"


def path_of_salt() -> list[Atoms]:
    return [bulk("NaCl", "rocksalt", a=a) for a in (6.0, 5.7)]


# Comparison with VASP


@pytest.mark.parametrize("name", ["vasprun.xml", "vasprun.xml.relax1.gz"])
def test_vasprun_is_read_by_ase(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    text = vasprun(path_of_salt()).encode()
    file.write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    run = vasp.read_run(file)
    assert run.steps == 2
    np.testing.assert_allclose(run.start.cell.lengths(), 6.0 / 2**0.5, rtol=1e-6)
    np.testing.assert_allclose(run.final.cell.lengths(), 5.7 / 2**0.5, rtol=1e-6)
    assert run.start.get_chemical_symbols() == ["Na", "Cl"]
    assert run.gap == pytest.approx(1.5)
    assert run.magnetization == pytest.approx(2.0)


def test_pymatgen_reads_what_ase_cannot(tmp_path: Path) -> None:
    file = tmp_path / "vasprun.xml"
    file.write_text(vasprun(path_of_salt()).replace("0.25000000", "**********"))
    with pytest.raises(ValueError, match="could not convert"):
        vasp._read_with_ase(file, "vasp-xml")
    run = vasp.read_run(file)
    assert run.steps == 2
    np.testing.assert_allclose(run.final.cell.lengths(), 5.7 / 2**0.5, rtol=1e-6)
    assert run.gap == pytest.approx(1.5)
    assert run.magnetization == pytest.approx(2.0)


def test_outcar_is_read_with_its_moment(tmp_path: Path) -> None:
    file = tmp_path / "OUTCAR"
    file.write_text(outcar(path_of_salt()))
    run = vasp.read_run(file)
    assert run.steps == 2
    np.testing.assert_allclose(run.start.cell.lengths(), 6.0 / 2**0.5, rtol=1e-6)
    assert run.magnetization == pytest.approx(1.5)
    assert run.gap is None


def test_a_run_in_a_folder_counts_once(tmp_path: Path) -> None:
    names = ("a/vasprun.xml.gz", "a/OUTCAR", "b/OUTCAR.relax1.gz", "b/vasprun.xml", "b/POSCAR")
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = [str(p.relative_to(tmp_path)) for p in vasp.find_files(tmp_path)]
    assert found == ["a/vasprun.xml.gz", "b/OUTCAR.relax1.gz", "b/vasprun.xml"]


def test_levels_tell_gap_and_moment() -> None:
    levels, full = np.array([0.0, 1.0, 3.0]), np.array([2.0, 2.0, 0.0])
    assert vasp.gap([(0, 1.0, levels, full)]) == pytest.approx(2.0)
    assert vasp.gap([(0, 1.0, levels, full), (0, 1.0, levels - 2, full)]) == 0.0
    assert vasp.gap([]) is None
    assert vasp.magnetization([(0, 1.0, levels, full)]) is None


def test_the_script_compares_and_reports(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = tmp_path / "runs"
    runs.mkdir()
    (runs / "vasprun.salt.xml").write_text(vasprun(path_of_salt()))
    (runs / "vasprun.fixed.xml").write_text(vasprun([bulk("Si"), bulk("Si")]))
    (runs / "OUTCAR.broken").write_text("nothing")
    known = read_card(DEFAULT_EMPNN).elements
    foreign = next(s for z, s in enumerate(chemical_symbols) if z and z not in known)
    (runs / "vasprun.foreign.xml").write_text(vasprun([bulk(foreign, "fcc", a=6.0)]))
    picture = tmp_path / "lengths.png"
    page = tmp_path / "vasp.html"
    files = ["--plot", str(picture), "--report", str(page)]
    assert load("compare_vasp").main([str(runs), "missing.xml", *files]) == 1
    captured = capsys.readouterr()
    assert "NaCl" in captured.out or "ClNa" in captured.out
    assert "gap" in captured.out
    assert "(VASP 1.50)" in captured.out
    assert "1 runs kept their cell" in captured.out
    assert "closer to VASP's cell than the start: 100%" in captured.out
    for name in ("OUTCAR.broken", "vasprun.foreign.xml", "missing.xml"):
        assert name in captured.err
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert len(data_of(page.read_text())["columns"][0]["values"]) == 2


def test_collections_are_filtered(tmp_path: Path) -> None:
    start, final = path_of_salt()
    final.positions[1] += 0.1
    sides = {
        side: {
            "species": atoms.get_chemical_symbols(),
            "cell": atoms.cell.tolist(),
            "frac": atoms.get_scaled_positions().tolist(),
        }
        for side, atoms in (("initial", start), ("final", final))
    }
    good = {"id": "good", "flags": [], "cell_free": True, "real_cell_change": True, **sides}
    good |= {"n_ionic_steps": 2, "total_magnetization": -1.0}
    bad = [{**good, "flags": ["odd"]}, {**good, "cell_free": False}]
    file = tmp_path / "rows.jsonl"
    file.write_text("\n".join(json.dumps(row) for row in (good, *bad)))
    (run,) = vasp.read_collection(file)
    assert run.magnetization == 1.0
    assert run.gap is None
    moved = vasp.with_final_positions(run).start
    np.testing.assert_allclose(moved.cell[:], start.cell[:])
    np.testing.assert_allclose(moved.get_scaled_positions(), final.get_scaled_positions())
    assert start.get_scaled_positions()[1] == pytest.approx(run.start.get_scaled_positions()[1])


@pytest.mark.data
def test_real_relaxations_come_closer(data: Path) -> None:
    runs, failures = vasp.read_runs([], ELEMENTS, data / "vasp" / "relaxations.jsonl.gz")
    assert failures == []
    assert len(runs) == 48
    comparisons = comparison.compare([vasp.with_final_positions(r) for r in runs])
    scores = comparison.summary(comparisons)
    assert scores["closer"] > 0.5
    assert scores["median_after"] < scores["median_before"]


# Phonons


def test_phonons_are_reported(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("phonopy")
    load("phonons").main(["--quick"])
    assert "stable" in capsys.readouterr().out


# Force evaluations saved


@pytest.mark.slow
def test_the_network_saves_evaluations(precondition: ModuleType) -> None:
    rng = np.random.default_rng(0)
    crystals = [c for c in precondition.fcc_metals(0.1, 0.0, rng) if c[0] in ("Al", "Cu")]
    before = [atoms.copy() for _, atoms in crystals]
    outcomes = precondition.compare(crystals, EMT())
    for atoms, outcome in zip(before, outcomes):
        assert outcome.start == atoms
        assert outcome.direct.converged
        assert outcome.after.converged
        assert outcome.same_minimum
    direct, after = precondition.totals(outcomes)
    assert direct == sum(o.direct.evaluations for o in outcomes)
    assert after < direct


def test_every_geometry_counts_once(precondition: ModuleType) -> None:
    atoms = bulk("Cu", a=3.7)
    atoms.calc = counter = precondition.Counter(EMT())
    run = BFGS(atoms, logfile=None)
    atoms.get_forces()
    atoms.get_stress()
    atoms.get_potential_energy()
    assert counter.evaluations == 1
    run.run(fmax=0.01)
    assert counter.evaluations == 1  # forces of a perfect crystal are zero
    done = precondition.relax_with_forces(atoms, EMT(), BFGS, 0.01)
    assert done.converged
    assert done.evaluations > 2
    assert atoms.cell.lengths() == pytest.approx(3.7 / 2**0.5)


@pytest.mark.slow
def test_emt_is_kept_to_its_metals(
    precondition: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [str(EXAMPLES / "crystals" / f) for f in ("Al-fcc.cif", "NaCl-rocksalt.cif")]
    arguments = [*files, "--calculator", "emt", "--optimizer", "FIRE", "--fmax", "0.05"]
    assert precondition.main(arguments) == 1
    captured = capsys.readouterr()
    assert "emt, FIRE" in captured.out
    assert "Al-fcc.cif" in captured.out
    assert "EMT/PBE" in captured.out
    assert "skipped NaCl-rocksalt.cif: EMT is used for" in captured.err
