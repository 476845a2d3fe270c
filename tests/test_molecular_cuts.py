"""Cuts of crystals with molecules: each stays whole, and counts as the ion that it is."""

import json
from dataclasses import replace

import numpy as np
import pytest
from cif_texts import cif_text, cubic, named
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from molecular_crystals import AMMONIUM_SULFATE, GYPSUM, METHYLAMMONIUM_IODIDE, diammonium

import epicarve as ec
from epicarve.builder.carve import locate, site_labels
from epicarve.builder.cif import crystal_cif
from epicarve.builder.crystal import molecules_among, replaced
from epicarve.builder.geometry import BondRule
from epicarve.errors import InputError

pytestmark = pytest.mark.filterwarnings("ignore::epicarve.errors.GuessWarning")

POLAR = {"free_dipole_v": 100.0}
"""Leaves dipoles alone, which takes the optimisation the most time."""

TEXTS = {
    "iodide": METHYLAMMONIUM_IODIDE,
    "gypsum": GYPSUM,
    "sulfate": AMMONIUM_SULFATE,
    "diammonium": diammonium(2),
}


@pytest.fixture(scope="module")
def crystals(tmp_path_factory):
    folder = tmp_path_factory.mktemp("crystals")
    for name, text in TEXTS.items():
        (folder / f"{name}.cif").write_text(text)
    return {name: ec.Crystal.from_file(folder / f"{name}.cif") for name in TEXTS}


@pytest.fixture(scope="module")
def dot(crystals):
    return ec.carve(crystals["iodide"], ec.Sphere(diameter_nm=1.6), POLAR)


def read(text, tmp_path, **asked):
    path = tmp_path / "crystal.cif"
    path.write_text(text)
    return ec.Crystal.from_file(path, **asked)


@pytest.mark.parametrize(
    ("name", "formula", "told"),
    [
        ("iodide", "CH3NH3PbI3", ({"CH3NH3": 1, "Pb": 2, "I": -1}, {"Pb": [6]}, 4.12)),
        ("gypsum", "CaSO4(H2O)2", ({"Ca": 2, "SO4": -2, "H2O": 0}, {"Ca": [6], "H2O": [1]}, 2.31)),
        ("sulfate", "(NH4)2SO4", ({"NH4": 1, "SO4": -2}, {"NH4": [5, 6], "SO4": [11]}, 1.77)),
        ("diammonium", "NH3(CH2)2NH3I2", ({"NH3(CH2)2NH3": 2, "I": -1}, {}, None)),
    ],
)
def test_a_molecule_is_one_ion(crystals, name, formula, told):
    """Densities: 4.16 g/cm³ measured of MAPbI3, 2.31 and 1.77 of the minerals."""
    crystal, (charges, n_bonds, density) = crystals[name], told
    assert crystal.formula == formula and crystal.charge_of == charges
    for symbol, numbers in n_bonds.items():
        found = crystal.coordination[crystal.symbols == symbol]
        assert sorted(set(found.tolist())) == numbers
    assert density is None or crystal.density_g_cm3 == pytest.approx(density, abs=0.01)
    again = crystal.atoms.fractional @ crystal.cell_a
    for site, ion in crystal.molecules.items():
        assert ion.charge == crystal.oxidation_states[site]
        away = (crystal.positions_a[site] + ion.offsets_a - again[crystal.atoms.sites == site]) @ (
            np.linalg.inv(crystal.cell_a)
        )
        assert np.abs(away - np.rint(away)).max() < 1e-9


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    name=st.sampled_from(["iodide", "gypsum", "sulfate"]),
    centre=st.tuples(*[st.floats(0.0, 0.99)] * 3),
    widths=st.tuples(*[st.floats(0.95, 1.4)] * 3),
)
def test_no_cut_breaks_a_molecule(crystals, name, centre, widths):
    crystal = crystals[name]
    shape = ec.Ellipsoid(diameters_nm=tuple(max(w, 1.6 * (name == "gypsum")) for w in widths))
    try:
        model = ec.carve(crystal, shape.model_copy(update={"centre": centre}), POLAR)
    except InputError:
        return  # so small that some choices leave an ion alone
    molecule = model.columns["molecule"]
    pieces = {tuple(sorted(atoms)) for atoms in molecules_among(model.symbols, model.positions_a)}
    numbers = set(molecule[molecule >= 0].tolist())
    assert pieces == {tuple(np.flatnonzero(molecule == number)) for number in numbers}
    known = {tuple(sorted(ion.symbols.tolist())) for ion in crystal.molecules.values()}
    assert {tuple(sorted(model.symbols[list(atoms)].tolist())) for atoms in pieces} <= known
    assert model.net_charge == 0 and model.n_components == 1
    assert model.dipole_debye == pytest.approx(model.ions.dipole_debye, abs=1e-6)
    assert len(numbers) == sum(
        model.ion_counts.get(ion, 0) for ion in crystal.charge_of if len(ion) > 2
    )


def test_the_ledger_and_the_files_tell_ions_and_atoms(dot, tmp_path):
    assert dot.formula.startswith("(CH3NH3)")
    assert dot.counts["C"] == dot.counts["N"] == dot.ion_counts["CH3NH3"]
    assert dot.counts["H"] == 6 * dot.counts["C"]
    assert dot.n_atoms == dot.n_ions + 7 * dot.counts["C"]
    assert {edit.symbol for edit in dot.edits} <= {"CH3NH3", "Pb", "I"}
    assert f"{dot.n_ions} ions of {dot.n_atoms} atoms" in repr(dot)
    dot.write(tmp_path / "dot")
    told = json.loads((tmp_path / "dot" / "model.json").read_text())
    assert told["ions"] == dot.ion_counts and told["counts"] == dot.counts
    assert told["stoichiometry"]["target"] == {"CH3NH3": 1, "Pb": 1, "I": 3}
    assert told["min_coordination"].keys() == dot.ion_counts.keys()
    head = (tmp_path / "dot" / "model.extxyz").read_text().splitlines()[1]
    assert "molecule:I:1:ion:S:1" in head
    assert ec.Model.read(tmp_path / "dot") == dot
    assert ec.Model.from_ase(dot.to_ase()) == dot
    assert ec.Model.from_pymatgen(dot.to_pymatgen()) == dot


def test_other_models_have_no_column_of_molecules():
    dot = ec.carve(ec.crystal("PbS"), ec.Sphere(diameter_nm=1.2))
    assert not dot.has_molecules and dot.ions is dot and dot.n_ions == dot.n_atoms
    assert not {"molecule", "ion"} & dot.every_column.keys()


def test_bonds_of_a_model_are_those_of_its_ions(dot, crystals):
    rule = BondRule.of(dot)
    assert rule.longest_a == pytest.approx(crystals["iodide"].bond_rule, abs=1e-6)
    assert (rule.coordination(dot) == dot.coordination).all()
    cations, anions, lengths_a = rule.bonds(dot)
    ions = dot.ions
    away = np.linalg.norm(ions.positions_a[cations] - ions.positions_a[anions], axis=1)
    assert lengths_a == pytest.approx(away, abs=1e-9)  # N bears the charge, and is the point
    assert set(ions.symbols[anions]) == {"I"}


def test_both_ends_of_a_diammonium_make_bonds(crystals):
    crystal = crystals["diammonium"]
    (site, ion), *_ = crystal.molecules.items()
    assert np.abs(ion.charges).sum() == 2 and set(ion.symbols[ion.charges != 0]) == {"N"}
    nitrogen = crystal.positions_a[site] + ion.bearers_a
    bonds = crystal.bonds
    anions = crystal.fractional[bonds.anions] + bonds.shifts
    away = anions[:, None, :] @ crystal.cell_a - nitrogen[None, :, :]
    assert bonds.lengths_a == pytest.approx(np.linalg.norm(away, axis=2).min(axis=1), abs=1e-9)


def test_molecules_turn_with_a_hemisphere(crystals):
    half = ec.carve(crystals["iodide"], ec.Hemisphere(diameter_nm=2.0, hkl=(1, 0, 0)), POLAR)
    lengths = {"N": 1.48, "H": 1.09}
    for number in set(half.columns["molecule"].tolist()) - {-1}:
        atoms = np.flatnonzero(half.columns["molecule"] == number)
        carbon = atoms[half.symbols[atoms] == "C"][0]
        for element, length_a in lengths.items():
            others = atoms[half.symbols[atoms] == element]
            away = np.linalg.norm(half.positions_a[others] - half.positions_a[carbon], axis=1)
            assert away.min() == pytest.approx(length_a, abs=0.02)


def test_a_number_of_atoms_counts_those_of_molecules(crystals):
    asked = ec.Sphere(formula_units=12, centre=(0.1, 0.2, 0.3))
    assert asked.n_atoms(crystals["iodide"]) == 12 * 12
    model = ec.carve(crystals["iodide"], asked, POLAR)
    assert abs(model.n_atoms - 144) < 40


def test_molecules_can_be_centres(crystals):
    sulfate = crystals["sulfate"]
    labels = set(site_labels(sulfate))
    assert labels == {"SO4", "NH4_1", "NH4_2"}
    for name in ("NH4_2", "NH4", "SO4", "NH4-SO4", "NH4_2-SO4", "void"):
        assert np.isfinite(locate(sulfate, name).point).all()
    sulfur = crystals["gypsum"].molecules[int(np.argmax(crystals["gypsum"].symbols == "SO4"))]
    assert sulfur.symbols[np.linalg.norm(sulfur.offsets_a, axis=1) < 1e-9].tolist() == ["S"]


def test_a_crystal_is_written_and_read_with_its_atoms(crystals, tmp_path):
    for name, crystal in crystals.items():
        text = crystal_cif(crystal)
        again = read(text, tmp_path)
        assert again.formula_unit == crystal.formula_unit, name
        assert len(again.atoms.symbols) == len(crystal.atoms.symbols)
        assert again.charge_of == crystal.charge_of
        assert ec.Crystal.from_ase(crystal.to_ase()) == crystal


def test_a_molecule_can_be_replaced_by_a_single_ion(crystals):
    cesium = replaced(crystals["iodide"], {"CH3NH3": "Cs"})
    assert cesium.formula == "CsPbI3" and not cesium.molecules
    assert not ec.carve(cesium, ec.Sphere(diameter_nm=1.4), POLAR).has_molecules


def test_substituted_ions_stand_as_what_they_are(crystals):
    balance = {**POLAR, "substitutions": [{"replace": "I", "by": "Cl", "charge": -1}]}
    model = ec.carve(crystals["iodide"], ec.Sphere(diameter_nm=1.4), balance)
    single = model.columns["molecule"] < 0
    assert (model.symbols[single] == model.columns["ion"][single]).all()


def test_charges_of_unknown_molecules_are_asked_for(tmp_path):
    text = METHYLAMMONIUM_IODIDE.replace("H6 H 0.106340 0.000187 0.711218\n", "")
    with pytest.raises(InputError, match=r"CH5N is no ion .*\{CH5N: 1\}"):
        read(text, tmp_path)
    crystal = read(text, tmp_path, oxidation_states={"CH5N": 1})
    assert crystal.charge_of == {"CH5N": 1, "Pb": 2, "I": -1}
    again = ec.Crystal.from_ase(crystal.to_ase())
    assert again.charge_of == crystal.charge_of
    with pytest.raises(InputError, match="names C, H, which stands in a molecule alone"):
        read(text, tmp_path, oxidation_states={"CH5N": 1, "C": -2, "H": 1})


def test_a_molecule_goes_before_the_label_of_its_atom(tmp_path):
    """Superoxide is told from peroxide by its charge; O2 is a label of the file as well."""
    sites = ("K1 K 0 0 0", "O1 O 0.5 0.5 0.1", "O2 O 0.5 0.5 0.9")
    text = cif_text((5.7, 5.7, 6.5, 90, 90, 90), sites, named("P 1"))
    with pytest.raises(InputError, match=r"no usual .* balance K, with molecules that carry -2 e"):
        read(text, tmp_path)
    assert read(text, tmp_path, oxidation_states={"O2": -1}).charge_of == {"K": 1, "O2": -1}


def test_charges_need_not_be_of_a_type(crystals):
    iodide = crystals["iodide"]
    made = replace(iodide, oxidation_states=iodide.oxidation_states.astype(float))
    assert made == iodide and made.symmetry.symbol == iodide.symmetry.symbol


@pytest.mark.parametrize("all_lines", [True, False])
def test_hydrogen_that_is_not_listed_is_told(tmp_path, all_lines):
    lines = [
        line
        for line in METHYLAMMONIUM_IODIDE.splitlines()
        if not line.startswith(("H1", "H2", "H3")) and not (all_lines and line.startswith("H"))
    ]
    with pytest.raises(InputError, match="C has 1 bond, so hydrogen seems not to be listed"):
        read("\n".join(lines), tmp_path)


def test_hydrogen_does_not_stand_alone(tmp_path):
    """One H drawn 0.6 Å away from its N leaves NH3 and a proton, which is no crystal."""
    text = AMMONIUM_SULFATE.replace("H1 H 0.2647 0.1707 0.25", "H1 H 0.30 0.21 0.25")
    with pytest.raises(InputError, match=r"H of charge \+1 .* from the nearest [NO]\)"):
        read(text, tmp_path)


def test_nitrogen_for_an_ammonium_is_told(tmp_path):
    text = cif_text(cubic(3.876), ("N1 N 0 0 0", "Cl1 Cl 0.5 0.5 0.5"), named("P m -3 m"))
    with pytest.raises(InputError, match=r"N of charge \+1 .* its hydrogen too"):
        read(text, tmp_path)
    assert read(text.replace("N1 N", "K1 K"), tmp_path).formula == "KCl"


def test_a_chain_that_lacks_hydrogen_is_no_other_ion(tmp_path):
    assert read(diammonium(3), tmp_path).charge_of["NH3(CH2)3NH3"] == 2
    with pytest.raises(InputError, match="hydrogen seems not to be listed"):
        read(diammonium(3, unlisted=(1,)), tmp_path)


def test_disordered_molecules_are_refused_with_a_remedy(tmp_path):
    lines = METHYLAMMONIUM_IODIDE.splitlines()
    first = lines.index("C1 C 0.893988 0.999817 0.457831")
    lines.insert(first, "_atom_site_occupancy")
    rows = [f"{row} {1.0 if row.startswith(('Pb', 'I')) else 0.5}" for row in lines[first + 1 :]]
    text = "\n".join([*lines[: first + 1], *rows])
    with pytest.raises(InputError, match=r"a molecule is disordered .*Cs for CH3NH3"):
        read(text, tmp_path)


def test_what_does_not_take_molecules_says_so(crystals, dot):
    iodide, galena = crystals["iodide"], ec.crystal("PbS")
    tries = {
        "interfaces": lambda: ec.find_interfaces(iodide, galena),
        "treatments of the surface": lambda: ec.carve(
            iodide,
            ec.Sphere(diameter_nm=1.4),
            treatment={"kind": "halide_terminated", "halide": "Cl", "coverage": 0.5},
        ),
        "core and shell": lambda: ec.carve(
            iodide, ec.Sphere(diameter_nm=2), core=ec.Core(galena, ec.Sphere(diameter_nm=1))
        ),
        "models of given coordinates": lambda: ec.Model.from_structure(
            dot.to_ase(), crystals=[iodide]
        ),
        "searches for what a particle is made of": lambda: ec.identify(dot, [iodide]),
    }
    for what, ask in tries.items():
        with pytest.raises(InputError, match=f"{what}.* don't take crystals with molecules"):
            ask()
