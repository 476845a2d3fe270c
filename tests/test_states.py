import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from epicarve.dft.states import OrbitalStates
from epicarve.errors import InputError


def states(**changes):
    fields = {
        "energies_ev": np.array([-6.0, -5.0, -2.0]),
        "occupations": np.array([2.0, 2.0, 0.0]),
        "weights": np.array([[0.5, 0.75, 0.25], [0.5, 0.25, 0.75]]),
        "symbols": ("Pb", "S"),
        "source": "a test",
        "caveat": "Not for publishing — ein Versuch.",
    }
    return OrbitalStates(**{**fields, **changes})


def assert_equal(left, right):
    for name in ("energies_ev", "occupations", "weights", "spins"):
        assert np.array_equal(getattr(left, name), getattr(right, name))
        assert getattr(left, name).dtype == getattr(right, name).dtype
    for name in ("symbols", "restricted", "source", "caveat"):
        assert getattr(left, name) == getattr(right, name)


@given(weights=arrays(float, (3, 5), elements=st.floats(1e-3, 1.0)), data=st.data())
def test_saved_states_read_back_equal(tmp_path_factory, weights, data):
    energies = data.draw(arrays(float, 5, elements=st.floats(-100, 100)))
    spins = np.array([0, 0, 0, 1, 1], dtype=np.int8)
    saved = OrbitalStates(
        energies_ev=np.concatenate([np.sort(energies[:3]), np.sort(energies[3:])]),
        occupations=np.array([1.0, 1.0, 0.0, 1.0, 0.0]),
        weights=weights / weights.sum(axis=0),
        symbols=("Cs", "Pb", "Br"),
        spins=spins,
        restricted=False,
    )
    path = tmp_path_factory.mktemp("states") / "states.npz"
    saved.save(path)
    assert_equal(OrbitalStates.load(path), saved)


def test_the_same_states_give_the_same_bytes_at_any_time(tmp_path, monkeypatch):
    states().save(tmp_path / "early.npz")
    monkeypatch.setattr("time.time", lambda: 2_000_000_000.0)
    states().save(tmp_path / "late.npz")
    assert (tmp_path / "early.npz").read_bytes() == (tmp_path / "late.npz").read_bytes()
    with zipfile.ZipFile(tmp_path / "late.npz") as archive:
        assert {member.date_time for member in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert_equal(OrbitalStates.load(tmp_path / "late.npz"), states())


@pytest.mark.parametrize("content", [b"", b"Pb", b"\x93NUMPY", b"PK\x03\x04cut"])
def test_a_broken_archive_is_told_by_name(tmp_path, content):
    path = tmp_path / "states.npz"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"states\.npz: not an archive of orbital states"):
        OrbitalStates.load(path)


def test_a_cut_off_an_alien_and_a_missing_archive_are_told_by_name(tmp_path):
    states().save(tmp_path / "whole.npz")
    whole = (tmp_path / "whole.npz").read_bytes()
    (tmp_path / "cut.npz").write_bytes(whole[: len(whole) // 2])
    np.savez(tmp_path / "alien.npz", energies_ev=np.zeros(3))
    np.save(tmp_path / "array.npy", np.zeros(3))
    for name in ("cut.npz", "alien.npz", "array.npy"):
        with pytest.raises(InputError, match=f"{name}: not an archive of orbital states"):
            OrbitalStates.load(tmp_path / name)
    with pytest.raises(InputError, match="no such file"):
        OrbitalStates.load(tmp_path / "missing.npz")


def test_edges_of_a_closed_shell():
    assert states().n_electrons == 4.0
    assert (states().homo_ev, states().lumo_ev) == (-5.0, -2.0)
    assert states(occupations=np.zeros(3)).homo_ev is None
    assert states(occupations=np.full(3, 2.0)).lumo_ev is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"weights": np.ones((2, 3))}, "state 1 sum to 2"),
        ({"weights": np.ones((3, 3)) / 3}, r"shape \(3, 3\)"),
        ({"energies_ev": np.array([-5.0, -6.0, -2.0])}, "energies descend"),
        ({"energies_ev": np.array([-5.0, np.nan, -2.0])}, "an energy is not a finite number"),
        ({"occupations": np.zeros(2)}, "differ in length"),
        ({"spins": np.array([1, 0, 0], dtype=np.int8)}, "beta states stand before alpha"),
        (
            {
                "energies_ev": np.zeros(0),
                "occupations": np.zeros(0),
                "weights": np.zeros((2, 0)),
            },
            "no state",
        ),
    ],
)
def test_states_that_cannot_be_are_refused(changes, message):
    with pytest.raises(InputError, match=message):
        states(**changes)


def test_lists_of_numbers_serve_as_well():
    listed = OrbitalStates([-5, -2], [2, 0], [[0.75, 0.25], [0.25, 0.75]], ["Pb", "S"])
    assert listed.symbols == ("Pb", "S")
    assert listed.lumo_ev - listed.homo_ev == 3.0
    with pytest.raises(InputError, match="weights are no array of numbers"):
        OrbitalStates([-5, -2], [2, 0], [[0.75, 0.25], [0.25]], ["Pb", "S"])
