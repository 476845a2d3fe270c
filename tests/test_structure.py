import numpy as np
import pytest
from heterostructure import janus
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import pdist
from scipy.spatial.transform import Rotation

from epicarve.analysis.compare import (
    Comparison,
    Distances,
    StructureOptions,
    debye_intensity,
    form_factor,
    radial_distribution,
)
from epicarve.analysis.states import Axis, Sites
from epicarve.builder.carve import carve
from epicarve.builder.geometry import SURE_A, BondRule, kabsch, match_atoms
from epicarve.builder.library import bundled_crystal
from epicarve.builder.shapes import Sphere
from epicarve.errors import InputError
from epicarve.workflow.tasks.structure import structure

seeds = st.integers(0, 2**32 - 1)
FAST = StructureOptions(two_theta_step_deg=1.0)


@given(seed=seeds)
def test_superposition_against_scipy(seed):
    rng = np.random.default_rng(seed)
    moving, fixed = rng.normal(size=(2, 12, 3))
    _, expected = Rotation.align_vectors(fixed - fixed.mean(axis=0), moving - moving.mean(axis=0))
    found = np.linalg.norm(kabsch(moving, fixed).applied(moving) - fixed)
    assert found == pytest.approx(expected, abs=1e-9)


@settings(max_examples=4, deadline=None)
@given(seed=seeds)
def test_a_shuffled_and_turned_particle_is_found_again(seed):
    rng = np.random.default_rng(seed)
    model = janus()
    order = rng.permutation(model.n_atoms)
    turn = Rotation.random(rng=rng).as_matrix()
    moved = model.positions_a @ turn.T + rng.normal(0.0, 9.0, 3)
    found = match_atoms(model.symbols, model.positions_a, model.symbols[order], moved[order])
    assert found.rmsd_a < 1e-9
    assert found.matched_by == "assignment"
    assert order[found.order].tolist() == list(range(model.n_atoms))


@pytest.fixture(scope="module")
def pieces():
    """Pieces of crystals, with and without axes of inertia of their own, 12 to 1500 atoms."""
    galena, chloride = bundled_crystal("PbS"), bundled_crystal("Pb4S3Cl2")
    models = [carve(galena, Sphere(radius_a=radius_a)) for radius_a in (4.0, 6.0, 9.0)]
    models += [carve(chloride, Sphere(radius_a=12.0))]
    models += [carve(bundled_crystal("Pb3S2Cl2"), Sphere(radius_a=21.0)), janus()]
    named = [(m.symbols, m.positions_a) for m in models]
    grid = np.stack(np.meshgrid(*[np.arange(6)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    return [*named, (np.array(["Pb", "S"])[grid.sum(axis=1) % 2], 2.97 * grid)]  # a cube


@settings(max_examples=15, deadline=None)
@given(seed=seeds, which=st.integers(0, 6), noise_a=st.sampled_from([0.0, 0.05, 0.1]))
def test_any_turn_order_and_noise_leave_the_deviation_of_the_noise(pieces, seed, which, noise_a):
    rng = np.random.default_rng(seed)
    symbols, points = pieces[which]
    order = rng.permutation(len(symbols))
    shaken = points + rng.normal(0.0, noise_a, points.shape) if noise_a else points
    for mirror in (1.0, -1.0):
        moved = mirror * shaken @ Rotation.random(rng=rng).as_matrix().T + 7.0
        found = match_atoms(symbols, points, symbols[order], moved[order])
        left_a = kabsch(shaken, points).rms_a
        most_a = left_a if mirror > 0.0 else max(left_a, SURE_A)  # as good without a mirror
        assert 0.7 * left_a - 1e-6 <= found.rmsd_a <= most_a + 1e-6
        assert (symbols[order][found.order] == symbols).all()
        if mirror > 0.0:
            assert not found.is_mirrored


def test_a_mirror_image_is_told(pieces):
    symbols, points = pieces[3]
    comparison = Comparison.of(symbols, points, symbols[::-1], -points[::-1], options=FAST)
    assert comparison.match.rmsd_a < 1e-6
    assert comparison.as_dict()["mirrored"]
    assert "mirror image" in comparison.reasons["match"]


def test_two_atoms_that_changed_places_in_the_file_do_not_move(pieces):
    symbols, points = pieces[2]
    first, second = np.flatnonzero(symbols == "Pb")[:2]
    swapped = points.copy()
    swapped[[first, second]] = points[[second, first]]
    found = match_atoms(symbols, points, symbols, swapped)
    assert (found.matched_by, round(found.rmsd_a, 9)) == ("assignment", 0.0)


def test_another_structure_is_no_match_and_told(pieces):
    symbols, points = pieces[1]
    rng = np.random.default_rng(5)
    other = rng.uniform(points.min(), points.max(), points.shape)
    comparison = Comparison.of(symbols, points, symbols, other, options=FAST)
    assert not comparison.match.is_close
    assert "mean little" in comparison.reasons["match"]


@pytest.mark.parametrize(
    "points", [[[0.0, 0, 0]], [[0.0, 0, 0], [0, 0, 2.9]], [[0.0, 0, 0], [0, 0, 3], [0, 0, 7.5]]]
)
def test_few_atoms_and_lines_are_matched(points):
    points = np.array(points)
    symbols = np.array(["Pb", "S", "Pb"])[: len(points)]
    turned = points @ Rotation.from_euler("xyz", [20, 70, 40], degrees=True).as_matrix().T
    found = match_atoms(symbols, points, symbols[::-1], turned[::-1])
    assert found.rmsd_a < 1e-6


def test_many_atoms_are_matched_among_near_ones(monkeypatch):
    model = janus()
    rng = np.random.default_rng(0)
    order = rng.permutation(model.n_atoms)
    moved = model.positions_a + rng.normal(0.0, 0.1, model.positions_a.shape)
    arguments = (model.symbols, model.positions_a, model.symbols[order], moved[order])
    dense = match_atoms(*arguments)
    monkeypatch.setattr("epicarve.builder.geometry.matching.DENSE_ATOMS", 5)
    sparse = match_atoms(*arguments)
    assert sparse.order.tolist() == dense.order.tolist()
    assert sparse.rmsd_a == pytest.approx(dense.rmsd_a)
    assert dense.rmsd_a <= np.sqrt(((moved - model.positions_a) ** 2).sum(axis=1).mean())


def test_other_atoms_are_refused():
    model = janus()
    with pytest.raises(InputError, match="not of the same atoms"):
        match_atoms(model.symbols, model.positions_a, model.symbols[1:], model.positions_a[1:])


@given(seed=seeds, n_atoms=st.integers(2, 12))
def test_distances_against_brute_force(seed, n_atoms):
    rng = np.random.default_rng(seed)
    symbols = np.array(["S", "Pb", "Cl"])[rng.integers(0, 3, n_atoms)]
    points = rng.uniform(0.0, 8.0, (n_atoms, 3))
    found = Distances.of(symbols, points)
    assert found.counts.sum() == n_atoms * (n_atoms - 1) // 2
    lengths = np.repeat(found.lengths_a.ravel(), found.counts.ravel())
    np.testing.assert_allclose(np.sort(lengths), np.sort(pdist(points)), atol=0.00251)


def test_the_debye_formula_against_its_double_sum():
    rng = np.random.default_rng(2)
    symbols = np.array(["Pb", "S", "Cl"])[rng.integers(0, 3, 40)]
    points, q = rng.uniform(0.0, 12.0, (40, 3)), np.linspace(0.3, 6.0, 50)
    found = debye_intensity(Distances.of(symbols, points), q)
    factors = np.stack([form_factor(symbol, q) for symbol in symbols])
    r = np.linalg.norm(points[:, None] - points, axis=2)
    sincs = np.sinc(r[:, :, None] * q / np.pi)
    expected = np.einsum("iq,jq,ijq->q", factors, factors, sincs)
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_the_debye_formula_against_ase():
    from ase import Atoms
    from ase.utils.xrdebye import XrDebye

    model = carve(bundled_crystal("PbS"), Sphere(radius_a=8.0)).positions_a
    q = np.linspace(0.5, 5.0, 20)
    peer = XrDebye(Atoms("S" * len(model), positions=model), 1.5406, damping=0.0, method="plain")
    expected = peer.calc_pattern(q, mode="SAXS") / 16.0**2  # its factor of S is the number 16
    found = debye_intensity(Distances.of(np.full(len(model), "S"), model), q)
    np.testing.assert_allclose(found / form_factor("S", q) ** 2, expected, rtol=1e-4)


@pytest.mark.parametrize("symbol", ["S", "Cl", "Au"])
def test_form_factors_against_another_table(symbol):
    from ase.utils.xrdebye import XrDebye

    q = np.array([0.5, 2.0, 5.0])
    peer = XrDebye(None, 1.5406)
    expected = [peer.get_waasmaier(symbol, 0.5 * value / (2.0 * np.pi)) for value in q]
    np.testing.assert_allclose(form_factor(symbol, q), expected, rtol=0.01)


def test_peaks_stand_where_bragg_puts_them():
    from pymatgen.analysis.diffraction.xrd import XRDCalculator
    from pymatgen.core.lattice import Lattice
    from pymatgen.core.structure import Structure

    galena = bundled_crystal("PbS")
    bulk = Structure(Lattice(galena.cell_a), galena.symbols.tolist(), galena.fractional)
    pattern = XRDCalculator(1.5406).get_pattern(bulk, two_theta_range=(20, 55))
    strongest = sorted(pattern.x[np.argsort(pattern.y)[-3:]])  # (111), (200), (220)
    model = carve(galena, Sphere(radius_a=25.0))
    angles = np.arange(20.0, 55.0, 0.05)
    q = 4.0 * np.pi * np.sin(np.radians(angles / 2.0)) / 1.5406
    found = debye_intensity(Distances.of(model.symbols, model.positions_a), q)
    for peak in strongest:
        near = np.abs(angles - peak) < 1.0
        assert angles[near][np.argmax(found[near])] == pytest.approx(peak, abs=0.25)


def test_the_radial_distribution_counts_neighbours():
    model = carve(bundled_crystal("PbS"), Sphere(radius_a=9.0))
    rule = BondRule.of(model)
    found = radial_distribution(Distances.of(model.symbols, model.positions_a), 12.0, 0.05)
    step_a = found.distances_a[1] - found.distances_a[0]
    first_shell = found.distances_a < rule.longest_a["Pb", "S"]
    around = dict(zip(found.names, found.values, strict=True))
    n_neighbours = around["Pb-S"][first_shell].sum() * step_a
    lead = model.symbols == "Pb"
    assert n_neighbours == pytest.approx(rule.coordination(model)[lead].mean(), rel=1e-4)
    assert (found.distances_a <= 12.0).all()
    weights = {s: (model.symbols == s).mean() for s in ("Pb", "S")}
    total = weights["Pb"] * (around["Pb-Pb"] + 2 * around["Pb-S"]) + weights["S"] * around["S-S"]
    np.testing.assert_allclose(around["total"], total, atol=1e-9)


def compare(model, after_a):
    return Comparison.of(
        model.symbols, model.positions_a, model.symbols, after_a, model=model, options=FAST
    )


def test_nothing_changed():
    model = janus()
    told = compare(model, model.positions_a).as_dict()
    assert (told["matched_by"], told["rmsd_a"], told["max_shift_a"]) == ("order", 0.0, 0.0)
    for row in told["coordination"]:
        ions = (model.domains == row["domain"]) & (model.symbols == row["element"])
        assert row["histogram_before"] == row["histogram_after"]
        assert row["mean_after"] == pytest.approx(model.coordination[ions].mean(), abs=1e-4)
        assert row["n_changed"] == 0
    assert all(row["before"] == row["after"] for row in told["bonds"])
    assert all(phase["bonds_kept"] in (1.0, None) for phase in told["phase"].values())
    assert told["interface"]["in_line_fraction"] == 1.0
    assert told["interface"]["rms_change_a"] == 0.0


def test_a_film_that_slides_leaves_the_line():
    model = janus()
    film = model.domains == "Pb4S3Cl2"
    sites = Sites.of(tuple(model.symbols.tolist()), model)
    normal = np.array(Axis.of(model, sites).normal)
    along = np.cross(normal, [0.0, 1.0, 0.0])
    along *= 1.5 / np.linalg.norm(along)
    told = compare(model, model.positions_a + np.where(film, 1.0, 0.0)[:, None] * along)
    interface = told.as_dict()["interface"]
    assert interface["rms_change_a"] == 1.5
    assert interface["in_line_fraction"] < 0.2
    raised = compare(model, model.positions_a + np.where(film, 1.0, 0.0)[:, None] * normal)
    interface = raised.as_dict()["interface"]
    rise_a = interface["gap_after_a"] - interface["gap_before_a"]
    assert rise_a == pytest.approx(1.0, abs=2e-4)
    assert interface["in_line_fraction"] == 1.0


def test_the_phase_is_kept_under_strain_and_lost_when_ions_swap():
    model = carve(bundled_crystal("PbS"), Sphere(radius_a=9.0))
    strained = compare(model, 1.03 * model.positions_a).as_dict()
    assert strained["phase"]["PbS"]["kept"] is True
    assert strained["bonds"][0]["after"]["mean_a"] == pytest.approx(
        1.03 * strained["bonds"][0]["before"]["mean_a"], abs=1e-4
    )
    molten = model.positions_a + np.random.default_rng(0).normal(0, 0.9, model.positions_a.shape)
    assert compare(model, molten).as_dict()["phase"]["PbS"]["kept"] is False


@pytest.mark.parametrize(("noise_a", "kept"), [(0.1, True), (0.22, False)])
def test_ions_that_left_their_places_lose_the_phase_though_their_bonds_stay(noise_a, kept):
    model = carve(bundled_crystal("PbS"), Sphere(radius_a=9.0))
    moves_a = np.random.default_rng(0).normal(0.0, noise_a, model.positions_a.shape)
    phase = compare(model, model.positions_a + moves_a).as_dict()["phase"]["PbS"]
    assert phase["bonds_kept"] > 0.98
    assert phase["rms_move_a"] == pytest.approx(np.sqrt(3.0) * noise_a, rel=0.1)
    assert phase["most_move_a"] == pytest.approx(0.1 * 2.968, abs=1e-3)
    assert phase["kept"] is kept


def test_without_charges_only_geometry_is_told(tmp_path):
    from ase import Atoms
    from ase.io import write

    model = janus()
    order = np.random.default_rng(0).permutation(model.n_atoms)
    atoms = Atoms(model.symbols.tolist(), positions=model.positions_a)
    write(tmp_path / "before.xyz", atoms)
    write(tmp_path / "after.xyz", atoms[order])
    told = structure(tmp_path / "before.xyz", tmp_path / "after.xyz", options=FAST)
    assert told["rmsd_a"] == pytest.approx(0.0, abs=1e-6)
    for name in ("coordination", "bonds", "phase", "interface"):
        assert told[name] is None
        assert "no model" in next(c["message"] for c in told["checks"] if c["name"] == name)


def test_files_are_whole_and_the_same_twice(tmp_path):
    janus().write(tmp_path / "run")
    relaxed = janus().transformed(shift_a=(1.0, 0.0, 0.0))
    relaxed.write_extxyz(tmp_path / "run/1-relax/relaxed.extxyz")
    for name in ("one", "two"):
        told = structure(tmp_path / "run", out=tmp_path / name, options=FAST)
    files = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert files == [
        "diffraction.csv",
        "radial.csv",
        "structure.json",
        "structure.png",
        "structure.svg",
    ]
    for name in files:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    assert told["rmsd_a"] == 0.0
    assert str(tmp_path) not in (tmp_path / "one/structure.json").read_text()


def test_bad_geometries_are_told_and_leave_nothing(tmp_path):
    (tmp_path / "nan.xyz").write_text("1\n\nPb nan 0 0\n")
    (tmp_path / "cut.xyz").write_text("3\n\nPb 0 0 0\n")
    (tmp_path / "one.xyz").write_text("1\n\nPb 0 0 0\n")
    (tmp_path / "empty").mkdir()
    for after, message in (
        ("nan.xyz", "not numbers"),
        ("cut.xyz", "no whole geometry in it that can be read"),
        ("none.xyz", "no such file"),
        ("empty", "no relaxed geometry"),
    ):
        with pytest.raises(InputError, match=message):
            structure(tmp_path / "one.xyz", tmp_path / after, tmp_path / "out")
    assert not (tmp_path / "out").exists()
