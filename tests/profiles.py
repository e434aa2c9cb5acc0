"""Profiles as runtime/pprof and we write them (profile.proto), read for comparison."""

from __future__ import annotations

import gzip
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from attrs import frozen

Fields = dict[int, list[Any]]


@frozen
class Sample:
    """``places``: (address, ((function, file, where it starts, line), …)) innermost first; ``labels``: by name."""

    places: tuple[tuple[int, tuple[tuple[str, str, int, int], ...]], ...]
    values: tuple[int, ...]
    labels: tuple[tuple[str, str | int], ...]


@frozen
class Profile:
    """``kinds``: (what, unit) of each value; ``period``: (what, unit, how much)."""

    kinds: tuple[tuple[str, str], ...]
    period: tuple[str, str, int]
    samples: tuple[Sample, ...]


def read(path: Path) -> Profile:
    """A profile's file."""
    whole = fields(gzip.decompress(path.read_bytes()))
    texts = [raw.decode() for raw in whole[6]]
    functions = {one(row, 1): row for row in map(fields, whole[5])}
    places = {one(row, 1): row for row in map(fields, whole[4])}

    def kind(raw: bytes) -> tuple[str, str]:
        row = fields(raw)
        return texts[one(row, 1)], texts[one(row, 2)]

    def line(raw: bytes) -> tuple[str, str, int, int]:
        row = fields(raw)
        function = functions[one(row, 1)]
        return texts[one(function, 2)], texts[one(function, 4)], one(function, 5), one(row, 2)

    def label(raw: bytes) -> tuple[str, str | int]:
        row = fields(raw)
        return texts[one(row, 1)], texts[one(row, 2)] if row[2] else one(row, 3)

    def sample(raw: bytes) -> Sample:
        row = fields(raw)
        ids, values = (tuple(numbers(row[tag])) for tag in (1, 2))
        found = tuple((one(places[id_], 3), tuple(map(line, places[id_][4]))) for id_ in ids)
        return Sample(found, tuple(signed(value) for value in values), tuple(map(label, row[3])))

    period = (*kind(one(whole, 11)), signed(one(whole, 12)))
    return Profile(tuple(map(kind, whole[1])), period, tuple(map(sample, whole[2])))


def signed(value: int) -> int:
    return value - (1 << 64) if value >> 63 else value


def one(row: Fields, tag: int) -> Any:
    """A field that is there once, or 0."""
    return row[tag][0] if row[tag] else 0


def fields(raw: bytes) -> Fields:
    """A message's fields by their tags."""
    found: Fields = defaultdict(list)
    at = 0
    while at < len(raw):
        key, at = varint(raw, at)
        if key & 7 == 0:
            value, at = varint(raw, at)
            found[key >> 3].append(value)
        else:
            size, at = varint(raw, at)
            found[key >> 3].append(raw[at : at + size])
            at += size
    return found


def numbers(rows: list[Any]) -> Iterator[int]:
    """Packed or not."""
    for row in rows:
        if isinstance(row, int):
            yield row
            continue
        at = 0
        while at < len(row):
            value, at = varint(row, at)
            yield value


def varint(raw: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        value |= (raw[at] & 0x7F) << shift
        shift += 7
        at += 1
        if not raw[at - 1] & 0x80:
            return value, at
