"""Ordered variants of shared sites: how many there are, and their Ewald energies."""

import numpy as np
import pytest

from epicarve.builder.crystal import neighbours
from epicarve.builder.orderings import OrderingOptions, ewald_energies_ev, read_orderings
from epicarve.cli import main
from epicarve.errors import GuessWarning, InputError
from epicarve.workflow.recipes import CrystalSpec, parse_recipe
from epicarve.workflow.tasks.build import build, load_crystal

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
    with pytest.raises(InputError, match=r"orderings: {} to order it"):
        build(parse_recipe(asked))


@pytest.mark.parametrize(
    ("occupancies", "complaint"),
    [
        ((0.5, 0.4), "is occupied to 0.9 in all"),
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


@pytest.mark.parametrize(
    ("lead", "complaint"),
    [
        (0.985, r"leave orderings out; site Pb is occupied to 0.985 by Pb alone.*full_occupancy"),
        (0.5, r"leave orderings out; site Pb is occupied to 0.5 .* structure with whole ions"),
    ],
)
def test_orderings_of_sites_that_are_only_partly_full_say_all_at_once(tmp_path, lead, complaint):
    rows = [("Pb", "Pb", 0, 0, 0, lead), ("S", "S", 0.5, 0.5, 0.5, 1)]
    path = cif(tmp_path / "plain.cif", (5.9, 5.9, 5.9, 90, 90, 90), "F m -3 m", rows)
    with pytest.raises(InputError, match=complaint):
        read_orderings(path, {"Pb": 2, "S": -2})


def test_a_site_that_is_partly_empty_is_told_beside_shared_ones(tmp_path):
    rows = [
        ("Pb", "Pb", 0, 0, 0, 0.985),
        ("S", "S", 0.5, 0.5, 0.5, 0.5),
        ("Se", "Se", 0.5, 0.5, 0.5, 0.5),
    ]
    path = cif(tmp_path / "mixed.cif", (5.9, 5.9, 5.9, 90, 90, 90), "F m -3 m", rows)
    with pytest.raises(InputError, match=r"Pb is occupied to 0.985 .*full_occupancy: true"):
        read_orderings(path)
    assert read_orderings(path, full_occupancy=True)[0].crystal.formula == "Pb2SSe"


@pytest.mark.parametrize("options", [{}, {"nearest": True}])
def test_of_a_rare_element_only_what_helps_is_proposed(tmp_path, options):
    """Of 4 sites 0.12 are Sn: the nearest whole numbers have none, so they are not proposed."""
    rows = [
        ("Pb", "Pb", 0, 0, 0, 0.97),
        ("Sn", "Sn", 0, 0, 0, 0.03),
        ("S", "S", 0.5, 0.5, 0.5, 1),
    ]
    path = cif(tmp_path / "doped.cif", (5.9, 5.9, 5.9, 90, 90, 90), "F m -3 m", rows)
    with pytest.raises(InputError, match=r"give orderings: \{supercell: \[2, 2, 2\]\}$"):
        read_orderings(path, options=OrderingOptions(**options))
    larger = OrderingOptions(supercell=(2, 2, 2), quasirandom=True)
    symbols = read_orderings(path, options=larger)[0].crystal.symbols
    assert [int((symbols == element).sum()) for element in ("Pb", "Sn", "S")] == [31, 1, 32]


def test_charges_of_an_alloy_tell_what_else_is_likely(tmp_path):
    rows = [
        ("Fe", "Fe", 0, 0, 0, 0.5),
        ("Ti", "Ti", 0, 0, 0, 0.5),
        ("O", "O", 0.5, 0.5, 0.5, 1),
    ]
    path = cif(tmp_path / "alloy.cif", (4.3, 4.3, 4.3, 90, 90, 90), "F m -3 m", rows)
    with pytest.warns(GuessWarning, match=r"Fe \+2, O -2, Ti \+2; .*rare, so check"):
        read_orderings(path)


def test_symmetry_that_can_not_be_kept(cubic):
    with pytest.raises(InputError, match="keep_symmetry: false"):
        read_orderings(cubic, STATES, OrderingOptions(keep_symmetry=True))


@pytest.fixture
def halide(tmp_path):
    """CsPbX3, its halide site shared by Br and Cl in any ratio."""

    def write(bromide, **more):
        rows = [
            ("Cs1", "Cs", 0.5, 0.5, 0.5, 1),
            ("Pb1", "Pb", 0, 0, 0, 1),
            ("Br1", "Br", 0.5, 0, 0, bromide),
            ("Cl1", "Cl", 0.5, 0, 0, round(1 - bromide, 6)),
        ]
        cell = (5.74, 5.74, 5.74, 90, 90, 90)
        return {"file": cif(tmp_path / "halide.cif", cell, "P m -3 m", rows), **more}

    return write


HALIDE = {"Cs": 1, "Pb": 2, "Br": -1, "Cl": -1}


def halide_counts(crystal):
    return [int((crystal.symbols == symbol).sum()) for symbol in ("Br", "Cl")]


def test_a_ratio_that_does_not_fit_the_cell_names_the_ways_on(halide):
    path = halide(0.6)["file"]
    with pytest.raises(InputError, match=r"supercell: \[1, 1, 5\]} or {nearest: true}") as error:
        read_orderings(path, HALIDE)
    assert "to take Br2 Cl1" in str(error.value)
    (ordering,) = read_orderings(path, HALIDE, OrderingOptions(nearest=True))
    assert halide_counts(ordering.crystal) == [2, 1]
    assert "Br2 Cl1 for Br1.8 Cl1.2" in ordering.crystal.derivation
    found = read_orderings(path, HALIDE, OrderingOptions(supercell=(1, 1, 5)))
    assert {tuple(halide_counts(ordering.crystal)) for ordering in found} == {(9, 6)}
    assert sum(ordering.n_equivalent for ordering in found) == 5005  # 15!/(9! 6!)
    assert "Supercell of 1×1×5 cells" in found[0].crystal.derivation


def test_too_many_orderings_name_the_quasirandom_choice(halide):
    options = OrderingOptions(supercell=(2, 2, 2), nearest=True)
    with pytest.raises(InputError, match="quasirandom: true"):
        read_orderings(halide(0.6)["file"], HALIDE, options)


def pair_shares(crystal, length_a):
    """Share of Br-Br, Br-Cl and Cl-Cl among halides that are `length_a` apart."""
    halides = np.flatnonzero(np.isin(crystal.symbols, ["Br", "Cl"]))
    i, j, _, distances = neighbours(crystal.cell_a, crystal.fractional[halides], length_a + 0.1)
    near = abs(distances - length_a) < 0.1
    bromide = crystal.symbols[halides] == "Br"
    together = bromide[i[near]].astype(int) + bromide[j[near]]
    return np.bincount(together, minlength=3)[::-1] / near.sum()


def test_a_quasirandom_ordering_keeps_the_ratio_and_mixes_at_random(halide):
    options = OrderingOptions(supercell=(3, 3, 3), nearest=True, quasirandom=True)
    (ordering,) = read_orderings(halide(0.6)["file"], HALIDE, options)
    crystal = ordering.crystal
    assert halide_counts(crystal) == [49, 32]
    bromide = 49 / 81
    random = [bromide**2, 2 * bromide * (1 - bromide), (1 - bromide) ** 2]
    for shell_a in (5.74 / 2**0.5, 5.74):
        assert pair_shares(crystal, shell_a) == pytest.approx(random, abs=0.02)
    (again,) = read_orderings(halide(0.6)["file"], HALIDE, options)
    assert again.crystal.symbols.tolist() == crystal.symbols.tolist()
    (other,) = read_orderings(halide(0.6)["file"], HALIDE, options.model_copy(update={"seed": 1}))
    assert other.crystal.symbols.tolist() != crystal.symbols.tolist()
    assert "Quasirandom ordering (seed 0)" in crystal.derivation


def test_options_that_contradict_each_other():
    with pytest.raises(ValueError, match="rank can't stand beside quasirandom"):
        OrderingOptions(quasirandom=True, rank=2)
    with pytest.raises(ValueError, match="seed is for quasirandom"):
        OrderingOptions(seed=3)


def test_replace_puts_one_element_on_a_shared_site(halide):
    spec = CrystalSpec(**halide(0.6), replace={"Br": "Cl"}, oxidation_states=HALIDE)
    crystal = load_crystal(spec)
    assert (crystal.formula, crystal.status) == ("CsPbCl3", "derived")
    assert crystal.name == "CsPbCl3-as-halide"
    assert crystal.derivation.startswith("Cl for Br in halide")
    both = CrystalSpec(**halide(0.6), replace={"Br": "I", "Cl": "I"}, oxidation_states=HALIDE)
    assert load_crystal(both).formula == "CsPbI3"
    with pytest.raises(InputError, match=r"site Br1 is shared \(Br 0.6, Cl 0.4\)"):
        load_crystal(CrystalSpec(**halide(0.6)))
    with pytest.raises(InputError, match="names Sn, which is not in the crystal"):
        load_crystal(CrystalSpec(**halide(0.6), replace={"Br": "Cl", "Sn": "Ge"}))


def test_nearly_full_sites_are_ordered_when_asked_for(tmp_path):
    rows = [
        ("Pb", "Pb", 0, 0, 0, 1),
        ("S", "S", 0.5, 0.5, 0.5, 0.48),
        ("Se", "Se", 0.5, 0.5, 0.5, 0.48),
    ]
    path = cif(tmp_path / "mixed.cif", (6, 6, 6, 90, 90, 90), "F m -3 m", rows)
    states = {"Pb": 2, "S": -2, "Se": -2}
    with pytest.raises(InputError, match="full_occupancy: true"):
        read_orderings(path, states)
    found = read_orderings(path, states, full_occupancy=True)
    assert found[0].crystal.formula_unit == {"Pb": 2, "S": 1, "Se": 1}
    assert "S 0.960" in found[0].crystal.notes[0]


def test_molecular_ions_are_found_before_they_are_ordered(tmp_path):
    rows = [
        ("K1", "K", 0.5, 0.5, 0.5, 0.5),
        ("Rb1", "Rb", 0.5, 0.5, 0.5, 0.5),
        ("B1", "B", 0, 0, 0, 1),
        ("F1", "F", 0.111, 0.111, 0.111, 1),
    ]
    path = cif(tmp_path / "mixed.cif", (7.26, 7.26, 7.26, 90, 90, 90), "F -4 3 m", rows)
    with pytest.raises(InputError, match=r"molecules \(BF4\) yet"):
        read_orderings(path)


def test_the_table_says_of_what_a_crystal_was_derived(halide, capsys, monkeypatch, tmp_path):
    recipe = tmp_path / "r.yaml"
    halide(0.66667)
    recipe.write_text(
        "crystal: {file: halide.cif, orderings: {}}\nshape: {kind: sphere, diameter_nm: 1.2}\n"
    )
    monkeypatch.setattr("sys.argv", ["epicarve", "build", str(recipe), "-o", str(tmp_path / "o")])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert not stopped.value.code
    told = capsys.readouterr()
    shown = " ".join(told.out.split())
    assert "epicarve crystals" not in shown
    assert "Ordering 1 of" in shown
    assert (told.out + told.err).count("guessed") == 1
    assert "guessed" in told.err
