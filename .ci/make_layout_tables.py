#!/usr/bin/env python3
"""Write gdbext/binary/tables: layouts of Go's structures per release, architecture and experiment.

    .ci/make_layout_tables.py 1.27.3            a new Go release is this one command
    .ci/make_layout_tables.py --all             every release in RELEASES

Each table is read from the DWARF of a program built here (cross-compiled for the second architecture). An experiment
can change a layout only if the packages that declare our structures mention it: those are built, each alone, and what
differs is stored. An experiment that changes nothing on amd64 is taken to change nothing on arm64.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import pkgutil
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import gdbext.golang  # noqa: E402
from gdbext.binary.dwarf.skimmer import Dwarf  # noqa: E402
from gdbext.binary.elf import Elf  # noqa: E402
from gdbext.binary.layouts import DwarfLayouts, Layout  # noqa: E402
from gdbext.golang.reading import declarations  # noqa: E402

TABLES = ROOT / "gdbext" / "binary" / "tables"
RELEASES = ("1.21.13", "1.22.10", "1.23.9", "1.24.11", "1.25.5", "1.26.8", "1.27.3")
ARCHES = ("amd64", "arm64")
PACKAGES = ("runtime", "internal/abi", "internal/runtime", "context", "time", "sync", "internal/sync")
"""Source folders that declare what we store (and the types of its fields)."""

STRUCTS = """
runtime.g runtime.gobuf runtime.sudog runtime.hchan runtime.waitq runtime.m runtime.p runtime.schedt runtime.mspan
runtime.mheap runtime.pageAlloc runtime.fixalloc runtime.heapArena runtime.mcache runtime.mcentral
runtime.spanInlineMarkBits runtime.special runtime.specialfinalizer runtime.specialprofile runtime.specialCleanup
runtime.cleanupFn runtime.specialWeakHandle runtime.specialPinCounter runtime.finblock runtime.finBlock
runtime.finalizer runtime.cleanupBlock runtime.cleanupBlockHeader runtime.cleanupQueue runtime.timer runtime.timers
runtime.timerWhen runtime.timeTimer time.Timer time.Ticker time.Time time.Location runtime._defer runtime._panic
runtime.moduledata runtime.pcHeader runtime._func runtime.stackObjectRecord runtime.stackmap runtime.inlinedCall
runtime.bucket runtime.memRecord runtime.memRecordCycle runtime.mstats runtime.heapStatsDelta
runtime.gcControllerState runtime.gcCPULimiterState runtime.workType context.cancelCtx context.timerCtx
context.afterFuncCtx context.valueCtx context.stopCtx context.withoutCancelCtx runtime.hmap runtime.mapextra
internal/runtime/maps.Map internal/runtime/maps.table internal/runtime/maps.groupsReference internal/abi.Type
internal/abi.UncommonType internal/abi.PtrType internal/abi.ArrayType internal/abi.ChanType internal/abi.SliceType
internal/abi.FuncType internal/abi.InterfaceType internal/abi.Imethod internal/abi.Method internal/abi.StructType
internal/abi.StructField internal/abi.MapType internal/abi.SwissMapType internal/abi.OldMapType runtime.itab
internal/abi.ITab runtime.itabTableType runtime.xRegPerG runtime.synctestBubble runtime.synctestGroup
runtime.maybeTraceablePtr
runtime.ancestorInfo runtime.semaRoot sync.Mutex sync.RWMutex sync.WaitGroup sync.Pool
runtime/pprof.labelMap
""".split()

PROGRAM = """package main

import (
	"context"
	"os"
	"os/signal"
	"reflect"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"sync"
	"time"
)

type node struct{ next *node }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	ctx, cancel := context.WithTimeout(context.WithValue(ctx, "key", 1), time.Hour)
	undo := context.AfterFunc(ctx, func() { println("done") })
	ctx = context.WithoutCancel(ctx)
	object := &node{}
	runtime.SetFinalizer(object, func(*node) {})
	var pinner runtime.Pinner
	pinner.Pin(object)
	pprof.Do(ctx, pprof.Labels("a", "b"), func(context.Context) {})
	pprof.Lookup("goroutine").WriteTo(os.Stderr, 2)
	pprof.WriteHeapProfile(os.Stderr)
	debug.WriteHeapDump(2)
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	var pool sync.Pool
	var lock sync.RWMutex
	condition := sync.NewCond(&lock)
	var group sync.WaitGroup
	group.Wait()
	ticker := time.NewTicker(time.Second)
	values := map[any]any{1: pool.Get(), 2: condition, 3: ticker, 4: &group}
	for key, value := range values {
		println(reflect.TypeOf(key).String(), reflect.ValueOf(value).Kind(), reflect.TypeOf(value).NumMethod())
	}
	cases := []reflect.SelectCase{{Dir: reflect.SelectDefault}}
	reflect.Select(cases)
	defer func() { recover() }()
	undo()
	cancel()
	stop()
	pinner.Unpin()
	more(object)
	panic(time.Now().Local().String())
}
"""
MORE = {
    "more_old.go": "//go:build !go1.24\n\npackage main\n\nfunc more(*node) {}\n",
    "more_new.go": """//go:build go1.24

package main

import (
	"runtime"
	"weak"
)

func more(object *node) {
	pointer := weak.Make(object)
	runtime.AddCleanup(object, func(int) {}, 1)
	println(pointer.Value())
}
""",
}


def import_decoders() -> None:
    """So that what they declare is known."""
    for module in pkgutil.walk_packages(gdbext.golang.__path__, "gdbext.golang."):
        if not module.name.endswith("kernels"):
            importlib.import_module(module.name)


def wanted_names() -> list[str]:
    """STRUCTS and whatever the decoders declare."""
    return sorted({*STRUCTS, *(name for declared in declarations.declarations() for name in declared.names)})


def constants_of(path: Path) -> dict[str, int]:
    """The values of the declared constants."""
    dwarf = Dwarf(Elf.open(str(path)))
    names = sorted(each.prefix + name for each in declarations.enumerations() for name in each.names)
    return {name: value for name in names if (value := dwarf.constant(name)) is not None}


def go(release: str, *arguments: str, cwd: str | None = None, **environment: str) -> str:
    """What a go command prints. GOTOOLCHAIN picks the release."""
    settings = {**os.environ, "GOTOOLCHAIN": f"go{release}", "CGO_ENABLED": "0", **environment}
    done = subprocess.run(["go", *arguments], cwd=cwd, env=settings, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"go {' '.join(arguments)} ({release} {environment}):\n{done.stderr}")
    return done.stdout


def build(release: str, arch: str, experiment: str, folder: str) -> Path:
    """Our program, built; a path that differs for every variant."""
    source = Path(folder, "source")
    source.mkdir(exist_ok=True)
    Path(source, "go.mod").write_text("module layouts\n\ngo 1.21\n")
    for name, text in {"main.go": PROGRAM, **MORE}.items():
        Path(source, name).write_text(text)
    made = Path(folder, f"go{release}-{arch}-{experiment or 'default'}")
    go(release, "build", "-o", str(made), ".", cwd=str(source), GOARCH=arch, GOOS="linux", GOEXPERIMENT=experiment)
    return made


def experiments(release: str) -> list[str]:
    """The GOEXPERIMENT settings that differ from the default and that the packages' source mentions."""
    root = Path(go(release, "env", "GOROOT").strip(), "src")
    known = {path.name[4:-6] for path in (root / "internal" / "goexperiment").glob("exp_*_on.go")}
    tags = go(release, "list", "-f", '{{join context.ToolTags " "}}', "runtime", GOARCH="amd64")
    on = set(re.findall(r"goexperiment\.(\w+)", tags))
    mentioned = {name.lower().removesuffix("int") for name in _mentions(root)} | {n.lower() for n in _mentions(root)}
    return sorted(f"no{name}" if name in on else name for name in mentioned & known)


def _mentions(root: Path) -> Iterator[str]:
    for package in PACKAGES:
        for path in (root / package).rglob("*.go"):
            if not path.name.endswith("_test.go"):
                yield from re.findall(r"goexperiment\.(\w+)", path.read_text("utf-8"))


def layouts_of(path: Path, names: Iterable[str]) -> dict[str, Any]:
    """The layouts of the named structures and of every structure that lies inside one of them."""
    source, found, waiting = DwarfLayouts(Dwarf(Elf.open(str(path)))), {}, list(names)
    while waiting:
        name = waiting.pop()
        layout = source.find(name) if name not in found else None
        if layout is not None:
            found[name] = _plain(layout)
            waiting += filter(None, map(_inner, (field.type for field in layout.fields.values())))
    return dict(sorted(found.items()))


def _inner(name: str) -> str:
    """The structure that a field of this type holds by value; "" when it is a pointer, slice, map …"""
    element = re.sub(r"^(\[\d+\])+", "", name)
    is_reference = re.match(r"\*|\[\]|map\[|func\(|chan |<-chan|chan<-|string$", element)
    return "" if is_reference else element


def _plain(layout: Layout) -> Any:
    return [layout.size, {name: [f.offset, f.size, f.type] for name, f in layout.fields.items()}]


def difference(variant: Mapping[str, Any], base: Mapping[str, Any]) -> dict[str, Any]:
    """What a variant has otherwise; None for a structure that it has no more."""
    changed = {name: value for name, value in variant.items() if base.get(name) != value}
    return {**changed, **{name: None for name in base if name not in variant}}


def make(release: str, folder: str) -> dict[str, Any]:
    """The table of one release."""
    import_decoders()
    names, program = wanted_names(), build(release, "amd64", "", folder)
    base = layouts_of(program, names)
    arm64 = layouts_of(build(release, "arm64", "", folder), names)
    variants: dict[str, Any] = {"arm64": difference(arm64, base)}
    looked_at = experiments(release)
    for experiment in looked_at:
        changed = difference(layouts_of(build(release, "amd64", experiment, folder), names), base)
        if changed:
            variants[f"amd64+{experiment}"] = changed
            other = layouts_of(build(release, "arm64", experiment, folder), names)
            variants[f"arm64+{experiment}"] = difference(other, arm64)
        print(f"go{release} {experiment}: {len(changed)} structures differ", flush=True)
    head = {"go": f"go{release}", "arches": list(ARCHES), "experiments": looked_at}
    return {**head, "constants": constants_of(program), "structs": base, "variants": variants}


def write(table: Mapping[str, Any], path: Path) -> None:
    """JSON with one structure on a line: small, and a new release shows as a readable difference."""
    head = {key: value for key, value in table.items() if key not in ("structs", "variants")}
    parts = [f'"{key}":{_json(value)}' for key, value in head.items()]
    parts.append('"structs":' + _lines(table["structs"]))
    variants = ",\n".join(f"{_json(key)}:{_lines(value)}" for key, value in table["variants"].items())
    path.write_text("{" + ",\n".join(parts) + ',\n"variants":{' + variants + "}}\n")


def _lines(structs: Mapping[str, Any]) -> str:
    return "{" + ",\n".join(f"{_json(name)}:{_json(value)}" for name, value in structs.items()) + "}"


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def main() -> None:
    """Make the tables that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("release", nargs="*", help="such as 1.27.3")
    parser.add_argument("--all", action="store_true", help=f"every release: {' '.join(RELEASES)}")
    options = parser.parse_args()
    TABLES.mkdir(exist_ok=True)
    for release in RELEASES if options.all else options.release:
        with tempfile.TemporaryDirectory() as folder:
            table = make(release, folder)
        write(table, TABLES / f"go1.{release.split('.')[1]}.json")
        missing = [name for name in STRUCTS if name not in table["structs"]]
        print(f"go{release}: {len(table['structs'])} structures; not in this release: {' '.join(missing)}", flush=True)


if __name__ == "__main__":
    main()
