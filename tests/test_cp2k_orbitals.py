"""Every way from CP2K's files to atomic weights gives CP2K's own projections, on real runs.

The runs and how to make them again are told in fixtures/README.md.
"""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from epicarve.analysis.gap import Gap
from epicarve.analysis.localization import Localization
from epicarve.analysis.options import AnalysisOptions
from epicarve.cli import main
from epicarve.dft.atom_basis import read_atom_basis
from epicarve.dft.csr import read_csr
from epicarve.dft.ldos import read_kind_folder, read_ldos_folder
from epicarve.dft.orbital_files import read_molden_states, read_text_states, read_wfn_states
from epicarve.dft.overlap import overlap_matrix
from epicarve.dft.read import read_states
from epicarve.dft.wfn import read_wfn
from epicarve.errors import InputError
from epicarve.units import A_PER_BOHR, EV_PER_HARTREE
from epicarve.workflow.analyse import analyse

FIXTURES = Path(__file__).parent / "fixtures"
RUNS = {
    "pb9s6cl6-orbitals": "restricted, DZVP",
    "so-triplet": "unrestricted, labels that are no elements",
    "cs4pbbr6": "with caesium",
    "pb49s33cl32": "114 atoms, overlap in an upper triangle with a threshold",
    "zn2s2-gapw": "all electrons, smeared, not set up by epicarve",
    "pbs-bulk": "periodic, triclinic, two basis sets, not set up by epicarve",
    "co-cation": "all electrons, charged doublet, functions up to g, not set up by epicarve",
}
FINITE = [name for name in RUNS if name != "pbs-bulk"]


@pytest.fixture(scope="session")
def runs(tmp_path_factory):
    """Unpack a run on its first use."""
    folders = {}

    def folder(name):
        if name not in folders:
            folders[name] = tmp_path_factory.mktemp(name)
            shutil.unpack_archive(FIXTURES / f"cp2k-{name}.tar.xz", folders[name])
        return folders[name]

    return folder


def only(folder, target, *patterns):
    """Copy the files of some patterns."""
    target.mkdir(exist_ok=True)
    for pattern in patterns:
        for path in folder.glob(pattern):
            shutil.copy(path, target)
    return target


COMMON = ("*.inp", "job.in", "*.out", "*.log", "*.xyz", "*BASIS*", "EMSL*")


def require_same(states, folder, tolerance=1e-6):
    """States equal CP2K's projections on atoms and on kinds, for every state."""
    atoms, kinds = read_ldos_folder(folder), read_kind_folder(folder)
    assert states.symbols == atoms.symbols
    assert states.restricted == atoms.restricted
    np.testing.assert_array_equal(states.spins, atoms.spins)
    np.testing.assert_allclose(states.weights, atoms.weights, atol=tolerance)
    # A .pdos file has energies to 1e-6 hartree.
    hartree = 1e-6 * EV_PER_HARTREE
    np.testing.assert_allclose(states.energies_ev, atoms.energies_ev, atol=0.51 * hartree)
    np.testing.assert_allclose(states.occupations, atoms.occupations, atol=1e-6)
    assert states.lumo_ev - states.homo_ev == pytest.approx(atoms.lumo_ev - atoms.homo_ev, abs=3e-5)
    ipr, known = ((s.weights**2).sum(axis=0) for s in (states, atoms))
    np.testing.assert_allclose(ipr, known, atol=tolerance)
    kept, known = (
        Gap.of(s, Localization.of(s), AnalysisOptions(ipr_max=0.25)).filtered.kept
        for s in (states, atoms)
    )
    np.testing.assert_array_equal(kept, known)
    for name, of_kind in zip(kinds.symbols, kinds.weights, strict=True):
        element = name.rstrip("0123456789")
        summed = states.weights[np.array(states.symbols) == element].sum(axis=0)
        np.testing.assert_allclose(summed, of_kind, atol=tolerance)


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
    basis = read_atom_basis(path)
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
    assert "nothing tells whether it converged" in states.source
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


def test_analyse_of_whole_kinds_writes_dos_and_plain_gap(runs, tmp_path, monkeypatch, capsys):
    folder = only(runs("cs4pbbr6"), tmp_path / "run", *COMMON, "*-k?-1.pdos")
    arguments = ["epicarve", "analyse", str(folder), "-o", str(tmp_path / "out")]
    monkeypatch.setattr(sys, "argv", arguments)
    with pytest.raises(SystemExit) as stop:
        main()
    assert not stop.value.code
    assert "no IPR can be had" in " ".join(capsys.readouterr().out.split())
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    known = read_ldos_folder(runs("cs4pbbr6"))
    assert summary["homo_lumo_gap_ev"] == pytest.approx(known.lumo_ev - known.homo_ev, abs=1e-6)
    assert summary["filtered"] is None
    assert [check["name"] for check in summary["checks"]] == ["filtered"]
    head = (tmp_path / "out" / "dos.csv").read_text().splitlines()[0]
    assert head.startswith("energy_ev,total,Pb,Br,Cs,Pb:s,Pb:p,Pb:d,")


def spoil_cut_wfn(run):
    (path,) = run.glob("*.wfn")
    path.write_bytes(path.read_bytes()[:-100])


def spoil_cut_head(run):
    (path,) = run.glob("*.wfn")
    path.write_bytes(path.read_bytes()[:90])


def spoil_nan_orbital(run):
    (path,) = run.glob("*.wfn")
    content = bytearray(path.read_bytes())
    content[-12:-4] = np.array([np.nan]).tobytes()
    path.write_bytes(content)


def spoil_orbital(run):
    (path,) = run.glob("*.wfn")
    content = bytearray(path.read_bytes())
    content[-812:-804] = np.array([0.7]).tobytes()
    path.write_bytes(content)


def spoil_zero_energies(run):
    (path,) = run.glob("*.wfn")
    content = bytearray(path.read_bytes())
    wfn = read_wfn(path)
    n_states = len(wfn.spins[0].energies_ev)
    start = wfn.spins[0].offset - 4 - 16 * n_states
    content[start : start + 8 * n_states] = bytes(8 * n_states)
    path.write_bytes(content)


def spoil_occupations(run):
    (path,) = run.glob("*.wfn")
    content = bytearray(path.read_bytes())
    wfn = read_wfn(path)
    start = wfn.spins[0].offset - 4 - 8 * len(wfn.spins[0].energies_ev)
    content[start : start + 8] = np.array([1.0]).tobytes()
    path.write_bytes(content)


def spoil_text_instead(run):
    (path,) = run.glob("*.wfn")
    path.write_text("hello\n" * 100)


def spoil_cut_overlap(run):
    (path,) = run.glob("*.csr")
    path.write_text(path.read_text()[:-7])


def spoil_short_overlap(run):
    (path,) = run.glob("*.csr")
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[: len(lines) // 2]))


def spoil_nan_overlap(run):
    (path,) = run.glob("*.csr")
    path.write_text(path.read_text().replace("0.10000000000000E+001", "NaN", 1))


def spoil_other_project(run):
    (path,) = run.glob("*.csr")
    path.rename(run / "another-S_SPIN_1-1_0.csr")


def spoil_two_wfn(run):
    (path,) = run.glob("*.wfn")
    shutil.copy(path, run / "another-RESTART.wfn")


def spoil_no_output(run):
    (run / "cs4pbbr6.out").unlink()


def spoil_moved_atom(run):
    for path in run.glob("*.csr"):
        path.unlink()
    path = run / "cs4pbbr6.xyz"
    path.write_text(path.read_text().replace("6.500000", "6.900000", 1))


def spoil_missing_atom(run):
    for path in run.glob("*.csr"):
        path.unlink()
    path = run / "cs4pbbr6.xyz"
    lines = path.read_text().splitlines()
    path.write_text("\n".join(["10", *lines[1:-1]]) + "\n")


def spoil_no_basis(run):
    for path in run.glob("*.csr"):
        path.unlink()
    path = run / "cs4pbbr6.inp"
    path.write_text(path.read_text().replace("BASIS_MOLOPT", "BASIS_OF_MY_OWN"))


def spoil_other_basis(run):
    for path in run.glob("*.csr"):
        path.unlink()
    path = run / "cs4pbbr6.inp"
    path.write_text(path.read_text().replace("DZVP-MOLOPT-SR-GTH-q9", "NAMELESS"))


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (spoil_cut_wfn, r"RESTART\.wfn: \d+ bytes, but its head tells of \d+; it is cut off"),
        (spoil_cut_head, r"RESTART\.wfn: not a whole \.wfn file"),
        (spoil_nan_orbital, r"RESTART\.wfn: an orbital in it is damaged"),
        (spoil_orbital, r"RESTART\.wfn: orbital 51 is not orthonormal in the overlap matrix"),
        (spoil_zero_energies, r"RESTART\.wfn: the energies of its orbitals are zero"),
        (spoil_occupations, r"the occupations of spin 1 sum to 81\.000 instead of 82 electrons"),
        (spoil_text_instead, r"RESTART\.wfn: not a whole \.wfn file"),
        (
            spoil_cut_overlap,
            r"\.csr: not a whole overlap matrix \(it is cut off in its last line\)",
        ),
        (spoil_short_overlap, r"\.csr: elements are missing on its diagonal, so it is cut off"),
        (spoil_nan_overlap, r"\.csr: there is NaN"),
        (spoil_other_project, r"another-S_SPIN_1-1_0\.csr: it is of another project"),
        (spoil_two_wfn, r"orbitals of several projects \(another, cs4pbbr6\)"),
        (spoil_no_output, r"the main output of project cs4pbbr6 is not there"),
        (spoil_moved_atom, r"orbital \d+ is not orthonormal .* coordinates or basis set beside it"),
        (spoil_missing_atom, r"147 basis functions, but cs4pbbr6\.inp tells of 133 on 10 atoms"),
        (spoil_no_basis, r"file of basis sets BASIS_OF_MY_OWN is neither beside it nor"),
        (spoil_other_basis, r"there is no basis set NAMELESS of Cs in BASIS_MOLOPT"),
    ],
)
def test_bad_wfn_runs_are_refused_in_one_sentence(runs, tmp_path, spoil, sentence):
    folder = only(runs("cs4pbbr6"), tmp_path, *COMMON, "*.wfn", "*.csr")
    spoil(folder)
    with pytest.raises(InputError, match=sentence) as caught:
        read_states(folder)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", ["MOLog", "molden"])
def test_a_text_cut_anywhere_is_refused(runs, tmp_path, kind):
    folder = only(runs("so-triplet"), tmp_path, *COMMON, f"*.{kind}")
    (path,) = folder.glob(f"*.{kind}")
    text = path.read_text().rpartition("E(Fermi)" if kind == "MOLog" else "\n")[0]
    # Of the text, what follows the last orbital is left out from the start.
    for share in np.linspace(0.02, 0.999, 60):
        path.write_text(text[: int(share * len(text))])
        with pytest.raises(InputError) as caught:
            read_states(folder)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("pattern", "read"),
    [
        ("*.wfn", read_wfn_states),
        ("*.csr", read_wfn_states),
        ("*.MOLog", read_text_states),
        ("*.molden", read_molden_states),
    ],
)
def test_damaged_bytes_give_a_sentence_or_the_right_weights(runs, tmp_path, pattern, read):
    folder = only(runs("so-triplet"), tmp_path, *COMMON, "*.wfn", "*.csr", pattern)
    truth = read(folder)
    (path,) = folder.glob(pattern)
    whole = path.read_bytes()
    rng = np.random.default_rng(7)
    for _ in range(60):
        content = bytearray(whole)
        content[rng.integers(len(content))] = rng.integers(256)
        path.write_bytes(content)
        try:
            states = read(folder)
        except InputError as error:
            assert "\n" not in str(error)
        else:
            # One flipped digit of a coefficient may stay within the tolerance of orthonormality.
            np.testing.assert_allclose(states.weights, truth.weights, atol=1e-4)
            assert states.n_electrons == pytest.approx(truth.n_electrons, abs=0.01)


def test_too_few_digits_are_named(runs, tmp_path):
    folder = only(runs("so-triplet"), tmp_path, *COMMON, "*.molden")
    (path,) = folder.glob("*.molden")
    head, _, orbitals = path.read_text().partition("[MO]\n")
    rows = [
        line if "=" in line else f"{line.split()[0]:>6} {float(line.split()[1]):.3E}"
        for line in orbitals.splitlines()
    ]
    path.write_text("\n".join([head + "[MO]", *rows]) + "\n")
    with pytest.raises(InputError, match=r"or 3 digits \(NDIGITS in &MO_MOLDEN\) are too few"):
        read_states(folder)


def test_cartesian_functions_are_refused(runs, tmp_path):
    folder = only(runs("so-triplet"), tmp_path, *COMMON, "*.molden", "*.MOLog")
    (text,), (molden,) = folder.glob("*.MOLog"), folder.glob("*.molden")
    text.write_text(text.read_text().replace("SPHERICAL", "CARTESIAN"))
    with pytest.raises(InputError, match="in Cartesian functions or of k-points"):
        read_states(folder)
    text.unlink()
    molden.write_text(molden.read_text().replace("[5D7F]", ""))
    with pytest.raises(InputError, match="angular momentum 2 are Cartesian"):
        read_states(folder)


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
