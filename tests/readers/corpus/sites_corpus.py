"""Sites: symbols, labels, occupancies, coordinates, hydrogens, moments."""

from __future__ import annotations

from readers.corpus.templates import (
    FILLED,
    LABELLED,
    SALT_CELL,
    SALT_GROUP,
    START,
    TYPED,
    Case,
    cell,
    group,
    portlandite,
    sites,
)

from ase_ecn.errors import CrystalError, InconsistentFileError, PartialOccupancyError

FORMULA = "_chemical_formula_sum 'Cl Na'\n"
FAR = "0 0 0"
HALF = ".5 .5 .5"


def labels(first, second="Cl1", extra=FORMULA):
    return SALT_GROUP + extra + sites(f"{first} {FAR}", f"{second} {HALF}", tags=LABELLED)


def types(first, second="Cl", extra=""):
    return SALT_GROUP + extra + sites(f"{first} {FAR}", f"{second} {HALF}", tags=TYPED)


def filled(first, second="1", extra=""):
    rows = (f"Na1 Na {FAR} {first}", f"Cl1 Cl {HALF} {second}")
    return SALT_GROUP + extra + sites(*rows, tags=FILLED)


def places(x, y="0", z="0", tags=TYPED):
    return SALT_CELL + sites(f"Na {x} {y} {z}", f"Cl {HALF}", tags=tags)


SALTS = {
    "types in capitals": types("NA", "CL"),
    "types in small letters": types("na", "cl"),
    "types with charges": types("Na1+", "Cl1-"),
    "types with charges before numbers": types("Na+1", "Cl-1"),
    "types with bare signs": types("Na+", "Cl-"),
    "types with charges of zero": types("Na0+", "Cl0"),
    "types with charges in parentheses": types("Na(1+)", "Cl(1-)"),
    "types in quotes": types("'Na'", '"Cl"'),
    "types with numbers": types("Na1", "Cl1"),
    "types of scattering tables": types("Naval", "Clva"),
    "types unknown, labels known": SALT_GROUP + sites(f"Na1 ? {FAR}", f"Cl1 . {HALF}"),
    "labels without types": labels("Na1", extra=""),
    "labels in capitals": labels("NA1", "CL1", extra=""),
    "labels in capitals, formula too": labels("NA1", "CL1", "_chemical_formula_sum 'CL NA'\n"),
    "labels in small letters": labels("na1", "cl1"),
    "labels in parentheses": labels("Na(1)", "Cl(1)"),
    "labels with letters": labels("Na1A", "Cl1B"),
    "labels with underscores": labels("Na_1", "Cl_1"),
    "labels with primes": labels("Na1'", "Cl1''"),
    "labels with stars": labels("Na1*", "Cl1*"),
    "labels with site names": labels("NaM1", "ClX"),
    "labels with charges": labels("Na+", "Cl-"),
    "labels alone": labels("Na", "Cl"),
    "a dummy site": SALT_GROUP
    + sites(
        f"Na1 Na {FAR} .",
        f"Cl1 Cl {HALF} .",
        "Cg1 C .25 .25 .25 dum",
        tags="label type_symbol fract_x fract_y fract_z calc_flag",
    ),
    "a site of occupancy zero": SALT_GROUP
    + sites(f"Na1 Na {FAR} 1", f"Cl1 Cl {HALF} 1", "O1 O .25 .25 .25 0", tags=FILLED),
    "a site listed twice": SALT_GROUP + sites(f"Na1 Na {FAR}", "Na2 Na .5 .5 0", f"Cl1 Cl {HALF}"),
    "occupancy unknown": filled("?", "?"),
    "occupancy not applicable": filled(".", "."),
    "occupancy 0.9999": filled("0.9999", "0.9999"),
    "occupancy 0.999": filled("0.999"),
    "occupancy 1.0000": filled("1.0000", "1.0000"),
    "occupancy 1.001": filled("1.001"),
    "occupancy with uncertainty": filled("1.00(2)", "0.998(4)"),
    "coordinates with uncertainties": SALT_GROUP
    + sites("Na 0.0000(3) 0(0) 0.0", "Cl 0.5000(12) 0.5 0.5", tags=TYPED),
    "coordinates outside of the cell": SALT_GROUP + sites("Na -1 0 2", "Cl -.5 1.5 .5", tags=TYPED),
    "coordinates as fractions": SALT_GROUP + sites("Na 0 0 0", "Cl 1/2 1/2 1/2", tags=TYPED),
    "coordinates with decimal commas": SALT_GROUP
    + sites("Na 0,0 0,0 0,0", "Cl 0,5 0,5 0,5", tags=TYPED),
    "coordinates with exponents": SALT_GROUP
    + sites("Na 0.0E+00 0e0 0.0d0", "Cl 5.0E-01 5e-1 0.5", tags=TYPED),
    "coordinates with signs": SALT_GROUP + sites("Na +0.0 -0.0 0", "Cl +.5 -.5 .5", tags=TYPED),
    "a little off the special position": SALT_GROUP
    + sites("Na .001 -.001 .0005", "Cl .4999 .5001 .5", tags=TYPED),
    "multiplicities and Wyckoff letters": SALT_GROUP
    + sites(
        "Na1 Na 4 a 0 0 0",
        "Cl1 Cl 4 b .5 .5 .5",
        tags="label type_symbol symmetry_multiplicity Wyckoff_symbol fract_x fract_y fract_z",
    ),
    "attached hydrogens of zero": SALT_GROUP
    + sites("Na 0 0 0 0", "Cl .5 .5 .5 0", tags=TYPED + " attached_hydrogens"),
}
PAIRS = {
    "Cartesian coordinates": places("0", tags="type_symbol Cartn_x Cartn_y Cartn_z"),
    "coordinates below zero": places("-0.25", "0.25"),
}
WORDS = {
    "labels that name nothing": (labels("M1", extra=""), CrystalError, "'M1' names no element"),
    "a type that names nothing": (types("Zz"), CrystalError, "names no element"),
    "a vacancy as a site": (types("Va"), CrystalError, "names no element"),
    "a torn loop of sites": (
        SALT_GROUP + sites("Na 0 0 0", "Cl .5 .5", tags=TYPED),
        CrystalError,
        "row that lacks values",
    ),
    "a coordinate that is no number": (places("abc"), CrystalError, "'abc' is no number"),
    "a site without a place": (
        SALT_GROUP + sites("Na 0 0 0", "Cl .5 .5 .5", "H ? ? ?", tags=TYPED),
        InconsistentFileError,
        "no coordinates",
    ),
    "no site with a place": (
        SALT_GROUP + sites("Na ? ? ?", tags=TYPED),
        CrystalError,
        "no site has coordinates",
    ),
    "half a site": (filled("0.5"), PartialOccupancyError, "Na1 is partially occupied"),
    "an occupancy of 0.95": (filled("0.95"), PartialOccupancyError, r"\(0.95\)"),
    "an occupancy of two": (filled("2"), PartialOccupancyError, "at most 1"),
    "half a site in a cell of one operation": (
        SALT_CELL + sites("Na1 Na 0 0 0 .5", "Cl1 Cl .5 .5 .5 1", tags=FILLED),
        PartialOccupancyError,
        "partially occupied",
    ),
    "two halves of a site": (
        SALT_GROUP + sites(f"Na1 Na {FAR} .5", f"K1 K {FAR} .5", f"Cl1 Cl {HALF} 1", tags=FILLED),
        PartialOccupancyError,
        "partially occupied",
    ),
    "two elements at one place, both full": (
        SALT_GROUP + sites("Na 0 0 0", "K 0 0 0", "Cl .5 .5 .5", tags=TYPED),
        PartialOccupancyError,
        "at one place",
    ),
}
MIXED = ("Na/K", "(Na,K)", "'0.6Na + 0.4K'", "Na0.6K0.4", "Na,K", "Na+,K+", "{Na,K}")
GROUPS = ("OH", "H2O", "OH2", "NH4", "CH3", "Wat")
OW = "_chemical_formula_sum 'O'\n"
BRUCITE = "_chemical_formula_sum 'Ca H2 O2'\n_cell_formula_units_Z 1\n"
UNPLACED = (
    START
    + cell(4.4, 9.42, 2.84)
    + group("P -1")
    + "_chemical_formula_sum 'Al H O2'\n"
    + sites(
        *("Al1 .955 .145 .25", "Al2 .455 .355 .75", "O1 .288 .801 .25", "O2 .788 .699 .75"),
        *("O3 .803 .947 .25", "O4 .303 .553 .75"),
        tags=LABELLED,
    )
)
WATER_CELL = START + cell(4)
HYDROGENS = {
    "hydrogens": (portlandite("H1", BRUCITE), "CaH2O2"),
    "deuterium by its label": (portlandite("D1"), "CaH2O2"),
    "deuterium by its label, in the formula": (
        portlandite("D1", "_chemical_formula_sum 'Ca D2 O2'\n"),
        "CaH2O2",
    ),
    "deuterium, hydrogen in the formula": (portlandite("D1", BRUCITE), "CaH2O2"),
    "hydrogens called HO": (portlandite("HO1", BRUCITE), "CaH2O2"),
    "hydrogens called HW": (portlandite("Hw", BRUCITE), "CaH2O2"),
    "oxygens called Ow": (
        WATER_CELL + sites("Ow1 0 0 0", "Hw1 .2 0 0", "Hw2 0 .2 0", tags=LABELLED),
        "OH2",
    ),
    "oxygens called OW": (
        WATER_CELL + sites("OW1 0 0 0", "HW1 .2 0 0", "HW2 0 .2 0", tags=LABELLED),
        "OH2",
    ),
    "oxygens called OH, hydrogens listed": (
        WATER_CELL
        + "_chemical_formula_sum 'H Na O'\n"
        + sites("Na1 .5 .5 .5", "OH 0 0 0", "H1 .24 0 0", tags=LABELLED),
        "NaOH",
    ),
    "water in a formula with hydrate": (
        WATER_CELL + OW + sites("Wat 0 0 0", tags=LABELLED),
        "O",
    ),
    "carbon called CA, calcium not in the formula": (
        WATER_CELL
        + "_chemical_formula_sum 'C O'\n"
        + sites("CA1 0 0 0", "O1 .3 0 0", tags=LABELLED),
        "CO",
    ),
    "calcium called CA": (
        WATER_CELL
        + "_chemical_formula_sum 'Ca O'\n"
        + sites("CA1 0 0 0", "O1 .5 .5 .5", tags=LABELLED),
        "CaO",
    ),
    "cobalt in capitals": (
        WATER_CELL
        + "_chemical_formula_sum 'CO O'\n"
        + sites("CO1 0 0 0", "O1 .5 .5 .5", tags=LABELLED),
        "CoO",
    ),
    "a tetrahedral site called T": (
        WATER_CELL + sites("T1 0 0 0", "O1 .5 .5 .5", tags=LABELLED),
        (CrystalError, "'T1' names no element"),
    ),
    "tritium by its type": (WATER_CELL + sites("T .1 0 0", "Li .5 .5 .5", tags=TYPED), "HLi"),
    "hydrogens in the formula alone": (UNPLACED, (InconsistentFileError, "Al H O2")),
    "hydrogens without coordinates": (
        UNPLACED + "H1 ? ? ?\n",
        (InconsistentFileError, "no coordinates"),
    ),
    "hydrogens attached": (
        WATER_CELL + sites("C 0 0 0 3", "Cl .4 0 0 0", tags=TYPED + " attached_hydrogens"),
        (InconsistentFileError, "3 attached hydrogens"),
    ),
    "hydrogens in the table of types alone": (
        WATER_CELL
        + "loop_\n_atom_type_symbol\nC\nH\nCl\n"
        + sites("C 0 0 0", "Cl .4 0 0", tags=TYPED),
        (InconsistentFileError, "atoms of H"),
    ),
    "deuterium in the table of types": (
        WATER_CELL
        + "loop_\n_atom_type_symbol\nLi1+\nD\n"
        + sites("Li 0 0 0", "D .5 .5 .5", tags=TYPED),
        "LiH",
    ),
}
CASES = [
    *(Case(name, text, "Na4Cl4") for name, text in SALTS.items()),
    *(Case(name, text, "NaCl") for name, text in PAIRS.items()),
    *(Case(name, text, (error, words)) for name, (text, error, words) in WORDS.items()),
    *(Case(f"mixed {s}", types(s), (PartialOccupancyError, "shared: .*Na.*K")) for s in MIXED),
    *(Case(f"group {s}", types(s), (CrystalError, "group of atoms")) for s in GROUPS),
    *(Case(name, text, expected) for name, (text, expected) in HYDROGENS.items()),
]
