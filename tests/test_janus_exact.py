"""Joined particles against brute force: every choice of up to 16 free ions."""

from dataclasses import replace

import numpy as np
import pytest
from brute_force import best_choices
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from epicarve.builder.hetero import OrientedHalf, candidates_of_halves, sphere_half
from epicarve.builder.interfaces import contact_limits_a
from epicarve.builder.library import bundled_crystal
from epicarve.builder.optimise import STEP_A, BalanceOptions, balance
from epicarve.errors import InputError

SUBSTRATE = bundled_crystal("CsPbCl3")


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    radius_a=st.floats(5.0, 8.0),
    y=st.floats(0.0, 1.0),
    shift_a=st.tuples(st.floats(-3.0, 3.0), st.floats(-3.0, 3.0), st.floats(-0.7, 0.5)),
    n_free=st.integers(6, 16),
    free_v_and_cuts=st.tuples(st.sampled_from([0.15, 1.0, 5.0]), st.booleans()),
)
def test_equals_brute_force(radius_a, y, shift_a, n_free, free_v_and_cuts):
    free_dipole_v, cuts = free_v_and_cuts
    film, substrate = bundled_crystal("PbS"), SUBSTRATE
    above, below = (
        OrientedHalf.of(
            sphere_half(c, radius_a, (1, 0, 0), None, centre=(0, y, 0.2)), (0, 1, 0), side
        )
        for c, side in ((film, -1.0), (substrate, 1.0))
    )
    ions, _ = candidates_of_halves(
        above.moved(np.array(shift_a)), below, contact_limits_a(film, substrate)
    )
    reach = np.sort(np.maximum(-ions.trim_distance_a, 2.0 * ions.trim_distance_a))
    assume(len(reach) > n_free and reach[n_free] - reach[n_free - 1] > 1e-3)
    depth_a = 0.5 * float(reach[n_free] + reach[n_free - 1])
    assume(depth_a < 4.0)
    options = BalanceOptions(ratio_tolerance=0.4, free_dipole_v=free_dipole_v)
    ions = replace(
        ions,
        domains=tuple(replace(d, shell_a=depth_a, options=options) for d in ions.domains),
    )
    best = best_choices(ions, 16)
    assume(best != "too many")
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("epicarve.builder.optimise.infeasibility.explain", lambda _: "infeasible")
            if cuts:  # branch and cut, which else is left out of programs so small
                patch.setattr("epicarve.builder.optimise.solver.CUTS_COLUMNS", 0)
                patch.setattr("epicarve.builder.optimise.search_by_cost.CUTS_COLUMNS", 0)
            found = balance(ions)
    except InputError:
        assert best is None
        return
    assert best is not None
    assert best[0] <= (round(found.fidelity_a / STEP_A), found.broken_bonds) <= best[1]
    assert found.gap <= 1e-9
