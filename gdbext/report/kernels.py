"""Compiled loops that write rows of text: a million rows are too many for one Python string each.

They take arrays and numbers, allocate nothing and return a number. Texts are copied ``STEP`` bytes at a time, beyond
their ends: ``pool`` and ``out`` must have ``SLACK`` bytes more than what counts.
"""

from __future__ import annotations

import numpy as np

from gdbext.compute.functions import helper
from gdbext.compute.intrinsics import copy16, store64
from gdbext.compute.library import Library

library = Library(__name__)

TEXT, NUMBER, ADDRESS, SECONDS, NANOSECONDS = 0, 1, 2, 3, 4
"""What a column holds: numbers of texts, decimals, ``"0x…"``, ``"2006-01-02T15:04:05.`` and what follows that:
``999999999Z"``."""
TEXTS = np.int64(-(1 << 63))
"""A cell of any form but TEXT that is ``TEXTS + k`` stands for text k: no address of a program is there."""
MOST_TEXTS = np.int64(1 << 40)
WIDEST = 21  # characters of a number, of "0x…" in quotes, of a date up to its seconds
STEP, SLACK = 16, 32
QUOTE, ZERO, X, MINUS, LETTERS, COLON, DOT, T, Z = 34, 48, 120, 45, 87, 58, 46, 84, 90  # the letter a is 10
DAY, ERA_DAYS, ERA_YEARS, TO_MARCH_OF_YEAR_0 = 86400, 146097, 400, 719468


@helper
def text_of(form, cell, texts):
    """Which of so many texts a cell stands for; -1 for a number."""
    if form == TEXT:
        return cell if 0 <= cell < texts else 0
    if cell < TEXTS + texts:
        return cell - TEXTS
    return -1


@helper
def put_text(source, length, target):
    """Copy ``length`` bytes and some more; where they end."""
    for done in range(0, length, STEP):
        copy16(source + np.uint64(done), target + np.uint64(done))
    return length


@helper
def put_padded(value, width, out, at):
    """Write ``width`` decimal digits; where they end."""
    for place in range(at + width - 1, at - 1, -1):
        rest = value // np.uint64(10)
        out[place] = np.uint8(value - rest * np.uint64(10)) + np.uint8(ZERO)
        value = rest
    return at + width


@helper
def put_number(value, out, at):
    """Write a signed number in decimal; where it ends."""
    if value < 0:
        out[at] = MINUS
        at += 1
    rest = np.uint64(-value) if value < 0 else np.uint64(value)
    width, above = 1, rest // np.uint64(10)
    while above:
        width, above = width + 1, above // np.uint64(10)
    return put_padded(rest, width, out, at)


@helper
def hex8(value):
    """The eight hexadecimal digits of a 32-bit number, the first one lowest: all at once, a byte each."""
    value = (value >> np.uint64(16) | value << np.uint64(32)) & np.uint64(0x0000FFFF0000FFFF)
    value = (value >> np.uint64(8) | value << np.uint64(16)) & np.uint64(0x00FF00FF00FF00FF)
    value = (value >> np.uint64(4) | value << np.uint64(8)) & np.uint64(0x0F0F0F0F0F0F0F0F)
    letter = (value + np.uint64(0x0606060606060606)) >> np.uint64(4) & np.uint64(0x0101010101010101)
    return value + np.uint64(0x3030303030303030) + letter * np.uint64(LETTERS - ZERO)


@helper
def put_address(value, target, out, at):
    """Write an address in quotes; where it ends."""
    out[at], out[at + 1], out[at + 2] = QUOTE, ZERO, X
    width, above = 1, value >> np.uint64(4)
    while above:
        width, above = width + 1, above >> np.uint64(4)
    value <<= np.uint64(64 - 4 * width)
    store64(target + np.uint64(at + 3), hex8(value >> np.uint64(32)))
    store64(target + np.uint64(at + 11), hex8(value & np.uint64(0xFFFFFFFF)))
    out[at + 3 + width] = QUOTE
    return at + 4 + width


@helper
def put_seconds(seconds, out, at):
    """Write ``"2006-01-02T15:04:05.`` of seconds since 1970, in the proleptic Gregorian calendar; where it ends."""
    day = seconds // DAY + TO_MARCH_OF_YEAR_0
    era = day // ERA_DAYS
    day -= era * ERA_DAYS
    year = (day - day // 1460 + day // 36524 - day // (ERA_DAYS - 1)) // 365
    day -= 365 * year + year // 4 - year // 100
    march = (5 * day + 2) // 153
    month = march + 3 if march < 10 else march - 9
    year += era * ERA_YEARS + (1 if march >= 10 else 0)
    out[at] = QUOTE
    at = put_padded(np.uint64(year), 4, out, at + 1)
    out[at] = MINUS
    at = put_padded(np.uint64(month), 2, out, at + 1)
    out[at] = MINUS
    at = put_padded(np.uint64(day - (153 * march + 2) // 5 + 1), 2, out, at + 1)
    rest = seconds - seconds // DAY * DAY
    out[at] = T
    at = put_padded(np.uint64(rest // 3600), 2, out, at + 1)
    out[at] = COLON
    at = put_padded(np.uint64(rest // 60 % 60), 2, out, at + 1)
    out[at] = COLON
    at = put_padded(np.uint64(rest % 60), 2, out, at + 1)
    out[at] = DOT
    return at + 1


@helper
def put_nanoseconds(value, out, at):
    """Write ``999999999Z"``; where it ends."""
    at = put_padded(np.uint64(value), 9, out, at)
    out[at], out[at + 1] = Z, QUOTE
    return at + 2


@library.kernel("i64[] i64[,] i64[] i64[] i64[] -> i64")
def room(forms, cells, literals, start, end):
    """Bytes that suffice for all rows, slack included."""
    fixed = 0
    for text in literals:
        fixed += end[text] - start[text]
    total = fixed * cells.shape[1] + SLACK
    for j in range(len(forms)):
        for i in range(cells.shape[1]):
            text = text_of(forms[j], cells[j, i], len(start))
            total += end[text] - start[text] if text >= 0 else WIDEST
    return total


@library.kernel("i64[] i64[,] i64[] u64 i64[] i64[] u64 u8[] -> i64")
def rows(forms, cells, literals, texts, start, end, target, out):
    """Write the rows to ``out``, which has ``room``; returns how many bytes they are. ``cells`` (columns, rows); text
    k lies from ``texts + start[k]`` to ``texts + end[k]``; ``literals[j]``: the text before column j, the last one ends
    the row; ``target``: where ``out`` lies."""
    at = 0
    for i in range(cells.shape[1]):
        for j in range(len(literals)):
            text = literals[j]
            at += put_text(texts + np.uint64(start[text]), end[text] - start[text], target + np.uint64(at))
            if j == len(forms):
                break
            form, cell = forms[j], cells[j, i]
            text = text_of(form, cell, len(start))
            if text >= 0:
                at += put_text(texts + np.uint64(start[text]), end[text] - start[text], target + np.uint64(at))
            elif form == ADDRESS:
                at = put_address(np.uint64(cell), target, out, at)
            elif form == NUMBER:
                at = put_number(cell, out, at)
            elif form == SECONDS:
                at = put_seconds(cell, out, at)
            else:
                at = put_nanoseconds(cell, out, at)
    return at
