"""The version of epicarve."""

__version__ = "0.2.0"
