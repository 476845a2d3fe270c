from .matrix_elements import gradient_between as gradient_between
from .matrix_elements import position_between as position_between
from .nonlocal_potential import NonlocalPotential as NonlocalPotential
from .oscillator_strengths import SpinTransitions as SpinTransitions
from .oscillator_strengths import Transitions as Transitions
