"""What debug information answered: asked once, never stale, never believed from a stranger, and never in the way."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from gdbext.binary import answers as remembered
from gdbext.binary.answers import MOST_ANSWERS, MOST_FILES, Remembered
from gdbext.binary.elf import Elf
from gdbext.binary.executable import Binary
from gdbext.binary.layouts import Field, Layout
from gdbext.errors import MissingField, MissingSymbol
from gdbext.store.files import TRAILER
from tests import programs, tools

NEWEST = tools.go_versions()[-1]
G = Layout("runtime.g", 16, {"goid": Field(0, 8, "uint64"), "m": Field(8, 8, "*runtime.m")})


@pytest.fixture(autouse=True)
def private_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("GDBEXT_HOME", str(tmp_path / "home"))
    return tmp_path / "home" / "cache" / "binaries"


@pytest.fixture(scope="module")
def newest() -> Path:
    return programs.build("ctxforest", NEWEST).exe


@pytest.fixture
def exe(newest: Path, tmp_path: Path) -> Path:
    """A copy of its own."""
    return Path(shutil.copy2(newest, tmp_path / "exe"))


class Asked:
    """Answers, and counts how often."""

    def __init__(self, layout: Layout | None = G, address: int | None = 0x1000) -> None:
        self.known = (layout, address)
        self.times = 0

    def layout(self, name: str) -> Layout | None:
        self.times += 1
        return self.known[0]

    def address(self, name: str) -> int | None:
        self.times += 1
        return self.known[1]


def of(*paths: Path) -> Remembered:
    return Remembered([Elf.open(str(path)) for path in paths])


def ask(memory: Remembered, asked: Asked, name: str = "runtime.g") -> tuple[Layout | None, int | None]:
    return memory.layout(name, asked.layout), memory.address(name, asked.address)


def test_a_second_run_does_not_ask(exe: Path, private_folder: Path) -> None:
    first, second = Asked(), Asked(None, None)
    assert ask(of(exe), first) == (G, 0x1000)
    assert ask(of(exe), second) == (G, 0x1000)
    assert (first.times, second.times) == (2, 0)
    (file,) = private_folder.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert private_folder.stat().st_mode & 0o777 == 0o700


def test_that_there_is_none_is_an_answer(exe: Path) -> None:
    second = Asked()
    assert ask(of(exe), Asked(None, None)) == (None, None)
    assert ask(of(exe), second) == (None, None)
    assert second.times == 0


def test_what_fails_is_no_answer(exe: Path, private_folder: Path) -> None:
    def refuse(name: str) -> Layout | None:
        raise MissingField(name, "")

    with pytest.raises(MissingField):
        of(exe).layout("runtime.g", refuse)
    assert not private_folder.exists()
    assert of(exe).layout("runtime.g", Asked().layout) == G


def touched(path: Path) -> None:
    facts = path.stat()
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns + 1))


def lengthened(path: Path) -> None:
    times = path.stat()
    with path.open("ab") as file:
        file.write(b"\0")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


@pytest.mark.parametrize("change", [touched, lengthened])
def test_a_changed_file_is_asked_again(exe: Path, change: object) -> None:
    ask(of(exe), Asked())
    assert callable(change)
    change(exe)
    second = Asked(None, None)
    assert ask(of(exe), second) == (None, None)
    assert second.times == 2


def test_a_copy_with_its_times_is_the_same_file(exe: Path, tmp_path: Path) -> None:
    ask(of(exe), Asked())
    second = Asked()
    ask(of(Path(shutil.copy2(exe, tmp_path / "copy"))), second)
    assert second.times == 0


def test_another_state_of_our_sources_asks_again(exe: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ask(of(exe), Asked())
    folder = Path(shutil.copytree(Path(remembered.__file__).parent, tmp_path / "target"))
    monkeypatch.setattr(remembered, "__file__", str(folder / "remembered.py"))
    same, other = Asked(), Asked()
    ask(of(exe), same)
    with (folder / "dwarf.py").open("a") as file:
        file.write("\n")
    ask(of(exe), other)
    assert (same.times, other.times) == (0, 2)


def test_without_sources_nothing_is_kept(exe: Path, monkeypatch: pytest.MonkeyPatch, private_folder: Path) -> None:
    monkeypatch.setattr(remembered, "__file__", "/nowhere/at/all.py")
    assert ask(of(exe), Asked()) == (G, 0x1000)
    assert not private_folder.exists()


def test_the_debug_file_counts_too(exe: Path, newest: Path, tmp_path: Path) -> None:
    debug = Path(shutil.copy2(newest, tmp_path / "debug"))
    ask(of(exe, debug), Asked())
    alone, same, other = Asked(), Asked(), Asked()
    ask(of(exe), alone)
    ask(of(exe, debug), same)
    touched(debug)
    ask(of(exe, debug), other)
    assert (alone.times, same.times, other.times) == (2, 0, 2)


def test_a_file_changed_since_it_was_mapped_is_not_remembered(exe: Path, private_folder: Path) -> None:
    memory = of(exe)
    touched(exe)
    assert ask(memory, Asked()) == (G, 0x1000)
    assert not private_folder.exists()


def test_a_file_that_is_gone_is_not_remembered(exe: Path, private_folder: Path) -> None:
    memory = of(exe)
    exe.unlink()
    assert ask(memory, Asked()) == (G, 0x1000)
    assert not private_folder.exists()


def written(memory: Remembered) -> Path:
    ask(memory, Asked())
    assert memory.path is not None
    return memory.path


@settings(max_examples=60)
@given(data=st.data())
def test_garbage_is_no_answer_and_is_replaced(exe: Path, data: st.DataObject) -> None:
    path = written(of(exe))
    whole = path.read_bytes()
    at = data.draw(st.integers(0, len(whole) - 1))
    broken = data.draw(st.sampled_from([whole[:at], whole[:at] + b"\xff" + whole[at + 1 :], b"", b"[" * 10000, b"{}"]))
    path.write_bytes(broken)
    again = Asked()
    assert ask(of(exe), again) == (G, 0x1000)
    assert again.times in (1, 2)
    assert path.read_bytes() == whole


PARTS = [
    ("layouts", []),
    ("layouts", {"runtime.g": [16]}),
    ("layouts", {"runtime.g": [-1, {}]}),
    ("layouts", {"runtime.g": [16, {"goid": [0, 8]}]}),
    ("layouts", {"runtime.g": [16, {"goid": [0, 8, 7]}]}),
    ("layouts", {"runtime.g": [16, {"goid": [0, 1 << 64, ""]}]}),
    ("layouts", {"runtime.g": [16.0, {}]}),
    ("addresses", {"runtime.g": True}),
    ("addresses", {"runtime.g": "0x1000"}),
    ("addresses", None),
    ("constants", {"runtime._KindSpecialProfile": -1}),
    ("constants", 1),
    ("more", 1),
]


@pytest.mark.parametrize(("part", "value"), PARTS)
def test_what_we_would_not_write_is_not_believed(exe: Path, part: str, value: object) -> None:
    memory = of(exe)
    path = written(memory)
    document = {**json.loads(path.read_bytes()[:-TRAILER]), part: value}
    memory.shelf.keep(memory.identity, json.dumps(document).encode())
    again = Asked()
    assert ask(of(exe), again) == (G, 0x1000)
    assert again.times == 2


def strangers_file(path: Path, kind: str) -> None:
    whole = path.read_bytes()
    if kind == "writable for others":
        path.chmod(0o666)
        return
    path.unlink()
    other = path.with_name("other")
    if kind == "link":
        other.write_bytes(whole)
        path.symlink_to(other)
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.write_bytes(whole + b" " * remembered.MOST_BYTES)


@pytest.mark.parametrize("kind", ["writable for others", "link", "pipe", "huge"])
def test_only_a_file_of_our_own_is_read(exe: Path, kind: str) -> None:
    path = written(of(exe))
    strangers_file(path, kind)
    again, later = Asked(), Asked()
    ask(of(exe), again)
    ask(of(exe), later)
    assert (again.times, later.times) == (2, 0)
    assert path.is_file() and not path.is_symlink()


def test_anothers_file_is_not_read(exe: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(of(exe))
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    again = Asked()
    ask(of(exe), again)
    assert again.times == 2


def test_where_nothing_can_be_written_it_works_all_the_same(exe: Path, private_folder: Path) -> None:
    private_folder.parent.mkdir(parents=True)
    private_folder.write_text("no folder")
    for _ in range(2):
        again = Asked()
        assert ask(of(exe), again) == (G, 0x1000)
        assert again.times == 2


def test_constants_are_remembered_as_well(exe: Path) -> None:
    first, second = Asked(), Asked(None, None)
    assert of(exe).constant("runtime.one", first.address) == 0x1000
    again = of(exe)
    assert again.constant("runtime.one", second.address) == 0x1000
    assert again.constant("runtime.other", second.address) is None
    assert of(exe).constant("runtime.other", first.address) is None
    assert (first.times, second.times) == (1, 1)


def test_only_so_many_answers_are_kept(exe: Path) -> None:
    memory = of(exe)
    memory._answers.addresses.update((f"x{number}", number) for number in range(MOST_ANSWERS))
    memory.address("one more", Asked().address)
    assert memory.path is not None
    assert not memory.path.exists()


def test_what_would_be_too_large_to_read_is_not_written(exe: Path, private_folder: Path) -> None:
    many = Layout("main.t", 8, {f"field{number}": Field(0, 8, "uint64") for number in range(50_000)})
    assert of(exe).layout("main.t", Asked(many).layout) == many
    assert not private_folder.exists()


def test_the_oldest_files_go(exe: Path, private_folder: Path) -> None:
    private_folder.mkdir(parents=True)
    for number in range(MOST_FILES + 5):
        (private_folder / f"{number}.json").write_text("")
        os.utime(private_folder / f"{number}.json", (number, number))
    kept = written(of(exe))
    names = {path.name for path in private_folder.iterdir()}
    assert len(names) == MOST_FILES
    assert kept.name in names
    assert "5.json" not in names
    assert "68.json" in names


# Of a real binary


def answers(binary: Binary) -> Iterator[object]:
    for name in ("runtime.g", "runtime.m", "context.cancelCtx", "sync.Mutex"):
        yield binary.layout(name)
    with pytest.raises(MissingField) as caught:
        binary.layout("main.nothing")
    yield str(caught.value)
    with pytest.raises(MissingSymbol) as missing:
        binary.symbol("runtime.nothing")
    yield str(missing.value)


def test_answers_are_what_the_debug_information_says(exe: Path) -> None:
    first, second = Binary.open(str(exe)), Binary.open(str(exe))
    assert list(answers(first)) == list(answers(second))
    assert first.dwarf is not None and "index" in first.dwarf.__dict__
    assert second.dwarf is not None and "index" not in second.dwarf.__dict__


def test_two_programs_do_not_answer_for_each_other() -> None:
    one, other = (str(programs.build("ctxforest", NEWEST, flags=flags).exe) for flags in ([], ["-buildmode=pie"]))
    fresh = [list(answers(Binary.open(path))) for path in (one, other)]
    again = [list(answers(Binary.open(path))) for path in (one, other)]
    assert fresh == again


def test_a_command_after_the_first_reads_no_debug_information() -> None:
    program = programs.build("goroutines", NEWEST)
    core = programs.core(program, f"gcore-{tools.gdbs()[-1]}")
    code = (
        "import sys; from gdbext.frontend import cli; from gdbext.binary.dwarf.skimmer import Dwarf\n"
        "def refuse(self): raise AssertionError('read')\n"
        "if sys.argv.pop(1) == 'again': Dwarf.sections = property(refuse)\n"
        "sys.exit(cli.main(sys.argv[1:]))"
    )
    said = [
        subprocess.run(
            [sys.executable, "-c", code, word, "core", str(core.exe), str(core.path), "go-goroutines", "--json"],
            capture_output=True, text=True,
        )
        for word in ("first", "again")
    ]  # fmt: skip
    assert [one.returncode for one in said] == [0, 0], said[1].stderr
    assert said[0].stdout == said[1].stdout
