"""Bands of a particle or a supercell: states projected on the plane waves of a crystal's zone."""

from __future__ import annotations

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
