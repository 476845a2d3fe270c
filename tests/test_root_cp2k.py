"""The square root of overlaps that CP2K wrote, against CP2K's own projections."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from cp2k_runs import read_ldos_folder
from scipy.linalg import eigvalsh

from epicarve.dft.matrix_root import Reduction, Team, root_product, spectrum_bounds
from epicarve.dft.read import read_csr, read_wfn

FIXTURES = Path(__file__).parent / "fixtures"


@pytest.mark.parametrize("name", ["pb49s33cl32", "cs4pbbr6", "pb9s6cl6-orbitals"])
def test_weights_of_a_window_are_those_of_cp2k(tmp_path, name):
    shutil.unpack_archive(FIXTURES / f"cp2k-{name}.tar.xz", tmp_path)
    (path,), (csr,) = tmp_path.glob("*.wfn"), tmp_path.glob("*.csr")
    wfn = read_wfn(path)
    overlap = read_csr(csr, wfn.n_functions)
    homo = int((wfn.spins[0].occupations > 1.0).sum())
    window = slice(homo - 20, homo + 8)
    orbitals = wfn.coefficients(0, window.start, window.stop)
    product = root_product(overlap, orbitals)
    weights = np.array(
        [(product[wfn.atom_of_function == a] ** 2).sum(0) for a in range(wfn.n_atoms)]
    )
    np.testing.assert_allclose(weights, read_ldos_folder(tmp_path).weights[:, window], atol=1e-6)
    low, high = spectrum_bounds(Reduction.of(overlap, Team()).band)
    values = eigvalsh(overlap.toarray())
    assert low < values[0]
    assert values[-1] < high
