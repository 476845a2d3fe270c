"""How near ions come to each other across an interface, against crystals that hold both."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from joined_pairs import cubic, rock_salt, zincblende
from known_pairs import crystals

from epicarve.builder.interfaces import SearchOptions, contact_limits_a, search
from epicarve.builder.interfaces.match import MatchOptions
from epicarve.builder.library import bundled_crystal
from epicarve.errors import InputError

ROCK_SALT_A = {
    **{"LiF": 4.027, "LiCl": 5.130, "LiBr": 5.501, "LiI": 6.000, "NaF": 4.620, "NaCl": 5.640},
    **{"NaBr": 5.973, "NaI": 6.473, "KF": 5.347, "KCl": 6.293, "KBr": 6.600, "KI": 7.066},
    **{"RbCl": 6.581, "RbBr": 6.854, "RbI": 7.342, "MgO": 4.213, "CaO": 4.810, "CaS": 5.695},
    **{"CaSe": 5.924, "SrO": 5.160, "SrS": 6.020, "SrSe": 6.236, "BaO": 5.523, "BaS": 6.387},
}
"""Lattice constants in Å of crystals of the NaCl type; Wyckoff, Crystal Structures (1963)."""

ZINCBLENDE_A = {"ZnS": 5.409, "ZnSe": 5.667, "ZnTe": 6.101, "CdS": 5.832, "CdSe": 6.052}
"""Lattice constants in Å of crystals of the ZnS type; Wyckoff (1963)."""


KNOWN = crystals()
SMALL = MatchOptions(max_area_a2=72.0)


def ions(formula):
    """Cation, anion and charge of a binary of equal numbers."""
    cation, anion = (
        (formula[:2], formula[2:]) if formula[1].islower() else (formula[0], formula[1:])
    )
    return cation, anion, 1 if anion in {"F", "Cl", "Br", "I"} else 2


@pytest.mark.parametrize(
    ("structure", "lattice_a", "bond"),
    [(rock_salt, ROCK_SALT_A, 0.5), (zincblende, ZINCBLENDE_A, 0.25 * np.sqrt(3.0))],
)
def test_bonds_of_two_binaries_are_those_of_the_binaries_between_them(structure, lattice_a, bond):
    """From AX and BY the bonds of AY and BX, which neither crystal holds."""
    made = {f: structure(f, a, *ions(f)) for f, a in lattice_a.items()}
    off = []
    for one, other in product(made, made):
        (a, x, q), (b, y, r) = ions(one), ions(other)
        if a == b or x == y or q != r:
            continue
        limits = contact_limits_a(made[one], made[other])
        off += [
            limits[frozenset((cation, anion))] - bond * lattice_a[cation + anion]
            for cation, anion in ((a, y), (b, x))
            if cation + anion in lattice_a
        ]
    assert len(off) > 10
    assert np.abs(off).mean() < 0.04
    assert np.abs(off).max() < 0.16


@pytest.mark.parametrize(
    ("crystals_of", "pair", "distance_a"),
    [
        # halves of √3 times the lattice constant of SrTiO3 and BaTiO3
        (lambda c: (rock_salt("SrO", 5.160, "Sr", "O", 2), c["TiO2"]), ("Sr", "Ti"), 3.38),
        (lambda c: (rock_salt("BaO", 5.523, "Ba", "O", 2), c["TiO2"]), ("Ba", "Ti"), 3.47),
        # the mean of both, as in solid solutions
        (lambda c: (c["NaCl"], c["KBr"]), ("Na", "K"), 4.33),
        (lambda c: (c["NaCl"], c["KBr"]), ("Cl", "Br"), 4.33),
        (lambda c: (c["CdSe"], c["ZnS"]), ("Cd", "Zn"), 4.05),
    ],
)
def test_ions_of_like_sign_lie_as_far_apart_as_in_crystals_of_both(crystals_of, pair, distance_a):
    limits = contact_limits_a(*crystals_of(KNOWN))
    assert limits[frozenset(pair)] == pytest.approx(distance_a, rel=0.08)


def renamed(crystal, names):
    """The same ions under other names."""
    symbols = np.array([names.get(symbol, symbol) for symbol in crystal.symbols.tolist()])
    return replace(crystal, symbols=symbols, name=f"{crystal.name} renamed")


@pytest.mark.parametrize("name", ["PbS", "CsPbCl3", "Pb4S3Cl2", "CsPb2Cl5", "Pb3S2Cl2"])
def test_ions_of_like_sign_keep_the_distances_of_their_own_crystal(name):
    crystal = bundled_crystal(name)
    others = {"Pb": "Sn", "Cs": "Rb", "S": "Se", "Cl": "Br"}
    limits = contact_limits_a(crystal, renamed(crystal, others))
    signs = {symbol: np.sign(charge) for symbol, charge in crystal.charge_of.items()}
    ratios = {}
    for pair, distance_a in crystal.contacts_a.items():
        one, other = min(pair), max(pair)
        if signs[one] == signs[other]:
            ratio = limits[frozenset((one, others[other]))] / distance_a
            ratios.setdefault(signs[one], []).append(ratio)
    for of_sign in ratios.values():
        assert max(of_sign) == pytest.approx(1.0)


AGCL = rock_salt("AgCl", 5.549, "Ag", "Cl", 1)
LAALO3, SRTIO3 = KNOWN["LaAlO3"], KNOWN["SrTiO3"]
WIDER = replace(
    bundled_crystal("CsPbCl3"), cell_a=1.001 * bundled_crystal("CsPbCl3").cell_a, name="wider"
)
SN_FOR_PB = {"Pb": "Sn"}
AT_001, AT_100, AT_010 = (0, 0, 1), (1, 0, 0), (0, 1, 0)


@pytest.mark.parametrize(
    ("film", "plane", "substrate", "names"),
    [
        (bundled_crystal("Pb4S3Cl2"), AT_010, bundled_crystal("CsPbCl3"), SN_FOR_PB),
        (bundled_crystal("Pb4S3Br2"), AT_010, bundled_crystal("CsPbBr3"), SN_FOR_PB),
        (bundled_crystal("PbS"), AT_100, bundled_crystal("CsPbCl3"), SN_FOR_PB),
        (WIDER, AT_100, bundled_crystal("CsPbCl3"), {"Cs": "Rb", "Pb": "Sn"}),
        (LAALO3, AT_100, SRTIO3, {"La": "Nd", "Al": "Ga"}),
        (AGCL, AT_100, bundled_crystal("CsPbCl3"), {"Ag": "Na"}),
        (bundled_crystal("CsPb2Cl5"), AT_001, bundled_crystal("CsPbCl3"), SN_FOR_PB),
        (bundled_crystal("Cs2PbCl4"), AT_001, bundled_crystal("CsPbCl3"), SN_FOR_PB),
        (rock_salt("PbSe", 6.124, "Pb", "Se", 2), AT_100, bundled_crystal("PbS"), SN_FOR_PB),
        (KNOWN["CeO2"], AT_100, SRTIO3, {"Ce": "Zr"}),
    ],
)
def test_names_of_cations_change_nothing(film, plane, substrate, names):
    """Identical coordinates, other elements: every pair of faces lies as it did."""
    options = SearchOptions(film_hkl=plane, substrate_hkl=AT_100, match=SMALL)
    before, after = (
        {
            (one.film.termination.offset_a, one.substrate_termination): one
            for one in search(first, substrate, options)
        }
        for first in (film, renamed(film, names))
    )
    assert set(before) == set(after)
    for key, one in before.items():
        there = after[key]
        assert there.continuity.matched_fraction == one.continuity.matched_fraction
        assert there.gap_a == pytest.approx(one.gap_a, abs=0.05)
        assert there.continuity.rms_a == pytest.approx(one.continuity.rms_a, abs=0.05)


@pytest.mark.parametrize(
    ("film", "plane", "substrate", "names"),
    [
        (WIDER, AT_100, bundled_crystal("CsPbCl3"), {"Cs": "Rb", "Pb": "Sn", "Cl": "Br"}),
        (AGCL, AT_100, bundled_crystal("CsPbCl3"), {"Ag": "K", "Cl": "Br"}),
        (bundled_crystal("Pb4S3Br2"), AT_010, bundled_crystal("CsPbBr3"), SN_FOR_PB | {"Br": "I"}),
    ],
)
def test_larger_anions_change_no_interface_whose_ions_have_room(film, plane, substrate, names):
    """As much as the radii differ, and no more: the best interface stays as it is, and best."""
    options = SearchOptions(film_hkl=plane, substrate_hkl=AT_100, match=SMALL)
    best = search(film, substrate, options)[0]
    found = search(renamed(film, names), substrate, options)
    assert found[0].continuity.rank == best.continuity.rank
    assert found[0].gap_a == pytest.approx(best.gap_a, abs=0.05)


def test_the_gap_of_two_perovskites_is_half_a_lattice_constant():
    options = SearchOptions(film_hkl=AT_100, substrate_hkl=AT_100, match=SMALL)
    for one in search(LAALO3, SRTIO3, options)[:2]:
        assert one.gap_a == pytest.approx(1.92, abs=0.1)
        assert one.continuity.matched_fraction == 1.0


def test_silver_chloride_is_like_galena_on_the_perovskite():
    options = SearchOptions(film_hkl=AT_100, substrate_hkl=AT_100, match=SMALL)
    best = search(AGCL, bundled_crystal("CsPbCl3"), options)[0]
    assert best.continuity.matched_fraction == pytest.approx(2 / 3)
    assert best.continuity.sublattice_fraction == 1.0


def test_elements_without_parameters_are_refused_with_a_remedy():
    corners = [("Au", 1, (0, 0, 0)), ("Cl", -1, (0.5, 0.5, 0.5))]
    gold = cubic("AuCl", 4.0, ((0.0, 0.0, 0.0),), corners)
    with pytest.raises(
        InputError, match=r"AuCl: how near Au .* Au with S; take .* similar element"
    ):
        contact_limits_a(gold, bundled_crystal("PbS"))
    assert frozenset(("Au", "Cl")) in contact_limits_a(gold, rock_salt("KCl", 6.293, "K", "Cl", 1))
