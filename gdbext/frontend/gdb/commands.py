"""The commands inside GDB: registration, completion, ``$go_ctx``, and when a Session must go.

With the modules beside it, target/inferior*.py and gdbinit.py the only importer of gdb. Loading it
twice changes nothing; a name that another extension has taken stays theirs.
"""

from __future__ import annotations

import os
import re
import traceback
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, NoReturn

import gdb

from gdbext.commands import Command, Look, completions, registry, run_line
from gdbext.errors import GdbextError, UsageError
from gdbext.frontend import internal_error
from gdbext.frontend.gdb.copying import copied_session
from gdbext.frontend.gdb.going import GoingOn
from gdbext.frontend.gdb.goroutine import BEFORE, Goroutines
from gdbext.frontend.gdb.screen import tui
from gdbext.frontend.gdb.settings import Settings
from gdbext.frontend.gdb.straight import Output, write_pieces
from gdbext.frontend.progress import Progress
from gdbext.store import home

if TYPE_CHECKING:
    from gdbext.session import Session

TOPIC = "go-"
"""A topic and no command: ``help go-`` lists ours. GDB lets scripts make no class of commands of their own."""

FORGET_ON = (
    *("cont", "exited", "new_objfile", "clear_objfiles", "free_objfile", "memory_changed", "register_changed"),
    *("inferior_call", "inferior_deleted", "connection_removed"),
    *("corefile_changed", "executable_changed"),  # GDB 14
)
"""After any of these the target may be another one. Those that a GDB does not have are left out."""


def install() -> None:
    """Register everything that is not there yet."""
    commands = registry()
    settings = Settings()
    sessions = Sessions()
    if _is_ours(TOPIC, topic_text(commands.values())):
        return
    settings.register()
    _register(TOPIC, topic_text(commands.values()), _Topic)
    for command in commands.values():
        _register(command.name, keepable(command.help_text()), partial(_Command, command, sessions, settings))
    _Before(sessions.goroutines)
    _ContextFunction(sessions, settings)
    _GoroutineFunction(sessions, settings)
    sessions.watch()


def topic_text(commands: Iterable[Command]) -> str:
    """What ``help go-`` says."""
    lines = "".join(f"{command.name} -- {command.help}\n" for command in commands)
    return keepable(f"Go programs: contexts, goroutines, and what keeps them.\n\nList of commands:\n\n{lines}".rstrip())


def keepable(text: str) -> str:
    """A text that GDB takes as help or as an error: in its host character set, which is ASCII where no locale is set.

    What is written as output need not be so: GDB hands that through as UTF-8.
    """
    charset = gdb.host_charset()
    try:
        text.encode(charset)
    except UnicodeEncodeError:
        plain = text.translate({ord("\N{MULTIPLICATION SIGN}"): "x", ord("\N{HORIZONTAL ELLIPSIS}"): "..."})
        return plain.encode(charset, "replace").decode(charset)
    except LookupError:  # a character set that Python does not know
        return ascii(text)
    return text


def _register(name: str, text: str, make: Callable[[str], object]) -> None:
    if _exists(name):
        gdb.write(f"gdbext: {name} is a command of another extension already; ours is not loaded\n", gdb.STDERR)
    else:
        make(text)


def _exists(name: str) -> bool:
    """Whether GDB has a command of exactly this name; ``help`` would also answer for an abbreviation."""
    return name in gdb.execute(f"complete {name}", to_string=True).split("\n")


def _is_ours(name: str, text: str) -> bool:
    return _exists(name) and gdb.execute(f"help {name}", to_string=True).strip() == text.strip()


class _Topic(gdb.Command):
    def __init__(self, text: str) -> None:
        self.__doc__ = text
        super().__init__(TOPIC, gdb.COMMAND_USER)

    def invoke(self, argument: str, from_tty: bool) -> None:
        gdb.write(f"{self.__doc__}\n")


class _Command(gdb.Command):
    """One of ours. GDB reads ``__doc__`` once, when it is registered."""

    def __init__(self, command: Command, sessions: Sessions, settings: Settings, text: str) -> None:
        self.__doc__ = text
        self.command, self.sessions, self.settings = command, sessions, settings
        super().__init__(command.name, gdb.COMMAND_USER)

    def invoke(self, argument: str, from_tty: bool) -> None:
        self.dont_repeat()
        with one_line_errors(self.settings), self.sessions.used():
            look = self.settings.look(from_tty)._replace(
                frames=self.sessions.goroutines,
                snapshot=self.sessions.snapshot,
                going=GoingOn(self.sessions.goroutines, self.sessions.current),
            )
            pieces = self._answer(argument, look)
            shown = (
                Progress(self._doing, self._expected).until_output(pieces) if look.terminal and not tui() else pieces
            )
            write_pieces(shown, Output(gdb.write, gdb.flush, _unseen), lambda: bool(gdb.parameter("height")))
            gdb.flush()
            if session := self.sessions.held():
                session.keep()

    def _answer(self, argument: str, look: Look) -> Generator[str, None, None]:
        if program := home.stand_in():
            from gdbext.frontend.gdb.elsewhere import Elsewhere

            return Elsewhere(program).run(self.command, argument, look)
        return run_line(self.command, argument, self.sessions.current, look)

    def _doing(self) -> str:
        session = self.sessions.held()
        return session.progress if session else "opening"

    def _expected(self) -> str:
        session = self.sessions.held()
        return session.expected if session else ""

    def complete(self, text: str, word: str | None) -> list[str] | None:
        """GDB starts ``word`` after a dash or another mark; ours start after a blank."""
        if word is None:
            return None
        token = re.split(r"\s", text)[-1]
        typed = len(token) - len(word)
        return [found[typed:] for found in completions(self.command, self.sessions.held(), text, token)]


class _ContextFunction(gdb.Function):
    """The address of the context behind an expression.

    Usage: $go_ctx (EXPRESSION)
    EXPRESSION is a context.Context, a pointer to a context, or the address of one."""

    def __init__(self, sessions: Sessions, settings: Settings) -> None:
        self.sessions, self.settings = sessions, settings
        super().__init__("go_ctx")

    def invoke(self, value: gdb.Value) -> int:
        with one_line_errors(self.settings), self.sessions.used():
            from gdbext.commands._contextvalue import context_behind
            from gdbext.target.inferiorvalues import value_of

            return context_behind(self.sessions.current(), value_of(value))[1]


class _Before(gdb.Command):
    """Keep the thread in whose place a goroutine is shown safe from a command: go-goroutine's hooks ask this."""

    def __init__(self, goroutines: Goroutines) -> None:
        self.goroutines = goroutines
        super().__init__(BEFORE, gdb.COMMAND_MAINTENANCE)

    def invoke(self, argument: str, from_tty: bool) -> None:
        self.goroutines.before(argument)


class _GoroutineFunction(gdb.Function):
    """The runtime.g of a goroutine.

    Usage: $go_g (N)
    A pointer to it; its address as a number where the program has no debug information."""

    def __init__(self, sessions: Sessions, settings: Settings) -> None:
        self.sessions, self.settings = sessions, settings
        super().__init__("go_g")

    def invoke(self, goid: gdb.Value) -> gdb.Value:
        with one_line_errors(self.settings), self.sessions.used():
            from gdbext.analysis.goroutines.numbered import find

            goroutines = self.sessions.current().goroutines
            address = gdb.Value(int(goroutines.address[find(goroutines, int(goid))]))
            with suppress(gdb.error):  # no debug information
                address = address.cast(gdb.lookup_type("runtime.g").pointer())
            return address


def _unseen() -> bool:
    """Whether neither the pager nor a log has to see what goes to standard output."""
    try:
        return not (os.isatty(1) or gdb.parameter("height") or gdb.parameter("logging enabled"))
    except RuntimeError:  # a GDB that calls them otherwise
        return False


@contextmanager
def one_line_errors(settings: Settings) -> Iterator[None]:
    """Whatever goes wrong is one line at the prompt; under ``set go-traceback on`` also where."""
    try:
        yield
    except GdbextError as error:
        _refuse(str(error), settings)
    except KeyboardInterrupt:
        raise gdb.GdbError("interrupted; nothing is lost") from None
    except gdb.error as error:
        _refuse(f"GDB says: {' '.join(str(error).split())}", settings)
    except (Exception, SystemExit) as error:  # noqa: BLE001  an error of ours is one line, and never GDB's end
        _refuse(internal_error(error, "set go-traceback on"), settings)


def _refuse(line: str, settings: Settings) -> NoReturn:
    if settings.traceback.value:
        gdb.write(traceback.format_exc(), gdb.STDERR)
    raise gdb.GdbError(keepable(line)) from None


class Sessions:
    """One Session per inferior, until anything happens that may have changed it."""

    def __init__(self) -> None:
        self._held: dict[int, tuple[object, Session]] = {}
        self._in_use = 0
        self._left: list[Session] = []
        """Forgotten while a command ran, which may hold them."""
        self.goroutines = Goroutines()

    def watch(self) -> None:
        """Have GDB say when something happens."""
        self.goroutines.watch()
        for name in FORGET_ON:
            event = getattr(gdb.events, name, None)
            if event is not None:
                event.connect(self.forget)

    def forget(self, event: object = None) -> None:
        """Drop everything. A command that runs meanwhile keeps what it holds; that is closed when it ends."""
        held, self._held = self._held, {}
        self._left += [session for _, session in held.values()]
        if not self._in_use:
            self._close()

    def _close(self) -> None:
        left, self._left = self._left, []
        for session in left:
            session.close()

    @contextmanager
    def used(self) -> Iterator[None]:
        """While a command runs its Session is not closed under it, and Ctrl-C ends what it computes."""
        from gdbext.compute.control import CONTROL

        self._in_use += 1
        try:
            with CONTROL.watched():
                yield
        finally:
            self._in_use -= 1
            if not self._in_use:
                self._close()

    def held(self) -> Session | None:
        """The Session that is there already, for completion must not open one."""
        inferior = gdb.selected_inferior()
        identity, session = self._held.get(inferior.num, (None, None))
        return session if identity == _identity(inferior) else None

    def current(self) -> Session:
        """The selected inferior's Session. Raises UsageError where there is no program to look at."""
        inferior = gdb.selected_inferior()
        session = self.held()
        if session is None:
            if not inferior.pid:
                raise UsageError("no process and no core", "attach PID, run, or core-file FILE first")
            session = self._open()
            self._held[inferior.num] = (_identity(inferior), session)
        return session

    def snapshot(self) -> Session:
        """A copy of the selected inferior, which runs on, detached; once more: the copy that is there."""
        inferior = gdb.selected_inferior()
        held = self.held()
        if held is not None and not inferior.pid:
            return held
        found = copied_session(inferior.pid)
        self.goroutines.drop()
        said = gdb.execute("detach", to_string=True)
        self._held[inferior.num] = (_identity(inferior), found)
        gdb.write(said, gdb.STDERR)
        return found

    @staticmethod
    def _open() -> Session:
        if home.stand_in():
            from gdbext.frontend.gdb.elsewhere import python

            raise UsageError(f"this needs numba in {python()}", "the go- commands answer without, on a core")
        from gdbext.session import Session
        from gdbext.target.inferior import Inferior

        return Session(Inferior.current())


def _identity(inferior: gdb.Inferior) -> object:
    """Changes when another core or process takes the inferior's place, for which GDB 13 has no event."""
    connection = inferior.connection
    return inferior.pid, connection.num if connection is not None else None, inferior.progspace.filename
