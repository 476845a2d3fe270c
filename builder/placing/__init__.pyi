from .options import LigandOptions as LigandOptions
from .options import PlacedLigand as PlacedLigand
from .place_ligands import Placement as Placement
from .place_ligands import placement as placement
from .surface_sites import crystal_radii_a as crystal_radii_a
