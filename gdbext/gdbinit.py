"""The file GDB sources. It finds the package beside itself and the dependencies in the private folder.

Also read by Pythons too old for the package, so that they get a line and no syntax error.
"""

import os
import sys


def _start(script):  # type: ignore[no-untyped-def]  # no annotations, for an old Python
    import gdb

    if sys.version_info < (3, 10):  # noqa: UP036  GDB brings its own Python
        version = ".".join(map(str, sys.version_info[:2]))
        gdb.write("gdbext: needs Python 3.10 or newer in GDB; this GDB has " + version + "\n", gdb.STDERR)
        return
    root = os.path.dirname(os.path.dirname(os.path.realpath(script)))
    if root not in sys.path:
        sys.path.append(root)
    from gdbext.store import home

    missing = home.activate()
    if missing and not home.stand_in():
        gdb.write(missing + "\n", gdb.STDERR)
        return
    from gdbext.frontend.gdb import commands

    commands.install()


_start(__file__)  # type: ignore[no-untyped-call]
