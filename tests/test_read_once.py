"""One look at a folder reads each main output and each input once."""

from collections import Counter

import pytest
from cp2k_runs import RUNS, only

from epicarve.dft.cp2k_input import InputText, Section
from epicarve.dft.output import OutputReader
from epicarve.errors import InputError
from epicarve.workflow.tasks.analyse import analyse
from epicarve.workflow.tasks.cube import cube


@pytest.fixture
def parsed(monkeypatch):
    """Count the files that are parsed: inputs by name, their trees, and main outputs."""
    counts = Counter()
    read, make_section, feed = InputText.read, Section.__init__, OutputReader.feed

    def read_and_count(path):
        counts[path.name] += 1
        return read(path)

    def make_and_count(section, name, *others):
        counts["trees"] += not name
        make_section(section, name, *others)

    def feed_and_count(reader, lines):
        counts["main outputs"] += 1
        feed(reader, lines)

    monkeypatch.setattr(InputText, "read", read_and_count)
    monkeypatch.setattr(Section, "__init__", make_and_count)
    monkeypatch.setattr(OutputReader, "feed", feed_and_count)
    return counts


@pytest.mark.parametrize("name", RUNS)
@pytest.mark.parametrize("files", ["*", "*[!s]"])
def test_an_analysis_parses_the_input_and_the_main_output_once(runs, tmp_path, parsed, name, files):
    """By .pdos files, and without them by orbitals, whose overlap needs all of the input."""
    folder = only(runs(name), tmp_path / "run", files)
    for path in folder.glob("*.csr" if files != "*" else "none"):
        path.unlink()
    analyse(folder, tmp_path / "out", figures={"formats": ["svg"]})
    (source,) = [*folder.glob("*.inp"), *folder.glob("job.in")]
    assert parsed == {source.name: 1, "trees": 1, "main outputs": 1}


def test_an_analysis_of_a_chain_parses_the_output_of_each_stage_once(runs, tmp_path, parsed):
    folder = runs("pb9s6cl6")
    analyse(folder, tmp_path / "out", figures={"formats": ["svg"]})
    n_outputs = len([*folder.glob("*/*.out")])
    assert parsed["main outputs"] == n_outputs
    assert all(n == 1 for name, n in parsed.items() if name.endswith(".inp"))


def test_a_cube_parses_them_once(runs, parsed):
    cube(runs("water") / "diag", "homo", step_a=0.5)
    assert parsed == {"diag.inp": 1, "trees": 1, "main outputs": 1}


def test_a_cube_of_an_orbital_transformation_parses_them_once(runs, parsed):
    """It looks for states in other files of the same run, which are known to be wrong here."""
    with pytest.raises(InputError, match="gives wrong energies"):
        cube(runs("water") / "ot", "homo", step_a=0.5)
    assert parsed == {"ot.inp": 1, "trees": 1, "main outputs": 1}
