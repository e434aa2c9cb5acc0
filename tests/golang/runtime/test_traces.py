"""All stacks at once say what one walk per stack says (runtime/traceback.go)."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings, strategies as st

from gdbext.golang.runtime.symtab import Symtab
from gdbext.golang.runtime.traceback import CUT, NO_FRAME, UNREADABLE, Frame, PcTable, Walk
from gdbext.golang.runtime.traces import Start, Traces, _distinct
from tests.golang.madecode import RUNTIME, TEXT, Code, Function, Stacks, words
from tests.synthetic import HEAP, World

NAMES = ["main.f", "main.g", *(function.name for function in RUNTIME)]
F, G = Function("main.f", 40), Function("main.g", 8)
STACKS = st.lists(st.lists(st.sampled_from(NAMES), min_size=1, max_size=8), min_size=1, max_size=8)
Stack = tuple[int, int, int, int]


def start(stacks: list[Stack], trapped: list[bool] | None = None) -> Start:
    columns = [words(*column) for column in zip(*stacks, strict=True)]
    return Start(*columns, np.array(trapped or [False] * len(stacks), np.bool_))


def one_by_one(code: Code, symtab: Symtab, stacks: list[Stack], trapped: list[bool]) -> list[tuple[list[Frame], int]]:
    found = []
    for stack, flag in zip(stacks, trapped, strict=True):
        one = Walk(code.world.target.memory, PcTable(symtab), *stack, flag, own=True)
        found.append((list(one), one.end))
    return found


def at_once(code: Code, symtab: Symtab, stacks: list[Stack], trapped: list[bool]) -> list[tuple[list[Frame], int]]:
    traces = Traces(symtab)
    nodes, ends = traces.walk(code.world.target.memory.image(()), start(stacks, trapped))
    frames = [traces.frames(node, stack[1]) for node, stack in zip(nodes.tolist(), stacks, strict=True)]
    return list(zip(frames, ends.tolist(), strict=True))


@settings(max_examples=60)
@given(STACKS, st.data())
def test_like_single_walks(calls: list[list[str]], data: st.DataObject) -> None:
    code = Code(World(), F, G)
    stacks = [Stacks(code).push(*names) for names in calls]
    trapped = data.draw(st.lists(st.booleans(), min_size=len(stacks), max_size=len(stacks)))
    symtab = code.symtab()
    assert at_once(code, symtab, stacks, trapped) == one_by_one(code, symtab, stacks, trapped)


@settings(max_examples=100)
@given(
    st.lists(st.integers(TEXT, TEXT + 0xC00) | st.integers(0, 2**64 - 1), min_size=64, max_size=64),
    st.lists(st.integers(0, 511), min_size=1, max_size=5),
)
def test_like_single_walks_on_garbage(content: list[int], offsets: list[int]) -> None:
    code = Code(World(), F, G)
    code.world.words(HEAP, *content)
    stacks = [(code.pc("main.f"), HEAP + offset, HEAP, HEAP + 512) for offset in offsets]
    symtab, trapped = code.symtab(), [False] * len(stacks)
    assert at_once(code, symtab, stacks, trapped) == one_by_one(code, symtab, stacks, trapped)


def test_like_stacks_share_their_frames() -> None:
    code = Code(World(), F, G)
    stacks = [Stacks(code).push("runtime.gopark", "main.f", "runtime.goexit") for _ in range(20)]
    stacks.append(Stacks(code).push("runtime.gopark", "main.f", "main.g", "runtime.goexit"))
    traces = Traces(code.symtab())
    nodes, _ = traces.walk(code.world.target.memory.image(()), start(stacks))
    assert len(set(nodes.tolist()[:20])) == 1 and nodes[20] != nodes[0]
    assert len(traces.pc) == 5


def test_enough_ends_a_walk_and_is_asked_once_a_node() -> None:
    code = Code(World(), F, G)
    stacks = [Stacks(code).push("runtime.gopark", "main.f", "main.g", "runtime.goexit") for _ in range(5)]
    traces, asked = Traces(code.symtab()), []

    def enough(node: int) -> bool:
        asked.append(node)
        return traces.pc[node] == code.pc("main.f")

    nodes, ends = traces.walk(code.world.target.memory.image(()), start(stacks), enough=enough)
    assert {traces.pc[node] for node in nodes.tolist()} == {code.pc("main.f")} and set(ends.tolist()) == {CUT}
    assert asked == [0, 1]


def test_the_frame_limit() -> None:
    code = Code(World(), F, G)
    traces = Traces(code.symtab())
    nodes, ends = traces.walk(
        code.world.target.memory.image(()), start([Stacks(code).push("main.f", "main.g", "main.f")]), 2
    )
    assert len(traces.path(int(nodes[0]))) == 2 and ends.tolist() == [CUT]


def test_goroutines_without_registers_have_no_frame() -> None:
    code = Code(World(), F, G)
    nodes, ends = Traces(code.symtab()).walk(code.world.target.memory.image(()), start([(0, 0, 0, 0)]))
    assert nodes.tolist() == [-1] and ends.tolist() == [NO_FRAME]


def test_a_stack_pointer_at_the_end_of_the_address_space() -> None:
    code = Code(World(), F, G)
    stacks = [(code.pc("main.f"), 2**64 - 16, 0, 2**64 - 1), (code.pc("main.f"), 2**64 - 64, 0, 2**64 - 1)]
    _, ends = Traces(code.symtab()).walk(code.world.target.memory.image(()), start(stacks))
    assert ends.tolist() == [3, UNREADABLE]


@given(st.lists(st.integers(0, 50), min_size=1), st.sampled_from([51, 1 << 40]))
def test_distinct_is_unique(keys: list[int], end: int) -> None:
    found, back = _distinct(np.array(keys), end)
    expected, inverse = np.unique(np.array(keys), return_inverse=True)
    assert found.tolist() == expected.tolist() and back.tolist() == inverse.tolist()
