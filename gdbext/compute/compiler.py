"""Compiles kernels with numba: the only importer of it. Runs when the sources are new, else never."""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import Any

from llvmlite import binding, ir
from numba import njit, types
from numba.core import cgutils, compiler
from numba.core.registry import cpu_target
from numba.extending import intrinsic

from gdbext.compute.functions import Declarations, Helper
from gdbext.compute.machine import checked, machine
from gdbext.compute.signatures import Parameter, Record, Signature

TYPES = {
    "u64": types.uint64,
    "i64": types.int64,
    "i32": types.int32,
    "u8": types.uint8,
    "i8": types.int8,
    "bool": types.uint8,
}
"""An array of bool is bytes of 0 and 1."""


def options() -> dict[str, Any]:
    """Nothing of Python's, no allocation: the code stands alone."""
    plain = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True, "error_model": "numpy"}
    return {**plain, "boundscheck": checked()}


def compile_library(library: Declarations) -> bytes:
    """An object file with a function for each signature of each kernel."""
    made, target = binding.parse_assembly(""), machine()
    translator = Translator()
    for kernel in library.kernels:
        for index, signature in enumerate(kernel.signatures):
            made.link_in(_module(translator.plain(kernel), signature, kernel.symbol(index)))
    made.verify()
    code: bytes = target.emit_object(made)
    return code


def _module(function: FunctionType, signature: Signature, symbol: str) -> binding.ModuleRef:
    """Optimised code of one kernel; only ``symbol`` can be seen from outside."""
    flags = compiler.Flags()
    flags.nrt = False
    for name, value in options().items():
        setattr(flags, name, value)
    results = types.UniTuple(types.int64, signature.results) if signature.results > 1 else types.int64
    target = cpu_target.target_context
    target.refresh()
    done = compiler.compile_extra(
        cpu_target.typing_context,
        target,
        function,
        tuple(map(_type, signature.compiled)),
        results if signature.results else types.none,
        flags,
        {},
    )
    module = binding.parse_assembly(done.library.get_llvm_str())
    for one in module.functions:
        if one.name == done.fndesc.llvm_func_name:
            one.name = symbol
        elif not one.is_declaration:
            one.linkage = "internal"
    return module


def _type(parameter: Parameter | Record) -> types.Type:
    if isinstance(parameter, Record):
        return types.NamedTuple([_type(one) for one in parameter.fields], parameter.made)
    made = TYPES[parameter.scalar]
    if parameter.dimensions:
        made = types.Array(made, parameter.dimensions, "C")
    return types.UniTuple(made, parameter.times) if parameter.times > 1 else made


class Translator:
    """Functions as numba wants them: what they call by name are numba's own objects."""

    def __init__(self) -> None:
        self._made: dict[Helper, Any] = {}

    def plain(self, kernel: Helper) -> FunctionType:
        """The Python function with its helpers replaced."""
        function = kernel.function
        known = function.__globals__
        names = {name: self._numba(known[name]) for name in function.__code__.co_names if name in known}
        return FunctionType(function.__code__, names, function.__name__, function.__defaults__)

    def _numba(self, value: Any) -> Any:
        if not isinstance(value, Helper):
            return value
        if value not in self._made:
            intrinsics = INTRINSICS.get(value.function.__name__)
            self._made[value] = intrinsics() if intrinsics else self._compiled(value)
        return self._made[value]

    def _compiled(self, value: Helper) -> Any:
        return njit(_nrt=False, forceinline=value.inline, **options())(self.plain(value))


def _load(bits: int) -> Any:
    """An unaligned load: GDB's gcore gives segments any file offset."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointer = builder.inttoptr(arguments[0], ir.IntType(bits).as_pointer())
        return builder.load(pointer, align=1)

    def typed(typingctx: Any, host: Any) -> Any:
        return getattr(types, f"uint{bits}")(types.uint64), codegen

    return intrinsic(typed)


def _polled64() -> Any:
    """A load that stays where it stands: LLVM takes no atomic one out of a loop."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointer = builder.inttoptr(arguments[0], ir.IntType(64).as_pointer())
        return builder.load_atomic(pointer, "monotonic", 8)

    def typed(typingctx: Any, address: Any) -> Any:
        return types.uint64(types.uint64), codegen

    return intrinsic(typed)


def _max8() -> Any:
    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointer = builder.inttoptr(arguments[0], ir.IntType(8).as_pointer())
        return builder.atomic_rmw("umax", pointer, arguments[1], "monotonic")

    def typed(typingctx: Any, host: Any, value: Any) -> Any:
        return types.uint8(types.uint64, types.uint8), codegen

    return intrinsic(typed)


def _prefetch() -> Any:
    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        byte, word = ir.IntType(8).as_pointer(), ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [byte, word, word, word])
        function = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0i8")
        builder.call(function, [builder.inttoptr(arguments[0], byte), word(0), word(3), word(1)])
        return context.get_dummy_value()

    def typed(typingctx: Any, host: Any) -> Any:
        return types.void(types.uint64), codegen

    return intrinsic(typed)


def _swap(bits: int) -> Any:
    kind, word = ir.IntType(bits), types.int64 if bits < 64 else types.uint64

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointer = builder.inttoptr(arguments[0], kind.as_pointer())
        old, new = (builder.trunc(one, kind) if bits < 64 else one for one in arguments[1:])
        was = builder.extract_value(builder.cmpxchg(pointer, old, new, "monotonic", "monotonic"), 0)
        return builder.sext(was, ir.IntType(64)) if bits < 64 else was

    def typed(typingctx: Any, host: Any, old: Any, new: Any) -> Any:
        return word(types.uint64, word, word), codegen

    return intrinsic(typed)


def _store64() -> Any:
    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        target, word = arguments
        builder.store(word, builder.inttoptr(target, ir.IntType(64).as_pointer()), align=1)
        return context.get_dummy_value()

    def typed(typingctx: Any, target: Any, word: Any) -> Any:
        return types.void(types.uint64, types.uint64), codegen

    return intrinsic(typed)


def _copy16() -> Any:
    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = ir.VectorType(ir.IntType(64), 2).as_pointer()
        source, target = (builder.inttoptr(one, kind) for one in arguments)
        builder.store(builder.load(source, align=1), target, align=1)
        return context.get_dummy_value()

    def typed(typingctx: Any, source: Any, target: Any) -> Any:
        return types.void(types.uint64, types.uint64), codegen

    return intrinsic(typed)


INTRINSICS: dict[str, Callable[[], Any]] = {
    "load64": lambda: _load(64),
    "load8": lambda: _load(8),
    "polled64": _polled64,
    "max8": _max8,
    "prefetch": _prefetch,
    "swap32": lambda: _swap(32),
    "swap64": lambda: _swap(64),
    "store64": _store64,
    "copy16": _copy16,
}
"""Helpers that Python cannot say: what they do to our own process's memory."""
