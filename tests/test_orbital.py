"""Pictures of orbitals: what is seen of surfaces and atoms, which states are drawn, and files."""

import json
import re
import shutil

import numpy as np
import pytest
from typer.testing import CliRunner

import epicarve as ec
from epicarve.analysis.figures import (
    Window,
    atoms_seen,
    composed,
    orbitals_figure,
    surface_seen,
)
from epicarve.analysis.options import FigureOptions
from epicarve.analysis.states import OrbitalPicture
from epicarve.cli.main import app
from epicarve.dft.cube import OrbitalGrid, orbital_grid
from epicarve.dft.orbitals import GaussianShell
from epicarve.dft.read import AtomBasis, wfn_of_folder
from epicarve.errors import InputError
from epicarve.units import A_PER_BOHR
from epicarve.workflow.tasks.orbital import orbital

BASIS = AtomBasis(
    ("H",),
    np.zeros((1, 3)),
    ((GaussianShell(0, (0.6,), (1.0,)), GaussianShell(1, (0.6,), (1.0,))),),
    None,
)
TURNED = np.linalg.qr(np.array([[1.0, 0.4, -0.2], [0.1, 1.0, 0.3], [0.5, -0.6, 1.0]]))[0].T


def window(view, extent_a=2.0, n_pixels=160):
    return Window(np.zeros(3), view, extent_a, n_pixels)


@pytest.mark.parametrize("view", [np.eye(3), TURNED])
def test_the_surface_of_an_s_function_is_a_sphere_from_any_side(view):
    grid = orbital_grid(BASIS, np.array([1.0, 0.0, 0.0, 0.0]), 0.12, 2.5)
    isovalue = grid.isovalue(0.8)
    norm = (2 * 0.6 / np.pi) ** 0.75
    radius_a = np.sqrt(np.log(norm / isovalue) / 0.6) * A_PER_BOHR
    plane = window(view)
    seen = surface_seen(grid, isovalue, plane)
    area_a2 = (seen.kind == 0).sum() * plane.pixel_a**2
    assert area_a2 == pytest.approx(np.pi * radius_a**2, rel=0.02)  # linear between points
    right, up = np.meshgrid(plane.ticks_a, plane.ticks_a)
    inside = np.hypot(right, up) < 0.9 * radius_a
    heights_a = np.sqrt(radius_a**2 - right[inside] ** 2 - up[inside] ** 2)
    np.testing.assert_allclose(seen.depth_a[inside], heights_a, atol=0.03)
    assert not np.isfinite(seen.depth_a[np.hypot(right, up) > 1.05 * radius_a]).any()


def test_signs_stand_where_the_function_has_them():
    """p_x seen along z: positive to the right, negative to the left."""
    grid = orbital_grid(BASIS, np.array([0.0, 0.0, 0.0, 1.0]), 0.15, 2.5)
    kind = surface_seen(grid, grid.isovalue(0.8), window(np.eye(3))).kind
    left, right = kind[:, :80], kind[:, 80:]
    assert set(np.unique(left)) == {-1, 1}
    assert set(np.unique(right)) == {-1, 0}
    assert (left == 1).sum() == pytest.approx((right == 0).sum(), rel=0.01)


def test_what_is_nearer_hides_what_lies_behind():
    positions_a = np.array([[0.0, 0.0, 1.2], [0.0, 0.0, -1.2], [0.6, 0.0, 0.0]])
    atoms = atoms_seen(positions_a, np.array([0.3, 0.5, 0.4]), window(np.eye(3)))
    assert atoms.kind[80, 80] == 0
    assert atoms.kind[80, 80 - 17] == 1  # 0.4 Å to the left, past the first
    assert atoms.kind[80, 80 + 32] == 2
    assert atoms.depth_a[80, 80] == pytest.approx(1.5, abs=0.01)
    grid = orbital_grid(BASIS, np.array([1.0, 0.0, 0.0, 0.0]), 0.15, 2.5)
    surface = surface_seen(grid, grid.isovalue(0.8), window(np.eye(3)))
    colours = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    picture = composed(atoms, surface, colours, np.array([[0.0, 0.0, 0.0], [1.0, 1.0, 1.0]]))
    assert picture[80, 80].argmax() == 0 and picture[80, 80, 1] == 0.0  # before the surface
    behind = picture[80, 80 - 17]
    assert 0.0 < behind[1] < 0.3 and behind[0] == behind[2] == 0.0  # shines through it
    assert picture[0, 0].tolist() == [1.0, 1.0, 1.0]


@pytest.fixture
def coarse(monkeypatch):
    """Pictures of few pixels."""
    monkeypatch.setattr("epicarve.analysis.figures.orbitals.N_PIXELS", 60)


@pytest.mark.usefixtures("coarse")
def test_the_figure_tells_share_signs_and_states():
    grid = OrbitalGrid(np.full(3, -4.0), 0.5, np.zeros((17, 17, 17), dtype=np.float32))
    picture = OrbitalPicture(
        "HOMO", grid, 0.8, 0.01, ("Pb", "S"), np.array([[0.0, 0, 0], [2, 0, 0]])
    )
    figure = orbitals_figure([picture] * 4, FigureOptions(width_mm=120, title="A"))
    assert [axes.get_title() for axes in figure.axes if axes.images] == ["HOMO"] * 4
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["Pb", "S", "ψ positive", "ψ negative"]
    assert "80 % of the density" in figure.get_supxlabel()


@pytest.fixture(scope="module")
def cluster(runs):
    """Orbitals of Pb9S6Cl6, analysed with a threshold that leaves traps at both edges."""
    folder = runs("pb9s6cl6-orbitals")
    found = ec.analyse(ec.read_states(folder), ipr_max=0.13, n_ipr_max=5.0)
    assert len(found.traps.of_side("valence")) and len(found.traps.of_side("conduction"))
    return folder, found


@pytest.mark.usefixtures("coarse")
def test_edges_and_traps_are_the_states_of_the_analysis(cluster, monkeypatch):
    folder, found = cluster
    monkeypatch.setattr("epicarve.workflow.tasks.orbital.spectra_of", lambda _: (found.spectrum,))
    states, used, traps = found.states, found.gap.delocalised, found.traps.traps
    names = [f"trap-{i + 1}" for i in range(len(traps))]
    drawn = orbital(folder, [*names, "valence-edge", "conduction-edge"], step_a=0.8)
    numbers = [each.number for each in drawn.orbitals]
    assert numbers[: len(traps)] == [int(states.numbers[trap.state]) for trap in traps]
    for each, edge_ev in zip(
        drawn.orbitals[-2:], (used.valence_edge_ev, used.conduction_edge_ev), strict=True
    ):
        assert each.energy_ev == pytest.approx(edge_ev, abs=3e-5)
    with pytest.raises(InputError, match=rf"no trap 99; they are trap-1 to trap-{len(traps)}"):
        orbital(folder, "trap-99")


@pytest.mark.usefixtures("coarse")
def test_edges_stand_in_the_figures_and_the_report_of_an_analysis(cluster, tmp_path):
    folder, _ = cluster
    arguments = ["analyse", str(folder), "-o", str(tmp_path), "--orbitals", "--formats", "svg"]
    done = CliRunner().invoke(app, [*arguments, "--ipr-max", "0.13"])
    assert done.exit_code == 0, done.output
    assert ">valence edge<" in (tmp_path / "orbitals.svg").read_text()
    page = (tmp_path / "report.html").read_text()
    assert re.search(r'<option value="0">valence edge: state \d+, .* eV</option>', page)


@pytest.mark.usefixtures("coarse")
def test_on_the_command_line(runs, tmp_path):
    folder = runs("so-triplet")
    arguments = [str(folder), "lumo", "3", "--step", "0.4", "--cube", "--spin", "beta"]
    done = CliRunner().invoke(
        app, ["orbital", *arguments, "-o", str(tmp_path / "so.svg"), "--json"]
    )
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert [each["state"] for each in told["orbitals"]] == [6, 3]
    assert {path.name for path in tmp_path.iterdir()} == {"so.svg", "so-lumo.cube", "so-3.cube"}
    assert ">state 6 beta, " in (tmp_path / "so.svg").read_text()


@pytest.mark.parametrize(
    ("states", "settings", "said"),
    [
        ("homo", {"out": "x.gif"}, "a figure ends in .png, .svg, .pdf"),
        ([], {}, "name at least one state"),
        ("edge", {}, "no state 'edge'; give its number, or homo"),
        ("homo", {"share": 1.2}, "give one between 0 and 1"),
        ("homo", {"margin_a": 0.0, "share": 0.999}, "the grid holds .* make the margin larger"),
        ("homo", {"spin": "gamma"}, "give alpha or beta"),
    ],
)
def test_what_cannot_be_drawn(runs, states, settings, said):
    with pytest.raises(InputError, match=said):
        orbital(runs("so-triplet"), states, **settings)


def test_a_chain_is_named_by_its_folder(runs, tmp_path):
    for stage in ("1-ground-state", "2-states"):
        shutil.copytree(runs("so-triplet"), tmp_path / "run" / stage)
    files, _, _ = wfn_of_folder(tmp_path / "run")
    assert files.wfn[0].parent.name == "2-states"
    (tmp_path / "run" / "2-states").rename(tmp_path / "run" / "second")
    with pytest.raises(InputError, match=r"there is no \.wfn file in it"):
        wfn_of_folder(tmp_path / "run")
    shutil.rmtree(tmp_path / "run" / "1-ground-state")
    files, _, _ = wfn_of_folder(tmp_path / "run")
    assert files.wfn[0].parent.name == "second"
