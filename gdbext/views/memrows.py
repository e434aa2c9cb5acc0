"""The rows of go-mem: categories of memory, settings in force, advice; and the same in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gdbext import report
from gdbext.analysis.memory import advice
from gdbext.analysis.memory.settings import Unknown
from gdbext.report.cells import escape, human_bytes
from gdbext.report.columns import Column, Schema
from gdbext.report.counts import limited, plural
from gdbext.report.values import Kind
from gdbext.views.gcrows import moment

if TYPE_CHECKING:
    from gdbext.analysis.memory.advice import Advice
    from gdbext.analysis.memory.breakdown import Breakdown, Category
    from gdbext.analysis.memory.pooled import Pooled
    from gdbext.analysis.memory.settings import Settings

Of = Column["Category", Sequence["Category"]]


def category(measured: bool) -> Schema[Category, Sequence[Category]]:
    """A category of memory. ``measured``: the kernel says what is in RAM."""
    title = "in RAM" if measured else "not zero"
    columns: list[Of] = [
        Column("category", Kind.TEXT, "category", lambda row: row.name),
        Column("bytes", Kind.BYTES, title, lambda row: row.resident),
        Column("mapped", Kind.BYTES, "mapped", lambda row: row.mapped),
        Column("exact", Kind.FLAG, "", lambda row: row.exact),
    ]
    return Schema(columns)


def breakdown_table(found: Breakdown) -> report.Table:
    """The categories that there are, and their sums."""
    schema = category(found.measured)
    table = schema.table([[one for one in found.categories if one.mapped or one.resident]])
    total = ("together", report.Bytes(found.resident), report.Bytes(found.mapped))
    return report.Table(table.columns, [*table.rows, total])


def headline(found: Breakdown) -> str:
    """What the table adds up to."""
    mapped = f"{human_bytes(found.mapped)} mapped"
    if not found.measured:
        return f"{mapped}; a core does not say what was resident"
    return f"{human_bytes(found.resident)} resident (RSS) of {mapped}"


def huge_line(found: Breakdown) -> str:
    """Huge pages and swap; "" for none."""
    parts = [f"{human_bytes(found.huge)} in huge pages, {human_bytes(found.heap_huge)} of it the heap's"]
    parts = parts if found.huge else []
    parts += [f"{human_bytes(found.swapped)} in swap, which is in no category"] if found.swapped else []
    return "; ".join(parts)


# Settings


def settings_line(found: Settings) -> str:
    """What is in force, in one line."""
    limit = found.limit
    limits = "off" if limit is None else _shown(limit) if isinstance(limit, Unknown) else human_bytes(limit)
    gogc = "off" if found.gogc == -1 else _shown(found.gogc)
    dontneed = found.flag("madvdontneed")
    debug = "" if dontneed is None else f", GODEBUG madvdontneed={dontneed}"
    return (
        f"in force: GOGC={gogc}, GOMEMLIMIT={limits}, GOMAXPROCS={_shown(found.maxprocs)} of {_shown(found.cpus)} CPUs"
        f"{debug}"
    )


def environment_line(found: Settings) -> str:
    """What the process was started with; "" for nothing."""
    if isinstance(found.environment, Unknown) or not found.environment:
        return ""
    said = ", ".join(f"{name}={escape(value)}" for name, value in sorted(found.environment.items()))
    return f"started with {said}"


def _shown(value: int | Unknown) -> str:
    return "unknown" if isinstance(value, Unknown) else str(value)


def settings_object(found: Settings) -> dict[str, Any]:
    """As JSON. GOGC -1 and GOMEMLIMIT null: off."""
    environment = found.environment
    hostile = (
        environment
        if isinstance(environment, Unknown)
        else {name: report.Hostile(value) for name, value in sorted(environment.items())}
    )
    return {
        "GOGC": _cell(found.gogc),
        "GOMEMLIMIT": _cell(found.limit),
        "GOMAXPROCS": _cell(found.maxprocs),
        "CPUs": _cell(found.cpus),
        "GODEBUG": _cell(found.debug),
        "environment": _cell(hostile),
    }


def _cell(value: object) -> object:
    return report.Absent(value.why) if isinstance(value, Unknown) else value


# Advice

SENTENCES: Mapping[str, str] = {
    advice.IDLE: "idle spans take {bytes} of {of}: Go gives them back slowly, debug.FreeOSMemory at once",
    advice.RELEASED: "{bytes} of {of} were given back and are counted still: {more}",
    advice.STACKS: "stacks take {bytes} of {of}: go-stacks --group says which goroutines there are",
    advice.OUTSIDE: "{bytes} of {of} are not Go's but C's or mapped files, which no heap profile shows",
    advice.FRAGMENTS: "{bytes} of {of} are free slots beside live objects: go-spans shows them by class",
    advice.LIMIT: "the runtime has {bytes} of its memory limit of {of}: the nearer, the more often it collects",
    advice.OFF: "GOGC is off and there is no memory limit: no collection begins by itself; objects take {bytes}",
}

OF_RAM = (advice.IDLE, advice.RELEASED, advice.STACKS, advice.OUTSIDE, advice.FRAGMENTS)
"""Kinds of advice that are about pages."""


def advice_line(one: Advice) -> str:
    """With its evidence."""
    of = human_bytes(one.of)
    if one.kind in OF_RAM:
        of += " resident" if one.counted else " that are not zero"
    about = "about " if one.estimated else ""
    return SENTENCES[one.kind].format(bytes=f"{about}{human_bytes(one.bytes)}", of=of, more=one.more)


def advice_object(one: Advice) -> dict[str, Any]:
    """As JSON."""
    return {"kind": one.kind, "sentence": advice_line(one), "bytes": one.bytes, "of": one.of}


def pools_line(found: Pooled) -> str:
    """What pools keep, in a sentence."""
    return (
        f"{plural(found.pools, 'sync.Pool')} in use: {human_bytes(found.bytes)} that nothing else keeps, and "
        f"{human_bytes(found.victims)} of victims, which the next collection frees"
    )


def pools_object(found: Pooled) -> dict[str, int]:
    """As JSON."""
    return {"pools": found.pools, "bytes": found.bytes, "victim_bytes": found.victims}


def groups(
    sentence: str, schema: Schema[Any, Sequence[Any]], every: Sequence[Any], limit: int | None
) -> Iterator[report.Block]:
    """What all come to, and the first ones in a table, where there are any."""
    yield report.Text(sentence)
    if every:
        shown, cut = limited(every, limit)
        yield schema.table([shown], cut=cut)


def memstats_rows(fields: Mapping[str, Any]) -> Iterator[tuple[str, report.Cell]]:
    """The fields of runtime.MemStats that are one number."""
    for name, value in fields.items():
        if not isinstance(value, list):
            yield name, value if isinstance(value, bool) or name in PLAIN else _measure(name, value)


PLAIN = ("Lookups", "Mallocs", "Frees", "HeapObjects", "NumGC", "NumForcedGC", "GCCPUFraction")


def _measure(name: str, value: int) -> report.Cell:
    if name == "LastGC":
        return moment(value)
    return report.Duration(value) if name == "PauseTotalNs" else report.Bytes(value)
