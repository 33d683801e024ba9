"""Obit turns the death of a native Linux program into an explanation."""

__version__ = "0.1.0"
