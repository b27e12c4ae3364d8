"""The file: quotes, comments, blocks, marks; and what it says of its crystal besides the sites."""

from __future__ import annotations

from readers.corpus.templates import (
    FILLED,
    LABELLED,
    SALT,
    SALT_CELL,
    SALT_GROUP,
    SALT_SITES,
    START,
    TYPED,
    Case,
    cell,
    group,
    loop,
    operations,
    sites,
)

from ase_ecn.errors import CellError, CrystalError, InconsistentFileError

BODY = SALT.removeprefix(START)
GLOBAL = "data_global\n_journal_name_full 'A journal'\n_publ_section_title\n;\nSalt\n;\n\n"
PUBLISHED = loop("_publ_author_name _publ_author_address", "'A, B.'\n;A road\n;")
ANISOTROPIC = loop(
    "_atom_site_aniso_label _atom_site_aniso_U_11 _atom_site_aniso_U_22", "Na1 .01 .01", "Cl1 ."
)
BONDS = loop("_geom_bond_atom_site_label_1 _geom_bond_distance", "Na1 2.82(1)", "Cl1 2.82")
LINES = SALT.splitlines()
PATTERN = "data_pattern\n" + loop("_pd_meas_2theta_scan _pd_meas_counts_total", "10 5", "11 6")

SALTS = {
    "carriage returns and line feeds": SALT.replace("\n", "\r\n"),
    "carriage returns alone": SALT.replace("\n", "\r"),
    "byte order mark": "\ufeff" + SALT,
    "no end of the last line": SALT.rstrip(),
    "blank lines": SALT.replace("\n", "\n\n"),
    "tabs": SALT.replace(" ", "\t").replace("F\tm\t-3\tm", "F m -3 m"),
    "blanks before every line": "".join(f"   {line}\n" for line in LINES),
    "blanks after every line": "".join(f"{line}   \n" for line in LINES),
    "comments": "# made by hand\n" + SALT.replace("loop_\n", "# sites\nloop_ # of sites\n"),
    "comments after values": SALT.replace("5.64\n", "5.64 # angstrom\n"),
    "a comment with a quote": "# it's a comment\n" + SALT,
    "first line of CIF 1.1": "#\\#CIF_1.1\n" + SALT,
    "first line of CIF 2": "#\\#CIF_2.0\n" + SALT,
    "long strings of CIF 2": SALT.replace("'F m -3 m'", "'''F m -3 m'''"),
    "long strings of CIF 2 over lines": SALT + '_x_y """a\nloop_\n_cell_length_a 7\n"""\n',
    "tags in capitals": SALT.upper().replace("NA1 NA", "Na1 Na").replace("CL1 CL", "Cl1 Cl"),
    "tags in mixed case": SALT.replace("_cell_length_a", "_Cell_Length_A"),
    "keywords in capitals": SALT.replace("data_", "DATA_").replace("loop_", "LOOP_"),
    "dots instead of underscores": SALT.replace("_cell_length", "_cell.length").replace(
        "_atom_site_", "_atom_site."
    ),
    "double quotes": SALT.replace("'F m -3 m'", '"F m -3 m"'),
    "name in a text field": SALT.replace("'F m -3 m'", "\n;F m -3 m\n;"),
    "value on the next line": SALT.replace("_cell_length_a 5.64", "_cell_length_a\n   5.64"),
    "rows of the loop in one line": SALT.replace("0\nCl1", "0 Cl1"),
    "rows of the loop over lines": SALT.replace("Na1 Na 0", "Na1\nNa\n0"),
    "tags of the loop in one line": SALT.replace(
        "loop_\n_atom_site_label\n", "loop_ _atom_site_label "
    ),
    "end of the loop by a comment": SALT + "#END\n",
    "end of the loop by stop_": SALT + "stop_\n",
    "no block header": BODY,
    "block header without a name": "data_\n" + BODY,
    "words before the block": "Crystal of the month\n\n" + SALT,
    "words after the block": SALT + "\n_x_y 1\n stray words here\n",
    "a text field with tags in it": START + "_x_y\n;\n_cell_length_a 7\nloop_\n;\n" + BODY,
    "a text field with an apostrophe": START + "_x_y\n;\nit's\n;\n" + BODY,
    "an apostrophe within quotes": START + "_x_y 'it's'\n" + BODY,
    "letters of other languages": START + "_x_y 'Müller, Å, Łódź, 塩'\n" + BODY,
    "codes of letters": START + "_x_y 'M\\\"uller, \\%A'\n" + BODY,
    "a save frame": SALT + "save_frame\n_x_y 1\nsave_\n",
    "a list of CIF 2": SALT + "_x_y [1 2 3]\n",
    "an empty value": START + "_x_y ''\n_x_z\n" + BODY,
    "an empty loop": SALT_GROUP + "loop_\n_x_y\n_x_z\n" + SALT_SITES,
    "a loop without tags": START + "loop_\n" + BODY,
    "a torn loop of something else": SALT + loop("_x_y _x_z", "1 2", "3"),
    "bonds and anisotropic displacements": SALT + BONDS + ANISOTROPIC,
    "the anisotropic loop first": SALT_GROUP + ANISOTROPIC + BONDS + SALT_SITES,
    "a global block first": GLOBAL + SALT,
    "a global block with authors": GLOBAL + PUBLISHED + SALT,
    "a powder pattern first": PATTERN + SALT,
    "a powder pattern last": SALT + PATTERN,
    "two blocks of one name, one with sites": "data_x\n_x_y 1\n" + SALT,
    "a tag twice, first unknown": START + "_cell_length_a ?\n" + BODY,
    "a tag twice": SALT + "_cell_length_a 7\n",
    "lengths with uncertainties": SALT.replace("5.64", "5.640(2)"),
    "lengths with decimal commas": SALT.replace("5.64", "5,64"),
    "lengths in quotes": SALT.replace("5.64", "'5.64'"),
    "angles with uncertainties": SALT.replace(" 90", " 90.00(1)"),
    "angles that are not given": "".join(f"{x}\n" for x in LINES if "_angle_" not in x),
    "angles unknown": SALT.replace(" 90", " ?"),
    "one length, cubic": SALT.replace("_cell_length_b 5.64\n_cell_length_c 5.64\n", "")
    + "_symmetry_cell_setting cubic\n",
    "formula": SALT + "_chemical_formula_sum 'Cl Na'\n",
    "formula in another order": SALT + "_chemical_formula_sum 'Na Cl'\n",
    "formula without blanks": SALT + "_chemical_formula_sum NaCl\n",
    "formula in capitals": SALT + "_chemical_formula_sum 'CL NA'\n",
    "formula in capitals without blanks": SALT + "_chemical_formula_sum NACL\n",
    "formula of the cell": SALT + "_chemical_formula_sum 'Na4 Cl4'\n",
    "formula of the cell and Z": SALT + "_chemical_formula_sum 'Na4 Cl4'\n"
    "_cell_formula_units_Z 4\n",
    "formula and Z": SALT + "_chemical_formula_sum 'Cl Na'\n_cell_formula_units_Z 4\n",
    "formula with decimals": SALT + "_chemical_formula_sum 'Cl1.000 Na0.999'\n",
    "formula with parentheses": SALT + "_chemical_formula_sum '(Na) (Cl)'\n",
    "formula with subscripts": SALT + "_chemical_formula_sum 'Na<sub>1</sub>Cl<sub>1</sub>'\n",
    "formula unknown": SALT + "_chemical_formula_sum ?\n",
    "formula that is none": SALT + "_chemical_formula_sum 'common salt'\n",
    "density": SALT + "_exptl_crystal_density_diffrn 2.165\n",
    "density unknown": SALT + "_exptl_crystal_density_diffrn ?\n",
    "density and formula outvote Z": SALT + "_chemical_formula_sum 'Cl Na'\n"
    "_exptl_crystal_density_diffrn 2.165\n_cell_formula_units_Z 1\n",
    "Z and formula outvote density": SALT + "_chemical_formula_sum 'Cl Na'\n"
    "_exptl_crystal_density_diffrn 1.2\n_cell_formula_units_Z 4\n",
    "volume": SALT + "_cell_volume 179.4(2)\n",
}
REFUSED = {
    "empty": ("", CrystalError, "no structure"),
    "a block without sites": (SALT_GROUP, CrystalError, "no structure"),
    "not a CIF": ("once upon a time", CrystalError, "no structure"),
    "no cell": (START + group("F m -3 m") + SALT_SITES, CellError, "three lengths"),
    "a length of zero": (SALT.replace("_b 5.64", "_b 0"), CellError, "three lengths"),
    "a length that is no number": (SALT.replace("_b 5.64", "_b x"), CellError, "no number"),
    "angles that no cell has": (
        SALT_CELL.replace("gamma 90", "gamma 179.99").replace("alpha 90", "alpha 10") + SALT_SITES,
        CellError,
        "no cell",
    ),
    "another formula": (
        SALT + "_chemical_formula_sum 'Cl K'\n",
        InconsistentFileError,
        "the sum formula is Cl K, the sites have Cl Na",
    ),
    "another ratio": (
        SALT + "_chemical_formula_sum 'Cl2 Na'\n",
        InconsistentFileError,
        "sum formula is Cl2 Na",
    ),
    "another Z": (
        SALT + "_chemical_formula_sum 'Cl Na'\n_cell_formula_units_Z 2\n",
        InconsistentFileError,
        "Z is 2 in the file, its sites have 4",
    ),
    "another density": (
        SALT + "_exptl_crystal_density_diffrn 1.2\n",
        InconsistentFileError,
        "density is 1.2",
    ),
    "another volume": (SALT + "_cell_volume 44.9\n", InconsistentFileError, "volume is 44.9"),
    "another multiplicity": (
        SALT_GROUP
        + sites(
            "Na 8 0 0 0",
            "Cl 4 .5 .5 .5",
            tags="type_symbol symmetry_multiplicity fract_x fract_y fract_z",
        ),
        InconsistentFileError,
        "multiplicity of Na is 8",
    ),
    "a site missing": (
        SALT_GROUP + "_chemical_formula_sum 'Cl Na'\n" + sites("Na 0 0 0", tags=TYPED),
        InconsistentFileError,
        "the sites have Na",
    ),
    "a modulated crystal": (
        SALT + "_cell_modulation_dimension 1\n",
        CrystalError,
        "modulated",
    ),
}
MAGNETIC = START + cell(4.87, 4.87, 3.31)
MOMENTS = "_atom_site_moment.label _atom_site_moment.crystalaxis_x "
MOMENTS += "_atom_site_moment.crystalaxis_y _atom_site_moment.crystalaxis_z"
MNF2 = sites("Mn1 Mn 0 0 0 1", "F1 F .305 .305 0 1", tags=FILLED)
# Of P4(2)'/mnm' (136.499).
RUTILE_LIKE = (
    *("x,y,z,+1", "-x,-y,z,+1", "-x,-y,-z,+1", "x,y,-z,+1"),
    *("y,x,-z,-1", "-y,-x,-z,-1", "-y,-x,z,-1", "y,x,z,-1"),
    *("-x+1/2,y+1/2,-z+1/2,+1", "x+1/2,-y+1/2,-z+1/2,+1"),
    *("x+1/2,-y+1/2,z+1/2,+1", "-x+1/2,y+1/2,z+1/2,+1"),
    *("-y+1/2,x+1/2,z+1/2,-1", "y+1/2,-x+1/2,z+1/2,-1"),
    *("y+1/2,-x+1/2,-z+1/2,-1", "-y+1/2,x+1/2,-z+1/2,-1"),
)
XYZ = "_space_group_symop_magn_operation.xyz"
CENTRINGS = "_space_group_symop_magn_centering.xyz"
MOMENT = loop(MOMENTS, "Mn1 0 0 4.6")
CHAIN = START + cell(3, 3, 6) + sites("Fe1 Fe 0 0 0", "O1 O .5 .5 0")
CHAIN_MOMENT = loop(MOMENTS, "Fe1 0.0 0.0 2.5(1)")
MAGNETS = {
    "magnetic rutile": (MAGNETIC + operations(*RUTILE_LIKE, tag=XYZ) + MNF2 + MOMENT, "Mn2F4"),
    "magnetic rutile, old tags": (
        MAGNETIC + operations(*RUTILE_LIKE, tag=XYZ.replace(".", "_")) + MNF2 + MOMENT,
        "Mn2F4",
    ),
    "magnetic chain with an anticentring": (
        CHAIN
        + operations("x,y,z,+1", tag=XYZ)
        + operations("x,y,z,+1", "x,y,z+1/2,-1", tag=CENTRINGS)
        + CHAIN_MOMENT,
        "Fe2O2",
    ),
    "magnetic, without operations": (CHAIN + CHAIN_MOMENT, "FeO"),
    "magnetic, plain operations": (
        CHAIN + operations("x,y,z", "x,y,z+1/2") + CHAIN_MOMENT,
        "Fe2O2",
    ),
    "deuterium and labels": (
        START + cell(4) + sites("Li1 0 0 0", "D1 .5 .5 .5", tags=LABELLED),
        "LiH",
    ),
}
CASES = [
    *(Case(name, text, "Na4Cl4") for name, text in SALTS.items()),
    *(Case(name, text, (error, words)) for name, (text, error, words) in REFUSED.items()),
    *(Case(name, text, expected) for name, (text, expected) in MAGNETS.items()),
]
