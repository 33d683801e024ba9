"""Hostile input: mutated cores, executables and debug files through `obit analyze`."""
