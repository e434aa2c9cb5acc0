"""The rules of CONTRIBUTING that a machine can check, on the source text of the package."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

import networkx as nx
import pytest

from gdbext.commands import ENGINE
from gdbext.target.arch import choice
from tests.tools import ROOT

PACKAGE = ROOT / "gdbext"
MODULES = sorted(path for path in PACKAGE.rglob("*.py"))

LAYERS = (
    *("store", "compute", "binary", "target", "golang", "analysis"),
    *("session", "report", "views", "commands", "frontend"),
)
"""Each may import itself and what stands to its left."""
FREE = ("errors", "later", "")
"""For everybody."""
KNOWS_NO_GO = "report"
"""May import compiled loops of the layers to its left, and nothing that knows Go."""
BELOW_GO = ("store", "compute")
ENDS = ("__main__.py", "gdbinit.py", "compute/warm.py")
"""May import everything: nobody imports them."""

ONLY_IN = {
    "gdb": {
        *("gdbinit.py", "target/inferior.py", "target/inferiorvalues.py"),
        *(f"frontend/gdb/{name}.py" for name in ("commands", "going", "goroutine", "screen", "settings")),
    },
    "tabulate": {"report/text.py"},
    "pygments": {"report/text.py"},
    "pyarrow": {"report/parquet.py"},
    "jinja2": {"report/html/page.py"},
    "squarify": {"report/html/squares.py"},
    "numba": {"compute/compiler.py"},
    "llvmlite": {f"compute/{name}.py" for name in ("library", "machine", "compiler", "machinecode")},
}
HEAVY = {"attr", "attrs", "numpy", "numba", "llvmlite", "tabulate", "pygments", "elftools", "jinja2", "squarify"}
"""Not to be imported when GDB loads the commands."""


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def layer(dotted: str) -> str:
    """The layer of ``gdbext.binary.elf`` is binary."""
    return (dotted.split(".") + [""])[1]


def layer_of(path: Path) -> str:
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py").replace("__init__", "")


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), str(path))


def imports(tree: ast.AST) -> Iterator[str]:
    """Every module named in an import, wherever it stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative import"
            if node.module == "gdbext":
                yield from (f"gdbext.{alias.name}" for alias in node.names)
            elif node.module is not None:
                yield node.module


def imports_at_load(tree: ast.Module) -> Iterator[str]:
    """Modules imported when the module itself is: not under TYPE_CHECKING, not inside functions."""
    for node in tree.body:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if isinstance(node, ast.Import | ast.ImportFrom | ast.If | ast.Try):
            yield from imports(node)


def everywhere(wrong: Callable[[Path], object], paths: Sequence[Path] = MODULES) -> dict[str, object]:
    """What is wrong, by the module's name."""
    assert paths
    return {name_of(path): found for path in paths if (found := wrong(path))}


def test_imports_point_left() -> None:
    assert everywhere(rightward_imports) == {}


def rightward_imports(path: Path) -> list[str]:
    own = layer_of(path)
    if name_of(path) in ENDS or own in FREE:
        return []
    return forbidden_imports(own, tree_of(path)) if own in LAYERS else ["it belongs to no layer"]


def forbidden_imports(own: str, tree: ast.AST) -> list[str]:
    """Our modules that a module of layer ``own`` imports and must not."""
    ours = [name for name in imports(tree) if name.split(".")[0] == "gdbext"]
    ours = [name for name in ours if layer(name) not in ("__doc__", "__version__", *FREE)]
    if own == KNOWS_NO_GO:
        return [name for name in ours if layer(name) not in (own, *BELOW_GO)]
    return [name for name in ours if LAYERS.index(layer(name)) > LAYERS.index(own)]


@pytest.mark.parametrize(
    ("own", "line", "forbidden"),
    [
        ("golang", "from gdbext.report import Table", ["gdbext.report"]),
        ("target", "def f():\n  import gdbext.golang.runtime.proc", ["gdbext.golang.runtime.proc"]),
        ("report", "from gdbext.golang import proc", ["gdbext.golang"]),
        ("golang", "from gdbext import session", ["gdbext.session"]),
        ("commands", "from gdbext.analysis import contexts\nfrom gdbext.errors import GdbextError", []),
    ],
)
def test_a_wrong_import_is_found(own: str, line: str, forbidden: list[str]) -> None:
    assert forbidden_imports(own, ast.parse(line)) == forbidden


def test_free_modules_import_no_layer() -> None:
    free = [path for path in MODULES if layer_of(path) in FREE]
    assert everywhere(lambda path: [name for name in imports(tree_of(path)) if name.startswith("gdbext.")], free) == {}


def dotted(path: Path) -> str:
    """The name that imports a file."""
    return ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")


def files_imported(tree: ast.AST) -> Iterator[str]:
    """Our own modules that are imported, for their types alone or inside a function as well."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if is_module(alias.name))
        elif isinstance(node, ast.ImportFrom) and node.module is not None and is_module(node.module):
            full = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name if is_module(name) else node.module for name in full)


def circles(trees: Mapping[str, ast.AST]) -> list[str]:
    """One way around for each set of files that import one another."""
    graph = nx.DiGraph([(name, other) for name, tree in trees.items() for other in files_imported(tree)])
    parts = [sorted(part) for part in nx.strongly_connected_components(graph) if len(part) > 1]
    rings = [nx.find_cycle(graph.subgraph(part), part[0]) for part in sorted(parts)]
    return [" → ".join([*(one for one, _ in ring), ring[-1][1]]) for ring in rings]


def test_no_file_imports_itself_by_way_of_others() -> None:
    found = circles({dotted(path): tree_of(path) for path in MODULES})
    assert not found, "\n".join(found)


def test_a_circle_is_named() -> None:
    proc, chan, kinds = (f"gdbext.golang.runtime.{name}" for name in ("proc", "chan", "runtime2"))
    trees = {
        proc: ast.parse(f"import {kinds}\ndef f():\n  from gdbext.golang.runtime import chan"),
        chan: ast.parse(f"if TYPE_CHECKING:\n  from {proc} import Goroutines"),
        kinds: ast.parse("from gdbext.errors import GdbextError\nimport numpy"),
    }
    assert circles(trees) == [f"{chan} → {proc} → {chan}"]


def test_libraries_stay_where_they_belong() -> None:
    assert everywhere(foreign_imports) == {}


def foreign_imports(path: Path) -> list[str]:
    """Libraries that only other modules import."""
    tops = {name.split(".")[0] for name in imports(tree_of(path))}
    return sorted(top for top in tops if top in ONLY_IN and name_of(path) not in ONLY_IN[top])


def is_command(path: Path) -> bool:
    return layer_of(path) == "commands" and path.name != "__init__.py"


def comes_later(imported: str) -> bool:
    """Whether a command that imports this imports it at its first use."""
    return any(f"{imported}.".startswith(f"{package}.") for package in ENGINE)


def test_commands_import_modules_of_the_engine() -> None:
    """Names of them are not there yet when a debugger loads the command."""
    assert everywhere(names_of_the_engine, [path for path in MODULES if is_command(path)]) == {}


def names_of_the_engine(path: Path) -> list[str]:
    froms = [node for node in tree_of(path).body if isinstance(node, ast.ImportFrom) and node.module is not None]
    full = [f"{node.module}.{alias.name}" for node in froms for alias in node.names]
    return [name for name in full if comes_later(name) and not is_module(name)]


def is_module(dotted: str) -> bool:
    path = PACKAGE.parent / dotted.replace(".", "/")
    return path.with_suffix(".py").exists() or (path / "__init__.py").exists()


def loaded_with(start: str) -> Iterator[tuple[str, str]]:
    """(importer, imported) of everything that importing ``start`` imports, following our own modules."""
    waiting, seen = [start], set()
    while waiting:
        name = waiting.pop()
        path = PACKAGE.parent / (name.replace(".", "/") + ".py")
        path = path if path.exists() else path.with_suffix("") / "__init__.py"
        if name in seen or not path.exists():
            continue
        seen.add(name)
        for imported in imports_at_load(tree_of(path)):
            if is_command(path) and comes_later(imported):
                continue
            yield name, imported
            if imported.startswith("gdbext"):
                waiting += [imported, imported.rpartition(".")[0]]


LOADED = [path for path in MODULES if layer_of(path) in ("store", "commands", "frontend") and "rss" not in path.parts]
"""By GDB at start, or before NumPy may be imported. ``rss`` is no command of a debugger's."""


def test_loading_the_commands_is_cheap() -> None:
    assert everywhere(heavy_imports, LOADED) == {}


def heavy_imports(path: Path) -> list[str]:
    start = "gdbext." + name_of(path).removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    return [f"{by} imports {name}" for by, name in loaded_with(start) if name.split(".")[0] in HEAVY]


PRINTERS = {"print", *(f"sys.{file}.{how}" for file in ("stdout", "stderr") for how in ("write", "writelines"))}


def test_only_front_ends_print() -> None:
    others = [path for path in MODULES if layer_of(path) != "frontend" and name_of(path) not in ENDS]
    assert everywhere(lambda path: printing(tree_of(path)), others) == {}


def printing(tree: ast.AST) -> list[str]:
    """What a module prints with."""
    called = [ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [name for name in called if name in PRINTERS]


def test_what_prints_is_found() -> None:
    tree = ast.parse("print(1)\nwrite(2)\ndef f():\n  sys.stderr.write('3')")
    assert printing(tree) == ["print", "sys.stderr.write"]


PROCESSORS = tuple(choice.KNOWN)
NUMBERS_MACHINES = "binary/elf.py"
"""Has the names of what ELF numbers, whatever is supported."""
VECTORS = re.compile(r"[xyz]mm\d*h?")


def registers() -> set[str]:
    """The names of all processors' registers, but for the segments of x86, whose two letters are other things too."""
    names = {name for arch in PROCESSORS for name in (*arch.saved, *arch.general, *arch.dwarf)}
    return {name for name in names if len(name) > 2 or name[-1].isdigit()}


def registers_named(tree: ast.AST) -> list[str]:
    """Registers that the texts of a module name."""
    texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    words = [word for text in texts if "\n" not in text for word in re.findall(r"[a-z0-9_]+", text)]
    return [word for word in words if word in registers() or VECTORS.fullmatch(word)]


def test_processors_are_known_in_one_place() -> None:
    assert (
        everywhere(processors_named, [path for path in MODULES if not name_of(path).startswith("target/arch/")]) == {}
    )


def processors_named(path: Path) -> list[str]:
    named = [arch.name for arch in PROCESSORS if arch.name in path.read_text() + name_of(path)]
    return registers_named(tree_of(path)) + (named if name_of(path) != NUMBERS_MACHINES else [])


def test_a_register_that_is_named_is_found() -> None:
    tree = ast.parse("""at = registers["rip"]; NAMES = "rax rbx"; x = f"zmm0 of {at}"; es = "es"; trip = "a trip" """)
    assert sorted(registers_named(tree)) == ["rax", "rbx", "rip", "zmm0"]


MUTABLE = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)
MAKERS = {"dict", "list", "set", "bytearray", "defaultdict", "OrderedDict", "Counter", "deque", "WeakKeyDictionary"}
REGISTERS = {f"golang/reading/declarations.py:{name}" for name in ("_DECLARED", "_ENUMERATED")}
"""Filled while modules are imported and never after: not a cache."""


def test_no_caches_in_modules() -> None:
    """What was decoded hangs on the Session; constants are tuples, or mappings that nobody changes."""
    assert everywhere(kept) == {}


def kept(path: Path) -> list[str]:
    """What outlives a call."""
    tree = tree_of(path)
    assigned, changed = {name for node in tree.body for name in assigned_names(node)}, set(changed_names(tree))
    names = [name for name in sorted(assigned & changed) if f"{name_of(path)}:{name}" not in REGISTERS]
    statements = [f"global, line {node.lineno}" for node in ast.walk(tree) if isinstance(node, ast.Global)]
    return names + caching(tree) + statements


def caching(tree: ast.AST) -> list[str]:
    """Functions and methods whose answers are kept for all."""
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    said = [(one.name, " ".join(map(ast.unparse, one.decorator_list))) for one in functions]
    return [name for name, decorators in said if "cache" in decorators.replace("cached_property", "")]


def assigned_names(node: ast.stmt) -> list[str]:
    """Names that a module binds to something mutable."""
    if isinstance(node, ast.Assign) and is_mutable(node.value):
        return [target.id for target in node.targets if isinstance(target, ast.Name)]
    if isinstance(node, ast.AnnAssign) and is_mutable(node.value) and isinstance(node.target, ast.Name):
        return [node.target.id]
    return []


def is_mutable(value: ast.expr | None) -> bool:
    """``{}``, ``dict()`` and ``dict[int, str]()``, ``weakref.WeakKeyDictionary()``."""
    made = ast.unparse(value.func) if isinstance(value, ast.Call) else ""
    return isinstance(value, MUTABLE) or made.partition("[")[0].rpartition(".")[2] in MAKERS


def test_caches_are_found() -> None:
    tree = ast.parse("A = dict[int, str]()\nB: Any = collections.deque()\nC = tuple()\nD = []\nE = f({})")
    assert [assigned_names(node) for node in tree.body] == [["A"], ["B"], [], ["D"], []]
    methods = "@functools.cache\n  def g(self): ...\n  @cached_property\n  def h(self): ..."
    assert caching(ast.parse(f"class F:\n  {methods}")) == ["g"]


def changed_names(tree: ast.AST) -> Iterator[str]:
    """Names whose object something changes: by item assignment, deletion or a method that changes."""
    methods = {"append", "add", "update", "setdefault", "extend", "pop", "clear", "insert", "remove", "discard"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store | ast.Del):
            yield from (node.value.id,) if isinstance(node.value, ast.Name) else ()
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in methods:
            yield from (node.func.value.id,) if isinstance(node.func.value, ast.Name) else ()


VERSIONS = {"minor", "go_version", "version_info"}
DECIDES_BY_RELEASE = {
    *("gdbinit.py", "store/home.py"),
    *("binary/buildinfo.py", "binary/executable.py", "binary/layouts.py"),
}
"""Where releases are told apart: reading the version itself, refusing what is too old, choosing the table."""


def test_no_releases_are_compared() -> None:
    """Ask for the field, not for the release; alternatives stand in declarations."""
    others = [path for path in MODULES if name_of(path) not in DECIDES_BY_RELEASE]
    assert everywhere(lambda path: releases_compared(tree_of(path)), others) == {}


def releases_compared(tree: ast.AST) -> list[str]:
    compared = [node for node in ast.walk(tree) if isinstance(node, ast.Compare)]
    return [f"line {node.lineno}: {ast.unparse(node)}" for node in compared if VERSIONS & set(names_in(node))]


def names_in(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute | ast.Name):
            yield node.attr if isinstance(node, ast.Attribute) else node.id


def test_a_release_that_is_compared_is_found() -> None:
    assert releases_compared(ast.parse("if 3 < program.go_version:\n  f(minor)")) == ["line 1: 3 < program.go_version"]


HANDS_ON = {"compute/parallel.py"}
"""What a thread fails with goes to the one who waits for it."""


def test_no_broad_except() -> None:
    others = [path for path in MODULES if layer_of(path) != "frontend" and name_of(path) not in HANDS_ON]
    assert everywhere(lambda path: broad_excepts(tree_of(path)), others) == {}


def broad_excepts(tree: ast.AST) -> list[str]:
    """The lines that catch everything."""
    handlers = [node for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler)]
    broad = {"Exception", "BaseException"}
    return [f"line {node.lineno}" for node in handlers if node.type is None or broad & set(names_in(node.type))]


def test_a_broad_except_is_found() -> None:
    tree = ast.parse("try:\n  f()\nexcept (OSError, Exception):\n  pass\nexcept KeyError:\n  pass\nexcept:\n  pass")
    assert broad_excepts(tree) == ["line 3", "line 7"]


PARTS = {"array", "len", "cap", "str", "tab", "data"}
"""Of the dtypes of a slice, a string and an interface (golang/reading/declarations.py)."""
DECLARERS = [path for path in MODULES if layer_of(path) in ("golang", "analysis") and path.name != "declarations.py"]


def declared_names(tree: ast.AST) -> set[str]:
    """The members of every declaration in a module."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    words = [word.arg for call in calls if call.func.id == "declare" for word in call.keywords]  # type: ignore[attr-defined]
    return {word for word in words if word is not None} - {"missing_ok"}


def own_dtype_names(tree: ast.AST) -> set[str]:
    """Field names of the NumPy dtypes that a module writes out: ``np.dtype([("entry", "<u4"), …])``."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("dtype"):
            tuples = [part for part in ast.walk(node) if isinstance(part, ast.Tuple) and part.elts]
            names |= {part.elts[0].value for part in tuples if isinstance(part.elts[0], ast.Constant)}
    return {name for name in names if isinstance(name, str)}


def own_keys(tree: ast.AST) -> set[str]:
    """Keys of the dicts that a module writes out."""
    dicts = [node for node in ast.walk(tree) if isinstance(node, ast.Dict)]
    return {str(key.value) for each in dicts for key in each.keys if isinstance(key, ast.Constant)}


def undeclared_fields(tree: ast.AST, known: set[str]) -> list[str]:
    """Fields taken by name that nothing declares."""
    allowed = known | own_keys(tree)
    subscripts = [node for node in ast.walk(tree) if isinstance(node, ast.Subscript)]
    texts = [node.slice.value for node in subscripts if isinstance(node.slice, ast.Constant)]
    return [text for text in texts if isinstance(text, str) and text not in allowed]


def test_decoders_use_only_declared_fields() -> None:
    assert everywhere(lambda path: undeclared_fields(tree_of(path), known_fields()), DECLARERS) == {}


@cache
def known_fields() -> set[str]:
    """Every field that some module of golang/ or analysis/ declares, or gives a dtype of its own."""
    trees = [tree_of(path) for path in DECLARERS]
    return PARTS.union(*(declared_names(tree) | own_dtype_names(tree) for tree in trees))


def test_an_undeclared_field_is_found() -> None:
    tree = ast.parse('G = declare("runtime.g", missing_ok=True, goid=UINT)\nrow["goid"], row["atomicstatus"]')
    assert declared_names(tree) == {"goid"}
    assert undeclared_fields(tree, declared_names(tree)) == ["atomicstatus"]


def test_modules_are_one_idea_long() -> None:
    assert everywhere(lines_too_many) == {}


def lines_too_many(path: Path) -> int:
    return max(0, len(path.read_text().splitlines()) - (450 if "kernels" in (path.stem, path.parent.name) else 350))


TESTS = ROOT / "tests"
ABOUT_MORE = {
    "commands/test_builds.py": "every command, whatever way the program was built",
    "commands/test_crash_on_samples.py": "every command, of a program that crashed",
    "commands/test_foreign_on_samples.py": "the commands of contexts, of contexts that are not package context's",
    "commands/test_pid_on_churn.py": "every command, of a program that goes on",
    "commands/test_torn.py": "every command, of a program that was stopped anywhere",
    "dlvscripts/test_heap.py": "the commands in Delve that look at the heap",
    "dlvscripts/test_init.py": "how the scripts get into Delve",
    "dlvscripts/test_terminal.py": "Delve as a person types at it",
    "dlvscripts/test_wounded.py": "the commands in Delve, on cores that were changed on purpose",
    "frontend/test_interrupts.py": "Ctrl-C in every host",
    "frontend/test_unharmed.py": "what a program keeps when its debugger goes",
    "report/html/test_in_browser.py": "pages in a real browser",
    "servers/test_heap.py": "the heap of public servers under load",
    "servers/test_leaks.py": "leaks of public libraries",
    "test_install.py": "install.sh",
    "test_interface.py": "the keys that others rely on",
    "test_layers.py": "the sources",
    "test_readme.py": "README.md",
    "test_repository.py": "what is in git",
}
"""Test files that are not of one module."""


def may_be_of(name: str) -> Iterator[str]:
    """Whatever a test file may be of: a module or a package, a sample, what helps the tests. ``name``: under tests/."""
    folder, _, file = name.rpartition("/")
    about = f"{folder}/{file.removeprefix('test_').removesuffix('.py').removesuffix('_on_samples')}".lstrip("/")
    yield f"gdbext/{about}.py"
    yield f"gdbext/{about}/__init__.py"
    yield f"{about}.star"
    if folder.rpartition("/")[2] == about.rpartition("/")[2]:
        yield f"gdbext/{folder}/__init__.py"
    if folder == "samples":
        yield f"{about}/main.go"
    if not folder:
        yield from (f"tests/{about}.py", f"tests/{about}/__init__.py")


def strays(names: Iterable[str]) -> list[str]:
    """Test files of nothing that is there."""
    return [name for name in names if not any((ROOT / place).exists() for place in may_be_of(name))]


def test_the_tests_mirror_the_tree() -> None:
    """Whoever changes a module finds its test, and the other way round."""
    names = [path.relative_to(TESTS).as_posix() for path in sorted(TESTS.rglob("test_*.py"))]
    assert strays(names) == sorted(ABOUT_MORE)


def test_a_stray_test_is_named() -> None:
    good = ["golang/runtime/test_proc.py", "commands/test_stacks_on_samples.py", "commands/test_commands.py"]
    assert strays([*good, "samples/test_scale.py", "test_tools.py"]) == []
    wrong = ["golang/test_proc.py", "samples/test_proc.py", "commands/test_tools.py"]
    assert strays(wrong) == wrong
