from dataclasses import replace

import numpy as np
import pytest
from scipy.linalg import sqrtm
from scipy.spatial.transform import Rotation

from epicarve.analysis.states import Localization
from epicarve.builder.model import Model
from epicarve.dft.xtb import CAVEAT, XtbSettings, orbital_states, relax
from epicarve.errors import InputError


def model(symbols, positions_a, charges):
    zeros = np.zeros(len(symbols), dtype=int)
    return Model(
        symbols=np.array(symbols),
        positions_a=np.array(positions_a, dtype=float),
        charges=np.array(charges),
        domains=np.full(len(symbols), "test"),
        sites=zeros,
        coordination=zeros,
        bulk_coordination=zeros,
        components=zeros,
    )


def galena(distortion_a=0.1):
    """A cube of eight ions of PbS, distorted so that no two orbitals are degenerate."""
    corners = np.array(np.meshgrid(*[[0, 1]] * 3, indexing="ij")).reshape(3, -1).T
    is_lead = corners.sum(axis=1) % 2 == 0
    rng = np.random.default_rng(7)
    return model(
        np.where(is_lead, "Pb", "S"),
        2.968 * corners + rng.normal(0.0, distortion_a, (8, 3)),
        np.where(is_lead, 2, -2),
    )


def fluorine(direction):
    return model(["F", "F"], [[0, 0, 0], 1.41 * np.asarray(direction)], [0, 0])


@pytest.fixture(scope="module")
def galena_states():
    return orbital_states(galena())


def test_states_are_those_of_a_closed_shell(galena_states):
    assert galena_states.n_electrons == pytest.approx(4 * (4 + 6))
    assert galena_states.homo_ev < galena_states.lumo_ev
    assert galena_states.weights.sum(axis=0) == pytest.approx(1.0, abs=1e-10)
    assert galena_states.weights.min() >= 0.0
    assert galena_states.source.startswith("GFN1-xTB (tblite ")
    assert galena_states.caveat == CAVEAT


def test_weights_equal_those_from_a_matrix_square_root(galena_states):
    from tblite.interface import Calculator

    numbers = np.where(galena().symbols == "Pb", 82, 16)
    calculator = Calculator("GFN1-xTB", numbers, galena().positions_a / 0.529177210903)
    calculator.set("verbosity", 0)
    calculator.set("save-integrals", 1)
    result = calculator.singlepoint()
    orbitals = sqrtm(result["overlap-matrix"]).real @ result["orbital-coefficients"]
    atoms = calculator.get("shell-map")[calculator.get("orbital-map")]
    for atom in range(8):
        expected = (orbitals[atoms == atom] ** 2).sum(axis=0)
        assert galena_states.weights[atom] == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize("cluster", [fluorine([0, 0, 1]), galena(distortion_a=0.0)])
def test_ratios_of_degenerate_sets_are_the_same_in_every_orientation(cluster):
    turn = Rotation.random(random_state=11).as_matrix()
    turned = replace(cluster, positions_a=cluster.positions_a @ turn.T)
    before, after = (Localization.of(orbital_states(one)) for one in (cluster, turned))
    assert len(np.unique(before.sets)) < len(before.sets)
    assert after.sets.tolist() == before.sets.tolist()
    assert after.ipr_of_set == pytest.approx(before.ipr_of_set, abs=1e-8)


@pytest.mark.parametrize("seed", range(3))
def test_rotation_and_translation_change_nothing(galena_states, seed):
    turn = Rotation.random(random_state=seed).as_matrix()
    turned = replace(galena(), positions_a=galena().positions_a @ turn.T + [3.0, -1.0, 5.0])
    states = orbital_states(turned)
    assert states.energies_ev == pytest.approx(galena_states.energies_ev, abs=1e-8)
    assert states.weights == pytest.approx(galena_states.weights, abs=1e-8)


@pytest.mark.parametrize("direction", [(1, 0, 0), (0, 0.6, 0.8), (0.48, -0.6, 0.64)])
def test_each_state_of_fluorine_spreads_over_two_atoms(direction):
    states = orbital_states(fluorine(direction))
    assert 1.0 / (states.weights**2).sum(axis=0) == pytest.approx(2.0, abs=1e-10)


def test_relaxation_lowers_the_forces_and_keeps_the_ions(capfd):
    steps = []
    start = galena()
    end = relax(start, XtbSettings(max_force_ev_a=0.1), lambda n, force: steps.append((n, force)))
    told = end.report.relaxation
    assert told.converged
    assert told.max_force_ev_a <= 0.1 < steps[0][1]
    assert steps[-1][0] == told.n_steps
    assert end.symbols.tolist() == start.symbols.tolist()
    shifts_a = np.linalg.norm(end.positions_a - start.positions_a, axis=1)
    assert told.rmsd_a == pytest.approx(np.sqrt((shifts_a**2).mean()), abs=1e-4)
    assert capfd.readouterr().out == ""


def test_a_relaxation_cut_short_says_so():
    told = relax(galena(), XtbSettings(max_steps=1)).report.relaxation
    assert not told.converged
    assert told.n_steps == 1


def test_an_element_without_parameters_is_named():
    for compute in (relax, orbital_states):
        with pytest.raises(InputError, match="no parameters for U"):
            compute(model(["U", "S"], [[0, 0, 0], [0, 0, 3]], [2, -2]))


def test_charges_that_do_not_converge_are_an_error():
    for compute in (relax, orbital_states):
        with pytest.raises(InputError, match=r"not converged in 2 cycles.*max_scf_cycles"):
            compute(galena(), XtbSettings(max_scf_cycles=2))


def test_ions_on_top_of_each_other_are_an_error():
    for compute in (relax, orbital_states):
        with pytest.raises(InputError, match="on top of each other"):
            compute(model(["Pb", "S"], [[0, 0, 0], [0, 0, 0]], [2, -2]))


def test_an_open_shell_is_an_error():
    with pytest.raises(InputError, match="odd number of electrons"):
        orbital_states(model(["Cs"], [[0, 0, 0]], [0]))


def test_nothing_is_printed(capfd):
    orbital_states(fluorine((1, 0, 0)))
    with pytest.raises(InputError):
        orbital_states(galena(), XtbSettings(max_scf_cycles=1))
    captured = capfd.readouterr()
    assert captured.out == captured.err == ""
