"""Compiled loops without their compiler: a kernel is machine code in the private folder, called by address.

numba compiles the kernels of a module once (``compiler.py``), for this processor; importing numba at each start would
take longer than most commands do. A kernel says what it takes and gives:

    library = Library(__name__)

    @library.kernel("control u64[] i32[,] 5*u8[] i64 -> i64 i64")

``[]`` is a one-dimensional C-contiguous array, ``[,]`` a two-dimensional one, ``5*`` a tuple of five; results are
int64. A name is that of a record in the kernel's module: a NamedTuple whose fields are arrays (``U64``, ``Bools`` …),
given and taken as one, so that no two of them can be swapped. ``control`` stands first where a kernel may take long: it
asks ``kernels.stopped(control)`` once in a while and then returns anything. Callers do not give it; they get
KeyboardInterrupt. Compiled code allocates nothing and checks no bounds, so types are checked here at every call. The
lock of the interpreter is not held while a kernel runs.
"""

from __future__ import annotations

import ctypes
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from types import FunctionType
from typing import TYPE_CHECKING, Any

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from gdbext.compute.control import CONTROL

if TYPE_CHECKING:
    from llvmlite.binding import ExecutionEngine

SCALARS = {"u64": ctypes.c_uint64, "i64": ctypes.c_int64}
DTYPES = {
    "u64": np.dtype(np.uint64),
    "i64": np.dtype(np.int64),
    "i32": np.dtype(np.int32),
    "u8": np.dtype(np.uint8),
    "i8": np.dtype(np.int8),
    "bool": np.dtype(np.bool_),
}
U8 = NDArray[np.uint8]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]
U64 = NDArray[np.uint64]
Bools = NDArray[np.bool_]
FIELDS = {"U8": "u8[]", "I32": "i32[]", "I64": "i64[]", "U64": "u64[]", "Bools": "bool[]"}
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


class Helper:
    """A function that kernels call; compiled with each of them, and not to be called from Python."""

    def __init__(self, function: FunctionType) -> None:
        self.function = function
        self.__doc__ = function.__doc__


class Kernel(Helper):
    """A compiled function. One with several signatures takes the first that fits."""

    def __init__(self, library: Library, function: FunctionType, signatures: Sequence[str]) -> None:
        super().__init__(function)
        self.library, self.name = library, function.__name__
        self.signatures = tuple(Signature.parse(one, function.__globals__) for one in signatures)
        self._code: tuple[Any, ...] = ()

    def __call__(self, *values: Any) -> Any:
        """None, one number or a tuple of numbers. Raises KernelFault; KeyboardInterrupt when it was stopped."""
        for index, signature in enumerate(self.signatures):
            if signature.fits(values):
                return self._run(index, signature, values)
        given = ", ".join(map(_shown, values))
        raise KernelFault(f"{self.library.module}.{self.name} takes no ({given})")

    def symbol(self, index: int) -> str:
        """The name of the machine code for one signature."""
        return f"{self.name}.{index}"

    def _run(self, index: int, signature: Signature, values: Sequence[Any]) -> Any:
        code = self._code or self._load()
        results, fault = (ctypes.c_int64 * max(signature.results, 1))(), ctypes.c_void_p()
        flat = [word for one, value in zip(signature.parameters, values, strict=True) for word in one.flat(value)]
        if signature.polls:
            flat.insert(0, CONTROL.address)
        if code[index](ctypes.addressof(results), ctypes.addressof(fault), *flat):
            raise KernelFault(f"{self.library.module}.{self.name} failed")
        if signature.polls:
            CONTROL.check()
        return tuple(results) if signature.results > 1 else (results[0] if signature.results else None)

    def _load(self) -> tuple[Any, ...]:
        """One function for each signature; of several threads each may do this."""
        engine = self.library.engine()
        addresses = [engine.get_function_address(self.symbol(index)) for index in range(len(self.signatures))]
        prototypes = [ctypes.CFUNCTYPE(ctypes.c_int32, *signature.ctypes) for signature in self.signatures]
        self._code = tuple(made(address) for made, address in zip(prototypes, addresses, strict=True))
        return self._code


class Library:
    """The kernels of one module, and their machine code once one of them was called."""

    def __init__(self, module: str) -> None:
        self.module = module
        self.kernels: list[Kernel] = []
        self._engine: ExecutionEngine | None = None
        self._lock = threading.Lock()

    def kernel(self, *signatures: str) -> Callable[[Callable[..., Any]], Kernel]:
        """A decorator: the function is compiled for these signatures."""

        def made(function: Callable[..., Any]) -> Kernel:
            assert isinstance(function, FunctionType)
            self.kernels.append(Kernel(self, function, signatures))
            return self.kernels[-1]

        return made

    def engine(self) -> ExecutionEngine:
        """What holds the machine code; loaded once."""
        with self._lock:
            if self._engine is None:
                from gdbext.compute import machinecode

                self._engine = machinecode.load(self)
                CONTROL.check()  # LLVM calls back into Python: an interrupt that struck there was only noted
            return self._engine


def helper(function: Callable[..., Any]) -> Any:
    """A decorator: kernels call this function."""
    assert isinstance(function, FunctionType)
    return Helper(function)


def _shown(value: Any) -> str:
    if isinstance(value, np.ndarray):
        marks = "" if value.flags.c_contiguous else " strided"
        return f"{value.dtype}[{',' * (value.ndim - 1)}]{marks}"
    return type(value).__name__
