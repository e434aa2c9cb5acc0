"""Copies laid over each other: the later one wins, byte by byte."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings, strategies as st

from gdbext.golang.unstopped.heap import overlay
from gdbext.target.image import Image

PIECES = st.lists(
    st.lists(st.tuples(st.integers(0, 60), st.binary(min_size=1, max_size=12)), min_size=1, max_size=3),
    min_size=1,
    max_size=4,
)


def disjoint(pieces: list[tuple[int, bytes]]) -> list[tuple[int, bytes]]:
    """One copy has each byte once."""
    kept: list[tuple[int, bytes]] = []
    for start, data in sorted(pieces):
        if not kept or start >= kept[-1][0] + len(kept[-1][1]):
            kept.append((start, data))
    return kept


@given(PIECES)
@settings(max_examples=200)
def test_later_copies_lie_over_earlier_ones(drawn: list[list[tuple[int, bytes]]]) -> None:
    copies = [disjoint(pieces) for pieces in drawn]
    model = {start + i: byte for pieces in copies for start, data in pieces for i, byte in enumerate(data)}
    images = [Image.of_arrays((start, np.frombuffer(data, np.uint8).copy()) for start, data in one) for one in copies]
    made = overlay(images)
    assert {address: made.read(address, 1)[0] for address in model} == model
    assert sum((made.ends - made.starts).tolist()) == len(model)
