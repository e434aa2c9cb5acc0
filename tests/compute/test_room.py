"""A loop is asked again until all that it finds has room."""

from __future__ import annotations

from hypothesis import given, strategies as st

from gdbext.compute.room import enough


@given(st.lists(st.integers(), max_size=50), st.integers(0, 60))
def test_everything_is_found_in_two_goes_at_most(values: list[int], room: int) -> None:
    asked = list[int]()

    def find(some: int) -> tuple[int, list[int]]:
        asked.append(some)
        return len(values), values[:some]

    assert enough(room, find) == (len(values), values)
    assert asked == ([room] if room >= len(values) else [room, len(values)])
