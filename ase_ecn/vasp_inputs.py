"""Inputs of VASP: what the Materials Project would run, with moments that were predicted."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from ase import Atoms
from numpy.typing import ArrayLike

from ase_ecn.crystal import as_crystal
from ase_ecn.errors import ASEECNError, OptionError, UnsupportedElementError
from ase_ecn.moments import MagneticOrder, with_initial_moments
from ase_ecn.screening.store import screened
from ase_ecn.storage import storing


@dataclass(frozen=True)
class Export:
    """What became of the crystals of a screen.

    Attributes
    ----------
    written
        Folders with inputs.
    skipped
        Name in the screen and reason of each crystal without.
    """

    written: list[Path]
    skipped: list[tuple[str, str]]


def vasp_inputs(
    atoms: Atoms, site_moments: ArrayLike | None = None, order: MagneticOrder | None = None
) -> dict[str, str]:
    """Texts of the inputs of a relaxation, as pymatgen's ``MPRelaxSet`` has them.

    Cutoff, precision, smearing, k-points and the U of oxides and fluorides are those of the
    Materials Project. No pseudopotentials come with this package: ``POTCAR.spec`` names those to
    put together as ``POTCAR``.

    Parameters
    ----------
    atoms
        Crystal of N atoms, not changed.
    site_moments
        (N,) absolute moments in µB from which to begin; ``None`` for those that the crystal's
        calculator has, as of a row of a screen. Without any, pymatgen chooses.
    order
        Signs of the moments; ``None`` for a ferromagnet.

    Returns
    -------
    dict
        ``POSCAR``, ``INCAR``, ``KPOINTS`` and ``POTCAR.spec``. Atoms are sorted by element.

    Raises
    ------
    CrystalError
        If this is no crystal, or the Materials Project has no pseudopotential for an element.
    OptionError
        If moments or order do not fit the crystal, or there is an order and no moments.
    """
    as_crystal(atoms)
    plain = Atoms(atoms.numbers, cell=atoms.cell, positions=atoms.positions, pbc=True)
    if site_moments is None:
        site_moments = getattr(atoms.calc, "results", {}).get("magmoms")
    if site_moments is not None:
        plain = with_initial_moments(plain, site_moments, order)
    elif order is not None:
        raise OptionError("there are no moments to give signs to")
    # Late: it takes seconds, and all commands would begin with it.
    from pymatgen.io.ase import AseAtomsAdaptor
    from pymatgen.io.vasp.sets import MPRelaxSet

    structure = AseAtomsAdaptor.get_structure(plain)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about choices that are the Materials Project's
        inputs = MPRelaxSet(structure)
        known = inputs.config_dict["POTCAR"]
        if missing := sorted({site.specie.symbol for site in structure} - set(known)):
            raise UnsupportedElementError(
                f"the Materials Project has no pseudopotential for {', '.join(missing)}"
            )
        return {
            "POSCAR": str(inputs.poscar),
            "INCAR": str(inputs.incar),
            "KPOINTS": str(inputs.kpoints),
            "POTCAR.spec": "\n".join(inputs.potcar_symbols) + "\n",
        }


def write_vasp_inputs(
    atoms: Atoms,
    folder: str | Path,
    site_moments: ArrayLike | None = None,
    order: MagneticOrder | None = None,
) -> None:
    """Write :func:`vasp_inputs` into a new folder, which appears when it is complete.

    Parameters
    ----------
    atoms, site_moments, order
        As for :func:`vasp_inputs`.
    folder
        Made with the folders above it.

    Raises
    ------
    OptionError
        Also if the folder exists: what is in it may be a calculation.
    StorageError
        If it cannot be written.
    """
    folder = Path(folder)
    if folder.exists():
        raise OptionError(f"{folder} is there already and stays as it is")
    texts = vasp_inputs(atoms, site_moments, order)
    with storing(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=folder.parent, prefix=".") as unfinished:
            made = Path(unfinished, "inputs")
            made.mkdir()
            for name, text in texts.items():
                (made / name).write_text(text if text.endswith("\n") else f"{text}\n")
            made.rename(folder)


def export_screen(
    out: str | Path,
    folder: str | Path,
    *,
    by: str | None = None,
    limit: int | None = None,
    order: MagneticOrder | None = None,
) -> Export:
    """Write inputs of VASP for the best crystals of a screen, each into a folder of its own.

    Parameters
    ----------
    out
        Output of :func:`ase_ecn.screening.screen`.
    folder
        Where the folders are made: ``NaCl-7`` for row 7. Those that exist stay as they are.
    by, limit
        How many crystals, and by which property the best are found, as for
        :func:`ase_ecn.report.write_report`; ``None`` for all.
    order
        Signs of the predicted moments; sublattices that a crystal does not have are passed over.

    Returns
    -------
    Export
        Folders that were written, and why others were not.

    Raises
    ------
    OptionError
        If there is no such output.
    StorageError
        If a folder cannot be written.
    """
    store = screened(out)
    done = Export([], [])
    for row in store.rows(limit, store.order(by) or "id"):
        atoms = row.toatoms()
        formula = atoms.get_chemical_formula("metal", empirical=True)
        place = Path(folder, f"{formula}-{row.id}")
        try:
            write_vasp_inputs(atoms, place, order=order)
            done.written.append(place)
        except ASEECNError as error:
            done.skipped.append((str(row.key_value_pairs["source"]), str(error)))
    return done
