"""Overlap populations from real CP2K runs and GFN1-xTB to tables, summary, figure and report."""

import csv
import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation
from synthetic import particle, states_of

from epicarve.analysis.export import coop_csv, summarise, write_hdf5
from epicarve.analysis.figures import dos_figure
from epicarve.analysis.options import AnalysisOptions
from epicarve.analysis.report import report_html
from epicarve.analysis.states import Analysis, Groups, by_element, group_pairs
from epicarve.builder.model import Model
from epicarve.cli import main
from epicarve.dft.orbitals import PopulationOptions
from epicarve.dft.read import read_csr, read_folder, read_states, read_wfn
from epicarve.dft.states import OrbitalStates
from epicarve.dft.xtb import XtbSettings, orbital_states
from epicarve.errors import InputError
from epicarve.workflow.recipes import RELAXED, parse_recipe
from epicarve.workflow.tasks.analyse import analyse
from epicarve.workflow.tasks.embedded import STATES, states_embedded

FIXTURES = Path(__file__).parent / "fixtures"
COMMON = ("*.inp", "*.out", "*.log", "*.xyz", "*BASIS*")
ROUTES = {
    "wfn with the overlap of CP2K": ("*.wfn", "*.csr"),
    "wfn with the computed overlap": ("*.wfn",),
    "text": ("*.MOLog",),
    "Molden": ("*.molden",),
    "weights of CP2K beside wfn": ("*.pdos", "*.wfn", "*.csr"),
}


@pytest.fixture(scope="session")
def unpacked(tmp_path_factory):
    folders = {}
    for name in ("cs4pbbr6", "so-triplet"):
        folders[name] = tmp_path_factory.mktemp(name)
        shutil.unpack_archive(FIXTURES / f"cp2k-{name}.tar.xz", folders[name])
    return folders


def only(folder, target, *patterns):
    target.mkdir()
    for pattern in (*COMMON, *patterns):
        for path in folder.glob(pattern):
            shutil.copy(path, target)
    return target


def by_elements(symbols, *asked):
    return group_pairs(asked, [by_element(symbols)])


def states_with(folder, *pairs, n_states=None):
    """States of a folder with the overlap populations of some elements."""
    reading = read_folder(folder, PopulationOptions(n_states, coefficients=True))
    return reading.with_overlap_populations(by_elements(reading.states.symbols, *pairs))


def by_hand(folder, symbols, first, second):
    """2 Σ C S C over functions on different atoms of two groups, each two of them once."""
    (path,) = folder.glob("*.wfn")
    wfn = read_wfn(path)
    (csr,) = folder.glob("*.csr")
    overlap = read_csr(csr, wfn.n_functions).toarray()
    atom = wfn.atom_of_function
    names = np.array([f"{symbols[a]}:{'spd'[m]}" for a, m in zip(atom, wfn.angular, strict=True)])
    a, b = (
        np.array([name in {group, f"{group}:{name[-1]}"} for name in names.tolist()])
        for group in (first, second)
    )
    joined = np.triu((np.outer(a, b) | np.outer(b, a)) & (atom[:, None] != atom))
    populations = []
    for spin, of_spin in enumerate(wfn.spins):
        orbitals = wfn.coefficients(spin, 0, len(of_spin.energies_ev))
        # Both triangles of a symmetric matrix hold the same, hence 2 for the upper one.
        populations.append(2.0 * ((joined * overlap) @ orbitals * orbitals).sum(axis=0))
    return np.concatenate(populations)


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize(
    ("name", "pairs"),
    [
        ("cs4pbbr6", [("Pb", "Br"), ("Br", "Br"), ("Cs", "Br"), ("Pb:s", "Br:p"), ("Pb", "Pb:s")]),
        ("so-triplet", [("S", "O"), ("S:p", "O:p")]),
    ],
)
def test_every_reader_gives_the_sums_by_hand(unpacked, tmp_path, name, pairs, route):
    folder = only(unpacked[name], tmp_path / "run", *ROUTES[route])
    states = states_with(folder, *pairs)
    assert states.pairs == tuple(pairs)
    for found, (first, second) in zip(states.overlap_populations, pairs, strict=True):
        expected = by_hand(unpacked[name], states.symbols, first, second)
        np.testing.assert_allclose(found, expected, atol=2e-6)
    if "*.pdos" in ROUTES[route]:
        assert "LDOS of each atom; overlap populations" in states.source
        plain = read_states(folder)
        np.testing.assert_array_equal(states.weights, plain.weights)


def test_populations_and_what_is_on_atoms_add_up_to_one(unpacked):
    folder = unpacked["cs4pbbr6"]
    elements = ("Pb", "Br", "Cs")
    pairs = [(a, b) for i, a in enumerate(elements) for b in elements[: i + 1]]
    states = states_with(folder, *pairs)
    (path,), (csr,) = folder.glob("*.wfn"), folder.glob("*.csr")
    wfn = read_wfn(path)
    overlap = read_csr(csr, wfn.n_functions).toarray()
    atom = wfn.atom_of_function
    orbitals = wfn.coefficients(0, 0, states.n_states)
    net = ((overlap * (atom[:, None] == atom)) @ orbitals * orbitals).sum(axis=0)
    np.testing.assert_allclose(net + states.overlap_populations.sum(axis=0), 1.0, atol=1e-6)


def test_bonding_and_antibonding_orbitals_of_a_molecule(unpacked):
    """SO in its triplet: σ and π bonds are occupied, π* with two alpha electrons, σ* is empty."""
    states = states_with(unpacked["so-triplet"], ("S", "O"))
    alpha = states.overlap_populations[0, states.spins == 0]
    beta = states.overlap_populations[0, states.spins == 1]
    antibonding = np.flatnonzero(states.occupations[states.spins == 0])[-2:]  # π*
    np.testing.assert_allclose(*alpha[antibonding], atol=1e-6)
    assert alpha[antibonding].max() < -0.1
    assert beta[antibonding].max() < -0.1  # the same orbitals, empty
    assert beta[antibonding - 2].min() > 0.1  # π
    assert alpha[0] > 0.1  # σ


def fluorine(direction):
    """F2 at its bond length."""
    zeros = np.zeros(2, dtype=int)
    positions_a = np.array([[0, 0, 0], 1.41 * np.asarray(direction)])
    names = np.array(["F", "F"])
    return Model(names, positions_a, zeros, np.array(["F2", "F2"]), *[zeros] * 4)


def test_overlap_populations_are_the_same_in_every_orientation():
    pairs = by_elements(("F", "F"), ("F", "F"), ("F:p", "F:p"), ("F:s", "F:p"))
    along_z = orbital_states(fluorine((0, 0, 1)), pairs=pairs)
    by_energy = along_z.overlap_populations[0]
    assert by_energy[0] > 0.0  # σ of the 2s
    assert by_energy[-1] < -0.5  # σ* of the 2p, empty
    for seed in range(2):
        turned = fluorine(Rotation.random(random_state=seed).apply([0, 0, 1]))
        found = orbital_states(turned, pairs=pairs)
        # Orbitals of a degenerate set mix at will; here each of them bonds alike.
        np.testing.assert_allclose(
            found.overlap_populations, along_z.overlap_populations, atol=1e-8
        )


def test_the_command_line_writes_tables_summary_and_figure(unpacked, tmp_path, monkeypatch, capsys):
    folder, out = unpacked["cs4pbbr6"], tmp_path / "out"
    arguments = ["--coop", "Pb,Br", "--coop", "Pb:s, Br:p", "--formats", "svg"]
    monkeypatch.setattr(
        sys, "argv", ["epicarve", "analyse", str(folder), "-o", str(out), *arguments]
    )
    with pytest.raises(SystemExit) as stop:
        main()
    assert not stop.value.code
    assert "overlap population Pb:s–Br:p" in capsys.readouterr().out
    with (out / "states.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    populations = np.array([float(row["overlap_Pb-Br"]) for row in rows])
    np.testing.assert_allclose(
        populations,
        by_hand(folder, read_states(folder).symbols, "Pb", "Br"),
        atol=2e-6,
    )
    summary = json.loads((out / "summary.json").read_text())
    first, second = summary["overlap_populations"]
    occupied = np.array([float(row["occupation"]) for row in rows])
    assert first["groups"] == ["Pb", "Br"]
    assert first["icoop"] == pytest.approx(populations @ occupied, abs=1e-5)
    # The lone pair of lead: the HOMO is antibonding between Pb 6s and Br 4p.
    assert second["homo"] < -0.05
    table = np.genfromtxt(out / "coop.csv", delimiter=",", names=True, deletechars="")
    in_gap = np.searchsorted(table["energy_ev"], 0.5 * (summary["homo_ev"] + summary["lumo_ev"]))
    assert table["icoop_Pb-Br"][in_gap] == pytest.approx(first["icoop"], abs=1e-5)
    step_ev = table["energy_ev"][1] - table["energy_ev"][0]
    assert table["coop_Pb-Br"].sum() * step_ev == pytest.approx(populations.sum(), abs=1e-4)
    assert ">Pb:s–Br:p</td>" in (out / "report.html").read_text()


def test_what_cannot_be_had_is_told(unpacked, tmp_path):
    folder = unpacked["cs4pbbr6"]
    asked = {"out": tmp_path / "out", "overlap_populations": [("Pb", "Br")]}
    for name, pattern in (("lists", "*.pdos"), ("kinds", "*-k?-1.pdos")):
        bare = only(folder, tmp_path / name, pattern)
        with pytest.raises(InputError, match=r"hold weights only; put the \.wfn file"):
            analyse(bare, **asked)
    mixed = only(folder, tmp_path / "mixed", "*.pdos", "*.wfn", "*.csr")
    for path in mixed.glob("*.pdos"):
        lines = path.read_text().splitlines(keepends=True)
        path.write_text("".join(lines[:-1]))
    partly = analyse(mixed, **asked | {"out": tmp_path / "partly"})
    told = [check["message"] for check in partly["checks"]]
    assert any("not used: " in m and "50 states and cs4pbbr6-RESTART.wfn" in m for m in told)
    for pair, complaint in (
        (("Pb", "Xe"), "there is no group 'Xe'; there are Pb, Br, Cs, and each"),
        (("Pb", "Br:f"), "the basis has no function of Br:f"),
    ):
        with pytest.raises(InputError, match=complaint):
            analyse(folder, tmp_path / "out", overlap_populations=[pair])
    with pytest.raises(InputError, match="the pair Pb, Br twice"):
        analyse(folder, tmp_path / "out", overlap_populations=[("Pb", "Br"), ("Br", "Pb")])
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("text", ["Pb", "Pb,", "Pb,Br,Cs"])
def test_a_pair_that_is_none_is_refused(tmp_path, monkeypatch, capsys, text):
    monkeypatch.setattr(sys, "argv", ["epicarve", "analyse", str(tmp_path), "--coop", text])
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 2
    assert "name two groups with a comma between" in " ".join(capsys.readouterr().err.split())


def test_no_sum_is_told_of_a_window_of_states(unpacked, tmp_path):
    folder = only(unpacked["cs4pbbr6"], tmp_path / "run", "*.wfn", "*.csr")
    pairs = [("Pb", "Br")]
    summary = analyse(folder, tmp_path / "out", n_states=12, overlap_populations=pairs)
    (told,) = summary["overlap_populations"]
    assert told["icoop"] is None
    assert told["homo"] is not None
    reasons = {check["name"]: check["message"] for check in summary["checks"]}
    assert "lowest states were left out" in reasons["overlap_populations.icoop"]
    window = states_with(folder, *pairs, n_states=12)
    whole = states_with(folder, *pairs)
    start = int(np.flatnonzero(whole.energies_ev == window.energies_ev[0])[0])
    np.testing.assert_allclose(
        window.overlap_populations, whole.overlap_populations[:, start : start + 12], atol=1e-12
    )


def test_states_of_the_embedded_engine_carry_what_their_recipe_asks_for(tmp_path):
    model, settings = fluorine((0, 0, 1)), XtbSettings()
    (tmp_path / STATES).parent.mkdir()
    model.write_extxyz(tmp_path / RELAXED)

    def computed(*pairs):
        states_embedded(model, settings, tmp_path, AnalysisOptions(overlap_populations=pairs))
        return OrbitalStates.load(tmp_path / STATES)

    assert computed().pairs == ()
    with pytest.raises(InputError, match="no overlap populations of F and F, which are computed"):
        Analysis.of(computed(), AnalysisOptions(overlap_populations=(("F", "F"),)))
    asked = (("F", "F"), ("F:s", "F:p"))
    states = computed(*asked)
    assert states.pairs == asked
    one = Analysis.of(states, AnalysisOptions(overlap_populations=(("F:p", "F:s"),)))
    assert one.coop.names == ("F:p-F:s",)
    np.testing.assert_array_equal(one.coop.populations, states.overlap_populations[1:])
    age = (tmp_path / STATES).stat().st_mtime_ns
    computed(*asked)
    assert (tmp_path / STATES).stat().st_mtime_ns == age  # not computed again


def bonded(restricted=True):
    """States of a particle of two domains with made-up overlap populations."""
    states = states_of(particle(), restricted=restricted)
    populations = np.random.default_rng(1).normal(size=(2, states.n_states))
    pairs = (("PbS:Pb", "PbS:S"), ("PbS", "CsPbCl3:Cl"))
    return replace(states, pairs=pairs, overlap_populations=populations)


@pytest.mark.parametrize("restricted", [True, False])
def test_the_panel_shows_the_curves_of_the_table(restricted):
    found = Analysis.of(bonded(restricted), AnalysisOptions(ipr_max=0.1), particle())
    panel = dos_figure(found).axes[-1]
    n_spins = 1 if restricted else 2
    curves = [line.get_ydata() for line in panel.lines if len(line.get_ydata()) > 2]
    grid_ev, (below_ev, above_ev) = found.coop.curves.grid_ev, found.window_ev
    shown = (grid_ev >= below_ev) & (grid_ev <= above_ev)
    expected = found.coop.curves.density[:, :, shown].swapaxes(0, 1).reshape(2 * n_spins, -1)
    np.testing.assert_array_equal(curves, expected)
    bottom, top = panel.get_ylim()
    assert bottom < expected.min() < 0.0 < expected.max() < top
    told = [text.get_text() for text in panel.get_legend().get_texts()]
    assert told == ["PbS:Pb–PbS:S", "PbS–CsPbCl$_{3}$:Cl", *([] if restricted else ["β"])]
    head = coop_csv(found).partition("\n")[0].split(",")
    endings = ("",) if restricted else ("_alpha", "_beta")
    names = [f"{name}{ending}" for ending in endings for name in found.coop.names]
    assert head == ["energy_ev", *(f"{kind}_{n}" for kind in ("coop", "icoop") for n in names)]
    assert ">PbS–CsPbCl<sub>3</sub>:Cl</td>" in report_html(found, summarise(found))


def test_occupied_states_are_seen_beside_an_empty_one_of_huge_population():
    states = bonded()
    states.overlap_populations[0, -40:] *= np.where(states.is_occupied[-40:], 1.0, -1e3)
    found = Analysis.of(states, AnalysisOptions(ipr_max=0.1), particle())
    occupied = found.coop.curves.density[:, :, found.coop.curves.grid_ev <= found.gap.homo_ev]
    bottom, top = dos_figure(found).axes[-1].get_ylim()
    assert top - bottom < 15.0 * np.abs(occupied).max()


def test_hdf5_holds_populations_and_curves(tmp_path):
    h5py = pytest.importorskip("h5py")
    found = Analysis.of(bonded(), AnalysisOptions(ipr_max=0.1), particle())
    write_hdf5(tmp_path / "analysis.h5", found)
    with h5py.File(tmp_path / "analysis.h5") as file:
        np.testing.assert_array_equal(
            file["states/overlap_populations"], found.states.overlap_populations
        )
        np.testing.assert_array_equal(file["coop/PbS-CsPbCl3:Cl"], found.coop.curves.density[:, 1])


def test_a_recipe_names_pairs():
    recipe = parse_recipe(
        {
            "crystal": {"name": "PbS"},
            "shape": {"kind": "sphere", "diameter_nm": 1.2},
            "analysis": {"overlap_populations": [["Pb", "S"], ["Pb:s", "S:p"]]},
        }
    )
    assert recipe.analysis.overlap_populations == (("Pb", "S"), ("Pb:s", "S:p"))
    assert parse_recipe(recipe.as_dict()) == recipe


def test_a_degenerate_edge_has_the_mean_of_its_set():
    states = bonded()
    states.energies_ev[28] = states.energies_ev[29]
    found = Analysis.of(states, AnalysisOptions(ipr_max=0.1), particle())
    mean = states.overlap_populations[:, 28:30].mean(axis=1)
    np.testing.assert_allclose(found.coop.homo, mean)


def test_groups_are_found_by_the_names_of_the_columns():
    partitions = [
        by_element(("Pb", "S", "Pb")),
        Groups.of_labels(["A", "A", "B"]),
        Groups.of_labels(["A:Pb", "A:S", "B:Pb"]),
    ]
    ((first, second),) = group_pairs([("A:Pb", "B:Pb:d")], partitions)
    assert (first.atoms.tolist(), first.momentum) == ([True, False, False], None)
    assert (second.atoms.tolist(), second.momentum) == ([False, False, True], 2)
