from .scattering import Distances as Distances
from .scattering import debye_intensity as debye_intensity
from .scattering import form_factor as form_factor
from .scattering import radial_distribution as radial_distribution
from .structure import Comparison as Comparison
from .structure import StructureOptions as StructureOptions
from .structure import diffraction_csv as diffraction_csv
from .structure import radial_csv as radial_csv
