"""Where each command works, and what a host cannot give: a part of COMMANDS.md (tests/frontend/test_where.py)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from gdbext.commands import Command

GDB_PROCESS, GDB_CORE, CORE, PID, LIVE, DLV, PROMPT = (
    *("GDB, process", "GDB, core", "`core`", "`pid`", "`live`", "`dlv`", "Delve's prompt"),
)
HOSTS = (GDB_PROCESS, GDB_CORE, CORE, PID, LIVE, DLV, PROMPT)
IN_GDB = (GDB_PROCESS, GDB_CORE)
SCRIPTS = (
    *("go-ancestors", "go-ctxchain", "go-ctxtree", "go-gc", "go-goroutines", "go-heapdump", "go-mem", "go-object"),
    *("go-spans", "go-spanwatch"),
)
"""What the scripts at Delve's prompt answer; of every other command they print the line for another terminal."""
PROOFS = ("go-ctxleaks", "go-goroutineleaks")
"""Nothing is proved of a program that runs."""
GOES_ON = {"go-spanwatch": (GDB_PROCESS, PID, PROMPT)}
"""What works only where the program can go on."""
ON_PROCESSES = ("go-heapdump", "go-spanwatch")
"""Scripts for a process only: a core is one already, and does not go on."""

LACKS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    GDB_PROCESS: {"go-threads": ("threads[].syscall",)},
    CORE: {"go-doctor": ("gdb",)},
    PID: {
        "go-ctxtree": ("garbage",),
        "go-diff": ("groups[].verdict",),
        "go-doctor": ("gdb",),
        "go-finalizers": ("groups[].dead", "objects[].reachable", "total.dead"),
    },
    LIVE: {"go-doctor": ("gdb",)},
    DLV: {
        "go-doctor": ("gdb",),
        "go-mem": ("breakdown", "mapped", "resident_by"),
        "go-threads": ("threads[].syscall",),
    },
    PROMPT: {
        "go-ancestors": ("chain[].stack", "chain[].start_function"),
        "go-ctxtree": ("contexts[].children_listed", "contexts[].goroutines", "garbage"),
        "go-gc": (
            *("assist", "cpu", "cycles_forced", "gc_cpu_fraction", "goal_by", "last_cycle", "limiter"),
            *("pause_total_ns", "scan"),
        ),
        "go-goroutines": (
            *("goroutines[].address", "goroutines[].labels", "goroutines[].locked", "goroutines[].thread"),
        ),
        "go-mem": (
            *("advice", "breakdown", "mapped"),
            *(f"memstats.{name}" for name in ("BySize", "DebugGC", "EnableGC", "GCCPUFraction", "Lookups")),
            *("memstats.PauseEnd", "memstats.PauseNs", "resident_by", "settings"),
        ),
        "go-object": ("pkg_path", "reachable", "type"),
        "go-spans": ("classes[].live_bytes", "states"),
    },
}
"""By host and command: keys of its JSON that other hosts fill and this one cannot."""

INTRODUCTION = """
## Where they work

In GDB (13 and newer), on a process that it is attached to and on a core; without a debugger as `core`, `pid`, `live`
and `dlv` above (a process or a core); at Delve's prompt (1.24 and newer), where *line* says that the command prints the
line which answers in another terminal, of the same target, and *process* that there is nothing to answer of a core.

"""
REST = """
go-heapdump writes what the heap is made of, for go-diff; at Delve's prompt it writes a core, which the other one takes.
Where an object was allocated go-object does not say there; go-alloc-site prints the line that does.
Of a process the lines for go-ctxleaks, go-goroutineleaks, go-report and go-triage name such a core: nothing is proved
while Delve holds it. A second line for go-triage gives at once what there is to say of memory and the collector.

Only GDB evaluates expressions, and Delve at its prompt those of go-ctxchain: elsewhere an argument is an address, a
goroutine's number or, of go-print, a global's name. Over `dlv` the file of C code is not known, nor are mappings.
"""


def render_where(commands: Iterable[Command]) -> Iterator[str]:
    """The section."""
    known = {command.name: command for command in commands}
    yield INTRODUCTION
    yield f"| command | {' | '.join(HOSTS)} |\n|---|{'---|' * len(HOSTS)}\n"
    for name in sorted({*known, *SCRIPTS}):
        yield f"| {name} | {' | '.join(cell(known.get(name), name, host) for host in HOSTS)} |\n"
    yield "\nWhat a host cannot give, by the keys of `--json`:\n\n"
    for host, lacking in LACKS.items():
        for name, keys in lacking.items():
            yield f"- {host}: {name} {', '.join(f'`{key}`' for key in keys)}\n"
    yield REST


def cell(command: Command | None, name: str, host: str) -> str:
    """yes, no, or what else is to be said. ``command``: None for one of Delve's prompt alone."""
    if host == PROMPT and name in SCRIPTS:
        return "process" if name in ON_PROCESSES else "yes"
    if host not in GOES_ON.get(name, HOSTS):
        return "no"
    if command is None or (command.runs_commands and host not in IN_GDB) or (name in PROOFS and host == PID):
        return "no"
    return "line" if host == PROMPT else "yes"
