"""Settings of a CP2K calculation."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from epicarve.options import Options

from .level_settings import LevelSettings


class RelaxSettings(Options):
    """How far a relaxation goes (LBFGS).

    Parameters
    ----------
    max_steps : int
        Most steps of the optimiser.
    max_force_hartree_bohr : float
        The largest force on an atom, in hartree/bohr, at which the geometry counts as converged.
        CP2K's other three criteria (RMS force, largest and RMS displacement) keep the ratio to it
        that they have in CP2K's defaults, 3e-4 : 3e-3 : 1.5e-3 at 4.5e-4.
    must_converge : bool
        Whether the chain stops when `max_steps` are over and the forces are still larger.
    extra : dict, str or None
        More sections and keywords of CP2K for this stage alone, over those of all stages.

    Examples
    --------
    >>> RelaxSettings(max_steps=20, must_converge=False).max_force_hartree_bohr
    0.00045
    """

    max_steps: int = Field(default=500, ge=1)
    max_force_hartree_bohr: float = Field(default=4.5e-4, gt=0)
    must_converge: bool = True
    extra: Any | None = None


class LigandRelaxSettings(RelaxSettings):
    """How far the ligands are relaxed with GFN1-xTB while the ions of the crystal are held.

    Examples
    --------
    >>> LigandRelaxSettings(max_steps=100).must_converge
    False
    """

    max_steps: int = Field(default=200, ge=1)
    max_force_hartree_bohr: float = Field(default=1e-3, gt=0)
    must_converge: bool = False


class PrerelaxSettings(RelaxSettings):
    """How far the pre-relaxation with GFN1-xTB goes, and how much of it is taken up.

    Parameters
    ----------
    max_rmsd_a : float or None
        The next stage starts from the last geometry in which the ions moved no further than this
        from the cut, root mean square in Å: GFN1-xTB does not keep every crystal (it moves the
        ions of bulk Pb3S2Cl2 by 0.4 Å). Atoms of ligands are not counted. None takes the last
        geometry however far it is.

    Examples
    --------
    >>> PrerelaxSettings(max_rmsd_a=0.3).max_steps
    300
    """

    max_steps: int = Field(default=300, ge=1)
    max_force_hartree_bohr: float = Field(default=1e-3, gt=0)
    must_converge: bool = False
    max_rmsd_a: float | None = Field(default=0.5, gt=0)


class Cp2kSettings(LevelSettings):
    """Settings of the chain of CP2K runs: pre-relaxation, relaxation, ground state, states.

    Parameters
    ----------
    vacuum_a : float
        Space in Å between the outermost nuclei and each face of the box; of a cube along the
        longest extent of the model. The density has to vanish on the faces; time grows with the
        volume.
    poisson_solver : {"wavelet", "multipole"}
        How the potential of the density is found in free space: by wavelets, in a cube, or by
        multipoles, in a box that fits the model.
    relax_ligands : LigandRelaxSettings or None
        Relaxation of the ligands with GFN1-xTB inside CP2K, the ions of the crystal held; the first
        stage of models that have ligands, and of these alone. None leaves it out.
    prerelax : PrerelaxSettings or None
        Pre-relaxation with GFN1-xTB inside CP2K, which spares most of the SCF trouble of a raw cut.
        None leaves it out.
    relax : RelaxSettings or None
        Relaxation with the functional. None leaves it out.

    Examples
    --------
    >>> settings = Cp2kSettings(cutoff_ry=250, relax={"max_steps": 100})
    >>> settings.relax.max_steps, settings.basis
    (100, 'DZVP-MOLOPT-SR-GTH')
    """

    vacuum_a: float = Field(default=5.0, ge=2.0)
    poisson_solver: Literal["wavelet", "multipole"] = "wavelet"
    relax_ligands: LigandRelaxSettings | None = LigandRelaxSettings()
    prerelax: PrerelaxSettings | None = PrerelaxSettings()
    relax: RelaxSettings | None = RelaxSettings()


class PeriodicSettings(LevelSettings):
    """Settings of a relaxation of a bulk crystal or a slab.

    Parameters
    ----------
    kpoints : tuple of int
        Monkhorst-Pack grid along the three cell vectors; (1, 1, 1) is the Γ point alone.
    variable_cell : bool
        Whether the cell relaxes with the atoms; bulk only.
    relax : RelaxSettings or None
        How far the geometry relaxes; None computes the energy alone.

    Examples
    --------
    >>> PeriodicSettings(kpoints=(4, 4, 4), variable_cell=True).relax.max_steps
    500
    """

    kpoints: tuple[
        Annotated[int, Field(ge=1)], Annotated[int, Field(ge=1)], Annotated[int, Field(ge=1)]
    ] = (1, 1, 1)
    variable_cell: bool = False
    relax: RelaxSettings | None = RelaxSettings()
