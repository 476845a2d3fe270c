"""Settings of a CP2K calculation and of the machine that runs it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, ValidationError, field_validator, model_validator
from pydantic_core import PydanticCustomError

from epicarve.dft.cp2k_input import FragmentError
from epicarve.options import Options

from .extra import refuse_extra
from .versions import Version

if TYPE_CHECKING:
    from collections.abc import Iterator

OneLine = Annotated[str, StringConstraints(min_length=1, pattern=r"^[^\r\n]+$")]
"""A string without line breaks, so that it stays one line of a job script."""

Word = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.,@+-]*$")]
"""A name as SLURM takes it: no spaces, no quotes."""

ModuleName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_./+@:-]*$")]
"""Name of an environment module."""

SubmitOption = Annotated[str, StringConstraints(pattern=r"^--?[A-Za-z][^\r\n]*$")]
"""An option of sbatch or qsub with its value."""


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


class PrerelaxSettings(RelaxSettings):
    """How far the pre-relaxation with GFN1-xTB goes, and how much of it is taken up.

    Parameters
    ----------
    max_rmsd_a : float or None
        The next stage starts from the last geometry in which the ions moved no further than this
        from the cut, root mean square in Å: GFN1-xTB does not keep every crystal (it moves the
        ions of bulk Pb3S2Cl2 by 0.4 Å). None takes the last geometry however far it is.

    Examples
    --------
    >>> PrerelaxSettings(max_rmsd_a=0.3).max_steps
    300
    """

    max_steps: int = Field(default=300, ge=1)
    max_force_hartree_bohr: float = Field(default=1e-3, gt=0)
    must_converge: bool = False
    max_rmsd_a: float | None = Field(default=0.5, gt=0)


Basis = Literal[
    "DZVP-MOLOPT-SR-GTH",
    "SZV-MOLOPT-SR-GTH",
    "DZVP-MOLOPT-PBE-GTH",
    "TZVP-MOLOPT-PBE-GTH",
    "TZV2P-MOLOPT-PBE-GTH",
]
"""Families of basis sets: the first two of BASIS_MOLOPT, the others of BASIS_MOLOPT_UZH."""

HYBRIDS = ("PBE0", "HSE06")
"""Functionals with exact exchange."""


class LevelSettings(Options):
    """How CP2K computes energies: settings that finite and periodic systems share.

    Parameters
    ----------
    version : str
        Version of CP2K that will read the inputs, "2023.1" to "2026.2".
    functional : {"PBE", "PBEsol", "revPBE", "PBE0", "HSE06"}
        Exchange-correlation functional; the potentials are GTH-PBE for all. Exact exchange is
        computed in an auxiliary basis set, admm-dzp.
    dispersion : {"D3", "D3(BJ)"} or None
        Grimme's dispersion, with zero or Becke-Johnson damping.
    basis : str
        Family of basis sets. SR means short range: fewer diffuse functions, better conditioned.
        SZV is for quick trials.
    cutoff_ry : float or None
        Plane-wave cutoff of the finest grid in Ry; None takes 250 Ry for Pb, S, Cl, Br, I and Cs
        with PBE in a fixed cell, for which its errors were measured, else 400 Ry, or more where the
        sharpest Gaussian of the elements needs more (`epicarve.dft.settings.cutoff`).
    rel_cutoff_ry : float
        Cutoff in Ry of the grid on which a Gaussian of exponent 1 is mapped.
    eps_default : float
        Accuracy of integrals and of the grids; 1e-10 halves the time of a small crystal.
    eps_scf : float
        Convergence of the SCF: largest gradient of the orbitals, or change of the density matrix.
    charge : int or None
        Net charge in e; None takes that of the model, 0 for a crystal.
    multiplicity : int or None
        Spin multiplicity of a spin-polarised calculation; None pairs all electrons.
    smearing_k : float or None
        Electronic temperature in K of Fermi-Dirac occupations; None fills the lowest states.
    added_mos : int or None
        Number of empty states; None takes a quarter of the occupied ones, at least 10.
    exchange_memory_mb : int
        Memory in MB that each MPI process may use to store the integrals of exact exchange.
    extra : dict, str or None
        More sections and keywords of CP2K, which go over those that all stages have: nested by
        name, or a block of CP2K input (`epicarve.dft.cp2k_input.read_fragment`).
    """

    version: Version = "2023.1"
    functional: Literal["PBE", "PBEsol", "revPBE", "PBE0", "HSE06"] = "PBE"
    dispersion: Literal["D3", "D3(BJ)"] | None = None
    basis: Basis = "DZVP-MOLOPT-SR-GTH"
    cutoff_ry: float | None = Field(default=None, gt=0)
    rel_cutoff_ry: float = Field(default=50.0, gt=0)
    eps_default: float = Field(default=1e-12, gt=0)
    eps_scf: float = Field(default=1e-6, gt=0)
    charge: int | None = None
    multiplicity: int | None = Field(default=None, ge=1)
    smearing_k: float | None = Field(default=None, gt=0)
    added_mos: int | None = Field(default=None, ge=1)
    exchange_memory_mb: int = Field(default=2000, ge=1)
    extra: Any | None = None

    @field_validator("version", mode="before")
    @classmethod
    def _unquoted(cls, version: object) -> object:
        """Take 2024.1 for "2024.1": without quotation marks YAML reads a number."""
        return str(version) if isinstance(version, float) else version

    @model_validator(mode="after")
    def _extra_is_understood(self) -> Self:
        """Refuse what CP2K does not understand, and what is set otherwise, by its place."""
        unset = {"functional": self.functional not in HYBRIDS, "dispersion": not self.dispersion}
        for place, extra in self._extras():
            try:
                refuse_extra(extra, self.version, [key for key, value in unset.items() if value])
            except FragmentError as error:
                said = PydanticCustomError("extra", "{said}", {"said": str(error)})
                where = (*place, "extra", *error.place)
                raise ValidationError.from_exception_data(
                    "extra", [{"type": said, "loc": where, "input": {}}]
                ) from None
        return self

    def _extras(self) -> Iterator[tuple[tuple[str, ...], object]]:
        """Yield the place and the extra keywords of all stages, and of each alone."""
        if self.extra is not None:
            yield (), self.extra
        for name in ("prerelax", "relax"):
            relaxation = getattr(self, name, None)
            if relaxation is not None and relaxation.extra is not None:
                yield (name,), relaxation.extra


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


class MachineSettings(Options):
    """What the job scripts ask of the scheduler, and how they start CP2K there.

    Parameters
    ----------
    scheduler : {"slurm", "pbs"}
        The scheduler of the machine.
    nodes : int
        Number of nodes.
    ranks_per_node : int
        MPI processes on each node.
    threads_per_rank : int
        OpenMP threads of each process.
    memory_gb : float or None
        Memory of each node in 1e9 bytes, which no stage may exceed; settings that are not stated
        are chosen to fit. None sets no limit.
    time_limit_h : float
        Wall time of each stage in hours.
    partition, account : str, optional
        Partition (PBS: queue) and account.
    sbatch_options, qsub_options : tuple of str
        More options of SLURM's sbatch and of PBS' qsub, each as one would write it, for instance
        ``"--mem=120G"`` and ``"-l filesystems=home"``.
    modules : tuple of str
        Environment modules to load, for instance ``"cp2k/2023.1"``.
    prologue : tuple of str
        Shell lines to run before CP2K, after the modules.
    cp2k_command : str
        The command that starts CP2K in a job; ``"srun cp2k.psmp"`` where SLURM and MPI know each
        other.
    """

    scheduler: Literal["slurm", "pbs"] = "slurm"
    nodes: int = Field(default=1, ge=1)
    ranks_per_node: int = Field(default=1, ge=1)
    threads_per_rank: int = Field(default=1, ge=1)
    memory_gb: float | None = Field(default=None, gt=0)
    time_limit_h: float = Field(default=24.0, gt=0)
    partition: Word | None = None
    account: Word | None = None
    sbatch_options: tuple[SubmitOption, ...] = ()
    qsub_options: tuple[SubmitOption, ...] = ()
    modules: tuple[ModuleName, ...] = ()
    prologue: tuple[OneLine, ...] = ()
    cp2k_command: OneLine = "mpirun cp2k.psmp"
