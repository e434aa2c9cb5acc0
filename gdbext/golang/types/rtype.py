"""Type descriptors and interface tables (internal/abi/type.go, internal/abi/iface.go, runtime/iface.go).

Every type that a heap object or an interface can have is described in the program itself, stripped or not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from attrs import field, frozen

from gdbext.binary.varint import Unending, uvarint
from gdbext.compute.arrays import U64
from gdbext.errors import GdbextError, InconsistentRuntime, MemoryFault
from gdbext.golang.reading import declarations
from gdbext.golang.reading.declarations import BYTES, INT, UINT, declare
from gdbext.golang.reading.program import Program
from gdbext.golang.reading.words import index_of

TYPE = declare(
    "internal/abi.Type",
    size=UINT("Size_"),
    pointer_bytes=UINT("PtrBytes"),
    tflag=UINT("TFlag"),
    kind=UINT("Kind_"),
    str=INT("Str"),
)
POINTER_TYPE = declare("internal/abi.PtrType", elem=UINT("Elem"))
STRUCT_TYPE = declare("internal/abi.StructType", package=UINT("PkgPath"), fields=declarations.SLICE("Fields"))
INTERFACE_TYPE = declare("internal/abi.InterfaceType", package=UINT("PkgPath"), methods=declarations.SLICE("Methods"))
ARRAY_TYPE = declare("internal/abi.ArrayType", elem=UINT("Elem"), length=UINT("Len"))
CHAN_TYPE = declare("internal/abi.ChanType", elem=UINT("Elem"))
FUNC_TYPE = declare("internal/abi.FuncType", inputs=UINT("InCount"))
SLICE_TYPE = declare("internal/abi.SliceType", elem=UINT("Elem"))
MAP_TYPE = declare(
    "internal/abi.MapType",
    "internal/abi.SwissMapType",  # Go 1.24, 1.25
    "internal/abi.OldMapType",  # Go 1.24, 1.25 with GOEXPERIMENT=noswissmap
    group=UINT("Group", "Bucket"),
)
UNCOMMON_TYPE = declare("internal/abi.UncommonType", package=INT("PkgPath"))
STRUCT_FIELD = declare("internal/abi.StructField", name=UINT("Name"), type=UINT("Typ"), offset=UINT("Offset"))
ITAB = declare(
    "internal/abi.ITab",
    "runtime.itab",  # until Go 1.22
    inter=UINT("Inter", "inter"),
    type=UINT("Type", "_type"),
)
ITAB_TABLE = declare("runtime.itabTableType", size=UINT, count=UINT, entries=BYTES)

KIND_MASK = 31
WEAK = "weak.Pointer["
"""How the name of a structure begins that looks like an atomic.Pointer[T], and points to no T."""
# abi.Kind
BOOL, INTS, UINTS, UINT8, UINTPTR, FLOATS = 1, range(2, 7), range(7, 13), 8, 12, (13, 14)
ARRAY, CHAN, FUNC, INTERFACE, MAP, POINTER, SLICE, STRING, STRUCT, UNSAFE = range(17, 27)
OWN = {
    ARRAY: ARRAY_TYPE, CHAN: CHAN_TYPE, FUNC: FUNC_TYPE, INTERFACE: INTERFACE_TYPE, MAP: MAP_TYPE,
    POINTER: POINTER_TYPE, SLICE: SLICE_TYPE, STRUCT: STRUCT_TYPE,
}  # fmt: skip
"""What a descriptor of each kind is; of others it is TYPE."""
DIRECT_IN_KIND = 0x20  # until Go 1.25; the bit is always clear from 1.26 on
DIRECT_IN_TFLAG = 0x20  # from Go 1.26; an unused flag before
EXTRA_STAR, UNCOMMON = 2, 1
MAX_NAME = 1 << 12
MAX_FIELDS = 1 << 12
MAX_ITABS = 1 << 22


class TypesModule(Protocol):
    """The part of a moduledata that this module needs."""

    @property
    def types(self) -> int: ...
    @property
    def etypes(self) -> int: ...


@frozen
class StructField:
    """A field of a described structure. ``embedded`` as in ``struct { context.Context }``."""

    name: str
    type: int
    offset: int
    embedded: bool


@frozen
class Type:
    """A type descriptor. ``name`` is Go's own short form (``*context.cancelCtx``), ``direct``: an interface holds it
    in its data word instead of a pointer to it."""

    address: int
    name: str
    kind: int
    size: int
    pointer_bytes: int
    direct: bool


@frozen(eq=False)
class Itabs:
    """Every interface table the runtime knows, as parallel arrays: its address, its interface and its dynamic type."""

    address: U64 = field(repr=False)
    inter: U64 = field(repr=False)
    type: U64 = field(repr=False)


class Types:
    """The type descriptors of one program. Immutable memory, so what was decoded is kept."""

    def __init__(self, program: Program, modules: Sequence[TypesModule]) -> None:
        self.program = program
        self.modules = modules
        self._types: dict[int, Type] = {}
        self._fields: dict[int, tuple[StructField, ...]] = {}
        self._itabs: Itabs | None = None

    def at(self, address: int) -> Type:
        """The descriptor at ``address``. Raises MemoryFault, InconsistentRuntime where none lies there."""
        found = self._types.get(address)
        if found is None:
            found = self._types[address] = self._decode(address)
        return found

    def _decode(self, address: int) -> Type:
        base = self._module(address).types
        record = self.program.record(TYPE, address)
        kind = int(record["kind"]) & KIND_MASK
        if not 1 <= kind <= 26 or int(record["pointer_bytes"]) > int(record["size"]):
            raise InconsistentRuntime(f"no type descriptor at {address:#x}")
        name = self.name_at(base + int(record["str"]))
        tflag = int(record["tflag"])
        if tflag & EXTRA_STAR:
            name = name[1:]
        direct = bool(int(record["kind"]) & DIRECT_IN_KIND or tflag & DIRECT_IN_TFLAG)
        return Type(address, name, kind, int(record["size"]), int(record["pointer_bytes"]), direct)

    def _module(self, address: int) -> TypesModule:
        for module in self.modules:
            if module.types <= address < module.etypes:
                return module
        raise InconsistentRuntime(f"{address:#x} is outside every module's types")

    def name_at(self, address: int) -> str:
        """An abi.Name: a flag byte, the length as a varint, the text. Raises MemoryFault, InconsistentRuntime."""
        head = self._read_some(address, 64)
        try:
            length, at = uvarint(head, 1, 4)
        except Unending:
            raise InconsistentRuntime(f"no type name at {address:#x}") from None
        if length > MAX_NAME:
            raise InconsistentRuntime(f"type name at {address:#x} of {length} bytes")
        text = head[at : at + length] if at + length <= len(head) else self.program.read(address + at, length)
        return text.decode("utf-8", "backslashreplace")

    def _read_some(self, address: int, size: int) -> bytes:
        """Up to ``size`` bytes: less where memory ends with the page."""
        try:
            return self.program.read(address, size)
        except MemoryFault:
            return self.program.read(address, min(size, 4096 - address % 4096))

    def elem(self, type_: Type) -> Type:
        """What a pointer type points to, what an array consists of."""
        declared = ARRAY_TYPE if type_.kind == ARRAY else POINTER_TYPE
        return self.at(int(self.program.record(declared, type_.address)["elem"]))

    def methods(self, type_: Type) -> int:
        """How many methods an interface asks for."""
        return int(self.program.record(INTERFACE_TYPE, type_.address)["methods"]["len"])

    def package(self, type_: Type) -> str:
        """The path of the package that declares an interface or a structure with unexported fields, "" where none is
        said. Its name alone stands in the type's name. Raises MemoryFault, InconsistentRuntime."""
        if type_.kind not in (INTERFACE, STRUCT):
            return ""
        declared = INTERFACE_TYPE if type_.kind == INTERFACE else STRUCT_TYPE
        name = int(self.program.record(declared, type_.address)["package"])
        return self.name_at(name) if name else ""

    def declared_in(self, type_: Type) -> str:
        """The path of the package that declares a named type, "" for other types. It stands behind the descriptor.

        Raises MemoryFault, InconsistentRuntime.
        """
        if not int(self.program.record(TYPE, type_.address)["tflag"]) & UNCOMMON:
            return ""
        behind = type_.address + self.program.bound(OWN.get(type_.kind, TYPE)).size
        name = int(self.program.record(UNCOMMON_TYPE, behind)["package"])
        return self.name_at(self._module(type_.address).types + name) if name > 0 else ""

    def fields(self, type_: Type) -> tuple[StructField, ...]:
        """The fields of a structure type, in order."""
        found = self._fields.get(type_.address)
        if found is None:
            found = self._fields[type_.address] = tuple(self._decode_fields(type_))
        return found

    def _decode_fields(self, type_: Type) -> list[StructField]:
        header = self.program.record(STRUCT_TYPE, type_.address)["fields"]
        if int(header["len"]) > MAX_FIELDS:
            raise InconsistentRuntime(f"type {type_.name} with {int(header['len'])} fields")
        bound = self.program.bound(STRUCT_FIELD)
        rows = (
            bound.array(self.program.target.memory, int(header["array"]), int(header["len"])) if header["len"] else ()
        )
        return [
            StructField(
                self.name_at(int(row["name"])), int(row["type"]), int(row["offset"]), self._embedded(int(row["name"]))
            )
            for row in rows
        ]

    def _embedded(self, name: int) -> bool:
        return bool(self.program.read(name, 1)[0] & 8)  # abi.Name: bit 3 of the flag byte

    def dynamic(self, word: int) -> Type:
        """The type that an interface's first word speaks of: through an itab, or as ``any`` has it.

        Raises MemoryFault, InconsistentRuntime where the word is neither.
        """
        itabs = self.itabs()
        index = index_of(itabs.address, word)
        return self.at(int(itabs.type[index]) if index >= 0 else word)

    def itabs(self) -> Itabs:
        """All interface tables: the linker's and those made at run time (runtime.itabTable holds both)."""
        if self._itabs is None:
            self._itabs = self._read_itabs()
        return self._itabs

    def _read_itabs(self) -> Itabs:
        program = self.program
        table = program.word(program.symbol("runtime.itabTable"))
        head = program.record(ITAB_TABLE, table)
        size = int(head["size"])
        if size > MAX_ITABS or int(head["count"]) > size:
            raise InconsistentRuntime(f"itabTable of {size} entries, {int(head['count'])} in use")
        entries = program.bound(ITAB_TABLE).offset("entries")
        slots = np.frombuffer(program.read(table + entries, 8 * size), "<u8")
        slots = np.sort(slots[slots != 0])
        records, ok = program.records(ITAB, slots)
        return Itabs(slots[ok], records["inter"][ok], records["type"][ok])

    def names(self, addresses: U64) -> list[str]:
        """The type names at the addresses; "" where no descriptor can be read."""
        return [self._name_or_nothing(int(address)) for address in addresses]

    def _name_or_nothing(self, address: int) -> str:
        try:
            return self.at(address).name
        except GdbextError:
            return ""
