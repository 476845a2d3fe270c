"""Solutions that symmetry maps onto each other, and each domain of several by itself."""

from itertools import product

import numpy as np
import pytest

from epicarve.builder.library import bundled_crystal
from epicarve.builder.optimise import (
    Alike,
    BalanceOptions,
    Candidates,
    Program,
    Shell,
    possible_edits,
)
from epicarve.builder.shapes import Sphere, ions_near


def program_of(name, radius_a, centre, depth_a):
    """The program of a sphere with a shell of a depth."""
    ions = ions_near(bundled_crystal(name), Sphere(radius_a), np.array(centre), 2.0)
    minima = dict.fromkeys(bundled_crystal(name).charge_of, 1)
    options = BalanceOptions(ratio_tolerance=0.2, min_coordination=minima)
    shell = Shell(Candidates.of_one(ions, depth_a, options))
    return Program(shell, possible_edits(shell))


@pytest.mark.parametrize(
    ("name", "centre", "operations"),
    [
        ("PbS", (0.0, 0.0, 0.0), 48),
        ("PbS", (0.25, 0.25, 0.25), 24),
        ("PbS", (0.13, 0.4, 0.72), 1),
        ("CsPbCl3", (0.0, 0.0, 0.0), 48),
    ],
)
def test_all_operations_of_a_cut_are_found_and_leave_its_rows_as_they_are(name, centre, operations):
    program = program_of(name, 9.0, centre, 2.5)
    rows = program.local.matrix.toarray()
    alike = Alike(program)
    assert len(alike.images) == operations
    assert (program.local.matrix.toarray() == rows).all()
    for image in alike.images:
        assert sorted(image.tolist()) == list(range(program.edits.n_columns))
        for limit in program.dipoles:
            before, after = (
                moments.T @ moments for moments in (limit.moments, limit.moments[:, image])
            )
            assert np.allclose(before, after, atol=1e-2)


def test_some_image_of_every_choice_of_edits_is_in_one_of_the_cases():
    program = program_of("PbS", 5.2, (0.0, 0.0, 0.0), 0.8)
    n = program.edits.n_columns
    assert 6 <= n <= 10
    alike = Alike(program)
    cases = alike.cases(np.arange(n), np.zeros(n, dtype=bool))
    assert len(cases) > 1
    for y in np.array(list(product((0, 1), repeat=n))):
        images = y[alike.images]
        assert any(
            (
                images[:, np.setdiff1d(np.arange(n), columns)].sum(axis=1)
                + (1 - images[:, columns[done]]).sum(axis=1)
                == 0
            ).any()
            for columns, done in cases
        )
