"""The front door in one program, as a user writes it; it must pass mypy --strict."""

import sys
from pathlib import Path

from ase.build import bulk
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure

import epicarve as ec


def main(cif: Path, job: Path, out: Path) -> None:
    """Go from crystals to models, interfaces, inputs and an analysis."""
    charges = {"Ca": 2, "F": -1}
    crystal = ec.Crystal.from_file(cif, oxidation_states=charges)
    assert crystal == ec.Crystal.from_file(str(cif), charges)
    rock_salt = ec.Crystal.from_ase(bulk("MgO", "rocksalt", a=4.21), {"Mg": 2, "O": -2})
    lattice = Lattice.cubic(5.4626)
    fluorite = Structure.from_spacegroup(225, lattice, ["Ca", "F"], [[0, 0, 0], [0.25] * 3])
    assert len(ec.Crystal.from_pymatgen(fluorite, charges)) == len(crystal) == 12
    assert len(rock_salt) == 2

    dot = ec.carve(crystal, ec.Sphere(diameter_nm=2.4), ec.Balance(ratio_tolerance=0))
    assert dot.net_charge == 0 and len(dot) == dot.n_atoms == len(dot.to_ase())
    assert len(dot.to_pymatgen()) == len(dot)
    other = ec.carve(crystal, ec.Sphere(diameter_nm=2.6))
    assert dot != other
    actions = {edit.action for edit in dot.edits}
    assert actions <= {"added", "removed"}
    dot.write(out / "dot")
    assert ec.Model.read(out / "dot") == dot
    dot.view().write(out / "dot.html")

    film, substrate = ec.crystal("PbS"), ec.crystal("CsPbBr3")
    best = ec.find_interfaces(film, substrate, film_hkl=(1, 0, 0), substrate_hkl=(1, 0, 0))[0]
    assert 0.0 < best.continuity.matched_fraction <= 1.0
    slab = best.slab(ec.SlabOptions(vacuum_a=15.0))
    assert slab.to_ase().pbc.tolist() == [True, True, False]
    above = ec.Hemisphere(diameter_nm=2.6, hkl=best.film_hkl, termination=best.film_termination)
    below = ec.Hemisphere(
        diameter_nm=2.6, hkl=best.substrate_hkl, termination=best.substrate_termination
    )
    janus = ec.join(ec.half_of(film, above), ec.half_of(substrate, below), best)
    assert janus.domain_names == ("PbS", "CsPbBr3")

    stages = ec.write_cp2k(dot, ec.Cp2kSettings(functional="PBE0"), out / "cluster")
    assert (out / "cluster" / stages[-1].input).is_file()

    ec.run(
        {
            "crystal": {"name": "CsPbCl3"},
            "shape": {"kind": "sphere", "diameter_nm": 1.2},
            "engine": "xtb",
            "xtb": {"max_steps": 0},
        },
        job,
    )
    states, model = ec.read_states(job), ec.Model.read(job)
    result = ec.analyse(states, model=model, ipr_max=0.1)
    filtered = result.gap.filtered.gap_ev
    assert filtered is None or filtered > 0.0
    assert set(result.dos.groups) == {"Cs", "Pb", "Cl"}
    result.plot().savefig(out / "dos.pdf")
    summary = result.write(out / "result")
    assert summary["n_states"] == len(states)

    recipe = ec.Recipe.read(out / "recipe.yaml")
    assert ec.build(recipe).model == ec.build(out / "recipe.yaml").model


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]))
