"""Packages of the standard library."""
