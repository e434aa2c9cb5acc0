"""go-object: what lies at an address of the heap."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from gdbext import report
from gdbext.analysis.heap import allocsite
from gdbext.commands import Command, _heapobject, address
from gdbext.errors import GdbextError
from gdbext.views import objectrows

if TYPE_CHECKING:
    from gdbext.session import Session


def arguments(parser: argparse.ArgumentParser) -> None:
    """go-object's own arguments."""
    parser.add_argument("addresses", nargs="+", type=address, metavar="0xADDR", help="anywhere in the object")


def run(session: Session, args: argparse.Namespace) -> report.Report:
    """What is known of each."""
    rows = [_asked(session, one) for one in args.addresses]
    documents = [objectrows.OBJECT.object(row) for row in rows]
    document: dict[str, object] = dict(documents[0]) if len(documents) == 1 else {"objects": documents}
    blocks = [report.Lines(objectrows.lines(row)) for row in rows]
    return report.Report(document, blocks, session.heap_notes)


def _asked(session: Session, address: int) -> objectrows.Asked:
    lookup, found = _heapobject.typed(session, address)
    site = None if found is None or not found.allocated else _site(session, lookup.slot_address(found))
    return objectrows.Asked(address, lookup, found, site)


def _site(session: Session, slot: int) -> allocsite.Site | report.Absent | None:
    try:
        return allocsite.site_of(session.program, session.symtab, session.specials, slot)
    except GdbextError as error:
        return report.Absent(str(error))


COMMAND = Command(
    name="go-object",
    help="Say what lies at an address: the object, its type, its span and slot.",
    description=(
        "The heap object that an address points into, wherever in it: where it begins, its type if anything says so,\n"
        "its span and slot, whether it is allocated and whether roots reach it, and who allocated it, where the\n"
        "memory profile sampled it (go-alloc-site shows the whole stack). Of addresses elsewhere it says that no heap\n"
        "object lies there."
    ),
    examples=(
        ("go-object 0xc000112000", "one object"),
        ("go-object 0xc000112000 0xc000114000 --json", "two, for a program"),
    ),
    usage="0xADDR… [options]",
    arguments=arguments,
    run=run,
)
