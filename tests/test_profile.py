import numpy as np
import pytest
from heterostructure import janus, states_on
from scipy.spatial.transform import Rotation

from epicarve.analysis.export import profile_csv
from epicarve.analysis.figures import profile_figure
from epicarve.analysis.options import AnalysisOptions
from epicarve.analysis.states import Analysis, Axis, Sites, alignment_type
from epicarve.builder.carve import carve
from epicarve.builder.library import bundled_crystal
from epicarve.builder.shapes import Sphere
from epicarve.errors import InputError


def two_domains(film_ev, substrate_ev, ipr_max=0.2):
    """States spread over one domain each: a valence and a conduction state of both."""
    model = janus()
    film = np.where(model.domains == "Pb4S3Cl2", 1.0, 1e-3)
    substrate = np.where(model.domains == "CsPbCl3", 1.0, 1e-3)
    levels = [
        (film_ev[0], film, 2),
        (substrate_ev[0], substrate, 2),
        (film_ev[1], film, 0),
        (substrate_ev[1], substrate, 0),
    ]
    levels.sort(key=lambda level: (-level[2], level[0]))
    energies_ev, columns, _ = zip(*levels, strict=True)
    return Analysis.of(
        states_on(model, columns, energies_ev, 2), AnalysisOptions(ipr_max=ipr_max), model
    )


@pytest.mark.parametrize(
    ("film_ev", "substrate_ev", "kind"),
    [
        ((-5.0, -3.5), (-6.0, -2.5), "I"),
        ((-5.0, -2.5), (-6.0, -3.5), "II"),
        ((-5.0, -3.0), (-6.0, -3.05), "quasi-type-II"),
    ],
)
def test_slices_show_the_edges_of_their_domain(film_ev, substrate_ev, kind):
    found = two_domains(film_ev, substrate_ev)
    assert found.alignment.type == kind
    profile = found.profile
    assert profile.axis.kind == "normal"
    for side, edges_ev in enumerate((profile.valence_edge_ev, profile.conduction_edge_ev)):
        filled = profile.n_atoms > 0
        pure = [
            (profile.centres_a > 3.0, film_ev[side]),
            (profile.centres_a < -3.0, substrate_ev[side]),
        ]
        for where, expected in pure:
            assert (edges_ev[filled & where] == expected).all()
            assert (filled & where).any()


def test_slices_sum_to_the_total_and_hold_all_atoms():
    found = two_domains((-5.0, -3.0), (-6.0, -2.0))
    profile = found.profile
    np.testing.assert_allclose(profile.density.sum(axis=0), found.densities[0].total[0], atol=1e-9)
    assert profile.n_atoms.sum() == found.states.n_atoms
    assert (np.diff(profile.borders_a) == found.options.slice_a).all()
    assert 0.0 in profile.borders_a


def test_the_axis_turns_with_the_model():
    model = janus()
    symbols = tuple(model.symbols.tolist())
    axis = Axis.of(model, Sites.of(symbols, model))
    film = model.domains == model.domain_names[0]
    assert (axis.coordinates_a[film] > 0).mean() > 0.95
    assert abs(axis.normal[2]) > 0.97  # the joined model has its interface across z
    turn = Rotation.random(rng=3).as_matrix()
    turned = model.transformed(turn, (4.0, -5.0, 6.0))
    again = Axis.of(turned, Sites.of(symbols, turned))
    np.testing.assert_allclose(again.coordinates_a, axis.coordinates_a, atol=1e-9)
    np.testing.assert_allclose(again.normal, turn @ axis.normal, atol=1e-9)


def test_a_particle_of_one_domain_is_cut_into_shells():
    model = carve(bundled_crystal("PbS"), Sphere(radius_a=7.0))
    inner = np.exp(-(np.linalg.norm(model.positions_a, axis=1) ** 2) / 20.0)
    flat = np.ones(model.n_atoms)
    states = states_on(model, [flat, inner, flat], [-6.0, -5.0, -3.0], 2)
    found = Analysis.of(states, AnalysisOptions(ipr_max=0.5), model)
    profile = found.profile
    assert (profile.axis.kind, profile.axis.normal) == ("radius", None)
    assert profile.borders_a[0] == 0.0
    assert (profile.valence_edge_ev[0], profile.valence_edge_ev[-1]) == (-5.0, -6.0)


def test_the_table_and_the_figure():
    found = two_domains((-5.0, -3.0), (-6.0, -2.0))
    lines = profile_csv(found).splitlines()
    centres = [float(name) for name in lines[0].split(",")[1:]]
    np.testing.assert_allclose(centres, found.profile.centres_a)
    assert len(lines) == len(found.profile.grid_ev) + 1
    figure = profile_figure(found)
    assert figure.axes[0].get_xlabel() == "Height over the interface (Å)"
    assert alignment_type((-5.0, -6.0), (-3.0, -2.0), 0.1) == found.alignment.type
    alone = Analysis.of(found.states, found.options)
    assert alone.profile is None
    for make in (profile_csv, profile_figure):
        with pytest.raises(InputError, match="give the model"):
            make(alone)
