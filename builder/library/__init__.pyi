from .bundled import FOLDER as FOLDER
from .bundled import bundled_crystal as bundled_crystal
from .bundled import bundled_names as bundled_names
