"""The optimisation against brute force: every choice of up to 22 free ions."""

import itertools
from unittest import mock

import numpy as np
from brute_force import best_choices, sums
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from epicarve.builder.library import bundled_crystal
from epicarve.builder.optimise import STEP_A, BalanceOptions, Candidates, balance
from epicarve.builder.shapes import Cut, Sphere, ions_near
from epicarve.errors import InputError

CRYSTALS = ("PbS", "CsPbCl3", "Pb4S3Cl2", "Pb3S2Cl2", "PbCl2", "CsPb2Cl5")
MAX_FREE = 22


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    name=st.sampled_from(CRYSTALS),
    centre=st.tuples(*[st.floats(0.0, 1.0)] * 3) | st.just((0.0, 0.0, 0.0)),
    radius_a=st.floats(4.0, 9.0),
    tilt=st.none() | st.floats(0.0, 1.5),
    n_candidates=st.integers(4, 12) | st.integers(4, 15) | st.integers(4, MAX_FREE),
    tolerance=st.sampled_from([0.0, 0.02, 0.1, 0.3]),
    fewer=st.integers(0, 2),
    charge=st.sampled_from([0, 0, 0, 1, -2]),
    free_dipole_v=st.sampled_from([0.05, 0.15, 1.0]),
    strong=st.booleans(),
)
@example(
    "PbCl2", (0.0, 0.0, 0.0), 5.75, 0.0625, 21, 0.0, 1, 0, 0.05, False
)  # a dipole of six levels
@example(
    "PbS", (0.0, 0.75, 0.7765737591506952), 5.5, None, 4, 0.02, 0, 1, 0.05, True
)  # no choice at all
@example("PbS", (0.0, 0.0, 0.0), 6.0, 0.0, 5, 0.0, 0, 0, 0.05, True)  # nothing to be edited
@example(
    "PbS", (0.0, 0.25, 0.296875), 8.25, None, 20, 0.0, 0, 0, 0.05, True
)  # equal steps of dipoles
def test_equals_brute_force(  # noqa: PLR0917
    name, centre, radius_a, tilt, n_candidates, tolerance, fewer, charge, free_dipole_v, strong
):
    crystal = bundled_crystal(name)
    shape = Sphere(radius_a)
    if tilt is not None:
        shape = Cut(shape, np.array([np.sin(tilt), 0.0, np.cos(tilt)]), 1.0)
    ions = ions_near(crystal, shape, np.array(centre), 2.0)
    reach = np.sort(np.maximum(-ions.trim_distance_a, 2.0 * ions.trim_distance_a))
    reach = reach[np.isfinite(reach) & (reach < 4.0)]
    assume(len(reach) > n_candidates and reach[n_candidates] - reach[n_candidates - 1] > 1e-3)
    depth_a = 0.5 * float(reach[n_candidates] + reach[n_candidates - 1])
    minima = {
        s: max(1, -(-int(crystal.coordination[crystal.symbols == s].min()) // 3) - fewer)
        for s in crystal.charge_of
    }
    options = BalanceOptions(
        ratio_tolerance=tolerance,
        min_coordination=minima,
        net_charge=charge,
        free_dipole_v=free_dipole_v,
        strong_bonds=strong,
    )
    candidates = Candidates.of_one(ions, depth_a, options)
    best = best_choices(candidates, MAX_FREE)
    assume(best != "too many")
    try:
        with mock.patch(
            "epicarve.builder.optimise.infeasibility.explain", return_value="infeasible"
        ):
            found = balance(candidates)
    except InputError:
        assert best is None
        return
    assert best is not None
    assert best[0] <= (round(found.fidelity_a / STEP_A), found.broken_bonds) <= best[1]
    assert found.gap <= 1e-9


def test_sums_are_of_subsets():
    values = np.array([1, 10, 100])
    assert sums(values).tolist() == [
        sum(v for bit, v in enumerate(values) if subset >> bit & 1) for subset in range(8)
    ]
    assert len(list(itertools.product((0, 1), repeat=3))) == len(sums(values))
