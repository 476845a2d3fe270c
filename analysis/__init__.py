"""Density of states, localization, traps, gap and alignment of states."""
