"""What is to be printed: a value of a type at an address, however somebody named it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from attrs import evolve, field, frozen

from gdbext.errors import UsageError
from gdbext.golang.types.printed.form import WORD, Form, Forms
from gdbext.golang.types.printed.reader import Held, Reader
from gdbext.golang.types.printed.tree import Value
from gdbext.golang.types.rtype import ARRAY, POINTER, SLICE, STRUCT

if TYPE_CHECKING:
    from gdbext.golang.reading.program import Program

STEP = re.compile(r"\.(\w+)|\[(\d+)\]")
NOWHERE = 1 << 63
"""No address of a program: a value in a debugger's hand is read as if it lay there."""


@frozen
class Subject:
    """``address``: where it lies, 0 for what lies in no memory. ``type``: its name, "" where nobody knows it.

    ``size``: bytes; ``read``: by a Reader, to a depth. ``exact``: its type is certain. ``note``: what is to be said.
    """

    address: int
    type: str
    size: int
    read: Callable[[Reader, int], Value] = field(repr=False)
    package: str = ""
    exact: bool = True
    note: str = ""
    held: Held | None = None

    def with_note(self, note: str) -> Subject:
        """The same with something to be said."""
        return evolve(self, note=note)


def at(form: Form, address: int, package: str = "") -> Subject:
    """A value of a type at an address."""
    return Subject(address, form.name, form.size, lambda reader, depth: reader.at(form, address, depth), package)


def in_hand(form: Form, data: bytes) -> Subject:
    """A value that lies in no memory."""
    held = Held(NOWHERE, data)
    return Subject(0, form.name, len(data), lambda reader, depth: reader.at(form, NOWHERE, depth), held=held)


def variable(program: Program, forms: Forms, text: str) -> Subject | None:
    """A global variable, or a part of it: ``main.cache``, ``main.cache.entries[3].name``; None for other texts.

    Raises UsageError for a part that there is none, GdbextError.
    """
    for end in [len(text), *sorted((one.start() for one in re.finditer(r"[.\[]", text)), reverse=True)]:
        for file in forms.files if end else ():
            dwarf = file.binary.dwarf
            found = dwarf.variable(text[:end]) if dwarf is not None else None
            if dwarf is not None and found is not None and found[0] + file.bias in file:
                form = forms.entry(dwarf.entry(found[1]))
                return at(*_stepped(program, forms, form, found[0] + file.bias, text[end:]))
    return None


def _stepped(program: Program, forms: Forms, form: Form, address: int, steps: str) -> tuple[Form, int]:
    done = 0
    for step in STEP.finditer(steps):
        if step.start() != done:
            break
        done = step.end()
        if form.kind == POINTER:
            form, address = forms.elem(form), program.word(address)
        form, address = _part(program, forms, form, address, step)
    if done != len(steps):
        raise UsageError(f"{steps[done:]} is no part of a value", "write parts as .field and [3]")
    return form, address


def _part(program: Program, forms: Forms, form: Form, address: int, step: re.Match[str]) -> tuple[Form, int]:
    name, number = step.groups()
    if name and form.kind == STRUCT:
        for part in forms.parts(form):
            if part.name == name:
                return part.form, address + part.offset
    if number and form.kind in (ARRAY, SLICE):
        elem, length = forms.elem(form), forms.length(form) if form.kind == ARRAY else program.word(address + WORD)
        if int(number) < length:
            first = address if form.kind == ARRAY else program.word(address)
            return elem, first + int(number) * elem.size
    raise UsageError(f"{form.name} has no part {step.group()}", "write parts as .field and [3]")
