"""The JSON keys that others rely on: each command's document has at least these."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from gdbext.commands import registry
from gdbext.frontend.where import GOES_ON, PROOFS
from gdbext.golang.runtime.mstats import FIELDS
from tests import hosts, programs, tools

GO = "1.27.3"
EVERY = {"command", "schema", "target", "notes"}
TARGET = {"kind", "exe", "pid", "go_version", "arch", "stopped_ns"}
CONTEXT = {
    *("address", "kind", "state", "cause", "parent", "registered_with", "children", "deadline_in_ns", "deadline"),
    *("key", "value", "waiters", "goroutines"),
}
GOROUTINE = {
    *("goid", "status", "wait_reason", "waiting_at_least_ns", "function", "file", "line", "created_by", "parent_goid"),
    *("thread", "labels", "locked", "created_at", "address"),
}
TOTAL = {"contexts", "objects", "bytes"}
FRAME = {"function", "file", "line", "inlined"}
STUCK = {
    *("goid", "function", "file", "line", "wait_reason", "on", "ancestor", "retained_bytes", "proved", "context"),
    *("kind", "waits_on", "created_by"),
}
NEW_PROFILE = "a file that is not there or a profile"
NEW_PAGE = "a file that is not there or a page"
SAMPLES = {"go-heapprofile": "accounts", "go-pprof": "accounts"}
"""Which sample a command is asked about, where that is another: few of them keep a memory profile."""
PROFILED = ("alloc_objects", "alloc_space", "inuse_objects", "inuse_space")
HELD = "a context"
"""Stands for the address of one."""
NEW, DUMPED, PROFILE = "a new file", "a heap dump", "a heap profile"
"""Stand for the name of one that is not there, and of some of the same program."""
NAMES = {NEW: "new", NEW_PROFILE: "profile", NEW_PAGE: "page.html"}
WHEN = ("before", "after")
GROWN = {"name"} | {f"{of}_{when}" for of in ("count", "bytes") for when in (*WHEN, "difference")}
CACHE = {
    *("p", "address", "free_bytes", "pending", "tiny", "tiny_left", "tiny_allocs", "flush_gen", "stale", "spans"),
}
KEYS: dict[str, tuple[tuple[str, ...], dict[str, Any]]] = {
    "go-goroutine": (("1",), {"selected": {"goid", "state", "thread", "own_thread"}}),
    "go-goroutines": ((), {"goroutines": [GOROUTINE]}),
    "go-ctxchain": (("--all",), {"chains": [{"found": str, "goid": int, "chain": [CONTEXT]}]}),
    "go-ctxtree": ((), {"contexts": [CONTEXT], "roots": [str]}),
    "go-stacks": (
        ("--all",),
        {"stacks": [{"goid": int, "frames": [{"function", "file", "line", "pc", "sp", "inlined"}]}]},
    ),
    "go-ancestors": (("1",), {"chain": [{"goid", "created_at", "function", "file", "line", "alive"}]}),
    "go-histogram": (
        ("--of", "context.cancelCtx"),
        {
            "types": [{"type", "pkg_path", "count", "bytes", "average_bytes", "exact"}],
            "total": {"objects", "bytes"},
            "unreachable": {"objects", "bytes"},
            "instances": [{"address", "size", "reachable"}],
        },
    ),
    "go-ctxleaks": (
        (),
        {
            "sentence": str,
            "proved": bool,
            "doubts": object,
            "heap": {"objects", "bytes"},
            **dict.fromkeys(("lost", "orphaned", "until_deadline", "held", "cancelled"), TOTAL),
            "registered": {"contexts", "objects", "bytes", "unstoppable"},
            **dict.fromkeys(("shared_bytes", "children_map_bytes"), int),
            "ancestors": [{"address", "kind", "contexts", "holder"}],
            "groups": [
                {"verdict", "kind", "registered_with", "site", "sampled", "contexts", "bytes", "example", "proved"}
                | {"other_places"}
            ],
            "goroutines": object,
            "piles": (
                {
                    *("what", "count", "objects", "bytes", "kind", "holder", "goid", "key", "site", "stack", "sampled"),
                    *("other_places", "example", "stack_bytes", "suspected"),
                },
            ),
        },
    ),
    "go-goroutineleaks": (
        (),
        {
            "sentence": str,
            "proved": bool,
            "doubts": object,
            "totals": {"leaked", "waiting_for_ancestor"},
            "leaked": (STUCK,),
            "waiting_for_ancestor": [STUCK],
            "waiting_with_them": (STUCK,),
            "ancestors": [{"address", "kind", "goroutines", "holder"}],
            "groups": [{"set", "count", "wait_reason", "function", "frames", "goids", "retained_bytes", "proved"}],
        },
    ),
    "go-waitgraph": (
        (),
        {
            "sentence": str,
            "edges": [{"goid", "wait_reason", "function", "on", "kind", "holder", "suspected", "referring"}],
            "cycles": ({"goids", "on", "kinds", "suspected"},),
        },
    ),
    "go-spans": (
        (),
        {
            "classes": [{"class", "elemsize", "noscan", "spans", "bytes", "slots", "live", "free", "unswept"}],
            "states": [{"state", "spans", "bytes"}],
        },
    ),
    "go-heapprofile": (
        (NEW_PROFILE,),
        {"file": str, **dict.fromkeys(("samples", "rate", *PROFILED), int)},
    ),
    "go-pprof": (
        (PROFILE,),
        {
            "file": str,
            "sample": str,
            "rate": int,
            "samples": int,
            "total": {*PROFILED},
            "build": {"same", "profiled", "here", "agree", "of"},
            "verified": int,
            "sites": [
                {
                    *(*PROFILED, "share", "sampled", "estimated_objects", "estimated_bytes", "example", "address"),
                    *("verified", "why", "chain", "function", "file", "line", "frames", "profiled_address", "samples"),
                    "stack",
                }
            ],
        },
    ),
    "go-finalizers": (
        (),
        {
            "objects": [{"address", "kind", "function", "type", "bytes", "reachable"}],
            "groups": [{"count", "kind", "function", "type", "bytes", "dead", "example"}],
            "total": {"objects", "bytes", "dead"},
            "queued": {"finalizers", "cleanups"},
        },
    ),
    "go-timers": (
        (),
        {
            "timers": [
                {
                    *("address", "when_in_ns", "period_ns", "kind", "function", "arg", "goid", "context", "p", "site"),
                    "retained_bytes",
                }
            ],
            "groups": [
                {
                    *("count", "kind", "function", "first_in_ns", "last_in_ns", "site", "example"),
                    *("period_ns", "longest_period_ns", "periodic"),
                }
            ],
            "stopped": int,
        },
    ),
    "go-gc": (
        (),
        {
            **dict.fromkeys(("phase", "goal_by"), str),
            **dict.fromkeys(("cycles", "cycles_forced", "gogc", "heap_live", "heap_marked", "goal", "trigger"), int),
            "memory_limit": object,
            "scan": {"heap", "stacks", "globals"},
            "assist": {"credit", "work_per_byte", "ns"},
            "last_cycle": {"heap_at_start", "heap_at_end", "heap_marked", "mark_ns", "forced", "end_unix_ns"},
            "gc_cpu_fraction": float,
            "cpu": {"assist", "dedicated", "idle", "pause", "gc", "total"},
            "limiter": {"enabled", "last_enabled_cycle"},
            "pause_total_ns": int,
            "pauses": ({"end_unix_ns", "ns"},),
        },
    ),
    "go-mem": (
        (),
        {
            "memstats": set(FIELDS),
            **dict.fromkeys(("rss", "huge_pages", "swap", "resident_by"), object),
            "mapped": int,
            "breakdown": [{"category", "bytes", "mapped", "exact"}],
            "settings": {"GOGC", "GOMEMLIMIT", "GOMAXPROCS", "CPUs", "GODEBUG", "environment"},
            "advice": ({"kind", "sentence", "bytes", "of"},),
        },
    ),
    "go-spanwatch": (
        ("-t", "0.1"),
        {
            "classes": ({"class", "elemsize", "noscan", "spans", "bytes"},),
            "callers": ({"spans", "bytes", "function", "stack"},),
            "spanalloc": {"inuse", "free"},
            "spanalloc_before": {"inuse", "free"},
            "grown": {"Mallocs", "Frees", "TotalAlloc", "NumGC"},
            "intervals": [{"t_ns", "spans", "bytes", "allocated", "took_ns"}],
            **dict.fromkeys(("elapsed_ns", "stops", "stopped_ns"), int),
            "ended_by": object,
        },
    ),
    "go-mcache": ((), {"caches": [CACHE]}),
    "go-mcentral": (
        (),
        {
            "classes": [
                {
                    *("class", "elemsize", "noscan"),
                    *("partial_swept", "partial_unswept", "full_swept", "full_unswept"),
                }
            ]
        },
    ),
    "go-object": (
        (HELD,),
        {
            **dict.fromkeys(("address", "base", "size", "type", "pkg_path", "exact", "allocated", "marked"), object),
            "reachable": bool,
            "allocation_site": object,
            "span": {"address", "class", "elemsize", "noscan", "state"},
            "slot": {"address", "index"},
        },
    ),
    "go-refs": (
        (HELD,),
        {"referrers": [{"address", "base", "type", "exact", "field", "depth", "to"}], "left_out": int},
    ),
    "go-retained": (
        ("--limit", "2"),
        {
            "total": {"objects", "bytes"},
            "items": [{"address", "type", "pkg_path", "shallow_bytes", "retained_bytes", "retained_objects"}],
            "left_out": int,
        },
    ),
    "go-cycles": (
        (),
        {
            "cycles": [
                {
                    *("address", "objects", "bytes", "retained_bytes", "retained_objects", "types", "contexts", "root"),
                    *("dominator", "only_root", "entrances", "example"),
                }
            ]
        },
    ),
    "go-heapdump": (
        (NEW,),
        {
            **dict.fromkeys(("file", "format"), str),
            **{key: {"objects", "bytes"} for key in ("total", "unreachable")},
            **dict.fromkeys(("size", "types", "sampled", "contexts"), int),
        },
    ),
    "go-diff": (
        (DUMPED,),
        {
            **{key: {"kind", "pid", "total", "unreachable", "contexts", "doubts"} for key in ("before", "after")},
            "same": {"objects", "bytes", "proved", "sampled", "recorded"},
            "fates": ({"verdict", *(f"{of}_{when}" for of in ("contexts", "objects", "bytes") for when in WHEN)},),
            "types": [GROWN | {"type", "pkg_path", "exact", "same_count", "same_bytes"}],
            "groups": [
                GROWN | {"verdict", "kind", "registered_with", "key", "site", "sampled", "same_count", "example"}
            ],
            "sites": (GROWN | {"sampled_before", "sampled_after", "type", "pkg_path", "stack"},),
        },
    ),
    "go-lifetimes": (
        (DUMPED,),
        {
            "collections": [int],
            "types": [{"survived", "since", "count", "bytes", "type", "pkg_path", "sampled", "site", "stack"}],
        },
    ),
    "go-gcroot": (
        (HELD,),
        {
            "reachable": bool,
            "paths": [
                {
                    "root": {"kind", "name", "goid", "function", "frame"},
                    "edges": [{"from", "field", "to", "type", "exact"}],
                }
            ],
        },
    ),
    "go-print": (
        (HELD,),
        {
            "address": str,
            "type": str,
            "exact": bool,
            "value": dict,
            "bounds": {"depth", "elements", "bytes"},
            "cut": ({"at", "shown", "of", "unit"},),
        },
    ),
    "go-alloc-site": ((HELD,), {"sampled": bool, "stack": (FRAME,)}),
    "go-report": ((NEW_PAGE,), {"file": str, "size": int, "sentence": str, "parts": [{"name", "why_not"}]}),
    "go-triage": (
        (),
        {
            "findings": ({"kind", "grade", "sentence", "bytes", "share", "next"},),
            "doing": [str],
            "looked": [{"what", "why_not"}],
        },
    ),
    "go-threads": ((), {"threads": [{"tid", "m", "p", "goid", "doing"}]}),
    "go-doctor": (
        (),
        {
            "go_version": str,
            "experiments": (str,),
            "gdb": object,
            "python": str,
            "declarations": {"ok": int, "missing": (str,)},
            "can": [str],
            "cannot": (str,),
            "next": [str],
        },
    ),
}
"""Command: (its arguments, the shape of what it answers). A set names the keys of an object; [x]: a list with at least
one row, each of them an x; (x,): a list whose rows are so, perhaps an empty one."""


def lacking(shape: object, value: object, where: str) -> Iterator[str]:
    """What ``value`` lacks of ``shape``."""
    if isinstance(shape, set):
        yield from (f"{where}.{key}" for key in sorted(shape - set(value if isinstance(value, dict) else ())))
    elif isinstance(shape, dict):
        for key, inner in shape.items():
            found = isinstance(value, dict) and key in value
            yield from lacking(inner, value[key], f"{where}.{key}") if found else (f"{where}.{key}",)  # type: ignore
    elif isinstance(shape, list | tuple):
        if not isinstance(value, list) or (isinstance(shape, list) and not value):
            yield f"{where}[]"
            return
        for index, row in enumerate(value):
            yield from lacking(shape[0], row, f"{where}[{index}]")
    elif not isinstance(value, shape):  # type: ignore[arg-type]
        yield f"{where} as {shape}"


IN_GDB = {"go-goroutine"}


def test_what_is_lacking_is_found() -> None:
    shape = {"rows": [{"a", "b"}], "n": int, "o": {"p": str}}
    assert list(lacking(shape, {"rows": [{"a": 1, "b": 2}], "n": 1, "o": {"p": ""}}, "")) == []
    assert list(lacking(shape, {"rows": [{"a": 1}], "n": "x", "o": {}}, "")) == [
        ".rows[0].b",
        ".n as <class 'int'>",
        ".o.p",
    ]
    assert list(lacking(shape, {"rows": []}, "")) == [".rows[]", ".n", ".o"]
    perhaps = {"rows": ({"a"},)}
    assert list(lacking(perhaps, {"rows": []}, "")) == list(lacking(perhaps, {"rows": [{"a": 1}]}, "")) == []
    assert list(lacking(perhaps, {"rows": [{"b": 1}]}, "")) == [".rows[0].a"]
    assert list(lacking(perhaps, {"rows": None}, "")) == [".rows[]"]


def test_every_command_has_its_keys_here() -> None:
    assert set(KEYS) == set(registry())


@pytest.fixture(scope="module", params=["core", "live"])
def asked(request: pytest.FixtureRequest) -> Iterator[tuple[hosts.Host, Any]]:
    host = hosts.Host(str(request.param))
    with hosts.subject(host, programs.build("ctxforest", GO)) as subject:
        yield host, subject


@contextlib.contextmanager
def sample(place: str, name: str) -> Iterator[Any]:
    program = programs.build(name, GO)
    if place == "core":
        yield programs.core(program, f"gcore-{tools.gdbs()[-1]}")
    else:
        with programs.run(program) as running:
            yield running


def filled(arguments: Sequence[str], ask: Callable[..., Any], folder: Path) -> list[str]:
    """The arguments of KEYS as words; ``ask`` asks the program."""
    return [_filled(one, ask, folder) for one in arguments]


def _filled(one: str, ask: Callable[..., Any], folder: Path) -> str:
    if one == HELD:
        return str(next(context["parent"] for context in ask("go-ctxtree")["contexts"] if a_parent(context)))
    if one == DUMPED:
        return str(ask("go-heapdump", str(folder / "dump"))["file"])
    if one == PROFILE:
        return str(ask("go-heapprofile", str(folder / "written"))["file"])
    return str(folder / NAMES[one]) if one in NAMES else one


def a_parent(context: dict[str, Any]) -> bool:
    """Whether another context refers to it."""
    return isinstance(context["parent"], str)


@pytest.mark.parametrize("name", KEYS)
def test_every_key_is_there(asked: tuple[hosts.Host, Any], name: str, tmp_path: Path) -> None:
    arguments = KEYS[name][0]
    host, subject = asked
    if host.place == "core" and name in GOES_ON:
        return
    host = hosts.Host(host.place, tools.gdbs()[-1]) if name in IN_GDB else host
    host = hosts.Host("live", copied=True) if host.place == "live" and name in PROOFS else host
    if name in SAMPLES:
        with sample(host.place, SAMPLES[name]) as other:
            check(host, other, name, filled(arguments, functools.partial(hosts.ask, host, other), tmp_path))
        return
    check(host, subject, name, filled(arguments, functools.partial(hosts.ask, host, subject), tmp_path))


def check(host: hosts.Host, subject: Any, name: str, words: Sequence[str]) -> None:
    document = hosts.ask(host, subject, name, *words)
    assert document["command"] == name
    assert document["schema"] == 1
    assert set(document["target"]) == TARGET
    assert list(lacking({**dict.fromkeys(EVERY, object), **KEYS[name][1]}, document, "")) == []


def test_contexts_of_a_running_program_say_whether_they_are_certain(asked: tuple[hosts.Host, Any]) -> None:
    document = hosts.ask(*asked, "go-ctxtree")
    certain = [isinstance(context.get("certain"), bool) for context in document["contexts"]]
    assert all(certain) if document["target"]["kind"] == "running" else not any(certain)
