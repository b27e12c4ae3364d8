"""Space groups by name, Hall symbol or number: every setting that a CIF may mean.

The tables are spglib's: the 530 settings of the International Tables, volume B.
"""

from __future__ import annotations

import re
from functools import cache

import numpy as np
import spglib
from numpy.typing import NDArray

from ase_ecn.errors import CrystalError
from ase_ecn.readers.cif.operations import Operations
from ase_ecn.readers.cif.syntax import Block

_HALL = ("_space_group_name_hall", "_symmetry_space_group_name_hall")
_NAMES = (
    "_space_group_name_h-m_alt",
    "_symmetry_space_group_name_h-m",
    "_space_group_name_h-m",
    "_space_group_name_h-m_full",
    "_space_group_name_h-m_ref",
    "_space_group_patterson_name_h-m",
)
_NUMBERS = ("_space_group_it_number", "_symmetry_int_tables_number")
_CODES = ("_space_group_it_coordinate_system_code", "_symmetry_space_group_setting")
_SETTINGS = range(1, 531)
_RENAMED = {"abm2": "aem2", "aba2": "aea2", "cmca": "cmce", "cmma": "cmme", "ccca": "ccce"}
_IN_TABLES = {new: old for old, new in _RENAMED.items()}


def named_operations(block: Block, cell: NDArray[np.float64]) -> list[Operations]:
    """Operations of all settings that a block may mean and its (3, 3) cell allows.

    Returns
    -------
    list of Operations
        One if the block says which; several if it leaves open the origin or the axes; none if it
        says nothing of its symmetry.

    Raises
    ------
    CrystalError
        If the space group is unknown, or none of its settings fits the cell.
    """
    settings, said = _settings(block)
    if not settings:
        if said:
            raise CrystalError(f"the space group {said} is unknown, and no operations are listed")
        return []
    fitting = [ops for ops in map(_operations, settings) if ops.fit(cell)]
    if not fitting:
        raise CrystalError(f"the cell does not have the symmetry of {said}")
    # Of other axes of one group, those of the Tables come first; where lengths and angles allow
    # several, only they are meant.
    return _same_axes(fitting)


def group_said(block: Block) -> str:
    """The space group as the file writes it; empty without one."""
    return block.known(*_NAMES) or block.known(*_HALL) or block.known(*_NUMBERS) or ""


def _settings(block: Block) -> tuple[list[int], str]:
    """Numbers of Hall symbols, and what the block says."""
    hall = block.known(*_HALL)
    if hall:
        found = [k for k in _SETTINGS if _plain_hall(_table()[k].hall_symbol) == _plain_hall(hall)]
        if found:
            return found, hall
    said = hall or ""
    for tag in _NAMES:
        name = block.known(tag)
        if name:
            said = name
            found = _by_name(name, block.known(*_CODES))
            if found:
                return found, name
    number = block.known(*_NUMBERS)
    if number and number.isdigit():
        found = [k for k in _SETTINGS if _table()[k].number == int(number)]
        return _chosen(found, block.known(*_CODES)), said or f"number {number}"
    return [], said or (number or "")


@cache
def _table() -> dict[int, spglib.SpaceGroupType]:
    found = {k: spglib.get_spacegroup_type(k) for k in _SETTINGS}
    return {k: one for k, one in found.items() if one is not None}


@cache
def _operations(setting: int) -> Operations:
    found = spglib.get_symmetry_from_database(setting)
    assert found is not None
    one = _table()[setting]
    name = f"{one.international_full}{f' :{one.choice}' if one.choice else ''}"
    rotations = np.asarray(found["rotations"], dtype=np.float64)
    return Operations(rotations, np.asarray(found["translations"]), np.ones(len(rotations)), name)


@cache
def _names() -> dict[str, list[int]]:
    """Settings by all their names without blanks."""
    found: dict[str, list[int]] = {}
    for k, one in _table().items():
        full = one.international_full
        names = {_plain(full), _plain(one.international_short), _plain(_without_ones(full))}
        names |= {_plain(part) for part in one.international.split("=")}
        names |= {_plain(_without_ones(part)) for part in one.international.split("=")}
        for name in list(names):
            names.add(_RENAMED.get(name, name))
            names.add(_IN_TABLES.get(name, name))
        for name in names:
            found.setdefault(name, []).append(k)
    return found


def _by_name(text: str, code: str | None) -> list[int]:
    """Settings of a Hermann-Mauguin symbol, which may end with a choice: ``:R``, ``:2``, ``Z``."""
    name, _, choice = text.partition(":")
    known = _names()
    for candidate, suffix in _variants(name.strip(), choice.strip() or code):
        found = known.get(candidate, [])
        if found:
            return _chosen(_exact(found, candidate), suffix)
    return []


def _variants(name: str, code: str | None) -> list[tuple[str, str | None]]:
    """Plain names that a symbol may mean, each with the choice of origin or axes."""
    plain = _plain(name)
    found = [(plain, code)]
    # Names before 1992 have no bar: Fm3m.
    barred = re.sub(r"(?<=[a-z])3", "-3", plain[1:])
    found.append((plain[:1] + barred, code))
    for ending, choice in (("s", "1"), ("z", "2"), ("h", "H"), ("r", "R")):
        if plain.endswith(ending):
            found += [(one[: -len(ending)], choice) for one, _ in found[:2]]
    return found


def _exact(settings: list[int], name: str) -> list[int]:
    """Of settings that share a short name, those whose full name it is, if there are any."""
    full = [k for k in settings if name in _full_names(k)]
    return full or settings


def _full_names(setting: int) -> set[str]:
    one = _table()[setting]
    return {_plain(one.international_full), _plain(_without_ones(one.international_full))}


def _chosen(settings: list[int], code: str | None) -> list[int]:
    if code is None:
        return settings
    wanted = code.strip().lower()
    found = [k for k in settings if _table()[k].choice.lower() == wanted]
    return found or settings


def _same_axes(fitting: list[Operations]) -> list[Operations]:
    """The first setting, and the one that differs from it by the origin alone."""
    first = fitting[0]
    name, _, choice = first.name.partition(" :")
    other = f"{name} :2{choice[1:]}" if choice.startswith("1") else ""
    return [first, *(one for one in fitting if one.name == other)]


def _plain(name: str) -> str:
    return re.sub(r"[\s_()'\"~]", "", name).replace("\\=", "-").lower()


def _plain_hall(symbol: str) -> str:
    return (
        re.sub(r"\s+", " ", symbol.replace("_", " ").strip().strip("'\"")).lower().replace('"', "=")
    )


def _without_ones(name: str) -> str:
    parts = name.split()
    return " ".join([parts[0], *(part for part in parts[1:] if part != "1")] if parts else [])
