"""Recipes: what is read, and that each mistake is one sentence with its remedy."""

import pytest

from epicarve.builder.library import bundled_crystal
from epicarve.errors import InputError
from epicarve.workflow.recipes import read_recipe, write_recipe
from epicarve.workflow.tasks.run import chosen

GOOD = """
crystal:
  name: Pb4S3Cl2
shape:
  kind: hemisphere
  diameter_nm: 2.0
  hkl: [0, 1, 0]
"""


@pytest.fixture
def recipe(tmp_path):
    def write(text):
        path = tmp_path / "recipe.yaml"
        path.write_text(text)
        return path

    return write


def test_a_small_recipe_is_enough_and_defaults_are_the_studys(recipe):
    read = read_recipe(recipe(GOOD))
    assert read.engine == "cp2k"
    assert read.analysis.ipr_max == 0.03
    assert read.cp2k.functional == "PBE"
    assert read.as_dict() == {
        "crystal": {"name": "Pb4S3Cl2"},
        "shape": {"kind": "hemisphere", "diameter_nm": 2.0, "hkl": [0, 1, 0]},
    }


@pytest.mark.parametrize(
    ("lines", "complaint"),
    [
        ("engine: xtb\nanalysis: {transitions: true}\n", "the engine xtb leaves none"),
        ("analysis: {spin_orbit: true}\ncp2k: {multiplicity: 3}\n", "leave it or cp2k.multiplic"),
        ("analysis: {transitions: true}\ncp2k: {smearing_k: 300}\n", "leave it or cp2k.smearing"),
        ("analysis: {spin_orbit: maybe}\n", "analysis.spin_orbit: .*boolean"),
    ],
)
def test_an_analysis_that_a_run_leaves_nothing_for_is_refused(recipe, lines, complaint):
    with pytest.raises(InputError, match=complaint):
        read_recipe(recipe(GOOD + lines))


def test_an_analysis_is_asked_for_in_a_recipe(recipe):
    read = read_recipe(recipe(GOOD + "analysis: {spin_orbit: true, transitions: true}\n"))
    assert read.analysis.spin_orbit and read.analysis.transitions
    assert read.as_dict()["analysis"] == {"spin_orbit": True, "transitions": True}
    with pytest.raises(InputError, match="the engine xtb leaves none"):
        chosen(read, "xtb", "local")


def test_a_cif_lies_beside_its_recipe(recipe, tmp_path):
    read = read_recipe(recipe(GOOD.replace("name: Pb4S3Cl2", "file: CaF2.cif")))
    assert read.crystal.file == tmp_path / "CaF2.cif"


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (("diameter_nm", "diameter"), "shape: unknown key 'diameter'; did you mean diameter_nm"),
        (("shape:", "shap:"), "unknown key 'shap'; did you mean shape"),
        (("[0, 1, 0]", "010"), r"shape.hkl: 8 is not a list of three integers; write \[0, 1, 0\]"),
        (("[0, 1, 0]", "[0, 1]"), "shape.hkl.2: missing"),
        (("[0, 1, 0]", "[0, 0, 0]"), "hkl"),
        (("2.0", "-2.0"), "shape.diameter_nm: .*greater than 0"),
        (("2.0", "wide"), "shape.diameter_nm: .*number"),
        (("hemisphere", "pyramid"), "kind 'pyramid' is not known; use 'sphere'"),
        (("hemisphere", "Cube"), "shape: kind 'Cube' is not known; write kind: box"),
        (("  kind: hemisphere\n", ""), "kind is missing"),
        (("name: Pb4S3Cl2", "file: a.cif\n  name: PbS"), "either name .* or file"),
        (("name: Pb4S3Cl2", "name: PbS\n  name: PbS"), "'name' is given twice"),
        (("crystal:\n  name: Pb4S3Cl2\n", ""), "crystal missing beside shape"),
        (("crystal:", "crystal: ["), "not valid YAML"),
        (("hkl: [0, 1, 0]", "hkl: [0, 1, 0]\nanalysis: {ipr_maximum: 1}"), "did you mean ipr_max"),
        (("hkl: [0, 1, 0]", "hkl: [0, 1, 0]\ncp2k: {cutoff: 1}"), "did you mean cutoff_ry"),
        (
            ("hkl: [0, 1, 0]", "hkl: [0, 1, 0]\ncp2k: {max_scf: 9}"),
            r"'max_scf'; write extra: .*MAX_SCF",
        ),
        (
            ("crystal:\n  name: Pb4S3Cl2", "crystal: PbS"),
            r"crystal: write \{name: PbS\} for .*file: my",
        ),
        (
            ("hkl: [0, 1, 0]", "hkl: [0, 1, 0]\nengine: vasp"),
            "engine: 'vasp' is not .*'cp2k' or 'xtb'",
        ),
    ],
)
def test_each_mistake_is_one_sentence(recipe, change, complaint):
    assert change[0] in GOOD
    with pytest.raises(InputError, match=complaint) as error:
        read_recipe(recipe(GOOD.replace(*change)))
    message = str(error.value)
    assert "recipe.yaml" in message
    assert "\n" not in message
    assert "pydantic" not in message


@pytest.mark.parametrize(
    ("block", "told"),
    [
        ("cp2k: {spin: 3}", "'spin'; write multiplicity, 2S \\+ 1"),
        ("cp2k: {ENCUT: 400}", "'ENCUT'; write cutoff_ry, in Ry"),
        ("cp2k: {hubbard_u: {Pb: 3}}", "'hubbard_u'; write plus_u"),
        ("cp2k: {optimizer: BFGS}", "write extra: {MOTION: {GEO_OPT: {OPTIMIZER: BFGS}}}"),
        ("cp2k: {max_steps: 9}", "'max_steps'; put it under relax_ligands, prerelax or relax"),
        ("functional: PBE", "'functional'; put it under cp2k"),
        ("cp2k: {cutoff_ry: 400 Ry}", "cutoff_ry: it takes a number, without a unit"),
        ("cp2k: {extra: {DFT: {SCF: {MAX_SCF: 9}}}}", "&DFT .*; move it into &FORCE_EVAL$"),
        ("cp2k: {extra: {FORCE_EVAL: {DFT: {NGRIDS: 9}}}}", "move it into &MGRID$"),
        ("machine: {walltime: 24}", "'walltime'; write time_limit_h, in hours"),
        ("machine: {queue: long}", "'queue'; write partition"),
        ("walltime: 24", "'walltime'; write time_limit_h, in hours, under machine"),
        ("ENCUT: 400", "'ENCUT'; write cutoff_ry, in Ry, under cp2k"),
        ("cp2k: {EDIFF: 1e-6}", "'EDIFF'; write eps_scf"),
        ("balance: {charge: 1}", "'charge'; write net_charge"),
        ("machine: {cpus-per-task: 4}", "'cpus-per-task'; write threads_per_rank"),
        ("machine: {mail-user: me@here}", "'mail-user'; write email"),
        ("machine: {reservation: mine}", r"write sbatch_options: \[--reservation=NAME\]"),
        ("machine: {ntasks: 64}", "'ntasks'; write ranks_per_node"),
        ("machine: {modules: cp2k/2023.1}", r"modules: it takes a list; write \['cp2k/2023.1'\]"),
        ("machine: {email: me}", "email: this is no address of e-mail; write name@host"),
        ("machine: {stages: {relaxation: {nodes: 2}}}", "stages.relaxation: .*'relax'"),
        ("series: {radius_nm: [1, 2]}", "'radius_nm'; write diameter_nm, twice the radius"),
    ],
)
def test_a_word_of_another_program_is_answered_by_ours(recipe, block, told):
    with pytest.raises(InputError, match=told) as error:
        read_recipe(recipe(f"{GOOD}\n{block}\n"))
    assert "\n" not in str(error.value)


def test_a_crystal_that_is_not_bundled_is_to_be_given_as_a_file():
    with pytest.raises(InputError, match=r"no bundled crystal 'LiF'; epicarve crystals .*my\.cif"):
        bundled_crystal("LiF")


def test_a_radius_or_a_lone_word_in_a_block_is_answered(recipe):
    with pytest.raises(InputError, match="'radius_nm'; write diameter_nm, twice the radius"):
        read_recipe(recipe(GOOD.replace("diameter_nm", "radius_nm")))
    with pytest.raises(InputError, match="'cif'; write file"):
        read_recipe(recipe(GOOD.replace("name: Pb4S3Cl2", "cif: my.cif")))
    with pytest.raises(InputError, match="shape: it takes keys of its own below it"):
        read_recipe(recipe("crystal: {name: PbS}\nshape: sphere\n"))


@pytest.mark.parametrize("off", ["null", "none", "None", "~"])
def test_none_and_null_switch_a_setting_off(recipe, off):
    keys = ("dispersion", "multiplicity", "smearing_k", "added_mos", "prerelax", "relax")
    blocks = "\n".join(f"  {key}: {off}" for key in keys)
    read = read_recipe(recipe(f"{GOOD}\ncp2k:\n{blocks}\n"))
    assert [getattr(read.cp2k, key) for key in keys] == [None] * len(keys)


@pytest.mark.parametrize("version", ["2024.1", '"2024.1"'])
def test_a_version_needs_no_quotation_marks(recipe, version):
    assert read_recipe(recipe(f"{GOOD}\ncp2k: {{version: {version}}}\n")).cp2k.version == "2024.1"


@pytest.mark.parametrize(
    ("more", "complaint"),
    [
        ("cp2k: {charge: 2024-01-01}", "cp2k.charge: .*integer"),
        ("cp2k: {charge: 2024-13-41}", "not valid YAML .*month"),
        ("cp2k: {charge: " + "9" * 5000 + "}", "not valid YAML"),
        ("cp2k: {cutoff_ry: 1e400}", "cp2k.cutoff_ry: .*finite"),
        ("cp2k: {cutoff_ry: .nan}", "cp2k.cutoff_ry"),
        ("cp2k: {cutoff_ry: [" + "1, " * 999 + "1]}", r"valid number \(got \[1, 1.{1,30}\)$"),
        ("cp2k: &a {charge: *a}", "cp2k.charge"),
        ("x: " + "[" * 1500 + "]" * 1500, "nested without end|unknown key 'x'"),
        ("x: !!python/object:os.system ls", "not valid YAML"),
        ("? [a, b]\n: 1", "not valid YAML"),
        ("---\nx: 1", "not valid YAML"),
    ],
)
def test_hostile_yaml_is_one_sentence(recipe, more, complaint):
    with pytest.raises(InputError, match=complaint) as error:
        read_recipe(recipe(f"{GOOD}\n{more}\n"))
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 700


def test_blocks_are_merged_as_yaml_has_it(recipe):
    read = read_recipe(
        recipe(f"{GOOD}\nmachine:\n  <<: {{nodes: 2, threads_per_rank: 4}}\n  nodes: 3")
    )
    assert (read.machine.nodes, read.machine.threads_per_rank) == (3, 4)


def test_missing_empty_and_binary_files(recipe, tmp_path):
    with pytest.raises(InputError, match="no recipe that can be read"):
        read_recipe(tmp_path / "none.yaml")
    with pytest.raises(InputError, match="not a recipe"):
        read_recipe(recipe(""))
    (tmp_path / "recipe.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="not valid YAML"):
        read_recipe(tmp_path / "recipe.yaml")


def test_the_style_of_figures_lies_beside_the_recipe_and_goes_with_it(tmp_path):
    (tmp_path / "mine.mplstyle").write_text("lines.linewidth: 3\n")
    path = tmp_path / "recipe.yaml"
    path.write_text(
        "crystal: {name: PbS}\nshape: {kind: sphere, atoms: 60}\n"
        "analysis: {figures: {style: mine.mplstyle}}\n"
    )
    recipe = read_recipe(path)
    assert recipe.analysis.figures.style == tmp_path / "mine.mplstyle"
    write_recipe(recipe, tmp_path / "job")
    again = read_recipe(tmp_path / "job" / "recipe.yaml").analysis.figures.style
    assert again.parent == tmp_path / "job" / "files" / "figures"
    assert again.read_text() == "lines.linewidth: 3\n"
    (tmp_path / "mine.mplstyle").unlink()
    with pytest.raises(InputError, match=r"no such style file"):
        write_recipe(recipe, tmp_path / "other")
