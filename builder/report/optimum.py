"""What the searches for a model found: its ions, size, centre and relaxed geometry."""

from __future__ import annotations

from dataclasses import dataclass

from epicarve.record import Record


@dataclass(frozen=True)
class Optimality(Record):
    """The cost of a model against its plain cut, and how far it is proven least.

    Parameters
    ----------
    objective, bound : float
        Cost in Å, and its proven lower bound.
    gap : float
        (objective - bound) / objective; 0 if the plain cut needed no edit.
    n_free : int
        Number of ions that could be chosen.
    fidelity_a : float
        Loss of fidelity in Å, of the edits and of dipoles beyond the free ones.
    broken_bonds : int
        Change of the number of broken bonds.
    dipole_level : int
        Times that the dipoles exceed the free ones; 0 if none does.
    costs_a : dict of str to float
        What each constraint adds to the objective in Å.
    """

    objective: float
    bound: float
    gap: float
    n_free: int
    fidelity_a: float
    broken_bonds: int
    dipole_level: int
    costs_a: dict[str, float]


@dataclass(frozen=True)
class UnheldDipole(Record):
    """What moving ions would come to if the dipole were no matter.

    Parameters
    ----------
    n_moved : int
        Ions moved.
    gained_ev : float
        What the energy falls by, in eV.
    dipole_debye : float
        Dipole of the formal charges in debye.
    """

    n_moved: int
    gained_ev: float
    dipole_debye: float


@dataclass(frozen=True)
class Relocation(Record):
    """Ions moved after the optimisation, by a heuristic; the optimum is that before.

    Parameters
    ----------
    n_moved : int
        Ions moved to vacant sites of their kind.
    gained_ev : float
        What the energy of the formal charges in vacuum falls by, in eV.
    energy_ev : float
        That energy now, in eV.
    n_wrong_sign, n_wrong_sign_before : int
        Ions that sit where the potential of all others repels them.
    dipole_debye, dipole_debye_before : float
        Dipole of the formal charges in debye.
    fidelity_a : float
        Loss of fidelity in Å after the moves, counted as that of the optimum.
    without_dipole_limit : UnheldDipole
        What the limit of the dipole costs.
    """

    n_moved: int
    gained_ev: float
    energy_ev: float
    n_wrong_sign: int
    n_wrong_sign_before: int
    dipole_debye: float
    dipole_debye_before: float
    fidelity_a: float
    without_dipole_limit: UnheldDipole


@dataclass(frozen=True)
class NotRelocated(Record):
    """Why no ions were moved after the optimisation.

    Parameters
    ----------
    reason : str
        Why.
    """

    reason: str


@dataclass(frozen=True)
class FoundSize(Record):
    """The size of a particle of which a number of ions was asked for.

    Parameters
    ----------
    asked_atoms : int
        The number asked for.
    scale : float
        Factor of the lengths of its shape.
    """

    asked_atoms: int
    scale: float


@dataclass(frozen=True, kw_only=True)
class TriedCentre(Record):
    """A centre that was tried.

    Parameters
    ----------
    name : str
        What lies there.
    centre : tuple of float
        Fractional coordinates.
    n_atoms, objective, dipole_debye
        Ions of its model, cost in Å, dipole in debye; None without a model.
    error : str or None
        Why there is no model.
    at_least : float or None
        What its edits cost at least, in Å, if that is known to be more than those of another.
    """

    name: str
    centre: tuple[float, float, float]
    n_atoms: int | None
    objective: float | None
    dipole_debye: float | None = None
    error: str | None
    at_least: float | None = None


@dataclass(frozen=True)
class ChosenCentre(Record):
    """The best of all centres.

    Parameters
    ----------
    chosen : str
        What lies there.
    why : str
        What it is best in.
    candidates : tuple of TriedCentre
        All that were tried.
    """

    chosen: str
    why: str
    candidates: tuple[TriedCentre, ...]


@dataclass(frozen=True)
class Relaxation(Record):
    """How far a relaxation got.

    Parameters
    ----------
    engine : str
        What computed the forces.
    n_steps : int
        Number of steps.
    converged : bool
        Whether the forces came below the limit.
    max_force_ev_a : float
        Largest force on an atom at the end, in eV/Å.
    energy_ev : float
        Energy at the end in eV.
    rmsd_a : float
        Root mean square displacement in Å.
    """

    engine: str
    n_steps: int
    converged: bool
    max_force_ev_a: float
    energy_ev: float
    rmsd_a: float
