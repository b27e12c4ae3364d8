"""CIFs of many dialects: each has the right atoms, or is refused for the right reason."""

from __future__ import annotations

from collections import Counter

import pytest
from ase.formula import Formula
from readers.corpus import settings_corpus, sites_corpus, syntax_corpus
from readers.corpus.templates import Case

from ase_ecn.crystal import as_crystal
from ase_ecn.readers.cif import atoms_of_text

CASES = [*settings_corpus.CASES, *sites_corpus.CASES, *syntax_corpus.CASES]


def test_there_are_dialects_enough_and_none_twice() -> None:
    assert len(CASES) >= 150
    assert max(Counter(case.name for case in CASES).values()) == 1
    assert max(Counter(case.text for case in CASES).values()) == 1


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_cif_has_the_atoms_that_its_author_meant(case: Case) -> None:
    if isinstance(case.expected, str):
        atoms = atoms_of_text(case.text)
        assert Counter(atoms.get_chemical_symbols()) == Formula(case.expected).count()
        as_crystal(atoms)  # no two of them coincide
    else:
        error, words = case.expected
        with pytest.raises(error, match=words):
            atoms_of_text(case.text)
