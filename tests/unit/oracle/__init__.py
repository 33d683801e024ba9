"""Unit tests of the comparison with gdb."""
