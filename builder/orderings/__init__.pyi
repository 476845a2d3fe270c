from .enumeration import Ordering as Ordering
from .enumeration import OrderingOptions as OrderingOptions
from .enumeration import ewald_energies_ev as ewald_energies_ev
from .enumeration import read_orderings as read_orderings
