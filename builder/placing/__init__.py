"""Where ligands may sit on a particle: sites, modes and positions without contacts."""

from __future__ import annotations

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
