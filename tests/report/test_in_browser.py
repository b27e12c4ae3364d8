"""How reports look in a real browser: rules that are measured, and pictures that are taken."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from pages import measured

from ase_ecn.hull import KnownPhases, Phase
from ase_ecn.report.packing import Column
from ase_ecn.report.page import Page, Plot, Stage, write_page
from ase_ecn.report.system_diagram import Candidate, diagrams
from ase_ecn.screening.store import Failure

LONG = "a/folder/of/somebody/with-a-very-long-name/and_no_spaces_at_all_in_it.extxyz#12345"
SALT = bulk("NaCl", "rocksalt", a=5.6)

# Words are cut or broken where their rectangles are several, or reach out of the cell.
RULES = """
const cells = [...document.querySelectorAll("#rows th, #rows td")].filter(c => c.offsetHeight);
const broken = [];
for (const cell of cells) {
  const box = cell.getBoundingClientRect();
  const walker = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) for (const word of walker.currentNode.data.matchAll(/\\S+/g)) {
    const range = document.createRange();
    range.setStart(walker.currentNode, word.index);
    range.setEnd(walker.currentNode, word.index + word[0].length);
    const parts = [...range.getClientRects()];
    if (parts.length !== 1 || parts[0].left < box.left || parts[0].right > box.right + 0.5)
      broken.push([word[0], box.width]);
  }
}
const rows = [...document.querySelectorAll("#rows tr[data-row]")];
const heights = rows.map(row => row.getBoundingClientRect().height);
const host = document.getElementById("rows");
host.scrollTop = 700;
const head = host.querySelector("th").getBoundingClientRect();
return {
  broken, words: cells.length, rows: rows.length, highest: Math.max(...heights),
  wide: host.querySelector("table").offsetWidth - host.clientWidth,
  overflow: document.documentElement.scrollWidth - innerWidth,
  head: head.top - host.getBoundingClientRect().top - 1,
};
"""


def row(number: int) -> dict[str, Any]:
    return {
        "above": number / 1000 - 0.02,
        "gap": (number * 37 % 100) / 20,
        "name": LONG if number % 3 == 0 else f"file {number}",
    }


def value(name: str) -> Any:
    return lambda one: one[name]


def screen_like(count: int) -> Page:
    """A page with everything that the report of a screen can have."""
    columns = [
        Column("formula", "formula", lambda one: "Ba12Na23Cl(OH)3", "formula"),
        Column("energy_above_hull", "energy above hull", value("above"), unit="eV/atom", digits=3),
        Column("gap", "band gap", value("gap"), unit="eV", digits=2, spread="energy_above_hull"),
        Column("own", "magnetocrystalline anisotropy", value("gap"), unit="erg/cm³"),
        Column("decomposition", "decomposition", lambda one: "75 % CaF2 + 25 % Ca", "formula"),
        Column("source", "source", value("name"), "text"),
        Column("hidden", "hidden", value("gap"), shown=False),
    ]
    salts = KnownPhases((Phase.of("NaCl", -2.0),), bundled=False)
    return Page(
        title=f"Screen {LONG}",
        summary=["A line."],
        columns=columns,
        rows=[row(k) for k in range(count)],
        atoms=lambda one: SALT,
        facts=[("condition", f"{LONG} < 1")],
        funnel=[
            Stage("read", count, count, LONG),
            Stage("near", 71, count, tone="part near", column="energy_above_hull", at_most=0.05),
        ],
        plots=[Plot("energy_above_hull", "gap"), Plot("own", "gap", "a caption")],
        diagrams=diagrams([Candidate.of(0, SALT.numbers, -2.1, -0.1)], salts),
        failures=[Failure(LONG, LONG)],
        failed=1,
    )


@pytest.mark.parametrize(("width", "dark"), [(1300, False), (400, True)])
def test_the_layout_holds_its_rules(tmp_path: Path, width: int, dark: bool) -> None:
    path = tmp_path / "page.html"
    write_page(screen_like(200), path)
    picture = tmp_path / "page.png"
    found = measured(path, RULES, width=width, height=1700, dark=dark, picture=picture)
    assert "error" not in found, found
    assert found["broken"] == []
    assert found["rows"] > 10
    assert found["words"] > 60
    assert found["highest"] < 80
    assert found["overflow"] <= 0
    assert found["wide"] == 0 if width == 1300 else found["wide"] > 0  # it is scrolled in its frame
    assert abs(found["head"]) <= 1
    assert_is_a_picture(picture, width, dark)


def assert_is_a_picture(path: Path, width: int, dark: bool) -> None:
    image = pytest.importorskip("PIL.Image").open(path).convert("RGB")
    pixels = np.asarray(image)[:1700, :width]
    brightness = pixels.mean(axis=2)
    assert np.median(brightness) < 60 if dark else np.median(brightness) > 200
    # Text on it, and the colours of the funnel and of the map.
    assert (brightness > 150).mean() > 0.01 if dark else (brightness < 100).mean() > 0.01
    spread = pixels.max(axis=2).astype(int) - pixels.min(axis=2)
    assert (spread > 100).sum() > 1000


@pytest.mark.slow
def test_ten_thousand_crystals_are_a_few_rows_of_the_document(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    write_page(screen_like(10_000), path)
    found = measured(
        path,
        """
        const host = document.getElementById("rows");
        const made = () => [...document.querySelectorAll("#rows tr[data-row]")];
        const nodes = made().length;
        host.scrollTop = host.scrollHeight;
        host.dispatchEvent(new Event("scroll"));
        const last = made().at(-1).dataset.row;
        const box = host.getBoundingClientRect(), end = made().at(-1).getBoundingClientRect();
        const search = document.getElementById("search");
        search.value = "FILE 77";
        search.dispatchEvent(new Event("input"));
        const count = document.getElementById("count").textContent;
        const sought = made().map(row => row.lastElementChild.textContent);
        return { nodes, last, count, sought, gap: end.bottom - box.bottom };
        """,
    )
    assert found["nodes"] < 60
    assert found["last"] == "9999"
    assert abs(found["gap"]) <= 2
    names = [row(k)["name"] for k in range(10_000)]
    wanted = [name for name in names if "file" in name and "77" in name]
    assert found["count"] == f"{len(wanted)} of 10,000 crystals"
    assert found["sought"] == wanted[: len(found["sought"])]


def test_a_reader_can_ask_for_what_is_wanted(tmp_path: Path) -> None:
    """Conditions, elements, columns, the order, details by a click on map or table, the file."""
    path = tmp_path / "page.html"
    atoms: list[Atoms] = [
        SALT,
        bulk("NaF", "rocksalt", a=4.7),
        bulk("Fe"),
        bulk("CuZn", "cesiumchloride", a=3),
    ]
    columns = [
        Column("formula", "formula", lambda k: atoms[k].get_chemical_formula(), "formula"),
        Column("energy_above_hull", "distance", lambda k: k / 100, unit="eV/atom"),
        Column("gap", "gap", lambda k: None if k == 2 else 10.0 - k),
        Column("note", "note", lambda k: ['=1+1, "x"', "é", "", "b"][k], "text", shown=False),
    ]
    stages = [Stage("near", 2, 4, column="energy_above_hull", at_most=0.01)]
    plots = [Plot("energy_above_hull", "gap")]
    page = Page("P", [], columns, range(4), lambda k: atoms[k], funnel=stages, plots=plots)
    write_page(page, path)
    found = measured(
        path,
        """
        const made = () => [...document.querySelectorAll("#rows tr[data-row]")];
        const rows = () => made().map(row => row.dataset.row).join("");
        const search = text => {
          document.getElementById("search").value = text;
          document.getElementById("search").dispatchEvent(new Event("input"));
          return rows();
        };
        const out = { all: rows(), na: search("Na"), notNa: search("-Na") };
        out.both = search("Na F");
        out.none = search("Xy");
        out.said = !document.getElementById("none").hidden;
        document.getElementById("clear").click();
        out.cleared = rows();
        document.querySelector("button[data-at-most]").click();
        out.near = rows();
        document.getElementById("clear").click();
        document.querySelector("th[data-name=gap] button").click();
        out.up = rows();
        document.querySelector("th[data-name=gap] button").click();
        out.down = rows();
        const boxes = document.querySelectorAll("#choice input");
        boxes[2].click();
        out.heads = [...document.querySelectorAll("#rows th")].map(h => h.dataset.name ?? "");
        out.empty = !document.getElementById("details").open;
        document.querySelector('tr[data-row="1"]').click();
        out.name = document.getElementById("name").textContent;
        out.facts = document.getElementById("facts").textContent;
        out.key = document.getElementById("key").textContent;
        const picture = document.querySelector("#picture canvas").getContext("2d");
        const pixels = picture.getImageData(0, 0, 300, 300).data;
        out.painted = pixels.some((v, k) => k % 4 === 3 && v > 0);
        // The click is in the browser where the map says the point is.
        const map = new Report(await unpacked()).map;
        let picked = null;
        map.options.onPick = row => { picked = row; };
        const box = map.over.getBoundingClientRect();
        const at = { clientX: box.left + map.toX(0.03), clientY: box.top + map.toY(7) };
        map.over.dispatchEvent(new PointerEvent("pointermove", at));
        out.tip = map.tip.textContent;
        map.over.dispatchEvent(new MouseEvent("click", at));
        out.picked = picked;
        return out;
        """,
    )
    assert "error" not in found, found
    assert found["all"] == found["cleared"] == "0123"
    assert [found[k] for k in ("na", "notNa", "both", "none")] == ["01", "23", "1", ""]
    assert found["said"]
    assert found["near"] == "01"
    assert (found["up"], found["down"]) == ("3102", "0132")  # without a value last
    assert found["heads"] == ["", "formula", "energy_above_hull", "gap", "note"]
    assert found["empty"]
    assert found["name"] == "FNa"
    assert "distance0.01 eV/atom" in found["facts"]
    assert "é" in found["facts"]
    assert found["key"] == "NaF"
    assert found["painted"]
    assert "CuZn" in found["tip"]
    assert found["picked"] == 3


def test_the_table_is_a_file_that_spreadsheets_read(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    columns = [
        Column("formula", "formula", lambda k: "NaCl", "formula"),
        Column("x", "x", lambda k: [-1.5, None][k], unit="eV"),
        Column("note", "note", lambda k: ['=1+1, "x"', "plain"][k], "text", shown=False),
    ]
    write_page(Page("P", [], columns, range(2), lambda k: SALT), path)
    text = measured(path, "return new Report(await unpacked()).csv()")
    assert text == 'formula,x (eV),note\r\nNaCl,-1.5,"\'=1+1, ""x"""\r\nNaCl,,plain\r\n'


def test_pictures_show_the_bonds_of_a_crystal(tmp_path: Path) -> None:
    """Rocksalt has six bonds in the cell that is drawn, and none between the metals."""
    path = tmp_path / "page.html"
    columns = [Column("formula", "formula", lambda atoms: "x", "formula")]
    rows = [SALT, bulk("CsCl", "cesiumchloride", a=4.12), bulk("Si"), bulk("Fe", cubic=True)]
    write_page(Page("P", [], columns, rows, lambda atoms: atoms), path)
    found = measured(
        path,
        """
        const data = await unpacked();
        return data.crystals.map(crystal => {
          const scene = sceneOf(crystal, data.elements);
          const name = k => scene.atoms[k].element.symbol;
          const bonds = scene.bonds.map(pair => pair.map(name).sort().join("-"));
          return [scene.atoms.length, bonds];
        });
        """,
    )
    assert [count for count, _ in found] == [9, 9, 9, 9]
    assert found[0][1] == ["Cl-Na"] * 6
    assert found[1][1] == ["Cl-Cs"] * 8
    assert found[2][1] == ["Si-Si"] * 4
    assert set(found[3][1]) == {"Fe-Fe"}
    assert len(found[3][1]) >= 8
