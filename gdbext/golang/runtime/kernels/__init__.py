"""Compiled loops over the heap."""
