"""CP2K inputs: what is in them, and that CP2K's own parser and cp2k-input-tools take them."""

import io
import re

import numpy as np
import pytest
from cp2k_input_tools.basissets.cp2k import BasisSetData
from cp2k_input_tools.parser import CP2KInputParserSimplified
from cp2k_input_tools.pseudopotentials.cp2k import PseudopotentialData
from cp2k_input_tools.utils import MulitpleValueErrorsException
from cp2k_program import assert_accepted, cp2k
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from epicarve.builder.carve import carve
from epicarve.builder.library import bundled_crystal
from epicarve.builder.shapes import Sphere
from epicarve.dft.check import check_input
from epicarve.dft.cp2k_input import (
    basis_entry,
    data_folder,
    entries,
    input_text,
    valence_electrons,
    versions,
)
from epicarve.dft.settings import (
    AUXILIARY,
    AUXILIARY_FILE,
    FAMILIES,
    Cp2kSettings,
    MachineSettings,
    PeriodicSettings,
    basis_elements,
    covered_elements,
    stages,
)
from epicarve.dft.write import (
    System,
    boxed,
    n_added_mos,
    stage_input,
    write_periodic,
    write_stages,
)
from epicarve.errors import InputError

BASES = tuple(FAMILIES)
BULK = System.of_crystal(bundled_crystal("PbS"))
SLAB = System("slab", BULK.symbols, BULK.positions_a, np.diag([5.936, 5.936, 20.0]), 2)
VERSIONS = ("2023.1", "2024.1", "2026.2")
LEVELS = [
    {},
    {"functional": "PBEsol", "dispersion": "D3"},
    {"functional": "revPBE", "dispersion": "D3(BJ)", "basis": "TZV2P-MOLOPT-PBE-GTH"},
    {"functional": "PBE0", "multiplicity": 3},
    {"functional": "HSE06", "charge": 1, "multiplicity": 2},
    {"smearing_k": 500.0, "added_mos": 20},
]


@pytest.fixture(scope="module")
def model():
    return carve(bundled_crystal("Pb3S2Cl2"), Sphere(radius_a=5.0))


@pytest.fixture(scope="module")
def parser():
    return CP2KInputParserSimplified()


def written(model, settings, folder):
    chain = write_stages(model, settings, MachineSettings(), folder)
    return {stage.name: folder / stage.input for stage in chain}


def parsed(parser, path):
    with path.open() as stream:
        return parser.parse(stream)


@pytest.mark.parametrize(
    ("left_out", "folders"),
    [
        ((), ["1-prerelax", "2-relax", "3-ground-state", "4-states"]),
        (("prerelax",), ["1-relax", "2-ground-state", "3-states"]),
        (("prerelax", "relax"), ["1-ground-state", "2-states"]),
    ],
)
def test_stages_are_numbered_in_a_row(left_out, folders):
    chain = stages(Cp2kSettings(**dict.fromkeys(left_out)))
    assert [stage.folder for stage in chain] == folders
    assert [stage.previous for stage in chain] == [None, *chain[:-1]]


def test_states_take_the_orbitals_of_the_ground_state(model, parser, tmp_path):
    inputs = written(model, Cp2kSettings(), tmp_path)
    dft = parsed(parser, inputs["states"])["force_eval"]["dft"]
    scf = dft["scf"]
    assert dft["wfn_restart_file_name"] == "../3-ground-state/ground-state-RESTART.wfn"
    assert scf["scf_guess"] == "restart"
    assert scf["max_scf"] == 1
    assert "ot" not in scf
    assert scf["added_mos"] >= 10
    assert [entry["list"] for entry in dft["print"]["pdos"]["ldos"]] == list(
        range(1, model.n_atoms + 1)
    )


@pytest.mark.parametrize("left_out", [("relax",), ("prerelax", "relax")])
def test_ground_state_of_a_held_geometry_goes_on_where_it_was_stopped(
    model, parser, tmp_path, left_out
):
    inputs = written(model, Cp2kSettings(**dict.fromkeys(left_out)), tmp_path)
    dft = parsed(parser, inputs["ground-state"])["force_eval"]["dft"]
    assert dft["scf"]["scf_guess"] == "restart"
    assert "wfn_restart_file_name" not in dft  # its own
    kept = dft["scf"]["print"]["restart"]
    assert (kept["each"]["qs_scf"], kept["backup_copies"]) == (5, 1)


def test_density_functional_stages_agree_on_everything_but_the_scf(model, parser, tmp_path):
    inputs = written(model, Cp2kSettings(functional="PBEsol", cutoff_ry=321.0), tmp_path)
    trees = [parsed(parser, inputs[name]) for name in ("relax", "ground-state", "states")]
    for tree in trees:
        dft = tree["force_eval"]["dft"]
        assert dft["mgrid"]["cutoff"] == 321.0
        assert dft["xc"]["xc_functional"]["pbe"]["parametrization"] == "pbesol"
        assert dft["poisson"] == {"periodic": "none", "poisson_solver": "wavelet"}
        assert tree["force_eval"]["subsys"]["cell"]["periodic"] == "none"
        assert tree["force_eval"]["subsys"]["kind"]["Pb"] == {
            "basis_set": "DZVP-MOLOPT-SR-GTH-q4",
            "potential": "GTH-PBE-q4",
        }


def test_force_criteria_keep_the_ratio_of_the_defaults(model, parser, tmp_path):
    settings = Cp2kSettings(relax={"max_force_hartree_bohr": 9e-4, "max_steps": 7})
    options = parsed(parser, written(model, settings, tmp_path)["relax"])["motion"]["geo_opt"]
    assert options == {
        "optimizer": "lbfgs",
        "max_iter": 7,
        "max_force": 9e-4,
        "rms_force": 6e-4,
        "max_dr": 6e-3,
        "rms_dr": 3e-3,
    }


def test_same_model_gives_the_same_bytes(model, tmp_path):
    for name in ("one", "two"):
        written(model, Cp2kSettings(), tmp_path / name)
    files = sorted(p.relative_to(tmp_path / "one") for p in (tmp_path / "one").rglob("*.*"))
    assert files == sorted(p.relative_to(tmp_path / "two") for p in (tmp_path / "two").rglob("*.*"))
    for path in files:
        if (tmp_path / "one" / path).is_file():
            assert (tmp_path / "one" / path).read_bytes() == (tmp_path / "two" / path).read_bytes()


def test_no_input_names_a_folder_of_this_machine(model, tmp_path):
    written(model, Cp2kSettings(), tmp_path)
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert str(tmp_path) not in path.read_text()


@given(
    positions_a=hnp.arrays(
        float, st.tuples(st.integers(1, 12), st.just(3)), elements=st.floats(-50, 50)
    ),
    vacuum_a=st.floats(2.0, 10.0),
)
def test_box_holds_the_model_in_its_middle(positions_a, vacuum_a):
    edges_a, moved_a = boxed(positions_a, vacuum_a)
    assert moved_a.min() >= vacuum_a - 1e-3
    assert (edges_a - moved_a).min() >= vacuum_a - 1e-3
    extent_a = np.ptp(positions_a, axis=0).max()
    assert edges_a == pytest.approx(extent_a + 2 * vacuum_a, abs=2e-3)
    np.testing.assert_allclose(moved_a.min(axis=0) + moved_a.max(axis=0), edges_a, atol=1e-9)


def test_number_of_empty_states():
    assert n_added_mos(8000, 19500, None) == 1000
    assert n_added_mos(8, 9, None) == 5
    assert n_added_mos(8, 9, None, multiplicity=3) == 4
    assert n_added_mos(8, 100, 7) == 7
    with pytest.raises(InputError, match="only 5 for this model"):
        n_added_mos(8, 9, 6)


def test_electrons_have_to_fit_charge_and_multiplicity(model, tmp_path):
    for wrong, message in (
        ({"charge": 1}, "an odd number"),
        ({"multiplicity": 2}, "multiplicity: 2 is impossible with .* give an odd number"),
        ({"charge": 1, "multiplicity": 1}, "give an even number"),
    ):
        with pytest.raises(InputError, match=message):
            written(model, Cp2kSettings(**wrong), tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("multiplicity", "moment"), [(1, 0.0), (3, 2.0)])
def test_smearing_keeps_the_multiplicity(model, tmp_path, multiplicity, moment):
    settings = Cp2kSettings(multiplicity=multiplicity, smearing_k=300.0)
    inputs = written(model, settings, tmp_path)
    for name in ("relax", "ground-state", "states"):
        assert f"FIXED_MAGNETIC_MOMENT {moment}" in inputs[name].read_text()
        assert check_input(inputs[name]) == ()


def test_smearing_at_kpoints_keeps_the_multiplicity_or_is_refused(tmp_path):
    settings = PeriodicSettings(multiplicity=3, smearing_k=300.0, kpoints=(2, 2, 2))
    with pytest.raises(InputError, match=r"before 2025\.2 can't keep it"):
        write_periodic(BULK, settings, MachineSettings(), tmp_path)
    newer = settings.model_copy(update={"version": "2025.2"})
    (stage,) = write_periodic(BULK, newer, MachineSettings(), tmp_path)
    assert "FIXED_MAGNETIC_MOMENT 2.0" in (tmp_path / stage.input).read_text()


@pytest.mark.parametrize("basis", BASES)
def test_element_without_basis_is_named(basis):
    with pytest.raises(InputError, match=f"Fr.* basis set {basis} "):
        basis_elements(["Cs", "Fr", "Cl"], Cp2kSettings(basis=basis))


def readable(found):
    """Leave out the lanthanides of POTENTIAL_UZH, which cp2k-input-tools can't read."""
    try:
        yield from found
    except MulitpleValueErrorsException as error:
        assert all("POTENTIAL" in str(e) or "GTH" in str(e) for e in error.args[0])


@pytest.fixture(scope="module")
def data():
    """Entries of CP2K's own data files, read by cp2k-input-tools."""
    folder = data_folder()
    if folder is None:
        pytest.skip("CP2K's data folder is not found; CP2K_DATA_DIR names it")
    names = {name for each in FAMILIES.values() for name in (each.basis_file, each.potential_file)}
    potentials, sets = {}, {}
    for name in sorted(names | {AUXILIARY_FILE}):
        with (folder / name).open() as stream:
            if "POTENTIAL" in name:
                for entry in readable(PseudopotentialData.datafile_iter(stream)):
                    for known in entry.identifiers:
                        potentials[name, entry.element, known] = sum(entry.n_el)
            else:
                for entry in BasisSetData.datafile_iter(stream):
                    count = sum(
                        (2 * shell + 1) * n for block in entry.blocks for shell, n in block.l
                    )
                    sharpest = max(
                        float(row[0]) for block in entry.blocks for row in block.coefficients
                    )
                    widest = max(shell for block in entry.blocks for shell, _ in block.l)
                    for known in entry.identifiers:
                        sets[name, entry.element, known] = count, sharpest, widest
    return potentials, sets


@pytest.mark.cp2k
@pytest.mark.parametrize("basis", BASES)
def test_table_of_elements_is_that_of_cp2k(basis, data):
    potentials, sets = data
    symbols = covered_elements(basis)
    assert len(symbols) == 71
    for symbol, element in basis_elements(symbols, Cp2kSettings(basis=basis)).items():
        entry, potential = element.basis, element.potential
        functions, sharpest, widest = sets[entry.file, symbol, entry.name]
        assert (element.functions, element.largest_momentum) == (functions, widest)
        assert element.largest_exponent == pytest.approx(sharpest, rel=1e-5)
        assert potentials[potential.file, symbol, potential.name] == element.electrons


@pytest.mark.cp2k
def test_auxiliary_basis_sets_are_those_of_cp2k(data):
    symbols = covered_elements(AUXILIARY)
    assert len(symbols) == 71
    for symbol, element in basis_elements(symbols, Cp2kSettings(functional="PBE0")).items():
        assert (AUXILIARY_FILE, symbol, element.auxiliary.name) in data[1]


@pytest.mark.cp2k
def test_entries_are_those_of_the_peer(data):
    """Our quick reader of data files, over the whole of BASIS_MOLOPT and GTH_POTENTIALS."""
    potentials, sets = data
    bases, charges = (entries(data_folder() / n) for n in ("BASIS_MOLOPT", "GTH_POTENTIALS"))
    for (file, element, name), (functions, sharpest, widest) in sets.items():
        if file == "BASIS_MOLOPT":
            entry = basis_entry(bases[element.upper(), name.upper()])
            assert (entry.functions, entry.max_momentum) == (functions, widest)
            assert entry.max_exponent == pytest.approx(sharpest)
    for (file, element, name), electrons in potentials.items():
        if file == "GTH_POTENTIALS":
            assert valence_electrons(charges[element.upper(), name.upper()]) == electrons


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("level", LEVELS, ids=str)
def test_fresh_inputs_pass_our_own_check(model, tmp_path, level, version):
    settings = Cp2kSettings(version=version, **level)
    for path in written(model, settings, tmp_path).values():
        assert check_input(path, version) == ()


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("system", "settings"),
    [
        (BULK, {"kpoints": (4, 4, 4), "variable_cell": True}),
        (BULK, {"kpoints": (2, 2, 2), "smearing_k": 300.0, "relax": None}),
        (BULK, {"functional": "PBE0", "dispersion": "D3(BJ)"}),
        (BULK, {"functional": "HSE06", "basis": "DZVP-MOLOPT-PBE-GTH"}),
        (SLAB, {"kpoints": (2, 2, 1)}),
    ],
    ids=str,
)
def test_inputs_of_crystals_and_slabs_pass(system, settings, version, tmp_path):
    settings = PeriodicSettings(version=version, **settings)
    (stage,) = write_periodic(system, settings, MachineSettings(), tmp_path)
    findings = check_input(tmp_path / stage.input, version)
    assert [finding for finding in findings if "apart" not in finding.message] == []


@pytest.mark.parametrize(
    ("system", "settings", "message"),
    [
        (SLAB, {"variable_cell": True}, "the cell of a slab"),
        (SLAB, {"kpoints": (2, 2, 2)}, "2 along the vacuum"),
        (BULK, {"functional": "HSE06", "kpoints": (2, 1, 1)}, "no exact exchange with k-points"),
        (System.of_crystal, {}, "a finite system has no k-points"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_cp2k_cannot_do_for_periodic_systems(model, system, settings, message, tmp_path):
    if not isinstance(system, System):
        system = System.of_model(model, 5.0)
    with pytest.raises(InputError, match=message):
        write_periodic(system, PeriodicSettings(**settings), MachineSettings(), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_slab_has_its_vacuum_along_z():
    with pytest.raises(InputError, match="third vector of a slab"):
        System("slab", ("Pb",), np.zeros((1, 3)), np.eye(3) + np.eye(3, k=-1), 2)
    with pytest.raises(InputError, match="1 periodic directions"):
        System("wire", ("Pb",), np.zeros((1, 3)), np.eye(3), 1)


def test_exact_exchange_ends_within_the_cell(parser):
    settings = PeriodicSettings(functional="PBE0")
    text = stage_input(BULK, settings, stages(Cp2kSettings(prerelax=None))[0])
    xc = parser.parse(io.StringIO(text))["force_eval"]["dft"]["xc"]
    radius_a = xc["hf"]["interaction_potential"]["cutoff_radius"]
    assert 0.45 * 5.9362 < radius_a < 0.5 * 5.9362
    assert xc["xc_functional"]["pbe_hole_t_c_lr"]["cutoff_radius"] == radius_a


@pytest.mark.parametrize("version", versions())
def test_each_version_gets_what_it_understands(model, version, tmp_path):
    inputs = written(model, Cp2kSettings(version=version), tmp_path)
    for path in inputs.values():
        assert check_input(path, version) == ()
        asked = "IGNORE_CONVERGENCE_FAILURE" in path.read_text()
        assert asked is (version >= "2024.1")
    lines = [line.strip() for line in inputs["states"].read_text().splitlines()]
    dos = lines[lines.index("&PRINT") + 1 :]
    assert dos[0] == ("&DOS" if version == "2026.2" else "&PDOS")
    if version == "2026.2":  # &PRINT/&DOS/{&PDOS,&LDOS}: CP2K's tests/QS/regtest-ot at v2026.2
        assert dos[1:6] == ["&PDOS", "&END PDOS", "&LDOS", "LIST 1", "&END LDOS"]


trees = st.recursive(
    st.dictionaries(
        st.sampled_from(["max_scf", "cholesky", "nrow_block"]), st.integers(0, 99), max_size=3
    ),
    lambda inner: st.dictionaries(st.sampled_from(["ot", "mixing", "smear"]), inner, max_size=3),
    max_leaves=8,
)


@given(trees)
def test_text_and_tree_say_the_same(tree):
    """Each section and keyword once, each section closed in the order of nesting."""
    rebuilt, opened = {}, []
    here = rebuilt
    for line in input_text(tree).split("\n"):
        words = line.split()
        if not words:
            continue
        if words[0] == "&END":
            assert words[1].lower() == opened.pop()[0]
            here = opened[-1][1] if opened else rebuilt
        elif words[0].startswith("&"):
            here[words[0][1:].lower()] = {}
            here = here[words[0][1:].lower()]
            opened.append((words[0][1:].lower(), here))
        else:
            here[words[0].lower()] = int(words[1])
    assert rebuilt == tree


@pytest.mark.cp2k
def test_cp2k_accepts_the_inputs_before_any_stage_has_run(model, tmp_path):
    for path in written(model, Cp2kSettings(), tmp_path).values():
        assert_accepted(path)


QUICK = {"basis": "SZV-MOLOPT-SR-GTH", "cutoff_ry": 100, "rel_cutoff_ry": 30, "relax": None}
FINITE = {**QUICK, "vacuum_a": 4.0, "prerelax": None}


@pytest.mark.cp2k
@pytest.mark.parametrize(
    ("system", "settings"),
    [
        (None, Cp2kSettings(functional="HSE06", dispersion="D3(BJ)", **FINITE)),
        (None, Cp2kSettings(charge=1, multiplicity=2, smearing_k=300.0, **FINITE)),
        (BULK, PeriodicSettings(kpoints=(2, 2, 2), smearing_k=300.0, **QUICK)),
        (SLAB, PeriodicSettings(dispersion="D3", **QUICK)),
    ],
    ids=["hybrid", "charged", "bulk", "slab"],
)
def test_cp2k_takes_an_scf_step(system, settings, tmp_path):
    """Files, kinds, functional, solver: all that CP2K looks at only when it runs."""
    if system is None:
        galena = carve(bundled_crystal("PbS"), Sphere(radius_a=3.0))
        stage = write_stages(galena, settings, MachineSettings(), tmp_path)[0]
    else:
        (stage,) = write_periodic(system, settings, MachineSettings(), tmp_path)
    path = tmp_path / stage.input
    path.write_text(re.sub(r"MAX_SCF \d+", "MAX_SCF 1", path.read_text()))
    done = cp2k(path)
    assert done.returncode == 0, done.stdout
    assert "ENERGY| Total FORCE_EVAL" in done.stdout
    if settings.multiplicity is not None:  # spins that keep their electrons when they are smeared
        occupied = re.findall(r"Number of electrons: +(\d+)", done.stdout)
        alpha, beta = map(int, occupied)
        assert alpha - beta == settings.multiplicity - 1
        assert "smeared independently" in done.stdout


def test_a_model_of_the_size_of_the_study(tmp_path):
    """1500 atoms: one list for each, in order."""
    dot = carve(bundled_crystal("Pb3S2Cl2"), Sphere(radius_a=21.0))
    text = written(dot, Cp2kSettings(), tmp_path)["states"].read_text()
    lists = [line.split()[1] for line in text.splitlines() if line.strip().startswith("LIST")]
    assert lists == [str(atom) for atom in range(1, dot.n_atoms + 1)]
    assert len(lists) > 1300
    electrons = basis_elements(dot.symbols.tolist(), Cp2kSettings())
    n_electrons = sum(electrons[symbol].electrons * n for symbol, n in dot.counts.items())
    assert f"ADDED_MOS {-(-n_electrons // 8)}" in text
