"""An analysis in the formats of other programs: pymatgen, HDF5, extended XYZ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from epicarve.analysis.states import SIDES, broadened, rounded
from epicarve.builder.extxyz import write_extxyz
from epicarve.errors import InputError
from epicarve.files import replaced_file

from .tables import SPIN_NAMES

if TYPE_CHECKING:
    from pathlib import Path

    from pymatgen.electronic_structure.dos import CompleteDos

    from epicarve.analysis.states import Analysis

VACUUM_A = 10.0
"""Room around the model in the box that pymatgen needs, in Å."""


def complete_dos(analysis: Analysis) -> CompleteDos:
    """Return the density of states of every atom as pymatgen's CompleteDos.

    Parameters
    ----------
    analysis : Analysis
        Results that know where the atoms are; these stand in a cubic box of their own.

    Returns
    -------
    pymatgen.electronic_structure.dos.CompleteDos
        Energies in eV with the middle of the HOMO-LUMO gap as Fermi level; states per eV, where a
        spin-restricted state counts once. pymatgen files the density of an atom under its
        orbitals; here the whole of it stands under the one key ``"all"``, so element and site
        densities are right, and pymatgen's densities by s, p and d can't be asked for.

    Raises
    ------
    InputError
        If it is not known where the atoms are.
    """
    from pymatgen.core.lattice import Lattice  # noqa: PLC0415  (costs seconds)
    from pymatgen.core.structure import Structure  # noqa: PLC0415
    from pymatgen.electronic_structure.core import Spin  # noqa: PLC0415
    from pymatgen.electronic_structure.dos import CompleteDos, Dos  # noqa: PLC0415

    positions_a, states = analysis.positions_a, analysis.states
    if positions_a is None:
        raise InputError(
            "pymatgen needs to know where the atoms are; give the model or positions_a"
        )
    low = positions_a.min(axis=0)
    edge_a = float((positions_a.max(axis=0) - low).max()) + VACUUM_A
    structure = Structure(
        Lattice.cubic(edge_a),
        list(states.symbols),
        positions_a - low + 0.5 * VACUUM_A,
        coords_are_cartesian=True,
    )
    names = tuple(str(i) for i in range(states.n_atoms))
    of_atoms = broadened(states, names, states.weights, analysis.options)
    spins = (Spin.up, Spin.down)[: len(of_atoms.density)]
    total = Dos(
        analysis.gap.middle_ev,
        of_atoms.grid_ev,
        dict(zip(spins, of_atoms.total, strict=True)),
    )
    of_site: dict[Any, Any] = {
        site: {"all": {spin: of_atoms.density[s, i] for s, spin in enumerate(spins)}}
        for i, site in enumerate(structure)
    }
    return CompleteDos(structure, total, of_site)


def write_traps_extxyz(path: Path, analysis: Analysis) -> None:
    """Write the model with the weight of each atom in the traps, as extended XYZ.

    Parameters
    ----------
    path : Path
        The file.
    analysis : Analysis
        Results that know where the atoms are. The columns ``valence_trap_weight`` and
        ``conduction_trap_weight`` sum over the traps of a side; they add up to the number of these
        traps.

    Raises
    ------
    InputError
        If it is not known where the atoms are.
    """
    if analysis.positions_a is None:
        raise InputError("it is not known where the atoms are; give the model or positions_a")
    weights = {
        f"{side}_trap_weight": analysis.traps.atom_weights(side, analysis.states.weights)
        for side in SIDES
    }
    places = {} if analysis.sites.positions is None else {"position": analysis.sites.positions}
    if analysis.model is not None:
        analysis.model.write_extxyz(path, {**places, **weights})
    else:
        write_extxyz(path, np.array(analysis.states.symbols), analysis.positions_a, weights)


def write_hdf5(path: Path, analysis: Analysis) -> None:
    """Write states, weights, densities of states and profile to an HDF5 file.

    Parameters
    ----------
    path : Path
        The file. Group ``states`` holds the fields of OrbitalStates, ``ipr``, ``kept`` and
        ``kept_size_aware``; ``coop`` the broadened overlap populations of each pair of groups, if
        there are some; ``dos`` the energies and one data set for each group of atoms, shape
        (n_spins, n_energies); ``profile`` the fields of Profile, if there is a model. Names end in
        their unit. The same analysis gives the same bytes.
    analysis : Analysis
        The results.

    Raises
    ------
    InputError
        If h5py is not installed.
    """
    try:
        import h5py  # noqa: PLC0415  (optional)
    except ImportError as error:
        raise InputError(
            "HDF5 files need h5py, which is not installed; pip install 'epicarve[hdf5]'"
        ) from error
    states, gap, profile = analysis.states, analysis.gap, analysis.profile
    with replaced_file(path) as temporary, h5py.File(temporary, "w", track_order=True) as file:

        def put(name: str, values: Any) -> None:
            array = np.asarray(values)
            if array.dtype.kind == "U":
                array = array.astype(h5py.string_dtype())
            large = {"compression": "gzip", "shuffle": True} if array.size > 1000 else {}
            file.create_dataset(name, data=array, track_times=False, **large)

        for name, value in (
            ("homo_ev", gap.homo_ev),
            ("lumo_ev", gap.lumo_ev),
            ("gap_ev", gap.filtered.gap_ev),
            ("size_aware_gap_ev", gap.size_aware.gap_ev),
        ):
            if value is not None:
                file.attrs[name] = rounded(value)
        file.attrs["source"] = states.source
        file.attrs["caveat"] = states.caveat
        file.attrs["ipr_max"] = analysis.options.ipr_max
        file.attrs["broadening_ev"] = analysis.options.broadening_ev
        for name in ("energies_ev", "occupations", "weights", "symbols", "spins"):
            put(f"states/{name}", getattr(states, name))
        put("states/ipr", analysis.localization.ipr)
        put("states/kept", gap.filtered.kept)
        put("states/kept_size_aware", gap.size_aware.kept)
        if analysis.coop is not None:
            put("states/pairs", analysis.coop.names)
            put("states/overlap_populations", analysis.coop.populations)
            for i, name in enumerate(analysis.coop.names):
                put(f"coop/{name.replace('/', '|')}", analysis.coop.curves.density[:, i])
        put("dos/energies_ev", analysis.densities[0].grid_ev)
        put("dos/spins", SPIN_NAMES if len(analysis.densities[0].density) > 1 else ("both",))
        put("dos/total", analysis.densities[0].total)
        for dos in analysis.densities:
            for i, name in enumerate(dos.groups):
                put(f"dos/groups/{name.replace('/', '|')}", dos.density[:, i])
        if profile is not None:
            put("profile/coordinates_a", profile.axis.coordinates_a)
            for name in (
                "borders_a",
                "n_atoms",
                "density",
                "valence_edge_ev",
                "conduction_edge_ev",
            ):
                put(f"profile/{name}", getattr(profile, name))
