"""Core and shell on one lattice, and elements replaced."""

from dataclasses import replace

import numpy as np
import pytest

from epicarve.builder.carve import matching_sites
from epicarve.builder.crystal import replaced
from epicarve.builder.library import bundled_crystal
from epicarve.errors import InputError
from epicarve.workflow.recipes import parse_recipe
from epicarve.workflow.tasks.build import build


def asked(core="CsPbBr3", core_nm=1.6, lattice="core", **shape):
    return parse_recipe(
        {
            "crystal": {"name": "CsPbCl3"},
            "shape": {"kind": "sphere", "diameter_nm": 2.8, "centre": [0.1, 0.2, 0.3], **shape},
            "core": {
                "crystal": {"name": core},
                "shape": {"kind": "sphere", "diameter_nm": core_nm},
                "lattice": lattice,
            },
        }
    )


@pytest.mark.parametrize("lattice", ["core", "shell"])
def test_core_lies_in_its_shell(lattice):
    built = build(asked(lattice=lattice))
    model = built.model
    core, shell = model.domains == "CsPbBr3", model.domains == "CsPbCl3"
    radii = np.linalg.norm(model.positions_a, axis=1)
    assert model.net_charge == 0
    assert model.n_components == 1
    assert radii[core].max() <= 8.0 < radii[shell].min()
    assert (model.symbols == "Br").sum() == (core & (model.charges == -1)).sum()
    assert (model.symbols == "Cl").sum() == (shell & (model.charges == -1)).sum()
    told = built.summary["core_shell"]
    assert (told["n_core"], told["n_shell"]) == (core.sum(), shell.sum())
    strained = told["strain"]["CsPbCl3" if lattice == "core" else "CsPbBr3"]
    assert (np.array(strained) > 0).all() == (lattice == "core")
    assert {edit.domain for edit in model.edits} <= {"CsPbCl3", "CsPbBr3"}
    assert not any(e.symbol == "Br" and e.domain == "CsPbCl3" for e in model.edits)


def test_same_ions_as_the_particle_of_one_crystal():
    alone = build(
        parse_recipe(
            {
                "crystal": {"name": "CsPbBr3"},
                "shape": {"kind": "sphere", "diameter_nm": 2.8, "centre": [0.1, 0.2, 0.3]},
            }
        )
    ).model
    both = build(asked()).model
    order = [np.lexsort(model.positions_a.round(6).T) for model in (alone, both)]
    assert (alone.positions_a[order[0]] == both.positions_a[order[1]]).all()
    assert (alone.charges[order[0]] == both.charges[order[1]]).all()


def test_sites_match_whatever_their_order_and_origin():
    crystal = bundled_crystal("Pb4S3Br2")
    turned = np.random.default_rng(1).permutation(crystal.n_sites)
    other = replace(
        replaced(crystal, {"Br": "I"}),
        symbols=np.where(crystal.symbols == "Br", "I", crystal.symbols)[turned],
        fractional=((crystal.fractional + np.array([0.3, 0.1, 0.7])) % 1.0)[turned],
        oxidation_states=crystal.oxidation_states[turned],
    )
    sites, rms_a = matching_sites(crystal, other)
    assert rms_a < 1e-6
    assert (turned[sites] == np.arange(crystal.n_sites)).all()


@pytest.mark.parametrize(
    ("recipe", "complaint"),
    [
        ({"core_nm": 3.5}, "the core reaches .* nm out of the particle"),
        ({"core_nm": 0.1}, "the core holds no ion"),
        ({"core": "PbS"}, "differ in the number or the charge of the ions"),
        ({"core": "CsPbCl3"}, "core and shell are both CsPbCl3"),
        ({"core": "CsPbBr3-Pnma"}, "can't be core and shell"),
        ({"centre": "Pb-Xe"}, "no centre 'Pb-Xe'"),
    ],
)
def test_cores_that_do_not_fit(recipe, complaint):
    with pytest.raises(InputError, match=complaint):
        build(asked(**recipe))


def test_core_has_no_centre_of_its_own():
    data = asked().as_dict()
    data["core"]["shape"]["centre"] = "Pb"
    with pytest.raises(InputError, match="belongs to the whole particle"):
        parse_recipe(data)


@pytest.mark.parametrize(
    ("elements", "complaint"),
    [
        ({"I": "Br"}, "not in the crystal; it holds Cs, Pb, Br"),
        ({"Br": "Xx"}, "not an element"),
        ({"Br": "Pb"}, "in the crystal already"),
        ({"Br": "S"}, r"S in the place of Br -1, a charge that ions of S don't have \(mostly -2"),
        ({"Pb": "La"}, r"La in the place of Pb \+2, .*mostly \+3"),
    ],
)
def test_elements_that_can_not_be_replaced(elements, complaint):
    with pytest.raises(InputError, match=complaint):
        replaced(bundled_crystal("CsPbBr3"), elements)
