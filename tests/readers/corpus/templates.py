"""Pieces of which the corpus's CIFs are made, and the crystals that they describe."""

from __future__ import annotations

from dataclasses import dataclass

from ase_ecn.errors import CrystalError


@dataclass(frozen=True)
class Case:
    """One CIF.

    ``expected`` is the formula of the cell (``Na4Cl4``), checked by hand, or the error and a part
    of its message.
    """

    name: str
    text: str
    expected: str | tuple[type[CrystalError], str]


def cell(a, b=None, c=None, alpha=90, beta=90, gamma=90):
    b, c = b or a, c or a
    return (
        f"_cell_length_a {a}\n_cell_length_b {b}\n_cell_length_c {c}\n"
        f"_cell_angle_alpha {alpha}\n_cell_angle_beta {beta}\n_cell_angle_gamma {gamma}\n"
    )


def group(name, tag="_symmetry_space_group_name_H-M"):
    return f"{tag} '{name}'\n"


def loop(tags, *rows):
    return "loop_\n" + "".join(f"{tag}\n" for tag in tags.split()) + "\n".join(rows) + "\n"


def sites(*rows, tags="label type_symbol fract_x fract_y fract_z"):
    return loop(" ".join(f"_atom_site_{tag}" for tag in tags.split()), *rows)


def operations(*triplets, tag="_space_group_symop_operation_xyz"):
    return loop(tag, *(f"'{one}'" for one in triplets))


LABELLED = "label fract_x fract_y fract_z"
TYPED = "type_symbol fract_x fract_y fract_z"
FILLED = "label type_symbol fract_x fract_y fract_z occupancy"

START = "data_x\n"
SALT_CELL = START + cell(5.64)
SALT_GROUP = SALT_CELL + group("F m -3 m")
SALT_SITES = sites("Na1 Na 0 0 0", "Cl1 Cl .5 .5 .5")
SALT = SALT_GROUP + SALT_SITES
"""NaCl: 4a and 4b of Fm-3m, eight atoms."""

HEXAGONAL = cell(4.38, 4.38, 30.49, gamma=120)
RHOMBOHEDRAL = cell(10.473, alpha=24.159, beta=24.159, gamma=24.159)
BI2TE3_H = sites("Bi 0 0 .4", "Te 0 0 0", "Te 0 0 .2097", tags=TYPED)
BI2TE3_R = sites("Bi .4 .4 .4", "Te 0 0 0", "Te .2097 .2097 .2097", tags=TYPED)
"""Bi2Te3: 6c, 3a and 6c of R-3m, 15 atoms in hexagonal axes and five in rhombohedral ones."""

ZIRCONIA_CELL = cell(5.15, 5.21, 5.317, beta=99.23)
ZIRCONIA = sites("Zr .2754 .0395 .2083", "O .07 .3317 .3447", "O .4496 .7569 .4792", tags=TYPED)
"""Baddeleyite: three times 4e of P2(1)/c, twelve atoms."""

PEROVSKITE = {"Ca": (0.0365, 0.25, 0.9924), "Ti": (0, 0, 0.5), "O1": (0.484, 0.25, 0.071)}
PEROVSKITE["O2"] = (0.2886, 0.0371, 0.7111)
"""CaTiO3 in Pnma: 4c, 4b, 4c, 8d, twenty atoms."""


def perovskite(axes=(0, 1, 2)):
    """In axes that are those of Pnma in another order."""
    lengths = [(5.44, 7.64, 5.38)[k] for k in axes]
    rows = [f"{n} {p[axes[0]]} {p[axes[1]]} {p[axes[2]]}" for n, p in PEROVSKITE.items()]
    return cell(*lengths) + sites(*rows, tags=LABELLED)


PORTLANDITE_CELL = cell(3.589, 3.589, 4.911, gamma=120)
PORTLANDITE = START + PORTLANDITE_CELL + group("P -3 m 1")
"""Ca(OH)2: 1a, 2d and 2d of P-3m1, five atoms."""


def portlandite(hydrogen, extra=""):
    rows = ("Ca1 0 0 0", "O1 .333333 .666667 .2341", f"{hydrogen} .333333 .666667 .4248")
    return PORTLANDITE + extra + sites(*rows, tags=LABELLED)
