"""Ligands placed by the program that chooses the ions."""

import itertools
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml
from ase.data import atomic_numbers
from ase.data.vdw_alvarez import vdw_radii
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.sparse.csgraph import connected_components

import epicarve as ec
from epicarve.analysis.states import Sites
from epicarve.builder.crystal import molecules_among
from epicarve.builder.optimise import (
    DIPOLE_COST_A,
    STEP_A,
    BalanceOptions,
    Candidates,
    Shell,
    balance,
)
from epicarve.builder.placing import LigandOptions, placement
from epicarve.builder.shapes import Sphere, ions_near
from epicarve.errors import InputError
from epicarve.units import COULOMB_V_A

ROOT = Path(__file__).parents[1]
PEROVSKITE, GALENA = ec.crystal("CsPbBr3"), ec.crystal("PbS")
LOOSE = {"ratio_tolerance": 0.9}


def cube(width_nm):
    """A cube that ends in CsBr, of an even number of cells."""
    faces = [{"hkl": hkl, "length_nm": width_nm} for hkl in ((1, 0, 0), (0, 1, 0), (0, 0, 1))]
    return ec.Box(faces=faces)


def covered(*ligands, shape=None, balance=None, crystal=PEROVSKITE, **more):
    return ec.carve(
        crystal,
        cube(1.21) if shape is None else shape,
        LOOSE if balance is None else balance,
        ligands={"kinds": ligands, **more} if more else list(ligands),
    )


def radius_a(symbol):
    return vdw_radii[atomic_numbers[symbol]]


def closest_share(model):
    """Smallest distance between atoms of two ligands as a share of their van der Waals radii."""
    atoms = np.flatnonzero(np.char.startswith(model.domains, "ligand:"))
    radii = np.array([radius_a(symbol) for symbol in model.symbols[atoms]])
    places, owner = model.positions_a[atoms], model.ion_of[atoms]
    apart = np.linalg.norm(places[:, None] - places, axis=2) / (radii[:, None] + radii)
    return apart[owner[:, None] != owner].min()


ACETATE = {"name": "acetate", "of_sites": 0.5}


def test_a_cube_is_covered_with_acetate():
    dot = covered(ACETATE)
    assert dot.formula == "Cs19Pb8Br23(acetate)12"
    assert dot.net_charge == 0
    assert dot.n_components == 1
    assert dot.report.optimum.gap == 0.0
    told = dot.report.ligands
    assert told.kinds["acetate"].n_placed == sum(told.kinds["acetate"].modes.values()) == 12
    assert told.spare_bonds == 0
    assert told.broken_bonds_before["Pb"] - told.broken_bonds_after["Pb"] == 12
    assert closest_share(dot) >= 0.8
    pieces = molecules_among(dot.symbols, dot.positions_a)
    found = sorted(sorted(dot.symbols[atoms].tolist()) for atoms in pieces)
    assert found == [["C", "C", "H", "H", "H", "O", "O"]] * 12
    assert set(dot.domains.tolist()) == {"CsPbBr3", "ligand:acetate"}


def test_a_name_with_blanks_is_one_word_in_files(tmp_path):
    oxide = {"name": "trimethylphosphine oxide", "number": 2}
    dot = ec.carve(ec.crystal("PbS"), ec.Sphere(diameter_nm=1.3), ligands=[oxide])
    dot.write(tmp_path)
    read = ec.Model.read(tmp_path / "model.extxyz")
    assert read == dot
    assert read.domain_names == ("PbS", "ligand:trimethylphosphine-oxide")


def test_oxygen_is_as_far_from_lead_as_bond_valences_tell():
    dot = covered(ACETATE)
    oxygen, lead = (dot.positions_a[dot.symbols == s] for s in ("O", "Pb"))
    nearest = np.sort(np.linalg.norm(oxygen[:, None] - lead, axis=2).min(axis=1))
    anchors = dot.report.ligands.kinds["acetate"].modes.get("chelating", 0) * 2
    assert nearest[:anchors] == pytest.approx(2.504, abs=2e-3)  # R = 2.098 Å, valence 1/3


def test_the_composition_of_a_published_model_is_reached():
    dot = covered(ACETATE, shape=cube(2.4), balance={"ratio_tolerance": 0.4})
    assert dot.ion_counts == {"Cs": 112, "Pb": 64, "Br": 192, "acetate": 48}
    assert dot.report.optimum.gap == 0.0
    assert closest_share(dot) >= 0.8


def test_the_sites_of_a_published_chloride_are_reached():
    """Pb79S44Cl70_PBE_14ang_start of nlesc-nano's library: its ions by coordinates in bonds."""
    dot = ec.build(ROOT / "examples" / "pbs-chloride.yaml").model
    places = np.sort(np.abs(np.rint(dot.positions_a / (0.5 * 5.936)).astype(int)))
    found = {
        symbol: Counter(map(tuple, places[dot.symbols == symbol].tolist()))
        for symbol in ("Pb", "S", "Cl")
    }
    lead = {(0, 0, 0): 1, (0, 1, 1): 12, (0, 0, 2): 6, (1, 1, 2): 24, (0, 2, 2): 12, (0, 1, 3): 24}
    assert found == {
        "Pb": lead,
        "S": {(0, 0, 1): 6, (1, 1, 1): 8, (0, 1, 2): 24, (0, 0, 3): 6},
        "Cl": {(1, 2, 2): 24, (1, 1, 3): 24, (0, 2, 3): 22},
    }


def test_ammonium_stands_on_sites_of_caesium_and_points_outwards():
    dot = covered({"name": "methylammonium", "number": 4})
    assert dot.net_charge == 0
    assert dot.ion_counts["methylammonium"] == 4
    nitrogen, carbon = (dot.positions_a[dot.symbols == s] for s in ("N", "C"))
    lattice = nitrogen / 5.94863
    assert lattice == pytest.approx(np.rint(lattice), abs=1e-3)
    assert (np.linalg.norm(carbon, axis=1) > np.linalg.norm(nitrogen, axis=1) + 1.0).all()


def test_single_anions_stand_on_sites_of_anions():
    dot = covered(
        {"name": "chloride", "number": 6}, shape=ec.Sphere(diameter_nm=1.8), crystal=GALENA
    )
    assert dot.net_charge == 0
    halves = dot.positions_a[dot.symbols == "Cl"] / (0.5 * 5.936)
    assert len(halves) == 6
    assert halves == pytest.approx(np.rint(halves), abs=1e-3)
    assert dot.counts["Pb"] == dot.counts["S"] + 3
    assert set(dot.domains[dot.symbols == "Cl"]) == {"ligand:chloride"}


@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    n_anions=st.integers(0, 3).map(lambda n: 2 * n),
    amine=st.booleans(),
    centre=st.tuples(*[st.floats(0, 1)] * 3),
)
def test_covered_models_are_neutral_connected_and_free_of_contacts(n_anions, amine, centre):
    ligands = [{"name": "formate", "number": n_anions}]
    ligands += [{"name": "methylamine", "number": [1, 3]}] * amine
    try:
        dot = covered(*ligands, shape=ec.Sphere(diameter_nm=1.3, centre=centre), crystal=GALENA)
    except InputError as error:
        assert "ask" in str(error) or "no choice" in str(error)
        return
    assert dot.net_charge == 0
    assert dot.n_components == 1
    assert dot.ion_counts.get("formate", 0) == n_anions
    assert 2 * dot.counts["Pb"] == 2 * dot.counts["S"] + n_anions
    assert (3 * dot.coordination >= dot.bulk_coordination).all()
    assert dot.report.optimum.bound <= dot.report.optimum.objective + 1e-9
    if n_anions + 3 * amine > 1:
        assert closest_share(dot) >= 0.8


def test_all_ligands_together_and_their_shares_are_bounded():
    dot = covered(
        {"name": "acetate", "of_ligands": [0.6, 0.7]}, {"name": "chloride"}, of_sites=[0.4, 0.5]
    )
    kinds = dot.report.ligands.kinds
    n_acetate, n_chloride = kinds["acetate"].n_placed, kinds["chloride"].n_placed
    assert 0.6 <= n_acetate / (n_acetate + n_chloride) <= 0.7
    assert 0.4 * 48 <= n_acetate + n_chloride <= 0.5 * 48


def test_ions_of_a_pair_come_together():
    dot = covered({"name": "methylammonium chloride", "number": 3})
    assert dot.ion_counts["methylammonium"] == 3
    assert dot.counts["Cl"] == 3
    assert dot.report.ligands.kinds["chloride"].unit == "methylammonium chloride"


@pytest.mark.parametrize(
    ("ligands", "said"),
    [
        ([{"name": "acetate", "number": 30}], "24 can be placed"),
        (["acetate"], "no acetate is placed"),
        (["butylammonium"], "number, of_sites, per_nm2"),
        ([{"name": "acetate", "of_sites": [0.9, 0.5]}], "turn them round"),
        ([{"name": "acetate", "coverage": 0.5}], "of_sites or per_nm2"),
        (["CdCl2"], "does not hold"),
        (["acetate", "acetate"], "twice"),
        ([{"name": "acetate", "modes": ["bridging"], "number": 2}], "has no place"),
        ([{"name": "butylamine", "modes": ["chelating"], "number": 2}], "can be terminal"),
    ],
)
def test_bad_ligands_are_refused_in_a_sentence(ligands, said):
    with pytest.raises(InputError, match=said) as refused:
        covered(*ligands)
    assert "\n" not in str(refused.value)


def test_a_ligand_too_wide_for_any_site_is_refused_with_the_contact():
    bulky = {"smiles": "CC(C)(C)C(C(C)(C)C)(C(C)(C)C)C(=O)[O-]", "number": 2}
    with pytest.raises(InputError, match=r"fits nowhere on the surface: at best \w+ comes within"):
        covered(bulky, contact=1.0)


def recipe_of(**more):
    return {
        "crystal": {"name": "CsPbBr3"},
        "shape": cube(2.4).model_dump(mode="json", exclude_unset=True) | {"kind": "box"},
        "balance": {"ratio_tolerance": 0.4},
        "ligands": [ACETATE],
        **more,
    }


def core_of(diameter_nm, **more):
    shape = {"kind": "sphere", "diameter_nm": diameter_nm}
    return {"core": {"crystal": {"name": "CsPbCl3"}, "shape": shape, **more}}


def test_ligands_stand_on_the_shell_of_a_core(tmp_path):
    dot = ec.build(recipe_of(**core_of(1.0, lattice="shell")), tmp_path).model
    alone = ec.build(recipe_of()).model
    assert dot.domain_names == ("CsPbCl3", "CsPbBr3", "ligand:acetate")
    assert dot.net_charge == 0
    n_chloride = dot.counts["Cl"]
    assert dot.report.core_shell.n_core == (dot.domains == "CsPbCl3").sum() > n_chloride > 0
    whole = {"Cs": 112, "Pb": 64, "Br": 192 - n_chloride, "Cl": n_chloride, "acetate": 48}
    assert dot.ion_counts == whole
    ligands = [each.positions_a[each.is_ligand] for each in (dot, alone)]
    assert (ligands[0] == ligands[1]).all()
    assert "acetate" not in str(dot.report.stoichiometry.actual)
    assert ec.Model.read(tmp_path) == dot


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (core_of(1.0), "give core the key lattice: shell"),
        (core_of(2.3, lattice="shell"), "the core comes to the surface"),
        (
            {"treatment": {"kind": "halide_rich", "halide": "Cl", "cation": "Pb", "coverage": 0.1}},
            "name the halide among the ligands",
        ),
        ({"balance": {"symmetry": "inversion"}}, "can't stand beside balance.symmetry"),
    ],
)
def test_what_ligands_do_not_stand_beside_is_refused_in_a_sentence(more, said):
    with pytest.raises(InputError, match=said) as refused:
        ec.build(recipe_of(**more))
    assert "\n" not in str(refused.value)


def test_a_recipe_gives_files_that_are_read_again_and_inputs_with_all_kinds(tmp_path):
    recipe = {
        "crystal": {"name": "CsPbBr3"},
        "shape": cube(1.21).model_dump(mode="json", exclude_unset=True) | {"kind": "box"},
        "balance": LOOSE,
        "ligands": [ACETATE, {"name": "methylammonium", "number": 2}],
    }
    path = tmp_path / "covered.yaml"
    path.write_text(yaml.safe_dump(recipe))
    built = ec.build(path, tmp_path / "model")
    again = ec.Model.read(tmp_path / "model")
    assert again == built.model
    assert again.report.ligands == built.model.report.ligands
    assert built.summary["ligands"]["kinds"]["acetate"]["n_placed"] == 12
    ec.inputs(path, tmp_path / "job")
    texts = [each.read_text() for each in (tmp_path / "job").rglob("*.inp")]
    assert any("&KIND" in each for each in texts)
    for text in (each for each in texts if "&KIND" in each):
        for element in ("H", "C", "N", "O", "Cs", "Pb", "Br"):
            assert f"ELEMENT {element}\n" in text or f"&KIND {element}" in text


def test_the_same_recipe_gives_the_same_model():
    assert covered(ACETATE) == covered(ACETATE)


def test_a_number_of_ions_is_met_beside_ligands():
    shape = ec.Sphere(formula_units=30, centre=(0.1, 0.2, 0.3))
    dot = covered({"name": "chloride", "number": 4}, shape=shape, crystal=GALENA, balance={})
    assert dot.net_charge == 0
    assert dot.counts == {"Pb": 31, "S": 29, "Cl": 4}
    assert dot.report.size.asked_atoms == 60


def test_ligands_stand_at_the_surface_and_make_no_interface():
    dot = covered(ACETATE)
    positions = Sites.of(tuple(dot.symbols.tolist()), dot).positions
    is_ligand = np.char.startswith(dot.domains, "ligand:")
    assert (positions[is_ligand] == "surface").all()
    assert set(positions.tolist()) == {"core", "surface"}
    oxygen, lead = (np.flatnonzero(dot.symbols == symbol) for symbol in ("O", "Pb"))
    apart = np.linalg.norm(dot.positions_a[lead][:, None] - dot.positions_a[oxygen], axis=2)
    bound = lead[(apart < 2.6).any(axis=1)]
    assert (dot.coordination[bound] == dot.bulk_coordination[bound]).any()  # by its ligand
    assert (positions[bound] == "surface").all()


def chosen(poses, few):
    """Some of the poses."""
    rows = ("kind", "charge", "moments", "filled", "anchored", "held_by", "sites", "excludes")
    picked = {key: getattr(poses, key)[few] for key in (*rows, "is_ion", "counted")}
    return replace(poses, **picked, exclusive=poses.exclusive[:, few])


@pytest.mark.parametrize("seed", range(6))
def test_the_choice_is_the_best_of_all(seed):
    """Try all choices of some ten ions and six poses, straight from the definitions."""
    rng = np.random.default_rng(seed)
    options = BalanceOptions(ratio_tolerance=0.5, strong_bonds=False)
    while True:
        ions = ions_near(GALENA, Sphere(5.6), rng.uniform(size=3), 5.0)
        candidates = Candidates.of_one(ions, 0.7, options)
        if 6 <= len(Shell(candidates).free) <= 10:
            break
    asked = LigandOptions(kinds=({"name": "formate"}, {"name": "methylamine"}))
    placed = placement(candidates, asked)
    few = np.sort(rng.choice(placed.poses.n_poses, size=6, replace=False))
    poses = chosen(placed.poses, few)
    candidates = replace(candidates, poses=poses)
    best = by_trying_all(candidates, [placed.positions_a[pose] for pose in few], placed)
    if best is None:
        with pytest.raises(InputError):
            balance(candidates)
        return
    found = balance(candidates)
    assert found.gap == 0.0
    assert round(found.fidelity_a / STEP_A) == best[0]
    assert found.cover.broken == best[1]


def test_rows_of_contacts_hold_every_contact_and_nothing_else():
    """Every two poses in contact are in a row, and any two of a row are in contact or on a site."""
    candidates = Candidates.of_one(
        ions_near(GALENA, Sphere(4.5), np.zeros(3), 4.0), 3.0, BalanceOptions()
    )
    placed = placement(candidates, LigandOptions(kinds=({"name": "formate"}, {"name": "chloride"})))
    poses, sites = placed.poses, placed.poses.sites.toarray()
    radii = [
        np.array([radius_a(symbol) for symbol in placed.kinds[kind].ligand.symbols])
        for kind in poses.kind
    ]
    touch = np.zeros((poses.n_poses, poses.n_poses), dtype=bool)
    for one, other in itertools.combinations(range(poses.n_poses), 2):
        apart = np.linalg.norm(placed.positions_a[one][:, None] - placed.positions_a[other], axis=2)
        touch[one, other] = (apart < 0.8 * (radii[one][:, None] + radii[other])).any()
    touch |= touch.T
    on_one_site = sites @ sites.T > 0
    rows = poses.exclusive.toarray()
    together = rows.T @ rows > 0
    np.fill_diagonal(together, val=False)
    assert together[touch & ~on_one_site].all()
    assert (touch | on_one_site)[together].all()
    excluded = (touch | on_one_site).astype(int)
    np.fill_diagonal(excluded, 0)
    assert not (rows @ excluded == rows.sum(axis=1)[:, None]).any()  # no pose can join a row


def by_trying_all(candidates, atoms_a, placed):
    """Steps and bonds of the best of all choices of ions and poses."""
    shell, poses, options = Shell(candidates), candidates.poses, candidates.domains[0].options
    dense, free = candidates.adjacency.toarray(), shell.free
    names = [placed.kinds[kind].ligand for kind in poses.kind]
    sites, held_by, excludes = (
        getattr(poses, key).toarray() > 0 for key in ("sites", "held_by", "excludes")
    )
    n_anchors = poses.anchored.toarray()
    clash = np.zeros((len(names), len(names)), dtype=bool)
    for one, other in itertools.permutations(range(len(names)), 2):
        radii = [np.array([radius_a(s) for s in names[k].symbols]) for k in (one, other)]
        apart = np.linalg.norm(atoms_a[one][:, None] - atoms_a[other], axis=2)
        clash[one, other] = (apart < 0.8 * (radii[0][:, None] + radii[1])).any()
    clash |= (sites.astype(int) @ sites.T.astype(int)) > 0
    radius = np.linalg.norm(candidates.positions_a[shell.inside], axis=1).max()
    limit = options.free_dipole_v / COULOMB_V_A * radius**2
    price = max(1, round(DIPOLE_COST_A * limit / radius / STEP_A))
    bulk, held, unit = candidates.bulk_coordination, shell.held, {"Pb": 0.5, "S": 0.5}
    best = None
    for taken in itertools.product((False, True), repeat=len(names)):
        on = np.flatnonzero(taken)
        if clash[np.ix_(on, on)][~np.eye(len(on), dtype=bool)].any():
            continue
        ligand_charge = int(poses.charge[on].sum())
        for kept_free in itertools.product((False, True), repeat=len(free)):
            kept = shell.base.copy()
            kept[free] = kept_free
            charge = int(candidates.charges[kept].sum()) + ligand_charge
            if charge != 0 or (sites[on] & kept).any() or (excludes[on] & kept).any():
                continue
            if (held_by[on] & ~kept).any():
                continue
            changed = kept != shell.base
            total = candidates.charges[kept] @ candidates.positions_a[kept]
            dipole = np.linalg.norm(total + poses.moments[on].sum(axis=0))
            levels = max(0, int(np.ceil(dipole / limit - 1 - 1e-6)))
            steps = int(shell.steps[changed].sum()) + shell.never_steps + price * levels
            sign = np.where(kept, 1, -1)[changed]
            bonds = int((sign * (bulk - 2 * held)[changed]).sum()) - int(poses.filled[on].sum())
            if best is not None and (steps, bonds) >= best:
                continue
            coordination = dense @ kept + n_anchors[on].sum(axis=0)
            if (coordination < shell.minimum)[kept].any():
                continue
            counts = {s: int((candidates.symbols[kept] == s).sum()) for s in unit}
            counts["S"] += 0.5 * int((poses.charge[on] < 0).sum())
            n_all = sum(counts.values())
            tolerance = options.ratio_tolerance + 1e-9
            if any(abs(counts[s] - n_all / 2) > tolerance * n_all / 2 for s in unit):
                continue
            if connected_components(candidates.connectivity[kept][:, kept])[0] == 1:
                best = (steps, bonds)
    return best
