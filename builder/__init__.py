"""Crystals, shapes and the carving and joining of charge-balanced models."""
