from .angular_momentum import rotation_generators as rotation_generators
from .coupled_states import CoupledStates as CoupledStates
from .coupled_states import coupled_states as coupled_states
from .parameters import DATA_FILE as DATA_FILE
from .parameters import known_projectors as known_projectors
from .potential import SpinOrbitPotential as SpinOrbitPotential
from .weighing import spin_orbit_states as spin_orbit_states
