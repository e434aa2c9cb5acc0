"""The writer of rows: pieces after one another, texts by number."""

from __future__ import annotations

import json

import numpy as np

from gdbext.report.rowjson import RowWriter, TextPool
from gdbext.report.values import Kind, Numbers, each


def test_pieces_of_any_size_from_one_writer() -> None:
    """Its buffer grows and is used again."""
    writer = RowWriter([("n", Kind.NUMBER), ("text", Kind.TEXT)])
    for count in (1, 1000, 0, 3):
        texts = [f"{number}" * 9 for number in range(count)]
        made = writer.piece([Numbers(np.arange(count)), each(texts)])
        assert json.loads(f"[{made}]") == [{"n": number, "text": texts[number]} for number in range(count)]


def test_a_text_that_came_before_keeps_its_number() -> None:
    pool = TextPool()
    assert [pool.literal("a"), pool.values(["x", "y"], Kind.TEXT), pool.literal("a"), pool.literal("b")] == [0, 1, 0, 3]
    assert pool.values([], Kind.TEXT) == 4
    assert pool.values([[1, 2], []], Kind.LIST) == 4
    texts, start, end = pool.arrays()
    found = [texts[a:b].tobytes().decode() for a, b in zip(start, end, strict=True)]
    assert found == ["a", '"x"', '"y"', "b", "[1, 2]", "[]"]
