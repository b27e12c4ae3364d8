"""Tabulated properties of the elements."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from ase.data import atomic_masses, covalent_radii
from numpy.typing import NDArray
from pymatgen.core.periodic_table import Element

from ase_ecn.nn.layers import MAX_ATOMIC_NUMBER

_LAST_TABULATED = 103  # pymatgen knows no electronic structures beyond
_SHELLS = {"s": 2, "p": 6, "d": 10, "f": 14}


def trend_properties() -> NDArray[np.float64]:
    """Positions in the periodic table and what follows it, (118, 6), NaN where unknown.

    Group, row, Pauling's electronegativity, Mendeleev number, mass (u), covalent radius (Å).
    """
    with _without_warnings():
        rows = [[e.group, e.row, _known(e.X), _known(e.mendeleev_no)] for e in _elements()]
    return np.column_stack([np.array(rows), atomic_masses[1:], covalent_radii[1:]])


def network_properties() -> NDArray[np.float64]:
    """Inputs of a network, (119, 12) by atomic number, zero mean and unit spread over Z < 95.

    Pauling's electronegativity, calculated atomic radius (Å), Mendeleev number, first ionization
    energy and electron affinity (eV), van der Waals radius (Å), melting point (K), logarithm of
    the thermal conductivity (W/(m K)), and how full the outermost shell of s, p, d and f is.
    Zero, the mean, stands for what is unknown.
    """
    rows = np.array([_row(e) for e in _elements()[:_LAST_TABULATED]], dtype=np.float64)
    common = rows[:94]
    scaled = (rows - np.nanmean(common, axis=0)) / np.nanstd(common, axis=0)
    table = np.zeros((MAX_ATOMIC_NUMBER + 1, rows.shape[1]))
    table[1 : len(rows) + 1] = np.nan_to_num(scaled)
    return table


def _elements() -> list[Element]:
    return [Element.from_Z(z) for z in range(1, MAX_ATOMIC_NUMBER + 1)]


def _row(element: Element) -> list[float]:
    with _without_warnings():
        conductivity = _known(element.thermal_conductivity)
        # It raises for elements without an electron affinity.
        affinity = element.data.get("Electron affinity")
        values = [
            _known(element.X),
            _known(element.atomic_radius_calculated or element.atomic_radius),
            _known(element.mendeleev_no),
            _known(element.ionization_energy),
            _known(affinity),
            _known(element.van_der_waals_radius),
            _known(element.melting_point),
            float(np.log(conductivity)),
        ]
        outermost = {shell: count for _, shell, count in element.full_electronic_structure}
    return values + [outermost.get(shell, 0) / most for shell, most in _SHELLS.items()]


def _known(value: float | None) -> float:
    return np.nan if value is None else float(value)


@contextmanager
def _without_warnings() -> Iterator[None]:
    """Pymatgen warns of every value that it lacks."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
