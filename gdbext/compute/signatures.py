"""What kernels take and give, in words like ``control u64[] i32[,] 5*u8[] i64 -> i64 i64``.

``[]`` is a one-dimensional C-contiguous array, ``[,]`` a two-dimensional one, ``5*`` a tuple of five; results are
int64. A name is that of a record in the kernel's module: a NamedTuple whose fields are arrays (``U64``, ``Bools`` …),
given and taken as one, so that no two of them can be swapped. ``control`` stands first where a kernel may take long.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from attrs import frozen

SCALARS = {"u64": ctypes.c_uint64, "i64": ctypes.c_int64}
DTYPES = {
    "u64": np.dtype(np.uint64),
    "i64": np.dtype(np.int64),
    "i32": np.dtype(np.int32),
    "u8": np.dtype(np.uint8),
    "i8": np.dtype(np.int8),
    "bool": np.dtype(np.bool_),
}
FIELDS = {"U8": "u8[]", "I32": "i32[]", "I64": "i64[]", "U64": "u64[]", "Bools": "bool[]", "Rows": "u64[,]"}
"""What the annotation of a record's field says."""
CONTROLLED = "control"
_PARAMETER = re.compile(r"(?:(\d+)\*)?(\w+)(\[,*\])?")


class KernelFault(RuntimeError):
    """A kernel was called with what it does not take, or cannot be compiled. Never the fault of the target."""


@frozen
class Parameter:
    """``times`` values of one type; ``dimensions`` 0: a number."""

    scalar: str
    dimensions: int = 0
    times: int = 1

    @property
    def ctypes(self) -> list[Any]:
        """The C types that numba passes: of an array owner, parent, items, item size, data, shape, strides."""
        one = [ctypes.c_void_p] * 2 + [ctypes.c_int64] * 2 + [ctypes.c_void_p] + [ctypes.c_int64] * 2 * self.dimensions
        return one * self.times if self.dimensions else [SCALARS[self.scalar]]

    def fits(self, value: Any) -> bool:
        """Whether a kernel may be given the value."""
        if self.times > 1:
            return len(value) == self.times and all(map(Parameter(self.scalar, self.dimensions).fits, value))
        if not self.dimensions:
            return not isinstance(value, np.ndarray)
        right = isinstance(value, np.ndarray) and value.dtype == DTYPES[self.scalar] and value.ndim == self.dimensions
        return right and bool(value.flags.c_contiguous)

    def flat(self, value: Any) -> list[Any]:
        """The value as those C types."""
        if self.times > 1:
            return [word for array in value for word in _flat(array)]
        return _flat(value) if self.dimensions else [int(value)]


@frozen
class Record:
    """A NamedTuple of arrays."""

    made: type[Any]
    names: tuple[str, ...]
    fields: tuple[Parameter, ...]

    @classmethod
    def of(cls, made: type[Any]) -> Record:
        """Its declaration. Raises KernelFault for a field that is no array."""
        hints = [str(getattr(hint, "__forward_arg__", hint)) for hint in made.__annotations__.values()]
        if unknown := set(hints) - set(FIELDS):
            raise KernelFault(f"{made.__name__} has fields that are no arrays: {', '.join(sorted(unknown))}")
        return cls(made, tuple(made.__annotations__), tuple(_parameter(FIELDS[hint]) for hint in hints))

    @property
    def ctypes(self) -> list[Any]:
        """The C types of all fields, in order."""
        return [word for one in self.fields for word in one.ctypes]

    def fits(self, value: Any) -> bool:
        """Whether a kernel may be given the value."""
        return isinstance(value, self.made) and all(
            one.fits(array) for one, array in zip(self.fields, value, strict=True)
        )

    def flat(self, value: Any) -> list[Any]:
        """The value as those C types."""
        return [word for array in value for word in _flat(array)]


def _flat(array: Any) -> list[Any]:
    return [None, None, array.size, array.itemsize, array.ctypes.data, *array.shape, *array.strides]


@frozen
class Signature:
    """What a kernel takes of its callers, how many numbers it gives, and whether it polls the control word."""

    parameters: tuple[Parameter | Record, ...]
    results: int
    polls: bool = False

    @classmethod
    def parse(cls, text: str, records: Mapping[str, Any]) -> Signature:
        """``records``: by their names. Raises KernelFault for what no kernel can have."""
        takes, _, gives = text.partition("->")
        if set(gives.split()) - {"i64"}:
            raise KernelFault(f"kernels give i64 only, not {gives.strip()}")
        words = takes.split()
        polls = words[:1] == [CONTROLLED]
        return cls(tuple(_taken(word, records) for word in words[polls:]), len(gives.split()), polls)

    @property
    def compiled(self) -> tuple[Parameter | Record, ...]:
        """What the compiled function takes."""
        return (Parameter("u64"), *self.parameters) if self.polls else self.parameters

    @property
    def ctypes(self) -> list[Any]:
        """Of the compiled function: where results go, where an exception goes, the parameters."""
        return [ctypes.c_void_p, ctypes.c_void_p, *(word for one in self.compiled for word in one.ctypes)]

    def fits(self, values: Sequence[Any]) -> bool:
        """Whether the values may be passed."""
        return len(values) == len(self.parameters) and all(
            one.fits(value) for one, value in zip(self.parameters, values, strict=True)
        )


def _taken(word: str, records: Mapping[str, Any]) -> Parameter | Record:
    made: Any = records.get(word)
    return Record.of(made) if hasattr(made, "_fields") else _parameter(word)


def _parameter(text: str) -> Parameter:
    match = _PARAMETER.fullmatch(text)
    if match is None or match[2] not in (DTYPES if match[3] else SCALARS):
        raise KernelFault(f"kernels take no {text}")
    return Parameter(match[2], match[3].count(",") + 1 if match[3] else 0, int(match[1] or 1))
