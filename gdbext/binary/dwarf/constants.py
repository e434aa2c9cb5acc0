"""The numbers of DWARF 2 to 5 that the skimmer knows (DWARF 5 §7.5), and the columns of its arrays.

Apart from the kernels, so that reading them does not import numba.
"""

from __future__ import annotations

import numpy as np

# fmt: off
# The attributes that anybody asks for; an entry's others are skipped.
(NAME, TYPE, LOCATION, LOW_PC, HIGH_PC, RANGES, ORIGIN, BYTE_SIZE, MEMBER_OFFSET, GO_TYPE, COUNT, ADDR_BASE,
 STR_BASE, LOCLISTS_BASE, RNGLISTS_BASE, FRAME_BASE, CLOSURE_OFFSET, IS_RESULT, DECLARATION, UPPER_BOUND, CONST_VALUE,
 GO_KIND, GO_ELEM, SLOTS) = range(24)

# How an attribute's value is to be taken. A string's value is its place in .debug_info, .debug_str, .debug_line_str.
(ABSENT, ADDRESS, CONSTANT, IN_INFO, IN_STR, IN_LINE_STR, BLOCK, OFFSET, REFERENCE, FLAG, LIST_INDEX, OTHER,
 LOCAL_REFERENCE, ADDRESS_INDEX, STRING_INDEX) = range(15)

# Columns of the unit table.
(START, FIRST, END, VERSION, ADDRESS_SIZE, OFFSET_SIZE, ABBREV, ABBREV_COUNT, UNIT_ADDR_BASE, UNIT_STR_BASE,
 UNIT_LOW_PC, UNIT_LOCLISTS, UNIT_RNGLISTS, UNIT_COLUMNS) = range(14)

# Columns of the index.
TAG, DIE, NAME_AT, HASH, FIRST_VALUE, SECOND_VALUE, INDEX_COLUMNS = range(7)

# Columns of what is said of types: of an entry, of a structure's member.
OF_TAG, OF_NAME, OF_SIZE, OF_TYPE, OF_KIND, OF_ELEM, OF_COUNT, OF_MEMBER, OF_MEMBERS, TYPE_COLUMNS = range(10)
MEMBER_AT, MEMBER_TYPE, MEMBER_NAME, MEMBER_COLUMNS = range(4)

# Columns of captured variables: which function, its offset in the closure, the entry of its type, its name.
CAPTURED_BY, CAPTURED_AT, CAPTURED_TYPE, CAPTURED_NAME, CAPTURE_COLUMNS = range(5)
# fmt: on

TAG_ARRAY, TAG_ENUM, TAG_PARAMETER, TAG_BLOCK, TAG_MEMBER = 0x01, 0x04, 0x05, 0x0B, 0x0D
TAG_POINTER, TAG_STRUCTURE, TAG_SUBROUTINE, TAG_TYPEDEF, TAG_UNION = 0x0F, 0x13, 0x15, 0x16, 0x17
TAG_INLINED, TAG_SUBRANGE, TAG_BASE, TAG_CONSTANT, TAG_SUBPROGRAM = 0x1D, 0x21, 0x24, 0x27, 0x2E
TAG_VARIABLE = 0x34

NAME_SHIFT = 56
"""Index column NAME_AT: which string section (IN_INFO …) above this bit, the place in it below."""

FNV_START, FNV_PRIME = -3750763034362895579, 1099511628211
"""FNV-1a with 64 bits, as int64."""

HASHED = 1024
"""So many bytes of a name are hashed: names may be stored once and used often, so that long ones would cost squares."""

ATTRIBUTE_LIMIT = 100
"""Attributes of one abbreviation. Compilers write up to 25; some forms take no bytes, so they must be bounded."""

FIRST_VARIABLE = 32
WIDTH_ADDRESS, WIDTH_OFFSET, WIDTH_REF_ADDR = 20, 21, 22
(
    WIDTH_ULEB,
    WIDTH_SLEB,
    WIDTH_STRING,
    WIDTH_BLOCK1,
    WIDTH_BLOCK2,
    WIDTH_BLOCK4,
    WIDTH_BLOCKN,
    WIDTH_UNKNOWN,
    WIDTH_IMPLICIT,
    WIDTH_INDIRECT,
) = range(32, 42)

ALTERNATE = 0x2D
"""Our number for DW_FORM_GNU_ref_alt and DW_FORM_GNU_strp_alt, dwz's references into another file: skipped."""

_FORMS = {
    0x01: (WIDTH_ADDRESS, ADDRESS), 0x03: (WIDTH_BLOCK2, BLOCK), 0x04: (WIDTH_BLOCK4, BLOCK), 0x05: (2, CONSTANT),
    0x06: (4, CONSTANT), 0x07: (8, CONSTANT), 0x08: (WIDTH_STRING, IN_INFO), 0x09: (WIDTH_BLOCKN, BLOCK),
    0x0A: (WIDTH_BLOCK1, BLOCK), 0x0B: (1, CONSTANT), 0x0C: (1, FLAG), 0x0D: (WIDTH_SLEB, CONSTANT),
    0x0E: (WIDTH_OFFSET, IN_STR), 0x0F: (WIDTH_ULEB, CONSTANT), 0x10: (WIDTH_REF_ADDR, REFERENCE),
    0x11: (1, LOCAL_REFERENCE), 0x12: (2, LOCAL_REFERENCE), 0x13: (4, LOCAL_REFERENCE), 0x14: (8, LOCAL_REFERENCE),
    0x15: (WIDTH_ULEB, LOCAL_REFERENCE), 0x16: (WIDTH_INDIRECT, OTHER), 0x17: (WIDTH_OFFSET, OFFSET),
    0x18: (WIDTH_BLOCKN, BLOCK), 0x19: (0, FLAG), 0x1A: (WIDTH_ULEB, STRING_INDEX), 0x1B: (WIDTH_ULEB, ADDRESS_INDEX),
    0x1C: (4, OTHER), 0x1D: (WIDTH_OFFSET, OTHER), 0x1E: (16, OTHER), 0x1F: (WIDTH_OFFSET, IN_LINE_STR),
    0x20: (8, OTHER), 0x21: (WIDTH_IMPLICIT, CONSTANT), 0x22: (WIDTH_ULEB, LIST_INDEX),
    0x23: (WIDTH_ULEB, LIST_INDEX), 0x24: (8, OTHER), 0x25: (1, STRING_INDEX), 0x26: (2, STRING_INDEX),
    0x27: (3, STRING_INDEX), 0x28: (4, STRING_INDEX), 0x29: (1, ADDRESS_INDEX), 0x2A: (2, ADDRESS_INDEX),
    0x2B: (3, ADDRESS_INDEX), 0x2C: (4, ADDRESS_INDEX), ALTERNATE: (WIDTH_OFFSET, OTHER),
}  # fmt: skip
FORM_WIDTH = np.array([_FORMS.get(form, (WIDTH_UNKNOWN, OTHER))[0] for form in range(64)], np.int64)
FORM_KIND = np.array([_FORMS.get(form, (WIDTH_UNKNOWN, OTHER))[1] for form in range(64)], np.int64)

_ATTRIBUTES = {
    0x03: NAME, 0x49: TYPE, 0x02: LOCATION, 0x11: LOW_PC, 0x12: HIGH_PC, 0x55: RANGES, 0x31: ORIGIN, 0x47: ORIGIN,
    0x0B: BYTE_SIZE, 0x38: MEMBER_OFFSET, 0x2904: GO_TYPE, 0x37: COUNT, 0x73: ADDR_BASE, 0x2133: ADDR_BASE,
    0x72: STR_BASE, 0x8C: LOCLISTS_BASE, 0x74: RNGLISTS_BASE, 0x40: FRAME_BASE, 0x2907: CLOSURE_OFFSET,
    0x4B: IS_RESULT, 0x3C: DECLARATION, 0x2F: UPPER_BOUND, 0x1C: CONST_VALUE, 0x2900: GO_KIND, 0x2902: GO_ELEM,
}  # fmt: skip
SLOT_OF = np.array([_ATTRIBUTES.get(attribute, -1) for attribute in range(0x2910)], np.int64)

IS_TYPE = np.zeros(0x50, np.bool_)
IS_TYPE[[TAG_ARRAY, TAG_ENUM, TAG_POINTER, TAG_STRUCTURE, TAG_SUBROUTINE, TAG_TYPEDEF, TAG_UNION, TAG_BASE]] = True
