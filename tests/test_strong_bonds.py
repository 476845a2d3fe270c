from dataclasses import replace

import numpy as np
import pytest

from epicarve.builder.carve import carve
from epicarve.builder.crystal import bond_valences
from epicarve.builder.geometry import surface_of
from epicarve.builder.library import bundled_crystal
from epicarve.builder.optimise import BalanceOptions
from epicarve.builder.shapes import Sphere

CENTRE = (0.3, 0.1, 0.4)
TRUE_BOND_A = 3.4


def lonely(model, limit_a):
    """Number of ions without an ion of opposite charge within a distance."""
    apart = np.linalg.norm(model.positions_a[:, None] - model.positions_a, axis=2)
    near = (apart <= limit_a) & (model.charges[:, None] * model.charges < 0)
    return int((near.sum(axis=1) == 0).sum())


@pytest.mark.parametrize("relocations", [0, None])
@pytest.mark.parametrize("radius_a", [11.0, 13.0, 15.0])
def test_each_ion_of_pb4s3cl2_keeps_a_true_bond(radius_a, relocations):
    options = BalanceOptions(relocations=relocations)
    model = carve(bundled_crystal("Pb4S3Cl2"), Sphere(radius_a), CENTRE, options)
    assert lonely(model, TRUE_BOND_A) == 0


def test_without_them_long_contacts_are_enough():
    crystal, shape = bundled_crystal("PbCl2"), Sphere(15.0)
    found = [
        lonely(
            carve(crystal, shape, options=BalanceOptions(strong_bonds=strong, relocations=0)), 3.5
        )
        for strong in (False, True)
    ]
    assert found[0] > found[1] == 0


def test_a_crystal_of_equal_bonds_is_cut_as_without():
    crystal, shape = bundled_crystal("PbS"), Sphere(14.0)
    one, other = (
        carve(crystal, shape, CENTRE, BalanceOptions(strong_bonds=strong))
        for strong in (True, False)
    )
    assert one == other


def test_the_report_counts_ions_below_half_their_valence():
    crystal = bundled_crystal("Pb4S3Cl2")
    model = carve(crystal, Sphere(11.0), CENTRE)
    pairs = [
        (a, b)
        for a in range(model.n_atoms)
        for b in np.flatnonzero(model.charges * model.charges[a] < 0).tolist()
    ]
    first, second = np.array(pairs).T
    lengths_a = np.linalg.norm(model.positions_a[first] - model.positions_a[second], axis=1)
    near = lengths_a < 4.2
    first, second, lengths_a = first[near], second[near], lengths_a[near]
    valences = bond_valences(model.symbols[first], model.symbols[second], lengths_a)
    sums = np.bincount(first, valences)
    bulk = {"Pb": 1.86, "S": 1.93, "Cl": 0.81}  # those of its sites differ by some hundredths
    share = sums / np.array([bulk[s] for s in model.symbols.tolist()])
    figures = surface_of(model, [crystal]).figures()
    for symbol, n in figures.half_bonded.items():
        of_it = share[model.symbols == symbol]
        assert (of_it < 0.47).sum() <= n <= (of_it < 0.53).sum()
    assert sum(figures.half_bonded.values()) > 0


def test_an_unknown_valence_is_told_as_unknown():
    galena = bundled_crystal("PbS")
    symbols = np.where(galena.symbols == "Pb", "Ra", galena.symbols)  # radium has no parameters
    model = carve(replace(galena, name="RaS", symbols=symbols), Sphere(9.0), CENTRE)
    known = carve(galena, Sphere(9.0), CENTRE)
    assert model.positions_a.shape == known.positions_a.shape  # all bonds count as strong
    crystal = replace(galena, name="RaS", symbols=symbols)
    assert surface_of(model, [crystal]).figures().half_bonded is None
