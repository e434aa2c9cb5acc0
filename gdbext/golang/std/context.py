"""Contexts as package context stores them (context/context.go), and how to know one when it is seen.

An object is a context only when something says so with its exact type: an interface word pair (itab or type word, then
a pointer to it), or a closure of package context that captures it. Size and pointer mask alone prove nothing:
``struct{ context.Context; a, b any }`` is a valueCtx's twin.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from attrs import field, frozen
from numpy.typing import NDArray

from gdbext.compute.arrays import U64
from gdbext.errors import GdbextError
from gdbext.golang.reading.declarations import BYTES, IFACE, UINT, declare
from gdbext.golang.reading.program import distinct
from gdbext.golang.reading.words import index_of
from gdbext.golang.types import rtype
from gdbext.golang.types.rtype import Type, Types

CANCEL_CTX = declare(
    "context.cancelCtx",
    done=IFACE("done"),  # atomic.Value: type word, data word (*hchan)
    children=UINT,
    err=IFACE("err"),  # an error until Go 1.24, an atomic.Value since: itab or type word, data word
    cause=IFACE("cause"),
)
TIMER_CTX = declare("context.timerCtx", timer=UINT, deadline=BYTES)
AFTER_FUNC_CTX = declare("context.afterFuncCtx", callback=UINT("f"))
VALUE_CTX = declare("context.valueCtx", key=IFACE, value=IFACE("val"))

TIMER, AFTER_FUNC = "*context.timerCtx", "*context.afterFuncCtx"
CANCELERS = ("*context.cancelCtx", TIMER, AFTER_FUNC)
VALUE, WITHOUT_CANCEL = "*context.valueCtx", "context.withoutCancelCtx"
BACKGROUNDS = ("context.backgroundCtx", "context.todoCtx")
STANDARD = frozenset((*CANCELERS, VALUE, "context.stopCtx", WITHOUT_CANCEL))
"""The kinds of package context that always have a parent."""
PACKAGE, CONTEXT, CANCELER = "context", "context.Context", "context.canceler"
EMBEDDING_DEPTH = 4
MAX_KINDS = 250


@frozen
class Kind:
    """A dynamic type that implements context.Context.

    ``size``: bytes of the object that an interface's data word points to. ``parent``: where in it the parent's
    interface lies; None when it has none (Background) or we cannot tell. ``channels``: offsets of plain channel fields.
    """

    name: str
    type: Type
    size: int
    parent: int | None = None
    channels: tuple[int, ...] = ()

    @property
    def canceler(self) -> bool:
        """Whether it starts with a cancelCtx."""
        return self.name in CANCELERS

    @property
    def background(self) -> bool:
        """context.Background() or context.TODO()."""
        return self.name in BACKGROUNDS

    @property
    def users(self) -> bool:
        """A type of the program's own."""
        return self.name not in STANDARD and not self.background


@frozen(eq=False)
class ContextTypes:
    """Every type that was ever made a context.Context or a context.canceler, and the words that name them in memory.

    Nobody else can name the second interface, and its types are all contexts: a program that never asks for AfterFunc's
    as a context.Context has that type in no other itab.

    ``words`` (sorted) are itabs of any interface with such a dynamic type, and for the standard kinds the type
    descriptors themselves (as ``any`` holds them); ``kind_of[i]``: the index in ``kinds`` that ``words[i]`` speaks of.
    A user's type descriptor proves nothing: caches keyed by type have it beside pointers to other things.
    ``context_itabs``, ``canceler_itabs`` (sorted): the itabs of context.Context alone, of context.canceler alone.
    """

    kinds: tuple[Kind, ...]
    words: U64 = field(repr=False)
    kind_of: NDArray[np.uint8] = field(repr=False)
    context_itabs: U64 = field(repr=False)
    canceler_itabs: U64 = field(repr=False)
    skipped: int = 0
    """Types left out because there were too many."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What every answer about contexts has to say of itself."""
        if not self.skipped:
            return ()
        every = len(self.kinds) + self.skipped
        return (f"contexts of {self.skipped:,} types are left out: the program has {every:,}, {MAX_KINDS} are known",)

    @classmethod
    def of(cls, types: Types) -> ContextTypes:
        """From the itabs the runtime knows. A program that never uses contexts has no kinds."""
        itabs = types.itabs()
        contexts, cancelers = (interfaces(types, itabs, name) for name in (CONTEXT, CANCELER))
        as_context, as_canceler = np.isin(itabs.inter, contexts), np.isin(itabs.inter, cancelers)
        addresses = distinct(itabs.type[as_context | as_canceler])
        kinds = [kind(types, types.at(a), contexts) for a in readable(types, addresses)]
        kept = sorted(kinds, key=lambda one: one.name not in STANDARD)[:MAX_KINDS]
        kept.sort(key=lambda one: one.type.address)
        by_interface = tuple(np.sort(itabs.address[mine]) for mine in (as_context, as_canceler))
        return cls.naming(kept, itabs, by_interface, len(kinds) - len(kept))

    @classmethod
    def naming(
        cls, kinds: Sequence[Kind], itabs: rtype.Itabs, by_interface: tuple[U64, ...], skipped: int
    ) -> ContextTypes:
        """All words that speak of ``kinds``, which are sorted by their types' addresses.

        ``by_interface``: the itabs of context.Context, those of context.canceler.
        """
        addresses = np.array([k.type.address for k in kinds], np.uint64)
        standard = np.array([k.type.address for k in kinds if k.name in STANDARD], np.uint64)
        about = np.isin(itabs.type, addresses)
        words = np.concatenate([itabs.address[about], standard])
        index = np.searchsorted(addresses, np.concatenate([itabs.type[about], standard]))
        order = np.argsort(words)
        kind_of, (contexts, cancelers) = index[order].astype(np.uint8), by_interface
        return cls(tuple(kinds), words[order], kind_of, contexts, cancelers, skipped)

    def kind_index(self, word: int) -> int:
        """The kind that an interface's first word speaks of, or -1."""
        at = index_of(self.words, word)
        return int(self.kind_of[at]) if at >= 0 else -1


def interfaces(types: Types, itabs: rtype.Itabs, name: str) -> U64:
    """Package context's interface of that name among those that have itabs; a copy of the package has its own."""
    inters = distinct(itabs.inter)
    return inters[[one == name and _is_ours(types, a) for one, a in _named(types, inters)]]


def _is_ours(types: Types, address: int) -> bool:
    try:
        return types.package(types.at(address)) == PACKAGE
    except GdbextError:
        return False


def readable(types: Types, addresses: U64) -> list[int]:
    """The types whose descriptors can be read: a damaged one is no kind."""
    return [address for name, address in _named(types, addresses) if name]


def _named(types: Types, addresses: U64) -> list[tuple[str, int]]:
    return list(zip(types.names(addresses), addresses.tolist(), strict=True))


def kind(types: Types, type_: Type, contexts: U64) -> Kind:
    """How objects of a context's dynamic type are laid out."""
    name, size = type_.name, 0
    try:
        held = _held(types, type_)
        size = held.size if held is not None else 0
        name = _told_apart(types, name, held)
        if held is None or held.kind != rtype.STRUCT:
            return Kind(name, type_, size)
        return Kind(name, type_, size, _parent(types, held, contexts), _channels(types, held))
    except GdbextError:  # a descriptor we cannot follow: the type is known, its parent is not
        return Kind(name, type_, size)


def _told_apart(types: Types, name: str, held: Type | None) -> str:
    """A type's name; with the whole path where a copy of package context has it, which is laid out as it likes."""
    if held is None or (name not in STANDARD and name not in BACKGROUNDS):
        return name
    path = types.package(held)
    return name if path == PACKAGE else name.replace(f"{PACKAGE}.", f"{path}.", 1)


def _held(types: Types, type_: Type) -> Type | None:
    """The type of the object that an interface's data word points to, for a dynamic type."""
    if type_.kind == rtype.POINTER:
        return types.elem(type_)
    if type_.direct:  # a pointer-shaped struct or a func, map, chan: the word is the value itself
        return _only_pointee(types, type_)
    return type_


def _only_pointee(types: Types, type_: Type) -> Type | None:
    for _ in range(EMBEDDING_DEPTH):
        if type_.kind == rtype.POINTER:
            return types.elem(type_)
        fields = [f for f in types.fields(type_) if types.at(f.type).size] if type_.kind == rtype.STRUCT else []
        if len(fields) != 1:
            return None
        type_ = types.at(fields[0].type)
    return None


def _parent(types: Types, struct: Type, contexts: U64, depth: int = 0) -> int | None:
    """Offset of the parent's interface in a user's context: an embedded field, else the first of type Context."""
    fields = types.fields(struct)
    for one in sorted(fields, key=lambda f: not (f.embedded or f.name == "Context")):
        if int(one.type) in contexts:
            return one.offset
    for one in fields:
        inner = types.at(one.type)
        if one.embedded and inner.kind == rtype.STRUCT and depth < EMBEDDING_DEPTH:
            offset = _parent(types, inner, contexts, depth + 1)
            if offset is not None:
                return one.offset + offset
    return None


def _channels(types: Types, struct: Type) -> tuple[int, ...]:
    """Offsets of the fields that are channels of struct{}: one of them is likely what Done returns."""
    made = []
    for one in types.fields(struct):
        type_ = types.at(one.type)
        if type_.kind == rtype.CHAN and type_.name.endswith("chan struct {}"):
            made.append(one.offset)
    return tuple(made)
