"""Compiled loops that write rows of text: a million rows are too many for one Python string each."""

from __future__ import annotations

import numpy as np
from numba import njit

TEXT, NUMBER, ADDRESS = 0, 1, 2
TEXTS = np.int64(-(1 << 63))
"""A NUMBER or an ADDRESS of ``TEXTS + k`` stands for text k: no address of a program is there."""
MOST_TEXTS = np.int64(1 << 40)
WIDEST = 20  # characters of a number, of "0x…" in quotes
QUOTE, ZERO, X, MINUS, LETTERS = 34, 48, 120, 45, 87  # the letter a is 10


@njit(cache=True)
def text_of(form, cell):  # type: ignore[no-untyped-def]
    """Which text a cell stands for; -1 for a number."""
    if form == TEXT:
        return cell
    if cell < TEXTS + MOST_TEXTS:
        return cell - TEXTS
    return -1


@njit(cache=True)
def put_text(pool, start, index, out, at):  # type: ignore[no-untyped-def]
    """Write text ``index``; where it ends."""
    for i in range(start[index], start[index + 1]):
        out[at] = pool[i]
        at += 1
    return at


@njit(cache=True)
def put_digits(value, base, out, at):  # type: ignore[no-untyped-def]
    """Write an unsigned number; where it ends."""
    width, rest = 1, value // base
    while rest:
        width, rest = width + 1, rest // base
    for place in range(at + width - 1, at - 1, -1):
        digit = value % base
        out[place] = digit + np.uint64(ZERO if digit < np.uint64(10) else LETTERS)
        value = value // base
    return at + width


@njit(cache=True)
def put_number(value, out, at):  # type: ignore[no-untyped-def]
    """Write a signed number in decimal; where it ends."""
    if value < 0:
        out[at] = MINUS
        return put_digits(np.uint64(-value), np.uint64(10), out, at + 1)
    return put_digits(np.uint64(value), np.uint64(10), out, at)


@njit(cache=True)
def put_address(value, out, at):  # type: ignore[no-untyped-def]
    """Write an address in quotes; where it ends."""
    out[at], out[at + 1], out[at + 2] = QUOTE, ZERO, X
    at = put_digits(np.uint64(value), np.uint64(16), out, at + 3)
    out[at] = QUOTE
    return at + 1


@njit(cache=True)
def room(forms, cells, start):  # type: ignore[no-untyped-def]
    """Bytes that suffice for all cells."""
    total = 0
    for j in range(len(forms)):
        for i in range(cells.shape[1]):
            text = text_of(forms[j], cells[j, i])
            total += start[text + 1] - start[text] if text >= 0 else WIDEST
    return total


@njit(cache=True)
def rows(forms, cells, literals, pool, start):  # type: ignore[no-untyped-def]
    """The rows as bytes. ``cells`` (columns, rows); text k is ``pool[start[k]:start[k + 1]]``; ``literals[j]``: the
    text before column j, the last one ends the row."""
    fixed = 0
    for text in literals:
        fixed += start[text + 1] - start[text]
    out, at = np.empty(room(forms, cells, start) + fixed * cells.shape[1], np.uint8), 0
    for i in range(cells.shape[1]):
        for j in range(len(forms)):
            at = put_text(pool, start, literals[j], out, at)
            text = text_of(forms[j], cells[j, i])
            if text >= 0:
                at = put_text(pool, start, text, out, at)
            elif forms[j] == ADDRESS:
                at = put_address(cells[j, i], out, at)
            else:
                at = put_number(cells[j, i], out, at)
        at = put_text(pool, start, literals[len(forms)], out, at)
    return out[:at]
