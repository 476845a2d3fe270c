from .contacts import ion_radii_a as ion_radii_a
from .contacts import near_pairs as near_pairs
from .options import LigandOptions as LigandOptions
from .options import PlacedLigand as PlacedLigand
from .place_ligands import Placement as Placement
from .place_ligands import placement as placement
from .posing import near_anchor as near_anchor
