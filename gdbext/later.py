"""Modules that are imported when something in them is first asked for.

A debugger loads every command at its start, and few of them are typed. While ``later`` lasts, importing a module of the
engine gives one that stands for it, so a command module opens like any other::

    from gdbext.analysis.contexts import tree    # the module: a name in it cannot be had yet

and is done at once; ``tree.Forest`` imports the engine, in the ordinary way: with the import system's locks, with its
errors, and again where Ctrl-C ended it. (importlib.util.LazyLoader keeps half a module then, and before Python 3.12
hands it to other threads.) What was imported before is taken as it is, and afterwards nothing of this is left but the
names in the command modules.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec, PathFinder
from threading import get_ident
from types import ModuleType
from typing import Any


class Later(ModuleType):
    """Stands for a module of the same name."""

    _stands_in_sys_modules = True

    def __getattr__(self, name: str) -> Any:
        if self._stands_in_sys_modules:
            raise AttributeError(f"{self.__name__} is imported later: import the module, not names of it")
        return getattr(importlib.import_module(self.__name__), name)


class _Finder:
    """Finds the modules of some packages in one thread, and makes what stands for them.

    (Not derived from importlib.abc's classes: to import that module takes ten milliseconds.)
    """

    def __init__(self, packages: Sequence[str]) -> None:
        self.packages, self.thread, self.made = packages, get_ident(), list[Later]()

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> Any:
        if get_ident() != self.thread or not any(f"{fullname}.".startswith(f"{one}.") for one in self.packages):
            return None
        found = PathFinder.find_spec(fullname, path)
        if found is None:
            return None
        loader: Any = self
        spec = ModuleSpec(fullname, loader)
        spec.submodule_search_locations = found.submodule_search_locations
        return spec

    def create_module(self, spec: ModuleSpec) -> Later:
        self.made.append(Later(spec.name))
        return self.made[-1]

    def exec_module(self, module: ModuleType) -> None:
        """Nothing yet."""

    def forget(self) -> None:
        """Take what was made out of the import system again: there, the next import finds the module itself."""
        for module in self.made:
            module._stands_in_sys_modules = False
            if sys.modules.get(module.__name__) is module:
                del sys.modules[module.__name__]
            parent, _, name = module.__name__.rpartition(".")
            if parent in sys.modules and vars(sys.modules[parent]).get(name) is module:
                delattr(sys.modules[parent], name)


@contextmanager
def later(*packages: str) -> Iterator[None]:
    """Within this, what the thread imports of ``packages`` is imported later."""
    finder = _Finder(packages)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        finder.forget()


__all__ = ["Later", "later"]
