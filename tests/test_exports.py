import sys

import numpy as np
import pytest
from heterostructure import janus, states_on

from epicarve.analysis.export import complete_dos, write_hdf5, write_traps_extxyz
from epicarve.analysis.options import AnalysisOptions
from epicarve.analysis.states import Analysis
from epicarve.dft.states import OrbitalStates
from epicarve.errors import InputError


def analysis(restricted=True, with_model=True):
    model = janus()
    rng = np.random.default_rng(0)
    flat = np.ones(model.n_atoms)
    columns = [flat, *(rng.random(model.n_atoms) ** 40 for _ in range(4)), flat]
    states = states_on(model, columns, [-7.0, -6.0, -5.0, -3.0, -2.0, -1.0], 3)
    if not restricted:
        states = OrbitalStates(
            energies_ev=np.concatenate([states.energies_ev, states.energies_ev + 0.3]),
            occupations=np.tile(states.occupations / 2, 2),
            weights=np.tile(states.weights, 2),
            symbols=states.symbols,
            spins=np.repeat([0, 1], 6).astype(np.int8),
            restricted=False,
        )
    return Analysis.of(states, AnalysisOptions(ipr_max=0.05), model if with_model else None)


@pytest.mark.parametrize("restricted", [True, False])
def test_pymatgen_sums_to_our_densities(restricted):
    from pymatgen.electronic_structure.core import Spin

    found = analysis(restricted)
    dos = complete_dos(found)
    ours = found.densities[0]
    spins = (Spin.up,) if restricted else (Spin.up, Spin.down)
    assert set(dos.densities) == set(spins)
    gap, edges = found.gap, dos.get_cbm_vbm(tol=1e-3, abs_tol=True)
    assert gap.homo_ev < dos.efermi < gap.lumo_ev
    # the Gaussians of HOMO and LUMO reach into the gap
    assert 0.0 < edges[0] - edges[1] < gap.homo_lumo_gap_ev
    by_element = {str(element): part for element, part in dos.get_element_dos().items()}
    for s, spin in enumerate(spins):
        np.testing.assert_allclose(dos.densities[spin], ours.total[s], atol=1e-9)
        for name, density in zip(ours.groups, ours.density[s], strict=True):
            np.testing.assert_allclose(by_element[name].densities[spin], density, atol=1e-9)
    assert dos.structure.num_sites == found.states.n_atoms
    distances = dos.structure.distance_matrix
    model = found.model.positions_a
    assert distances[0, -1] == pytest.approx(np.linalg.norm(model[0] - model[-1]))


def test_trap_weights_read_back(tmp_path):
    from ase.io import read

    found = analysis()
    write_traps_extxyz(tmp_path / "traps.extxyz", found)
    arrays = read(tmp_path / "traps.extxyz").arrays
    for side in ("valence", "conduction"):
        n_traps = getattr(found.gap.filtered, f"n_{side}_traps")
        assert n_traps > 0
        assert arrays[f"{side}_trap_weight"].sum() == pytest.approx(n_traps, abs=1e-5)
    assert arrays["position"].tolist() == found.sites.positions.tolist()


def test_hdf5_reads_back_and_is_the_same_twice(tmp_path):
    h5py = pytest.importorskip("h5py")
    found = analysis()
    for name in ("one.h5", "two.h5"):
        write_hdf5(tmp_path / name, found)
    assert (tmp_path / "one.h5").read_bytes() == (tmp_path / "two.h5").read_bytes()
    with h5py.File(tmp_path / "one.h5") as file:
        np.testing.assert_array_equal(file["states/weights"], found.states.weights)
        assert [s.decode() for s in file["states/symbols"]] == list(found.states.symbols)
        assert set(file["dos/groups"]) == {n for dos in found.densities for n in dos.groups}
        np.testing.assert_array_equal(file["dos/groups/Pb"], found.densities[0].density[:, 0])
        np.testing.assert_array_equal(file["profile/density"], found.profile.density)
        assert file.attrs["homo_ev"] == found.gap.homo_ev


def test_exports_that_need_a_model_or_a_library_say_so(tmp_path, monkeypatch):
    alone = analysis(with_model=False)
    with pytest.raises(InputError, match="give the model"):
        complete_dos(alone)
    with pytest.raises(InputError, match="give the model"):
        write_traps_extxyz(tmp_path / "traps.extxyz", alone)
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(InputError, match="pip install"):
        write_hdf5(tmp_path / "a.h5", alone)
    assert not any(tmp_path.iterdir())
