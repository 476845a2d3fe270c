from .bulk import BulkBands as BulkBands
from .bulk import read_bulk_bands as read_bulk_bands
from .fourier import FourierBasis as FourierBasis
from .path import PathSegment as PathSegment
from .path import ZonePath as ZonePath
from .unfolded import DomainStates as DomainStates
from .unfolded import UnfoldedBands as UnfoldedBands
from .unfolded import Zone as Zone
