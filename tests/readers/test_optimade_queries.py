"""Databases of OPTIMADE, asked by the client of optimade-python-tools without a network."""

from __future__ import annotations

import logging
import pickle
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import optimade_network as network
import pytest
from ase import Atoms
from ase.build import bulk, fcc111
from ase.db import connect

from ase_ecn.cli import main
from ase_ecn.errors import CrystalError, OptionError
from ase_ecn.readers import Source, count_structures, read_structures
from ase_ecn.readers.optimade_queries import Query
from ase_ecn.screening import screen

DATABASE = "https://tested.database/optimade"


@pytest.fixture
def _client() -> None:
    reason = "optimade is not installed (pip install 'ase-ecn[optimade]')"
    pytest.importorskip("optimade.client", reason=reason)


needs_client = pytest.mark.usefixtures("_client")


def hosts(answer: network.Answer) -> dict[str, network.Answer]:
    names = (network.LIST, "tested.index", "silent.index")
    return {**dict.fromkeys(names, network.consortium), "tested.database": answer}


def salts(count: int = 3) -> list[Atoms]:
    return [bulk("NaCl", "rocksalt", a=5.5 + 0.1 * k) for k in range(count)]


def half_filled() -> dict[str, object]:
    """Rocksalt whose anions are chlorine and bromine by halves."""
    species = [
        {"name": "Na", "chemical_symbols": ["Na"], "concentration": [1.0]},
        {"name": "Hal", "chemical_symbols": ["Cl", "Br"], "concentration": [0.5, 0.5]},
    ]
    return network.entry(
        "half",
        salts()[0],
        elements=["Br", "Cl", "Na"],
        nelements=3,
        elements_ratios=[0.25, 0.25, 0.5],
        chemical_formula_descriptive="Na2ClBr",
        chemical_formula_reduced="BrClNa2",
        chemical_formula_anonymous="A2BC",
        species=species,
        species_at_sites=["Na", "Hal"],
        structure_features=["disorder"],
    )


def load(source: Source) -> Atoms:
    return source.load()


def test_a_query_is_a_provider_a_filter_and_a_limit() -> None:
    assert Query.of("optimade:mp") == Query("mp")
    query = Query.of('optimade:mp?filter=elements HAS ALL "Na","Cl" AND nsites<=2&limit=5')
    assert query == Query("mp", 'elements HAS ALL "Na","Cl" AND nsites<=2', 5)
    assert Query.of("optimade:mp?filter=nelements%3D2").filter == "nelements=2"
    assert Query.of(f"optimade:{DATABASE}?limit=7").name == "tested.database"


@pytest.mark.parametrize(
    "text",
    [
        "optimade:",
        "optimade:mp?limit=0",
        "optimade:mp?limit=x",
        "optimade:mp?where=a",
        "optimade:mp?filter",
    ],
)
def test_what_is_no_query_is_refused(text: str) -> None:
    with pytest.raises(OptionError, match=r"a query is optimade:PROVIDER\?filter="):
        read_structures(text)


@needs_client
def test_all_pages_of_a_providers_database_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    atoms = salts()
    entries = [
        network.entry(f"salt-{k}", one, _tested_gap=5.0 + k, _tested_tags=["a"])
        for k, one in enumerate(atoms)
    ]

    def answer(url: str) -> tuple[int, object]:
        if "page=2" in url:
            return 200, network.document(entries[2:], data_returned=3, data_available=9)
        assert unquote(url).endswith('filter=elements HAS "Na"')
        following = f"{DATABASE}/v1/structures?page=2"
        return 200, network.document(entries[:2], following, data_returned=3, data_available=9)

    network.connect(monkeypatch, hosts(answer))
    query = 'optimade:tested?filter=elements HAS "Na"'
    assert count_structures(query) is None
    sources = list(read_structures(query))
    assert [one.label for one in sources] == [f"tested/salt-{k}" for k in range(3)]
    for source, expected in zip(sources, atoms):
        found = load(pickle.loads(pickle.dumps(source)))
        assert found.get_chemical_symbols() == expected.get_chemical_symbols()
        assert found.pbc.all()
        np.testing.assert_allclose(found.cell[:], expected.cell[:])
        np.testing.assert_allclose(found.positions, expected.positions)
    assert sources[1].columns == {"_tested_gap": 6.0}


@needs_client
def test_a_bad_entry_is_told_and_loses_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    good = [network.entry(f"salt-{k}", one) for k, one in enumerate(salts(2))]
    short = network.entry("short", salts()[0], cartesian_site_positions=[[0, 0, 0]])
    unknown = network.entry("unknown", salts()[0])
    unknown["attributes"]["species"][0] = {
        "name": "Na",
        "chemical_symbols": ["X"],
        "concentration": [1.0],
    }
    slab = network.entry("slab", fcc111("Cu", (1, 1, 2), vacuum=5))
    entries = [good[0], {"id": "empty"}, short, unknown, 7, slab, good[1], good[0]]
    network.connect(monkeypatch, hosts(lambda _: (200, network.document(entries))))
    sources = {one.label: one for one in read_structures(f"optimade:{DATABASE}")}
    host = "tested.database"
    assert list(sources) == [
        *(f"{host}/{name}" for name in ("salt-0", "empty", "short", "unknown", "#5", "slab")),
        *(f"{host}/{name}" for name in ("salt-1", "salt-0#8")),
    ]
    bad = [name.partition("/")[2] for name, one in sources.items() if one.problem]
    assert bad == ["empty", "short", "unknown", "#5"]
    for name in bad:
        with pytest.raises(CrystalError, match="not a valid OPTIMADE structure: "):
            load(sources[f"{host}/{name}"])
    assert load(sources[f"{host}/slab"]).pbc.tolist() == [True, True, False]


@needs_client
def test_disordered_entries_can_be_ordered(monkeypatch: pytest.MonkeyPatch) -> None:
    network.connect(monkeypatch, hosts(lambda _: (200, network.document([half_filled()]))))
    (refused,) = read_structures("optimade:tested")
    with pytest.raises(CrystalError, match="partly occupied"):
        load(refused)
    ordered = list(read_structures("optimade:tested", order=8))
    assert ordered[0].label == "tested/half#ordered1"
    assert load(ordered[0]).symbols.formula.reduce()[0].count() == {"Na": 2, "Cl": 1, "Br": 1}


@needs_client
def test_a_limit_that_cuts_is_told(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    entries = [network.entry(f"salt-{k}", one) for k, one in enumerate(salts())]
    network.connect(monkeypatch, hosts(lambda _: (200, network.document(entries))))
    with caplog.at_level(logging.WARNING):
        assert len(list(read_structures("optimade:tested?limit=3"))) == 3
        assert not caplog.records
        assert len(list(read_structures("optimade:tested?limit=2"))) == 2
    assert "more structures than the 2 that are read" in caplog.text


@needs_client
@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("optimade:nobody", "no provider 'nobody'; known are silent, tested"),
        ("optimade:silent", "names no database"),
        ("optimade:tested?filter=elements HAS", "is no filter of OPTIMADE"),
        ("optimade:https://elsewhere.org", "no answer from elsewhere.org: .*no network"),
        ("optimade:tested", "no answer from tested: .*500"),
    ],
)
def test_errors_are_in_words(monkeypatch: pytest.MonkeyPatch, query: str, reason: str) -> None:
    network.connect(monkeypatch, hosts(lambda _: (500, {})))
    with pytest.raises(OptionError, match=reason):
        list(read_structures(query))


@needs_client
@pytest.mark.parametrize("content", [b"<html>", {"data": {"id": "one"}}, {"data": None}])
def test_an_answer_that_is_none_is_an_error(
    monkeypatch: pytest.MonkeyPatch, content: object
) -> None:
    network.connect(monkeypatch, hosts(lambda _: (200, content)))
    with pytest.raises(OptionError, match="no answer from tested"):
        list(read_structures("optimade:tested"))


@needs_client
def test_without_a_network_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    made = network.connect(monkeypatch, {})
    with pytest.raises(OptionError, match="provider"):
        list(read_structures("optimade:tested"))
    assert made


@needs_client
def test_commands_and_screens_read_queries(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    entries = [network.entry(f"salt-{k}", one, _tested_gap=5.0) for k, one in enumerate(salts(2))]
    entries.insert(1, {"id": "empty"})
    network.connect(monkeypatch, hosts(lambda _: (200, network.document(entries))))
    assert main(["predict", "optimade:tested?filter=nsites=2"]) == 1
    printed = capsys.readouterr()
    assert "tested/salt-1" in printed.out
    assert "skipped tested/empty: not a valid OPTIMADE structure" in printed.err
    assert main(["relax", "optimade:tested", "-o", "relaxed.db"]) == 1
    assert {row.source for row in connect("relaxed.db").select()} == {
        "tested/salt-0",
        "tested/salt-1",
    }
    assert main(["screen", "optimade:tested"]) == 1
    rows = list(connect("tested-screened.db").select())
    assert [row.source for row in rows] == ["tested/salt-0", "tested/salt-1"]
    assert rows[0]._tested_gap == 5.0
    report = screen("optimade:tested?filter=nelements=2", "tested-screened.db")
    assert (report.stored, report.failed, report.computed) == (2, 1, 0)


@needs_client
def test_the_server_of_optimade_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reference server with its own data, in this process."""
    reason = "its server is not installed (pip install 'optimade[server]')"
    for package in ("fastapi", "mongomock", "pymongo"):
        pytest.importorskip(package, reason=reason)
    test_client = pytest.importorskip("fastapi.testclient", reason=reason)
    network.connect(monkeypatch, {network.LIST: network.consortium})
    monkeypatch.setenv("OPTIMADE_CONFIG_FILE", "none.json")
    from optimade.server import data
    from optimade.server.config import ServerConfig
    from optimade.server.create_app import create_app

    names = {"id": "task_id", "chemical_formula_anonymous": "formula_anonymous"}
    names |= dict.fromkeys(
        ("chemical_formula_descriptive", "chemical_formula_reduced"), "pretty_formula"
    )
    options = {"database_backend": "mongomock", "insert_test_data": True, "page_limit": 3}
    options |= {"aliases": {"structures": names}}
    with test_client.TestClient(create_app(ServerConfig(**options))) as client:

        def answer(url: str) -> tuple[int, object]:
            path = "/" + url.split("/", 3)[3].removeprefix("optimade/")
            response = client.get(path.replace("http://testserver", ""))
            return response.status_code, response.content

        network.connect(monkeypatch, hosts(answer) | {"testserver": answer})
        sources = list(read_structures(f"optimade:{DATABASE}?filter=nsites<=12"))
        none = list(read_structures(f'optimade:{DATABASE}?filter=elements HAS "Og"'))
    wanted = {one["task_id"]: one for one in data.structures if one["nsites"] <= 12}
    assert len(wanted) > 3
    assert none == []
    assert {one.label.partition("/")[2] for one in sources} == set(wanted)
    for source in sources:
        expected = wanted[source.label.partition("/")[2]]
        if "disorder" in expected["structure_features"]:
            assert source.disordered is not None
            continue
        atoms = load(source)
        assert len(atoms) == expected["nsites"]
        assert sorted(set(atoms.get_chemical_symbols())) == sorted(expected["elements"])
        np.testing.assert_allclose(atoms.cell[:], expected["lattice_vectors"])
