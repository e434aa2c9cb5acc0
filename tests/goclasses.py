"""The arithmetic of spans, from the runtime's constants (runtime/sizeclasses.go, initSpan of runtime/mheap.go)."""

from __future__ import annotations

PAGE = 8192
MOST_INLINE = 512
"""Bytes of the largest objects whose span has their pointer bitmap at its end (heapBitsInSpan). All are of one page."""


def objects_in_page(size: int, scan: bool, headers: bool, green_tea: bool) -> int:
    """How many objects of a size class up to 512 bytes fit into their span.

    ``headers``: larger objects have malloc headers, smaller ones their bitmap in the span (from Go 1.22 on).
    ``green_tea``: their marks are there too.
    """
    assert size <= MOST_INLINE
    bitmap = PAGE // 8 // 8 if scan and headers else 0
    marks = 128 if green_tea and size >= 16 else 0
    return (PAGE - bitmap - marks) // size
