"""The linker's names as descriptors have them."""

from __future__ import annotations

import pytest

from gdbext.golang.types.flat.names import Name


@pytest.mark.parametrize(
    ("linked", "short", "package"),
    [
        ("int", "int", ""),
        ("main.node", "main.node", "main"),
        ("go/ast.Ident", "ast.Ident", "go/ast"),
        ("*go/ast.Ident", "*ast.Ident", ""),
        ("map[string]go/types.Object", "map[string]types.Object", ""),
        ("map[go/a.K][]go/b.V", "map[a.K][]b.V", ""),
        ("[40000]*x/main.node", "[40000]*main.node", ""),
        ("func(a/b.T, ...c/d.E) e/f.G", "func(b.T, ...d.E) f.G", ""),
        ("gopkg.in/yaml%2ev3.Node", "yaml.Node", "gopkg.in/yaml.v3"),
        ("x/y.Set[a/b.K,map[c/d.E]int]", "y.Set[a/b.K,map[c/d.E]int]", "x/y"),
        ("[]x/y.Bitmap[a/b.K]", "[]y.Bitmap[a/b.K]", ""),
        (
            "struct { runtime.len int; a/b.buf [9]*a/b.T; a/b.Embedded }",
            "struct { len int; buf [9]*b.T; b.Embedded }",
            "",
        ),
        ("*struct { go/types.Type }", "*struct { types.Type }", ""),
        ("noalg.map.group[string]a/b.T", "map.group[string]b.T", ""),
        ("map.bucket[*a/b.K]c/d.V", "map.bucket[*b.K]d.V", ""),
        ("encoding/json/v2.Options", "json.Options", "encoding/json/v2"),
        ("[8]noalg.[8]a/b.T", "[8][8]b.T", ""),
        ("runtime.untracedG\xb77", "runtime.untracedG", "runtime"),
        ("", "", ""),
        ("[", "[", ""),
        ("a/b.T]]", "b.T]]", "a/b"),
        ("x/y.T[[[", "y.T[[[", "x/y"),
    ],
)
def test_names(linked: str, short: str, package: str) -> None:
    assert (Name(linked).short, Name(linked).package) == (short, package)


def test_functions() -> None:
    name = Name("example.com/x/go/types.(*Checker).call.func1", " (closure)")
    assert name.short == "types.(*Checker).call.func1 (closure)"
    assert name.package == "example.com/x/go/types"
    assert Name("main.counter[...].func1").short == "main.counter[...].func1"
