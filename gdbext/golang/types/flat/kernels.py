"""Compiled reading of type descriptors (internal/abi/type.go): all of a program in one pass, flattened to slots.

A slot is a word of a value that says something about what it points to: a slice's array holds so many elements, an
interface's data has the type that the word before it names. Structures and small arrays are opened; what a descriptor
says is bounded by the arrays it goes to.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gdbext.compute.arrays import I32, I64, U8, U64
from gdbext.compute.functions import helper
from gdbext.compute.intrinsics import SOME, load8, load64, stopped, up_to
from gdbext.compute.library import Library
from gdbext.golang.types.rtype import ARRAY, CHAN, FUNC, INTERFACE, MAP, POINTER, SLICE, STRING, STRUCT, UNSAFE
from gdbext.target.kernels import EIGHT, ONE, Memory, host_of, read64  # noqa: F401  a kernel's declaration names some

library = Library(__name__)
ZERO, BYTE, HALF = np.uint64(0), np.uint64(0xFF), np.uint64(0xFFFFFFFF)
KIND, UNROLLED_FLAG, DIRECT = np.uint64(31), np.uint64(0x10), np.uint64(0x20)
IFACE, EFACE, REPEATED, COUNTED, REFLECTED = range(27, 32)
"""Kinds of slots beyond those of types: interfaces with methods and without, arrays that stay folded, pointers with the
number of elements in the next word (sync.Pool), a type with a value and flags behind it (reflect.Value)."""
WEAK, POOL, POOLED, VALUE = 1, 2, 3, 4
"""Structures that are not what they look like: weak.Pointer, sync.Pool, sync.eface, reflect.Value."""
HEADER, DIRECTORY, TABLE, CLASSIC, HCHAN, TEXT, NODE, CLOSURE, INSIDE = range(32, 41)
"""Kinds of rows of our own: a Swiss map's header, the array of its tables and one of these, a classic map's header, a
channel, the bytes of a string, what only its first byte tells (internal/sync.node), a function's captured variables,
what lies inside of another type or alone (runtime.timer).

Of the last ``own`` is the type itself, ``size`` how far inside of ``elem`` it lies, or of ``first`` where the word
``length`` bytes into it is not 0."""
AT_DIRECTORY, AT_TABLES, AT_GROUPS, AT_GROUP_MASK, AT_BUCKETS, AT_OLD, AT_LOG2, AT_BUFFER, AT_CAPACITY = range(9)
LAYOUT = 9
"""Where words of these lie: indices of an array."""
FEW = np.uint64(16)
"""Elements up to which an array is opened."""
DESCRIPTOR = np.uint64(48)
LARGEST = np.uint64(1 << 48)
MOST_FIELDS = np.uint64(1 << 12)
MOST_PARTS = 1 << 18
"""Of a type, with those of its parts."""
NAME = 6
BRACKET = np.uint8(0x5B)
# What a descriptor's tail says, by the columns of ``tail``
ELEM, COUNT, FIELDS, METHODS = 0, 1, 2, 3
# Offsets that the layouts give, by their place in ``at``
AT_ELEM, AT_LENGTH, AT_FIELDS, AT_METHODS, AT_GROUP, FIELD_SIZE, FIELD_TYPE, FIELD_OFFSET = range(8)
NO_SLOTS = -1
NO_OUTER = (1 << 64) - 1


class Described(NamedTuple):
    """Types by row: the program's descriptors sorted by address, then rows of our own for what the runtime makes of
    them (map headers, channels, closures)."""

    address: U64
    place: I32
    """The row of a descriptor by (address - address[0]) >> 3; -1 for none. Empty where modules lie too far apart."""
    size: U64
    pointers: U64
    """Bytes up to the end of the last pointer word."""
    kind: U8
    direct: U8
    """1 where an interface holds the value in its data word."""
    mask: U64
    """The pointer bits of the first 64 words."""
    tile: U64
    """The same of values side by side."""
    outer: U64
    """Bytes of the least structure that begins with the type, has no pointers behind it, and is allocated as a whole;
    all ones for none. See ``beginnings``."""
    gcdata: U64
    """Where in our own memory the pointer bits of the whole type are; 0: nowhere, the slots have to say."""
    elem: I32
    """What a pointer, slice, array, channel or map consists of: a row, -1 for none."""
    length: U64
    """Elements of an array."""
    own: I32
    """Of a map or channel type the row of its header or of the channel itself; -1 for none."""
    first: I32
    """What lies at offset 0 of a structure or array; -1 for none."""
    slot: I64
    """The first slot of a row."""
    slots: I64
    """How many a row has; -1 where it was too much to flatten."""
    slot_at: U64
    slot_kind: U8
    slot_type: I32
    slot_count: U64


@helper
def plausible_name(memory, address):
    """Whether an abi.Name lies there: a flag byte, a length, printable text."""
    host = host_of(memory, address, np.uint64(2))
    if host == 0 or load8(host) >= 32:
        return False
    length = np.int64(load8(host + ONE))
    if length == 0:
        return False
    for i in range(min(length, NAME)):
        one = host_of(memory, address + np.uint64(2 + i), ONE)
        if length < 128 and (one == 0 or load8(one) < 32):
            return False
    return True


@library.kernel("control Memory u64 u64 u64[] u64[] -> i64")
def find_descriptors(control, memory, start, stop, bounds, out):
    """Every position of [start, stop) that reads as a type descriptor. ``bounds``: the memory of its module, and that
    of the first one, which a plugin's types refer to where both have the same: [low, high) each.

    Returns how many there are, which may be more than ``out`` has room for.
    """
    count, at = 0, (start + EIGHT - ONE) & ~(EIGHT - ONE)
    while at + DESCRIPTOR <= stop:
        if at & np.uint64(SOME * 8) == 0 and stopped(control):
            return count
        host = host_of(memory, at, DESCRIPTOR)
        if host != 0 and describes(memory, host, start, stop, bounds):
            if count < len(out):
                out[count] = at
            count += 1
        at += EIGHT
    return count


@helper
def within(bounds, address):
    """Whether an address lies in one of two ranges."""
    return bounds[0] <= address < bounds[1] or bounds[2] <= address < bounds[3]


@helper
def describes(memory, host, start, stop, bounds):
    """Whether the 48 bytes are a descriptor's."""
    size, pointers, packed = load64(host), load64(host + EIGHT), load64(host + np.uint64(16))
    kind = (packed >> np.uint64(56)) & KIND
    align, field_align = (packed >> np.uint64(40)) & BYTE, (packed >> np.uint64(48)) & BYTE
    if kind < 1 or kind > 26 or size >= LARGEST or pointers > size or pointers & np.uint64(7) != 0:
        return False
    if packed & HALF == 0 or align != field_align or align > 8 or align == 0 or align & (align - ONE) != 0:
        return False
    equal, gcdata = load64(host + np.uint64(24)), load64(host + np.uint64(32))
    if equal != 0 and not within(bounds, equal):
        return False
    if pointers != 0 and not within(bounds, gcdata):
        return False
    text = load64(host + np.uint64(40)) & HALF
    return text < stop - start and plausible_name(memory, start + text)


@library.kernel("control Memory u64[] u64[] u8[] u8[] u64[] u64[] u64[] u64[] u64[,]")
def read_descriptors(control, memory, address, at, kind, direct, size, pointers, gcdata, mask, tail):
    """What each descriptor says. ``tail``: its element's address, a count or where its fields or methods are.

    ``gcdata``: where the mask lies in our memory; 0 where the descriptor has none of its own (a program until Go 1.23,
    made on demand from Go 1.24).
    """
    for i in range(len(address)):
        if i & SOME == 0 and stopped(control):
            return
        host = host_of(memory, address[i], DESCRIPTOR)
        if host == 0:
            continue
        packed = load64(host + np.uint64(16))
        raw, flags = (packed >> np.uint64(56)) & BYTE, (packed >> np.uint64(32)) & BYTE
        kind[i] = raw & KIND
        direct[i] = (raw | flags) & DIRECT != 0
        size[i], pointers[i] = load64(host), load64(host + EIGHT)
        if flags & UNROLLED_FLAG == 0 and raw & np.uint64(0x40) == 0 and pointers[i] != 0:
            bits = pointers[i] >> np.uint64(3)
            gcdata[i] = host_of(memory, load64(host + np.uint64(32)), (bits + EIGHT - ONE) >> np.uint64(3))
            mask[i] = first_bits(gcdata[i], bits)
        read_tail(memory, address[i], kind[i], at, tail, i)


@helper
def first_bits(host, bits):
    """The first up to 64 bits of a mask in our memory."""
    value = ZERO
    if host != 0:
        count = min(bits, np.uint64(64))
        for byte in range((count + EIGHT - ONE) >> np.uint64(3)):
            value |= np.uint64(load8(host + np.uint64(byte))) << np.uint64(8 * byte)
        if count < 64:
            value &= (ONE << count) - ONE
    return value


@helper
def read_tail(memory, address, kind, at, tail, i):
    """The part of a descriptor that depends on its kind, into row ``i`` of ``tail``."""
    if kind == ARRAY or kind == CHAN or kind == POINTER or kind == SLICE:
        tail[i, ELEM] = read64(memory, address + at[AT_ELEM])[0]
    if kind == MAP:
        tail[i, ELEM] = read64(memory, address + at[AT_GROUP])[0]
    if kind == ARRAY:
        tail[i, COUNT] = read64(memory, address + at[AT_LENGTH])[0]
    if kind == STRUCT:
        tail[i, FIELDS] = read64(memory, address + at[AT_FIELDS])[0]
        count, known = read64(memory, address + at[AT_FIELDS] + EIGHT)
        tail[i, COUNT] = count if known and count <= MOST_FIELDS else ZERO
    if kind == INTERFACE:
        tail[i, METHODS] = read64(memory, address + at[AT_METHODS] + EIGHT)[0]


@helper
def row_of(described, address):
    """The row of the descriptor at an address, -1 without one."""
    if len(described.place) == 0:
        found = up_to(described.address, address) - 1
        return found if found >= 0 and described.address[found] == address else -1
    if address < described.address[0]:
        return -1
    index = (address - described.address[0]) >> np.uint64(3)
    return np.int64(described.place[index]) if index < np.uint64(len(described.place)) else -1


@helper
def tiled(mask, size):
    """The pointer bits of values of ``size`` bytes side by side, in 64 words."""
    words = size >> np.uint64(3)
    if words == 0 or words >= 64:
        return mask
    while words < 64:
        mask |= mask << words
        words <<= ONE
    return mask


@library.kernel("control Described")
def fill_tiles(control, described):
    """``Described.tile`` of every row's mask and size."""
    for i in range(len(described.mask)):
        if i & SOME == 0 and stopped(control):
            return
        described.tile[i] = tiled(described.mask[i], described.size[i])


@helper
def put_slot(described, count, at, kind, target, times):
    """Append a slot; the count grows even when there is no room."""
    if count < len(described.slot_at):
        described.slot_at[count], described.slot_kind[count] = at, np.uint8(kind)
        described.slot_type[count], described.slot_count[count] = np.int32(target), times
    return count + 1


@helper
def first_field(memory, described, at, tail, i):
    """The row of the type at offset 0 of a structure or array; -1 without one."""
    if described.kind[i] == ARRAY:
        return np.int64(described.elem[i])
    for field in range(tail[i, COUNT] if described.kind[i] == STRUCT else ZERO):
        where = tail[i, FIELDS] + np.uint64(field) * at[FIELD_SIZE]
        offset, known = read64(memory, where + at[FIELD_OFFSET])
        row = row_of(described, read64(memory, where + at[FIELD_TYPE])[0])
        if known and offset == 0 and row >= 0 and described.size[row] != 0:
            return row
    return -1


@helper
def atomic_pointer(memory, described, at, tail, i):
    """(target, offset) of a structure like atomic.Pointer[T]: its first field is a [0]*T, its last unsafe.Pointer.

    (-1, 0) for any other.
    """
    count = tail[i, COUNT]
    if count < 2 or count > 4 or described.size[i] < EIGHT:
        return -1, ZERO
    none = row_of(described, read64(memory, tail[i, FIELDS] + at[FIELD_TYPE])[0])
    where = tail[i, FIELDS] + (count - ONE) * at[FIELD_SIZE]
    last = row_of(described, read64(memory, where + at[FIELD_TYPE])[0])
    if none < 0 or last < 0 or described.kind[none] != ARRAY or described.length[none] != 0:
        return -1, ZERO
    pointer = np.int64(described.elem[none])
    if pointer < 0 or described.kind[pointer] != POINTER or described.kind[last] != UNSAFE:
        return -1, ZERO
    offset, known = read64(memory, where + at[FIELD_OFFSET])
    return (np.int64(described.elem[pointer]), offset) if known and offset <= described.size[i] - EIGHT else (-1, ZERO)


@helper
def put_special(memory, described, at, tail, i, special, count, offset):
    """Append the slots of a structure whose words are more than their types say."""
    if special == POOLED:
        count = put_slot(described, count, offset, UNSAFE, -1, ONE)
        return put_slot(described, count, offset, EFACE, -1, ONE)
    if special == VALUE:
        count = put_slot(described, count, offset, UNSAFE, -1, ONE)
        return put_slot(described, count, offset, REFLECTED, -1, ONE)
    for field in range(tail[i, COUNT]):
        where = tail[i, FIELDS] + np.uint64(field) * at[FIELD_SIZE]
        row = row_of(described, read64(memory, where + at[FIELD_TYPE])[0])
        inside = read64(memory, where + at[FIELD_OFFSET])[0]
        left = described.size[i] - min(inside, described.size[i])
        kind = described.kind[row] if row >= 0 and left >= EIGHT else 0
        if kind == UNSAFE and left >= EIGHT + EIGHT:
            count = put_slot(described, count, offset + inside, COUNTED, -1, ONE)
        elif kind == FUNC:
            count = put_slot(described, count, offset + inside, FUNC, -1, ONE)
    return count


@helper
def is_special(described, special, i):
    """Whether a structure with such a name is shaped like it: a user's package may have the same name."""
    if special[i] == POOLED:
        return described.size[i] == 16 and described.mask[i] == 3
    if special[i] == VALUE:
        return described.size[i] == 24 and described.mask[i] == 3
    return special[i] == POOL and described.size[i] <= 64


@library.kernel("control Memory u64[] u64[,] u8[] Described u64[,] -> i64")
def flatten(control, memory, at, tail, special, described, stack):
    """Fill ``first``, ``slot`` and ``slots`` of every row, and the slots. ``special``: WEAK … by row, 0 for most.

    ``stack``: scratch, (n, 2). Returns how many slots there are, which may be more than there is room for.
    """
    count = 0
    for i in range(len(described.slots)):
        if stopped(control):
            return count
        described.first[i] = first_field(memory, described, at, tail, i)
        described.slot[i] = count
        after = flatten_row(memory, at, tail, special, described, stack, i, count)
        described.slots[i] = after - count if after >= 0 else NO_SLOTS
        count = max(after, count)
    return count


@helper
def width(kind):
    """The least that a value of a kind takes, in bytes: what follows its slots relies on it."""
    if kind == SLICE:
        return np.uint64(24)
    if kind == STRING or kind == INTERFACE:
        return np.uint64(16)
    return ZERO if kind == ARRAY or kind == STRUCT else EIGHT


@helper
def flatten_row(memory, at, tail, special, described, stack, top, count):
    """Append the slots of a row; -1 where the type nests deeper than the stack, or has more parts than any: a ring."""
    depth, parts, stack[0, 0], stack[0, 1] = 1, 0, np.uint64(top), ZERO
    while depth > 0:
        depth, parts = depth - 1, parts + 1
        if parts > MOST_PARTS:
            return -1
        i, offset = np.int64(stack[depth, 0]), stack[depth, 1]
        kind, elem = described.kind[i], described.elem[i]
        if described.pointers[i] == 0:
            continue
        if described.size[i] < width(kind):
            return -1
        if kind == ARRAY:
            times = described.length[i]
            if elem < 0 or times > described.size[i] or described.size[elem] > described.size[i] // max(times, ONE):
                return -1
            if times > FEW:
                count = put_slot(described, count, offset, REPEATED, elem, times)
                continue
            if depth + np.int64(times) >= len(stack):
                return -1
            for step in range(times):
                stack[depth, 0] = np.uint64(elem)
                stack[depth, 1] = offset + (times - ONE - np.uint64(step)) * described.size[elem]
                depth += 1
        elif kind == STRUCT:
            target, where = atomic_pointer(memory, described, at, tail, i)
            if is_special(described, special, i):
                count = put_special(memory, described, at, tail, i, special[i], count, offset)
                continue
            if target >= 0 and special[i] == 0:
                count = put_slot(described, count, offset + where, POINTER, target, ONE)
                continue
            fields = np.int64(tail[i, COUNT])
            if depth + fields >= len(stack):
                return -1
            for step in range(fields):
                row = tail[i, FIELDS] + np.uint64(fields - 1 - step) * at[FIELD_SIZE]
                inner = row_of(described, read64(memory, row + at[FIELD_TYPE])[0])
                inside, known = read64(memory, row + at[FIELD_OFFSET])
                if inner < 0 or not known or inside > described.size[i]:
                    return -1
                if described.size[inner] > described.size[i] - inside:
                    return -1
                stack[depth, 0], stack[depth, 1] = np.uint64(inner), offset + inside
                depth += 1
        elif kind == INTERFACE:
            count = put_slot(described, count, offset, IFACE if tail[i, METHODS] else EFACE, -1, ONE)
        elif kind == MAP or kind == CHAN:
            count = put_slot(described, count, offset, kind, i, ONE)
        elif kind == POINTER or kind == SLICE:
            count = put_slot(described, count, offset, kind, elem, ONE)
        else:
            count = put_slot(described, count, offset, kind, -1, ONE)
        if count > np.int64(MOST_FIELDS) * len(described.slots):
            return -1
    return count


@library.kernel("control Memory u64[] u64[] u64[] u8[] u8[]")
def named(control, memory, base, address, prefix_ends, prefixes, out):
    """Which types' names begin with one of some prefixes: 1 + its number, 0 for none.

    A prefix that does not end in a bracket is a whole name. ``base``: of each type, where its module's names begin.
    ``prefixes`` lie side by side, each ends at ``prefix_ends``.
    """
    for i in range(len(address)):
        if i & SOME == 0 and stopped(control):
            return
        text, known = read64(memory, address[i] + np.uint64(40))
        flags, fine = read64(memory, address[i] + np.uint64(16))
        if not known or not fine:
            continue
        name = base[i] + (text & HALF) + np.uint64(2)
        length, star = read64(memory, name - ONE)[0] & BYTE, (flags >> np.uint64(33)) & ONE
        name, length, begin = name + star, length - star, ZERO
        for number in range(len(prefix_ends)):
            whole = length == prefix_ends[number] - begin or prefixes[prefix_ends[number] - ONE] == BRACKET
            if whole and begins(memory, name, prefixes, begin, prefix_ends[number]):
                out[i] = np.uint8(number + 1)
                break
            begin = prefix_ends[number]


@helper
def begins(memory, address, text, begin, end):
    """Whether the bytes at an address are those of text[begin:end]."""
    for i in range(end - begin):
        host = host_of(memory, address + np.uint64(i), ONE)
        if host == 0 or load8(host) != text[begin + np.uint64(i)]:
            return False
    return True
