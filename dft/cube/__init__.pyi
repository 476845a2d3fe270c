from .run_eigenstates import Eigenstates as Eigenstates
from .run_eigenstates import eigenstates as eigenstates
from .volumetric import OrbitalGrid as OrbitalGrid
from .volumetric import orbital_grid as orbital_grid
from .volumetric import orbital_on_box as orbital_on_box
from .volumetric import write_cube as write_cube
