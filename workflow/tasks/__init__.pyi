from .crystals import crystals as crystals
