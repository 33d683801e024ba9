"""Grouping: which crashes are the same."""
