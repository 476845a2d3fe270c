"""The version of epicarve."""

__version__ = "0.1.0"
