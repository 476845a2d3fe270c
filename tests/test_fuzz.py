"""A thin slice of benchmarks/fuzz.py: damaged files end in a value or one sentence."""

import damage
import fuzz
import numpy as np
import pytest
from isolated import isolated

SLICE = {"cifs": 32, "recipes": 16, "inputs": 16, "outputs": 3}


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    before, fuzz.WORK = fuzz.WORK, tmp_path_factory.mktemp("fuzz")
    yield
    fuzz.WORK = before


@pytest.mark.parametrize("kind", SLICE)
def test_no_damage_ends_in_a_traceback(work, kind):
    faults = [fault for seed in range(SLICE[kind]) if (fault := fuzz.judge(kind, seed)[1])]
    assert not faults


def test_a_fault_of_each_kind_is_seen():
    def raises():
        raise KeyError("x")

    def hangs():
        while True:
            pass

    assert isolated(raises).verdict == "traceback"
    assert isolated(lambda: np.ones(2**30)).verdict == "memory"
    assert isolated(hangs, limit_s=1.0).verdict == "hang"
    assert isolated(lambda: 7).value == 7


def test_a_number_that_differs_is_seen():
    right = dict.fromkeys(fuzz.NUMBERS, 1.0) | {"filtered": None, "size_aware": None, "checks": []}
    assert fuzz.differing(right, right) == ""
    assert fuzz.differing(right, right | {"homo_ev": 1.1}) == "homo_ev"
    assert fuzz.differing(right, right | {"homo_ev": 1.1, "checks": ["told"]}) == ""


def test_damage_follows_from_the_seed():
    data = fuzz.CAF2.encode()
    copies = [damage.damaged(data, np.random.default_rng(3))[0] for _ in range(2)]
    assert copies[0] == copies[1] != data
