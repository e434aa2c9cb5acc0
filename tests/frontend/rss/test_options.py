"""What ``gdbext rss`` is told."""

from __future__ import annotations

import pytest

from gdbext.errors import UsageError
from gdbext.frontend.rss.options import Options, parse


def test_programs_keep_their_order() -> None:
    words = ("--pid", "12", "--run", "./server -a 'b c'", "--seconds", "2.5", "--plot", "x.svg", "--json")
    assert parse(words) == Options((12, ["./server", "-a", "b c"]), 2.5, "x.svg", True)


def test_help_says_all() -> None:
    said = parse(["--run", "x", "--help"])
    assert isinstance(said, str)
    for word in ("--run", "--pid", "--seconds", "--plot", "--json", "examples:"):
        assert word in said


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ([], "rss: which programs?; --run 'COMMAND' starts one, --pid P is one that runs; rss --help"),
        (["--run", "'"], """gdbext rss: argument --run: "'": No closing quotation; gdbext rss --help explains"""),
        (["--run", " "], "gdbext rss: argument --run: an empty command; gdbext rss --help explains"),
        (["--pid", "²"], "gdbext rss: argument --pid: '²' is not a process id; gdbext rss --help explains"),
        (
            ["--seconds", "nan"],
            "gdbext rss: argument --seconds: 'nan' is no time from 2 to 604800 seconds; gdbext rss --help explains",
        ),
        (["--run", "x", "--plot", "x.png"], "rss: x.png: a picture is an .svg"),
        (["--run", "x"] * 9, "rss: 9 programs; at most 8"),
        (["x"], "gdbext rss: unrecognized arguments: x; gdbext rss --help explains"),
    ],
)
def test_wrong_usage(words: list[str], line: str) -> None:
    with pytest.raises(UsageError) as raised:
        parse(words)
    assert str(raised.value) == line
