"""go-print: a value by its type."""

from __future__ import annotations

import argparse
import re
from typing import TYPE_CHECKING

from gdbext import report
from gdbext.analysis.heap import printable
from gdbext.commands import Command, _contextvalue, _heapobject, count
from gdbext.errors import GdbextError, UsageError
from gdbext.golang.types.printed import bounds as limits, names, reader, subject
from gdbext.report import cells
from gdbext.views import printedjson, printedtext

if TYPE_CHECKING:
    from gdbext.session import Session

DEEPEST = 30
"""Pointers that can be followed: what comes out is nested as deep."""
WHOLE = 1 << 20
"""Bytes of a string where nothing limits what is shown."""
SOME = 1000


def arguments(parser: argparse.ArgumentParser) -> None:
    """go-print's own options."""
    parser.add_argument("--depth", type=count, default=2, metavar="N", help=f"follow N pointers (2; {DEEPEST} at most)")
    parser.add_argument("--type", metavar="T", help="what lies there is of this type")


def run(session: Session, args: argparse.Namespace) -> report.Report:
    """The value, with what it refers to."""
    if not args.expression:
        raise UsageError("print what?", "go-print 0xADDR, go-print main.variable")
    found = _subject(session, args.expression, args.type)
    bounds = limits.Bounds(
        min(args.depth, DEEPEST), args.limit, WHOLE if args.limit is None else SOME, secrets=args.values
    )
    reading = reader.Reader(session.program, session.forms, session.function_values, bounds, found.held)
    value = found.read(reading, bounds.depth)
    notes = [
        *([found.note] if found.note else []),
        *losses(reading),
        *(session.heap_notes if session.made("live") else []),
    ]
    if not args.json:
        return report.Report({}, [report.Tree([printedtext.node(value)], _title(found))], notes)
    made = printedjson.Json()
    document = {
        "address": report.Address(found.address) if found.address else None,
        "type": report.Hostile(found.type) if found.type else None,
        "pkg_path": report.Hostile(found.package) if found.package else None,
        "exact": found.exact,
        "size": report.Bytes(found.size),
        "value": made.of(value),
        "bounds": {"depth": bounds.depth, "elements": bounds.elements, "bytes": bounds.bytes},
        "cut": made.cut,
    }
    return report.Report(document, [], notes)


def losses(reading: reader.Reader) -> list[str]:
    """What is to be said of a value that is too large to be shown whole."""
    values = f"too much to show at once: the rest is cut; {limits.ASK}"
    text = f"of strings {limits.ROOM >> 20} MiB are shown in all: later ones are cut"
    return [*([values] if reading.left < 0 else []), *([text] if reading.room < 0 else [])]


def _title(found: subject.Subject) -> str:
    sure = "" if found.exact or not found.type else " (likely)"
    place = f" at {found.address:#x}" if found.address else ""
    return (
        f"{cells.escape(printedtext.short_name(found.type)) or 'no type is known'}{sure}{place}, {found.size:,} bytes"
    )


def _subject(session: Session, text: str, type_: str | None) -> subject.Subject:
    """What was typed. Raises UsageError."""
    form = names.named(session.forms, session.type_table, type_) if type_ else None
    if re.fullmatch(r"0[xX][0-9a-fA-F]{1,16}", text):
        address = int(text, 16)
        return subject.at(form, address) if form is not None else _lying_at(session, address)
    if form is not None and (address := _symbol(session, text)):
        return subject.at(form, address)
    if (known := subject.variable(session.program, session.forms, text)) is not None:
        return subject.at(form, known.address) if form is not None else known
    return _evaluated(session, text, type_ or "")


def _symbol(session: Session, name: str) -> int:
    try:
        return session.program.symbol(name)
    except GdbextError:
        return 0


def _lying_at(session: Session, address: int) -> subject.Subject:
    """The heap's object, or the variable, that an address is in."""
    lookup, found = _heapobject.typed(session, address)
    if found is None:
        return _variable_at(session, address)
    if not found.allocated:
        raise UsageError(f"the slot at {found.base:#x} is free", "--type T shows what lies there as a T")
    made = printable.of_object(lookup, session.forms, found)
    inside = address - found.base
    if not inside:
        return made
    field = lookup.field(found, address)
    place = f" ({field})" if field else ""
    return made.with_note(f"{address:#x} is {inside:,} bytes into it{cells.escape(place)}")


def _variable_at(session: Session, address: int) -> subject.Subject:
    place = session.root_names.global_at(address)
    found = subject.variable(session.program, session.forms, place.name) if place is not None else None
    if found is None or place is None:
        raise UsageError(f"nothing says of which type what lies at {address:#x} is", "say it with --type T")
    return found.with_note(
        f"{address:#x} is in {cells.escape(place.name)}" + (f", {place.offset:,} bytes into it" if place.offset else "")
    )


def _evaluated(session: Session, text: str, type_: str) -> subject.Subject:
    """What a debugger says of an expression. Raises UsageError."""
    if session.target.debugger is None:
        raise UsageError(
            f"no variable of the program's is called {text}", "give an address, as 0x…, or a global's name"
        )
    value = _contextvalue.evaluated(session, text)
    form = names.named(session.forms, session.type_table, type_ or _go_name(value.type))
    if value.address is not None:
        return subject.at(form, value.address)
    return subject.in_hand(form, value.data)


def _go_name(name: str) -> str:
    """GDB's name of a type as Go writes it: ``main.node *`` is a ``*main.node``."""
    name = name.removeprefix("struct ").strip()
    stars = re.search(r"[\s*]*$", name)
    count_ = stars.group().count("*") if stars else 0
    return "*" * count_ + name.rstrip(" *")


COMMAND = Command(
    name="go-print",
    help="Print a value by its type: maps, channels, interfaces, closures, what pointers lead to.",
    description=(
        "An object of the heap (0xADDR: anywhere in it), a global variable (main.cache) or a part of one\n"
        "(main.cache.entries[3].name), in GDB also any expression; with --type T whatever lies at an address.\n"
        "Pointers are followed to a depth, others are shown so that they can be typed; what was shown on the way is\n"
        "named by its address. A sync.Map is shown as a map is, an atomic.Pointer as a pointer.\n"
        "Of each array, slice, map and channel as many elements are shown as --limit says, of a string 1,000 bytes;\n"
        "--all shows all of them, and up to 1 MiB of a string. Of elements without a size 100 are shown, of a map and\n"
        "a channel a million.\n"
        "All together are 64 MiB of strings at most, and some 100,000 values (a million numbers); --limit N lifts\n"
        "that to N values. What is cut is said.\n"
        "The values of contexts (the val of a context.valueCtx) are shown at the prompt, and kept out of JSON and\n"
        "files unless --values is typed. Everything else was asked for by its address or name, and is never masked."
    ),
    examples=(
        ("go-print 0xc000112000", "the object there"),
        ("go-print main.cache --depth 4", "a global variable, and what four pointers lead to"),
        ("go-print 0xc000112000 --type net/http.Request --json", "what lies there as one type, for a program"),
    ),
    usage="0xADDR | NAME | EXPR [options]",
    arguments=arguments,
    run=run,
    expression=True,
    values=True,
    all_help="every element, and strings whole",
)
