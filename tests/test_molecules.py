"""Molecules: found by elements and distances, named, with charges; ionic crystals have none."""

import numpy as np
import pytest
from cif_texts import cif_text, cubic, hexagonal, named
from crystal_prototypes import PROTOTYPES

from epicarve.builder.cif import read_cif
from epicarve.builder.crystal import Crystal, covalent_units, replaced
from epicarve.errors import InputError

# cells and coordinates: Wyckoff, Crystal Structures, if not said otherwise
MOLECULAR = {
    "CaCO3": (
        hexagonal(4.988, 17.061),
        "R -3 c :H",
        ("Ca1 Ca 0 0 0", "C1 C 0 0 0.25", "O1 O 0.257 0 0.25"),
        {"CO3": -2},
    ),
    "LiFePO4": (  # Streltsov et al. 1993
        (10.332, 6.01, 4.692, 90, 90, 90),
        "P n m a",
        (
            "Li1 Li 0 0 0",
            "Fe1 Fe 0.2822 0.25 0.9747",
            "P1 P 0.0948 0.25 0.4182",
            "O1 O 0.0968 0.25 0.7428",
            "O2 O 0.4571 0.25 0.2060",
            "O3 O 0.1656 0.0465 0.2848",
        ),
        {"PO4": -3},
    ),
    "NH4Cl": (
        cubic(3.876),
        "P -4 3 m",
        ("N1 N 0 0 0", "H1 H 0.153 0.153 0.153", "Cl1 Cl 0.5 0.5 0.5"),
        {"NH4": 1},
    ),
    "FeS2": (cubic(5.407), "P a -3", ("Fe1 Fe 0 0 0", "S1 S 0.3848 0.3848 0.3848"), {"S2": -2}),
    "BaO2": (
        (3.811, 3.811, 6.821, 90, 90, 90),
        "I 4/m m m",
        ("Ba1 Ba 0 0 0", "O1 O 0 0 0.3911"),
        {"O2": -2},
    ),
    "CaC2": (
        (3.87, 3.87, 6.37, 90, 90, 90),
        "I 4/m m m",
        ("Ca1 Ca 0 0 0", "C1 C 0 0 0.406"),
        {"C2": -2},
    ),
    "CaOH2": (  # hydrogen as X-rays see it, O-H 0.82 Å
        hexagonal(3.589, 4.911),
        "P -3 m 1",
        ("Ca1 Ca 0 0 0", "O1 O 0.3333 0.6667 0.2341", "H1 H 0.3333 0.6667 0.4010"),
        {"OH": -1},
    ),
    "KBF4": (
        cubic(7.26),
        "F -4 3 m",
        ("K1 K 0.5 0.5 0.5", "B1 B 0 0 0", "F1 F 0.111 0.111 0.111"),
        {"BF4": -1},
    ),
    "KSCN-like": (
        cubic(5.9),
        "P 1",
        ("K1 K 0.5 0.5 0.5", "S1 S 0 0 0.72", "C1 C 0 0 0", "N1 N 0 0 0.197"),
        {"SCN": -1},
    ),
    "InBO3": (
        hexagonal(4.823, 15.456),
        "R -3 c :H",
        ("In1 In 0 0 0", "B1 B 0 0 0.25", "O1 O 0.285 0 0.25"),
        {"BO3": -3},
    ),
    "NaN3": (
        (6.211, 3.658, 5.323, 90, 108.43, 90),
        "C 2/m",
        ("Na1 Na 0 0 0", "N1 N 0 0.5 0.5", "N2 N 0.1016 0.5 0.7258"),
        {"N3": -1},
    ),
    "NaHF2": (
        hexagonal(3.476, 13.76),
        "R -3 m :H",
        ("Na1 Na 0 0 0", "H1 H 0 0 0.5", "F1 F 0 0 0.4173"),
        {"HF2": -1},
    ),
}

CHAINS = (
    cubic(6.0),
    "P 1",
    ("Cs1 Cs 0.5 0.5 0.5", "I1 I 0 0 0.25", "I2 I 0 0 0.75"),
)
"""Iodine in chains without end."""

# hydrides, phosphides, carbides, nitrides and sulfides with short contacts of like anions
IONIC = {
    "LiH": (cubic(4.084), "F m -3 m", ("Li1 Li 0 0 0", "H1 H 0.5 0.5 0.5")),
    "MgH2": (
        (4.517, 4.517, 3.0205, 90, 90, 90),
        "P 42/m n m",
        ("Mg1 Mg 0 0 0", "H1 H 0.306 0.306 0"),
    ),
    "InP": (cubic(5.8687), "F -4 3 m", ("In1 In 0 0 0", "P1 P 0.25 0.25 0.25")),
    "Li3P": (
        hexagonal(4.273, 7.594),
        "P 63/m m c",
        (
            "Li1 Li 0 0 0.25",
            "Li2 Li 0.33333333 0.66666667 0.583",
            "P1 P 0.33333333 0.66666667 0.25",
        ),
    ),
    "BN": (cubic(3.615), "F -4 3 m", ("B1 B 0 0 0", "N1 N 0.25 0.25 0.25")),
    "SiC": (cubic(4.348), "F -4 3 m", ("Si1 Si 0 0 0", "C1 C 0.25 0.25 0.25")),
    "Al4C3": (
        hexagonal(3.330, 24.89),
        "R -3 m :H",
        ("Al1 Al 0 0 0.293", "Al2 Al 0 0 0.129", "C1 C 0 0 0", "C2 C 0 0 0.217"),
    ),
    "MoS2": (
        hexagonal(3.160, 12.295),
        "P 63/m m c",
        ("Mo1 Mo 0.33333333 0.66666667 0.25", "S1 S 0.33333333 0.66666667 0.621"),
    ),
    "Mg2SiO4": (
        (10.190, 5.978, 4.753, 90, 90, 90),
        "P n m a",
        (
            "Mg1 Mg 0 0 0",
            "Mg2 Mg 0.2774 0.25 0.9914",
            "Si1 Si 0.0940 0.25 0.4262",
            "O1 O 0.0914 0.25 0.7657",
            "O2 O 0.4474 0.25 0.2215",
            "O3 O 0.1628 0.0331 0.2777",
        ),
    ),
    "Cs2SnI6": (
        cubic(11.65),
        "F m -3 m",
        ("Cs1 Cs 0.25 0.25 0.25", "Sn1 Sn 0 0 0", "I1 I 0.245 0 0"),
    ),
    "KMgF3-BaHCl-like": (
        (4.408, 4.408, 7.202, 90, 90, 90),
        "P 4/n m m :2",
        ("Ba1 Ba 0.25 0.25 0.205", "H1 H 0.75 0.25 0", "Cl1 Cl 0.25 0.25 0.645"),
    ),
}


@pytest.fixture
def written(tmp_path):
    def write(cell, group, sites):
        path = tmp_path / "crystal.cif"
        path.write_text(cif_text(cell, sites, named(group)))
        return path

    return write


@pytest.mark.parametrize("name", MOLECULAR)
@pytest.mark.filterwarnings("ignore::epicarve.errors.GuessWarning")
def test_molecular_ions_are_known_with_their_charges(name, written):
    *parts, ions = MOLECULAR[name]
    crystal = read_cif(written(*parts))
    assert {key: crystal.charge_of[key] for key in ions} == ions
    assert {ion.name: ion.charge for ion in crystal.molecules.values()} == ions
    assert crystal.oxidation_states.sum() == 0
    assert (crystal.coordination > 0).all()
    assert crystal.atoms.charges.sum() == 0


def test_chains_without_end_are_refused(written):
    with pytest.raises(InputError, match=r"1 I2….*without end"):
        read_cif(written(*CHAINS))


@pytest.mark.parametrize("name", IONIC)
def test_ionic_crystals_have_none(name, written):
    path = written(*IONIC[name])
    states = {"Li": 1, "H": -1, "Mg": 2, "In": 3, "P": -3, "B": 3, "N": -3, "Si": 4, "C": -4}
    states |= {"Al": 3, "Mo": 4, "S": -2, "O": -2, "Cs": 1, "Sn": 4, "I": -1, "Ba": 2, "Cl": -1}
    elements = {line.split()[1] for line in IONIC[name][2]}
    crystal = read_cif(path, {element: states[element] for element in elements})
    assert covalent_units(crystal.cell_a, crystal.fractional, crystal.symbols) == ()


@pytest.mark.parametrize("prototype", PROTOTYPES, ids=lambda prototype: prototype.name)
def test_families_have_none(prototype, tmp_path):
    crystal = prototype.crystal(tmp_path)
    assert covalent_units(crystal.cell_a, crystal.fractional, crystal.symbols) == ()


def test_methylammonium_is_one_unit_across_the_faces_of_the_cell():
    """C-N along a, with its hydrogens; the molecule lies across the face of the cell."""
    cell = 6.29 * np.eye(3)
    points = np.array(
        [
            [0.9028, 0.99996, 0.9963],
            [0.1366, 0.9998, 0.0249],
            [0.8645, 0.9997, 0.8257],
            [0.8378, 0.1438, 0.0719],
            [0.8376, 0.8565, 0.0724],
            [0.2076, 0.1343, 0.9581],
            [0.2074, 0.8651, 0.9585],
            [0.1820, 0.0000, 0.1854],
            [0.4762, 0.5, 0.4756],
            [0.4264, 0.4999, 0.9726],
            [0.4359, 0.0, 0.5065],
            [0.9630, 0.5002, 0.4477],
        ]
    )
    symbols = np.array(["C", "N", *"HHHHHH", "Pb", "I", "I", "I"])
    (unit,) = covalent_units(cell, points, symbols)
    assert unit.formula == "CH6N"
    places = (points[unit.sites] + unit.cells) @ cell
    assert np.linalg.norm(places - places.mean(axis=0), axis=1).max() < 2.0
    with pytest.raises(InputError, match=r"1 CH6N.*Crystal.from_file or from_ase"):
        Crystal("MAPbI3", cell, symbols, points, np.array([-2, -3, *[1] * 6, 2, -1, -1, -1]))


def formulas(cell, points, symbols):
    return [unit.formula for unit in covalent_units(cell, points, symbols)]


def test_boron_and_oxygen_are_a_unit_where_it_ends_and_no_network():
    chain = np.array([[0, 0, 0], [0.5, 0, 0]]), np.array(["B", "O"])
    assert formulas(np.diag([2.8, 6, 6]), *chain) == []
    ring_end = np.array([[0, 0, 0], [0.3, 0, 0]]), np.array(["B", "O"])
    assert formulas(np.diag([5.0, 6, 6]), *ring_end) == ["BO"]
    sulfur = np.array([[0, 0, 0], [0.5, 0, 0]]), np.array(["S", "S"])
    assert formulas(np.diag([4.1, 6, 6]), *sulfur) == ["S2…"]


@pytest.mark.filterwarnings("ignore::epicarve.errors.GuessWarning")
def test_no_door_is_left_open(written):
    cell, group, (iron, sulfur), _ = MOLECULAR["FeS2"]
    made_up = read_cif(written(cell, group, (iron, sulfur.replace("S", "Ag"))), {"Fe": 2, "Ag": -1})
    with pytest.raises(InputError, match="4 S2"):
        replaced(made_up, {"Ag": "S"})
