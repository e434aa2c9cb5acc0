"""An object of the heap as something to be printed, by what the traversal found out of its type."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from gdbext.errors import GdbextError
from gdbext.golang.types.flat.kernels import CLASSIC, CLOSURE, HCHAN, HEADER, TEXT
from gdbext.golang.types.printed import subject
from gdbext.golang.types.printed.form import WORD, Form, Forms
from gdbext.golang.types.printed.reader import Reader
from gdbext.golang.types.printed.subject import Subject
from gdbext.golang.types.printed.tree import Listed, Value
from gdbext.golang.types.rtype import UNSAFE

if TYPE_CHECKING:
    from gdbext.analysis.heap.lookup import Lookup, Object

POINTERS = Form("unsafe.Pointer", UNSAFE, WORD)
"""What each word of an object is taken for whose type nobody knows."""


def of_object(lookup: Lookup, forms: Forms, found: Object) -> Subject:
    """The whole object; word by word where nobody knows its type."""
    try:
        return _typed(lookup, forms, found) or _words(found)
    except GdbextError:
        return _words(found)


def _typed(lookup: Lookup, forms: Forms, found: Object) -> Subject | None:
    table, row, base = lookup.flowed.table, found.row, found.base
    if row < 0:
        return None
    kind = int(table.described.kind[row])
    if row < table.own:
        return _values(forms.at(int(table.described.address[row])), table.package(row), found)
    if kind == TEXT:
        return _made(found, "string", lambda reader, depth: reader.text("string", base, found.size))
    if row in table.names and kind == CLOSURE:
        return _made(found, "func", lambda reader, depth: reader.function("func", base, depth))
    if row in table.names:
        form = forms.linked(table.names[row].linked)
        return _values(form, table.package(row), found) if form is not None else None
    if kind in (HEADER, CLASSIC, HCHAN):
        form = forms.at(int(table.described.address[table.whose(row)]))
        if kind == HCHAN:
            return _made(found, form.name, lambda reader, depth: reader.chan(form, base, depth))
        return _made(found, form.name, lambda reader, depth: reader.map(form, base, depth))
    return None


def _values(form: Form, package: str, found: Object) -> Subject:
    """One value of a type, or as many as fit."""
    times = found.size // form.size if form.size else 1
    if times < 2:
        one = subject.at(form, found.base, package)
        return Subject(one.address, one.type, found.size, one.read, package, found.exact)
    name = f"[{times}]{form.name}"

    def read(reader: Reader, depth: int) -> Value:
        return Listed(name, reader.items(form, found.base, times, depth), times)

    return Subject(found.base, name, found.size, read, package, found.exact)


def _made(found: Object, name: str, read: Callable[[Reader, int], Value]) -> Subject:
    return Subject(found.base, name, found.size, read, exact=found.exact)


def _words(found: Object) -> Subject:
    count = found.size // WORD

    def read(reader: Reader, depth: int) -> Value:
        return Listed(f"[{count}]{POINTERS.name}", reader.items(POINTERS, found.base, count, depth), count)

    return Subject(found.base, "", found.size, read, exact=False)
