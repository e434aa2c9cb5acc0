"""What a sample says about itself, parsed: its JSON line, and the goroutines as runtime.Stack printed them."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from attrs import define, field, frozen


@frozen
class Frame:
    """One printed frame."""

    function: str
    file: str
    line: int


@frozen
class Goroutine:
    """One block of runtime.Stack. ``state`` is what stands in brackets without minutes and locks ("chan receive")."""

    goid: int
    state: str
    locked: bool
    frames: tuple[Frame, ...]
    created_by: str
    parent: int
    """The creator's goid, 0 for main."""

    created_at: tuple[str, int]
    """File and line of the go statement; ("", 0) for main."""

    cut: bool = False
    """The middle frames are elided: runtime.Stack prints 50 innermost and 50 outermost ones."""

    labels: str = ""
    """As printed from Go 1.27 on: ``path: /v1/things, tenant: acme``."""


@define(slots=False)
class Truth:
    """The line of JSON, whole: ``line`` as printed, ``facts`` as parsed."""

    line: bytes = field(repr=False)
    facts: dict[str, Any] = field(repr=False)

    @classmethod
    def parse(cls, line: bytes) -> Truth:
        return cls(line, json.loads(line))

    @cached_property
    def contexts(self) -> dict[int, dict[str, Any]]:
        """Planted contexts by address; the record's keys are those of samples/ctxforest/record.go."""
        return {int(record["address"], 16): record for record in self.facts["contexts"]}

    @cached_property
    def names(self) -> dict[str, dict[str, Any]]:
        """The same by name."""
        return {record["name"]: record for record in self.facts["contexts"]}

    @cached_property
    def facts_by_hex(self) -> dict[str, dict[str, Any]]:
        """The same by address as printed."""
        return {record["address"]: record for record in self.facts["contexts"]}

    @cached_property
    def decoys(self) -> dict[int, dict[str, Any]]:
        """What must never be listed, by address."""
        return {int(decoy["address"], 16): decoy for decoy in self.facts["decoys"]}

    @cached_property
    def goroutines(self) -> dict[int, Goroutine]:
        """By goid, as runtime.Stack printed them; the runtime's own are not in it."""
        return {goroutine.goid: goroutine for goroutine in parse_stacks(self.facts["stack"])}

    @property
    def reporter(self) -> int:
        """The goroutine that wrote the truth: running then, reading standard input ever after."""
        return int(self.facts["reporter"])


_HEADER = re.compile(r"goroutine (\d+)(?: gp=\S+ m=\S+(?: mp=\S+)?)? \[([^\]]*)\](?: \{(.*)\})?:$")
_PLACE = re.compile(r"\t(.*):(\d+)(?: \+0x[0-9a-f]+)?(?: fp=.*)?$")
_ON_M = re.compile(r"PC=\S+ m=(\d+) ")
_CREATED = re.compile(r"created by (.*?)(?: in goroutine (\d+))?$")


def parse_stacks(text: str) -> list[Goroutine]:
    """The blocks of runtime.Stack(all=true) or of a crash."""
    return [_parse_block(block.strip("\n").split("\n")) for block in text.split("\n\n") if block.strip()]


def parse_crash(text: str) -> tuple[dict[int, Goroutine], dict[int, Goroutine]]:
    """What a dying program prints: goroutines by goid, and the scheduler's stack by the number of each m that got the
    signal there. Left out is what it has no stack of (then), as of one that runs on another thread."""
    goroutines: dict[int, Goroutine] = {}
    schedulers: dict[int, Goroutine] = {}
    lines, m = text.split("\n"), -1
    for at, line in enumerate(lines):
        m = int(match[1]) if (match := _ON_M.match(line)) else m
        if _HEADER.match(line) and len(block := _block(lines, at)) > 1:
            found = _parse_block(block)
            (goroutines if found.goid else schedulers)[found.goid or m] = found
    return goroutines, schedulers


def _block(lines: Sequence[str], start: int) -> list[str]:
    """The lines that belong to a header: two for each frame."""
    end = start + 1
    while end + 1 < len(lines) and (lines[end].startswith("...") or _PLACE.match(lines[end + 1])):
        end += 1 if lines[end].startswith("...") else 2
    return list(lines[start:end])


def _parse_block(lines: Sequence[str]) -> Goroutine:
    header = _HEADER.match(lines[0])
    if not header:
        raise ValueError(f"not a goroutine's header: {lines[0]!r}")
    words = header[2].split(", ")
    frames: list[Frame] = []
    created, parent, created_at, cut = "", 0, ("", 0), False
    rest = iter(lines[1:])
    for line in rest:
        if line.startswith("...") and line.endswith("frames elided..."):
            cut = True
            continue
        place = _PLACE.match(next(rest))
        if not place:
            raise ValueError(f"no place below {line!r}")
        if match := _CREATED.match(line):
            created, parent, created_at = match[1], int(match[2] or 0), (place[1], int(place[2]))
        else:
            frames.append(Frame(_without_arguments(line), place[1], int(place[2])))
    locked = "locked to thread" in words
    return Goroutine(int(header[1]), words[0], locked, tuple(frames), created, parent, created_at, cut, header[3] or "")


def _without_arguments(line: str) -> str:
    """``main.f[...](0x1, {...})`` without the last pair of brackets."""
    depth = 0
    for at in range(len(line) - 1, -1, -1):
        depth += {")": 1, "(": -1}.get(line[at], 0)
        if line[at] == "(" and not depth:
            return line[:at]
    raise ValueError(f"no arguments in {line!r}")
