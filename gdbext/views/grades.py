"""How sure the type of an object is, in words."""

from __future__ import annotations


def graded(name: str, exact: bool) -> str:
    """A type's name, and that it is likely only where it is not certain."""
    return name if exact else f"{name} (likely)"
