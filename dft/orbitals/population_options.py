"""How orbitals are to be weighed on atoms."""

from __future__ import annotations

from dataclasses import dataclass

from epicarve.errors import InputError

from .lowdin import function_weights
from .populations import gross_populations

PARTITIONS = {"lowdin": function_weights, "mulliken": gross_populations}
"""What gives the weight of each basis function in each orbital."""


@dataclass(frozen=True)
class PopulationOptions:
    """What states are to be made of orbitals.

    Parameters
    ----------
    n_states : int or None
        How many states of each spin, those around its gap; all if None.
    partition : {"lowdin", "mulliken"}
        Whose weights; those of CP2K are Löwdin's.
    coefficients : bool
        Whether the orbitals are wanted also where their weights are known, for overlap populations
        or transitions.
    spin_orbit : bool
        Whether the states get spin-orbit coupling.

    Raises
    ------
    InputError
        If there is no such partition, or it does not go with the rest.
    """

    n_states: int | None = None
    partition: str = "lowdin"
    coefficients: bool = False
    spin_orbit: bool = False

    def __post_init__(self) -> None:
        if self.partition not in PARTITIONS:
            known = " and ".join(PARTITIONS)
            raise InputError(f"weights {self.partition!r}: there are {known}; name one")
        if self.spin_orbit and self.partition != "lowdin":
            raise InputError(
                f"states with spin-orbit coupling have Löwdin weights and no {self.partition} "
                "weights; leave one of both out"
            )

    @property
    def needs_orbitals(self) -> bool:
        """Whether weights that were computed elsewhere cannot serve."""
        return self.n_states is not None or self.partition != "lowdin" or self.spin_orbit


ALL = PopulationOptions()
"""All states, after Löwdin."""
