"""The way over a GPU, with numpy in the place of CuPy: the calls and the choice, not the device."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.linalg import sqrtm
from scipy.sparse import csr_array

from epicarve.dft.matrix_root import gpu, root, root_product
from epicarve.errors import InputError


def stand_in(free_bytes):
    """numpy under CuPy's names."""

    def mem_get_info():
        if free_bytes is None:
            raise RuntimeError("cudaErrorNoDevice: no CUDA-capable device is detected")
        return free_bytes, free_bytes

    return SimpleNamespace(
        asarray=np.array,
        asnumpy=np.array,
        sqrt=np.sqrt,
        maximum=np.maximum,
        linalg=np.linalg,
        cuda=SimpleNamespace(runtime=SimpleNamespace(memGetInfo=mem_get_info)),
    )


def install(monkeypatch, free_bytes):
    monkeypatch.setitem(sys.modules, "cupy", stand_in(free_bytes))
    monkeypatch.setattr(gpu, "find_spec", lambda name: name)


def overlap_of(lowest):
    vectors = np.linalg.qr(np.random.default_rng(0).normal(size=(20, 20)))[0]
    return (vectors * np.geomspace(lowest, 3.0, 20)) @ vectors.T


def test_a_gpu_with_room_is_used(monkeypatch):
    install(monkeypatch, free_bytes=10**9)
    monkeypatch.setattr(root, "Reduction", None)  # the other way would fail
    overlap, columns = overlap_of(1e-3), np.random.default_rng(1).normal(size=(20, 3))
    exact = sqrtm(overlap) @ columns
    np.testing.assert_allclose(root_product(overlap, columns), exact, atol=1e-12)
    np.testing.assert_allclose(root_product(csr_array(overlap), columns), exact, atol=1e-12)


@pytest.mark.parametrize("free_bytes", [None, 5 * 8 * 20**2 - 1])
def test_without_a_gpu_or_its_memory_all_is_done_without(monkeypatch, free_bytes):
    install(monkeypatch, free_bytes)
    monkeypatch.setattr(root, "root_product_on", None)  # the other way would fail
    overlap = overlap_of(1e-3)
    np.testing.assert_allclose(root_product(overlap, np.eye(20)), sqrtm(overlap), atol=1e-12)


@pytest.mark.parametrize("lowest", [1e-10, -1e-3])
def test_a_dependent_basis_is_told_there_too(monkeypatch, lowest):
    install(monkeypatch, free_bytes=10**9)
    overlap = overlap_of(abs(lowest)) - (2e-3 * np.eye(20) if lowest < 0 else 0.0)
    with pytest.raises(InputError, match="linearly dependent"):
        root_product(overlap, np.eye(20))
