"""Several ECNs that predict as one: the mean of their outputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

import torch
from torch import Tensor, nn

from ase_ecn.errors import OptionError
from ase_ecn.graphs.batch import BondBatch
from ase_ecn.graphs.voronoi import BondMode
from ase_ecn.nn.ecn import ECN, ECNConfig
from ase_ecn.symmetry.colours import Group, Motif


@dataclass(frozen=True)
class EnsembleConfig:
    """Architectures of the members of an :class:`ECNEnsemble`.

    Members see the same graphs, so they agree in bonds, group and motif. A property is the mean
    over the members that predict it.
    """

    members: tuple[ECNConfig, ...]

    def __post_init__(self) -> None:
        if not self.members:
            raise OptionError("an ensemble needs members")
        for name in ("bonds", "group", "motif"):
            if len({getattr(member, name) for member in self.members}) > 1:
                raise OptionError(f"the members of an ensemble must have the same {name}")

    @cached_property
    def crystal_targets(self) -> tuple[str, ...]:
        """Properties of the crystal that any member predicts."""
        return _union([member.crystal_targets for member in self.members])

    @cached_property
    def site_targets(self) -> tuple[str, ...]:
        """Properties of atoms that any member predicts."""
        return _union([member.site_targets for member in self.members])

    @cached_property
    def uncertainties(self) -> tuple[str, ...]:
        """Properties with an uncertainty."""
        return _union([member.uncertainties for member in self.members])

    @property
    def bonds(self) -> BondMode:
        """Kind of bonds."""
        return self.members[0].bonds

    @property
    def group(self) -> Group:
        """Group that colours the lattice translations."""
        return self.members[0].group

    @property
    def motif(self) -> Motif:
        """Whether atoms choose their image."""
        return self.members[0].motif

    def to_dict(self) -> dict[str, object]:
        """Return a JSON-able dictionary."""
        return {"members": [member.to_dict() for member in self.members]}


class ECNEnsemble(nn.Module):
    """Mean of several ECNs, with the interface of one."""

    def __init__(self, members: Sequence[ECN]) -> None:
        super().__init__()
        self.config = EnsembleConfig(tuple(member.config for member in members))
        self.members = nn.ModuleList(members)

    @property
    def targets(self) -> tuple[str, ...]:
        """Names of all outputs, crystal targets first."""
        return self.config.crystal_targets + self.config.site_targets

    def forward(self, batch: BondBatch) -> dict[str, Tensor]:
        """Mean of the members' outputs, see :meth:`ase_ecn.nn.ecn.ECN.forward`."""
        outputs = [member(batch) for member in self.members]
        names = _union([tuple(output) for output in outputs])
        return {
            name: torch.stack([output[name] for output in outputs if name in output]).mean(dim=0)
            for name in names
        }


def _union(parts: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(chain.from_iterable(parts)))
