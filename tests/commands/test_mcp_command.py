"""The server, asked by the client of the same package: in this process, and as a program."""

from __future__ import annotations

import asyncio
import builtins
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from ase.build import bulk
from ase.io import read, write

from ase_ecn import predict
from ase_ecn.cli import main


@pytest.fixture
def mcp() -> Any:
    return pytest.importorskip("mcp", reason="mcp is not installed (pip install 'ase-ecn[mcp]')")


def asked(mcp: Any, server: Any, *calls: tuple[str, dict[str, Any]]) -> list[Any]:
    """Answers of a server; what a tool refuses is the text that says why."""

    async def ask() -> list[Any]:
        async with mcp.Client(server) as client:
            names = {tool.name for tool in (await client.list_tools()).tools}
            assert names == {"predict", "relax", "place_on_hull", "screen_file"}
            found = []
            for name, arguments in calls:
                answer = await client.call_tool(name, arguments)
                text = answer.content[0].text if answer.content else ""
                structured = answer.structured_content
                found.append(text if answer.is_error else structured)
            return found

    return asyncio.run(ask())


def of_list(answer: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = answer["result"]
    return found


def test_tools_answer_as_the_package_does(mcp: Any, tmp_path: Path) -> None:
    from ase_ecn.commands.mcp_command import mcp_server

    atoms = bulk("NaCl", "rocksalt", a=5.9)
    write(tmp_path / "POSCAR", atoms)
    (tmp_path / "in").mkdir()
    write(tmp_path / "in" / "a.cif", atoms)
    (tmp_path / "in" / "b.cif").write_text("nothing")
    text = (tmp_path / "POSCAR").read_text()
    out = tmp_path / "out.db"
    by_text, by_path, relaxed, hull, screened, refused = asked(
        mcp,
        mcp_server(),
        ("predict", {"structures": text}),
        ("predict", {"structures": str(tmp_path / "in")}),
        ("relax", {"structures": text}),
        ("place_on_hull", {"formula": "NaCl", "formation_energy": -1.0}),
        ("screen_file", {"source": str(tmp_path / "in"), "output": str(out)}),
        ("predict", {"structures": str(tmp_path / "none.cif")}),
    )
    expected = predict(atoms)[0]
    (one,) = of_list(by_text)
    assert one["formula"] == "NaCl"
    assert abs(one["formation_energy"] - expected.formation_energy) < 1e-4
    assert abs(one["band_gap"] - expected.band_gap) < 1e-3
    assert len(one["site_moments"]) == 2
    first, second = of_list(by_path)
    assert abs(first["formation_energy"] - expected.formation_energy) < 1e-4
    assert second["source"] == "b.cif"
    assert "formation_energy" not in second
    assert second["error"]
    (cell,) = of_list(relaxed)
    (tmp_path / "relaxed").write_text(cell["poscar"])
    volume = read(tmp_path / "relaxed", format="vasp").get_volume()
    assert abs(volume / atoms.get_volume() - 1 - cell["volume_change"]) < 1e-6
    assert cell["volume_change"] < -0.05
    assert hull["decomposition"] == {"NaCl": 1.0}
    assert hull["energy_above_hull"] > 0.5
    assert (screened["kept"], screened["failed"]) == (1, 1)
    assert screened["best"][0]["source"] == "a.cif"
    assert screened["failures"][0]["source"] == "b.cif"
    assert "none.cif does not exist" in refused


def test_the_program_speaks_the_protocol_alone(mcp: Any) -> None:
    words = ["-c", "import sys; from ase_ecn.cli import main; sys.exit(main(['mcp']))"]
    program = mcp.StdioServerParameters(command=sys.executable, args=words)
    hull, refused = asked(
        mcp,
        program,
        ("place_on_hull", {"formula": "CaF2", "formation_energy": -5.0}),
        ("place_on_hull", {"formula": "flour", "formation_energy": 0.0}),
    )
    assert hull["energy_above_hull"] < 0
    assert json.dumps(hull)
    assert "is not a formula" in refused


def test_without_the_package_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real = builtins.__import__

    def without(name: str, *args: Any, **options: Any) -> Any:
        if name.partition(".")[0] == "mcp":
            raise ImportError(name)
        return real(name, *args, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    assert main(["mcp"]) == 1
    assert "pip install 'ase-ecn[mcp]'" in capsys.readouterr().err
