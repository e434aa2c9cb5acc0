"""What a kernel may be given, and that its machine code does what Python would."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest

from gdbext.compute.functions import helper
from gdbext.compute.library import Library
from gdbext.compute.signatures import KernelFault, Signature
from tests.compute import samplekernels

library = Library(__name__)


def numbers(*values: int, dtype: Any = np.uint64) -> Any:
    return np.array(values, dtype)


def test_arrays_and_numbers_go_in_and_numbers_come_out() -> None:
    out = np.zeros(3, np.int64)
    assert samplekernels.running(numbers(1, 2, 3), 10, out) == (16, 3)
    assert out.tolist() == [11, 13, 16]
    assert samplekernels.running(numbers(), 10, out) == (10, 0)


def test_tuples_and_planes() -> None:
    rows = np.arange(6, dtype=np.int32).reshape(2, 3)
    pair = numbers(1, 2, dtype=np.uint8), numbers(3, dtype=np.uint8)
    assert samplekernels.corner(pair, rows) == 3 + 5
    assert samplekernels.nothing(np.zeros(1, np.bool_)) is None


def test_one_of_several_signatures_is_taken() -> None:
    assert samplekernels.last(numbers(7, 8, dtype=np.uint8)) == 8
    assert samplekernels.last(numbers(7, -9, dtype=np.int32)) == -9


def test_a_record_goes_in_as_one() -> None:
    pair = samplekernels.Pair(numbers(4, 5), numbers(-6, 0, dtype=np.int32), np.zeros(1, np.bool_))
    assert samplekernels.ends(1, pair, 2) == (1, 5, -6, 2)
    for wrong in (tuple(pair), pair._replace(left=pair.right), pair._replace(flags=numbers(1))):
        with pytest.raises(KernelFault, match="takes no"):
            samplekernels.ends(1, wrong, 2)


def test_a_record_has_arrays_only() -> None:
    class Bad(NamedTuple):
        number: int

    with pytest.raises(KernelFault, match="Bad has fields that are no arrays: int"):
        Signature.parse("Bad", {"Bad": Bad})


def test_unsigned_numbers_keep_their_bits() -> None:
    assert samplekernels.same((1 << 64) - 1) == -1


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ((numbers(1), 1), "takes no \\(uint64\\[\\], int\\)"),
        ((numbers(1, dtype=np.int64), 1, np.zeros(1, np.int64)), "takes no \\(int64\\[\\]"),
        ((np.zeros(4, np.uint64)[::2], 1, np.zeros(2, np.int64)), "takes no \\(uint64\\[\\] strided"),
        ((np.zeros((2, 2), np.uint64), 1, np.zeros(2, np.int64)), "takes no \\(uint64\\[,\\]"),
        ((numbers(1), numbers(1), np.zeros(2, np.int64)), "takes no"),
    ],
)
def test_what_does_not_fit_is_refused(values: tuple[Any, ...], said: str) -> None:
    with pytest.raises(KernelFault, match=said):
        samplekernels.running(*values)


@pytest.mark.parametrize("text", ["f64[]", "u64[] -> u64", "u8", "u64[", "x"])
def test_signatures_that_no_kernel_can_have(text: str) -> None:
    with pytest.raises(KernelFault):
        Signature.parse(text, {})


def test_a_helper_is_not_for_python() -> None:
    def inner(value: int) -> int:
        return value

    assert not callable(helper(inner))
