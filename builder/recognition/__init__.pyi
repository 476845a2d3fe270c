from .identification import FoundDomain as FoundDomain
from .identification import Identification as Identification
from .identify import identify as identify
from .meeting import FoundInterface as FoundInterface
from .orderings import SiteOrdering as SiteOrdering
