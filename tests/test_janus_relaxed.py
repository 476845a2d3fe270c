"""Halves relaxed elsewhere, laid back and joined."""

from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from scipy.spatial.distance import cdist
from scipy.spatial.transform import Rotation

from epicarve.builder.geometry import kabsch
from epicarve.builder.hetero import join_relaxed
from epicarve.builder.library import bundled_crystal
from epicarve.errors import InputError
from epicarve.workflow.recipes import RELAXED, parse_recipe, relaxed_geometry
from epicarve.workflow.tasks.build import build

EXAMPLES = Path(__file__).parents[1] / "examples"
FILM, SUBSTRATE = bundled_crystal("Pb4S3Cl2"), bundled_crystal("CsPbCl3")


def relaxed_file(path, model, seed, *, turn=None, shuffle=False):
    """Write a model whose ions have moved a little, turned as a whole, perhaps in another order."""
    random = np.random.default_rng(seed)
    moved = model.positions_a + random.normal(scale=0.04, size=model.positions_a.shape)
    if turn is not None:
        moved = moved @ turn.as_matrix().T
    order = random.permutation(model.n_atoms) if shuffle else np.arange(model.n_atoms)
    Atoms(model.symbols[order], moved[order] + 11.0).write(path)
    return moved


def test_relaxed_halves_are_laid_back(study, tmp_path):
    unrelaxed = build(parse_recipe(study)).model
    film, substrate = (
        build(parse_recipe({**study, "only": half})).model for half in ("film", "substrate")
    )
    assert film.n_atoms + substrate.n_atoms == unrelaxed.n_atoms
    moved = relaxed_file(
        tmp_path / "film.xyz",
        film,
        1,
        turn=Rotation.from_euler("zxy", [80, 130, -40], degrees=True),
    )
    turn = Rotation.from_euler("xyz", [20, 100, 7], degrees=True)
    (tmp_path / "run" / RELAXED).parent.mkdir(parents=True)
    relaxed_file(
        tmp_path / "run" / RELAXED,
        substrate,
        2,
        turn=turn,
        shuffle=True,
    )
    recipe = {
        **study,
        "film": {**study["film"], "relaxed": str(tmp_path / "film.xyz")},
        "substrate": {**study["substrate"], "relaxed": str(tmp_path / "run")},
    }
    model = build(parse_recipe(recipe)).model
    assert model.symbols.tolist() == unrelaxed.symbols.tolist()
    away = np.linalg.norm(model.positions_a - unrelaxed.positions_a, axis=1)
    assert away.max() < 0.4
    after = model.domain("Pb4S3Cl2").positions_a
    np.testing.assert_allclose(cdist(after, after), cdist(moved, moved), atol=1e-6)
    told = model.report.interface.relaxed_halves
    for name, n_angle in (("Pb4S3Cl2", None), ("CsPbCl3", np.degrees(turn.magnitude()))):
        fit = told[name]
        cations = model.domains == name
        assert 0.02 < fit.residual_rms_a < 0.12
        assert fit.displacement_rms_a == pytest.approx(
            np.sqrt((away[cations] ** 2).mean()), abs=1e-5
        )
        if n_angle is not None:
            assert fit.rotation_deg == pytest.approx(n_angle, abs=1.0)


def test_fit_of_points_in_a_plane_is_the_least_and_no_mirror():
    random = np.random.default_rng(3)
    onto = np.column_stack([random.uniform(-9, 9, size=(12, 2)), np.zeros(12)])
    points = onto @ Rotation.from_euler("xyz", [20, 100, 7], degrees=True).as_matrix().T + 4.0
    points += random.normal(scale=0.1, size=points.shape)
    fit = kabsch(points, onto)
    assert np.linalg.det(fit.rotation) == pytest.approx(1.0)
    turned, rssd = Rotation.align_vectors(onto - onto.mean(axis=0), points - points.mean(axis=0))
    np.testing.assert_allclose(turned.as_matrix(), fit.rotation, atol=1e-6)
    assert fit.rms_a == pytest.approx(rssd / np.sqrt(12))
    assert fit.is_unique
    assert not kabsch(onto[:2], onto[:2]).is_unique


def test_relaxed_halves_that_are_refused(janus, tmp_path):
    film = janus.film

    def refusal(path):
        with pytest.raises(InputError) as error:
            join_relaxed(janus, FILM, SUBSTRATE, film=relaxed_geometry(path))
        return str(error.value)

    assert "no such file" in refusal(tmp_path / "none.xyz")
    assert "no relaxed geometry in it" in refusal(tmp_path)
    (tmp_path / "bad.xyz").write_text("not a geometry\n")
    assert "no whole geometry in it that can be read" in refusal(tmp_path / "bad.xyz")
    Atoms(film.symbols[1:], film.positions_a[1:]).write(tmp_path / "fewer.xyz")
    assert "but the half of Pb4S3Cl2 is" in refusal(tmp_path / "fewer.xyz")
    crumpled = film.positions_a * (0.7, 1.0, 1.3)
    Atoms(film.symbols[::-1], crumpled[::-1]).write(tmp_path / "crumpled.xyz")
    assert "can't be told one by one" in refusal(tmp_path / "crumpled.xyz")
    bent = film.positions_a.copy()
    anions = np.flatnonzero((film.charges < 0) & (bent[:, 2] < bent[:, 2].min() + 3.0))
    bent[anions, 2] -= 2.5
    Atoms(film.symbols, bent).write(tmp_path / "bent.xyz")
    assert "film and substrate overlap" in refusal(tmp_path / "bent.xyz")
