from .accumulate import add_product as add_product
from .band import BandMatrix as BandMatrix
from .reduction import Reduction as Reduction
from .root import root_product as root_product
from .root import spectrum_bounds as spectrum_bounds
from .workers import Team as Team
from .workers import team as team
from .zolotarev import root_fraction as root_fraction
