"""Edits that answer traps: vacant sites, proposals by an independent count, recipes that build."""

import csv
import json
import warnings
from functools import cache

import numpy as np
import pytest
from ase.data import atomic_numbers
from ase.data.vdw_alvarez import vdw_radii
from heterostructure import states_on
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist
from scipy.spatial.transform import Rotation
from typer.testing import CliRunner

import epicarve as ec
from epicarve.analysis.options import AnalysisOptions
from epicarve.analysis.states import Analysis, cause_of
from epicarve.builder.geometry import BondRule
from epicarve.builder.ligands import ligand_of
from epicarve.builder.model import Model
from epicarve.builder.passivation import (
    AddedIon,
    Change,
    Halide,
    Surroundings,
    bulk_potentials_v,
    edited,
    ligand_on,
    propose,
    vacant_sites,
)
from epicarve.builder.point_charges import electrostatics, electrostatics_of, potentials_v
from epicarve.cli.main import app
from epicarve.units import COULOMB_V_A

NAMES = ("PbS", "Pb4S3Cl2", "CsPbCl3")
MADELUNG_ROCK_SALT = 1.747565  # referred to the nearest distance
RECIPE = {
    "crystal": {"name": "PbS"},
    "shape": {"kind": "sphere", "diameter_nm": 1.5},
    "engine": "xtb",
    "xtb": {"max_steps": 7},
    "analysis": {
        "ipr_max": 0.1,
        "groups": {"rim": "1-9"},
        "figures": {"formats": ["png"], "groups": "own"},
    },
}


@cache
def dot(name):
    return ec.carve(ec.crystal(name), ec.Sphere(diameter_nm=1.5))


@cache
def around(name):
    return Surroundings.of(dot(name), {name: ec.crystal(name)})


@cache
def methylamine():
    return ligand_of("methylamine")


def bare_ions(name):
    look = around(name)
    return sorted(range(dot(name).n_ions), key=lambda ion: (look.filled(ion), ion))


@cache
def proposals(name, ions):
    return propose(around(name), ions, Halide("Cl"), methylamine())


def test_bulk_potentials_of_rock_salt_follow_from_its_madelung_constant():
    crystal = ec.crystal("PbS")
    shortest_a = min(crystal.contacts_a.values())
    expected = 2.0 * MADELUNG_ROCK_SALT * COULOMB_V_A / shortest_a
    signs = -np.sign(crystal.oxidation_states)
    assert bulk_potentials_v(crystal) == pytest.approx(signs * expected, rel=1e-4)


@settings(max_examples=15, deadline=None)
@given(st.sampled_from(NAMES), st.integers(0, 10**6), st.integers(0, 10**6))
def test_the_place_of_an_ion_that_is_taken_out_is_a_vacant_site(name, number, seed):
    whole = dot(name)
    turn = Rotation.random(random_state=seed % 2**31).as_matrix()
    ion = number % whole.n_atoms
    kept = np.arange(whole.n_atoms) != ion
    model = Model(
        **{
            field: getattr(whole, field)[kept]
            for field in (
                *("symbols", "charges", "domains", "sites"),
                *("coordination", "bulk_coordination", "components"),
            )
        },
        positions_a=(whole.positions_a @ turn.T)[kept] + 3.0,
        report=whole.report,
    )
    vacant = vacant_sites(model, {name: ec.crystal(name)}, BondRule.of(model).bonds(model))
    away = np.linalg.norm(vacant.positions_a - (turn @ whole.positions_a[ion] + 3.0), axis=1)
    there = int(np.argmin(away))
    assert away[there] < 0.01
    assert vacant.symbols[there] == whole.symbols[ion]
    assert vacant.sites[there] == whole.sites[ion]
    assert cdist(vacant.positions_a, model.positions_a).min() > 1.2


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(NAMES), st.lists(st.integers(0, 11), min_size=1, max_size=2, unique=True))
def test_every_proposal_is_neutral_without_short_contacts_and_answers_its_ions(name, ranks):
    model, look, crystal = dot(name), around(name), ec.crystal(name)
    ions = tuple(sorted(bare_ions(name)[rank] for rank in ranks))
    for proposal in proposals(name, ions):
        changed = edited(model, proposal.change)
        assert changed.net_charge == 0
        assert set(ions) <= proposal.answered
        if proposal.change.ligands:
            continue
        _hold_contacts(model, changed)
        energy_ev = electrostatics(changed).energy_ev - electrostatics(model).energy_ev
        bulk_v = bulk_potentials_v(crystal)
        gone = list(proposal.change.removed)
        ideal = 0.5 * sum(new.charge * bulk_v[new.site] for new in proposal.change.added)
        ideal -= 0.5 * float(model.charges[gone] @ bulk_v[model.sites[gone]])
        assert proposal.energy_ev == pytest.approx(energy_ev - ideal, abs=1e-6)
        if {*changed.symbols.tolist()} <= {*model.symbols.tolist()}:
            _hold_neighbours(model, changed, proposal, look)


def _hold_contacts(model, changed):
    """No pair is closer than nine tenths of what it, or else pairs of its signs, are before."""

    def shortest(of):
        apart = cdist(of.positions_a, of.positions_a)
        np.fill_diagonal(apart, np.inf)
        found = {}
        for i, one in enumerate(of.symbols.tolist()):
            for j, other in enumerate(of.symbols.tolist()[:i]):
                key = frozenset((one, other)), int(np.sign(of.charges[i] * of.charges[j]))
                found[key] = min(apart[i, j], found.get(key, np.inf))
        return found

    before = shortest(model)
    for (pair, sign), apart_a in shortest(changed).items():
        like = min(a for (_, each), a in before.items() if each == sign)
        assert apart_a > 0.9 * before.get((pair, sign), like) - 1e-6


def _hold_neighbours(model, changed, proposal, look):
    """Count the bonds of the changed model anew: those answered gain, no other ends up as bare."""
    rule = BondRule.of(model)
    coordination = rule.coordination(changed)
    gone = set(proposal.change.removed)
    kept = [ion for ion in range(model.n_ions) if ion not in gone]
    worst = min(look.filled(ion) for ion in proposal.ions)
    for row, ion in enumerate(kept):
        before = len(look.neighbours[ion])
        if ion in proposal.ions:
            assert coordination[row] > before
        elif coordination[row] < before:
            assert coordination[row] / model.bulk_coordination[ion] > worst


def test_each_kind_of_edit_is_found_somewhere():
    kinds = {
        proposal.change.kind
        for name in NAMES
        for ion in bare_ions(name)[:12]
        for proposal in proposals(name, (ion,))
    }
    assert kinds == {"move", "exchange", "add pair", "add Z-type", "remove", "ligand"}


def test_a_change_that_brings_ions_too_close_or_has_a_charge_is_no_proposal():
    model, look = dot("PbS"), around("PbS")
    beside = tuple((model.positions_a[0] + [1.0, 0.0, 0.0]).tolist())
    ion = AddedIon("Pb", 2, beside, "PbS", 0, 6, 0.0, -17.0, 2)
    assert look.shells_after(Change("add pair", (), (ion,))) is None
    assert Change("add pair", (), (ion,)).charge(model) == 2


def test_a_ligand_binds_by_its_nitrogen_where_neighbours_are_missing():
    model, look = dot("PbS"), around("PbS")
    cation = next(ion for ion in bare_ions("PbS") if model.charges[ion] > 0)
    put = ligand_on(look, cation, methylamine())
    nitrogen = put.positions_a[methylamine().anchors[0]]
    out = nitrogen - model.positions_a[cation]
    assert 2.3 < np.linalg.norm(out) < 3.0
    bonds = model.positions_a[look.neighbours[cation]] - model.positions_a[cation]
    assert out @ bonds.sum(axis=0) < 0.0
    others = np.arange(model.n_atoms) != cation
    radii = {s: vdw_radii[atomic_numbers[s]] for s in "CHNS"}
    radii["Pb"] = 0.5 * 5.936 - radii["S"]  # what the bond of galena leaves
    sums = np.add.outer(
        [radii[s] for s in methylamine().symbols.tolist()],
        [radii[s] for s in model.symbols[others].tolist()],
    )
    assert (cdist(put.positions_a, model.positions_a[others]) / sums).min() > 0.8
    changed = edited(model, Change("ligand", ligands=(put,)))
    assert changed.has_molecules
    assert changed.n_ions == model.n_ions + 1
    assert changed.domains[-1] == "ligand:methylamine"


def test_without_a_crystal_the_vacant_site_lies_against_the_bonds():
    model = dot("PbS")
    bonds = BondRule.of(model).bonds(model)
    lattice = vacant_sites(model, {"PbS": ec.crystal("PbS")}, bonds)
    given = vacant_sites(model, {}, bonds)
    five = np.flatnonzero(model.coordination == 5)
    assert five.size
    for ion in five.tolist():
        mine = [site for site, near in enumerate(given.neighbours) if ion in near]
        away = cdist(given.positions_a[mine], lattice.positions_a).min()
        assert away < 0.4  # one neighbour of six is missing, so it is opposite to another
    assert set(given.sites.tolist()) == {-1}


def traps_on(model, columns):
    flat = np.ones(model.n_atoms)
    energies_ev = [-6.0, *np.linspace(-5.5, -5.0, len(columns)), -3.0]
    return states_on(model, [flat, *columns, flat], energies_ev, len(columns) + 1)


def weights_on(model, atoms):
    weights = np.full(model.n_atoms, 1e-3)
    weights[list(atoms)] = 1.0
    return weights


def causes(model, columns, **options):
    found = Analysis.of(traps_on(model, columns), AnalysisOptions(ipr_max=0.03, **options), model)
    potentials = potentials_v(model.positions_a, model.charges)
    return [
        cause_of(trap, found.states.weights[:, trap.state], model, potentials)
        for trap in found.traps.traps
    ]


def test_causes_are_told_by_the_ions_that_hold_half_of_a_trap():
    model = dot("PbS")
    sulfur = np.flatnonzero(model.symbols == "S")
    by_neighbours = sulfur[np.argsort(model.coordination[sulfur], kind="stable")]
    barest, inner = by_neighbours[:2], by_neighbours[-1]
    on_two, spread, full = causes(
        model,
        [
            weights_on(model, barest),
            weights_on(model, sulfur[:16]),
            weights_on(model, [inner]),
        ],
    )
    assert (on_two.kind, on_two.ions) == ("coordination", tuple(sorted(barest.tolist())))
    assert f"S{barest[0] + 1} has {model.coordination[barest[0]]} of 6" in on_two.told
    assert (spread.kind, spread.ions) == ("spread", ())
    assert full.ions == ()
    assert full.kind in {"potential", "unknown"}


def test_a_trap_whose_ion_has_all_neighbours_but_an_odd_potential_is_told_so():
    model = dot("PbS")
    inner = int(np.argmax(model.coordination - 10 * (model.charges > 0)))
    analysis = Analysis.of(
        traps_on(model, [weights_on(model, [inner])]), AnalysisOptions(ipr_max=0.03), model
    )
    (trap,) = analysis.traps.traps
    weights = analysis.states.weights[:, trap.state]
    level = np.zeros(model.n_atoms)
    assert cause_of(trap, weights, model, level).kind == "unknown"
    level[inner] = -2.0  # electrons are lifted where the potential is low
    assert cause_of(trap, weights, model, level).kind == "potential"
    assert cause_of(trap, weights, model, -level).kind == "unknown"


@pytest.fixture(scope="module")
def job(tmp_path_factory):
    folder = tmp_path_factory.mktemp("job")
    model = ec.build(RECIPE, folder).model
    bare = [ion for ion in bare_ions("PbS") if dot("PbS").charges[ion] < 0]
    assert np.array_equal(model.positions_a, dot("PbS").positions_a)
    states = traps_on(model, [weights_on(model, bare[:1]), weights_on(model, bare[:2])])
    (folder / "2-states").mkdir()
    states.save(folder / "2-states" / "states.npz")
    return folder


@pytest.fixture(scope="module")
def found(job, tmp_path_factory):
    out = tmp_path_factory.mktemp("out") / "passivate"
    return ec.passivate(job, out, most=20), out


def test_proposals_are_ranked_and_each_is_a_recipe_that_builds(job, found):
    passivation, out = found
    rows = [edit.as_dict() for edit in passivation.edits]
    assert [row["n_atoms"] for row in rows] == sorted(row["n_atoms"] for row in rows)
    assert len({row["kind"] for row in rows}) > 2
    before = Model.read(job)
    for row in rows:
        recipe = ec.Recipe.read(out / row["recipe"])
        assert recipe.as_dict()["xtb"] == {"max_steps": 7}
        assert recipe.as_dict()["analysis"] == {"ipr_max": 0.1, "figures": {"formats": ["png"]}}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ec.GuessWarning)
            model = ec.build(recipe).model
        assert model.net_charge == 0
        assert model.formula == row["formula"]
        assert model.n_components <= before.n_components
        on_lattice = model.sites >= 0
        assert on_lattice.sum() >= before.n_atoms - 4
        assert (model.bulk_coordination[on_lattice] == 6).all()


def test_a_proposal_with_a_ligand_builds_as_one_piece(tmp_path):
    model, look = dot("PbS"), around("PbS")
    cation = next(ion for ion in bare_ions("PbS") if model.charges[ion] > 0)
    put = ligand_on(look, cation, methylamine())
    edited(model, Change("ligand", ligands=(put,))).write_extxyz(tmp_path / "a.extxyz")
    asked = {"structure": {"file": str(tmp_path / "a.extxyz"), "crystals": ["PbS"]}}
    with pytest.warns(ec.GuessWarning, match="bonds taken from the structure itself: up to Pb-"):
        built = ec.build(asked).model
    assert built.domain_names == ("PbS", "ligand:methylamine")
    assert built.n_components == 1
    assert built.n_ions == model.n_ions + 1
    assert built.coordination[cation] == model.coordination[cation] + 1


def test_files_tell_what_is_printed_and_are_the_same_each_time(job, found, tmp_path):
    passivation, out = found
    told = json.loads((out / "passivate.json").read_text())
    assert told == json.loads(json.dumps(passivation.as_dict()))
    with (out / "passivate.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    pairs = [(t["state"], rank) for t in told["traps"] for rank in t["proposals"]]
    assert [(int(row["state"]), int(row["proposal"])) for row in rows] == pairs
    ec.passivate(job, tmp_path / "again", most=20)
    names = sorted(path.name for path in out.iterdir())
    assert names == sorted(path.name for path in (tmp_path / "again").iterdir())
    for name in names:
        assert (out / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


def test_fewer_proposals_take_the_files_of_more_away(job, tmp_path):
    many = ec.passivate(job, tmp_path / "out", most=20)
    few = ec.passivate(job, tmp_path / "out", most=1)
    assert len(few.edits) < len(many.edits)
    recipes = {path.name for path in (tmp_path / "out").glob("proposal-*.yaml")}
    assert recipes == {f"{edit.name}.yaml" for edit in few.edits}


def test_a_trap_on_two_ions_is_answered_only_by_edits_of_both(found):
    passivation, _ = found
    on_one, on_two = passivation.traps
    assert (len(on_one.cause.ions), len(on_two.cause.ions)) == (1, 2)
    assert on_two.proposals
    assert set(on_two.proposals) <= set(on_one.proposals)
    for edit in passivation.edits:
        mends_both = set(on_two.cause.ions) <= edit.proposal.answered
        assert (edit.rank in on_two.proposals) == mends_both


def test_the_command_prints_traps_and_proposals(job, tmp_path):
    done = CliRunner().invoke(app, ["passivate", str(job), "-o", str(tmp_path / "out")])
    assert done.exit_code == 0
    assert max(len(line) for line in done.stdout.splitlines()[:-1]) <= 80
    assert "epicarve run" in done.stdout
    printed = CliRunner().invoke(app, ["passivate", str(job), "-o", str(tmp_path / "o"), "--json"])
    assert json.loads(printed.stdout)["proposals"][0]["recipe"] == "proposal-1.yaml"


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"halide": "O"}, "--halide O: it is no halide"),
        ({"ligand": "acetate"}, "--ligand acetate: it is not a neutral molecule"),
        ({"most": 0}, "give 1 or more"),
        ({"ipr_max": 1.0, "n_ipr_max": 100.0}, "it has no traps"),
    ],
)
def test_what_can_not_be_done_is_refused_and_nothing_written(job, tmp_path, asked, told):
    with pytest.raises(ec.InputError, match=told):
        ec.passivate(job, tmp_path / "out", **asked)
    assert not (tmp_path / "out").exists()


def test_runs_without_a_model_or_with_nothing_to_mend_are_refused(job, tmp_path):
    with pytest.raises(ec.InputError, match=r"there is no model\.extxyz"):
        ec.passivate(tmp_path, tmp_path / "out")
    model = ec.build(RECIPE, tmp_path / "spread").model
    sulfur = np.flatnonzero(model.symbols == "S")
    (tmp_path / "spread" / "2-states").mkdir()
    spread = traps_on(model, [weights_on(model, sulfur[:8])])
    spread.save(tmp_path / "spread" / "2-states" / "states.npz")
    with pytest.raises(ec.InputError, match=r"nothing to propose for its 1 traps \(causes: 1 spr"):
        ec.passivate(tmp_path / "spread", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_structures_that_tell_sites_are_known_as_carved_and_wrong_sites_refused(tmp_path):
    model = dot("Pb4S3Cl2")
    model.write_extxyz(tmp_path / "a.extxyz")
    known = Model.from_structure(tmp_path / "a.extxyz", crystals=[ec.crystal("Pb4S3Cl2")])
    assert np.array_equal(known.sites, model.sites)
    assert np.array_equal(known.bulk_coordination, model.bulk_coordination)
    assert np.array_equal(known.coordination, model.coordination)
    atoms = model.to_ase()
    atoms.arrays["site"][3] = 99
    with pytest.raises(ec.InputError, match="atom 4 has the site 99"):
        Model.from_structure(atoms, crystals=[ec.crystal("Pb4S3Cl2")])


def test_energies_of_changes_are_those_of_point_charges():
    model, look = dot("PbS"), around("PbS")
    anion = int(np.flatnonzero(model.charges < 0)[0])
    kept = np.arange(model.n_atoms) != anion
    without = electrostatics_of(model.positions_a[kept], model.charges[kept])
    change = Change("remove", (anion,))
    bulk_ev = 0.5 * float(model.charges[anion] * look.ideal_v[anion])
    expected = without.energy_ev - electrostatics(model).energy_ev + bulk_ev
    assert look.energy_ev(change) == pytest.approx(expected, abs=1e-8)
