"""Ligands: what they are, how they bind, and the shapes that they can take."""

from __future__ import annotations

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
