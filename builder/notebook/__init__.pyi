from .cards import card_of_crystal as card_of_crystal
from .cards import card_of_interface as card_of_interface
from .cards import card_of_model as card_of_model
from .cards import card_of_slab as card_of_slab
from .cards import view_of_crystal as view_of_crystal
from .cards import view_of_model as view_of_model
from .cards import view_of_slab as view_of_slab
from .view import View as View
