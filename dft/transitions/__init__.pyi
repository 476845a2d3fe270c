from .matrix_elements import position_between as position_between
from .oscillator_strengths import SpinTransitions as SpinTransitions
from .oscillator_strengths import Transitions as Transitions
