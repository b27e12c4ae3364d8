"""``ase-ecn relax``: the structures in files, relaxed: their cells, or their atoms too."""

from __future__ import annotations

import argparse

from ase.io import write

from ase_ecn.api import relax
from ase_ecn.checkpoint import DEFAULT_EMPNN, DEFAULT_POTENTIAL, read_card
from ase_ecn.commands.command_line import Command, add_network_options
from ase_ecn.commands.structures import formula, print_skipped, print_table, read_valid
from ase_ecn.errors import ASEECNError, OptionError
from ase_ecn.relaxation.cell_and_atoms import RELAXED
from ase_ecn.relaxation.course import MAX_STEPS, STRAIN_TOLERANCE
from ase_ecn.relaxation.force_course import FORCE_TOLERANCE, MAX_FORCE_STEPS


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
    add_network_options(parser)


def _run(options: argparse.Namespace) -> int:
    elements = read_card(options.checkpoint or DEFAULT_EMPNN).elements
    if options.relax == "all":
        elements &= read_card(options.potential or DEFAULT_POTENTIAL).elements
    good, skipped = read_valid(options.files, elements)
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
        on_error="return",
    )
    rows, images = [], []
    for (label, atoms), relaxation in zip(good, found, strict=True):
        if isinstance(relaxation, ASEECNError):
            skipped[label] = str(relaxation)
            continue
        relaxed = relaxation.atoms
        images.append(relaxed)
        change = 100 * (relaxed.get_volume() / atoms.get_volume() - 1)
        lengths = " ".join(f"{x:.3f}" for x in relaxed.cell.lengths())
        outcome = [str(relaxation.steps), relaxation.reason, label]
        rows.append([formula(atoms), f"{change:+.1f}", lengths, *outcome])
    print_table(["formula", "ΔV/V %", "a b c / Å", "steps", "stopped", "source"], rows)
    if images:
        try:
            write(options.output, images)
        except Exception as error:  # ASE's many writers raise anything
            raise OptionError(f"cannot write {options.output}: {error}") from error
        print(f"wrote {options.output}")
    return print_skipped(skipped)


def _mask(text: str) -> list[int]:
    """Six components of the strain from ``1,1,0,0,0,1``."""
    try:
        return [int(part) for part in text.split(",")]
    except ValueError as error:
        raise OptionError(
            f"--mask must be six values 0 or 1, for xx,yy,zz,yz,xz,xy, got {text!r}"
        ) from error


COMMAND = Command("relax", "relax the structures in files", _add_arguments, _run)
