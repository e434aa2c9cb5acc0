"""Compiled loops over DWARF 2–5: abbreviations, units, one pass over all entries, one entry's subtree.

Everything here works on whole sections as read-only uint8 arrays and on int64 numbers (unsigned values keep their
bits). Compiled code has no bounds checks, so every read is checked here: a position of -1 means "damaged", and every
loop moves forward by at least one byte. Formats: DWARF 5 §7.5; Go's own attributes: cmd/internal/dwarf.
"""

from __future__ import annotations

import numpy as np
from numba import njit

# fmt: off
# The attributes that anybody asks for; an entry's others are skipped.
(NAME, TYPE, LOCATION, LOW_PC, HIGH_PC, RANGES, ORIGIN, BYTE_SIZE, MEMBER_OFFSET, GO_TYPE, COUNT, ADDR_BASE,
 STR_BASE, LOCLISTS_BASE, RNGLISTS_BASE, FRAME_BASE, CLOSURE_OFFSET, IS_RESULT, DECLARATION, UPPER_BOUND, CONST_VALUE,
 SLOTS) = range(22)

# How an attribute's value is to be taken. A string's value is its place in .debug_info, .debug_str, .debug_line_str.
(ABSENT, ADDRESS, CONSTANT, IN_INFO, IN_STR, IN_LINE_STR, BLOCK, OFFSET, REFERENCE, FLAG, LIST_INDEX, OTHER,
 LOCAL_REFERENCE, ADDRESS_INDEX, STRING_INDEX) = range(15)

# Columns of the unit table.
(START, FIRST, END, VERSION, ADDRESS_SIZE, OFFSET_SIZE, ABBREV, ABBREV_COUNT, UNIT_ADDR_BASE, UNIT_STR_BASE,
 UNIT_LOW_PC, UNIT_LOCLISTS, UNIT_RNGLISTS, UNIT_COLUMNS) = range(14)

# Columns of the index.
TAG, DIE, NAME_AT, HASH, FIRST_VALUE, SECOND_VALUE, INDEX_COLUMNS = range(7)
# fmt: on

TAG_ARRAY, TAG_ENUM, TAG_PARAMETER, TAG_BLOCK, TAG_MEMBER = 0x01, 0x04, 0x05, 0x0B, 0x0D
TAG_POINTER, TAG_STRUCTURE, TAG_SUBROUTINE, TAG_TYPEDEF, TAG_UNION = 0x0F, 0x13, 0x15, 0x16, 0x17
TAG_INLINED, TAG_SUBRANGE, TAG_BASE, TAG_SUBPROGRAM, TAG_VARIABLE = 0x1D, 0x21, 0x24, 0x2E, 0x34

NAME_SHIFT = 56
"""Index column NAME_AT: which string section (IN_INFO …) above this bit, the place in it below."""

FNV_START, FNV_PRIME = -3750763034362895579, 1099511628211
"""FNV-1a with 64 bits, as int64."""

HASHED = 1024
"""So many bytes of a name are hashed: names may be stored once and used often, so that long ones would cost squares."""

ATTRIBUTE_LIMIT = 100
"""Attributes of one abbreviation. Compilers write up to 25; some forms take no bytes, so they must be bounded."""

_VARIABLE = 32
_WIDTH_ADDRESS, _WIDTH_OFFSET, _WIDTH_REF_ADDR = 20, 21, 22
_ULEB, _SLEB, _STRING, _BLOCK1, _BLOCK2, _BLOCK4, _BLOCKN, _UNKNOWN, _IMPLICIT, _INDIRECT = range(32, 42)

_ALTERNATE = 0x2D
"""Our number for DW_FORM_GNU_ref_alt and DW_FORM_GNU_strp_alt, dwz's references into another file: skipped."""

_FORMS = {
    0x01: (_WIDTH_ADDRESS, ADDRESS), 0x03: (_BLOCK2, BLOCK), 0x04: (_BLOCK4, BLOCK), 0x05: (2, CONSTANT),
    0x06: (4, CONSTANT), 0x07: (8, CONSTANT), 0x08: (_STRING, IN_INFO), 0x09: (_BLOCKN, BLOCK), 0x0A: (_BLOCK1, BLOCK),
    0x0B: (1, CONSTANT), 0x0C: (1, FLAG), 0x0D: (_SLEB, CONSTANT), 0x0E: (_WIDTH_OFFSET, IN_STR),
    0x0F: (_ULEB, CONSTANT), 0x10: (_WIDTH_REF_ADDR, REFERENCE), 0x11: (1, LOCAL_REFERENCE),
    0x12: (2, LOCAL_REFERENCE), 0x13: (4, LOCAL_REFERENCE), 0x14: (8, LOCAL_REFERENCE), 0x15: (_ULEB, LOCAL_REFERENCE),
    0x16: (_INDIRECT, OTHER), 0x17: (_WIDTH_OFFSET, OFFSET), 0x18: (_BLOCKN, BLOCK), 0x19: (0, FLAG),
    0x1A: (_ULEB, STRING_INDEX), 0x1B: (_ULEB, ADDRESS_INDEX), 0x1C: (4, OTHER), 0x1D: (_WIDTH_OFFSET, OTHER),
    0x1E: (16, OTHER), 0x1F: (_WIDTH_OFFSET, IN_LINE_STR), 0x20: (8, OTHER), 0x21: (_IMPLICIT, CONSTANT),
    0x22: (_ULEB, LIST_INDEX), 0x23: (_ULEB, LIST_INDEX), 0x24: (8, OTHER), 0x25: (1, STRING_INDEX),
    0x26: (2, STRING_INDEX), 0x27: (3, STRING_INDEX), 0x28: (4, STRING_INDEX), 0x29: (1, ADDRESS_INDEX),
    0x2A: (2, ADDRESS_INDEX), 0x2B: (3, ADDRESS_INDEX), 0x2C: (4, ADDRESS_INDEX), _ALTERNATE: (_WIDTH_OFFSET, OTHER),
}  # fmt: skip
FORM_WIDTH = np.array([_FORMS.get(form, (_UNKNOWN, OTHER))[0] for form in range(64)], np.int64)
FORM_KIND = np.array([_FORMS.get(form, (_UNKNOWN, OTHER))[1] for form in range(64)], np.int64)

_ATTRIBUTES = {
    0x03: NAME, 0x49: TYPE, 0x02: LOCATION, 0x11: LOW_PC, 0x12: HIGH_PC, 0x55: RANGES, 0x31: ORIGIN, 0x47: ORIGIN,
    0x0B: BYTE_SIZE, 0x38: MEMBER_OFFSET, 0x2904: GO_TYPE, 0x37: COUNT, 0x73: ADDR_BASE, 0x2133: ADDR_BASE,
    0x72: STR_BASE, 0x8C: LOCLISTS_BASE, 0x74: RNGLISTS_BASE, 0x40: FRAME_BASE, 0x2907: CLOSURE_OFFSET,
    0x4B: IS_RESULT, 0x3C: DECLARATION, 0x2F: UPPER_BOUND, 0x1C: CONST_VALUE,
}  # fmt: skip
SLOT_OF = np.array([_ATTRIBUTES.get(attribute, -1) for attribute in range(0x2910)], np.int64)

_IS_TYPE = np.zeros(0x50, np.bool_)
_IS_TYPE[[TAG_ARRAY, TAG_ENUM, TAG_POINTER, TAG_STRUCTURE, TAG_SUBROUTINE, TAG_TYPEDEF, TAG_UNION, TAG_BASE]] = True


@njit(cache=True)
def uleb(data, pos, end):  # type: ignore[no-untyped-def]
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


@njit(cache=True)
def sleb(data, pos, end):  # type: ignore[no-untyped-def]
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


@njit(cache=True)
def fixed(data, pos, size):  # type: ignore[no-untyped-def]
    """The little-endian number of up to 8 bytes; the caller has checked that they are there."""
    value = np.int64(0)
    for i in range(min(size, 8)):
        value |= np.int64(data[pos + i]) << (8 * i)
    return value


@njit(cache=True)
def string_end(data, pos, end):  # type: ignore[no-untyped-def]
    """The position of the next zero byte, -1 without one."""
    while 0 <= pos < end:
        if data[pos] == 0:
            return pos
        pos += 1
    return np.int64(-1)


@njit(cache=True)
def count_abbreviations(abbrev, pos):  # type: ignore[no-untyped-def]
    """(abbreviations, attributes) of the table at ``pos``; (-1, -1) when damaged."""
    end, entries, attributes = len(abbrev), 0, 0
    while True:
        code, pos = uleb(abbrev, pos, end)
        if pos < 0 or code == 0:
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


@njit(cache=True)
def read_abbreviations(abbrev, pos, entry, attribute, heads, specs):  # type: ignore[no-untyped-def]
    """Fill ``heads`` (code, tag, has children, first spec, end spec) and ``specs`` (slot, form, implicit value).

    ``count_abbreviations`` has been over the table. False when its codes do not grow or an entry has too many
    attributes (no compiler writes that).
    """
    end, last = len(abbrev), 0
    while True:
        code, pos = uleb(abbrev, pos, end)
        if code == 0:
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
            specs[attribute, 0] = SLOT_OF[name] if 0 <= name < len(SLOT_OF) else -1
            specs[attribute, 1] = form
            specs[attribute, 2] = value
            attribute += 1
        heads[entry, 4] = attribute
        if attribute - heads[entry, 3] > ATTRIBUTE_LIMIT:
            return False
        entry += 1


@njit(cache=True)
def read_units(info, units):  # type: ignore[no-untyped-def]
    """Fill ``units`` (rows of UNIT_COLUMNS) from the unit headers; the number of them, -1 when damaged.

    ABBREV has the offset of the table in .debug_abbrev.
    """
    pos, end, count = np.int64(0), len(info), 0
    while pos + 11 < end and count < len(units):
        start, offset_size = pos, 4
        length = fixed(info, pos, 4)
        pos += 4
        if length == 0:
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
        row[START], row[FIRST], row[END], row[VERSION] = start, min(pos, stop), stop, version
        row[ADDRESS_SIZE], row[OFFSET_SIZE], row[ABBREV] = address_size, offset_size, table
        row[UNIT_ADDR_BASE] = row[UNIT_STR_BASE] = 2 * offset_size if version >= 5 else 0
        count += 1
        pos = stop
    return count


@njit(cache=True)
def raw_attribute(info, pos, end, form, implicit, unit):  # type: ignore[no-untyped-def]
    """(next position, kind, value, length of a block) of one attribute, the position -1 when damaged."""
    if form == 0x16:
        form, pos = uleb(info, pos, end)
        if form == 0x16 or form == 0x21:
            return np.int64(-1), OTHER, np.int64(0), np.int64(0)
    if form == 0x1F20 or form == 0x1F21:
        form = np.int64(_ALTERNATE)
    if pos < 0 or form < 0 or form >= len(FORM_WIDTH):
        return np.int64(-1), OTHER, np.int64(0), np.int64(0)
    width, kind = FORM_WIDTH[form], FORM_KIND[form]
    if width == _WIDTH_ADDRESS or (width == _WIDTH_REF_ADDR and unit[VERSION] < 3):
        width = unit[ADDRESS_SIZE]
    elif width == _WIDTH_OFFSET or width == _WIDTH_REF_ADDR:
        width = unit[OFFSET_SIZE]
    value, length = np.int64(0), np.int64(0)
    if width < _VARIABLE:
        if width > end - pos:
            return np.int64(-1), kind, value, length
        value = fixed(info, pos, width) if form != 0x19 else np.int64(1)
        pos += width
    elif width == _STRING:
        value, pos = pos, string_end(info, pos, end)
        pos = pos + 1 if pos >= 0 else np.int64(-1)
    elif width == _ULEB:
        value, pos = uleb(info, pos, end)
    elif width == _SLEB:
        value, pos = sleb(info, pos, end)
    elif width == _IMPLICIT:
        value = implicit
    elif width == _UNKNOWN or width == _INDIRECT:
        pos = np.int64(-1)
    else:
        if width == _BLOCKN:
            length, pos = uleb(info, pos, end)
        else:
            size = 1 if width == _BLOCK1 else (2 if width == _BLOCK2 else 4)
            if size > end - pos:
                return np.int64(-1), kind, value, length
            length = fixed(info, pos, size)
            pos += size
        value = pos
        if pos < 0 or length < 0 or length > end - pos:
            return np.int64(-1), kind, value, np.int64(0)
        pos += length
    return pos, kind, value, length


@njit(cache=True)
def resolve(kind, value, unit, addr, str_offsets):  # type: ignore[no-untyped-def]
    """(kind, value) with unit-relative references and the indexed forms of DWARF 5 replaced by what they mean."""
    if kind == LOCAL_REFERENCE:
        return REFERENCE, value + unit[START]
    if kind == ADDRESS_INDEX or kind == STRING_INDEX:
        table = addr if kind == ADDRESS_INDEX else str_offsets
        size = unit[ADDRESS_SIZE] if kind == ADDRESS_INDEX else unit[OFFSET_SIZE]
        base = unit[UNIT_ADDR_BASE] if kind == ADDRESS_INDEX else unit[UNIT_STR_BASE]
        if value < 0 or base < 0 or base > len(table) or value >= (len(table) - base) // size:
            return OTHER, value
        return (ADDRESS if kind == ADDRESS_INDEX else IN_STR), fixed(table, base + value * size, size)
    return kind, value


@njit(cache=True)
def abbreviation_of(code, unit, heads):  # type: ignore[no-untyped-def]
    """The row of ``heads`` for a code of this unit, -1 when its table has none."""
    first, count = unit[ABBREV], unit[ABBREV_COUNT]
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


@njit(cache=True)
def read_entry(sections, unit, heads, specs, pos, kinds, values, lengths):  # type: ignore[no-untyped-def]
    """(next position, row of ``heads``) of the entry at ``pos``; the row is -1 for the end of a list of children.

    ``kinds``, ``values``, ``lengths`` (SLOTS each) get the attributes. The position is -1 when damaged.
    """
    info, addr, str_offsets = sections[0], sections[3], sections[4]
    end = unit[END]
    code, pos = uleb(info, pos, end)
    if pos < 0 or code == 0:
        return pos, np.int64(-1)
    row = abbreviation_of(code, unit, heads)
    if row < 0:
        return np.int64(-1), np.int64(-1)
    kinds[:] = ABSENT
    for i in range(heads[row, 3], heads[row, 4]):
        pos, kind, value, length = raw_attribute(info, pos, end, specs[i, 1], specs[i, 2], unit)
        if pos < 0:
            return pos, row
        slot = specs[i, 0]
        if slot >= 0:
            kind, value = resolve(kind, value, unit, addr, str_offsets)
            kinds[slot], values[slot], lengths[slot] = kind, value, length
    return pos, row


@njit(cache=True)
def read_root(sections, unit, heads, specs, kinds, values, lengths):  # type: ignore[no-untyped-def]
    """Put what the unit's root entry says into its row of the unit table. Twice: bases may follow their users."""
    for _ in range(2):
        pos, row = read_entry(sections, unit, heads, specs, unit[FIRST], kinds, values, lengths)
        if pos < 0 or row < 0:
            return
        for slot, column in (
            (ADDR_BASE, UNIT_ADDR_BASE),
            (STR_BASE, UNIT_STR_BASE),
            (LOCLISTS_BASE, UNIT_LOCLISTS),
            (RNGLISTS_BASE, UNIT_RNGLISTS),
        ):
            if kinds[slot] == OFFSET or kinds[slot] == CONSTANT:
                unit[column] = values[slot]
        if kinds[LOW_PC] == ADDRESS:
            unit[UNIT_LOW_PC] = values[LOW_PC]


@njit(cache=True)
def fnv(data, pos):  # type: ignore[no-untyped-def]
    """FNV-1a of the zero-terminated string at ``pos``."""
    value, end = np.int64(FNV_START), min(len(data), pos + HASHED)
    while 0 <= pos < end and data[pos] != 0:
        value = (value ^ np.int64(data[pos])) * np.int64(FNV_PRIME)
        pos += 1
    return value


@njit(cache=True)
def global_address(info, at, length, unit, addr):  # type: ignore[no-untyped-def]
    """(known, address) of a variable whose location is one DW_OP_addr, DW_OP_addrx or DW_OP_GNU_addr_index."""
    if length < 2:
        return False, np.int64(0)
    size = unit[ADDRESS_SIZE]
    if info[at] == 0x03 and length == 1 + size:
        return True, fixed(info, at + 1, size)
    if info[at] == 0xA1 or info[at] == 0xFB:
        index, after = uleb(info, at + 1, at + length)
        kind, value = resolve(ADDRESS_INDEX, index, unit, addr, addr)
        return after >= 0 and kind == ADDRESS, value
    return False, np.int64(0)


@njit(cache=True)
def skim(sections, units, heads, specs, index):  # type: ignore[no-untyped-def]
    """Every named type, function with code and global variable of all units into the rows of ``index``.

    Returns (rows, -1), or (rows, offset of the entry that is damaged). FIRST_VALUE and SECOND_VALUE are: of a type its
    byte size (of a typedef the type it names) and its DW_AT_go_runtime_type, of a function its low and high pc, of a
    variable its address and type.
    """
    info = sections[0]
    kinds, values, lengths = np.zeros(SLOTS, np.int64), np.zeros(SLOTS, np.int64), np.zeros(SLOTS, np.int64)
    rows = 0
    for u in range(len(units)):
        unit = units[u]
        read_root(sections, unit, heads, specs, kinds, values, lengths)
        pos, depth = unit[FIRST], 0
        while pos < unit[END]:
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
            if tag == TAG_VARIABLE and level == 1 and kinds[LOCATION] == BLOCK:
                keep, first = global_address(info, values[LOCATION], lengths[LOCATION], unit, sections[3])
                second = values[TYPE] if kinds[TYPE] == REFERENCE else np.int64(0)
            elif tag == TAG_SUBPROGRAM and kinds[LOW_PC] == ADDRESS and kinds[HIGH_PC] != ABSENT:
                keep, first, second = True, values[LOW_PC], values[HIGH_PC]
                if kinds[HIGH_PC] == CONSTANT:
                    second += first
            elif 0 <= tag < len(_IS_TYPE) and _IS_TYPE[tag] and kinds[DECLARATION] == ABSENT:
                keep = kinds[NAME] != ABSENT
                first = values[TYPE] if tag == TAG_TYPEDEF else values[BYTE_SIZE]
                if kinds[TYPE if tag == TAG_TYPEDEF else BYTE_SIZE] == ABSENT:
                    first = np.int64(0)
                second = values[GO_TYPE] if kinds[GO_TYPE] == ADDRESS else np.int64(0)
            if keep and rows < len(index):
                row = index[rows]
                row[TAG], row[DIE], row[FIRST_VALUE], row[SECOND_VALUE] = tag, at, first, second
                row[NAME_AT], row[HASH] = 0, 0
                if IN_INFO <= kinds[NAME] <= IN_LINE_STR:
                    row[NAME_AT] = (kinds[NAME] << NAME_SHIFT) | (values[NAME] & ((1 << NAME_SHIFT) - 1))
                    row[HASH] = fnv(sections[kinds[NAME] - IN_INFO], values[NAME])
                rows += 1
    return rows, np.int64(-1)


@njit(cache=True)
def read_subtree(sections, unit, heads, specs, pos, whole, shape, kinds, values, lengths):  # type: ignore[no-untyped-def]
    """The entry at ``pos`` and, when ``whole``, all below it, as rows: ``shape`` (tag, depth, offset) and attributes.

    Returns (entries seen, -1) or (…, offset of the damaged entry). More entries than rows: only the first are stored.
    """
    count, depth = 0, 0
    kind, value, length = np.zeros(SLOTS, np.int64), np.zeros(SLOTS, np.int64), np.zeros(SLOTS, np.int64)
    while unit[FIRST] <= pos < unit[END]:
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
            kinds[count, :], values[count, :], lengths[count, :] = kind, value, length
        count += 1
        depth += heads[head, 2] != 0
        if depth == 0 or not whole:
            break
    return count, np.int64(-1)
