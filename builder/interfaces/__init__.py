"""Epitaxial interfaces of two crystals: coincidence cells, registry, continuity, energy, slabs."""
