from .heterostructure import join as join
from .heterostructure import rotations_of as rotations_of
from .nanocrystal import Carved as Carved
from .nanocrystal import Core as Core
from .nanocrystal import carve as carve
from .nanocrystal import carved_of as carved_of
