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

from gdbext.errors import GdbextError
from gdbext.golang import rtype
from gdbext.golang.program import distinct
from gdbext.golang.rtype import Type, Types
from gdbext.golang.struct import BYTES, IFACE, UINT, declare
from gdbext.target.image import U64

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

CANCELERS = ("*context.cancelCtx", "*context.timerCtx", "*context.afterFuncCtx")
VALUE = "*context.valueCtx"
BACKGROUNDS = ("context.backgroundCtx", "context.todoCtx")
STANDARD = frozenset((*CANCELERS, VALUE, "context.stopCtx", "context.withoutCancelCtx"))
"""The kinds of package context that always have a parent."""
CONTEXT = "context.Context"
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


@frozen(eq=False)
class ContextTypes:
    """Every type that was ever made a context.Context, and the words that name them in memory.

    ``words`` (sorted) are itabs of any interface with such a dynamic type, and for the standard kinds the type
    descriptors themselves (as ``any`` holds them); ``kind_of[i]``: the index in ``kinds`` that ``words[i]`` speaks of.
    A user's type descriptor proves nothing: caches keyed by type have it beside pointers to other things.
    ``context_itabs`` (sorted): the itabs of context.Context alone.
    """

    kinds: tuple[Kind, ...]
    words: U64 = field(repr=False)
    kind_of: NDArray[np.uint8] = field(repr=False)
    context_itabs: U64 = field(repr=False)
    skipped: int = 0
    """Types left out because there were too many."""

    @classmethod
    def of(cls, types: Types) -> ContextTypes:
        """From the itabs the runtime knows. A program that never uses contexts has no kinds."""
        itabs = types.itabs()
        inters = distinct(itabs.inter)
        names = types.names(inters)
        contexts = inters[[name == CONTEXT for name in names]]
        mine = np.isin(itabs.inter, contexts)
        addresses = distinct(itabs.type[mine])
        addresses = addresses[[name != "" for name in types.names(addresses)]]  # a damaged descriptor is no kind
        kinds = tuple(kind(types, types.at(int(a)), contexts) for a in addresses[:MAX_KINDS])
        return cls.naming(kinds, itabs, np.sort(itabs.address[mine]), max(len(addresses) - MAX_KINDS, 0))

    @classmethod
    def naming(cls, kinds: Sequence[Kind], itabs: rtype.Itabs, context_itabs: U64, skipped: int) -> ContextTypes:
        """All words that speak of ``kinds``."""
        addresses = np.array([k.type.address for k in kinds], np.uint64)
        standard = np.array([k.type.address for k in kinds if k.name in STANDARD], np.uint64)
        about = np.isin(itabs.type, addresses)
        words = np.concatenate([itabs.address[about], standard])
        index = np.searchsorted(addresses, np.concatenate([itabs.type[about], standard]))
        order = np.argsort(words)
        return cls(tuple(kinds), words[order], index[order].astype(np.uint8), context_itabs, skipped)

    def kind_index(self, word: int) -> int:
        """The kind that an interface's first word speaks of, or -1."""
        at = int(np.searchsorted(self.words, np.uint64(word)))
        return int(self.kind_of[at]) if at < len(self.words) and int(self.words[at]) == word else -1


def kind(types: Types, type_: Type, contexts: U64) -> Kind:
    """How objects of a context's dynamic type are laid out."""
    name, size = type_.name, 0
    try:
        held = _held(types, type_)
        size = held.size if held is not None else 0
        if held is None or held.kind != rtype.STRUCT:
            return Kind(name, type_, size)
        return Kind(name, type_, size, _parent(types, held, contexts), _channels(types, held))
    except GdbextError:  # a descriptor we cannot follow: the type is known, its parent is not
        return Kind(name, type_, size)


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
