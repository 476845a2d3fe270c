"""Folders of CP2K runs as people have them, and a thin slice of the benchmark of hundreds."""

import subprocess
import sys
from pathlib import Path

import pytest
from cp2k_runs import only

from epicarve.dft.read import read_states
from epicarve.errors import InputError

BENCHMARK = Path(__file__).parents[1] / "benchmarks" / "foreign_folders.py"
CHANGES = (
    *("as-is", "no-output", "no-input", "no-lists", "no-restart", "no-pdos"),
    *("old-output-beside", "output-appended", "output-cut", "other-machine", "windows-lines"),
)


@pytest.mark.cp2k
def test_a_restarted_run_and_one_without_basis_sets_are_read_as_cp2k_prints_them(tmp_path):
    """Two runs of one project of H2, an optimisation before; water by xTB, which has no files."""
    chosen = [f"restart-same-project+{change}" for change in CHANGES]
    chosen += ["xtb+as-is", "xtb+no-pdos"]
    finished = subprocess.run(
        [sys.executable, BENCHMARK, tmp_path, *chosen], capture_output=True, text=True, check=False
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    lines = [line.split() for line in finished.stdout.splitlines() if "+" in line]
    words = {line[1]: line[0] for line in lines}
    assert words["restart-same-project+as-is"] == "right"
    assert words["restart-same-project+old-output-beside"] == "right"
    assert words["restart-same-project+output-cut"] == "refused"
    assert words["xtb+as-is"] in {"right", "told"}
    assert words["xtb+no-pdos"] == "refused"


@pytest.mark.parametrize("method", ["xTB", "DFTB", "PM6"])
def test_a_method_with_basis_functions_of_its_own_is_named(runs, tmp_path, method):
    """Else its orbitals would seem to be of another run."""
    folder = only(runs("ghost"), tmp_path / "run", "*.wfn", "*.inp", "*.out", "BASIS*")
    text = (folder / "run.inp").read_text()
    (folder / "run.inp").write_text(text.replace("&QS\n", f"&QS\nMETHOD {method}\n"))
    with pytest.raises(InputError, match=rf"METHOD {method.upper()} .*add &S_CSR_WRITE"):
        read_states(folder)


def test_why_there_are_no_states_is_told_by_the_newest_output(runs, tmp_path):
    """A first try that was killed lies beside a run with k-points that came to its end."""
    folder = only(runs("water") / "kpoints", tmp_path / "run", "*")
    text = (folder / "kpoints.out").read_text()
    (folder / "first-try.out").write_text(text[: len(text) // 2])
    with pytest.raises(InputError, match=r"\.kp: the run has k-points"):
        read_states(folder)
