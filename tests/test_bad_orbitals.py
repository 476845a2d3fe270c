"""Orbitals of CP2K that are cut, damaged, or of another run: one sentence each."""

import re
import shutil

import numpy as np
import pytest
from cp2k_runs import (
    COMMON,
    only,
    read_molden_states,
    read_text_states,
    read_wfn_states,
    require_same,
)

from epicarve.dft.read import read_states, read_wfn
from epicarve.errors import InputError


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


def spoil_wide_overlap(run):
    """Damage an element beside the diagonal."""
    (path,) = run.glob("*.csr")
    lines = path.read_text().splitlines(keepends=True)
    row = next(i for i, line in enumerate(lines) if line.split()[0] != line.split()[1])
    lines[row] = f"{' '.join(lines[row].split()[:2])} 1.5\n"
    path.write_text("".join(lines))


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
        (spoil_occupations, r"the occupations sum to 81\.00000 instead of 82 electrons"),
        (spoil_text_instead, r"RESTART\.wfn: not a whole \.wfn file"),
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


@pytest.mark.parametrize(
    ("spoil", "note"),
    [
        (
            spoil_cut_overlap,
            r"\.csr: not a whole overlap matrix \(it is cut off in its last line\)",
        ),
        (spoil_short_overlap, r"\.csr: elements are missing on its diagonal, so it is cut off"),
        (spoil_nan_overlap, r"\.csr: there is NaN"),
        (spoil_wide_overlap, r"\.csr: two functions overlap more than each with itself"),
        (spoil_two_wfn, r"other projects .* were not looked at \(--project another\)"),
        (spoil_no_output, r"convergence is unknown"),
    ],
)
def test_what_is_not_needed_does_not_hide_the_orbitals(runs, tmp_path, spoil, note):
    folder = only(runs("cs4pbbr6"), tmp_path, *COMMON, "*.wfn", "*.csr")
    spoil(folder)
    states = read_states(folder)
    require_same(states, runs("cs4pbbr6"))
    assert any(re.search(note, told) for told in states.notes)


def test_the_overlap_of_another_project_is_not_taken(runs, tmp_path):
    folder = only(runs("cs4pbbr6"), tmp_path, *COMMON, "*.wfn", "*.csr")
    spoil_other_project(folder)
    states = read_states(folder)
    assert "computed from" in states.source
    require_same(states, runs("cs4pbbr6"))


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
    with pytest.raises(InputError, match="in Cartesian functions"):
        read_text_states(folder)
    assert "in Cartesian functions" in read_states(folder).notes[0]
    text.unlink()
    molden.write_text(molden.read_text().replace("[5D7F]", ""))
    with pytest.raises(InputError, match="angular momentum 2 are Cartesian"):
        read_states(folder)
