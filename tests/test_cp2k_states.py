"""States read from real CP2K output, and every way in which that output can be bad."""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from cp2k_runs import read_kind_folder, read_ldos_folder

from epicarve.analysis.options import AnalysisOptions
from epicarve.analysis.states import Localization, by_element, density_of_states
from epicarve.dft.output import read_output
from epicarve.dft.read import read_folder, read_states
from epicarve.dft.states import KindStates, OrbitalStates
from epicarve.errors import InputError
from epicarve.units import EV_PER_HARTREE

FIXTURES = Path(__file__).parent / "fixtures"


def unpacked(name, folder):
    shutil.unpack_archive(FIXTURES / f"{name}.tar.xz", folder)
    return folder


@pytest.fixture(scope="session")
def chain(tmp_path_factory):
    """The chain of Pb9S6Cl6, as CP2K 2023.1 left it."""
    return unpacked("cp2k-pb9s6cl6", tmp_path_factory.mktemp("chain"))


@pytest.fixture(scope="session")
def triplet(tmp_path_factory):
    """SO, unrestricted, of a project that epicarve did not set up."""
    return unpacked("cp2k-so-triplet", tmp_path_factory.mktemp("triplet"))


@pytest.fixture
def copied(chain, tmp_path):
    """A copy of the folder of states, to be spoilt."""
    shutil.copytree(chain / "4-states", tmp_path / "run")
    return tmp_path / "run"


def test_weights_summed_by_element_are_those_of_the_kinds(chain):
    states = read_states(chain)
    kinds = read_kind_folder(chain / "4-states")
    assert set(kinds.symbols) == {"Pb", "S", "Cl"}
    np.testing.assert_array_equal(states.energies_ev, kinds.energies_ev)
    for symbol, of_kind in zip(kinds.symbols, kinds.weights, strict=True):
        is_element = np.array(states.symbols) == symbol
        np.testing.assert_allclose(states.weights[is_element].sum(axis=0), of_kind, atol=1e-6)
    np.testing.assert_allclose(states.weights.sum(axis=0), 1.0, atol=1e-6)


def test_gap_is_that_of_the_eigenvalues_in_the_file(chain):
    states = read_states(chain)
    rows = [
        line.split()
        for line in (chain / "4-states/states-k1-1.pdos").read_text().splitlines()
        if not line.startswith("#")
    ]
    homo = max(float(row[1]) for row in rows if float(row[2]) == 2.0)
    lumo = min(float(row[1]) for row in rows if float(row[2]) == 0.0)
    assert states.lumo_ev - states.homo_ev == pytest.approx((lumo - homo) * EV_PER_HARTREE, 1e-12)
    assert states.n_electrons == 9 * 4 + 6 * 6 + 6 * 7


def test_atoms_are_those_of_the_coordinates(chain):
    lines = (chain / "4-states/states.xyz").read_text().splitlines()[2:]
    assert read_states(chain).symbols == tuple(line.split()[0] for line in lines)


def test_unrestricted_lists_in_any_order_with_components(triplet):
    states = read_states(triplet)
    assert states.symbols == ("S", "O")
    assert not states.restricted
    assert states.n_electrons == 12
    alpha, beta = (states.occupations[states.spins == spin].sum() for spin in (0, 1))
    assert alpha - beta == 2  # a triplet
    # The deepest valence state is mostly the 2s of oxygen, the more electronegative atom.
    assert states.weights[1, 0] > 0.6
    np.testing.assert_allclose(states.weights.sum(axis=0), 1.0, atol=1e-6)


def test_reading_does_not_need_coordinates_or_input_of_ours(copied):
    whole = read_ldos_folder(copied)
    for path in (*copied.glob("*.xyz"), *copied.glob("*.job"), *copied.glob("*.inp")):
        path.unlink()
    np.testing.assert_array_equal(read_ldos_folder(copied).weights, whole.weights)


def test_the_latest_step_counts(copied):
    whole = read_ldos_folder(copied)
    for path in list(copied.glob("*-1.pdos")):
        shutil.copy(path, path.with_name(path.name.replace("-1.pdos", "-1_12.pdos")))
        path.write_text("an older step, not read\n")
    np.testing.assert_array_equal(read_ldos_folder(copied).weights, whole.weights)


def test_saved_archive_is_read_before_anything_else(chain, tmp_path):
    states = read_states(chain)
    states.save(tmp_path / "2-states" / "states.npz")
    again = read_states(tmp_path)
    assert isinstance(again, OrbitalStates)
    np.testing.assert_array_equal(again.weights, states.weights)


def test_whole_kinds_give_the_gap_and_the_dos_but_no_ipr(copied):
    whole = read_states(copied)
    for path in copied.glob("states-list*.pdos"):
        path.unlink()
    with pytest.raises(InputError, match=r"no state has an IPR; epicarve\.analyse_folder gives"):
        read_states(copied)
    kinds = read_folder(copied).states
    assert isinstance(kinds, KindStates)
    assert (kinds.homo_ev, kinds.lumo_ev) == (whole.homo_ev, whole.lumo_ev)
    options = AnalysisOptions()
    by_kind, by_atom = (
        density_of_states(s, by_element(s.symbols), options) for s in (kinds, whole)
    )
    order = [by_kind.groups.index(name) for name in by_atom.groups]
    np.testing.assert_allclose(by_kind.density[:, order], by_atom.density, atol=1e-5)
    with pytest.raises(InputError, match="no IPR can be had; add &LDOS / LIST i"):
        Localization.of(kinds)


def test_whole_kinds_of_an_unrestricted_run(triplet, tmp_path):
    for path in (*triplet.glob("*_k*.pdos"), triplet / "run.log"):
        shutil.copy(path, tmp_path)
    kinds = read_folder(tmp_path).states
    assert kinds.symbols == ("S", "O1")
    np.testing.assert_array_equal(kinds.spins, read_folder(triplet).states.spins)


def spoil_empty_output(run):
    (run / "states.out").write_text("")


def spoil_no_output(run):
    (run / "states.out").unlink()


def spoil_cut_output(run):
    text = (run / "states.out").read_text()
    (run / "states.out").write_text(text[: text.index("*** SCF run converged")])


def spoil_unended_output(run):
    text = (run / "states.out").read_text()
    (run / "states.out").write_text(text[: text.index("PROGRAM ENDED")])


def spoil_unconverged_output(run):
    text = (run / "states.out").read_text()
    start = text.index("  *** SCF run converged")
    end = text.index("\n", start)
    warning = " *** WARNING in qs_scf.F:601 :: SCF run NOT converged ***"
    (run / "states.out").write_text(text[:start] + warning + text[end:])


def spoil_empty_list(run):
    (run / "states-list7-1.pdos").write_text("")


def spoil_cut_line(run):
    text = (run / "states-list7-1.pdos").read_text()
    (run / "states-list7-1.pdos").write_text(text[: len(text) // 2])


def spoil_cut_digit(run):
    text = (run / "states-list7-1.pdos").read_text()
    (run / "states-list7-1.pdos").write_text(text[:-3])


def spoil_cut_rows(run):
    lines = (run / "states-list7-1.pdos").read_text().splitlines(keepends=True)
    (run / "states-list7-1.pdos").write_text("".join(lines[:-5]))


def spoil_nan(run):
    text = (run / "states-list7-1.pdos").read_text()
    (run / "states-list7-1.pdos").write_text(text[:-11] + "       NaN\n")


def spoil_stars(run):
    text = (run / "states-list7-1.pdos").read_text()
    (run / "states-list7-1.pdos").write_text(text[:-11] + "**********\n")


def spoil_missing_list(run):
    (run / "states-list7-1.pdos").unlink()


def spoil_other_energies(run):
    text = (run / "states-list7-1.pdos").read_text()
    first = text.splitlines()[2].split()[1]
    (run / "states-list7-1.pdos").write_text(text.replace(first, "-9.876543", 1))


def spoil_input_of_another_run(run):
    text = (run / "states.inp").read_text()
    text = text.replace("LIST 1\n", "LIST 999\n").replace("LIST 2\n", "LIST 1\n")
    (run / "states.inp").write_text(text.replace("LIST 999\n", "LIST 2\n"))


def spoil_other_electrons(run):
    text = (run / "states.out").read_text()
    (run / "states.out").write_text(text.replace(" 114\n", " 914\n"))


def spoil_restricted_and_not(run):
    shutil.copy(run / "states-list1-1.pdos", run / "states-ALPHA_list1-1.pdos")


def spoil_two_projects(run):
    shutil.copy(run / "states-list1-1.pdos", run / "other-list1-1.pdos")


def spoil_new_layout(run):
    path = run / "states-list7-1.pdos"
    path.write_text(path.read_text().replace("                 s ", "   Total         s ", 1))


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (spoil_empty_output, r"states\.out: the file is empty"),
        (spoil_cut_output, r"states\.out: the run was cut off"),
        (spoil_unended_output, r"states\.out: the run was cut off"),
        (spoil_unconverged_output, r"states\.out: the last SCF did not converge"),
        (
            spoil_other_electrons,
            r"occupations of spin 1 sum to 114\.000, but states\.out tells of 914",
        ),
    ],
)
def test_a_run_that_cannot_be_trusted_is_refused_in_one_sentence(copied, spoil, sentence):
    spoil(copied)
    with pytest.raises(InputError, match=sentence) as caught:
        read_states(copied)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (spoil_empty_list, r"states-list7-1\.pdos: the file is empty"),
        (spoil_cut_line, r"states-list7-1\.pdos: the file is cut off"),
        (spoil_cut_digit, r"states-list7-1\.pdos: the file is cut off"),
        (spoil_cut_rows, r"states-list7-1\.pdos: it has 67 states, but states-k1-1\.pdos has 72"),
        (spoil_nan, r"states-list7-1\.pdos: there is NaN"),
        (spoil_stars, r"states-list7-1\.pdos: not a whole table of numbers"),
        (spoil_missing_list, r"atom 7 \((Pb|S|Cl)\) has no list of its own"),
        (
            spoil_other_energies,
            r"states-list7-1\.pdos: its energies, occupations or Fermi",
        ),
        (spoil_input_of_another_run, r"summed by element, differ from the files of the kinds"),
        (spoil_restricted_and_not, r"of a restricted and of an unrestricted run of project states"),
        (spoil_new_layout, r"states-list7-1\.pdos: its column Total is not known"),
    ],
)
def test_lists_that_cannot_be_used_do_not_hide_the_kinds(copied, spoil, sentence):
    whole = read_states(copied)
    spoil(copied)
    states = read_folder(copied).states
    assert isinstance(states, KindStates)
    assert (states.homo_ev, states.lumo_ev) == (whole.homo_ev, whole.lumo_ev)
    assert any(re.search(f"not used: .*{sentence}", note) for note in states.notes)
    with pytest.raises(InputError, match=sentence):
        read_ldos_folder(copied)


def test_without_a_main_output_convergence_is_unknown(copied):
    whole = read_states(copied)
    spoil_no_output(copied)
    states = read_states(copied)
    np.testing.assert_array_equal(states.weights, whole.weights)
    assert "convergence is unknown" in states.caveat


def test_a_file_of_another_project_is_told(copied):
    spoil_two_projects(copied)
    assert any("(--project other)" in note for note in read_states(copied).notes)
    with pytest.raises(InputError, match="no states of project third in it; there are some of"):
        read_states(copied, project="third")


def test_missing_folder(tmp_path):
    with pytest.raises(InputError, match="there is no such folder"):
        read_states(tmp_path / "nowhere")


def test_folder_without_states(tmp_path):
    with pytest.raises(
        InputError, match=r"looked for states\.npz, .* which CP2K's last stage writes"
    ):
        read_states(tmp_path)


def test_unfinished_chain_names_the_stage_that_failed(chain, tmp_path):
    shutil.copytree(chain / "2-relax", tmp_path / "2-relax")
    text = (tmp_path / "2-relax/relax.out").read_text()
    (tmp_path / "2-relax/relax.out").write_text(text[:-3000])
    with pytest.raises(InputError, match=r"2-relax/relax\.out: the run was cut off"):
        read_states(tmp_path)


def test_two_runs_below_a_folder_are_told_apart(chain, tmp_path):
    for name in ("one", "two"):
        shutil.copytree(chain / "4-states", tmp_path / name)
    with pytest.raises(InputError, match=r"several folders below hold states \(one, two\)"):
        read_states(tmp_path)


def test_main_output_tells_what_happened(chain):
    relax = read_output(chain / "2-relax/relax.out")
    assert relax.version == "2023.1"
    assert relax.project == "relax"
    assert relax.ended
    assert relax.scf_converged
    assert relax.n_geometry_steps == 3
    assert not relax.geometry_converged
    relax.require_sound()
    with pytest.raises(InputError, match="the geometry did not converge in 3 steps"):
        relax.require_sound(must_relax=True)
    states = read_output(chain / "4-states/states.out")
    # One diagonalisation leaves the energy of the ground state where it is.
    ground = read_output(chain / "3-ground-state/ground-state.out")
    assert states.energy_hartree == pytest.approx(ground.energy_hartree, abs=1e-6)


def test_abort_is_quoted(tmp_path):
    (tmp_path / "run.out").write_text(
        """ CP2K| version string:                                       CP2K version 2023.1
 GLOBAL| Project name                                                      relax

 *******************************************************************************
 *   ___                                                                       *
 *  /   \\                                                                      *
 * [ABORT]                                                                     *
 *  \\___/      The specified OLD file <../2-relax/relax-1.restart> cannot be   *
 *    |       opened. It does not exist. Data directory path: /usr/share/cp2k  *
 *  O/|                                                                        *
 * /| |                                                                        *
 * / \\                                                   common/cp_files.F:396 *
 *******************************************************************************
"""
    )
    output = read_output(tmp_path / "run.out")
    assert output.abort.startswith("The specified OLD file <../2-relax/relax-1.restart> cannot be")
    assert output.abort.endswith("Data directory path: /usr/share/cp2k")
    with pytest.raises(InputError, match="CP2K aborted: The specified OLD file"):
        output.require_sound()


@pytest.mark.parametrize(("text", "what"), [("", "empty"), ("hello\n", "not an output of CP2K")])
def test_files_that_are_no_output(tmp_path, text, what):
    (tmp_path / "run.out").write_text(text)
    with pytest.raises(InputError, match=what):
        read_output(tmp_path / "run.out")
