"""A type by the name that somebody typed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gdbext.errors import GdbextError, UsageError

if TYPE_CHECKING:
    from gdbext.golang.types.flat.table import TypeTable
    from gdbext.golang.types.printed.form import Form, Forms

HINT = "as reflect prints it, or with the package's whole path: go-histogram --all lists those of the heap"


def named(forms: Forms, table: TypeTable, name: str) -> Form:
    """As the linker has it (``net/http.Request``), or as reflect prints it (``http.Request``).

    Raises UsageError where none has that name, or several types do.
    """
    if (found := forms.linked(name)) is not None:
        return found
    pointers = len(name) - len(name.lstrip("*"))
    alike = list(_described(table, name)) or list(_described(table, name[pointers:]))
    if not alike:
        raise UsageError(f"no type is known by the name {name}", HINT)
    packages = sorted({package for _, package in alike})
    if len(packages) > 1:
        raise UsageError(f"{name} is the name of a type in several packages: {', '.join(packages)}", HINT)
    form = forms.at(int(table.described.address[alike[0][0]]))
    for _ in range(pointers if form.name != name and not form.name.startswith("*") else 0):
        form = forms.pointer(form)
    return form


def _described(table: TypeTable, name: str) -> Iterator[tuple[int, str]]:
    """(row, package) of the descriptors of a name."""
    short = name.rpartition("/")[2]
    for row, one in enumerate(table.types.names(table.described.address[: table.own])):
        if one in (name, short):
            try:
                package = table.package(row)
            except GdbextError:
                continue
            if one == name or f"{package}.{one.rpartition('.')[2]}" == name:
                yield row, package
