"""Which files of a folder states are read from, and what is told of the others."""

import csv
import itertools
import json
import shutil

import numpy as np
import pytest
from cp2k_runs import (
    COMMON,
    only,
    read_kind_folder,
    read_ldos_folder,
    read_wfn_states,
    require_same,
    states_in,
)
from typer.testing import CliRunner

from epicarve.cli.main import app
from epicarve.dft.orbitals import PopulationOptions
from epicarve.dft.read import read_folder, read_wfn
from epicarve.dft.states import KindStates, OrbitalStates
from epicarve.errors import InputError
from epicarve.units import EV_PER_HARTREE
from epicarve.workflow.tasks.analyse import analyse
from epicarve.workflow.tasks.cube import cube

EDGES_EV = -0.264210 * EV_PER_HARTREE, 0.129491 * EV_PER_HARTREE
"""HOMO and LUMO of the water molecule, from the .pdos files of its diagonalisation."""


@pytest.fixture
def water(runs, tmp_path):
    """Copy one of the runs of a water molecule."""

    def copied(name, *patterns):
        return only(runs("water") / name, tmp_path / name, *(patterns or ("*",)))

    return copied


def edges_ev(states):
    return states.homo_ev, states.lumo_ev


def change(path, before, after):
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))


def test_orbitals_without_energies_do_not_hide_the_projections(water):
    """OT leaves zero energies in the .wfn file, and wrong ones in the text past the HOMO."""
    states = states_in(water("ot"))
    assert isinstance(states, KindStates)
    assert edges_ev(states) == pytest.approx(EDGES_EV, abs=1e-3)
    wfn, text = states.notes
    assert "not used: ot-RESTART.wfn: the energies of its orbitals are zero" in wfn
    assert "not used: ot-x-1_0.MOLog: with OT, CP2K before 2024.2 gives wrong energies" in text


@pytest.mark.parametrize("kept", [("*.inp", "*.out"), ("*.out",)])
def test_wrong_energies_past_the_homo_of_an_orbital_transformation_are_refused(water, kept):
    folder = water("ot", "*.MOLog", "BASIS*", *kept)
    with pytest.raises(InputError, match=r"MOLog: .*past the highest occupied.*DIAGONALIZATION"):
        states_in(folder)


def test_energies_that_files_tell_otherwise_are_refused_with_both_numbers(water):
    """As if the text were of a version that prints these energies rightly."""
    folder = water("ot")
    change(folder / "ot.out", "CP2K version 2023.1", "CP2K version 2024.2")
    with pytest.raises(
        InputError,
        match=r"contradict each other: the energy of state 1 is 3\.\d+ eV .* -25\.\d+ eV",
    ):
        states_in(folder)


def test_projections_of_another_run_beside_orbitals_are_refused(water):
    folder = water("diag", "*.wfn", "*-k*.pdos", "*.inp", "*.out", "BASIS*")
    for path in folder.glob("*-k*.pdos"):
        change(path, "-0.264210", "-0.251207")
    with pytest.raises(InputError, match=r"state 4 is -7\.1895 eV in the one and -6\.8357 eV in"):
        states_in(folder)


def test_a_group_of_atoms_that_was_projected_on_is_shown(water, tmp_path):
    analyse(water("ot"), tmp_path / "out", figures={"formats": ["svg"]})
    (row,) = itertools.islice(csv.DictReader((tmp_path / "out" / "dos.csv").open()), 1)
    assert {"list:1 (atoms 1-2)", "list:other atoms"} <= set(row)
    folder = water("diag")
    change(folder / "diag.inp", "LIST 1\n", "LIST 1 2\n")
    for path in folder.glob("*list1*.pdos"):
        change(path, "of 1 atoms", "of 2 atoms")
    states = states_in(folder)
    assert isinstance(states, OrbitalStates)  # weights of atoms are computed of the orbitals
    assert states.list_names == ("list:1 (atoms 1-2)", "list:2 (atoms 2)", "list:3 (atoms 3)")
    np.testing.assert_allclose(states.list_weights[1:], states.weights[1:], atol=1e-6)


def test_lists_that_share_atoms_are_shown_one_by_one(water, tmp_path):
    folder = water("diag")
    for number in (1, 2):
        change(folder / "diag.inp", f"LIST {number}\n", f"LIST {number} 3\n")
        for path in folder.glob(f"*list{number}*.pdos"):
            change(path, "of 1 atoms", "of 2 atoms")
            whole, third = (
                np.loadtxt(folder / f"diag-list{n}-1.pdos", usecols=(3, 4)) for n in (number, 3)
            )
            lines = path.read_text().splitlines()
            for row, weights in enumerate(whole + third, start=2):
                head = " ".join(lines[row].split()[:3])
                tail = lines[row].split()[5:]
                lines[row] = " ".join([head, *(f"{w:.8f}" for w in weights), *tail])
            path.write_text("\n".join(lines) + "\n")
    analyse(folder, tmp_path / "out", figures={"formats": ["svg"]})
    (row,) = itertools.islice(csv.DictReader((tmp_path / "out" / "dos.csv").open()), 1)
    assert {"list 1 (atoms 1 3):its atoms", "list 1 (atoms 1 3):other atoms"} <= set(row)


def test_files_are_used_together(water):
    whole = states_in(water("diag"))
    folder = water("diag", "*.wfn", "*-k*.pdos", "*.inp", "*.out", "BASIS*", "*.csr")
    for path in folder.glob("*list*"):
        path.unlink()
    states = states_in(folder)
    assert (states.n_states, whole.n_states) == (6, 10)
    assert "4 further empty states of diag-k1-1.pdos" in states.notes[-1]
    np.testing.assert_allclose(states.weights, whole.weights[:, :6], atol=1e-6)


def test_the_lumo_is_that_of_the_whole(water, tmp_path):
    """Orbitals of the occupied states alone, as an orbital transformation leaves them."""
    folder = water("diag", "*.molden", "*-k*.pdos", "*.inp", "*.out")
    (path,) = folder.glob("*.molden")
    head, *orbitals = path.read_text().split("Ene=")
    path.write_text(head + "".join(f"Ene={o}" for o in orbitals if "Occup=   2.0" in o))
    states = states_in(folder)
    assert states.n_states == 4
    assert isinstance(states, OrbitalStates)
    assert edges_ev(states) == pytest.approx(EDGES_EV, abs=1e-3)
    states.save(tmp_path / "states.npz")
    assert states_in(tmp_path).lumo_ev == states.lumo_ev
    assert states_in(tmp_path).notes == states.notes
    summary = analyse(folder, tmp_path / "out")
    assert summary["homo_lumo_gap_ev"] == pytest.approx(EDGES_EV[1] - EDGES_EV[0], abs=1e-3)


def test_overlap_populations_with_fewer_orbitals_than_projections(water, tmp_path):
    folder = water("diag")
    summary = analyse(folder, tmp_path / "out", overlap_populations=[("O", "H")])
    assert summary["n_states"] == 6
    told = [check["message"] for check in summary["checks"] if check["name"] == "source"]
    assert any("4 further empty states of diag-k1-1.pdos" in message for message in told)
    for path in folder.glob("*.pdos"):
        path.unlink()
    alone = analyse(folder, tmp_path / "alone", overlap_populations=[("O", "H")])
    pairs, others = (s["overlap_populations"][0] for s in (summary, alone))
    for name in ("icoop", "homo", "lumo"):
        assert pairs[name] == pytest.approx(others[name], abs=1e-5)


def test_whatever_is_missing_the_edges_are_right_or_a_sentence_says_why_not(water, tmp_path):
    folder = water("diag")
    parts = ["*-list?-1.pdos", "*-k?-1.pdos", "*.wfn", "*.MOLog", "*.molden", "*.csr"]
    parts += ["*.out", "*.inp"]
    n_read = 0
    for size in range(1, len(parts) + 1):
        for number, kept in enumerate(itertools.combinations(parts, size)):
            some = only(folder, tmp_path / f"{size}-{number}", "BASIS*", *kept)
            try:
                states = states_in(some)
            except InputError as error:
                assert "\n" not in str(error)
            else:
                n_read += 1
                assert edges_ev(states) == pytest.approx(EDGES_EV, abs=1e-3)
                assert ("convergence is unknown" in states.caveat) == ("*.out" not in kept)
    assert n_read > 150


def test_a_kind_of_one_spin_alone_is_refused(runs, tmp_path):
    folder = only(runs("so-triplet"), tmp_path, "*-*_k*.pdos", "*.log")
    next(folder.glob("*BETA_k2*.pdos")).unlink()
    with pytest.raises(InputError, match="kind 2 of beta states is missing"):
        states_in(folder)


def test_projections_alone(water):
    states = states_in(water("diag", "*-k*.pdos"))
    assert edges_ev(states) == pytest.approx(EDGES_EV, abs=1e-3)
    assert "convergence is unknown" in states.caveat


def test_steps_of_an_optimisation(water):
    """Projections at the second of three steps; the orbitals are of the last one."""
    folder = water("geo")
    last, second = read_folder(folder), read_folder(folder, step=2)
    assert "geometry.wfn" in last.states.source
    assert last.states.source.endswith("step 3")
    assert last.positions_a is not None
    assert second.states.source.endswith("step 2")
    assert "the run went on to step 3" in second.states.notes[-1]
    assert second.positions_a is None
    assert abs(second.states.homo_ev - last.states.homo_ev) > 1e-3
    with pytest.raises(InputError, match="no states of step 1 in it; there are some of step 2, 3"):
        states_in(folder, step=1)
    (folder / "geometry.wfn").write_bytes(b"")
    fallen = states_in(folder)
    assert edges_ev(fallen) == edges_ev(second.states)
    assert "not used: geometry.wfn" in fallen.notes[0]


def test_a_file_with_several_steps_gives_each_of_them(water):
    folder = water("diag", "*-k*.pdos", "*.out")
    for path in folder.glob("*-k*.pdos"):
        later = path.read_text()
        early = later.replace("-0.264210", "-0.251207")
        path.write_text(early + later.replace("step i = 0", "step i = 7"))
        path.rename(folder / path.name.replace("-1.pdos", ".pdos"))
    assert states_in(folder).homo_ev == pytest.approx(EDGES_EV[0], abs=1e-3)
    early = states_in(folder, step=0)
    assert early.homo_ev == pytest.approx(-0.251207 * EV_PER_HARTREE, abs=1e-3)


def test_kpoints_are_the_cause_that_is_told(water):
    with pytest.raises(InputError, match=r"kpoints-RESTART\.kp: the run has k-points"):
        states_in(water("kpoints"))


@pytest.fixture
def both(water, tmp_path):
    """Two projects in one folder, the optimisation unusable where it is OT."""
    return lambda *names: [only(water(name), tmp_path / "both", "*") for name in names][-1]


def test_of_two_projects_the_usable_one_is_taken(both, tmp_path):
    folder = both("ot", "diag")
    with pytest.raises(
        InputError, match=r"states of several projects \(diag, ot\); choose one by --project NAME"
    ):
        states_in(folder)
    asked = ["analyse", str(folder), "-o", str(tmp_path / "o"), "--project", "ot"]
    assert "ot-RESTART.wfn" in CliRunner().invoke(app, asked).output
    for path in folder.glob("ot*.pdos"):
        path.unlink()
    reading = read_folder(folder)
    assert reading.run.project == "diag"
    assert reading.states.notes[0] == "taken is project diag, as the others cannot be used"
    assert cube(folder, "homo", project="diag").norm > 0.9
    with pytest.raises(InputError, match="choose one by --project NAME"):
        cube(folder, "homo")


def test_another_project_that_was_cut_off_has_to_be_left_out_by_name(both):
    folder = both("ot", "diag")
    path = folder / "ot.out"
    path.write_text(path.read_text()[:-2000])
    with pytest.raises(InputError, match=r"ot\.out: .*cut off.*take another project .*diag"):
        states_in(folder)
    assert edges_ev(states_in(folder, project="diag")) == pytest.approx(EDGES_EV, abs=1e-3)


def test_first_blocks_of_text_without_a_spin(runs, tmp_path):
    """Those of the first steps of the SCF may not say which spin they are of."""
    folder = only(runs("so-triplet"), tmp_path, *COMMON, "*.MOLog")
    (path,) = folder.glob("*.MOLog")
    text = path.read_text()
    guess = text.replace("ALPHA ", "").replace("BETA ", "").replace("0.3", "0.1")
    path.write_text(guess.replace("EIGENVECTORS\n", "EIGENVECTORS AFTER SCF STEP 0\n") + text)
    require_same(states_in(folder), runs("so-triplet"))


def test_text_of_some_orbitals_is_a_window(water):
    """MO_INDEX_RANGE from the fourth orbital on, the highest occupied one."""
    folder = water("diag", "*.MOLog", "*.inp", "*.out", "*.csr")
    whole = states_in(folder)
    path = folder / "text-1_0.MOLog"
    lines = path.read_text().splitlines(keepends=True)
    numbers = [i for i, line in enumerate(lines) if line.split()[1:2] in (["1"], ["4"])]
    first, fourth = (i for i in numbers if len(lines[i].split()) == 4)
    path.write_text("".join([*lines[:first], *lines[fourth:]]))
    states = states_in(folder)
    np.testing.assert_array_equal(states.numbers, [4, 5, 6])
    np.testing.assert_allclose(states.weights, whole.weights[:, 3:], atol=1e-12)
    assert states.is_window


def test_the_output_that_began_last_counts(water):
    """Whatever the times of files are: a first try that was cut off, and the run itself."""
    folder = water("diag")
    text = (folder / "diag.out").read_text()
    for name, day, part in (("diag.out", 14, text), ("try.out", 13, text[: len(text) // 2])):
        started = f"STARTED AT               2026-11-{day} 09:30:00.123"
        (folder / name).write_text(part.replace("STARTED AT", started))
    assert edges_ev(states_in(folder)) == pytest.approx(EDGES_EV, abs=1e-3)
    change(folder / "try.out", "2026-11-13", "2026-11-15")
    with pytest.raises(InputError, match=r"try\.out: the run was cut off"):
        states_in(folder)


def test_a_head_of_a_wfn_file_that_asks_for_too_much_is_refused(runs, tmp_path):
    (source,) = runs("so-triplet").glob("*.wfn")
    content = source.read_bytes()
    for place in range(0, 160, 4):
        for value in (10**9, 2**31 - 1, -1, 0):
            path = tmp_path / "run-RESTART.wfn"
            path.write_bytes(content[:place] + value.to_bytes(4, "little", signed=True))
            path.write_bytes(path.read_bytes() + content[place + 4 :])
            try:
                wfn = read_wfn(path)
            except InputError as error:
                assert "\n" not in str(error)
            else:
                assert wfn.n_functions == read_wfn(source).n_functions


def test_what_a_check_knows_of_the_input_is_told(water):
    folder = water("diag")
    assert states_in(folder).notes == ()
    change(folder / "diag.inp", "CUTOFF 420\n", "CUTOFF 42\n")
    assert "CUTOFF 42 Ry is below the need" in states_in(folder).notes[0]


@pytest.mark.parametrize(
    ("name", "kept", "section"),
    [("ot", "*-k?-1.pdos", "PDOS"), ("diag", "*.MOLog", "MO"), ("diag", "*.molden", "MO_MOLDEN")],
)
def test_files_that_the_input_does_not_ask_for_may_be_of_an_earlier_run(water, name, kept, section):
    folder = water(name, kept, "*.inp", "*.out", "*.csr", "BASIS*")
    assert states_in(folder).notes == ()
    change(folder / f"{name}.inp", f"&{section}\n", f"&{section} OFF\n")
    (note,) = states_in(folder).notes
    assert f"{name}.inp does not ask for &{section}, so that" in note


def test_routes_can_be_named(water):
    folder = water("diag")
    for read, word in (
        (read_ldos_folder, "LDOS"),
        (read_kind_folder, "PDOS of each kind"),
        (read_wfn_states, "RESTART.wfn"),
    ):
        assert word in read(folder).source
    assert "text-1_0.MOLog" in states_in(folder, PopulationOptions(4), routes=("text",)).source


def test_notes_stand_in_the_summary_and_the_report(water, tmp_path):
    folder = water("diag")
    (folder / "diag-list2-1.pdos").write_text("")
    analyse(folder, tmp_path / "out")
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    told = [check["message"] for check in summary["checks"] if check["name"] == "source"]
    assert told[0] == (
        "not used: diag-list2-1.pdos: the file is empty; rerun the stage that writes it"
    )
    assert "diag-list2-1.pdos: the file is empty" in (tmp_path / "out" / "report.html").read_text()
    shutil.rmtree(tmp_path / "out")
