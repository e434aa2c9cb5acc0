"""What is done to a core: a list of writes into its file and where it ends. Everything follows from a seed."""

from __future__ import annotations

import random
from collections.abc import Callable

from attrs import define, field

from tests.mutated.places import Healthy, Kind

WORD = (1 << 64) - 1
LENGTHS = (0, 1, 2, 1 << 16, 1 << 20, 1 << 27, 1 << 31, 1 << 32, 1 << 35, 1 << 40, 1 << 47, 1 << 50, 1 << 60, 1 << 63)
PAGE = 4096


@define
class Wounds:
    """Writes (offset in the file, bytes) and the file's new size; ``story`` names them for a report."""

    core: Healthy
    random: random.Random
    size: int
    writes: list[tuple[int, bytes]] = field(factory=list)
    story: list[str] = field(factory=list)

    def put(self, address: int, data: bytes, what: str) -> None:
        """Write to the process's memory, where the core has it."""
        offset = self.core.offset(address)
        if offset is not None:
            self.put_at(offset, data, f"{what} at {address:#x}")

    def put_at(self, offset: int, data: bytes, what: str) -> None:
        """Write to the file."""
        if data and offset + len(data) <= self.core.size:
            self.writes.append((offset, data))
            if len(self.story) < 12:
                self.story.append(f"{what} := {data[:8].hex()}")


def wounds(core: Healthy, seed: str) -> Wounds:
    """One to four wounds."""
    chance = random.Random(seed)
    made = Wounds(core, chance, core.size)
    for _ in range(chance.choice((1, 1, 1, 2, 2, 3, 4))):
        chance.choices(list(WAYS), list(WAYS.values()))[0](made)
    return made


def _value(made: Wounds, old: int, own: int, kind: Kind) -> int:
    """What a field may be overwritten with: lengths, other objects, itself, the old value changed a little."""
    chance = made.random
    return WORD & chance.choice(
        (
            chance.choice(LENGTHS),
            chance.choice(LENGTHS) - 1,
            chance.choice(LENGTHS) + chance.randrange(1 << 16),
            chance.getrandbits(64),
            chance.getrandbits(47) & ~7,
            own,
            own + 8 * chance.randrange(-4, 16),
            chance.choice(kind.addresses),
            chance.choice(made.core.pointers),
            old ^ 1 << chance.randrange(64),
            old + chance.randrange(-64, 64),
            old * 2,
            old + PAGE * chance.randrange(-64, 64),
            -old,
        )
    )


def _old(made: Wounds, address: int) -> int:
    """The word as it was."""
    offset = made.core.offset(address)
    if offset is None:
        return 0
    with open(made.core.path, "rb") as file:
        file.seek(offset)
        return int.from_bytes(file.read(8), "little")


def one_field(made: Wounds) -> None:
    """A field of one structure."""
    kind = made.random.choice([kind for kind in made.core.kinds if kind.addresses])
    _set(made, kind, (made.random.choice(kind.addresses),))


def many_fields(made: Wounds) -> None:
    """The same field of many structures or of all."""
    kind = made.random.choice([kind for kind in made.core.kinds if kind.addresses])
    some = made.random.choice((8, 64, len(kind.addresses)))
    _set(made, kind, made.random.sample(kind.addresses, min(some, len(kind.addresses))))


def several_fields(made: Wounds) -> None:
    """A few fields of one structure."""
    kind = made.random.choice([kind for kind in made.core.kinds if kind.addresses])
    address = made.random.choice(kind.addresses)
    for _ in range(made.random.randrange(2, 6)):
        _set(made, kind, (address,))


def _set(made: Wounds, kind: Kind, addresses: tuple[int, ...] | list[int]) -> None:
    name = made.random.choice(list(kind.fields))
    offset, size = kind.fields[name]
    value = _value(made, _old(made, addresses[0] + offset), addresses[0], kind)
    for address in addresses:
        made.put(address + offset, (value & WORD).to_bytes(8, "little")[:size], f"{kind.name}.{name}")


def copied(made: Wounds) -> None:
    """A structure overwritten with another one of its kind: spans overlap, goroutines share a stack."""
    kind = made.random.choice([kind for kind in made.core.kinds if len(kind.addresses) > 1])
    length = max(offset + size for offset, size in kind.fields.values())
    source = made.core.offset(made.random.choice(kind.addresses))
    if source is not None:
        with open(made.core.path, "rb") as file:
            file.seek(source)
            data = file.read(length)
        for target in made.random.sample(kind.addresses, min(made.random.choice((1, 4, 64)), len(kind.addresses))):
            made.put(target, data, f"{kind.name} copied")


def garbage(made: Wounds) -> None:
    """A whole structure of random bytes, of ones, or of zeros."""
    kind = made.random.choice([kind for kind in made.core.kinds if kind.addresses])
    length = max(offset + size for offset, size in kind.fields.values())
    made.put(made.random.choice(kind.addresses), _fill(made, length), f"{kind.name} garbage")


def _fill(made: Wounds, length: int) -> bytes:
    return made.random.choice((made.random.randbytes(length), b"\0" * length, b"\xff" * length))


def cycle(made: Wounds) -> None:
    """A pointer field that leads back: into a ring of some, or to itself."""
    kind = made.random.choice([kind for kind in made.core.kinds if kind.addresses])
    name = made.random.choice([name for name, (_, size) in kind.fields.items() if size == 8] or list(kind.fields))
    offset, size = kind.fields[name]
    ring = made.random.sample(kind.addresses, min(made.random.choice((1, 2, 50)), len(kind.addresses)))
    for here, there in zip(ring, [*ring[1:], ring[0]], strict=True):
        made.put(here + offset, there.to_bytes(8, "little")[:size], f"{kind.name}.{name} in a ring")


def page(made: Wounds) -> None:
    """Pages of zeros or of garbage anywhere, or near something that is read."""
    address = _somewhere(made) & -PAGE
    for number in range(made.random.choice((1, 1, 4, 32))):
        made.put(address + number * PAGE, _fill(made, PAGE), "page")


def _somewhere(made: Wounds) -> int:
    if made.random.random() < 0.7:
        return made.random.choice(made.core.pointers)
    start, end, _ = made.random.choice(made.core.loads)
    return made.random.randrange(start, end)


def bits(made: Wounds) -> None:
    """Bits flipped here and there."""
    for _ in range(made.random.choice((1, 16, 256))):
        address = _somewhere(made) + made.random.randrange(512)
        made.put(address, bytes([_old(made, address) & 0xFF ^ 1 << made.random.randrange(8)]), "bit")


def truncated(made: Wounds) -> None:
    """The file ends early."""
    made.size = made.random.choice(
        (
            made.random.randrange(made.core.size),
            made.random.randrange(1 << 16),
            made.core.size - made.random.randrange(1 << 20),
        )
    )
    made.size = max(made.size, 0)
    made.story.append(f"cut to {made.size}")


def headers(made: Wounds) -> None:
    """Program headers, word by word; sometimes the ELF header."""
    start, length = made.core.segments if made.random.random() < 0.8 else (0, 64)
    for _ in range(made.random.choice((1, 1, 4, 20))):
        at = start + made.random.randrange(max(length // 8, 1)) * 8
        value = made.random.choice(
            (made.random.choice(LENGTHS), made.random.getrandbits(64), made.random.getrandbits(32))
        )
        made.put_at(at, value.to_bytes(8, "little"), "header")


def notes(made: Wounds) -> None:
    """Words of the notes: sizes, registers, mapped files."""
    for _ in range(made.random.choice((1, 4, 64))):
        if made.core.notes:
            offset, size = made.random.choice(made.core.notes)
            at = offset + made.random.randrange(max(min(size, 1 << made.random.randrange(3, 20)) // 4, 1)) * 4
            made.put_at(at, made.random.choice((made.random.randbytes(4), b"\xff" * 4, b"\0" * 4)), "note")


WAYS: dict[Callable[[Wounds], None], int] = {
    one_field: 8, many_fields: 4, several_fields: 4, copied: 3, garbage: 3, cycle: 3, page: 2, bits: 2, truncated: 1,
    headers: 1, notes: 1,
}  # fmt: skip
