"""Writes gdbext/kernels.txt: every kernel that commands call, with the types they call it with.

    python .ci/make_kernel_list.py                        builds samples with each Go release and asks every command
    python .ci/make_kernel_list.py --check core EXE CORE  prints what asking there would add to the list (or: pid PID)
"""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from gdbext import commands, home  # noqa: E402
from gdbext.frontend import cli  # noqa: E402
from gdbext.warm import LIST, spell  # noqa: E402
from tests import programs, tools  # noqa: E402

SAMPLES = ("ctxforest", "goroutines")
HEADER = "# Written by .ci/make_kernel_list.py; read by gdbext/warm.py.\n"


@contextlib.contextmanager
def recorded() -> Iterator[set[str]]:
    """The lines of kernels that Python calls while inside, spelt as in the list."""
    from numba.core.dispatcher import Dispatcher

    lines: set[str] = set()
    original = Dispatcher._compile_for_args

    def noting(self: Dispatcher, *args: object, **kws: object) -> object:
        types = [spell(self.typeof_pyval(arg)) for arg in args]
        lines.add(" ".join((f"{self.py_func.__module__}.{self.py_func.__name__}", *types)))
        return original(self, *args, **kws)

    Dispatcher._compile_for_args = noting
    try:
        yield lines
    finally:
        Dispatcher._compile_for_args = original


def ask_everything(target: Sequence[str]) -> None:
    """Every command on one target; what they print is not wanted."""
    for name in commands.registry():
        with contextlib.redirect_stdout(io.TextIOWrapper(io.BytesIO())):
            cli.main([*target, name, "--all"])


def ask_samples() -> None:
    """On cores and processes of each Go release: maps, for one, are read differently before Go 1.24."""
    for go in tools.EVERY_GO:
        for name in SAMPLES:
            core = programs.core(programs.build(name, go), f"gcore-{tools.gdbs()[-1]}")
            ask_everything(["core", str(core.exe), str(core.path)])
            with programs.run(core.program) as running:
                ask_everything(["pid", str(running.pid)])


def main(arguments: Sequence[str]) -> int:
    """Exit status: 1 where --check found something, 2 for wrong usage."""
    home.activate()
    if arguments[:1] == ["--check"] and len(arguments) > 2:
        with recorded() as lines:
            ask_everything(arguments[1:])
        missing = lines - set(LIST.read_text().splitlines())
        print("\n".join(sorted(missing)))
        return 1 if missing else 0
    if arguments:
        print(__doc__, file=sys.stderr)
        return 2
    with recorded() as lines:
        ask_samples()
    LIST.write_text(HEADER + "".join(f"{line}\n" for line in sorted(lines)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
