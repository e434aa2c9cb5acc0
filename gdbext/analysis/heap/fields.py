"""What words inside objects are called: by field, by index, a map's value by its key."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import field, frozen

from gdbext.errors import GdbextError, InconsistentRuntime
from gdbext.golang.types.flat.kernels import CLASSIC, DIRECTORY, HCHAN, HEADER, TABLE
from gdbext.golang.types.flat.table import TypeTable
from gdbext.golang.types.rtype import ARRAY, STRUCT, StructField, Type
from gdbext.golang.types.values import Values

DEPTH = 32
GROUPS = ("map.group[", "map.bucket[")
OWN = {HEADER: "entries", CLASSIC: "entries", TABLE: "groups"}
"""What the one interesting word of a row of ours is called."""


@frozen
class Step:
    """A part of a value: what is said to get there, its type, and where it begins."""

    text: str
    type: Type
    offset: int


@frozen(eq=False)
class Fields:
    """Names of words."""

    table: TypeTable = field(repr=False)
    values: Values = field(repr=False)

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
        return prefix + "".join(step.text for step in self.steps(type_, offset - start))

    def _own(self, row: int, kind: int, base: int, size: int, offset: int) -> str:
        """Of a row that is ours."""
        described = self.table.described
        if kind == DIRECTORY:
            return f"[{offset // 8}]"
        if kind == HCHAN:
            inside, elem = offset - int(described.size[row]), int(described.elem[row])
            if inside < 0 or elem < 0 or not described.size[elem]:
                return ".buf" if inside < 0 else ""
            rest = self._name(elem, base, 0, inside % int(described.size[elem]))
            return f"buffer[{inside // int(described.size[elem])}]{rest}"
        return OWN.get(kind, "")

    def steps(self, type_: Type, offset: int) -> Iterator[Step]:
        """How to get to what lies at an offset of a value."""
        start = 0
        for _ in range(DEPTH):
            inner = self._inner(type_, offset - start)
            if inner is None:
                return
            start += inner.offset
            type_ = inner.type
            yield Step(inner.text, type_, start)

    def _inner(self, type_: Type, offset: int) -> Step | None:
        types = self.table.types
        if type_.kind == STRUCT:
            for one in types.fields(type_):
                inner = types.at(one.type)
                if one.offset <= offset < one.offset + inner.size:
                    return Step(f".{one.name}", inner, one.offset)
        elif type_.kind == ARRAY:
            inner = types.elem(type_)
            if inner.size:
                return Step(f"[{offset // inner.size}]", inner, offset // inner.size * inner.size)
        return None

    def _entry(self, group: Type, base: int, offset: int) -> str:
        """Of a word in a map's group or bucket: by the entry's key."""
        steps = list(self.steps(group, offset))
        if len(steps) < 2 or steps[0].text not in (".slots", ".keys", ".elems"):
            return "".join(step.text for step in steps)
        if steps[0].text == ".slots":
            if len(steps) < 3:
                return "".join(step.text for step in steps)
            keyed, rest = steps[2].text == ".key", steps[3:]
            key = self._key(self._member(steps[1].type, "key"), base + steps[1].offset)
        elif not steps[1].text.startswith("["):
            return "".join(step.text for step in steps)
        else:
            keyed, rest = steps[0].text == ".keys", steps[2:]
            index = int(steps[1].text.strip("[]"))
            keys = self._member(group, "keys")
            size = self.table.types.elem(self.table.types.at(keys.type)).size
            elem = self.table.types.elem(self.table.types.at(keys.type))
            key = self._value(elem, base + keys.offset + index * size)
        inside = "".join(step.text for step in rest)
        return f"key({key}){inside}" if keyed else f"[{key}]{inside}"

    def _member(self, type_: Type, name: str) -> StructField:
        """A field by name. Raises InconsistentRuntime where there is none: it is no map's."""
        for one in self.table.types.fields(type_) if type_.kind == STRUCT else ():
            if one.name == name:
                return one
        raise InconsistentRuntime(f"{type_.name} without {name}")

    def _key(self, member: StructField, base: int) -> str:
        return self._value(self.table.types.at(member.type), base + member.offset)

    def _value(self, type_: Type, address: int) -> str:
        return self.values.at(type_, address, 2)
