"""Compiled loops over DWARF 2 to 5: abbreviations, units, one pass over all entries, one entry's subtree.

Everything here works on whole sections as read-only uint8 arrays and on int64 numbers (unsigned values keep their
bits). Compiled code has no bounds checks, so every read is checked here: a position of -1 means "damaged", and every
loop moves forward by at least one byte. Formats: DWARF 5 §7.5; Go's own attributes: cmd/internal/dwarf.
"""

from __future__ import annotations

import numpy as np

from gdbext.binary.dwarf import constants as dw
from gdbext.compute.functions import helper
from gdbext.compute.intrinsics import stopped
from gdbext.compute.library import Library

library = Library(__name__)


@helper
def uleb(data, pos, end):
    """(value, next position), the position -1 when damaged. Bits above the 64th are lost, as in every reader."""
    value, shift = np.int64(0), 0
    while 0 <= pos < end and shift < 70:
        byte = np.int64(data[pos])
        pos += 1
        if shift < 64:
            value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, pos
        shift += 7
    return np.int64(0), np.int64(-1)


@helper
def sleb(data, pos, end):
    """Like ``uleb``, signed."""
    value, shift = np.int64(0), 0
    while 0 <= pos < end and shift < 70:
        byte = np.int64(data[pos])
        pos += 1
        if shift < 64:
            value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            if byte & 0x40 and shift < 64:
                value |= np.int64(-1) << shift
            return value, pos
    return np.int64(0), np.int64(-1)


@helper
def fixed(data, pos, size):
    """The little-endian number of up to 8 bytes; the caller has checked that they are there."""
    value = np.int64(0)
    for i in range(min(size, 8)):
        value |= np.int64(data[pos + i]) << (8 * i)
    return value


@library.kernel("u8[] i64 i64 -> i64")
def string_end(data, pos, end):
    """The position of the next zero byte, -1 without one."""
    while 0 <= pos < end:
        if data[pos] == 0:
            return pos
        pos += 1
    return np.int64(-1)


@library.kernel("control u8[] i64 -> i64 i64")
def count_abbreviations(control, abbrev, pos):
    """(abbreviations, attributes) of the table at ``pos``; (-1, -1) when damaged."""
    end, entries, attributes = len(abbrev), 0, 0
    while True:
        code, pos = uleb(abbrev, pos, end)
        if pos < 0 or code == 0 or stopped(control):
            return (entries, attributes) if pos >= 0 else (-1, -1)
        _, pos = uleb(abbrev, pos, end)
        if pos < 0:
            return -1, -1
        pos += 1
        entries += 1
        while True:
            name, pos = uleb(abbrev, pos, end)
            form, pos = uleb(abbrev, pos, end)
            if form == 0x21:
                _, pos = sleb(abbrev, pos, end)
            if pos < 0:
                return -1, -1
            if name == 0 and form == 0:
                break
            attributes += 1


@library.kernel("control u8[] i64 i64 i64 i64[,] i64[,] -> i64")
def read_abbreviations(control, abbrev, pos, entry, attribute, heads, specs):
    """Fill ``heads`` (code, tag, has children, first spec, end spec) and ``specs`` (slot, form, implicit value).

    ``count_abbreviations`` has been over the table. False when its codes do not grow or an entry has too many
    attributes (no compiler writes that).
    """
    end, last = len(abbrev), 0
    while True:
        code, pos = uleb(abbrev, pos, end)
        if code == 0 or stopped(control):
            return True
        if code <= last:
            return False
        last = code
        tag, pos = uleb(abbrev, pos, end)
        heads[entry, 0], heads[entry, 1], heads[entry, 2], heads[entry, 3] = code, tag, abbrev[pos], attribute
        pos += 1
        while True:
            name, pos = uleb(abbrev, pos, end)
            form, pos = uleb(abbrev, pos, end)
            value = np.int64(0)
            if form == 0x21:
                value, pos = sleb(abbrev, pos, end)
            if name == 0 and form == 0:
                break
            specs[attribute, 0] = dw.SLOT_OF[name] if 0 <= name < len(dw.SLOT_OF) else -1
            specs[attribute, 1] = form
            specs[attribute, 2] = value
            attribute += 1
        heads[entry, 4] = attribute
        if attribute - heads[entry, 3] > dw.ATTRIBUTE_LIMIT:
            return False
        entry += 1


@library.kernel("control u8[] i64[,] -> i64")
def read_units(control, info, units):
    """Fill ``units`` (rows of UNIT_COLUMNS) from the unit headers; the number of them, -1 when damaged.

    ABBREV has the offset of the table in .debug_abbrev.
    """
    pos, end, count = np.int64(0), len(info), 0
    while pos + 11 < end and count < len(units):
        start, offset_size = pos, 4
        length = fixed(info, pos, 4)
        pos += 4
        if length == 0 or stopped(control):
            break
        if length == 0xFFFFFFFF:
            length, offset_size = fixed(info, pos, 8), 8
            pos += 8
        if length < 0 or length > end - pos:
            return -1
        stop = pos + length
        if length < 12:  # too short for any header with entries: alignment, or an empty unit
            pos = stop
            continue
        version = fixed(info, pos, 2)
        if version < 2 or version > 5:
            return -1
        pos += 2
        if version >= 5:
            kind, address_size = np.int64(info[pos]), np.int64(info[pos + 1])
            table = fixed(info, pos + 2, offset_size)
            pos += 2 + offset_size
            if kind == 4 or kind == 5:
                pos += 8
            elif kind == 2 or kind == 6:
                pos += 8 + offset_size
        else:
            table = fixed(info, pos, offset_size)
            address_size = np.int64(info[pos + offset_size])
            pos += offset_size + 1
        if address_size != 8 and address_size != 4:
            return -1
        row = units[count]
        row[:] = 0
        row[dw.START], row[dw.FIRST], row[dw.END], row[dw.VERSION] = start, min(pos, stop), stop, version
        row[dw.ADDRESS_SIZE], row[dw.OFFSET_SIZE], row[dw.ABBREV] = address_size, offset_size, table
        row[dw.UNIT_ADDR_BASE] = row[dw.UNIT_STR_BASE] = 2 * offset_size if version >= 5 else 0
        count += 1
        pos = stop
    return count


@helper
def raw_attribute(info, pos, end, form, implicit, unit):
    """(next position, kind, value, length of a block) of one attribute, the position -1 when damaged."""
    if form == 0x16:
        form, pos = uleb(info, pos, end)
        if form == 0x16 or form == 0x21:
            return np.int64(-1), dw.OTHER, np.int64(0), np.int64(0)
    if form == 0x1F20 or form == 0x1F21:
        form = np.int64(dw.ALTERNATE)
    if pos < 0 or form < 0 or form >= len(dw.FORM_WIDTH):
        return np.int64(-1), dw.OTHER, np.int64(0), np.int64(0)
    width, kind = dw.FORM_WIDTH[form], dw.FORM_KIND[form]
    if width == dw.WIDTH_ADDRESS or (width == dw.WIDTH_REF_ADDR and unit[dw.VERSION] < 3):
        width = unit[dw.ADDRESS_SIZE]
    elif width == dw.WIDTH_OFFSET or width == dw.WIDTH_REF_ADDR:
        width = unit[dw.OFFSET_SIZE]
    value, length = np.int64(0), np.int64(0)
    if width < dw.FIRST_VARIABLE:
        if width > end - pos:
            return np.int64(-1), kind, value, length
        value = fixed(info, pos, width) if form != 0x19 else np.int64(1)
        pos += width
    elif width == dw.WIDTH_STRING:
        value, pos = pos, string_end(info, pos, end)
        pos = pos + 1 if pos >= 0 else np.int64(-1)
    elif width == dw.WIDTH_ULEB:
        value, pos = uleb(info, pos, end)
    elif width == dw.WIDTH_SLEB:
        value, pos = sleb(info, pos, end)
    elif width == dw.WIDTH_IMPLICIT:
        value = implicit
    elif width == dw.WIDTH_UNKNOWN or width == dw.WIDTH_INDIRECT:
        pos = np.int64(-1)
    else:
        if width == dw.WIDTH_BLOCKN:
            length, pos = uleb(info, pos, end)
        else:
            size = 1 if width == dw.WIDTH_BLOCK1 else (2 if width == dw.WIDTH_BLOCK2 else 4)
            if size > end - pos:
                return np.int64(-1), kind, value, length
            length = fixed(info, pos, size)
            pos += size
        value = pos
        if pos < 0 or length < 0 or length > end - pos:
            return np.int64(-1), kind, value, np.int64(0)
        pos += length
    return pos, kind, value, length


@helper
def resolve(kind, value, unit, addr, str_offsets):
    """(kind, value) with unit-relative references and the indexed forms of DWARF 5 replaced by what they mean."""
    if kind == dw.LOCAL_REFERENCE:
        return dw.REFERENCE, value + unit[dw.START]
    if kind == dw.ADDRESS_INDEX or kind == dw.STRING_INDEX:
        table = addr if kind == dw.ADDRESS_INDEX else str_offsets
        size = unit[dw.ADDRESS_SIZE] if kind == dw.ADDRESS_INDEX else unit[dw.OFFSET_SIZE]
        base = unit[dw.UNIT_ADDR_BASE] if kind == dw.ADDRESS_INDEX else unit[dw.UNIT_STR_BASE]
        if value < 0 or base < 0 or base > len(table) or value >= (len(table) - base) // size:
            return dw.OTHER, value
        return (dw.ADDRESS if kind == dw.ADDRESS_INDEX else dw.IN_STR), fixed(table, base + value * size, size)
    return kind, value


@helper
def abbreviation_of(code, unit, heads):
    """The row of ``heads`` for a code of this unit, -1 when its table has none."""
    first, count = unit[dw.ABBREV], unit[dw.ABBREV_COUNT]
    if 0 < code <= count and heads[first + code - 1, 0] == code:
        return first + code - 1
    low, high = first, first + count
    while low < high:
        middle = (low + high) // 2
        if heads[middle, 0] < code:
            low = middle + 1
        else:
            high = middle
    return low if low < first + count and heads[low, 0] == code else np.int64(-1)


@helper
def read_entry(sections, unit, heads, specs, pos, kinds, values, lengths):
    """(next position, row of ``heads``) of the entry at ``pos``; the row is -1 for the end of a list of children.

    ``kinds``, ``values``, ``lengths`` (SLOTS each) get the attributes. The position is -1 when damaged.
    """
    info, addr, str_offsets = sections[0], sections[3], sections[4]
    end = unit[dw.END]
    code, pos = uleb(info, pos, end)
    if pos < 0 or code == 0:
        return pos, np.int64(-1)
    row = abbreviation_of(code, unit, heads)
    if row < 0:
        return np.int64(-1), np.int64(-1)
    kinds[:] = dw.ABSENT
    for i in range(heads[row, 3], heads[row, 4]):
        pos, kind, value, length = raw_attribute(info, pos, end, specs[i, 1], specs[i, 2], unit)
        if pos < 0:
            return pos, row
        slot = specs[i, 0]
        if slot >= 0:
            kind, value = resolve(kind, value, unit, addr, str_offsets)
            kinds[slot], values[slot], lengths[slot] = kind, value, length
    return pos, row


@library.kernel("5*u8[] i64[] i64[,] i64[,] i64[] i64[] i64[]")
def read_root(sections, unit, heads, specs, kinds, values, lengths):
    """Put what the unit's root entry says into its row of the unit table. Twice: bases may follow their users."""
    for _ in range(2):
        pos, row = read_entry(sections, unit, heads, specs, unit[dw.FIRST], kinds, values, lengths)
        if pos < 0 or row < 0:
            return
        for slot, column in (
            (dw.ADDR_BASE, dw.UNIT_ADDR_BASE),
            (dw.STR_BASE, dw.UNIT_STR_BASE),
            (dw.LOCLISTS_BASE, dw.UNIT_LOCLISTS),
            (dw.RNGLISTS_BASE, dw.UNIT_RNGLISTS),
        ):
            if kinds[slot] == dw.OFFSET or kinds[slot] == dw.CONSTANT:
                unit[column] = values[slot]
        if kinds[dw.LOW_PC] == dw.ADDRESS:
            unit[dw.UNIT_LOW_PC] = values[dw.LOW_PC]


@library.kernel("u8[] i64 -> i64")
def fnv(data, pos):
    """FNV-1a of the zero-terminated string at ``pos``."""
    value, end = np.int64(dw.FNV_START), min(len(data), pos + dw.HASHED)
    while 0 <= pos < end and data[pos] != 0:
        value = (value ^ np.int64(data[pos])) * np.int64(dw.FNV_PRIME)
        pos += 1
    return value


@helper
def global_address(info, at, length, unit, addr):
    """(known, address) of a variable whose location is one DW_OP_addr, DW_OP_addrx or DW_OP_GNU_addr_index."""
    if length < 2:
        return False, np.int64(0)
    size = unit[dw.ADDRESS_SIZE]
    if info[at] == 0x03 and length == 1 + size:
        return True, fixed(info, at + 1, size)
    if info[at] == 0xA1 or info[at] == 0xFB:
        index, after = uleb(info, at + 1, at + length)
        kind, value = resolve(dw.ADDRESS_INDEX, index, unit, addr, addr)
        return after >= 0 and kind == dw.ADDRESS, value
    return False, np.int64(0)


@library.kernel("control 5*u8[] i64[,] i64[,] i64[,] i64[,] i64[,] -> i64 i64")
def skim(control, sections, units, heads, specs, index, scratch):
    """Every named type, function with code, global variable and constant of all units into the rows of ``index``.

    Returns (rows, -1), or (rows, offset of the entry that is damaged). FIRST_VALUE and SECOND_VALUE are: of a type its
    byte size (of a typedef the type it names) and its DW_AT_go_runtime_type, of a function its low and high pc, of a
    variable its address and type, of a constant its value.
    """
    info = sections[0]
    kinds, values, lengths = scratch[0], scratch[1], scratch[2]
    rows = 0
    for u in range(len(units)):
        unit = units[u]
        read_root(sections, unit, heads, specs, kinds, values, lengths)
        pos, depth = unit[dw.FIRST], 0
        while pos < unit[dw.END]:
            if stopped(control):
                return rows, pos
            at = pos
            pos, head = read_entry(sections, unit, heads, specs, pos, kinds, values, lengths)
            if pos < 0:
                return rows, at
            if head < 0:
                depth -= 1
                if depth <= 0:
                    break
                continue
            tag, level = heads[head, 1], depth
            depth += heads[head, 2] != 0
            keep, first, second = False, np.int64(0), np.int64(0)
            if tag == dw.TAG_VARIABLE and level == 1 and kinds[dw.LOCATION] == dw.BLOCK:
                keep, first = global_address(info, values[dw.LOCATION], lengths[dw.LOCATION], unit, sections[3])
                second = values[dw.TYPE] if kinds[dw.TYPE] == dw.REFERENCE else np.int64(0)
            elif tag == dw.TAG_CONSTANT and level == 1 and kinds[dw.CONST_VALUE] == dw.CONSTANT:
                keep, first = kinds[dw.NAME] != dw.ABSENT, values[dw.CONST_VALUE]
            elif tag == dw.TAG_SUBPROGRAM and kinds[dw.LOW_PC] == dw.ADDRESS and kinds[dw.HIGH_PC] != dw.ABSENT:
                keep, first, second = True, values[dw.LOW_PC], values[dw.HIGH_PC]
                if kinds[dw.HIGH_PC] == dw.CONSTANT:
                    second += first
            elif 0 <= tag < len(dw.IS_TYPE) and dw.IS_TYPE[tag] and kinds[dw.DECLARATION] == dw.ABSENT:
                keep = kinds[dw.NAME] != dw.ABSENT
                first = values[dw.TYPE] if tag == dw.TAG_TYPEDEF else values[dw.BYTE_SIZE]
                if kinds[dw.TYPE if tag == dw.TAG_TYPEDEF else dw.BYTE_SIZE] == dw.ABSENT:
                    first = np.int64(0)
                second = values[dw.GO_TYPE] if kinds[dw.GO_TYPE] == dw.ADDRESS else np.int64(0)
            if keep and rows < len(index):
                row = index[rows]
                row[dw.TAG], row[dw.DIE], row[dw.FIRST_VALUE], row[dw.SECOND_VALUE] = tag, at, first, second
                row[dw.NAME_AT], row[dw.HASH] = 0, 0
                if dw.IN_INFO <= kinds[dw.NAME] <= dw.IN_LINE_STR:
                    row[dw.NAME_AT] = (kinds[dw.NAME] << dw.NAME_SHIFT) | (values[dw.NAME] & ((1 << dw.NAME_SHIFT) - 1))
                    row[dw.HASH] = fnv(sections[kinds[dw.NAME] - dw.IN_INFO], values[dw.NAME])
                rows += 1
    return rows, np.int64(-1)


@library.kernel("control 5*u8[] i64[] i64[,] i64[,] i64 i64 i64[,] i64[,] i64[,] i64[,] i64[,] -> i64 i64")
def read_subtree(control, sections, unit, heads, specs, pos, whole, shape, kinds, values, lengths, scratch):
    """The entry at ``pos`` and, when ``whole``, all below it, as rows: ``shape`` (tag, depth, offset) and attributes.

    Returns (entries seen, -1) or (…, offset of the damaged entry). More entries than rows: only the first are stored.
    """
    count, depth = 0, 0
    kind, value, length = scratch[0], scratch[1], scratch[2]
    while unit[dw.FIRST] <= pos < unit[dw.END]:
        if stopped(control):
            break
        at = pos
        pos, head = read_entry(sections, unit, heads, specs, pos, kind, value, length)
        if pos < 0:
            return count, at
        if head < 0:
            depth -= 1
            if depth <= 0:
                break
            continue
        if count < len(shape):
            shape[count, 0], shape[count, 1], shape[count, 2] = heads[head, 1], depth, at
            for slot in range(dw.SLOTS):
                kinds[count, slot], values[count, slot], lengths[count, slot] = kind[slot], value[slot], length[slot]
        count += 1
        depth += heads[head, 2] != 0
        if depth == 0 or not whole:
            break
    return count, np.int64(-1)
