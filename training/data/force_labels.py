"""Sets of DFT energies, forces and stresses as labels in the Materials Project's convention.

The sets of :mod:`ase_ecn.training.data.force_sets` were computed with PBE and much the settings of
the Materials Project; pseudopotentials of some elements differ. Where they do, energies differ by a
constant of the element: what makes the most stable crystal of the element as low as the Materials
Project has it. With these constants the sets can be fitted together with others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ase_ecn.corrections import reference_energy
from ase_ecn.readers.json_lines import structure_fields
from ase_ecn.training.data.datasets import Dataset

_RUN = "relaxations"
_DECIMALS = 8


def element_shifts(datasets: Sequence[Dataset]) -> dict[int, float]:
    """Constants in eV/atom, by atomic number, of the elements of which there are pure crystals.

    Parameters
    ----------
    datasets
        With ``potential_energy``. One at a time, if their pseudopotentials differ.
    """
    lowest: dict[int, float] = {}
    for dataset in datasets:
        for crystal, energy in zip(
            dataset.crystals, dataset.targets["potential_energy"], strict=True
        ):
            number = int(crystal.numbers[0])
            if (crystal.numbers == number).all():
                lowest[number] = min(lowest.get(number, np.inf), float(energy))
    return {
        number: reference_energy(np.array([number])) - energy
        for number, energy in sorted(lowest.items())
    }


def shifted_energies(dataset: Dataset, shifts: Mapping[int, float]) -> np.ndarray[Any, Any]:
    """(G,) energies in eV/atom, shifted; elements without a constant stay as they are."""
    constants = [
        np.mean([shifts.get(number, 0.0) for number in crystal.numbers.tolist()])
        for crystal in dataset.crystals
    ]
    return np.asarray(dataset.targets["potential_energy"] + np.array(constants))


def labelled_rows(dataset: Dataset, shifts: Mapping[int, float]) -> Iterator[dict[str, Any]]:
    """Lines for :func:`ase_ecn.training.data.labels.read_labels`, one for each crystal.

    Parameters
    ----------
    dataset
        From :mod:`ase_ecn.training.data.force_sets`.
    shifts
        From :func:`element_shifts`.

    Yields
    ------
    dict
        ``source`` is the run for steps of relaxations, and the crystal's own name for others:
        the test splits of the sets, and no random share of their rows, tell how good a fit is.
    """
    energies = shifted_energies(dataset, shifts)
    first = 0
    for k, (name, crystal) in enumerate(zip(dataset.ids, dataset.crystals, strict=True)):
        last = first + len(crystal)
        yield {
            "source": name.rsplit("-", 1)[0] if name.startswith(_RUN) else name,
            **structure_fields(crystal.to_atoms()),
            "energy_eV_per_atom": round(float(energies[k]), _DECIMALS),
            "forces_eV_A": dataset.site_targets["forces"][first:last].round(_DECIMALS).tolist(),
            "stress_eV_A3": dataset.targets["stress"][k].round(_DECIMALS).tolist(),
        }
        first = last
