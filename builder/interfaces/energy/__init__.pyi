from .ewald_split import sharp_part as sharp_part
from .ewald_split import smooth_transform as smooth_transform
from .interaction import Interaction as Interaction
from .repulsion import Repulsion as Repulsion
from .repulsion import balanced_strength as balanced_strength
from .repulsion import born_repulsion as born_repulsion
from .scan import interface_energy as interface_energy
from .scan import whole_sides as whole_sides
