"""Ordered variants of shared sites: how many there are, and their Ewald energies."""

import numpy as np
import pytest

from epicarve.builder.orderings import OrderingOptions, ewald_energies_ev, read_orderings
from epicarve.errors import InputError
from epicarve.workflow.build import build
from epicarve.workflow.recipe import parse_recipe

STATES = {"Pb": 2, "S": -2, "Cl": -1}
LEAD = [(0.5, 0.625, 0.25), (0.3125, 0.3125, 0.0), (0.4375, 0.9375, 0.0)]
ANIONS = [
    (0.6667, 0.75, 0.1667),
    (0.75, 0.0, 0.1667),
    (0.9167, 0.6667, 0.8333),
    (0.1667, 0.9167, 0.3333),
]
HEADINGS = """loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
_atom_site_occupancy
"""


def cif(path, cell, group, rows):
    names = ("length_a", "length_b", "length_c", "angle_alpha", "angle_beta", "angle_gamma")
    lines = [f"_cell_{name} {value}\n" for name, value in zip(names, cell, strict=True)]
    sites = [" ".join(map(str, row)) + "\n" for row in rows]
    head = f"data_mixed\n{''.join(lines)}_space_group_name_H-M_alt '{group}'\n"
    path.write_text(head + HEADINGS + "".join(sites))
    return path


@pytest.fixture
def monoclinic(tmp_path):
    """Th3P4-derived Pb3S2Cl2 in Cc, its four anion orbits shared by S and Cl."""
    rows = [(f"Pb{i}", "Pb", *point, 1) for i, point in enumerate(LEAD)]
    for i, point in enumerate(ANIONS):
        rows += [(f"X{i}", "S", *point, 0.5), (f"X{i}b", "Cl", *point, 0.5)]
    cell = (12.595, 12.771, 7.6624, 90, 144.547, 90)
    return cif(tmp_path / "mixed.cif", cell, "C 1 c 1", rows)


@pytest.fixture
def cubic(tmp_path):
    x = 1 / 12
    rows = [
        ("Pb", "Pb", 0.375, 0, 0.25, 1),
        ("X", "S", x, x, x, 0.5),
        ("Xb", "Cl", x, x, x, 0.5),
    ]
    return cif(tmp_path / "cubic.cif", (9, 9, 9, 90, 90, 90), "I -4 3 d", rows)


def test_six_orderings_of_the_monoclinic_cell(monoclinic):
    found = read_orderings(monoclinic, STATES)
    chosen = {
        frozenset(site for site, element in ordering.assignment.items() if element == "S")
        for ordering in found
    }
    assert len(found) == len(chosen) == 6
    assert all(len(pair) == 2 for pair in chosen)
    assert {ordering.crystal.space_group for ordering in found} == {"Cc"}
    energies = [ordering.energy_ev for ordering in found]
    assert energies == sorted(energies)
    assert 0.1 < found[-1].above_lowest_ev < 0.3  # alike within the error of point charges
    assert [ordering.tied for ordering in found] == [o.above_lowest_ev <= 0.1 for o in found]
    assert sum(ordering.tied for ordering in found) > 1
    for ordering in found:
        assert ordering.crystal.formula == "Pb3S2Cl2"
        assert ordering.crystal.status == "derived"
        assert "which point charges do not tell apart" in ordering.crystal.derivation


def test_energies_are_those_of_pymatgen_one_by_one(monoclinic):
    from pymatgen.analysis.ewald import EwaldSummation
    from pymatgen.core.lattice import Lattice
    from pymatgen.core.structure import Structure

    for ordering in read_orderings(monoclinic, STATES):
        crystal = ordering.crystal
        structure = Structure(Lattice(crystal.cell_a), crystal.symbols, crystal.fractional)
        structure.add_oxidation_state_by_site(crystal.oxidation_states.tolist())
        total = EwaldSummation(structure).total_energy
        assert ordering.energy_ev == pytest.approx(total / 4, abs=1e-6)


def test_all_orderings_are_counted_once(cubic, monoclinic):
    """8 anions in the primitive cell: 8!/(4! 4!) = 70 assignments in all."""
    found = read_orderings(cubic, STATES)
    assert sum(ordering.n_equivalent for ordering in found) == 70
    ordered = {ordering.crystal.space_group: ordering.n_equivalent for ordering in found}
    assert ordered["I2_13"] == 2  # the ordered cubic variant, and S and Cl exchanged
    broken = read_orderings(monoclinic, STATES, OrderingOptions(keep_symmetry=False))
    assert sum(ordering.n_equivalent for ordering in broken) == 70
    kept = read_orderings(monoclinic, STATES)
    assert {round(o.energy_ev, 6) for o in kept} <= {round(o.energy_ev, 6) for o in broken}


def test_madelung_constant_of_caesium_chloride():
    points = np.array([[0.0, 0.0, 0.0], [0.5, 0.5, 0.5]])
    energy = ewald_energies_ev(2.0 / np.sqrt(3.0) * np.eye(3), points, np.array([[1, -1]]))
    assert energy[0] / -14.3996454784255 == pytest.approx(1.76267477, abs=1e-6)


def test_recipe_takes_a_rank_and_keeps_the_table(monoclinic):
    asked = {
        "crystal": {"file": monoclinic, "oxidation_states": STATES, "orderings": {"rank": 2}},
        "shape": {"kind": "sphere", "diameter_nm": 2.0},
    }
    built = build(parse_recipe(asked))
    assert len(built.summary["orderings"]) == 6
    assert built.summary["orderings"][0]["above_lowest_ev"] == 0.0
    assert built.model.net_charge == 0
    assert "Ordering 2 of 6" in built.notes[0]
    asked["crystal"]["orderings"]["rank"] = 7
    with pytest.raises(InputError, match="there are 6"):
        build(parse_recipe(asked))
    del asked["crystal"]["orderings"]
    with pytest.raises(InputError, match="if sites are shared"):
        build(parse_recipe(asked))


@pytest.mark.parametrize(
    ("occupancies", "complaint"),
    [
        ((0.5, 0.4), "is occupied to 0.90 in all"),
        ((0.53, 0.47), "not a whole number"),
        ((0.25, 0.75), "no whole oxidation states balance|carries"),
    ],
)
def test_occupancies_that_can_not_be_ordered(tmp_path, occupancies, complaint):
    x = 1 / 12
    rows = [
        ("Pb", "Pb", 0.375, 0, 0.25, 1),
        ("X", "S", x, x, x, occupancies[0]),
        ("Xb", "Cl", x, x, x, occupancies[1]),
    ]
    path = cif(tmp_path / "bad.cif", (9, 9, 9, 90, 90, 90), "I -4 3 d", rows)
    with pytest.raises(InputError, match=complaint):
        read_orderings(path, STATES)


def test_a_crystal_without_shared_sites_is_refused(tmp_path):
    rows = [("Pb", "Pb", 0, 0, 0, 1), ("S", "S", 0.5, 0.5, 0.5, 1)]
    path = cif(tmp_path / "plain.cif", (5.9, 5.9, 5.9, 90, 90, 90), "F m -3 m", rows)
    with pytest.raises(InputError, match="no site is shared"):
        read_orderings(path, {"Pb": 2, "S": -2})


def test_symmetry_that_can_not_be_kept(cubic):
    with pytest.raises(InputError, match="keep_symmetry: false"):
        read_orderings(cubic, STATES, OrderingOptions(keep_symmetry=True))
