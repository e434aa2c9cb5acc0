"""Compiled loops over the objects of the heap."""
