"""Crystals, shapes, cuts, interfaces and joined particles: everything that makes atoms."""
