"""Whole values by their types: what go-print shows."""
