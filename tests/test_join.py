"""The heterostructure of the study, and joins that must be refused."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from epicarve.builder.crystal import bond_valence
from epicarve.builder.hetero import interface_of, join, sphere_half
from epicarve.builder.interfaces import contact_limits_a
from epicarve.builder.library import bundled_crystal
from epicarve.builder.optimise import BalanceOptions
from epicarve.errors import InputError

FILM = ((1, 0, 0), (0, 0, 1))
SUBSTRATE = ((0, 1, 1), (0, -1, 1))


@pytest.fixture(scope="module")
def film():
    return sphere_half(bundled_crystal("Pb4S3Cl2"), 21.0, (0, 1, 0), "Pb")


@pytest.fixture(scope="module")
def substrate():
    return sphere_half(bundled_crystal("CsPbCl3"), 21.0, (1, 0, 0), "PbCl2", centre=(0, 0.2, 0.2))


@pytest.fixture(scope="module")
def janus(film, substrate):
    return join(film, substrate, interface_of(film, substrate, (FILM, SUBSTRATE))).model


def test_whole_and_domains_are_neutral_and_one_piece(janus):
    assert janus.net_charge == 0
    assert janus.n_components == 1
    for name in ("Pb4S3Cl2", "CsPbCl3"):
        assert janus.domain(name).net_charge == 0


def test_ions_of_a_domain_lie_on_its_lattice(janus, film, substrate):
    for half, uvw, side in ((film, FILM[0], -1.0), (substrate, SUBSTRATE[0], 1.0)):
        domain = janus.domain(half.crystal.name)
        cell_a, sites = half.crystal.cell_a, half.crystal.fractional[domain.sites]
        lattice = domain.positions_a @ half.rotation(uvw, side) @ np.linalg.inv(cell_a) - sites
        lattice -= lattice[0]
        np.testing.assert_allclose(lattice, np.rint(lattice), atol=1e-9)  # and not mirrored


def test_no_contact_is_shorter_than_nine_tenths_of_the_bulks(janus, film, substrate):
    limits = contact_limits_a(film.crystal, substrate.crystal)
    above, below = janus.domain("Pb4S3Cl2"), janus.domain("CsPbCl3")
    distances = cdist(above.positions_a, below.positions_a)
    bulk = np.array([[limits[frozenset((a, b))] for b in below.symbols] for a in above.symbols])
    fraction = float((distances / bulk).min())
    assert fraction >= 0.9
    told = janus.report.interface.shortest_contact.fraction_of_bulk
    assert told == pytest.approx(fraction)


def test_pb_of_the_film_continues_the_cs_lattice(janus):
    continuity = janus.report.interface.continuity
    assert continuity.n_matched == continuity.n_cations  # each Pb of the film's face on a Cs site
    assert continuity.n_sites - continuity.n_matched <= 1  # moves may take a Pb off the rim
    assert set(continuity.pairs) == {"Pb→Cs"}
    # the face Pb stand 0.4 Å off a square net (by the computed coordinates), plus misfit
    assert 0.40 <= continuity.rms_a <= 0.55


def test_misfit_is_that_of_the_coincidence_cell(janus, film):
    a, _, c = film.crystal.cell_parameters[:3]
    along, across = janus.report.interface.misfit
    assert along.substrate_a == pytest.approx(np.sqrt(2) * 5.605)
    assert along.strain == pytest.approx(7.9267 / a - 1, abs=1e-4)
    assert across.strain == pytest.approx(7.9267 / c - 1, abs=1e-4)


def test_cscl_face_gives_the_other_continuation():
    quick = BalanceOptions(free_dipole_v=100.0)
    film = sphere_half(bundled_crystal("Pb4S3Cl2"), 14.0, (0, 1, 0), "Pb", options=quick)
    other = sphere_half(bundled_crystal("CsPbCl3"), 14.0, (1, 0, 0), "CsCl", options=quick)
    model = join(film, other, interface_of(film, other, (FILM, SUBSTRATE))).model
    assert set(model.report.interface.continuity.pairs) == {"Pb→Pb"}


def test_pair_unknown_to_both_crystals_gets_a_limit():
    limits = contact_limits_a(bundled_crystal("PbS"), bundled_crystal("CsPbCl3"))
    cs_cl = bundled_crystal("CsPbCl3").contacts_a[frozenset(("Cs", "Cl"))]
    assert limits[frozenset(("Cs", "S"))] >= cs_cl


def test_directions_must_lie_in_the_face_and_match(film, substrate):
    with pytest.raises(InputError, match="does not lie in the plane"):
        interface_of(film, substrate, (((0, 1, 0), (0, 0, 1)), SUBSTRATE))
    with pytest.raises(InputError, match="they span no common cell"):
        interface_of(film, substrate, (FILM, ((0, 1, 1), (0, 0, 1))))


def test_bonds_across_are_counted_by_their_valence(janus):
    """Against a plain sum; the perovskite's PbCl2 face makes no bond, its CsCl face many."""
    quick = BalanceOptions(free_dipole_v=100.0)
    film = sphere_half(bundled_crystal("Pb4S3Cl2"), 14.0, (0, 1, 0), "Pb", options=quick)
    other = sphere_half(bundled_crystal("CsPbCl3"), 14.0, (1, 0, 0), "CsCl", options=quick)
    on_caesium = join(film, other, interface_of(film, other, (FILM, SUBSTRATE))).model
    told = {}
    for model in (janus, on_caesium):
        above, below = (model.domain(name) for name in ("Pb4S3Cl2", "CsPbCl3"))
        lengths_a = cdist(above.positions_a, below.positions_a)
        valences = []
        for i, j in np.argwhere(lengths_a < 5.0).tolist():
            ends = str(above.symbols[i]), str(below.symbols[j])
            charges = above.charges[i], below.charges[j]
            if charges[0] * charges[1] < 0:
                valence = bond_valence(*ends, lengths_a[i, j])
                valences += [valence] if valence >= 0.04 * max(charges) else []
        across = model.report.interface.ions_across
        assert across.n_bonds == len(valences)
        assert across.valence == pytest.approx(sum(valences), abs=1e-3)
        told[model.report.interface.substrate_termination] = model.report.interface
    assert told["PbCl2"].ions_across.n_bonds == 0
    assert told["PbCl2"].ions_across.nearest_opposite_a > 3.5
    assert told["CsCl"].ions_across.n_bonds > 10
    assert told["CsCl"].adhesion.work_j_m2 > 1.5 * told["PbCl2"].adhesion.work_j_m2
