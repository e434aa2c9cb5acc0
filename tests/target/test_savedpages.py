"""Pages of saved memory that are not all zeros."""

from __future__ import annotations

import numpy as np

from gdbext.target import Mapping, savedpages
from gdbext.target.image import Image
from gdbext.target.residency import PAGE

START = 1 << 20


def test_pages_with_anything_in_them() -> None:
    data = np.zeros(6 * PAGE, np.uint8)
    data[0], data[2 * PAGE + 1234], data[5 * PAGE - 1] = 1, 1, 1
    mappings = [Mapping(START, START + 8 * PAGE, "", 0, "rw-p"), Mapping(1 << 40, 1 << 46, "", 0, "---p")]
    found = savedpages.residency(Image.of_arrays([(START, data)]), mappings)
    pages = START + PAGE * np.arange(8, dtype=np.uint64)
    counted = found.resident_in(np.stack([pages, pages + np.uint64(PAGE)], axis=1)).tolist()
    assert counted == [PAGE, 0, PAGE, 0, PAGE, 0, 0, 0]
    assert not found.measured and found.how == savedpages.HOW
    assert found.mapped == 8 * PAGE + (1 << 46) - (1 << 40) and found.resident == 3 * PAGE


def test_segments_that_begin_in_the_middle_of_a_page() -> None:
    data = np.ones(2 * PAGE, np.uint8)
    found = savedpages.residency(
        Image.of_arrays([(START + 100, data)]), [Mapping(START, START + 4 * PAGE, "", 0, "rw-p")]
    )
    assert found.resident == PAGE
