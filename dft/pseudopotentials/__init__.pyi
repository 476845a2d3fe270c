from .entry import nonlocal_projectors as nonlocal_projectors
from .entry import spin_orbit_projectors as spin_orbit_projectors
from .projectors import Projectors as Projectors
