"""Functions that are to be compiled, as they are declared: what their compiler and the key of their code look at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import FunctionType
from typing import Any, Protocol

from gdbext.compute.signatures import Signature


class Helper:
    """A function that kernels call; compiled with each of them, and not to be called from Python.

    ``inline``: its code stands wherever it is called. A call passes each array of a record as seven words.
    """

    def __init__(self, function: FunctionType, inline: bool = False) -> None:
        self.function, self.inline = function, inline
        self.__doc__ = function.__doc__


def helper(function: Callable[..., Any]) -> Any:
    """A decorator: kernels call this function."""
    assert isinstance(function, FunctionType)
    return Helper(function)


def inlined(function: Callable[..., Any]) -> Any:
    """A decorator: kernels have this function in them, where it is called for each object."""
    assert isinstance(function, FunctionType)
    return Helper(function, inline=True)


class Declared(Helper):
    """A function that is called from Python, compiled for each of its signatures."""

    def __init__(self, function: FunctionType, signatures: Sequence[str]) -> None:
        super().__init__(function)
        self.name = function.__name__
        self.signatures = tuple(Signature.parse(one, function.__globals__) for one in signatures)

    def symbol(self, index: int) -> str:
        """The name of the machine code for one signature."""
        return f"{self.name}.{index}"


class Declarations(Protocol):
    """The kernels of one module."""

    module: str

    @property
    def kernels(self) -> Sequence[Declared]:
        """In the order they are written down."""
