"""Basis sets as CP2K reads them, by the words of CP2K's reader and by its own data."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from epicarve.dft.cp2k_input import basis_entry, basis_shells, data_folder, entries

ENTRY = """\
 2
 2 0 1 2 2 1  # s s p
   1.5D+00  .1 -.2  .3
   2.0E-01  .4  .5 -.6
 3 2 2 1 1
   0.117d+01 1.0
"""


def test_shells_stand_in_the_order_of_the_table():
    assert basis_shells(ENTRY) == (
        (0, (1.5, 0.2), (0.1, 0.4)),
        (0, (1.5, 0.2), (-0.2, 0.5)),
        (1, (1.5, 0.2), (0.3, -0.6)),
        (2, (1.17,), (1.0,)),
    )


def test_cp2k_looks_at_no_more_numbers_than_there_are_shells():
    """So it reads aug-TZVP-GTH of oxygen, whose first lines have one number too many."""
    assert basis_shells(ENTRY.replace("-.6\n", "-.6 .7\n")) == basis_shells(ENTRY)
    with pytest.raises(ValueError, match="2 columns for 3 shells"):
        basis_shells(ENTRY.replace("-.6\n", "\n"))
    with pytest.raises(ValueError, match="1 numbers of shells for 2 momenta"):
        basis_shells(ENTRY.replace("2 2 1  #", "2 2  #"))


@given(st.integers(0, 5))
def test_a_line_that_is_lost_is_noticed(line):
    lines = ENTRY.splitlines()
    with pytest.raises(ValueError, match=r".+"):
        basis_shells("\n".join(lines[:line] + lines[line + 1 :]))


@pytest.mark.parametrize("word", ["x", "nan", "inf", "1/0"])
@pytest.mark.parametrize("number", ["1.5D+00", "-.6", "1.0"])
def test_what_is_no_number_is_refused(number, word):
    with pytest.raises(ValueError, match=r".+"):
        basis_shells(ENTRY.replace(number, word))


@pytest.mark.cp2k
@pytest.mark.parametrize(
    ("file", "name", "functions"),
    [  # of lead and of oxygen: contracted shells times 2l + 1, counted in CP2K's files
        ("BASIS_MOLOPT", ("PB", "DZVP-MOLOPT-SR-GTH"), 2 + 2 * 3 + 5),
        ("BASIS_MOLOPT_UZH", ("PB", "DZVP-MOLOPT-GGA-GTH-Q4"), 2 + 2 * 3 + 5),
        ("GTH_BASIS_SETS", ("O", "AUG-TZVP-GTH"), 4 + 4 * 3 + 5),
    ],
)
def test_sizes_of_cp2ks_own_sets(file, name, functions):
    assert basis_entry(entries(data_folder() / file)[name]).functions == functions


@pytest.mark.cp2k
@pytest.mark.parametrize("file", ["BASIS_MOLOPT", "BASIS_MOLOPT_UZH", "BASIS_pob"])
def test_every_set_of_cp2ks_data_is_read(file):
    for text in entries(data_folder() / file).values():
        assert basis_shells(text) or text.split()[0] == "0"  # pob has empty ones
