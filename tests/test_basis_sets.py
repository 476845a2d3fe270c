"""Basis sets as CP2K reads them, against cp2k-input-tools and the words of CP2K's reader."""

import io

import pytest
from cp2k_input_tools.basissets.cp2k import BasisSetData

from epicarve.dft.cp2k_input import basis_shells, data_folder, entries

ENTRY = """Pb DZVP-TEST DZVP-TEST-q4
 2
 2 0 1 2 2 1  # s s p
   1.5D+00  .1 -.2  .3
   2.0E-01  .4  .5 -.6
 3 2 2 1 1
   0.117d+01 1.0
"""


def shells_of(entry):
    """Contracted shells of an entry of cp2k-input-tools."""
    found = []
    for block in entry.blocks:
        exponents, *columns = (tuple(map(float, c)) for c in zip(*block.coefficients, strict=True))
        momenta = [angular for angular, n in block.l for _ in range(n)]
        # cp2k-input-tools keeps numbers beyond those of the shells
        found += [(angular, exponents, c) for angular, c in zip(momenta, columns, strict=False)]
    return tuple(found)


def test_shells_are_those_of_cp2k_input_tools():
    plain = ENTRY.replace("D+", "E+").replace("d+", "e+")
    (known,) = BasisSetData.datafile_iter(io.StringIO(plain))
    assert basis_shells(ENTRY.partition("\n")[2]) == shells_of(known)


def test_cp2k_looks_at_no_more_numbers_than_there_are_shells():
    """So it reads aug-TZVP-GTH of oxygen, whose first lines have one number too many."""
    text = ENTRY.partition("\n")[2]
    assert basis_shells(text.replace("-.6\n", "-.6 .7\n")) == basis_shells(text)
    with pytest.raises(ValueError, match="2 columns for 3 shells"):
        basis_shells(text.replace("-.6\n", "\n"))
    with pytest.raises(ValueError, match="1 numbers of shells for 2 momenta"):
        basis_shells(text.replace("2 2 1  #", "2 2  #"))


@pytest.mark.cp2k
@pytest.mark.parametrize(
    "name", ["BASIS_MOLOPT", "BASIS_MOLOPT_UZH", "BASIS_pob", "GTH_BASIS_SETS"]
)
def test_every_set_of_cp2ks_data_is_that_of_cp2k_input_tools(name):
    path = data_folder() / name
    own = entries(path)
    with path.open() as stream:
        for known in BasisSetData.datafile_iter(stream):
            for identifier in known.identifiers:
                text = own[known.element.upper(), identifier.upper()]
                assert basis_shells(text) == shells_of(known), (known.element, identifier)
