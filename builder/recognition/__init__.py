"""What a particle is made of, found from elements and coordinates alone: the inverse of a build."""

from __future__ import annotations

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
