"""Particles that are made here, moved and shaken, are recognised; what is no crystal is not."""

import json
import sys
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule
from ase.cluster import Octahedron
from ase.io import read, write
from heterostructure import joined
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

import epicarve as ec
from epicarve.builder.crystal import molecules_among, replaced
from epicarve.builder.geometry import kabsch
from epicarve.builder.recognition import shape_of
from epicarve.cli import main
from epicarve.workflow.tasks.identify import identified

QUICK = {"relocations": 0}
LOOSE = {**QUICK, "strong_bonds": False, "ratio_tolerance": 0.1}
"""What makes models cheap; how good their surfaces are is not asked here."""

RATTLE_A = 0.2


@cache
def dot(name, diameter_nm=2.2):
    balance = LOOSE if name.startswith("Pb3S2Cl2") else QUICK
    return ec.carve(ec.crystal(name), ec.Sphere(diameter_nm=diameter_nm), balance)


def shaken(model, seed, rattle_a=RATTLE_A):
    """Atoms of a model in another place and order; where they would lie unshaken; the order."""
    random = np.random.default_rng(seed)
    turn = Rotation.random(random_state=random).as_matrix()
    order = random.permutation(model.n_atoms)
    ideal = (model.positions_a @ turn.T + random.uniform(-9.0, 9.0, 3))[order]
    moved = ideal + random.normal(0.0, rattle_a, ideal.shape)
    return Atoms(model.symbols[order].tolist(), moved), ideal, order


def angle_deg(one, other):
    cosine = 0.5 * (np.trace(one.T @ other) - 1.0)
    return np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0)))


def require_lattice(lattice, ideal, mine, sites):
    """The lattice found is the one that was carved, and ions stand on sites of their orbits."""
    assert lattice.members[mine].all()
    orbits = lattice.crystal.symmetry.orbits
    assert np.array_equal(orbits[lattice.sites[mine]], orbits[sites[mine]])
    fit = kabsch(lattice.places_a[mine], ideal[mine])
    assert fit.rms_a < 1e-6  # the same crystal, place by place
    assert angle_deg(fit.rotation, lattice.fit.rotation) < 1.0
    off = lattice.fit.positions_a(lattice.places_a[mine]) - ideal[mine]
    assert np.sqrt((off**2).sum(axis=1).mean()) < 0.2


@pytest.mark.parametrize(
    "name", ["PbS", "CsPbCl3", "CsPbBr3-Pnma", "Pb3S2Cl2", "Pb3S2Cl2-I213", "Pb4S3Br2"]
)
def test_a_shaken_particle_is_recognised(name):
    model = dot(name, 2.0)
    atoms, ideal, order = shaken(model, seed=3)
    found = ec.identify(atoms)
    assert [domain.crystal for domain in found.domains] == [name]
    assert (found.counts, found.net_charge) == (model.counts, 0)
    (domain,), (lattice,) = found.domains, found.lattices
    assert domain.ordering.is_own and domain.ordering.agreement == 1.0
    is_bulk = (model.coordination == model.bulk_coordination)[order]
    require_lattice(lattice, ideal, is_bulk, model.sites[order])
    assert np.allclose(domain.orientation, lattice.fit.rotation, atol=1e-5)
    assert domain.assigned_fraction > 0.9
    assert found.interface is None


@settings(max_examples=3, deadline=None)
@given(st.integers(0, 1000))
def test_nothing_depends_on_place_and_order(seed):
    model = dot("CsPbCl3", 1.6)
    first = ec.identify(model).as_dict()
    second = ec.identify(shaken(model, seed, rattle_a=0.0)[0]).as_dict()
    for key in ("counts", "net_charge", "surface", "unassigned", "coordination"):
        assert first[key] == second[key]
    assert first["dipole_debye"] == pytest.approx(second["dipole_debye"], abs=1e-3)
    one, other = first["domains"][0], second["domains"][0]
    assert one["assigned_fraction"] == other["assigned_fraction"] == 1.0
    assert one["core_cell"] == pytest.approx(other["core_cell"], abs=1e-3)


def test_the_cell_of_the_core_is_that_of_a_strained_particle():
    model = dot("Pb4S3Br2")
    strain = np.diag([1.03, 0.98, 1.01])
    moved = replace(model, positions_a=model.positions_a @ strain)
    cell = ec.identify(moved).domains[0].core_cell
    a, b, c = np.array(ec.crystal("Pb4S3Br2").cell_parameters[:3]) * np.diag(strain)
    assert [cell.a, cell.b, cell.c] == pytest.approx([a, b, c], rel=2e-3)
    assert [cell.alpha, cell.beta, cell.gamma] == pytest.approx([90.0] * 3, abs=0.2)


def test_an_ordering_is_found_with_a_margin():
    own = ec.crystal("Pb3S2Cl2")
    symbols, charges = own.symbols.copy(), own.oxidation_states.copy()
    first = {str(s): np.flatnonzero(own.symbols == s) for s in ("S", "Cl")}
    orbits = own.symmetry.orbits
    to_cl = first["S"][orbits[first["S"]] != orbits[first["S"][0]]]  # X1
    to_s = first["Cl"][orbits[first["Cl"]] == orbits[first["Cl"][0]]]  # X2
    symbols[to_cl], charges[to_cl], symbols[to_s], charges[to_s] = "Cl", -1, "S", -2
    other = replace(own, symbols=symbols, oxidation_states=charges, name="reordered")
    model = ec.carve(other, ec.Sphere(diameter_nm=2.4), QUICK)
    found = ec.identify(shaken(model, seed=1, rattle_a=0.1)[0])
    domain = found.domains[0]
    assert domain.crystal == "Pb3S2Cl2" and found.net_charge == 0
    told = {domain.ordering.told, *domain.equal_orderings}
    assert "S on X0, X2; Cl on X1, X3" in told
    assert not domain.ordering.is_own and domain.ordering.n_orderings == 6
    assert domain.ordering.agreement == 1.0 and domain.ordering.next_agreement < 0.7


@pytest.mark.parametrize("crystals", [None, ["Pb3S2Cl2", "Pb3S2Cl2-X1X3"]])
def test_an_ordering_that_is_a_crystal_is_told_once_and_by_its_name(crystals, tmp_path):
    model = dot("Pb3S2Cl2-X1X3", 2.6)
    atoms, _, _ = shaken(model, seed=0)  # with the places of the other one it lies otherwise
    write(tmp_path / "dot.xyz", atoms)
    found = identified(tmp_path / "dot.xyz", crystals, recipe=tmp_path / "like.yaml")
    (domain,) = found.domains
    assert domain.crystal == "Pb3S2Cl2" and not domain.ordering.is_own
    assert domain.ordering.crystal == "Pb3S2Cl2-X1X3" and domain.ordering.agreement == 1.0
    assert domain.ordering.sites == {"X0": "Cl", "X1": "S", "X2": "Cl", "X3": "S"}
    assert domain.next_best is None or domain.next_best.ordering != domain.ordering.told
    assert domain.n_substituted == 0 and domain.assigned_fraction > 0.95
    assert "{name: Pb3S2Cl2-X1X3}" in (tmp_path / "like.yaml").read_text()
    assert not list(tmp_path.glob("*.cif"))
    alone = ec.identify(atoms, ["Pb3S2Cl2-X1X3"]).domains[0]
    assert alone.crystal == "Pb3S2Cl2-X1X3" and alone.ordering.is_own


def test_neighbours_inside_are_those_of_the_bulk():
    found = ec.identify(shaken(dot("PbS"), seed=5, rattle_a=0.05)[0])
    assert set(found.inner_coordination) == {"Pb", "S"}
    for symbol, inner in found.inner_coordination.items():
        assert set(inner.numbers) == {"6"}
        assert sum(inner.numbers.values()) == found.counts[symbol] - found.surface[symbol]
        assert found.coordination[symbol].mean < inner.mean


def test_another_halide_is_told():
    model = ec.carve(
        replaced(ec.crystal("CsPbBr3-Pnma"), {"Br": "I"}), ec.Sphere(diameter_nm=1.8), QUICK
    )
    (domain,) = ec.identify(shaken(model, seed=5)[0]).domains
    told = ("CsPbBr3-Pnma with I for Br", "CsPbI3-as-CsPbBr3-Pnma")
    assert (domain.told, domain.crystal) == told


def test_of_a_bundled_crystal_in_another_halide_that_is_bundled_too_the_latter_is_told():
    model = ec.carve(
        replaced(ec.crystal("CsPbBr3"), {"Br": "I"}), ec.Sphere(diameter_nm=1.8), QUICK
    )
    (domain,) = ec.identify(shaken(model, seed=5)[0]).domains
    assert (domain.told, domain.crystal) == ("CsPbI3", "CsPbI3")


def test_halides_on_a_sulfide_are_told():
    model = dot("PbS")
    symbols = model.symbols.copy()
    symbols[model.is_surface & (symbols == "S")] = "Cl"
    found = ec.identify(replace(model, symbols=symbols))
    (domain,) = found.domains
    assert domain.crystal == "PbS" and domain.assigned_fraction == 1.0
    assert domain.substituted == {"Cl on S": int((symbols == "Cl").sum())}
    assert found.net_charge == (symbols == "Cl").sum()


def test_an_interface_is_recognised():
    model = joined()
    told = model.report.interface
    atoms, ideal, order = shaken(model, seed=2)
    found = ec.identify(atoms)
    assert [domain.crystal for domain in found.domains] == ["Pb4S3Cl2", "CsPbCl3"]
    for lattice in found.lattices:
        mine = model.domains[order] == lattice.crystal.name
        away = cKDTree(ideal[~mine]).query(ideal)[0] > 5.0
        is_bulk = (model.coordination == model.bulk_coordination)[order]
        require_lattice(lattice, ideal, mine & away & is_bulk, model.sites[order])
    meeting = found.interface
    assert (meeting.film_hkl, meeting.substrate_hkl) == (told.film_hkl, told.substrate_hkl)
    assert meeting.film_termination == told.film_termination
    assert meeting.substrate_termination == told.substrate_termination
    assert meeting.film_directions == ((1, 0, 0), (0, 0, 1))
    assert meeting.substrate_directions == ((0, 1, 1), (0, -1, 1))
    assert meeting.gap_a == pytest.approx(told.gap_a, abs=0.4)
    assert meeting.continuity.continued == told.continuity.continued
    assert meeting.continuity.matched_fraction > 0.8


def cut_lattice(name, origin, radius_a, sign):
    """Symbols and positions of a plain half sphere of a cubic crystal, above or below z = 0."""
    crystal = ec.crystal(name)
    cells = np.stack(np.meshgrid(*[np.arange(-4, 5)] * 3, indexing="ij"), axis=-1).reshape(-1, 1, 3)
    places = ((crystal.fractional + origin + cells) @ crystal.cell_a).reshape(-1, 3)
    kept = (np.linalg.norm(places, axis=1) < radius_a) & (sign * places[:, 2] > 0.0)
    return np.tile(crystal.symbols, len(cells))[kept], places[kept]


def test_halves_that_share_sites_are_both_recognised():
    # Pb and the anions of the perovskite stand on sites of PbS continued; only Cs does not
    film = cut_lattice("CsPbBr3", (0.0, 0.0, 0.47), 12.0, sign=1)
    substrate = cut_lattice("PbS", (0.5, 0.5, 0.97), 12.0, sign=-1)
    symbols, places = (np.concatenate(both) for both in zip(film, substrate, strict=True))
    is_film = np.arange(len(symbols)) < len(film[0])
    moved = places + np.random.default_rng(0).normal(0.0, RATTLE_A, places.shape)
    found = ec.identify(Atoms(symbols.tolist(), moved), ["CsPbBr3", "PbS"])
    regions = {lattice.crystal.name: lattice.region for lattice in found.lattices}
    assert set(regions) == {"CsPbBr3", "PbS"}
    assert (regions["CsPbBr3"] == is_film).mean() > 0.95
    assert (regions["PbS"] != is_film).mean() > 0.95
    assert (found.interface.film_termination, found.interface.substrate_termination) == (
        "CsBr",
        "PbS",
    )


@pytest.mark.parametrize(("height", "is_told"), [(0.24, False), (0.4, True)])
def test_layers_that_fit_both_lattices_are_told(height, is_told):
    # at 0.4 the film goes on as the perovskite below it: a PbCl2 and a CsCl layer are of either
    film = cut_lattice("Cs2PbCl4", (0.0, 0.0, height), 12.0, sign=1)
    substrate = cut_lattice("CsPbCl3", (0.0, 0.0, 0.25), 12.0, sign=-1)
    symbols, places = (np.concatenate(both) for both in zip(film, substrate, strict=True))
    moved = places + np.random.default_rng(0).normal(0.0, RATTLE_A, places.shape)
    found = ec.identify(Atoms(symbols.tolist(), moved), ["Cs2PbCl4", "CsPbCl3"])
    assert any("may lie elsewhere" in note for note in found.notes) is is_told
    assert (found.interface.plane_range_a > 4.5) is is_told
    assert (found.interface.n_in_plane_range > 40) is is_told


def test_the_registry_is_that_of_the_recipe():
    model = joined()
    meeting = ec.identify(model).interface
    away = np.array(meeting.registry_a) - model.report.interface.registry.vector_a
    mirrored = -np.array(meeting.registry_a) - model.report.interface.registry.vector_a
    lattice = np.array(meeting.registry_lattice_a)
    off = []
    for one in (away, mirrored):  # a twofold axis of the film takes a registry to its opposite
        parts = one @ np.linalg.inv(lattice)
        off.append(np.linalg.norm((parts - np.rint(parts)) @ lattice))
    assert min(off) < 0.3


@pytest.mark.parametrize(
    ("shape", "kind"),
    [
        (ec.Sphere(diameter_nm=2.4), "sphere"),
        (ec.Hemisphere(diameter_nm=3.0, hkl=(1, 0, 0), termination="PbCl2"), "hemisphere"),
        (
            ec.Box(
                faces=[{"hkl": hkl, "length_nm": 2.242} for hkl in np.eye(3, dtype=int).tolist()],
                centre=(0.25, 0.25, 0.25),
            ),
            "box",
        ),
    ],
)
def test_the_shape_is_found(shape, kind):
    found = ec.identify(ec.carve(ec.crystal("CsPbCl3"), shape, QUICK))
    got = shape_of(found.lattices[0])
    assert (got.spec.kind, got.agreement > 0.8) == (kind, True)
    if kind != "box":
        assert got.spec.diameter_nm == pytest.approx(shape.diameter_nm, rel=0.06)


def test_a_recipe_builds_the_like(tmp_path):
    model = dot("CsPbCl3")
    write(tmp_path / "dot.xyz", shaken(model, seed=8)[0])
    recipe = tmp_path / "like.yaml"
    identified(tmp_path / "dot.xyz", recipe=recipe)
    again = ec.build(recipe).model
    assert again.net_charge == 0
    assert again.n_atoms == pytest.approx(model.n_atoms, rel=0.1)


def test_what_is_written(tmp_path):
    found = ec.identify(dot("PbS"))
    found.write(tmp_path / "out")
    told = json.loads((tmp_path / "out" / "identification.json").read_text())
    assert told == json.loads(json.dumps(found.as_dict()))
    assert set(told["domains"][0]["core_cell"]) == {"a", "b", "c", "alpha", "beta", "gamma"}
    atoms = read(tmp_path / "out" / "identification.extxyz")
    assert set(atoms.arrays["domain"]) == {"PbS"}
    assert (tmp_path / "out" / "identification.png").read_bytes()[:4] == b"\x89PNG"


def test_molecules_are_foreign():
    model = dot("CsPbBr3")
    acetate = molecule("CH3COOH")
    oxygen = acetate.positions[acetate.symbols == "O"]
    to_oxygen = np.where(acetate.symbols == "H", cKDTree(oxygen).query(acetate.positions)[0], 9.0)
    del acetate[int(np.argmin(to_oxygen))]  # the acid's hydrogen
    atoms = Atoms(model.symbols.tolist(), model.positions_a)
    reach = model.positions_a[:, 0].max() + 4.0
    for k in range(3):
        ligand = acetate.copy()
        ligand.translate([reach, 7.0 * k - 7.0, 0.0])
        atoms += ligand
    found = ec.identify(atoms)
    assert found.foreign == {"C2H3O2": 3}
    assert found.net_charge == -3
    assert set(found.domain_of[len(model.symbols) :]) == {"none"}
    assert [domain.crystal for domain in found.domains] == ["CsPbBr3"]
    assert len(molecules_among(np.array(list(atoms.symbols)), atoms.positions)) == 3


def test_unknown_charges_are_not_told():
    model = dot("CsPbBr3")
    atoms = Atoms(model.symbols.tolist(), model.positions_a)
    atoms += Atoms("Au", [[model.positions_a[:, 0].max() + 4.0, 0.0, 0.0]])
    found = ec.identify(atoms)
    assert found.net_charge is None and found.dipole_debye is None
    assert found.foreign == {"Au": 1}
    assert any("Au" in note for note in found.notes)


def test_an_amorphous_heap_is_no_crystal():
    random = np.random.default_rng(0)
    points = random.uniform(-12.0, 12.0, (1500, 3))
    kept = []
    for k, point in enumerate(points):
        if all(np.linalg.norm(point - points[j]) > 2.7 for j in kept):
            kept.append(k)
    symbols = ["PbSCl"[2 * (k % 2) :][:2] if k % 2 == 0 else ("S", "Cl")[k % 4 // 2] for k in kept]
    found = ec.identify(Atoms(symbols, points[kept]))
    assert found.domains == () and found.interface is None
    assert sum(found.unassigned.values()) == len(kept)
    assert any("No crystal was found" in note for note in found.notes)


@pytest.mark.parametrize(
    ("atoms", "said"),
    [
        (Octahedron("Au", 4), "it holds Au"),
        (molecule("CH3COOH"), "no bundled crystal"),
        (bulk("PbS", "rocksalt", a=5.936), "Å of vacuum"),
    ],
    ids=["gold", "molecule", "bulk"],
)
def test_what_is_no_ionic_particle_is_refused(atoms, said):
    with pytest.raises(ec.InputError, match=said):
        ec.identify(atoms)


def test_crystals_can_be_named(tmp_path):
    model = dot("CsPbCl3")
    with pytest.raises(ec.InputError, match="not the cations of Pb3S2Cl2-like"):
        ec.identify(Atoms("Cs2", [[0, 0, 0], [4, 0, 0]]), [_named("Pb3S2Cl2-like")])
    (domain,) = ec.identify(model, ["CsPbCl3-Pnma"]).domains
    assert domain.crystal == "CsPbCl3-Pnma"
    with pytest.raises(ec.InputError, match="no bundled crystal"):
        ec.identify(model, ["CsPbCl4"])
    with pytest.raises(ec.InputError, match="named twice"):
        ec.identify(model, ["PbS", "PbS"])


def _named(name):
    return replace(ec.crystal("Pb3S2Cl2"), name=name)


def test_xyz_without_its_head_is_read(tmp_path):
    model = dot("PbS")
    rows = zip(model.symbols.tolist(), model.positions_a.tolist(), strict=True)
    text = "\n".join(f"{symbol} {x} {y} {z}" for symbol, (x, y, z) in rows)
    (tmp_path / "bare.xyz").write_text(text + "\n")
    assert ec.identify(tmp_path / "bare.xyz").counts == model.counts
    (tmp_path / "bare.xyz").write_text(text + "\nPb 1.0 2.0\n")
    with pytest.raises(ec.InputError, match="no whole geometry"):
        ec.identify(tmp_path / "bare.xyz")


@pytest.fixture
def epicarve(monkeypatch, capsys):
    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["epicarve", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            main()
        told = capsys.readouterr()
        return stop.value.code or 0, told.out, told.err

    return call


def test_the_command(epicarve, tmp_path):
    model = dot("CsPbCl3")
    write(tmp_path / "dot.xyz", Atoms(model.symbols.tolist(), model.positions_a))
    code, out, _ = epicarve(
        "identify", tmp_path / "dot.xyz", "--crystals", "PbS", "CsPbCl3", "--json"
    )
    told = json.loads(out)
    assert code == 0 and told["interface"] is None and told["net_charge"] == 0
    assert np.allclose(told["domains"][0]["orientation"], np.eye(3), atol=1e-4)
    code, out, _ = epicarve("identify", tmp_path / "dot.xyz", "-o", tmp_path / "out")
    assert code == 0 and "cell of the core" in out
    assert len(list((tmp_path / "out").iterdir())) == 3


def test_a_bad_command_writes_nothing(epicarve, tmp_path):
    write(tmp_path / "gold.xyz", Octahedron("Au", 3))
    code, _, err = epicarve("identify", tmp_path / "gold.xyz", "-o", tmp_path / "out")
    assert code == 2 and "it holds Au" in err
    code, _, err = epicarve("identify", tmp_path / "gold.xyz", tmp_path / "gold.xyz")
    assert code == 2 and "one file at a time" in err
    assert not (tmp_path / "out").exists()
