"""Space groups: names old and new, Hall symbols, numbers, settings, lists of operations."""

from __future__ import annotations

from readers.corpus.templates import (
    BI2TE3_H,
    BI2TE3_R,
    HEXAGONAL,
    LABELLED,
    RHOMBOHEDRAL,
    SALT_CELL,
    SALT_SITES,
    START,
    TYPED,
    ZIRCONIA,
    ZIRCONIA_CELL,
    Case,
    cell,
    group,
    loop,
    operations,
    perovskite,
    sites,
)

from ase_ecn.errors import CrystalError, InconsistentFileError

HALL = "_space_group_name_Hall"
NUMBER = "_space_group_IT_number 225\n"
OLD_NUMBER = "_symmetry_Int_Tables_number 225\n"
SI_HERE = sites("Si 0 0 0", tags=TYPED)
SI_THERE = sites("Si .125 .125 .125", tags=TYPED)
SI_CELL = START + cell(5.43)
ANATASE = START + cell(3.785, 3.785, 9.514)
ANATASE_1 = sites("Ti 0 0 0", "O 0 0 .2081", tags=TYPED)
ANATASE_2 = sites("Ti 0 .75 .125", "O 0 .75 .3331", tags=TYPED)
CUPRITE = START + cell(4.27)
WURTZITE = START + cell(3.25, 3.25, 5.2, gamma=120)
ZNO = sites("Zn .3333 .6667 0", "O .3333 .6667 .3819", tags=TYPED)
HEMATITE_H = START + cell(5.038, 5.038, 13.772, gamma=120)
HEMATITE_R = START + cell(5.427, alpha=55.28, beta=55.28, gamma=55.28)
QUARTZ = START + cell(4.913, 4.913, 5.405, gamma=120)
MONO = START + cell(7, 6, 5, beta=104)
ZRO2_I = sites("Zr1 .25 .10 .0", "O1 .05 .30 .30", tags=LABELLED)
I2A = (
    *("x,y,z", "-x,-y,-z", "1/2-x,y,-z", "1/2+x,-y,z"),
    *("1/2+x,1/2+y,1/2+z", "1/2-x,1/2-y,1/2-z", "-x,1/2+y,1/2-z", "x,1/2-y,1/2+z"),
)
P21C = ("x,y,z", "-x,1/2+y,1/2-z", "-x,-y,-z", "x,1/2-y,1/2+z")
BLANKS = ("x, y, z", "-x, y+1/2, -z+1/2", "-x, -y, -z", "x, -y+1/2, z+1/2")
F_CENTRED = ("x,y,z", "x,1/2+y,1/2+z", "1/2+x,y,1/2+z", "1/2+x,1/2+y,z")
ZR = START + ZIRCONIA_CELL
SYMOP = "_space_group_symop_operation_xyz"
EQUIV = "_symmetry_equiv_pos_as_xyz"


def salt(symmetry):
    return SALT_CELL + symmetry + SALT_SITES


SALTS = {
    "H-M with blanks": group("F m -3 m"),
    "H-M without blanks": group("Fm-3m"),
    "H-M before 1992": group("F m 3 m"),
    "H-M before 1992 without blanks": group("Fm3m"),
    "H-M in capitals": group("F M -3 M"),
    "H-M in small letters": group("f m -3 m"),
    "H-M full symbol": group("F 4/m -3 2/m"),
    "H-M alt": group("F m -3 m", "_space_group_name_H-M_alt"),
    "H-M of the full name": group("F 4/m -3 2/m", "_space_group_name_H-M_full"),
    "H-M of the dictionary of 2003": group("F m -3 m", "_space_group.name_H-M_alt"),
    "H-M tag with underscores": group("F m -3 m", "_symmetry_space_group_name_H_M"),
    "H-M tag that ends with an underscore": group("F m -3 m", "_symmetry_space_group_name_H-M_"),
    "H-M unknown, number known": group("?") + NUMBER,
    "H-M nonsense, number known": group("Halite") + NUMBER,
    "number": NUMBER,
    "number, old tag": OLD_NUMBER,
    "number, quoted": "_space_group_IT_number '225'\n",
    "number, dotted tag": "_space_group.IT_number 225\n",
    "Hall": group("-F 4 2 3", HALL),
    "Hall, old tag": group("-F 4 2 3", "_symmetry_space_group_name_Hall"),
    "Hall and number": group("-F 4 2 3", HALL) + NUMBER,
}
REFUSED = {
    "H-M nonsense, nothing else": (group("Halite"), "Halite is unknown"),
    "Hall unknown": (group("-Q 9 9", HALL), "-Q 9 9 is unknown"),
    "hexagonal group in a cubic cell": (group("P 63/m m c"), "does not have the symmetry"),
}
ZIRCONIAS = {
    "P21/c": group("P 21/c"),
    "P21/c without blanks": group("P21/c"),
    "P21/c full": group("P 1 21/c 1"),
    "P21/c with underscore": group("P 2_1/c"),
    "P21/c with parentheses": group("P2(1)/c"),
    "P21/c by number": "_space_group_IT_number 14\n",
    "P21/c by Hall symbol": group("-P 2ybc", HALL),
    "operations without name": operations(*P21C),
    "operations, old tag": operations(*P21C, tag=EQUIV),
    "operations, dotted tag": operations(*P21C, tag="_space_group_symop.operation_xyz"),
    "operations, tag that ends with an underscore": operations(*P21C, tag=EQUIV + "_"),
    "operations in capitals": operations(*(one.upper() for one in P21C)),
    "operations with blanks": operations(*BLANKS),
    "operations as decimals": operations(*(one.replace("1/2", "0.5") for one in P21C)),
    "operations as decimals without zero": operations(*(p.replace("1/2", ".5") for p in P21C)),
    "operations with plus signs": operations(*(f"+{one}" for one in P21C[:1]), *P21C[1:]),
    "operations without quotes": loop(EQUIV, *P21C),
    "operations without quotes but blanks": loop(EQUIV, *BLANKS),
    "operations in double quotes": loop(EQUIV, *(f'"{one}"' for one in P21C)),
    "operations with numbers": loop(
        f"_symmetry_equiv_pos_site_id {EQUIV}", *(f"{k} '{one}'" for k, one in enumerate(P21C, 1))
    ),
    "operations with numbers and blanks, no quotes": loop(
        f"_symmetry_equiv_pos_site_id {EQUIV}", *(f"{k} {one}" for k, one in enumerate(BLANKS, 1))
    ),
    "operations, and a name that no table has": operations(*P21C) + group("P 21/c (alt)"),
    "operations, and a name of another setting": operations(*P21C) + group("P 1 1 21/b"),
    "operations, number unknown": operations(*P21C) + "_space_group_IT_number ?\n",
    "operation listed twice": operations(*P21C, "x,y,z"),
    "operations without the identity first": operations(*reversed(P21C)),
}
SIMPLE = {
    "P-1 by name": (MONO + group("P -1") + ZRO2_I, "Zr2O2"),
    "P1 by name": (MONO + group("P 1") + ZRO2_I, "ZrO"),
    "P1 as one operation that is no loop": (MONO + f"{SYMOP} x,y,z\n" + ZRO2_I, "ZrO"),
    "no symmetry at all is P1": (MONO + ZRO2_I, "ZrO"),
    "only the identity, name unknown": (MONO + operations("x,y,z") + group("?") + ZRO2_I, "ZrO"),
    "I2/a with operations": (MONO + group("I2/a") + operations(*I2A) + ZRO2_I, "Zr4O8"),
    "I12/a1 with operations": (MONO + group("I 1 2/a 1") + operations(*I2A) + ZRO2_I, "Zr4O8"),
    "I2/a by name": (MONO + group("I 2/a") + ZRO2_I, "Zr4O8"),
    "P21/n": (MONO + group("P 21/n") + sites("C .1 .2 .3", tags=TYPED), "C4"),
    "C2/m": (MONO + group("C 2/m") + sites("C 0 0 0", tags=TYPED), "C2"),
    "unique axis c": (
        START
        + cell(5.15, 5.317, 5.21, gamma=99.23)
        + group("P 1 1 21/b")
        + sites("Zr .2754 .2083 .0395", tags=TYPED),
        "Zr4",
    ),
    "Pnma": (START + group("P n m a") + perovskite(), "Ca4Ti4O12"),
    "Pbnm": (START + group("P b n m") + perovskite((2, 0, 1)), "Ca4Ti4O12"),
    "Pnma by number": (START + "_space_group_IT_number 62\n" + perovskite(), "Ca4Ti4O12"),
    "Cmca, now Cmce": (
        START + cell(5, 6, 7) + group("C m c a") + sites("Ga 0 .15 .08", tags=TYPED),
        "Ga8",
    ),
    "R-3m, hexagonal axes by the cell": (START + HEXAGONAL + group("R -3 m") + BI2TE3_H, "Bi6Te9"),
    "R-3m:H": (START + HEXAGONAL + group("R -3 m :H") + BI2TE3_H, "Bi6Te9"),
    "R-3m H": (START + HEXAGONAL + group("R -3 m H") + BI2TE3_H, "Bi6Te9"),
    "R-3m, rhombohedral by the cell": (START + RHOMBOHEDRAL + group("R -3 m") + BI2TE3_R, "Bi2Te3"),
    "R-3m:R": (START + RHOMBOHEDRAL + group("R -3 m :R") + BI2TE3_R, "Bi2Te3"),
    "R-3m R": (START + RHOMBOHEDRAL + group("R-3mR") + BI2TE3_R, "Bi2Te3"),
    "R-3m by number, rhombohedral": (
        START + RHOMBOHEDRAL + "_space_group_IT_number 166\n" + BI2TE3_R,
        "Bi2Te3",
    ),
    "R-3m by Hall symbol": (
        START + HEXAGONAL + f'{HALL}\n;-R 3 2"\n;\n' + BI2TE3_H,
        "Bi6Te9",
    ),
    "R-3m:H said, cell rhombohedral": (
        START + RHOMBOHEDRAL + group("R -3 m :H") + BI2TE3_R,
        (CrystalError, "symmetry"),
    ),
    "R-3c": (
        HEMATITE_H + group("R -3 c") + sites("Fe 0 0 .3553", "O .3059 0 .25", tags=TYPED),
        "Fe12O18",
    ),
    "R-3c, rhombohedral": (
        HEMATITE_R + group("R -3 c") + sites("Fe .3553 .3553 .3553", tags=TYPED),
        "Fe4",
    ),
    "diamond :1": (SI_CELL + group("F d -3 m :1") + SI_HERE, "Si8"),
    "diamond :2": (SI_CELL + group("F d -3 m :2") + SI_THERE, "Si8"),
    "diamond S": (SI_CELL + group("F d -3 m S") + SI_HERE, "Si8"),
    "diamond Z": (SI_CELL + group("F d -3 m Z") + SI_THERE, "Si8"),
    "diamond Z without blanks": (SI_CELL + group("Fd-3mZ") + SI_THERE, "Si8"),
    "diamond by coordinate system code": (
        SI_CELL + group("F d -3 m") + "_space_group.IT_coordinate_system_code 2\n" + SI_THERE,
        "Si8",
    ),
    "diamond, origin by Z": (
        SI_CELL
        + group("F d -3 m")
        + "_chemical_formula_sum Si\n_cell_formula_units_Z 8\n"
        + SI_THERE,
        "Si8",
    ),
    "diamond, origin by density": (
        SI_CELL
        + group("F d -3 m")
        + "_chemical_formula_sum Si\n_exptl_crystal_density_diffrn 2.33\n"
        + SI_THERE,
        "Si8",
    ),
    "diamond, origin by multiplicity": (
        SI_CELL
        + group("F d -3 m")
        + sites("8 Si .125 .125 .125", tags=f"symmetry_multiplicity {TYPED}"),
        "Si8",
    ),
    "diamond, origin not said": (
        SI_CELL + group("F d -3 m") + SI_THERE,
        (InconsistentFileError, "which setting"),
    ),
    "diamond by number, origin not said": (
        SI_CELL + "_space_group_IT_number 227\n" + SI_THERE,
        (InconsistentFileError, "which setting"),
    ),
    "anatase :1": (ANATASE + group("I 41/a m d :1") + ANATASE_1, "Ti4O8"),
    "anatase :2": (ANATASE + group("I 41/a m d :2") + ANATASE_2, "Ti4O8"),
    "anatase, origin by formula and Z": (
        ANATASE
        + group("I 41/a m d")
        + "_chemical_formula_sum 'O2 Ti'\n_cell_formula_units_Z 4\n"
        + ANATASE_1,
        "Ti4O8",
    ),
    "cuprite :2": (
        CUPRITE + group("P n -3 m :2") + sites("Cu 0 0 0", "O .25 .25 .25", tags=TYPED),
        "Cu4O2",
    ),
    "cuprite :1": (
        CUPRITE + group("P n -3 m :1") + sites("Cu .25 .25 .25", "O 0 0 0", tags=TYPED),
        "Cu4O2",
    ),
    "cuprite, old name": (
        CUPRITE + group("P n 3 m :2") + sites("Cu 0 0 0", "O .25 .25 .25", tags=TYPED),
        "Cu4O2",
    ),
    "wurtzite, thirds to four places": (WURTZITE + group("P 63 m c") + ZNO, "Zn2O2"),
    "wurtzite with underscore": (WURTZITE + group("P 6_3 m c") + ZNO, "Zn2O2"),
    "wurtzite, thirds to two places": (
        WURTZITE + group("P 63 m c") + sites("Zn .33 .67 0", "O .33 .67 .38", tags=TYPED),
        "Zn2O2",
    ),
    "quartz": (
        QUARTZ + group("P 31 2 1") + sites("Si .4697 0 .33333", "O .4133 .2672 .2144", tags=TYPED),
        "Si3O6",
    ),
    "pyrite, old name": (
        START + cell(5.417) + group("P a 3") + sites("Fe 0 0 0", "S .385 .385 .385", tags=TYPED),
        "Fe4S8",
    ),
    "rutile": (
        START
        + cell(4.594, 4.594, 2.959)
        + group("P 42/m n m")
        + sites("Ti 0 0 0", "O .3053 .3053 0", tags=TYPED),
        "Ti2O4",
    ),
    "garnet": (
        START
        + cell(11.85)
        + group("I a -3 d")
        + sites("Ca .125 0 .25", "Al 0 0 0", "Si .375 0 .25", "O .962 .045 .651", tags=TYPED),
        "Ca24Al16Si24O96",
    ),
    "all atoms and all operations": (
        SALT_CELL
        + operations(*F_CENTRED)
        + sites("Na 0 0 0", "Na .5 .5 0", "Na .5 0 .5", "Na 0 .5 .5", "Cl .5 .5 .5", tags=TYPED),
        "Na4Cl4",
    ),
    "operations lack the centring, formula and Z tell": (
        SALT_CELL
        + group("F m -3 m")
        + operations("x,y,z", "-x,-y,-z")
        + "_chemical_formula_sum 'Cl Na'\n_cell_formula_units_Z 4\n"
        + SALT_SITES,
        "Na4Cl4",
    ),
    "operations that the cell does not have": (
        MONO + operations("x,y,z", "y,x,z") + ZRO2_I,
        (CrystalError, "symmetry of the operations"),
    ),
    "an operation that is none": (
        MONO + operations("x,y,z", "x,w,z") + ZRO2_I,
        (CrystalError, "not understood"),
    ),
}
CASES = [
    *(Case(name, salt(text), "Na4Cl4") for name, text in SALTS.items()),
    *(Case(name, salt(text), (CrystalError, words)) for name, (text, words) in REFUSED.items()),
    *(Case(name, ZR + text + ZIRCONIA, "Zr4O8") for name, text in ZIRCONIAS.items()),
    *(Case(name, text, expected) for name, (text, expected) in SIMPLE.items()),
]
