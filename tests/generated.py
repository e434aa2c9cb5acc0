"""Sources for the executing oracle: for each seed another program, with other types around cancel functions and others
who have them, in another order, inlined and not. ``python -m tests.generated --seeds 0:100`` judges many of them.

A *shape* is a Go type that has a cancel function somewhere inside: how a value is made of one, and how the function is
had from a value. Shapes are drawn inside each other. A *holder* is who has the value: a variable, a goroutine, nobody.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from attrs import define, field, frozen

from tests import tools
from tests.cancels import Judged, judge
from tests.programs import SAMPLES, Program, build, made_whole

FOLDER = SAMPLES / "cancels"
"""Where the compiler sees the sources; they are not there."""
PLACES, DEEPEST = 24, 5
WAYS: Sequence[tuple[str, ...]] = ((), (), ("-gcflags=all=-N -l",), ("-gcflags=all=-l",), ("-ldflags=-s -w",))
"""Flags, one of which a seed has."""
NOISE = ("int", "string", "[3]byte", "*int", "uint16", "any", "[]byte", "func()")
HEAD = """// Code generated for the oracle, seed {seed}. DO NOT EDIT.

package main

import (
	"context"
	"reflect"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"
)

type gbox[T any] struct {{
	pad   [2]uintptr
	value T
}}

type gnode[T any] struct {{
	value T
	next  *gnode[T]
}}

type gholder[T any] struct{{ value T }}

func (h gholder[T]) get() T {{ return h.value }}

type ggetter[T any] interface{{ get() T }}

func gptr[T any](value T) *T {{ return &value }}

func gzero[T any]() (value T) {{ return }}

func gsent[T any](value T) chan T {{
	channel := make(chan T, 3)
	channel <- gzero[T]()
	<-channel
	channel <- value
	return channel
}}

func greceived[T any](channel chan T) T {{ return <-channel }}

func ggrown[T any](value T, count int) map[int]T {{
	made := map[int]T{{}}
	for i := 0; i < count; i++ {{
		made[i] = gzero[T]()
	}}
	made[count] = value
	return made
}}

func gonly[T any](from map[*T]int) T {{
	for one := range from {{
		return *one
	}}
	panic("empty")
}}

func gstored[T any](value T) *atomic.Pointer[T] {{
	made := new(atomic.Pointer[T])
	made.Store(&value)
	return made
}}

//go:noinline
func gdown(depth int, value any, then func(any)) {{
	if depth == 0 {{
		then(value)
		return
	}}
	gdown(depth-1, value, then)
	runtime.KeepAlive(depth)
}}

func init() {{
	places = []place{{
		{{"dropped", func(context.CancelFunc) func() {{ return nil }}}},
{list}
	}}
	_, _, _, _ = time.Hour, reflect.Int, unsafe.Pointer(nil), sync.Once{{}}
}}
"""
COROUTINES = """//go:build go1.23

package main

import (
	"context"
	"iter"
	"reflect"
	"sync"
	"sync/atomic"
	"unsafe"
)

var _, _, _, _ = reflect.Int, sync.Once{{}}, atomic.Bool{{}}, unsafe.Pointer(nil)

var gnexts []func() (int, bool)

func init() {{
	places = append(places, place{{{title}, func(cancel context.CancelFunc) func() {{
		at := len(gnexts)
		next, _ := iter.Pull(func(yield func(int) bool) {{
			v := {put}
			yield(1)
			{get}()
		}})
		next()
		gnexts = append(gnexts, next)
		return func() {{ gnexts[at]() }}
	}}}})
}}
"""
"""The source of another file."""


@frozen
class Shape:
    """A type; ``put`` makes a value of it, of an expression that is a cancel function; ``get`` is that of a value."""

    type: str
    put: Callable[[str], str]
    get: Callable[[str], str]


LEAF = Shape("context.CancelFunc", lambda c: c, lambda e: e)


@define
class Writer:
    """One source. ``declared``: what it declares besides places."""

    dice: random.Random
    declared: list[str] = field(factory=list)
    count: int = 0

    def name(self, stem: str) -> str:
        """A new one."""
        self.count += 1
        return f"{stem}{self.count}"

    def shape(self, depth: int) -> Shape:
        """Drawn; ``depth`` shapes around a cancel function."""
        inner = self.shape(depth - 1) if depth > 0 else LEAF
        return self.dice.choice(SHAPES)(self, inner) if depth > 0 else inner

    def place(self) -> str:
        """An element of the list of places; the function of it is declared."""
        shape, name = self.shape(self.dice.randint(1, DEEPEST)), self.name("gplace")
        holder = self.dice.choice(HOLDERS)
        body = holder(self, shape)
        inline = self.dice.choice(["", "//go:noinline\n"])
        self.declared.append(f"{inline}func {name}(cancel context.CancelFunc) func() {{\n{body}\n}}")
        title = f"{holder.__name__.strip('_').replace('_', ' ')}: {shape.type}"
        return f"\t\t{{{json.dumps(title)}, {name}}},"

    def source(self, seed: int) -> str:
        """The whole of it."""
        places = [self.place() for _ in range(PLACES)]
        self.dice.shuffle(places)
        self.dice.shuffle(self.declared)
        return "\n\n".join([HEAD.format(seed=seed, list="\n".join(places)), *self.declared]) + "\n"


def _struct(writer: Writer, inner: Shape) -> Shape:
    name, dice = writer.name("gstruct"), writer.dice
    fields = [f"n{number} {dice.choice(NOISE)}" for number in range(dice.randint(0, 4))]
    fields.insert(dice.randint(0, len(fields)), f"f {inner.type}")
    writer.declared.append(f"type {name} struct {{\n" + "\n".join(f"\t{one}" for one in fields) + "\n}")
    return Shape(name, lambda c: f"{name}{{f: {inner.put(c)}}}", lambda e: inner.get(f"{e}.f"))


def _pointer(writer: Writer, inner: Shape) -> Shape:
    return Shape(f"*{inner.type}", lambda c: f"gptr({inner.put(c)})", lambda e: inner.get(f"(*{e})"))


def _slice(writer: Writer, inner: Shape) -> Shape:
    at = writer.dice.choice([0, 1, 7, 70])
    made = f"append(make([]{inner.type}, {at}, {at + writer.dice.randint(1, 3)})"
    return Shape(f"[]{inner.type}", lambda c: f"{made}, {inner.put(c)})", lambda e: inner.get(f"{e}[{at}]"))


def _tail(writer: Writer, inner: Shape) -> Shape:
    """Behind the length of a slice."""
    made = f"append(make([]{inner.type}, 1, 4)"
    return Shape(f"[]{inner.type}", lambda c: f"{made}, {inner.put(c)})[:1]", lambda e: inner.get(f"{e}[:2][1]"))


def _array(writer: Writer, inner: Shape) -> Shape:
    size = writer.dice.choice([1, 2, 5, 40])
    at = writer.dice.randrange(size)
    type_ = f"[{size}]{inner.type}"
    return Shape(type_, lambda c: f"{type_}{{{at}: {inner.put(c)}}}", lambda e: inner.get(f"{e}[{at}]"))


def _map(writer: Writer, inner: Shape) -> Shape:
    count = writer.dice.choice([0, 3, 8, 100])
    return Shape(
        f"map[int]{inner.type}", lambda c: f"ggrown({inner.put(c)}, {count})", lambda e: inner.get(f"{e}[{count}]")
    )


def _named(writer: Writer, inner: Shape) -> Shape:
    type_ = f"map[string]{inner.type}"
    return Shape(type_, lambda c: f'{type_}{{"k": {inner.put(c)}}}', lambda e: inner.get(f'{e}["k"]'))


def _key(writer: Writer, inner: Shape) -> Shape:
    type_ = f"map[*{inner.type}]int"
    return Shape(type_, lambda c: f"{type_}{{gptr({inner.put(c)}): 1}}", lambda e: inner.get(f"gonly({e})"))


def _channel(writer: Writer, inner: Shape) -> Shape:
    return Shape(f"chan {inner.type}", lambda c: f"gsent({inner.put(c)})", lambda e: inner.get(f"greceived({e})"))


def _closure(writer: Writer, inner: Shape) -> Shape:
    pad = writer.dice.choice(["", "n++; "])
    return Shape(
        f"func() {inner.type}",
        lambda c: (
            f"func() func() {inner.type} {{ v, n := {inner.put(c)}, 0; return func() {inner.type} "
            f"{{ {pad}_ = n; return v }} }}()"
        ),
        lambda e: inner.get(f"{e}()"),
    )


def _any(writer: Writer, inner: Shape) -> Shape:
    return Shape("any", lambda c: f"any({inner.put(c)})", lambda e: inner.get(f"{e}.({inner.type})"))


def _generic(writer: Writer, inner: Shape) -> Shape:
    type_ = f"gbox[{inner.type}]"
    return Shape(type_, lambda c: f"{type_}{{value: {inner.put(c)}}}", lambda e: inner.get(f"{e}.value"))


def _list(writer: Writer, inner: Shape) -> Shape:
    type_, far = f"gnode[{inner.type}]", writer.dice.randint(0, 3)
    before, behind = f"&{type_}{{next: " * far, "}" * far
    get = ".next" * far + ".value"
    return Shape(
        f"*{type_}", lambda c: f"{before}&{type_}{{value: {inner.put(c)}}}{behind}", lambda e: inner.get(e + get)
    )


def _interface(writer: Writer, inner: Shape) -> Shape:
    type_ = f"ggetter[{inner.type}]"
    holder = f"gholder[{inner.type}]"
    return Shape(type_, lambda c: f"{type_}({holder}{{{inner.put(c)}}})", lambda e: inner.get(f"{e}.get()"))


def _method(writer: Writer, inner: Shape) -> Shape:
    holder = f"gholder[{inner.type}]"
    return Shape(f"func() {inner.type}", lambda c: f"{holder}{{{inner.put(c)}}}.get", lambda e: inner.get(f"{e}()"))


def _atomic(writer: Writer, inner: Shape) -> Shape:
    type_ = f"*atomic.Pointer[{inner.type}]"
    return Shape(type_, lambda c: f"gstored({inner.put(c)})", lambda e: inner.get(f"(*{e}.Load())"))


def _value(writer: Writer, inner: Shape) -> Shape:
    """Of a context."""
    return Shape(
        "context.Context",
        lambda c: f"context.WithValue(context.Background(), key{{}}, {inner.put(c)})",
        lambda e: inner.get(f"{e}.Value(key{{}}).({inner.type})"),
    )


def _reflected(writer: Writer, inner: Shape) -> Shape:
    get = f".Interface().({inner.type})"
    return Shape("reflect.Value", lambda c: f"reflect.ValueOf({inner.put(c)})", lambda e: inner.get(e + get))


def _unsafe(writer: Writer, inner: Shape) -> Shape:
    return Shape(
        "unsafe.Pointer",
        lambda c: f"unsafe.Pointer(gptr({inner.put(c)}))",
        lambda e: inner.get(f"(*(*{inner.type})({e}))"),
    )


def _once(writer: Writer, inner: Shape) -> Shape:
    type_ = f"func() {inner.type}"
    once = f"sync.OnceValue({type_} {{ return v }})"
    return Shape(
        type_, lambda c: f"func() {type_} {{ v := {inner.put(c)}; return {once} }}()", lambda e: inner.get(f"{e}()")
    )


SHAPES = (
    *(_struct, _struct, _pointer, _slice, _tail, _array, _map, _named, _key, _channel, _closure, _any, _generic, _list),
    *(_interface, _method, _atomic, _value, _reflected, _unsafe, _once),
)


def _variable(writer: Writer, shape: Shape) -> str:
    name = writer.name("gvariable")
    writer.declared.append(f"var {name} []{shape.type}")
    return (
        f"\tat := len({name})\n\t{name} = append({name}, {shape.put('cancel')})\n"
        f"\treturn func() {{ {shape.get(f'{name}[at]')}() }}"
    )


def _table(writer: Writer, shape: Shape) -> str:
    name = writer.name("gtable")
    writer.declared.append(f"var {name} = map[int]*{shape.type}{{}}")
    return (
        f"\tat := len({name})\n\t{name}[at] = gptr({shape.put('cancel')})\n"
        f"\treturn func() {{ {shape.get(f'(*{name}[at])')}() }}"
    )


def _goroutine(writer: Writer, shape: Shape) -> str:
    return _waits(f"v := {shape.put('cancel')}", "<-done", f"{shape.get('v')}()")


def _deferred(writer: Writer, shape: Shape) -> str:
    return _waits(f"v := {shape.put('cancel')}", f"defer func() {{ {shape.get('v')}() }}()", "<-done")


def _deferred_in_a_loop(writer: Writer, shape: Shape) -> str:
    calls = f"for i := 0; i < 3; i++ {{ defer func() {{ if i < 9 {{ {shape.get('v')}() }} }}() }}"
    drained = "once := new(sync.Once)"
    once = calls.replace(f"{shape.get('v')}()", f"once.Do(func() {{ {shape.get('v')}() }})")
    return _waits(drained, f"v := {shape.put('cancel')}", once, "<-done")


def _while_it_panics(writer: Writer, shape: Shape) -> str:
    last = f"defer func() {{ <-done; recover(); {shape.get('v')}() }}()"
    return _waits(f"v := {shape.put('cancel')}", last, "panic(1)")


def _one_case_of_several(writer: Writer, shape: Shape) -> str:
    other = "ctx, dropped := context.WithCancel(parents[0].make()); _ = dropped"
    return _waits(
        other, f"v := {shape.put('cancel')}", "select { case <-ctx.Done(): case <-done: }", f"{shape.get('v')}()"
    )


def _frames_below(writer: Writer, shape: Shape) -> str:
    depth, mine = writer.dice.choice([1, 3, 40]), shape.get(f"v.({shape.type})")
    return _waits(f"gdown({depth}, {shape.put('cancel')}, func(v any) {{ <-done; {mine}() }})")


def _waits(*lines: str) -> str:
    """A goroutine that does this until its channel is closed."""
    body = "".join(f"\t\t{line}\n" for line in lines)
    return f"\tdone := make(chan struct{{}})\n\twait(func() {{\n{body}\t}})\n\treturn func() {{ close(done) }}"


def _stopped_for_ever(writer: Writer, shape: Shape) -> str:
    last = writer.dice.choice(["select {}", "<-make(chan int)", "var none chan int; <-none"])
    return f"\twait(func() {{\n\t\tv := {shape.put('cancel')}\n\t\t{last}\n\t\t{shape.get('v')}()\n\t}})\n\treturn nil"


def _timer(writer: Writer, shape: Shape) -> str:
    return (
        f"\tv := {shape.put('cancel')}\n\ttimer := time.AfterFunc(time.Hour, func() {{ {shape.get('v')}() }})\n"
        "\ttimers = append(timers, timer)\n\treturn func() { timer.Reset(0) }"
    )


def _timer_stopped(writer: Writer, shape: Shape) -> str:
    stopped = f"time.AfterFunc(time.Hour, func() {{ {shape.get('v')}() }}).Stop()"
    return f"\tv := {shape.put('cancel')}\n\t{stopped}\n\treturn nil"


def _value_of_a_lost_one(writer: Writer, shape: Shape) -> str:
    return (
        f"\tctx := context.WithValue(parents[0].make(), key{{}}, {shape.put('cancel')})\n"
        "\t_, dropped := context.WithCancel(ctx)\n\t_ = dropped\n\treturn nil"
    )


def _called_after(writer: Writer, shape: Shape) -> str:
    """A root ends."""
    return (
        f"\tv := {shape.put('cancel')}\n\tother, dropped := context.WithCancel(parents[0].make())\n"
        f"\t_ = dropped\n\tcontext.AfterFunc(other, func() {{ {shape.get('v')}() }})\n\treturn nil"
    )


def _nobody(writer: Writer, shape: Shape) -> str:
    return f"\tv := {shape.put('cancel')}\n\truntime.KeepAlive(v)\n\treturn nil"


def _waiter_for_a_held_one(writer: Writer, shape: Shape) -> str:
    body = f"\t\tv := {shape.put('cancel')}\n\t\t<-ctx.Done()\n\t\t{shape.get('v')}()\n"
    held = "\tctx, end := context.WithCancel(context.Background())\n\tfunctions = append(functions, end)\n"
    return f"{held}\twait(func() {{\n{body}\t}})\n\treturn end"


HOLDERS = (
    *(_variable, _variable, _table, _goroutine, _deferred, _frames_below, _stopped_for_ever, _timer, _timer_stopped),
    *(_value_of_a_lost_one, _called_after, _nobody, _waiter_for_a_held_one, _deferred_in_a_loop, _while_it_panics),
    _one_case_of_several,
)


def program(seed: int, go: str) -> Program:
    """The one of a seed, built."""
    dice = random.Random(seed)
    sources, flags = sources_of(dice, seed), dice.choice(WAYS)
    folder = tools.cache_folder() / "generated" / hashlib.sha256("".join(sources.values()).encode()).hexdigest()[:16]
    if not folder.exists():
        with made_whole(folder) as new:
            for name, source in sources.items():
                (new / name).write_text(source)
            seen = {str(FOLDER / name): str(folder / name) for name in sources}
            (new / "overlay.json").write_text(json.dumps({"Replace": seen}))
    return build("cancels", go, (f"-overlay={folder / 'overlay.json'}", *flags))


def sources_of(dice: random.Random, seed: int) -> dict[str, str]:
    """The files of a seed, by name."""
    writer = Writer(dice)
    shape = LEAF
    for _ in range(dice.randint(1, DEEPEST)):
        shape = dice.choice([one for one in SHAPES if one is not _struct])(writer, shape)
    title = json.dumps(f"coroutine: {shape.type}")
    more = COROUTINES.format(title=title, put=shape.put("cancel"), get=shape.get("v"))
    return {"generated.go": Writer(dice).source(seed), "generated123.go": more}


def judged(seed: int, go: str, folder: Path, many: int) -> Judged:
    """What becomes of the program of a seed."""
    return judge(program(seed, go), folder, seed, many)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.generated", description=__doc__)
    parser.add_argument("--go", default=tools.EVERY_GO[-1])
    parser.add_argument("--seeds", default="0:20", help="FROM:TO")
    parser.add_argument("--many", type=int, default=300, help="contexts of each program")
    args = parser.parse_args()
    first, last = map(int, args.seeds.split(":"))
    wrong, doubted, contexts, ended = 0, 0, 0, 0
    for seed in range(first, last):
        with tempfile.TemporaryDirectory() as folder:
            found = judged(seed, args.go, Path(folder), args.many)
        for one in found.wrong:
            print(f"seed {seed}: proved {found.said(one['address'])}, and ended: {one}", flush=True)
        for why in found.doubts:
            print(f"seed {seed}: doubt: {why}", flush=True)
        wrong, doubted = wrong + len(found.wrong), doubted + bool(found.doubts)
        contexts, ended = contexts + len(found.records), ended + len(found.ended)
    print(f"{last - first:,} programs, {contexts:,} contexts, {ended:,} ended; {wrong:,} that were proved did")
    return 1 if wrong or doubted else 0


if __name__ == "__main__":
    sys.exit(main())
