"""Compiled loops over the entries of types and of functions that are known by their places."""

from __future__ import annotations

import numpy as np

from gdbext.binary.dwarf import constants as dw
from gdbext.binary.dwarf.kernels import read_entry
from gdbext.compute.functions import helper
from gdbext.compute.intrinsics import stopped
from gdbext.compute.library import Library

library = Library(__name__)


@helper
def unit_at(units, pos):
    """The number of the unit that has the entry at ``pos``; -1 without one."""
    low, high = 0, len(units)
    while low < high:
        middle = (low + high) // 2
        if units[middle, dw.START] <= pos:
            low = middle + 1
        else:
            high = middle
    low -= 1
    return low if low >= 0 and units[low, dw.FIRST] <= pos < units[low, dw.END] else -1


@helper
def packed_name(kinds, values):
    """What the index has in NAME_AT, 0 without a name."""
    if dw.IN_INFO <= kinds[dw.NAME] <= dw.IN_LINE_STR:
        return (kinds[dw.NAME] << dw.NAME_SHIFT) | (values[dw.NAME] & ((1 << dw.NAME_SHIFT) - 1))
    return np.int64(0)


@helper
def number_of(kinds, values, slot, absent):
    """A constant or the place of an entry."""
    kind = kinds[slot]
    return values[slot] if kind == dw.CONSTANT or kind == dw.REFERENCE else np.int64(absent)


@library.kernel("control 5*u8[] i64[,] i64[,] i64[,] i64[] i64[,] i64[,] i64[,] -> i64")
def read_types(control, sections, units, heads, specs, entries, types, members, scratch):
    """What the ``entries`` say of types: a row of ``types`` each (TYPE_COLUMNS), their members side by side.

    Absent numbers are -1, the tag 0 where no entry can be read. Returns how many members there are, which may be more
    than there is room for.
    """
    kinds, values, lengths = scratch[0], scratch[1], scratch[2]
    count = 0
    for i in range(len(entries)):
        row, number = types[i], unit_at(units, entries[i])
        row[:] = -1
        row[dw.OF_TAG], row[dw.OF_MEMBER], row[dw.OF_MEMBERS] = 0, count, 0
        if number < 0:
            continue
        unit, pos, depth = units[number], entries[i], 0
        while unit[dw.FIRST] <= pos < unit[dw.END]:
            if stopped(control):
                return count
            pos, head = read_entry(sections, unit, heads, specs, pos, kinds, values, lengths)
            if pos < 0:
                row[dw.OF_TAG] = 0
                break
            if head < 0:
                depth -= 1
                if depth <= 0:
                    break
                continue
            tag, level = heads[head, 1], depth
            depth += heads[head, 2] != 0
            if level == 0:
                row[dw.OF_TAG], row[dw.OF_NAME] = tag, packed_name(kinds, values)
                row[dw.OF_SIZE] = number_of(kinds, values, dw.BYTE_SIZE, -1)
                row[dw.OF_TYPE] = number_of(kinds, values, dw.TYPE, -1)
                row[dw.OF_KIND] = number_of(kinds, values, dw.GO_KIND, -1)
                row[dw.OF_ELEM] = number_of(kinds, values, dw.GO_ELEM, -1)
                if kinds[dw.DECLARATION] != dw.ABSENT:
                    row[dw.OF_TAG] = 0
                if depth == 0:
                    break
            elif level == 1 and tag == dw.TAG_SUBRANGE:
                bound = number_of(kinds, values, dw.UPPER_BOUND, -2)
                row[dw.OF_COUNT] = number_of(kinds, values, dw.COUNT, bound + 1)
            elif level == 1 and tag == dw.TAG_MEMBER:
                if count < len(members):
                    members[count, dw.MEMBER_AT] = number_of(kinds, values, dw.MEMBER_OFFSET, -1)
                    members[count, dw.MEMBER_TYPE] = number_of(kinds, values, dw.TYPE, -1)
                    members[count, dw.MEMBER_NAME] = packed_name(kinds, values)
                count += 1
                row[dw.OF_MEMBERS] += 1
    return count


@library.kernel("control 5*u8[] i64[,] i64[,] i64[,] i64[] i64[,] i64[,] -> i64")
def read_captures(control, sections, units, heads, specs, functions, captures, scratch):
    """The captured variables of closures whose entries are ``functions``: rows of ``captures`` (CAPTURE_COLUMNS).

    A variable whose type stands elsewhere has its abstract origin, negative, for it. Returns how many there are, which
    may be more than there is room for.
    """
    kinds, values, lengths = scratch[0], scratch[1], scratch[2]
    count = 0
    for i in range(len(functions)):
        number = unit_at(units, functions[i])
        if number < 0:
            continue
        unit, pos, depth = units[number], functions[i], 0
        while unit[dw.FIRST] <= pos < unit[dw.END]:
            if stopped(control):
                return count
            pos, head = read_entry(sections, unit, heads, specs, pos, kinds, values, lengths)
            if pos < 0:
                break
            if head < 0:
                depth -= 1
                if depth <= 0:
                    break
                continue
            depth += heads[head, 2] != 0
            if kinds[dw.CLOSURE_OFFSET] == dw.CONSTANT:
                if count < len(captures):
                    row = captures[count]
                    row[dw.CAPTURED_BY], row[dw.CAPTURED_AT] = i, values[dw.CLOSURE_OFFSET]
                    origin = -number_of(kinds, values, dw.ORIGIN, 0)
                    row[dw.CAPTURED_TYPE] = number_of(kinds, values, dw.TYPE, origin)
                    row[dw.CAPTURED_NAME] = packed_name(kinds, values)
                count += 1
            if depth == 0:
                break
    return count
