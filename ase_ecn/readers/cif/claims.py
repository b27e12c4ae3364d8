"""What a CIF says of its crystal besides the sites, and whether a reading of them agrees."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from ase.data import chemical_symbols
from numpy.typing import NDArray

from ase_ecn.errors import CrystalError
from ase_ecn.readers.cif.formulas import parse_formula, written
from ase_ecn.readers.cif.syntax import Block, number

_FORMULA = ("_chemical_formula_sum", "_chemical_formula_iupac", "_chemical_formula_moiety")
_DENSITIES = ("_exptl_crystal_density_diffrn", "_exptl_crystal_density_calc")
_ROUNDED = 0.01
_SAME_UNITS = 0.02
_SAME_DENSITY = 0.05
_SAME_VOLUME = 0.02
_GRAM_PER_CM3 = 1.66053907
"""Of one u per Å³."""


@dataclass(frozen=True)
class Claims:
    """What the file says.

    Attributes
    ----------
    formulas
        Compositions that the sum formula may mean; empty if there is none.
    units
        Formula units in the cell, Z.
    density
        In g/cm³.
    volume
        Of the cell in Å³.
    elements
        Elements in the table of atom types.
    hydrogens
        Hydrogens attached to sites that have no place of their own.
    """

    formulas: list[dict[str, float]] = field(default_factory=list)
    units: float | None = None
    density: float | None = None
    volume: float | None = None
    elements: frozenset[str] = frozenset()
    hydrogens: float = 0.0

    @property
    def expected(self) -> frozenset[str]:
        """Elements that the crystal may have; empty if the file does not say."""
        return frozenset().union(*self.formulas) if self.formulas else self.elements


@dataclass
class Verdict:
    """How a reading compares with the claims.

    Attributes
    ----------
    against, agreed
        What disagrees, in words, and the names of the claims that agree.
    """

    against: list[str] = field(default_factory=list)
    agreed: list[str] = field(default_factory=list)


def claims_of(block: Block) -> Claims:
    """Collect the claims of a block; those that are not understood are left out."""
    said = block.known("_chemical_formula_sum") or ""
    types = block.column("_atom_type_symbol") or []
    attached = [_number(v) or 0.0 for v in block.column("_atom_site_attached_hydrogens") or []]
    elements = [e for one in types for e in _only_element(one)]
    return Claims(
        parse_formula(said),
        _number(block.known("_cell_formula_units_z")),
        _number(block.known(*_DENSITIES)),
        _number(block.known("_cell_volume")),
        frozenset(elements),
        sum(attached),
    )


def _only_element(symbol: str) -> list[str]:
    readings = parse_formula("".join(c for c in symbol if c.isalpha()))
    return list(readings[0]) if readings and len(readings[0]) == 1 else []


def _number(text: str | None) -> float | None:
    try:
        value = None if text is None else number(text)
    except CrystalError:
        return None
    return value if value is None or value >= 0 else None


def compare(
    numbers: NDArray[np.int64], masses: NDArray[np.float64], volume: float, claims: Claims
) -> Verdict:
    """Compare atoms of a cell with what the file says of it.

    Parameters
    ----------
    numbers, masses
        (N,) atomic numbers, and masses in u.
    volume
        Of the cell in Å³.
    claims
        What the file says.
    """
    verdict = Verdict()
    counts = np.bincount(numbers)
    found = {chemical_symbols[z]: float(counts[z]) for z in np.flatnonzero(counts)}
    compare_formula(found, claims, verdict)
    density = float(masses.sum()) / volume * _GRAM_PER_CM3
    if claims.density and 0.05 < claims.density < 30:
        same = abs(density / claims.density - 1) < _SAME_DENSITY
        _note(
            verdict,
            same,
            "density",
            f"the density is {claims.density:g} g/cm³ in the file, that of its sites {density:.3g}",
        )
    if claims.volume:
        same = abs(volume / claims.volume - 1) < _SAME_VOLUME
        _note(
            verdict,
            same,
            "volume",
            f"the volume is {claims.volume:g} Å³ in the file, that of its cell {volume:.5g}",
        )
    return verdict


def compare_formula(found: dict[str, float], claims: Claims, verdict: Verdict) -> None:
    """Compare atoms of a cell by element with the sum formula and Z, or the table of types."""
    if not claims.formulas:
        missing = sorted(claims.elements - set(found))
        if missing and len(claims.elements) <= 20:
            verdict.against.append(
                f"the file lists atoms of {', '.join(missing)}, and no site has them"
            )
        return
    formula = next((f for f in claims.formulas if _proportional(found, f)), None)
    if formula is None:
        first = claims.formulas[0]
        verdict.against.append(
            f"the sum formula is {written(first)}, the sites have {written(_scaled(found, first))}"
        )
        return
    verdict.agreed.append("formula")
    if claims.units:
        units = sum(found.values()) / sum(formula.values())
        wanted = 1.0 if _is_whole_cell(formula, claims.units) else claims.units
        same = min(abs(units / n - 1) for n in (wanted, claims.units)) < _SAME_UNITS
        text = f"Z is {claims.units:g} in the file, its sites have {units:.4g} formula units"
        _note(verdict, same, "Z", text)


def _note(verdict: Verdict, same: bool, name: str, text: str) -> None:
    if same:
        verdict.agreed.append(name)
    else:
        verdict.against.append(text)


def _proportional(found: dict[str, float], formula: dict[str, float]) -> bool:
    units = sum(found.values()) / sum(formula.values())
    return set(found) == set(formula) and all(
        abs(found[name] - units * formula[name]) <= _ROUNDED * found[name] for name in found
    )


def _is_whole_cell(formula: dict[str, float], units: float) -> bool:
    """Whether a formula may be that of all Z units: pymatgen writes it so."""
    shares = [count / units for count in formula.values()]
    return all(abs(share - round(share)) < 1e-6 and share > 0.5 for share in shares)


def _scaled(found: dict[str, float], formula: dict[str, float]) -> dict[str, float]:
    """Atoms of the cell as a formula of about the size of another one, for messages."""
    shared = [found[name] / formula[name] for name in found if formula.get(name)]
    units = max(1.0, float(np.median(shared))) if shared else 1.0
    return {name: round(n / units, 3) for name, n in found.items()}
