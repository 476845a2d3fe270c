"""Every way from CP2K's files to atomic weights gives CP2K's own projections, on real runs.

The runs and how to make them again are told in fixtures/README.md.
"""

import csv

import numpy as np
import pytest
from cp2k_runs import (
    COMMON,
    FINITE,
    RUNS,
    only,
    read_ldos_folder,
    read_molden_states,
    read_text_states,
    read_wfn_states,
    require_same,
)

from epicarve.dft.orbitals import mulliken_weights, overlap_matrix
from epicarve.dft.read import RunFolder, read_atom_basis, read_csr, read_states, read_wfn
from epicarve.dft.states import OrbitalStates
from epicarve.errors import InputError
from epicarve.units import A_PER_BOHR
from epicarve.workflow.tasks.analyse import analyse


@pytest.mark.parametrize("name", RUNS)
def test_wfn_with_the_overlap_that_cp2k_wrote(runs, tmp_path, name):
    folder = only(runs(name), tmp_path, *COMMON, "*.wfn", "*.csr")
    states = read_states(folder)
    assert ".csr" in states.source
    require_same(states, runs(name))


@pytest.mark.parametrize("name", RUNS)
def test_wfn_with_the_computed_overlap(runs, tmp_path, name):
    folder = only(runs(name), tmp_path, *COMMON, "*.wfn")
    states = read_states(folder)
    assert "computed from" in states.source
    require_same(states, runs(name))


@pytest.mark.parametrize("name", RUNS)
def test_text(runs, tmp_path, name):
    folder = only(runs(name), tmp_path, *COMMON, "*.MOLog")
    require_same(read_states(folder), runs(name))


@pytest.mark.parametrize("name", FINITE)
def test_molden(runs, tmp_path, name):
    folder = only(runs(name), tmp_path, *COMMON, "*.molden")
    require_same(read_states(folder), runs(name))


@pytest.mark.parametrize("name", RUNS)
def test_the_computed_overlap_is_that_of_cp2k(runs, name):
    """CP2K leaves out Gaussians that have fallen below the root of its EPS_DEFAULT."""
    folder = runs(name)
    (path,) = [*folder.glob("*.inp"), *folder.glob("job.in")]
    basis = read_atom_basis(RunFolder(folder).runs[0].run)
    computed = overlap_matrix(basis.positions_bohr, basis.shells, basis.translations_bohr)
    (csr,) = folder.glob("*.csr")
    written = read_csr(csr, computed.shape[0])
    tight = "1.0E-12" in path.read_text()
    assert abs(computed - written).max() < (2e-8 if tight else 5e-7)


def test_projections_come_first_then_wfn_then_text_then_molden(runs, tmp_path):
    folder = only(runs("cs4pbbr6"), tmp_path, "*")
    for pattern, word in (
        ("*.pdos", "LDOS of each atom"),
        ("*.wfn", "RESTART.wfn"),
        ("*.MOLog", ".MOLog"),
        ("*.molden", ".molden"),
    ):
        assert word in read_states(folder).source
        for path in folder.glob(pattern):
            path.unlink()
    with pytest.raises(InputError, match=r"there are no states in it or in a folder below"):
        read_states(folder)


@pytest.mark.parametrize("read", [read_wfn_states, read_text_states, read_molden_states])
@pytest.mark.parametrize("name", ["cs4pbbr6", "so-triplet"])
def test_a_window_is_a_part_of_the_whole(runs, name, read):
    whole, part = read(runs(name)), read(runs(name), n_states=4)
    assert (part.homo_ev, part.lumo_ev) == (whole.homo_ev, whole.lumo_ev)
    assert part.n_states == 4 * (1 if whole.restricted else 2)
    place = [
        int(np.flatnonzero((whole.energies_ev == energy) & (whole.spins == spin))[0])
        for energy, spin in zip(part.energies_ev, part.spins, strict=True)
    ]
    np.testing.assert_allclose(part.weights, whole.weights[:, place], atol=1e-12)


def test_text_in_the_main_output_with_earlier_steps(runs, tmp_path):
    """The last block of each spin counts; those of single steps of the SCF stand before it."""
    folder = only(runs("so-triplet"), tmp_path, *COMMON)
    (text,) = [path.read_text() for path in runs("so-triplet").glob("*.MOLog")]
    guess = text.replace("EIGENVECTORS\n", "EIGENVECTORS AFTER SCF STEP 0\n").replace("0.3", "0.1")
    output = folder / "run.log"
    output.write_text(output.read_text().replace("\n SCF WAVE", f"\n{guess}{text}\n SCF WAVE", 1))
    assert "run.log" in read_states(folder).source
    require_same(read_states(folder), runs("so-triplet"))


def test_row_numbers_glued_to_their_prefix(runs, tmp_path):
    """From the ten-thousandth basis function on, no blank stands between prefix and number."""
    folder = only(runs("so-triplet"), tmp_path, *COMMON)
    (source,) = runs("so-triplet").glob("*.MOLog")
    lines = [
        f" MO|{10000 + int(line[4:9])}{line[9:]}" if line[4:9].strip().isdigit() else line
        for line in source.read_text().splitlines()
    ]
    (folder / source.name).write_text("\n".join(lines) + "\n")
    require_same(read_states(folder), runs("so-triplet"))


def test_a_molden_file_alone(runs, tmp_path):
    folder = only(runs("cs4pbbr6"), tmp_path, "*.molden")
    states = read_states(folder)
    assert "convergence is unknown" in states.caveat
    require_same(states, runs("cs4pbbr6"))


def test_a_molden_file_of_2026_with_cell_charges_and_angstrom(runs, tmp_path):
    """The sections and units that write_mos_molden of CP2K 2026.2 can add (its molden_utils.F)."""
    folder = only(runs("cs4pbbr6"), tmp_path, "*.molden")
    (path,) = folder.glob("*.molden")
    atoms, _, rest = path.read_text().partition(" [GTO]\n")
    rows = [line.split() for line in atoms.splitlines()[2:]]
    lines = [
        " [Molden Format]",
        " [Cell] Angs",
        *["    13.000000       0.000000       0.000000"] * 3,
    ]
    lines.append(" [Atoms] Angs")
    for symbol, number, charge, *xyz in rows:
        places = "   ".join(f"{float(x) * A_PER_BOHR:12.6f}" for x in xyz)
        lines.append(f" {symbol:2}{number:>6}{charge:>6}   {places}   ")
    lines += [" [Pseudo]", *(f" {symbol:2}{number:>6}{7:>6}" for symbol, number, *_ in rows)]
    path.write_text("\n".join([*lines, " [GTO]", rest]))
    # Coordinates are rounded to 1e-6 Å.
    require_same(read_states(folder), runs("cs4pbbr6"), tolerance=2e-6)


def test_a_wfn_file_tells_atoms_and_angular_momenta(runs):
    (path,) = runs("cs4pbbr6").glob("*.wfn")
    wfn = read_wfn(path)
    symbols = read_ldos_folder(runs("cs4pbbr6")).symbols
    assert dict(zip(symbols, wfn.functions_of_atom.tolist(), strict=True)) == {
        "Pb": 13,
        "Br": 13,
        "Cs": 14,
    }
    assert wfn.angular[:13].tolist() == [0, 0, *[1] * 6, *[2] * 5]


def test_analyse_weighs_a_window_of_a_wfn_file(runs, tmp_path):
    folder = only(runs("cs4pbbr6"), tmp_path / "run", *COMMON, "*.wfn")
    summary = analyse(folder, tmp_path / "out", n_states=12)
    whole = read_ldos_folder(runs("cs4pbbr6"))
    assert summary["n_states"] == 12
    assert "12 orbitals around the gap" in summary["provenance"]["states"]
    assert summary["homo_lumo_gap_ev"] == pytest.approx(whole.lumo_ev - whole.homo_ev, abs=3e-5)


def test_orbitals_beside_projections_serve_what_these_cannot(runs, tmp_path):
    run = runs("cs4pbbr6")
    window = read_states(run, n_states=12)
    assert window.n_states == 12
    assert "orbitals around the gap" in window.source
    mulliken = read_states(run, weights="mulliken")
    assert mulliken.source.endswith("Mulliken weights")
    wfn = read_wfn(next(run.glob("*.wfn")))
    overlap = read_csr(next(run.glob("*.csr")), wfn.n_functions)
    expected = mulliken_weights(
        overlap, wfn.coefficients(0, 0, mulliken.n_states), wfn.atom_of_function, mulliken.n_atoms
    )
    np.testing.assert_allclose(mulliken.weights, expected, atol=1e-12)
    assert np.abs(mulliken.weights - read_states(run).weights).max() > 0.01
    lists = only(run, tmp_path / "lists", *COMMON, "*.pdos")
    for asked in ({"n_states": 12}, {"weights": "mulliken"}):
        with pytest.raises(InputError, match="it holds weights of all states, and no orbitals"):
            read_states(lists, **asked)
    with pytest.raises(InputError, match="weights 'hirshfeld': there are lowdin and mulliken"):
        analyse(run, tmp_path / "out", weights="hirshfeld")


def test_broadening_and_size_aware_threshold_are_asked_for_by_name(runs, tmp_path):
    summary = analyse(runs("cs4pbbr6"), tmp_path / "out", broadening_ev=0.02, n_ipr_max=1.0)
    options = summary["provenance"]["options"]
    assert (options["broadening_ev"], options["n_ipr_max"]) == (0.02, 1.0)
    assert options["energy_step_ev"] <= 0.01
    assert summary["size_aware"]["gap_ev"] is None


def test_no_empty_state_leaves_the_lumo_out(runs, tmp_path):
    """As after a run without ADDED_MOS."""
    folder = only(runs("so-triplet"), tmp_path, *COMMON, "*.molden")
    (path,) = folder.glob("*.molden")
    head, *orbitals = path.read_text().split("Ene=")
    path.write_text(head + "".join(f"Ene={o}" for o in orbitals if "Occup=   1.0" in o))
    states = read_states(folder)
    assert states.n_electrons == 12
    assert states.lumo_ev is None


def test_a_chain_that_stopped_before_its_states_names_the_stage(runs, tmp_path):
    for name in ("1-relax", "2-ground-state"):
        only(runs("cs4pbbr6"), tmp_path / name, *COMMON, "*.wfn")
    path = tmp_path / "2-ground-state" / "cs4pbbr6.out"
    path.write_text(path.read_text()[:-2000])
    with pytest.raises(InputError, match=r"2-ground-state/cs4pbbr6\.out: the run was cut off"):
        read_states(tmp_path)


def test_states_win_over_the_orbitals_of_earlier_stages(runs, tmp_path):
    for name in ("1-relax", "2-ground-state"):
        only(runs("cs4pbbr6"), tmp_path / name, *COMMON, "*.wfn")
    only(runs("cs4pbbr6"), tmp_path / "3-states", *COMMON, "*.wfn", "*.pdos")
    assert "LDOS" in read_states(tmp_path).source


def test_states_of_a_window_keep_their_numbers(runs, tmp_path):
    folder = only(runs("cs4pbbr6"), tmp_path / "run", *COMMON, "*.wfn")
    analyse(folder, tmp_path / "out", n_states=2)
    rows = list(csv.DictReader((tmp_path / "out" / "states.csv").open()))
    assert [row["state"] for row in rows] == ["41", "42"]  # of 82 electrons
    whole, window = read_states(folder), read_states(folder, n_states=2)
    np.testing.assert_array_equal(window.energies_ev, whole.energies_ev[window.numbers - 1])
    open_shell = only(runs("so-triplet"), tmp_path / "open", *COMMON, "*.wfn")
    whole, window = read_states(open_shell), read_states(open_shell, n_states=4)
    for spin in (0, 1):
        numbers = window.numbers[window.spins == spin]
        np.testing.assert_array_equal(
            window.energies_ev[window.spins == spin],
            whole.energies_ev[whole.spins == spin][numbers - 1],
        )
    window.save(tmp_path / "states.npz")
    assert OrbitalStates.load(tmp_path / "states.npz").left_out == window.left_out
