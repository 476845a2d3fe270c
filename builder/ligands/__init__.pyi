from .ligand import Ligand as Ligand
from .ligand import LigandPair as LigandPair
from .ligand import Mode as Mode
from .make import MAX_CONFORMERS as MAX_CONFORMERS
from .make import ligand_of as ligand_of
from .radii import vdw_radii_a as vdw_radii_a
from .spec import LigandSpec as LigandSpec
