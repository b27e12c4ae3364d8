"""Input features of atoms (section 7 of the ECN paper)."""

from __future__ import annotations

import torch
from ase.data import chemical_symbols
from torch import Tensor, nn

from ase_ecn.graphs.batch import BondBatch
from ase_ecn.nn.layers import MAX_ATOMIC_NUMBER, scatter_sum, two_layer

ATOM_FEATURES = ("number", "group_period", "properties")
PROPERTY_COUNT = 12

# Last atomic number of each period.
_PERIOD_ENDS = (2, 10, 18, 36, 54, 86, 118)
_GROUPS = 18
# Small, so that at the start elements differ by their properties.
_NUMBER_SPREAD = 0.3
HUBBARD_ANIONS = ("O", "F")
HUBBARD_METALS = ("Co", "Cr", "Fe", "Mn", "Mo", "Ni", "V", "W")


class AtomFeatures(nn.Module):
    """Input features of atoms.

    ``"number"``: learned for each element. ``"group_period"``: learned for each group and period
    of the periodic table, and added. ``"properties"``: learned for each element, plus a perceptron
    of its group, period and tabulated properties, by which elements with few crystals learn from
    similar ones. Optionally a flag marks the crystals that the Materials Project treats with a
    Hubbard U.
    """

    groups: Tensor
    periods: Tensor
    table: Tensor

    def __init__(self, width: int, features: str, hubbard: bool) -> None:
        super().__init__()
        self.kind = features
        groups, periods = _GROUP_COUNT, len(_PERIOD_ENDS) + 1
        if features != "group_period":
            self.number = nn.Embedding(MAX_ATOMIC_NUMBER + 1, width)
        else:
            self.group = nn.Embedding(groups, width)
            self.period = nn.Embedding(periods, width)
        if features == "properties":
            self.properties = two_layer(PROPERTY_COUNT + groups + periods, width, width)
            nn.init.normal_(self.number.weight, std=_NUMBER_SPREAD)
            # Part of the weights: a checkpoint must not depend on where the table is from.
            table = torch.zeros(MAX_ATOMIC_NUMBER + 1, PROPERTY_COUNT)
            self.register_buffer("table", table)
        if features != "number":
            self.register_buffer("groups", _GROUP_TABLE.clone(), persistent=False)
            self.register_buffer("periods", _PERIOD_TABLE.clone(), persistent=False)
        self.hubbard = nn.Parameter(torch.zeros(width)) if hubbard else None

    def forward(self, batch: BondBatch) -> Tensor:
        """Return (N, width) features."""
        h = self.of_numbers(batch.numbers)
        if self.hubbard is not None:
            flag = hubbard_flag(batch).index_select(0, batch.crystal_of_atom)
            h = h + flag[:, None].to(h.dtype) * self.hubbard
        return h

    def of_numbers(self, numbers: Tensor) -> Tensor:
        """Features (N, width) of atoms with these numbers, without what the crystal adds."""
        h: Tensor
        if self.kind == "number":
            h = self.number(numbers)
        elif self.kind == "group_period":
            h = self.group(self.groups[numbers]) + self.period(self.periods[numbers])
        else:
            h = self._of_elements(numbers)
        return h

    def _of_elements(self, numbers: Tensor) -> Tensor:
        """Features (N, width) of atoms with these numbers."""
        if len(numbers) < len(self.table):
            return self._of_each(numbers)
        return self._of_each(torch.arange(len(self.table), device=numbers.device))[numbers]

    def _of_each(self, numbers: Tensor) -> Tensor:
        one_hot = nn.functional.one_hot
        dtype = self.table.dtype
        group = one_hot(self.groups[numbers], _GROUP_COUNT).to(dtype)
        period = one_hot(self.periods[numbers], len(_PERIOD_ENDS) + 1).to(dtype)
        properties = torch.cat([self.table[numbers], group, period], dim=1)
        out: Tensor = self.number(numbers) + self.properties(properties)
        return out


def hubbard_flag(batch: BondBatch) -> Tensor:
    """Which crystals the Materials Project treats with a Hubbard U, (B,) booleans.

    Those with oxygen or fluorine and one of Co, Cr, Fe, Mn, Mo, Ni, V and W.
    """
    present = []
    for symbols in (HUBBARD_ANIONS, HUBBARD_METALS):
        numbers = torch.tensor([chemical_symbols.index(s) for s in symbols])
        found = torch.isin(batch.numbers, numbers.to(batch.numbers.device)).to(torch.int64)
        present.append(scatter_sum(found, batch.crystal_of_atom, len(batch.atom_counts)) > 0)
    return present[0] & present[1]


def group_and_period(number: int) -> tuple[int, int]:
    """Group (1 to 18) and period (1 to 7) of an element.

    Elements of the f block, which have no group, are counted on from 19 by their place in it, so
    that a lanthanide shares its number with the actinide below it.
    """
    period = next(i for i, end in enumerate(_PERIOD_ENDS, start=1) if number <= end)
    end = _PERIOD_ENDS[period - 1]
    start = _PERIOD_ENDS[period - 2] + 1 if period > 1 else 1
    place = number - start
    if number == end:
        return _GROUPS, period
    if place < 2 and not (period == 1 and place == 1):
        return place + 1, period
    if period >= 6 and place < 2 + 14:
        return _GROUPS + 1 + (place - 2), period
    return _GROUPS - (end - number), period


_TABLE = [(0, 0)] + [group_and_period(z) for z in range(1, MAX_ATOMIC_NUMBER + 1)]
_GROUP_TABLE = torch.tensor([group for group, _ in _TABLE])
_GROUP_COUNT = len(_GROUP_TABLE.unique())
_PERIOD_TABLE = torch.tensor([period for _, period in _TABLE])
