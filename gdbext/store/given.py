"""Files where a user wants them: whole or not there, for this user only, and nothing of anybody else's overwritten."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from gdbext.errors import GdbextError, UsageError
from gdbext.store.files import room

Mine = Callable[[Path], bool]
"""Whether a file is one that we wrote."""
TEMPORARY = ".gdbext-"


def path_of(text: str) -> Path:
    """A path as typed: no debugger puts the home folder in place of a ``~``."""
    return Path(os.path.abspath(os.path.expanduser(text)))


def head(path: Path, size: int) -> bytes:
    """What a file begins with, to tell by it whose it is: at most ``size`` bytes, none where it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(size)
    except OSError:
        return b""


def check(path: Path, mine: Mine) -> None:
    """Before anything is made. Raises UsageError where it could not be written to that path."""
    _is_there(path, mine)


def write(path: Path, pieces: Iterable[bytes | memoryview], size: int, mine: Mine) -> None:
    """A file of ``size`` bytes, in place of one of ours or of none. Raises GdbextError; nothing is changed then."""
    instead = _is_there(path, mine)
    try:
        if size > room(path.parent):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        _write(path, pieces, instead)
    except OSError as error:
        raise _cannot(path, error) from None


def check_folder(path: Path, mine: Mine) -> None:
    """Before anything is made. Raises UsageError where no folder could be put in its place."""
    _is_there(path, mine, stat.S_ISDIR)


def write_folder(path: Path, fill: Callable[[Path], None], mine: Mine) -> None:
    """A folder that ``fill`` fills, in place of an empty one, of one of ours or of none. Raises GdbextError; nothing is
    changed then."""
    _is_there(path, mine, stat.S_ISDIR)
    try:
        new = Path(tempfile.mkdtemp(prefix=TEMPORARY, dir=path.parent))
        try:
            fill(new)
            _take_place(new, path, mine)
        finally:
            shutil.rmtree(new, ignore_errors=True)
    except OSError as error:
        raise _cannot(path, error) from None


def _take_place(new: Path, path: Path, mine: Mine) -> None:
    """Whoever was quicker keeps what is none of ours."""
    if _is_there(path, mine, stat.S_ISDIR) and any(path.iterdir()):
        old = Path(tempfile.mkdtemp(prefix=TEMPORARY, dir=path.parent))
        os.rename(path, old / "old")
        os.rename(new, path)
        shutil.rmtree(old, ignore_errors=True)
    else:
        os.rename(new, path)


def _write(path: Path, pieces: Iterable[bytes | memoryview], instead: bool) -> None:
    number, name = tempfile.mkstemp(prefix=TEMPORARY, dir=path.parent)
    try:
        with open(number, "wb") as file:
            file.writelines(pieces)
        _rename(name, path, instead)
    finally:
        with contextlib.suppress(FileNotFoundError):  # renamed, as it should be
            os.unlink(name)


def _rename(name: str, path: Path, instead: bool) -> None:
    """A second name is refused where somebody was quicker; a file system without second names trusts the check."""
    if not instead:
        try:
            os.link(name, path)
        except FileExistsError:
            raise
        except OSError:
            instead = not path.exists()
        else:
            return
    if not instead:
        raise OSError(errno.EEXIST, os.strerror(errno.EEXIST))
    os.replace(name, path)


def _is_there(path: Path, mine: Mine, sort: Callable[[int], bool] = stat.S_ISREG) -> bool:
    """Whether one of ours is there. Raises UsageError."""
    try:
        facts = path.lstat()
    except FileNotFoundError:
        if path.parent.is_dir():
            return False
        raise UsageError(f"cannot write {path}: there is no folder {path.parent}") from None
    except OSError as error:
        raise _cannot(path, error) from None
    if sort(facts.st_mode) and mine(path):
        return True
    raise UsageError(f"{path} is there and none of ours: it is not overwritten", "another name would do")


def _cannot(path: Path, error: OSError) -> GdbextError:
    return UsageError(f"cannot write {path}: {error.strerror}")
