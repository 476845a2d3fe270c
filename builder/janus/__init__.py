"""Finite particles of two crystals: halves with flat faces, laid together and joined."""
