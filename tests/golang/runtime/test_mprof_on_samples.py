"""The memory profile against the runtime's own dump of it."""

from __future__ import annotations

import pytest

from gdbext.golang.runtime import mprof
from tests import heaps, programs


@pytest.mark.parametrize("maker", heaps.places())
def test_buckets_are_those_that_the_runtime_dumped(go: str, maker: str) -> None:
    with heaps.dumped(programs.build("heap", go), maker) as dumped:
        program, said = dumped.session.program, dumped.dump
        found = mprof.buckets(program)
        one = {address: mprof.bucket(program, address) for address in found.address[:20].tolist()}
        assert mprof.profile_rate(program) == 4096
    rows = zip(*(column.tolist() for column in (found.size, found.depth, found.allocs, found.frees)), strict=True)
    dumped_rows = {at: (each.size, len(each.stack), each.allocs, each.frees) for at, each in said.buckets.items()}
    assert dict(zip(found.address.tolist(), rows, strict=True)) == dumped_rows
    assert found.there == len(said.samples) > 0 and found.unreadable == 0 and not found.broken
    assert {at: bucket and len(bucket.pcs) for at, bucket in one.items()} == {at: dumped_rows[at][1] for at in one}
