"""Cells as text: humanised, and harmless to a terminal."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies

from gdbext.report import Absent, Address, Bytes, Duration, Hostile
from gdbext.report.cells import cell_text, escape, human_bytes, human_duration

SECOND = 1_000_000_000


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (Address(0xC000012345), "0xc000012345"),
        (Bytes(1_127_807_888), "1.05 GiB"),
        (Duration(58 * 60 * SECOND + 3 * SECOND), "58m3s"),
        (Absent("page\x1b[2Jnot in the core"), "(page\\x1b[2Jnot in the core)"),
        (Hostile("a\nb"), "a\\nb"),
        ("plain\x07", "plain\\x07"),
        (500000, "500000"),
        (True, "yes"),
        (None, "-"),
        (1 / 3, "0.3333"),
    ],
)
def test_each_kind_of_cell(cell: object, text: str) -> None:
    assert cell_text(cell) == text  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.00 KiB"),
        (1536, "1.50 KiB"),
        (10 * 1024, "10.0 KiB"),
        (999 * 1024, "999 KiB"),
        (1023 * 1024, "1.00 MiB"),
        (-2048, "-2.00 KiB"),
        (1 << 40, "1.00 TiB"),
        (1 << 62, "4.00 EiB"),
    ],
)
def test_sizes(size: int, text: str) -> None:
    assert human_bytes(size) == text


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        (0, "0ns"),
        (999, "999ns"),
        (1500, "1.5µs"),
        (2_000_000, "2ms"),
        (12_340_000_000, "12.3s"),
        (60 * SECOND, "1m"),
        (3600 * SECOND, "1h"),
        (3661 * SECOND, "1h1m1s"),
        (26 * 3600 * SECOND + 5, "1d2h"),
        (-90 * SECOND, "-1m30s"),
    ],
)
def test_durations(nanoseconds: int, text: str) -> None:
    assert human_duration(nanoseconds) == text


def test_what_a_terminal_would_obey_is_escaped() -> None:
    assert escape("\x1b]0;title\x07") == "\\x1b]0;title\\x07"
    assert escape("\u202egnp.exe") == "\\u202egnp.exe"
    assert escape("\x9b31m") == "\\x9b31m"
    assert escape("\u2028") == "\\u2028"


def test_bytes_that_are_no_utf8_are_shown_as_bytes() -> None:
    assert escape(b"ok \xff\xc3".decode(errors="surrogateescape")) == "ok \\xff\\xc3"


def test_letters_of_the_world_stay() -> None:
    assert escape("größe 世界 🙂") == "größe 世界 🙂"


@given(strategies.text(strategies.characters(codec=None, categories=None)))
def test_any_text_becomes_printable_and_encodable(text: str) -> None:
    shown = escape(text)
    assert shown.isprintable()
    shown.encode()


@given(strategies.integers(0, 1 << 64))
def test_numbers_of_any_size_stay_short(number: int) -> None:
    assert len(human_bytes(number)) <= len("16,384.00 EiB")
    assert len(human_duration(number)) <= len("213503d23h34m")
