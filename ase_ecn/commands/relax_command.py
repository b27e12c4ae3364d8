"""``ase-ecn relax``: the structures in files, relaxed: their cells, or their atoms too."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ase import Atoms

from ase_ecn.api import relax
from ase_ecn.checkpoint import DEFAULT_EMPNN, DEFAULT_POTENTIAL, read_card
from ase_ecn.commands.command_line import Command, add_network_options
from ase_ecn.commands.relaxed_files import (
    Entry,
    checked_output,
    entry_of,
    try_to_write,
    write_entries,
)
from ase_ecn.commands.structures import (
    add_order_option,
    formula,
    print_skipped,
    print_table,
    print_unusual,
    sources_of,
    with_unusual,
)
from ase_ecn.crystal import as_crystal
from ase_ecn.errors import ASEECNError, OptionError
from ase_ecn.readers import Source
from ase_ecn.relaxation.cell_and_atoms import RELAXED
from ase_ecn.relaxation.course import MAX_STEPS, STRAIN_TOLERANCE
from ase_ecn.relaxation.force_course import FORCE_TOLERANCE, MAX_FORCE_STEPS
from ase_ecn.relaxation.result import Relaxation
from ase_ecn.screening.input_keys import renaming


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("files", nargs="+", metavar="FILE")
    add("-o", "--output", required=True, help="file for all relaxed structures")
    add("--relax", choices=RELAXED, default="cell", help="the cell alone, or atoms too, by forces")
    add("--strain-tol", type=float, default=STRAIN_TOLERANCE)
    add("--fmax", type=float, default=FORCE_TOLERANCE, help="largest force with --relax all, eV/Å")
    add("--steps", type=int, help=f"default: {MAX_STEPS}, {MAX_FORCE_STEPS} with --relax all")
    add(
        "--mask",
        metavar="XX,YY,ZZ,YZ,XZ,XY",
        help="strain components that may change; 1,1,0,0,0,1 for in-plane strain",
    )
    add("--hydrostatic", action="store_true", help="change only the volume")
    add("--constant-volume", action="store_true", help="change only the shape")
    add("--potential", help="with --relax all: bundled name or .safetensors file that gives forces")
    add(
        "--reliable",
        action="store_true",
        help="with --relax all: leave out what is likely an error of the networks",
    )
    add_order_option(parser)
    add_network_options(parser)


def _run(options: argparse.Namespace) -> int:
    output = checked_output(options.output, options.files)
    good, skipped = _valid(options, output)
    renamed: dict[str, str] = {}
    entries = []
    for source, atoms in good:
        entry, keys = entry_of(source, atoms, {})
        entries.append(entry)
        renamed |= keys
    if entries:
        try_to_write(output, entries)
    if text := renaming(renamed):
        print(text, file=sys.stderr)
    found = relax(
        [atoms for _, atoms in good],
        checkpoint=options.checkpoint,
        device=options.device,
        method=RELAXED[options.relax],
        potential=options.potential,
        strain_tol=options.strain_tol,
        fmax=options.fmax,
        steps=options.steps,
        mask=None if options.mask is None else _mask(options.mask),
        hydrostatic=options.hydrostatic,
        constant_volume=options.constant_volume,
        reliable=options.reliable,
        on_error="return",
    )
    done = []
    for (source, atoms), relaxation in zip(good, found, strict=True):
        if isinstance(relaxation, ASEECNError):
            skipped.append((source.label, str(relaxation)))
        else:
            done.append((source, atoms, relaxation))
    _print_relaxations(done)
    if done:
        write_entries(output, [_entry(*one) for one in done])
        print(f"wrote {options.output}")
    return print_skipped(skipped)


def _valid(
    options: argparse.Namespace, output: Path
) -> tuple[list[tuple[Source, Atoms]], list[tuple[str, str]]]:
    """Structures that can be relaxed; labels and reasons of the others."""
    cards = [read_card(options.checkpoint or DEFAULT_EMPNN)]
    if options.relax == "all":
        cards.append(read_card(options.potential or DEFAULT_POTENTIAL))
    elements = frozenset.intersection(*(card.elements for card in cards))
    good, skipped = [], []
    for source in sources_of(options.files, [output], options.order):
        try:
            atoms = source.load()
            numbers = as_crystal(atoms, elements).numbers
            for card in cards:
                card.check_system(numbers)
            good.append((source, atoms))
        except ASEECNError as error:
            skipped.append((source.label, str(error)))
    return good, skipped


def _entry(source: Source, atoms: Atoms, relaxation: Relaxation) -> Entry:
    values = {
        "relaxed": bool(relaxation.converged),
        "relaxation_steps": int(relaxation.steps),
        "relaxation_reason": relaxation.reason,
        "volume_change": _volume_change(atoms, relaxation),
        "out_of_domain": bool(relaxation.out_of_domain),
    }
    if relaxation.out_of_domain:
        values["out_of_domain_reasons"] = "; ".join(relaxation.out_of_domain)
    return entry_of(source, relaxation.atoms, values)[0]


def _volume_change(atoms: Atoms, relaxation: Relaxation) -> float:
    return float(relaxation.atoms.get_volume() / atoms.get_volume() - 1)


def _print_relaxations(done: Sequence[tuple[Source, Atoms, Relaxation]]) -> None:
    rows = []
    for source, atoms, relaxation in done:
        lengths = " ".join(f"{x:.3f}" for x in relaxation.atoms.cell.lengths())
        change = f"{100 * _volume_change(atoms, relaxation):+.1f}"
        outcome = [str(relaxation.steps), relaxation.reason, source.label]
        rows.append([formula(atoms), change, lengths, *outcome])
    titles = ["formula", "ΔV/V %", "a b c / Å", "steps", "stopped", "source"]
    print_table(*with_unusual(titles, rows, [bool(one.out_of_domain) for _, _, one in done]))
    print_unusual((source.label, one.out_of_domain) for source, _, one in done)


def _mask(text: str) -> list[int]:
    """Six components of the strain from ``1,1,0,0,0,1``."""
    try:
        return [int(part) for part in text.split(",")]
    except ValueError as error:
        raise OptionError(
            f"--mask must be six values 0 or 1, for xx,yy,zz,yz,xz,xy, got {text!r}"
        ) from error


COMMAND = Command("relax", "relax the structures in files", _add_arguments, _run)
