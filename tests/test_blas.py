"""Which BLAS programs use."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from epicarve.blas import Blas, blas_of_file, blas_of_program
from epicarve.workflow.recipes import parse_recipe
from epicarve.workflow.tasks.run import told_blas

RECIPE = {"crystal": {"name": "PbS"}, "shape": {"kind": "sphere", "diameter_nm": 1.0}}


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/usr/lib/x86_64-linux-gnu/openblas-pthread/libblas.so.3", "OpenBLAS"),
        ("/usr/lib/x86_64-linux-gnu/libopenblasp-r0.3.21.so", "OpenBLAS"),
        ("/nowhere/blas/libblas.so.3.11.0", "reference BLAS"),
        ("/opt/intel/mkl/lib/libmkl_rt.so.2", "MKL"),
        ("/usr/lib/libblis.so.4", "BLIS"),
    ],
)
def test_a_library_is_known_by_its_path(path, kind):
    assert blas_of_file(path).kind == kind
    assert blas_of_file(path).is_fast is (kind != "reference BLAS")


def test_other_libraries_and_scripts_are_none(tmp_path):
    assert blas_of_file("/usr/lib/x86_64-linux-gnu/libc.so.6") is None
    assert blas_of_file("/home/blas/lib/libfftw3.so.3") is None
    script = tmp_path / "script"
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    assert blas_of_program(str(script)) is None
    assert blas_of_program("no-such-program") is None


def test_the_blas_of_a_wheel_is_found():
    (library,) = Path(find_spec("tblite").origin).parent.glob("_libtblite*.so")
    found = subprocess.run(["ldd", library], capture_output=True, text=True, check=True).stdout
    (path,) = (line.split()[2] for line in found.splitlines() if "libblas" in line)
    assert blas_of_file(path) == Blas("reference BLAS", str(Path(path).resolve()))


def test_what_the_engine_uses_is_told(monkeypatch):
    monkeypatch.setattr("epicarve.workflow.tasks.run.load_fast_blas", lambda: None)
    told = told_blas(parse_recipe({**RECIPE, "engine": "xtb"}))
    assert told.startswith("tblite uses reference BLAS")
    assert "apt-get install" in told
    fast = Blas("OpenBLAS", "libopenblas.so.0")
    monkeypatch.setattr("epicarve.workflow.tasks.run.load_fast_blas", lambda: fast)
    told = told_blas(parse_recipe({**RECIPE, "engine": "xtb"}))
    assert told == "tblite uses OpenBLAS (libopenblas.so.0)"
    monkeypatch.setattr("epicarve.workflow.tasks.run.PROGRAM", sys.executable)
    assert told_blas(parse_recipe(RECIPE)) == ""


@pytest.mark.cp2k
def test_the_blas_of_cp2k_is_told():
    assert told_blas(parse_recipe(RECIPE)).startswith("cp2k.psmp uses ")
