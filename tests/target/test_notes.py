"""The notes of a core, made by hand: which belong to which thread."""

from __future__ import annotations

from hypothesis import given, strategies as st

from gdbext.binary.elf import Note
from gdbext.target.notes import NT_PRSTATUS, Notes
from tests.synthetic import ARCH

FP, EXTENDED = ARCH.vector_notes


def status(tid: int) -> Note:
    return Note(b"CORE\0", NT_PRSTATUS, bytes(32) + tid.to_bytes(4, "little") + bytes(300))


def test_vector_registers_follow_their_thread() -> None:
    notes = [
        Note(b"CORE\0", FP, b"nobody's"),
        status(7),
        Note(b"CORE\0", FP, b"seven"),
        Note(b"LINUX\0", EXTENDED, b"more of seven"),
        Note(b"LINUX\0", EXTENDED, b"once more"),
        Note(b"GNU\0", EXTENDED, b"another's"),
        status(8),
        Note(b"CORE\0", NT_PRSTATUS, b"cut off"),
        Note(b"CORE\0", FP, b"of the one that is cut off"),
        status(9),
        Note(b"", EXTENDED, b"by Delve"),
    ]
    found = Notes.of(notes, ARCH)
    assert [thread.tid for thread in found.threads] == [7, 8, 9]
    assert found.vectors == {7: {FP: b"seven", EXTENDED: b"more of seven"}, 8: {}, 9: {EXTENDED: b"by Delve"}}


OWNERS = st.sampled_from([b"CORE\0", b"LINUX\0", b"", b"GNU\0"])
TYPES = st.sampled_from([NT_PRSTATUS, FP, EXTENDED, 3, 6, 0x46494C45])


@given(st.lists(st.builds(Note, OWNERS, TYPES, st.binary(max_size=600))))
def test_notes_may_be_anything(notes: list[Note]) -> None:
    found = Notes.of(notes, ARCH)
    assert set(found.vectors) == {thread.tid for thread in found.threads}
