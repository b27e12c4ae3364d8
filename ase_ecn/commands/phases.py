"""What commands that give distances to the hull share: reading phases, saying what is missing."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Mapping

from ase_ecn.errors import OptionError
from ase_ecn.hull import KnownPhases
from ase_ecn.own_phases import read_phases


def phases_of(options: argparse.Namespace) -> KnownPhases:
    """The phases that the options name; how many were read is printed to stderr.

    Raises
    ------
    OptionError
        If they cannot be read.
    """
    if options.phases is None:
        if options.own_phases_only:
            raise OptionError("--own-phases-only needs --phases FILE")
        return KnownPhases()
    read = read_phases(options.phases)
    left_out = f", {read.left_out} crystals without it left out" if read.left_out else ""
    known = "alone" if options.own_phases_only else "added to the known ones"
    print(
        f"{len(read.phases)} phases of {options.phases} by formation_energy{left_out}; {known}",
        file=sys.stderr,
    )
    return KnownPhases(read.phases, bundled=not options.own_phases_only)


def print_unavailable(found: Iterable[tuple[str, Mapping[str, str]]]) -> None:
    """Print to stderr, for each crystal, which properties it does not have, and why."""
    for label, unavailable in found:
        for reason in dict.fromkeys(unavailable.values()):
            names = ", ".join(name for name, why in unavailable.items() if why == reason)
            print(f"{label} has no {names}: {reason}", file=sys.stderr)
