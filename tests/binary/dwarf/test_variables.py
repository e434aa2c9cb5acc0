"""Parameters and locals against GDB: at every stop, in every frame, the same names with the same bytes."""

from __future__ import annotations

import json
import os
import subprocess
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from gdbext.binary.dwarf.locations import Piece
from gdbext.binary.dwarf.variables import Variable
from gdbext.binary.executable import Binary
from tests import tools
from tests.waiting import HANG_SECONDS

SOURCE = """package main

import (
	"context"
	"fmt"
	"os"
)

type point struct{ x, y int64 }

type shape interface{ area(scale int) int }

func (p point) area(scale int) int { return int(p.x*p.y) * scale }

var sink any

//go:noinline
func stop(mark int) { sink = mark }

//go:noinline
func registers(a int, b string, c []byte, d shape, e *point, f bool, g uint16) int {
	stop(1)
	return a + len(b) + len(c) + d.area(2) + int(e.x) + int(g)
}

func inlined(p *point, factor int) int64 {
	product := p.x * int64(factor)
	total := product + p.y
	return total
}

//go:noinline
func inlines(p *point, n int) (sum int64) {
	for i := 0; i < n; i++ {
		part := inlined(p, i)
		stop(2)
		sum += part
		{
			n := part * 2
			stop(3)
			sum += n
		}
	}
	return sum
}

//go:noinline
func many(a, b, c, d, e, f, g, h, i, j, k, l int64) int64 {
	stop(4)
	return a + b + c + d + e + f + g + h + i + j + k + l
}

//go:noinline
func escapes(name string) func() int {
	counter := len(name)
	next := func() int {
		counter++
		stop(5)
		return counter + len(name)
	}
	sink = &counter
	stop(6)
	return next
}

//go:noinline
func withContext(ctx context.Context, values map[string]int, done chan struct{}) error {
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	array := [4]uint32{1, 2, 3, 4}
	stop(7)
	close(done)
	<-inner.Done()
	return fmt.Errorf("%v %v %d", array, values, len(values))
}

//go:noinline
func generic[T any](value T, others ...T) int {
	stop(8)
	sink = value
	return len(others)
}

func main() {
	p := &point{3, 4}
	total := registers(10+len(os.Args), "hello", []byte{1, 2, 3}, point{5, 6}, p, true, 77)
	total += int(inlines(p, 2))
	total += int(many(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, int64(len(os.Args))))
	total += escapes("name")()
	ctx, cancel := context.WithCancel(context.WithValue(context.Background(), "key", 1))
	cancel()
	fmt.Fprintln(os.Stderr, withContext(ctx, map[string]int{"a": 1}, make(chan struct{})))
	total += generic("text", "a", "b") + generic(7)
	stop(total)
}
"""
BREAKS = "main.stop *'main.registers' *'main.many' *'main.escapes' *'main.withContext' *'main.inlines'"
SCRIPT = Path(__file__).with_name("gdbvariables.py")


@pytest.fixture(scope="module", params=["optimised", "plain"])
def program(go: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    flags = ["-gcflags=all=-N -l"] if request.param == "plain" else []
    return build(go, tmp_path_factory.mktemp("variables"), flags)


def build(go: str, folder: Path, flags: Sequence[str]) -> str:
    (folder / "main.go").write_text(SOURCE)
    (folder / "go.mod").write_text("module variables\n\ngo 1.21\n")
    environment = {**os.environ, "GOTOOLCHAIN": f"go{go}", "GOFLAGS": ""}
    subprocess.run([tools.go_program(), "build", *flags, "-o", "program", "."], cwd=folder, env=environment, check=True)
    return str(folder / "program")


def told_by_gdb(path: str) -> list[list[dict[str, Any]]]:
    gdb = tools.gdbs()[-1]
    options = ["-nx", "-batch", "-iex", "set auto-load off", "-iex", "set debuginfod enabled off"]
    environment = {**os.environ, "GDBEXT_BREAK": BREAKS, "GODEBUG": "asyncpreemptoff=1"}
    command = [gdb.path, *options, "-ex", "set startup-with-shell on", "-x", str(SCRIPT), path]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=HANG_SECONDS)
    assert done.stdout.strip() and done.returncode == 0, done.stderr[-3000:]
    stops = json.loads(done.stdout.strip().splitlines()[-1])["stops"]
    assert len(stops) >= 12, done.stderr[-3000:]
    return list(stops)


def contents(variable: Variable, frame: dict[str, Any]) -> bytes | None:
    """The variable's bytes as our pieces say; None where a part is nowhere."""
    parts = [piece_bytes(piece, frame) for piece in variable.pieces]
    return b"".join(part for part in parts if part is not None) if parts and None not in parts else None


def piece_bytes(piece: Piece, frame: dict[str, Any]) -> bytes | None:
    if piece.kind == "register":
        value = frame["registers"].get(str(piece.value))
        return None if value is None else int(value).to_bytes(8, "little")[: piece.size]
    if piece.kind == "cfa":
        at = frame["cfa"] + piece.value - frame["low"]
        return bytes.fromhex(frame["stack"])[at : at + piece.size]
    if piece.kind == "cfa pointer":
        return None
    assert piece.kind == "missing", piece
    return None


def compare(ours: Sequence[Variable], frame: dict[str, Any]) -> tuple[int, list[str]]:
    """How many values are the same, and what differs. Names that occur twice in a function are left to luck."""
    theirs = {(function, name): value for function, name, value in frame["variables"]}
    twice = Counter((function, name) for function, name, _ in frame["variables"])
    same, wrong = 0, []
    named = {(variable.function, variable.name): variable for variable in ours}
    for key, value in theirs.items():
        if twice[key] > 1 or key[1].startswith("~") or value == "unknown":
            continue
        if key not in named:
            wrong.append(f"we lack {key}")
            continue
        mine = contents(named[key], frame)
        if mine is not None and value is not None and (len(mine), len(value)) == (8, 2):
            mine = mine[:1]  # GDB takes a Go function value for C code of one byte
        if value is not None and mine is not None and mine.hex() != value:
            wrong.append(f"{named[key]}: {mine.hex()} != {value}")
        elif value is not None and mine is None and frame["registers"]:
            wrong.append(f"{named[key]}: GDB has {value}")
        same += value is not None and mine is not None
    return same, wrong


def test_variables_equal_gdbs(program: str) -> None:
    binary, same, wrong = Binary.open(program), 0, []
    for frames in told_by_gdb(program):
        for frame in frames:
            function = binary.subprogram(frame["pc"])
            assert function is not None
            assert function.low <= frame["pc"] < function.high
            equal, different = compare(function.variables_at(frame["pc"]), frame)
            same += equal
            wrong += different
    assert wrong == []
    assert same > 45


def test_inlined_functions_variables_name_their_owner(go: str, tmp_path: Path) -> None:
    binary = Binary.open(build(go, tmp_path, []))
    function = binary.subprogram(binary.symbol("main.inlines"))
    assert function is not None
    every = {v for pc in range(function.low, function.high) for v in function.variables_at(pc)}
    found = {v for v in every if v.function == "main.inlined"}
    assert function.name == "main.inlines" and {v.name for v in found} >= {"p", "factor"}
    parameter = next(v for v in found if v.name == "p")
    assert (parameter.type_name, parameter.size, parameter.is_parameter) == ("*main.point", 8, True)
