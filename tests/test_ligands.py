"""Ligands: what names, SMILES and files stand for, what binds, and the shapes that are built."""

import subprocess
import sys
from functools import cache

import numpy as np
import pytest
from ase import Atoms
from ase.data import atomic_numbers, covalent_radii
from ase.io import write
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem
from rdkit.Chem import AllChem

from epicarve.builder.ligands import LigandPair, LigandSpec, ligand_of, vdw_radii_a
from epicarve.errors import InputError

TWO = ("terminal", "chelating", "bridging")
ONE = ("terminal",)

KNOWN = {
    # name: kind, charge, elements of the anchors, modes, formula by ASE (Hill)
    "formate": ("X", -1, "OO", TWO, "CHO2"),
    "acetate": ("X", -1, "OO", TWO, "C2H3O2"),
    "propionate": ("X", -1, "OO", TWO, "C3H5O2"),
    "butanoate": ("X", -1, "OO", TWO, "C4H7O2"),
    "oleate": ("X", -1, "OO", TWO, "C18H33O2"),
    "laurate": ("X", -1, "OO", TWO, "C12H23O2"),
    "benzoate": ("X", -1, "OO", TWO, "C7H5O2"),
    "hydrogen hexylphosphonate": ("X", -1, "OO", TWO, "C6H14O3P"),
    "octadecylphosphonate": ("X", -2, "OOO", TWO, "C18H37O3P"),
    "diethylphosphinate": ("X", -1, "OO", TWO, "C4H10O2P"),
    "methanesulfonate": ("X", -1, "OOO", TWO, "CH3O3S"),
    "tosylate": ("X", -1, "OOO", TWO, "C7H7O3S"),
    "dodecyl sulfate": ("X", -1, "OOO", TWO, "C12H25O4S"),
    "diethyldithiocarbamate": ("X", -1, "SS", TWO, "C5H10NS2"),
    "ethanethiolate": ("X", -1, "S", ONE, "C2H5S"),
    "benzenethiolate": ("X", -1, "S", ONE, "C6H5S"),
    "Cl": ("X", -1, "Cl", ONE, "Cl"),
    "iodide": ("X", -1, "I", ONE, "I"),
    "OH": ("X", -1, "O", ONE, "HO"),
    "methoxide": ("X", -1, "O", ONE, "CH3O"),
    "cyanate": ("X", -1, "N", ONE, "CNO"),
    "SCN": ("X", -1, "S", ONE, "CNS"),
    "azide": ("X", -1, "N", ONE, "N3"),
    "CH3NH2": ("L", 0, "N", ONE, "CH5N"),
    "butylamine": ("L", 0, "N", ONE, "C4H11N"),
    "Oleylamine": ("L", 0, "N", ONE, "C18H37N"),
    "dibutylamine": ("L", 0, "N", ONE, "C8H19N"),
    "pyridine": ("L", 0, "N", ONE, "C5H5N"),
    "tributylphosphine": ("L", 0, "P", ONE, "C12H27P"),
    "TOPO": ("L", 0, "O", ONE, "C24H51OP"),
    "trimethylphosphine sulfide": ("L", 0, "S", ONE, "C3H9PS"),
    "tridecylamine": ("L", 0, "N", ONE, "C13H29N"),
    "water": ("L", 0, "O", ONE, "H2O"),
    "methylammonium": ("X", 1, "N", ONE, "CH6N"),
    "ethylammonium": ("X", 1, "N", ONE, "C2H8N"),
    "octylammonium": ("X", 1, "N", ONE, "C8H20N"),
    "phenethylammonium": ("X", 1, "N", ONE, "C8H12N"),
    "didodecyldimethylammonium": ("X", 1, "N", ONE, "C26H56N"),
    "formamidinium": ("X", 1, "NN", ONE, "CH5N2"),
}

LENGTHS_A = {
    # ligand, two elements: length in Å of the shortest bond between them, as handbooks have it
    ("methylamine", "CN"): 1.47,
    ("methylammonium", "CN"): 1.50,
    ("acetate", "CO"): 1.26,
    ("acetate", "CC"): 1.53,
    ("methanethiolate", "CS"): 1.83,
    ("methanesulfonate", "OS"): 1.46,
    ("trimethylphosphine", "CP"): 1.85,
    ("trimethylphosphine oxide", "OP"): 1.48,
    ("methylphosphonate", "OP"): 1.53,
    ("benzoate", "CC"): 1.39,
    ("cyanate", "CN"): 1.19,
    ("cyanate", "CO"): 1.23,
    ("thiocyanate", "CN"): 1.17,
    ("thiocyanate", "CS"): 1.65,
    ("azide", "NN"): 1.19,
    ("hydroxide", "HO"): 0.97,
}


@cache
def made(name):
    """Ligands by name, each made once."""
    return ligand_of(name)


def elements(ligand, atoms):
    return "".join(ligand.symbols[list(atoms)])


def bond_lengths_a(ligand, places_a):
    return np.linalg.norm(places_a[ligand.bonds[:, 0]] - places_a[ligand.bonds[:, 1]], axis=1)


def refusal(asked, **options):
    with pytest.raises(InputError) as error:
        ligand_of(asked, **options)
    told = str(error.value)
    assert "\n" not in told
    return told


@pytest.mark.parametrize("name", KNOWN)
def test_names(name):
    ligand = made(name)
    kind, charge, anchors, modes, formula = KNOWN[name]
    assert (ligand.kind, ligand.charge, ligand.modes) == (kind, charge, modes)
    assert elements(ligand, ligand.anchors) == anchors
    assert Atoms(ligand.symbols.tolist()).get_chemical_formula("hill") == formula
    assert ligand.charges.sum() == charge
    assert ligand.is_cation == (charge > 0)


@pytest.mark.parametrize("name", KNOWN)
def test_conformers_stand_on_their_anchors(name):
    ligand = made(name)
    assert 1 <= len(ligand.conformers_a) <= 8
    radii = covalent_radii[[atomic_numbers[symbol] for symbol in ligand.symbols]]
    for places_a in ligand.conformers_a:
        assert places_a.shape == (ligand.n_atoms, 3)
        assert np.allclose(places_a[list(ligand.anchors)].mean(axis=0), 0.0, atol=1e-9)
        if ligand.n_atoms == 1:
            continue
        assert places_a.mean(axis=0)[2] > 0.0
        heavy = ligand.symbols != "H"
        assert places_a[heavy, 2].min() > -1.1 or ligand.n_atoms < 3
        sums = radii[ligand.bonds].sum(axis=1)
        ratios = bond_lengths_a(ligand, places_a) / sums
        assert ratios.min() > 0.78
        assert ratios.max() < 1.10
        distances = np.linalg.norm(places_a[:, None] - places_a[None], axis=2)
        distances[ligand.bonds[:, 0], ligand.bonds[:, 1]] = np.inf
        distances[ligand.bonds[:, 1], ligand.bonds[:, 0]] = np.inf
        np.fill_diagonal(distances, np.inf)
        assert np.all(distances > 1.05 * (radii[:, None] + radii[None]) * (distances < 3.0))


@pytest.mark.parametrize(("name", "pair"), LENGTHS_A)
def test_bond_lengths(name, pair):
    ligand = made(name)
    lengths = bond_lengths_a(ligand, ligand.conformers_a[0])
    told = ["".join(sorted(ligand.symbols[bond])) for bond in ligand.bonds]
    wanted = "".join(sorted([each for each in ("Cl", *pair) if each in pair]))
    found = [x for x, each in zip(lengths, told, strict=True) if each == wanted]
    assert min(found) == pytest.approx(LENGTHS_A[name, pair], abs=0.05)


def test_anchors_of_a_carboxylate_lie_level_and_its_carbon_above():
    ligand = ligand_of("acetate")
    places_a = ligand.conformers_a[0]
    one, other = places_a[list(ligand.anchors)]
    assert one[2] == pytest.approx(0.0, abs=0.02)
    assert np.allclose(one, -other)
    carbon = next(a for a, b in ligand.bonds.tolist() if b in ligand.anchors)
    assert np.allclose(places_a[carbon][:2], 0.0, atol=0.02)
    assert places_a[carbon][2] > 0.5


def test_lone_pair_of_an_amine_points_down_and_the_axis_of_an_ammonium_up():
    amine, ammonium = ligand_of("methylamine"), ligand_of("methylammonium")
    bonded = [places for ligand in (amine, ammonium) for places in ligand.conformers_a[:1]]
    heights = bonded[0][np.isin(np.arange(amine.n_atoms), _neighbours(amine))][:, 2]
    assert (heights > 0.2).all() and len(heights) == 3
    carbon = int(np.flatnonzero(ammonium.symbols == "C")[0])
    assert np.allclose(bonded[1][carbon][:2], 0.0, atol=1e-9) and bonded[1][carbon][2] > 1.4


def _neighbours(ligand):
    anchor = ligand.anchors[0]
    return [b if a == anchor else a for a, b in ligand.bonds.tolist() if anchor in (a, b)]


def test_extended_conformer_comes_first():
    tallest = [places[:, 2].max() for places in made("octadecylphosphonate").conformers_a]
    assert tallest[0] == max(tallest) > 20.0  # 18 C of 1.25 Å each, leaning by 30 degrees


def test_cis_double_bond_of_oleate():
    ligand = made("oleate")
    molecule = Chem.MolFromSmiles(ligand.source)
    double = [b for b in molecule.GetBonds() if b.GetStereo() == Chem.BondStereo.STEREOZ]
    assert len(double) == 1
    for places_a in ligand.conformers_a:
        chain = _carbon_chain(ligand)
        ends = places_a[[chain[7], chain[8], chain[9], chain[10]]]
        assert abs(_torsion_deg(ends)) < 15.0


def _carbon_chain(ligand):
    """Carbon atoms from the carboxylate on."""
    carbons = set(np.flatnonzero(ligand.symbols == "C").tolist())
    near = {a: [] for a in range(ligand.n_atoms)}
    for a, b in ligand.bonds.tolist():
        near[a].append(b)
        near[b].append(a)
    chain = [next(iter(carbons & set(near[ligand.anchors[0]])))]
    while following := [a for a in near[chain[-1]] if a in carbons and a not in chain]:
        chain += following
    return chain


def _torsion_deg(points_a):
    first, axis, last = np.diff(points_a, axis=0)
    axis = axis / np.linalg.norm(axis)
    one, other = -first + (first @ axis) * axis, last - (last @ axis) * axis
    return np.degrees(np.arctan2(np.cross(axis, one) @ other, one @ other))


def test_same_bytes_again():
    program = (
        "from epicarve.builder.ligands import ligand_of\n"
        "import hashlib\n"
        "made = [ligand_of(name) for name in ('caproate', 'octylamine')]\n"
        "told = [places.tobytes() for each in made for places in each.conformers_a]\n"
        "print(hashlib.sha256(b''.join(told)).hexdigest())"
    )
    runs = [
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        for _ in range(2)
    ]
    assert runs[0].stdout == runs[1].stdout != ""


def test_rdkit_is_loaded_when_a_ligand_is_made():
    program = (
        "import sys, epicarve\nfrom epicarve.builder.ligands import Ligand, LigandSpec, ligand_of\n"
        "LigandSpec(name='oleate')\nprint('rdkit' in sys.modules)"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "False"


@pytest.mark.parametrize("length", [3, "ethyl"])
def test_cut_oleate_is_propionate(length):
    cut, whole = ligand_of({"name": "oleate", "length": length}), ligand_of("propionate")
    assert cut.name == "propionate"
    assert np.array_equal(cut.symbols, whole.symbols)
    assert all(map(np.array_equal, cut.conformers_a, whole.conformers_a))


@pytest.mark.parametrize(
    ("name", "length", "smiles"),
    [
        ("oleate", 1, "O=C[O-]"),
        ("oleate", "methyl", "CC(=O)[O-]"),
        ("oleate", 9, "CCCCCCCCC(=O)[O-]"),
        ("oleate", 10, "C=CCCCCCCCC(=O)[O-]"),
        ("oleylamine", 3, "CCCN"),
        ("oleylammonium", "butyl", "CCCC[NH3+]"),
        ("octadecylphosphonate", 2, "CCP(=O)([O-])[O-]"),
        ("hydrogen octadecylphosphonate", 1, "CP(=O)([O-])O"),
        ("dodecyl sulfate", "methyl", "COS(=O)(=O)[O-]"),
        ("tributylphosphine oxide", "methyl", "CP(C)(C)=O"),
        ("dibutyldimethylammonium", 2, "CC[N+](C)(C)CC"),
        ("diethyldithiocarbamate", "methyl", "CN(C)C(=S)[S-]"),
        ("dodecanethiolate", 4, "CCCC[S-]"),
        ("acetate", 2, "CC(=O)[O-]"),
    ],
)
def test_chains_are_cut(name, length, smiles):
    cut = ligand_of({"name": name, "length": length})
    assert cut.source == smiles
    assert cut.charge == Chem.GetFormalCharge(Chem.MolFromSmiles(smiles))


@settings(max_examples=15, deadline=None)
@given(n=st.integers(1, 12), more=st.integers(0, 6), head=st.sampled_from(["amine", "ammonium"]))
def test_any_straight_chain_is_cut_to_any_length(n, more, head):
    end = {"amine": "N", "ammonium": "[NH3+]"}[head]
    cut = ligand_of({"smiles": "C" * (n + more) + end, "length": n}, max_conformers=1)
    whole = ligand_of({"smiles": "C" * n + end}, max_conformers=1)
    assert cut.source == whole.source
    assert int((cut.symbols == "C").sum()) == n


@pytest.mark.parametrize(
    ("name", "kind", "cation", "anion", "numbers"),
    [
        ("PbBr2", "Z", "Pb", "bromide", (1, 2)),
        ("Pb(oleate)2", "Z", "Pb", "oleate", (1, 2)),
        ("Cd(octylphosphonate)", "Z", "Cd", "octylphosphonate", (1, 1)),
        ("InCl3", "Z", "In", "chloride", (1, 3)),
        ("CsBr", "ion pair", "Cs", "bromide", (1, 1)),
        ("methylammonium bromide", "ion pair", "methylammonium", "bromide", (1, 1)),
        ("MABr", "ion pair", "methylammonium", "bromide", (1, 1)),
        ("ammonium octylphosphonate", "ion pair", "ammonium", "octylphosphonate", (2, 1)),
    ],
)
def test_neutral_pairs(name, kind, cation, anion, numbers):
    pair = ligand_of(name, max_conformers=1)
    assert isinstance(pair, LigandPair)
    assert (pair.kind, pair.cation.name, pair.anion.name) == (kind, cation, anion)
    assert (pair.n_cations, pair.n_anions) == numbers
    assert pair.n_cations * pair.cation.charge + pair.n_anions * pair.anion.charge == 0


def test_a_length_cuts_the_organic_ion_of_a_pair():
    assert ligand_of({"name": "Pb(oleate)2", "length": 2}).anion.name == "acetate"
    assert ligand_of({"name": "butylammonium iodide", "length": 1}).cation.name == "methylammonium"


def test_van_der_waals_radii_are_those_of_alvarez():
    radii = dict(zip("COH", ligand_of("acetate").vdw_radii_a[[0, 2, 4]], strict=True))
    assert radii == {"C": 1.77, "O": 1.50, "H": 1.20}


@pytest.mark.parametrize(
    ("anchor", "group", "atoms"),
    [
        ("amine", "amine", "N"),
        ("carboxylate", "carboxylate", "OO"),
        (1, "amine", "N"),
        ((4, 5), "carboxylate", "OO"),
        ("C(=O)[O-]", "carboxylate", "OO"),
        ("[NX3:1]C", "amine", "N"),
    ],
)
def test_anchors_that_are_chosen(anchor, group, atoms):
    glycinate = ligand_of({"smiles": "NCC(=O)[O-]", "anchor": anchor})
    assert (glycinate.group, elements(glycinate, glycinate.anchors)) == (group, atoms)


def test_equal_ends_are_no_choice():
    assert ligand_of("ethylenediamine").anchors == (0,)
    both = ligand_of({"name": "ethylenediamine", "anchor": [1, 4]})
    assert both.modes == TWO and elements(both, both.anchors) == "NN"


@pytest.mark.parametrize("suffix", [".mol", ".sdf", ".xyz", ".pdb"])
def test_files(tmp_path, suffix):
    molecule = Chem.AddHs(Chem.MolFromSmiles("CCC(=O)[O-]"))
    AllChem.EmbedMolecule(molecule, randomSeed=3)
    path = tmp_path / f"cap{suffix}"
    places_a = molecule.GetConformer().GetPositions()
    if suffix in {".mol", ".sdf"}:
        Chem.MolToMolFile(molecule, str(path))
        spec = LigandSpec(file=path.name)
    else:
        write(path, Atoms([a.GetSymbol() for a in molecule.GetAtoms()], places_a))
        spec = LigandSpec(file=path.name, charge=-1)
    found = ligand_of(spec, folder=tmp_path)
    assert (found.name, found.charge, found.group) == ("propionate", -1, "carboxylate")
    assert found.source == path.name
    first = found.conformers_a[0]  # the geometry of the file, turned
    before = np.linalg.norm(places_a[:, None] - places_a[None], axis=2)
    after = np.linalg.norm(first[:, None] - first[None], axis=2)
    assert np.allclose(before, after, atol=2e-3)


def test_refused_files(tmp_path):
    acetate = ligand_of("acetate")
    atoms = Atoms(acetate.symbols.tolist(), acetate.conformers_a[0])
    write(tmp_path / "cap.xyz", atoms, plain=True)
    write(tmp_path / "bare.xyz", atoms[acetate.symbols != "H"], plain=True)
    (tmp_path / "cap.mol").write_text("nothing\n")
    (tmp_path / "broken.xyz").write_text("3\n\nC 0 0\n")
    for spec, told in (
        ({"file": "cap.xyz"}, "states no charge; give charge"),
        ({"file": "cap.xyz", "charge": 1}, "mend the charge"),
        ({"file": "bare.xyz", "charge": -1}, "hydrogen"),
        ({"file": "cap.mol"}, "no molecule can be read"),
        ({"file": "none.mol"}, "no such file"),
        ({"file": "cap.cif"}, "files of a ligand end with"),
        ({"file": "broken.xyz", "charge": 0}, "can't be read"),
    ):
        assert told in refusal(spec, folder=tmp_path)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("oleat", "did you mean oleate?"),
        ("acetic acid", "it is neutral: give acetate, CC(=O)[O-]"),
        ("lead oleate", "write Pb(oleate)2"),
        ("CC(=O)[O-]", "write smiles: 'CC(=O)[O-]'"),
        ({"smiles": "CC(=O"}, "'CC(=O' is no SMILES"),
        ({"smiles": ""}, "is no SMILES"),
        ({"smiles": "CC(=O)O", "kind": "X"}, "it is neutral; give acetate, CC(=O)[O-]"),
        ({"smiles": "CC(=O)O"}, "it is neutral; give acetate, CC(=O)[O-], or kind: L"),
        ({"name": "ethanethiol"}, "give ethanethiolate, CC[S-]"),
        ({"name": "methylamine", "kind": "X"}, "give methylammonium, C[NH3+]"),
        ({"smiles": "Cl"}, "give chloride, [Cl-]"),
        ({"name": "acetate", "kind": "L"}, "has charge -1 e and is X-type"),
        (
            {"smiles": "NCC(=O)[O-]"},
            "carboxylate (O4, O5) or amine (N1); choose one, for instance by anchor: amine",
        ),
        ({"smiles": "[S-]C#N"}, "N-thiocyanate (N3) or S-thiocyanate (S1); choose one"),
        (
            {"smiles": "NCCCC(C)N"},
            "amine (N1) or amine (N7); choose one, for instance by anchor: 1",
        ),
        ({"smiles": "CCC"}, "no group that binds is known in it"),
        ({"name": "acetate", "anchor": 5}, "anchor 5 is hydrogen"),
        ({"name": "acetate", "anchor": 50}, "counted from 1 to 7"),
        ({"name": "acetate", "anchor": "amine"}, "anchor 'amine' is not found in CC(=O)[O-]"),
        ({"name": "acetate", "anchor": "@@"}, "neither a SMARTS nor one of the groups"),
        ({"name": "acetate", "length": 3}, "its longest chain has 2 carbon atoms"),
        ({"name": "chloride", "length": 1}, "it has no chain"),
        ({"name": "oleate", "length": 0}, "length 0 leaves no carbon atom"),
        ({"name": "oleate", "length": "prolyl"}, "'prolyl' is no alkyl group"),
        ({"name": "benzoate", "length": 3}, "no open chain of carbon"),
        ({"name": "2-ethylhexanoate", "length": 3}, "branched at atom"),
        ({"smiles": "CC=CC(=O)[O-]"}, "between atoms 2 and 3 is neither cis nor trans"),
        ({"smiles": "[Pb+2]"}, "give a metal with its anions as a pair"),
        ({"smiles": "C[CH2]"}, "has unpaired electrons"),
        ({"smiles": "*C[NH3+]"}, "an atom of no element"),
        ({"smiles": "C[NH3+].[Br-]"}, "holds 2 molecules"),
        ({"name": "oleate", "smiles": "CC(=O)[O-]"}, "is not oleate"),
        ({"name": "acetate", "charge": 1}, "has charge -1 e, not +1"),
        ("trimethylphosphine selenide", "neither MMFF94 nor UFF knows all of its bonds"),
        ("PbBr", "Pb would have charge +1 e"),
        ("Xx(acetate)2", "Xx is no element"),
        ("Pb(methylamine)2", "methylamine has charge +0 e and is no anion"),
        ("acetate bromide", "acetate has charge -1 e and is no cation"),
        ({"name": "PbBr2", "kind": "X"}, "leave kind and charge out"),
        ({"name": "H0.5"}, "hydrogen of a fractional charge has no potential in CP2K"),
        ({"name": "pseudo-hydrogen"}, "formate, Cl or OH (-1 e), or CH3NH2"),
        ({"smiles": "[H+1.25]"}, "hydrogen of a fractional charge"),
        ({"name": "H", "charge": 0.5}, "hydrogen of a fractional charge"),
        ({"smiles": "C", "file": "cap.mol"}, "both smiles and file"),
        ({}, "no molecule; give its name"),
        ({"name": "acetate", "lenght": 3}, "did you mean length?"),
    ],
)
def test_refusals(asked, told):
    assert told in refusal(asked)


def test_the_stand_ins_that_are_named_exist():
    charges = [ligand_of(name).charge for name in ("formate", "Cl", "OH", "CH3NH2")]
    assert charges == [-1, -1, -1, 0]


def test_a_lone_word_in_settings_is_a_name():
    assert LigandSpec.model_validate("oleate") == LigandSpec(name="oleate")


def test_contacts_with_elements_of_unknown_radius_are_refused():
    with pytest.raises(InputError, match="van der Waals radius of Po is not known"):
        vdw_radii_a(np.array(["Po", "S"]))
