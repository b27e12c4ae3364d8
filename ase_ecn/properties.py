"""What a property is: its names, its unit, and how an output of a network becomes its value.

A new property is one entry of :data:`PROPERTIES` and a reader of its labels. Those that are not in
the table, users' own, are made from the card of the checkpoint that predicts them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Kind = Literal["number", "class", "derivative", "shares", "tensor"]

SPREAD = "_std"
"""What ends the name of the stated uncertainty of a property."""
FORMATION_ENERGY = "formation_energy"
POTENTIAL_ENERGY = "potential_energy"
"""Energy on the scale of the DFT data, whose derivatives are forces."""
DIMENSIONLESS = "1"
DIELECTRIC_TENSOR = "dielectric_tensor"
"""Of the electrons alone, with the ions where they are."""
DIELECTRIC_TENSOR_TOTAL = "dielectric_tensor_total"
"""Of electrons and ions, in a static field."""
ELASTIC_TENSOR = "elastic_tensor"
PIEZOELECTRIC_TENSOR = "piezoelectric_tensor"


@dataclass(frozen=True)
class Property:
    """One property of a crystal or of its atoms.

    Attributes
    ----------
    name
        Of the network's output and of the labels.
    unit
        Of predictions; ``"1"`` for none.
    public
        Name of the prediction, where it is another.
    heading, style
        Head of its column in short tables, and the format of its numbers there. Properties without
        a heading are in the long tables only, under their names.
    per_site
        Whether each atom has a value.
    kind
        ``"number"``; ``"class"``: labels are 0 and 1, outputs logits, predictions probabilities;
        ``"derivative"`` of an energy, not an output of its own; ``"shares"`` of the atoms by the
        formula of a phase, not a number; ``"tensor"`` of the crystal, an array that turns with it.
    non_negative
        Whether outputs below zero are predicted as zero.
    extensive
        Whether the prediction is for the whole cell; networks and labels have it per atom.
    ase
        ASE's names for it. ASE's are totals of the cell, also where the unit here is per atom.
    """

    name: str
    unit: str = DIMENSIONLESS
    public: str = ""
    heading: str = ""
    style: str = "9.4g"
    per_site: bool = False
    kind: Kind = "number"
    non_negative: bool = False
    extensive: bool = False
    ase: tuple[str, ...] = ()

    @property
    def public_name(self) -> str:
        """Name of the prediction."""
        return self.public or self.name

    @property
    def label_unit(self) -> str:
        """Unit of labels and of mean errors: per atom where predictions are per cell."""
        return self.unit.replace("/cell", "/atom") if self.extensive else self.unit

    @property
    def is_scalar(self) -> bool:
        """Whether a crystal has one number, which tables and conditions can use."""
        return not self.per_site and self.kind in ("number", "class")

    def physical(self, outputs: NDArray[np.float64]) -> NDArray[np.float64]:
        """Turn a network's outputs, any shape, into probabilities or numbers that can be."""
        if self.kind == "class":
            return np.asarray(1 / (1 + np.exp(-outputs)))
        return np.maximum(outputs, 0) if self.non_negative else outputs

    def predicted(
        self, outputs: NDArray[np.float64], atoms: Sequence[NDArray[np.int64]]
    ) -> list[Any]:
        """Values of B crystals from a network's outputs.

        Parameters
        ----------
        outputs
            (B,) or, of derivatives and properties of sites, as many numbers as these have.
        atoms
            Of each crystal, where its N atoms are among those of the outputs.

        Returns
        -------
        list
            A number for each crystal, or an array of its own.
        """
        values = self.physical(outputs)
        if self.per_site:
            return [values[where] for where in atoms]
        if self.extensive:
            values = values * np.array([len(where) for where in atoms])
        if values.ndim > 1:
            return [np.array(row) for row in values]
        numbers: list[Any] = values.tolist()
        return numbers

    def in_ase(self, value: Any, atoms: int) -> Any:
        """Turn the prediction for a cell of so many atoms into the value that ASE wants."""
        if isinstance(value, np.ndarray):
            return value.copy()
        return value * atoms if self.unit.endswith("/atom") else value

    def stored(self, value: Any) -> Any:
        """Turn a value into what files and databases keep: shares become text, ``"75 % CaF2"``."""
        if self.kind != "shares":
            return value
        return " + ".join(f"{100 * share:.3g} % {formula}" for formula, share in value.items())

    def titled(self) -> str:
        """Head of a column in a short table: the heading, or else the name, and the unit."""
        return self._with_unit(self.heading or self.public_name)

    def described(self) -> str:
        """Head of a column in a long table: the name in words, and the unit."""
        return self._with_unit(self.public_name.replace("_", " "))

    def _with_unit(self, text: str) -> str:
        return text if self.unit in (DIMENSIONLESS, "") else f"{text} / {self.unit}"

    def uncertainty(self) -> Property:
        """Its stated standard error, a property too."""
        return Property(
            f"{self.name}{SPREAD}",
            self.unit,
            f"{self.public_name}{SPREAD}",
            per_site=self.per_site,
            extensive=self.extensive,
        )


PROPERTIES: dict[str, Property] = {}
"""All properties that are known without a card, by the name of the network's output."""


def register(*properties: Property) -> None:
    """Make properties known; one of the same name is replaced."""
    PROPERTIES.update({p.name: p for p in properties})


register(
    Property(
        FORMATION_ENERGY,
        "eV/atom",
        heading="E_f",
        style="9.3f",
        ase=("energy", "free_energy"),
    ),
    Property("energy_above_hull", "eV/atom", heading="E_hull", style="9.3f"),
    Property("stability", heading="P(stable)", style="8.2f"),
    Property("stability_50meV"),
    Property("decomposition", kind="shares"),
    Property("band_gap", "eV", heading="gap", style="7.2f", non_negative=True),
    Property("band_gap_hse", "eV", heading="gap_HSE", style="7.2f", non_negative=True),
    Property("metal", public="metal_probability", heading="P(metal)", style="8.2f", kind="class"),
    Property(
        "magnetization",
        "µB/cell",
        heading="|M|",
        style="8.2f",
        non_negative=True,
        extensive=True,
        ase=("magmom",),
    ),
    Property("site_moments", "µB", per_site=True, non_negative=True, ase=("magmoms",)),
    Property("fermi_level", "eV"),
    Property("heat_all", "eV/cell"),
    Property(POTENTIAL_ENERGY, "eV/atom", ase=("energy", "free_energy")),
    Property("forces", "eV/Å", per_site=True, kind="derivative", ase=("forces",)),
    Property("stress", "eV/Å³", kind="derivative", ase=("stress",)),
    Property(DIELECTRIC_TENSOR, kind="tensor", ase=("dielectric_tensor",)),
    Property(DIELECTRIC_TENSOR_TOTAL, kind="tensor"),
    Property(ELASTIC_TENSOR, "GPa", kind="tensor"),
    Property(PIEZOELECTRIC_TENSOR, "C/m²", kind="tensor"),
    Property("refractive_index", heading="n", style="7.2f"),
    Property("dielectric_constant", heading="eps_r", style="8.1f"),
    Property("bulk_modulus", "GPa", heading="K", style="8.1f"),
    Property("shear_modulus", "GPa", heading="G", style="8.1f"),
    Property("young_modulus", "GPa"),
    Property("poisson_ratio"),
    Property("universal_anisotropy"),
    Property("largest_piezoelectric_constant", "C/m²"),
)


def find(name: str, units: Mapping[str, str] | None = None) -> Property:
    """Property of a prediction.

    Parameters
    ----------
    name
        Public name, or that of the network's output, or that of an uncertainty.
    units
        Units by public name as a card has them, which go before those of the table.

    Returns
    -------
    Property
        One that is not in the table has the unit of the card, or no unit without a card.
    """
    if name not in PROPERTIES:
        public = next((p for p in PROPERTIES.values() if p.public_name == name), None)
        if public is not None:
            return _with_unit(public, units or {})
        if name.endswith(SPREAD):
            found = find(name.removesuffix(SPREAD), units).uncertainty()
            return _with_unit(found, units or {})
    return _made(name, PROPERTIES, units or {})


def _made(name: str, known: Mapping[str, Property], units: Mapping[str, str]) -> Property:
    if name in known:
        found = known[name]
    elif name.endswith(SPREAD):
        found = _made(name.removesuffix(SPREAD), known, units).uncertainty()
    else:
        found = Property(name)
    return _with_unit(found, units)


def _with_unit(found: Property, units: Mapping[str, str]) -> Property:
    unit = units.get(found.public_name)
    return replace(found, unit=unit) if unit else found


def of_output(name: str, units: Mapping[str, str] | None = None) -> Property:
    """As :func:`find`, for the name of a network's output or of a label."""
    return _made(name, PROPERTIES, units or {})


def of_outputs(
    crystal: Iterable[str], site: Iterable[str] = (), units: Mapping[str, str] | None = None
) -> dict[str, Property]:
    """Properties by the names of a network's outputs.

    Parameters
    ----------
    crystal, site
        Names of outputs of crystals and of atoms; what a network gives for each atom is a property
        of sites whatever the table says.
    units
        Of a card.
    """
    found = {name: replace(of_output(name, units), per_site=False) for name in crystal}
    return found | {name: replace(of_output(name, units), per_site=True) for name in site}


def ase_names(available: Iterable[str]) -> list[str]:
    """Names of ASE's for which one of the available predictions answers."""
    return list(dict.fromkeys(name for p in _in_order(available) for name in p.ase))


def ase_results(prediction: Mapping[str, Any], atoms: int) -> dict[str, Any]:
    """Return the part of a prediction that has a name in ASE, for a cell of so many atoms."""
    return {
        name: p.in_ase(prediction[p.public_name], atoms)
        for p in _in_order(prediction)
        for name in p.ase
    }


def in_short_tables(available: Iterable[str], units: Mapping[str, str]) -> list[Property]:
    """Those of the predictions that short tables have a column for.

    Parameters
    ----------
    available
        Names of predictions.
    units
        Of the predictions of a checkpoint; those of them that are not in :data:`PROPERTIES` are a
        user's own, and are shown too.
    """
    known = [p for p in PROPERTIES.values() if p.heading]
    names = {p.public_name for p in PROPERTIES.values()}
    own = [name for name in units if name.removesuffix(SPREAD) not in names]
    there = set(available)
    shown = [*(find(p.public_name, units) for p in known), *(find(name, units) for name in own)]
    return [p for p in shown if p.public_name in there]


def _in_order(available: Iterable[str]) -> tuple[Property, ...]:
    return _those_of(frozenset(available))


@lru_cache(maxsize=256)
def _those_of(names: frozenset[str]) -> tuple[Property, ...]:
    return tuple(p for p in PROPERTIES.values() if p.public_name in names)
