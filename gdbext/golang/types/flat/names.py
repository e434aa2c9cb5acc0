"""The linker's names as Go's descriptors have them, which have only the last elements of packages' paths."""

from __future__ import annotations

import re
from collections.abc import Iterator

from attrs import frozen

PATH = re.compile(r"(?:[\w~-][^\s/\[\](){}*,;]*/)+")
FIELD = re.compile(r"(?<=(?:{|;) )(?:[\w~-][^\s/]*/)*\w+\.(\w+ (?!}))")
"""An unexported field's name has its package before it."""
ONLY_HERE = re.compile(r"\bnoalg\.|\xb7\d+")
"""What descriptors do not say: how a type is compared, which of a package's functions declares it."""
HEAD = re.compile(r"(?!map\.)[\w/.%~-]+")
BRACKET = re.compile(r"(?<!\bmap)(?<!\bmap\.group)(?<!\bmap\.bucket)(?<=(\w))\[|\[|\]")
VERSION = re.compile(r"(?:/|%2e)v\d+(?=\.)")
"""By Go's custom not in a package's name though it ends its path."""


@frozen
class Name:
    """A name in the linker's words, of a type or of a function; ``what`` is said behind it."""

    linked: str
    what: str = ""

    @property
    def short(self) -> str:
        """With the last elements of packages' paths; type arguments have the whole of it, as in descriptors."""
        text = ONLY_HERE.sub("", self.linked)
        parts = [
            part if arguments else PATH.sub("", FIELD.sub(r"\1", VERSION.sub("", part)))
            for part, arguments in _parts(text)
        ]
        return "".join(parts) + self.what

    @property
    def package(self) -> str:
        """The path of the package that declares it, "" where it has no name of its own."""
        head = HEAD.match(ONLY_HERE.sub("", self.linked))
        path, slash, last = head.group().rpartition("/") if head else ("", "", "")
        own, dot, _ = last.partition(".")
        return (path + slash + own).replace("%2e", ".") if dot else ""


def _parts(text: str) -> Iterator[tuple[str, bool]]:
    """The pieces of a name, and whether each is a list of type arguments."""
    begin, nested = 0, list[bool]()
    for match in BRACKET.finditer(text):
        at = match.end()
        if match.group() != "]":
            if match.group(1) and not any(nested):
                yield text[begin : at - 1], False
                begin = at - 1
            nested.append(bool(match.group(1)))
        elif nested and nested.pop() and not any(nested):
            yield text[begin:at], True
            begin = at
    yield text[begin:], any(nested)
