"""What words inside objects are called: by field, by index, a map's value by its key."""

from __future__ import annotations

from attrs import field, frozen

from gdbext.errors import GdbextError, InconsistentRuntime
from gdbext.golang.runtime import chan
from gdbext.golang.types.flat.kernels import CLASSIC, CLOSURE, DIRECTORY, HCHAN, HEADER, TABLE
from gdbext.golang.types.flat.table import TypeTable
from gdbext.golang.types.printed.functions import Functions
from gdbext.golang.types.rtype import INTERFACE, POINTER, SLICE, STRING, STRUCT, UNSAFE, StructField, Type
from gdbext.golang.types.structsearch import steps
from gdbext.golang.types.values import Values

GROUPS = ("map.group[", "map.bucket[")
OWN = {HEADER: "entries", CLASSIC: "entries", TABLE: "groups"}
"""What the one interesting word of a row of ours is called."""
WHOLE = {SLICE: ".array", STRING: ".str", INTERFACE: ".data", POINTER: "*", UNSAFE: "*"}
"""The same of an object that is one such value: as the runtime calls it (runtime/slice.go, string.go, runtime2.go)."""


@frozen(eq=False)
class Fields:
    """Names of words."""

    table: TypeTable = field(repr=False)
    values: Values = field(repr=False)
    functions: Functions | None = field(default=None, repr=False)

    def name(self, row: int, base: int, size: int, offset: int) -> str:
        """Of the word at ``offset`` of an object at ``base`` that is made of a type's values; "" where nobody knows."""
        if row < 0:
            return ""
        try:
            return self._name(row, base, size, offset)
        except GdbextError:
            return ""

    def _name(self, row: int, base: int, size: int, offset: int) -> str:
        table = self.table
        kind, elem = int(table.described.kind[row]), int(table.described.size[row])
        if row >= table.own:
            return self._own(row, kind, base, size, offset)
        prefix = f"[{offset // elem}]" if elem and size >= 2 * elem else ""
        start = offset // elem * elem if elem else 0
        type_ = table.types.at(int(table.described.address[row]))
        if type_.name.startswith(GROUPS):
            return self._entry(type_, base + start, offset - start)
        text = prefix + "".join(step.text for step in steps(table.types, type_, offset - start))
        return text or (WHOLE.get(type_.kind, "") if size else "")  # a part of something has that one's name

    def _own(self, row: int, kind: int, base: int, size: int, offset: int) -> str:
        """Of a row that is ours."""
        described = self.table.described
        if kind == DIRECTORY:
            return f"[{offset // 8}]"
        if kind == HCHAN:
            inside, elem = offset - int(described.size[row]), int(described.elem[row])
            if inside < 0 or elem < 0 or not described.size[elem]:
                return self._of_channel(offset)
            rest = self._name(elem, base, 0, inside % int(described.size[elem]))
            return f"buffer[{inside // int(described.size[elem])}]{rest}"
        if kind == CLOSURE:
            return self._captured(base, offset)
        return OWN.get(kind, "")

    def _of_channel(self, offset: int) -> str:
        """Of a word of the runtime's own in a channel."""
        bound = self.values.program.bound(chan.HCHAN)
        names = (path for name, path in chan.POINTERS.items() if name in bound and bound.offset(name) == offset)
        return "".join(f".{name}" for name in names)

    def _captured(self, base: int, offset: int) -> str:
        """Of a word in a closure's object, which begins with its function's entry."""
        if self.functions is None:
            return ""
        for name, form, at in self.functions.captured(self.values.program.word(base)):
            if at <= offset < at + form.size:
                return f"captured {name}{self.functions.forms.path(form, offset - at)}"
        return ""

    def _entry(self, group: Type, base: int, offset: int) -> str:
        """Of a word in a map's group or bucket: by the entry's key."""
        found = list(steps(self.table.types, group, offset))
        texts = [step.text for step in found]
        if texts[:1] == [".slots"] and len(found) > 2:
            keyed, rest = texts[2] == ".key", texts[3:]
            member = self._member(found[1].type, "key")
            key = self._value(self.table.types.at(member.type), base + found[1].offset + member.offset)
        elif texts[:1] in ([".keys"], [".elems"]) and len(found) > 1 and texts[1].startswith("["):
            keyed, rest = texts[0] == ".keys", texts[2:]
            keys = self._member(group, "keys")
            elem = self.table.types.elem(self.table.types.at(keys.type))
            key = self._value(elem, base + keys.offset + int(texts[1].strip("[]")) * elem.size)
        else:
            return "".join(texts)
        return (f"key({key})" if keyed else f"[{key}]") + "".join(rest)

    def _member(self, type_: Type, name: str) -> StructField:
        """A field by name. Raises InconsistentRuntime where there is none: it is no map's."""
        for one in self.table.types.fields(type_) if type_.kind == STRUCT else ():
            if one.name == name:
                return one
        raise InconsistentRuntime(f"{type_.name} without {name}")

    def _value(self, type_: Type, address: int) -> str:
        return self.values.at(type_, address, 2)
