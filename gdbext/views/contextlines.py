"""The lines of go-ctxtree: one for a context, one for a family of contexts that look alike."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gdbext.report import Address, Cell, Duration, Node, Outline
from gdbext.report.counts import limited, plural
from gdbext.views import verdicts
from gdbext.views.contexts import Phrase, cell, details, registered, sentence
from gdbext.views.contexttext import parent_name, stretches

if TYPE_CHECKING:
    from gdbext.analysis.contexts.rows import Rows
    from gdbext.analysis.contexts.tree import Fold, Forest
    from gdbext.analysis.leaks.judged import Judged

FAMILY = 20
"""Lines for the members of one family; the largest folds come first."""
INSTANT = 1_000_000_000
MORE = "{:,} more contexts are not shown: --all, --limit N, or go-ctxtree 0xADDR".format


def outline(
    forest: Forest, rows: Rows, args: argparse.Namespace, start: int | None, judged: Judged | None = None
) -> Outline:
    """A line for each context. ``args.limit`` lines at most: what is cut is not looked at."""
    drawn = forest.drawn(start)
    shown = drawn if args.depth is None else drawn[drawn.depth <= args.depth]
    some, cut = limited(shown, args.limit, MORE)
    return Outline(stretches(forest, rows, args, some, judged), cut=cut)


class Lines:
    """Draws a Forest. Stops at ``args.limit`` lines and counts what it left out. ``judged``: where verdicts are asked
    for. ``families``: lines for the members of one, None for as many as there is room for."""

    def __init__(
        self,
        forest_: Forest,
        rows: Rows,
        args: argparse.Namespace,
        judged: Judged | None = None,
        families: int | None = FAMILY,
    ) -> None:
        self._forest, self._rows, self._args, self._judged = forest_, rows, args, judged
        self._room, self._families = args.limit, families
        self._cut = 0

    @property
    def left_out(self) -> int:
        """Contexts that have no line; known once the lines were drawn."""
        return self._cut

    def cut(self) -> str:
        """What the limit left out, in one line; known once the lines were drawn."""
        return MORE(self._cut) if self._cut else ""

    def forest(self) -> Iterable[Node]:
        """Lines for every root: below Background, below TODO, below what is no context."""
        return self._family(self._forest.roots(), 0)

    def below_root(self, index: int) -> Iterable[Node]:
        """Lines for one context and what is below it."""
        return self._family(np.array([index], np.int64), 0)

    def _family(self, members: NDArray[np.int64], level: int) -> Iterator[Node]:
        folds = self._forest.folds(members, unfolded=self._args.all)
        for number, fold in enumerate(folds):
            if not self._take(number):
                alike, contexts = folds.rest(number)
                self._cut += contexts
                yield Node([f"… {plural(len(folds) - number, 'more line')}: {plural(alike, 'context')}"])
                return
            yield Node(self.line(fold, level), self._children(fold, level))

    def _take(self, number: int) -> bool:
        if self._room is None:
            return True
        crowded = self._families is not None and number >= self._families and self._room < self._args.limit
        if crowded or self._room <= 0:
            return False
        self._room -= 1
        return True

    def _children(self, fold: Fold, level: int) -> Iterable[Node]:
        if self._args.depth is not None and level + 1 > self._args.depth:
            return ()
        below = self._forest.below(fold.example)
        return self._family(below, level + 1) if len(below) else ()

    def line(self, fold: Fold, level: int) -> list[Cell]:
        """What is said of contexts that look alike, or of one."""
        phrases = list(self._single(fold.example) if len(fold) == 1 else self._many(fold))
        if fold.inner and level == self._args.depth:
            phrases.append([f"{fold.inner:,} below"])
        return sentence(phrases)

    def _single(self, index: int) -> Iterator[Phrase]:
        row = self._rows.at(index)
        yield [Address(row.address), row.kind]
        yield [cell(row.state)]
        if self._judged is not None:
            yield from verdicts.phrases(self._judged, index)
        yield from details(row, self._args)
        yield from self._under(index)

    def _under(self, index: int) -> Iterator[Phrase]:
        """Whose child a root is."""
        if self._forest.contexts.parent[index] < 0:
            parent = self._rows.parent_kind(index)
            yield [f"child of {parent_name(parent)}" if parent else "has no parent"]

    def _many(self, fold: Fold) -> Iterator[Phrase]:
        row = self._rows.at(fold.example)
        yield [f"×{len(fold):,}", row.kind]
        yield [cell(row.state)]
        if self._judged is not None:
            yield from verdicts.of_many(self._judged, fold.members)
        waits = self._forest.waiting(fold.members) if row.waiters else 0
        yield [f"{plural(waits, 'goroutine')} wait{'s' if waits == 1 else ''}" if waits else "no waiters"]
        yield from self._unlisted(fold)
        if row.state == "live":
            yield from self._deadlines(fold)
        if fold.chained:
            yield ["one below the other, the last", Address(row.address)]
        else:
            yield [*([f"each over {fold.inner:,} more,"] if fold.inner else []), "e.g.", Address(row.address)]
        yield from self._under(fold.example)

    def _unlisted(self, fold: Fold) -> Iterator[Phrase]:
        """What is registered, only where the lines below do not show all of it."""
        contexts = self._forest.contexts
        children, listed = (int(each[fold.members].sum()) for each in (contexts.children, contexts.listed))
        if children != listed:
            yield [registered(children, listed)]

    def _deadlines(self, fold: Fold) -> Iterator[Phrase]:
        found = self._forest.deadlines(fold.members)
        first, last = (self._rows.left(when) for when in found) if found is not None else (None, None)
        if first is None or last is None:
            return
        if last < 0:
            yield ["deadlines passed, the latest", Duration(-last), "ago"]
        elif last - first < INSTANT:
            yield ["deadline in", Duration(max(first, 0))]
        else:
            yield ["deadlines in", Duration(max(first, 0)), "to", Duration(last)]


def picture(forest: Forest, rows: Rows, args: argparse.Namespace, room: int) -> Lines:
    """For a file, whatever is shown of the tree: ``room`` boxes, values only where they were asked for."""
    masked = argparse.Namespace(**{**vars(args), "values": args.typed_values, "limit": room})
    return Lines(forest, rows, masked, families=None)
