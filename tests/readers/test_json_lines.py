from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from ase_ecn.errors import ASEECNError, CellError, CrystalError, StorageError
from ase_ecn.readers import count_structures, read_structures
from ase_ecn.readers.json_lines import structure_fields, write_json_lines


@pytest.mark.parametrize("name", ["some.jsonl", "some.jsonl.gz"])
def test_what_is_written_is_read(tmp_path: Path, name: str) -> None:
    atoms = [bulk("NaCl", "rocksalt", a=5.64), bulk("Cu", cubic=True)]
    atoms[1].positions[0] -= 0.3  # stays outside of the cell
    rows = [{**structure_fields(a), "source": f"mp-{k}", "gap": 0.5} for k, a in enumerate(atoms)]
    assert write_json_lines(tmp_path / name, rows) == 2
    assert count_structures(tmp_path / name) == 2
    for k, (source, expected) in enumerate(zip(read_structures(tmp_path / name), atoms)):
        read = source.load()
        assert read.symbols.get_chemical_formula() == expected.symbols.get_chemical_formula()
        np.testing.assert_allclose(read.cell[:], expected.cell[:], atol=1e-7)
        np.testing.assert_allclose(read.positions, expected.positions, atol=1e-7)
        assert read.pbc.all()
        assert source.label == f"{name}#{k}"
        assert source.columns == {"source": f"mp-{k}", "gap": 0.5}
        assert source.labels["gap"] == 0.5


def test_the_same_rows_make_the_same_file(tmp_path: Path) -> None:
    rows = [structure_fields(bulk("Cu"))]
    for name in ("a.jsonl.gz", "b.jsonl.gz"):
        write_json_lines(tmp_path / name, rows)
    assert (tmp_path / "a.jsonl.gz").read_bytes() == (tmp_path / "b.jsonl.gz").read_bytes()
    assert "-0.0" not in (gzip.decompress((tmp_path / "a.jsonl.gz").read_bytes())).decode()


def test_damaged_lines_are_told_and_the_others_read(tmp_path: Path) -> None:
    good = json.dumps(structure_fields(bulk("Cu")))
    path = tmp_path / "some.jsonl"
    lines = [
        good,
        "{half a line",
        '{"cell": []}',
        "3",
        '{"species": ["Xx"], "cell": [], "frac": []}',
        good,
    ]
    path.write_text("\n".join(lines))
    sources = list(read_structures(path))
    assert [bool(source.problem) for source in sources] == [False, True, True, True, False, False]
    assert "line 2 is not a JSON object" in sources[1].problem
    assert "no species, frac in line 3" in sources[2].problem
    with pytest.raises(CrystalError, match="not a structure"):
        sources[4].load()
    assert isinstance(sources[5].load(), Atoms)


def test_a_damaged_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "some.jsonl.gz"
    path.write_bytes(gzip.compress(b"{}\n" * 1000)[:-12])
    assert "cannot be read" in [s.problem for s in read_structures(path)][-1]
    (tmp_path / "text.jsonl.gz").write_text("{}")
    (source,) = read_structures(tmp_path / "text.jsonl.gz")
    assert "cannot be read" in source.problem
    with pytest.raises(StorageError, match="cannot write"):
        write_json_lines(tmp_path / "nowhere" / "out.jsonl", [])


@pytest.mark.parametrize(
    "damage",
    [
        {"cell": [[0, 0, 0], [0, 3, 0], [0, 0, 3]]},
        {"cell": [0, 0, 0]},
        {"cell": [1, 2]},
        {"cell": {}},
        {"species": ["Cu", 10**40]},
        {"frac": [[0, 0]]},
        {"frac": "0 0 0"},
    ],
)
def test_what_is_no_structure_is_refused_and_spoils_no_other(
    tmp_path: Path, damage: dict[str, object]
) -> None:
    good = structure_fields(bulk("Cu"))
    write_json_lines(tmp_path / "x.jsonl", [good | damage, good])
    first, second = read_structures(tmp_path / "x.jsonl")
    with pytest.raises(ASEECNError):
        first.load()
    assert len(second.load()) == 1


def test_a_cell_without_a_vector_is_named(tmp_path: Path) -> None:
    flat = structure_fields(bulk("Cu")) | {"cell": [[0, 0, 0], [0, 3, 0], [0, 0, 3]]}
    write_json_lines(tmp_path / "x.jsonl", [flat])
    (source,) = read_structures(tmp_path / "x.jsonl")
    with pytest.raises(CellError, match="a lattice vector has no length"):
        source.load()
