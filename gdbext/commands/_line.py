"""Command lines that are not split into words as a shell would: expressions and commands of the debugger, as typed."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence


def typed_line(line: str | Sequence[str]) -> str:
    """Shell words as one line; a value with blanks stays one expression, for expressions are kept as typed."""
    return line if isinstance(line, str) else " ".join(line)


_WORD = re.compile(r"\s*(\S+)")


def take_expression(parser: argparse.ArgumentParser, line: str) -> tuple[list[str], str]:
    """Options at the start and at the end of ``line``, and the expression between them; ``--`` ends the options."""
    options = {name: action for action in parser._actions for name in action.option_strings}
    words, at = _leading_options(options, line)
    rest = line[at:]
    if rest.lstrip().startswith("-- "):
        return words, rest.lstrip()[3:].strip()
    trailing, end = _trailing_options(options, rest)
    return words + trailing, rest[:end].strip()


def take_command(parser: argparse.ArgumentParser, known: Sequence[str], line: str) -> tuple[list[str], str, str]:
    """Options, a number or a known word, more options; the rest is a line for the debugger."""
    options = {name: action for action in parser._actions for name in action.option_strings}
    words, at = _leading_options(options, line)
    first = _WORD.match(line, at)
    if first is None or not (re.fullmatch("[0-9]+", first[1]) or first[1] in known):
        return words, "", line[at:].strip()
    rest = line[first.end() :]
    more, at = _leading_options(options, rest)
    return words + more, first[1], rest[at:].strip()


def _leading_options(options: dict[str, argparse.Action], line: str) -> tuple[list[str], int]:
    words: list[str] = []
    at = 0
    while (match := _WORD.match(line, at)) and match[1].startswith("-") and match[1] != "--":
        if not re.match(r"--?[A-Za-z]", match[1]) or (match[1][1] != "-" and match[1] not in options):
            break  # a negated expression: -x, -1
        words.append(match[1])
        at = match.end()
        action = options.get(match[1])
        if action is not None and action.nargs != 0 and (value := _WORD.match(line, at)):
            words.append(value[1])
            at = value.end()
    return words, at


def _trailing_options(options: dict[str, argparse.Action], rest: str) -> tuple[list[str], int]:
    """The longest tail of ``rest`` that is nothing but options the command has, and where it starts."""
    words = [(match[1], match.start()) for match in _WORD.finditer(rest)]
    for index in range(len(words)):
        tail = [word for word, _ in words[index:]]
        if _are_options(options, tail):
            return tail, words[index][1]
    return [], len(rest)


def _are_options(options: dict[str, argparse.Action], words: Sequence[str]) -> bool:
    remaining = iter(words)
    for word in remaining:
        name, equals, _ = word.partition("=")
        if name not in options:
            return False
        if options[name].nargs != 0 and not equals and next(remaining, None) is None:
            return False
    return True
