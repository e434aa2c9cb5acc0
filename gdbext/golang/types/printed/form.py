"""What a type consists of: a descriptor of the program's own says it (internal/abi), else the debug information.

The linker leaves out descriptors that nothing asks for at run time: those of most global variables.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from attrs import field, frozen

from gdbext.binary.dwarf import constants as dw
from gdbext.errors import GdbextError, InconsistentRuntime
from gdbext.golang.types.rtype import (
    ARRAY,
    ARRAY_TYPE,
    BOOL,
    CHAN,
    CHAN_TYPE,
    FLOATS,
    FUNC,
    INTERFACE,
    INTS,
    MAP,
    POINTER,
    SLICE,
    SLICE_TYPE,
    STRING,
    STRUCT,
    UINTS,
    UNSAFE,
    WEAK,
)
from gdbext.golang.types.structsearch import DEEPEST

if TYPE_CHECKING:
    from gdbext.binary.dwarf.skimmer import Dwarf, Entry
    from gdbext.golang.plugins import Loaded
    from gdbext.golang.types.rtype import Type, Types

WORD = 8
COMPLEX = (15, 16)
NAMES = 16
"""Other names of a type that are followed."""
OF_TAG = {
    dw.TAG_POINTER: POINTER, dw.TAG_SUBROUTINE: FUNC, dw.TAG_ARRAY: ARRAY, dw.TAG_STRUCTURE: STRUCT,
}  # fmt: skip
BY_NAME = (MAP, CHAN, INTERFACE)
"""What is another name for a structure of the runtime's in the debug information."""


@frozen
class Form:
    """A type. ``address``: of its descriptor, 0 without one; else ``entry`` is its place in the debug information
    ``dwarf``.

    ``of``: what one that is described nowhere points to.
    """

    name: str
    kind: int
    size: int
    address: int = 0
    entry: int = 0
    dwarf: Dwarf | None = field(default=None, repr=False, eq=False)
    direct: bool = False
    of: Form | None = field(default=None, repr=False)


@frozen
class Part:
    """A field of a structure."""

    name: str
    form: Form
    offset: int


class Forms:
    """The types of one program and its plugins: ``files``, those of them count that have debug information."""

    def __init__(self, types: Types, files: Sequence[Loaded]) -> None:
        self.types, self.files = types, files
        self._bases = {one.binary.dwarf: one.module.types for one in files if one.binary.dwarf is not None}
        self._entries: dict[tuple[Dwarf, int], Form] = {}
        self._parts: dict[tuple[int, int, Dwarf | None], tuple[Part, ...]] = {}

    def at(self, address: int) -> Form:
        """The type that a descriptor describes. Raises MemoryFault, InconsistentRuntime."""
        return _described(self.types.at(address))

    def entry(self, entry: Entry) -> Form:
        """The type at an entry of the debug information. Raises UnsupportedTarget, InconsistentRuntime."""
        key = entry.dwarf, entry.offset
        found = self._entries.get(key)
        if found is None:
            found = self._entries[key] = self._read(entry)
        return found

    def pointer(self, to: Form) -> Form:
        """A pointer type."""
        return Form(f"*{to.name}", POINTER, WORD, of=to)

    def parts(self, form: Form) -> tuple[Part, ...]:
        """The fields of a structure, in order. Raises GdbextError."""
        key = form.address, form.entry, form.dwarf
        found = self._parts.get(key)
        if found is None:
            found = self._parts[key] = tuple(self._described_parts(form) if form.address else self._told_parts(form))
        return found

    def elem(self, form: Form) -> Form:
        """What a pointer points to, what an array, a slice or a channel consists of. Raises GdbextError."""
        if form.of is not None:
            return form.of
        if form.address and form.kind in (SLICE, CHAN):
            declared = SLICE_TYPE if form.kind == SLICE else CHAN_TYPE
            return self.at(int(self.types.program.record(declared, form.address)["elem"]))
        if form.address:
            return self.at(self.types.elem(self.types.at(form.address)).address)
        return self._told_elem(form)

    def length(self, form: Form) -> int:
        """Elements of an array."""
        if form.address:
            return int(self.types.program.record(ARRAY_TYPE, form.address)["length"])
        for child in _subtree(form)[1:]:
            if child.tag == dw.TAG_SUBRANGE:
                count, last = child.number(dw.COUNT), child.number(dw.UPPER_BOUND)
                return count if count is not None else -1 if last is None else last + 1
        return 0

    def atomic_pointer(self, form: Form) -> tuple[Form, int] | None:
        """(T, where the pointer is) of a structure like atomic.Pointer[T]; None for any other. Raises GdbextError.

        As the flow of types has it (``flat``): its first field is a [0]*T, its last an unsafe.Pointer.
        """
        parts = self.parts(form) if form.kind == STRUCT and form.size >= WORD else ()
        if not 2 <= len(parts) <= 4 or parts[0].form.kind != ARRAY or parts[-1].form.kind != UNSAFE:
            return None
        if form.name.startswith(WEAK) or self.length(parts[0].form) or parts[-1].offset > form.size - WORD:
            return None
        pointer = self.elem(parts[0].form)
        return (self.elem(pointer), parts[-1].offset) if pointer.kind == POINTER else None

    def path(self, form: Form, offset: int) -> str:
        """What is said to get from a value to what lies at an offset of it: ``.rows[3].name``. Raises GdbextError."""
        return self._opened(form, offset)[0]

    def leaf(self, form: Form, offset: int) -> tuple[Form, int]:
        """What lies at an offset of a value that is no structure and no array, and the offset in that. Raises
        GdbextError."""
        return self._opened(form, offset)[1:]

    def _opened(self, form: Form, offset: int) -> tuple[str, Form, int]:
        said = ""
        for _ in range(DEEPEST):
            step = self._step(form, offset)
            if step is None:
                break
            said, form, offset = said + step[0], step[1], step[2]
        return said, form, offset

    def _step(self, form: Form, offset: int) -> tuple[str, Form, int] | None:
        """(what is said, the part, the offset in it) of a structure or an array; None for what has no parts."""
        if form.kind == STRUCT:
            inside = [part for part in self.parts(form) if part.offset <= offset < part.offset + part.form.size]
            return (f".{inside[0].name}", inside[0].form, offset - inside[0].offset) if inside else None
        if form.kind == ARRAY and (elem := self.elem(form)).size > 0 and offset < form.size:
            return f"[{offset // elem.size}]", elem, offset % elem.size
        return None

    def linked(self, name: str) -> Form | None:
        """The type of that name, as the linker has it: with whole paths of packages. None where it has none.

        Raises UnsupportedTarget for damaged debug information.
        """
        for dwarf in self._bases:
            if (entry := dwarf.type_named(name)) is not None:
                return self.entry(entry)
        of = self.linked(name[1:]) if name.startswith("*") else None
        return self.pointer(of) if of is not None else None

    def _described_parts(self, form: Form) -> Iterator[Part]:
        for one in self.types.fields(self.types.at(form.address)):
            yield Part(one.name, self.at(one.type), one.offset)

    def _told_parts(self, form: Form) -> Iterator[Part]:
        whole = _subtree(form)
        for child in whole[1:]:
            if child.tag == dw.TAG_MEMBER and child.depth == whole[0].depth + 1 and (type_ := child.type) is not None:
                yield Part(child.own_name, self.entry(type_), child.number(dw.MEMBER_OFFSET) or 0)

    def _told_elem(self, form: Form) -> Form:
        entry = _told(form)
        if form.kind == SLICE:
            return self.elem(self._told_part(form, "array"))
        of = entry.reference(dw.GO_ELEM) if form.kind == CHAN else entry.type
        if of is None:
            raise InconsistentRuntime(f"nothing says what {form.name} is made of")
        return self.entry(of)

    def _told_part(self, form: Form, name: str) -> Form:
        for part in self._told_parts(form):
            if part.name == name:
                return part.form
        raise InconsistentRuntime(f"{form.name} without {name}")

    def _read(self, entry: Entry) -> Form:
        real = _real(entry)
        if (address := self._descriptor(entry) or self._descriptor(real)) and (found := self._agreeing(address)):
            return found
        kind = real.number(dw.GO_KIND) or OF_TAG.get(real.tag, 0)
        size = entry.dwarf.type_size(real)
        if real.tag == dw.TAG_POINTER and real.type is None:
            kind = UNSAFE
        if kind in (STRING, INTERFACE):
            size = 2 * WORD
        return Form(entry.own_name or real.own_name, kind, size, entry=entry.offset, dwarf=entry.dwarf)

    def _descriptor(self, entry: Entry) -> int:
        """What DW_AT_go_runtime_type says: an offset from moduledata.types; in Go 1.21 and 1.22 some are absolute."""
        said, base = entry.number(dw.GO_TYPE) or 0, self._bases[entry.dwarf]
        return said if not said or said >= base else said + base

    def _agreeing(self, address: int) -> Form | None:
        try:
            return self.at(address)
        except GdbextError:
            return None


def number_code(form: Form) -> str:
    """How a number or a bool lies in memory, for NumPy; "" for another type, or one of a senseless size."""
    kind, size = form.kind, form.size
    if kind == BOOL:
        return "?" if size == 1 else ""
    letter = (
        "i" if kind in INTS else "u" if kind in UINTS else "f" if kind in FLOATS else "c" if kind in COMPLEX else ""
    )
    sizes = {"f": (4, 8), "c": (8, 16), "": ()}.get(letter, (1, 2, 4, 8))
    return f"<{letter}{size}" if size in sizes else ""


def is_plain(form: Form) -> bool:
    """Whether values of the type are shown however deep they lie: they refer to nothing but text."""
    return form.kind == STRING or bool(number_code(form))


def _real(entry: Entry) -> Entry:
    """By way of other names."""
    for _ in range(NAMES):
        if entry.tag != dw.TAG_TYPEDEF or entry.number(dw.GO_KIND) in BY_NAME or entry.type is None:
            break
        entry = entry.type
    return entry


def _told(form: Form) -> Entry:
    """The entry of a type that only the debug information describes."""
    if form.dwarf is None:
        raise InconsistentRuntime("a type that only the debug information describes, and there is none")
    return _real(form.dwarf.entry(form.entry))


def _subtree(form: Form) -> Sequence[Entry]:
    entry = _told(form)
    return entry.dwarf.subtree(entry.offset)


def _described(type_: Type) -> Form:
    return Form(type_.name, type_.kind, type_.size, type_.address, direct=type_.direct)
