"""install.sh in a HOME of its own. GDB and pip are stand-ins, except where a test says otherwise."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from attrs import define

from gdbext import commands
from gdbext.store import home
from tests import hosts, tools
from tests.waiting import HANG_SECONDS

INSTALL = tools.ROOT / "install.sh"
BEGIN, END = "# >>> go-ctxchain >>>", "# <<< go-ctxchain <<<"
TOOLS = (
    "awk basename bash cat chmod cmp cp cut dirname find grep head id ln mkdir mktemp mv nproc readlink realpath rm "
    "rmdir sed sha256sum sh sort tail"
)
REFUSED = "nothing was installed"

GDB = """#!/bin/sh
case "$*" in
*--version*) echo "GNU gdb (Somebody 1.2-3) {version}" ;;
*"import sys; print"*) {python} ;;
*) echo "$*" >>"$HOME/../gdb.log" ;;
esac
"""

PYTHON = """#!/bin/sh
case "$*" in
"-m pip --version") {has_pip} ;;
"-m gdbext.compute.warm" | "-m ruff "* | "-m mypy") ;;
"-m pytest "*) {tests} ;;
"-m pip install "*)
    echo "$*" >>"{log}"
    while [ "$1" != --target ]; do shift; done
    mkdir -p "$2/numpy" && echo "$*" >"$2/numpy/__init__.py"
    {pip} ;;
*) exec "{real}" "$@" ;;
esac
"""


@define
class Machine:
    """A HOME; a PATH with what any Linux has, a pip that writes one file and a GDB that only tells its versions."""

    root: Path
    script: Path = INSTALL

    @property
    def home(self) -> Path:
        return self.root / "home"

    @property
    def private(self) -> Path:
        return self.home / ".local" / "share" / "gdbext"

    @property
    def init(self) -> Path:
        return self.home / ".gdbinit"

    @property
    def xdg_init(self) -> Path:
        return self.home / ".config" / "gdb" / "gdbinit"

    @property
    def pip_log(self) -> str:
        log = self.root / "pip.log"
        return log.read_text() if log.exists() else ""

    def program(self, name: str, text: str) -> None:
        path = self.root / "bin" / name
        path.unlink(missing_ok=True)
        path.write_text(text)
        path.chmod(0o755)

    def gdb(self, version: str = "14.2", python: str = "3.11") -> None:
        """``python``: what it embeds, or the error of a GDB that embeds none."""
        says = f"echo Python {python.replace('.', ' ')}" if python[0].isdigit() else f"echo '{python}' >&2"
        self.program("gdb", GDB.format(version=version, python=says))

    def python(self, pip: str = "", has_pip: str = "true", tests: str = ":") -> None:
        """``pip``: what the stand-in does after it wrote its file; ``tests``: what it does for pytest."""
        log = self.root / "pip.log"
        text = PYTHON.format(real=sys.executable, log=log, pip=pip or ":", has_pip=has_pip, tests=tests)
        self.program("python3", text)

    def install(self, *arguments: str, **environment: str) -> hosts.Said:
        env = {"HOME": str(self.home), "PATH": str(self.root / "bin"), "PIP_RETRIES": "1", **environment}
        line = [self.script, *arguments]
        done = subprocess.run(line, env=env, stdin=subprocess.DEVNULL, capture_output=True, timeout=HANG_SECONDS)
        return hosts.Said(done.stdout.decode(), done.stderr.decode(), done.returncode)

    def installed(self, *arguments: str, **environment: str) -> str:
        said = self.install(*arguments, **environment)
        assert (said.status, said.err) == (0, "")
        return said.out

    def refuses(self, *arguments: str, **environment: str) -> str:
        """The one line it refuses with; nothing of HOME may have changed."""
        before = tree(self.home)
        said = self.install(*arguments, **environment)
        assert said.status == 1
        assert tree(self.home) == before
        (line,) = said.err.splitlines()
        assert line.startswith("install.sh: ")
        return line.removeprefix("install.sh: ")


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    made = Machine(tmp_path)
    made.home.mkdir()
    (tmp_path / "bin").mkdir()
    for name in TOOLS.split():
        found = shutil.which(name)
        assert found, f"no {name} on PATH"
        (tmp_path / "bin" / name).symlink_to(found)
    made.gdb()
    made.python()
    return made


def tree(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Every file and folder below: its mode and content."""
    found = {}
    for path in sorted(folder.rglob("*")) if folder.is_dir() else [folder]:
        content = os.fsencode(os.readlink(path)) if path.is_symlink() else path.read_bytes() if path.is_file() else b""
        found[str(path)] = (path.lstat().st_mode, content)
    return found


def block(text: str) -> list[str]:
    """The lines between our marks."""
    lines = text.splitlines()
    return lines[lines.index(BEGIN) + 1 : lines.index(END)]


# ---- the init file


def test_the_block_sources_the_checkout_and_trusts_nothing_else(machine: Machine) -> None:
    machine.installed()
    comment, *commands = block(machine.init.read_text())
    assert comment.startswith("#")
    assert commands == [f"source {tools.ROOT}/gdbext/gdbinit.py"]


def test_dry_run_says_and_does_nothing(machine: Machine) -> None:
    machine.init.write_text("set width 0\n")
    before = tree(machine.home)
    said = machine.installed("--dry-run")
    assert tree(machine.home) == before
    assert machine.pip_log == ""
    assert f"{machine.init}: a block that loads go-ctxchain" in said.splitlines()
    assert f"    source {tools.ROOT}/gdbext/gdbinit.py" in said.splitlines()


def test_delve_gets_a_file_to_read(machine: Machine) -> None:
    said = machine.installed()
    init = machine.private / "init.dlv"
    assert f"{init}: the same commands in Delve: dlv … --init {init}" in said.splitlines()
    scripts = tools.ROOT / "dlvscripts"
    assert init.read_text().splitlines() == [f"source {scripts}/prelude.star", f"go_load {scripts}"]


def test_twice_is_the_same_as_once(machine: Machine) -> None:
    machine.init.write_text("set width 0\n")
    machine.installed()
    once, pip_once = tree(machine.home), machine.pip_log
    machine.installed()
    assert tree(machine.home) == once
    assert machine.pip_log == pip_once


@pytest.mark.parametrize("text", [None, "", "set width 0\n", "set width 0", "\n\n", "# caf\u00e9\r\nset width 0\r\n"])
def test_uninstall_restores(machine: Machine, text: str | None) -> None:
    if text is not None:
        machine.init.write_bytes(text.encode())
        machine.init.chmod(0o640)
    (machine.home / ".local" / "share").mkdir(parents=True)
    before = tree(machine.home)
    machine.installed()
    assert tree(machine.home) != before
    machine.installed("--uninstall")
    assert tree(machine.home) == before


def test_uninstall_keeps_lines_added_since(machine: Machine) -> None:
    machine.init.write_text("set width 0\n")
    machine.installed()
    machine.init.write_text("set height 0\n" + machine.init.read_text() + "set print pretty on\n")
    machine.installed()
    machine.installed("--uninstall")
    assert machine.init.read_text() == "set height 0\nset width 0\nset print pretty on\n"
    assert Path(f"{machine.init}.before-gdbext").read_text() == "set width 0\n"


def test_uninstall_of_nothing_changes_nothing(machine: Machine) -> None:
    machine.init.write_text("set width 0\n")
    before = tree(machine.home)
    machine.installed("--uninstall")
    assert tree(machine.home) == before


def test_uninstall_dry_run_changes_nothing(machine: Machine) -> None:
    machine.installed()
    before = tree(machine.home)
    said = machine.installed("--uninstall", "--dry-run")
    assert f"would run: rm -rf -- {machine.private}/py3.11" in said.splitlines()
    assert tree(machine.home) == before


def test_the_file_as_it_was_is_kept_once(machine: Machine) -> None:
    machine.init.write_text("set width 0\n")
    machine.installed()
    machine.init.write_text(machine.init.read_text() + "set height 0\n")
    machine.installed()
    assert Path(f"{machine.init}.before-gdbext").read_text() == "set width 0\n"


@pytest.mark.parametrize("environment", [{}, {"XDG_CONFIG_HOME": "elsewhere"}])
def test_the_xdg_init_file_is_chosen_where_it_exists(machine: Machine, environment: dict[str, str]) -> None:
    chosen = {name: str(machine.home / value) for name, value in environment.items()}
    xdg_init = machine.home / "elsewhere/gdb/gdbinit" if chosen else machine.xdg_init
    xdg_init.parent.mkdir(parents=True)
    xdg_init.write_text("")
    machine.installed(**chosen)
    assert block(xdg_init.read_text())
    assert not machine.init.exists()


def test_the_block_moves_to_the_file_that_gdb_reads(machine: Machine) -> None:
    machine.installed()
    machine.xdg_init.parent.mkdir(parents=True)
    machine.xdg_init.write_text("set width 0\n")
    machine.installed()
    assert block(machine.xdg_init.read_text())
    assert not machine.init.exists()


def test_an_older_block_is_replaced_where_it_stands(machine: Machine) -> None:
    machine.init.write_text(f"set width 0\n{BEGIN}\nsource /old/gdbext/gdbinit.py\n{END}\nset height 0\n")
    machine.installed()
    lines = machine.init.read_text().splitlines()
    assert (lines[0], lines[-1]) == ("set width 0", "set height 0")
    assert block(machine.init.read_text())[-1] == f"source {tools.ROOT}/gdbext/gdbinit.py"
    assert machine.init.read_text().count(BEGIN) == 1


@pytest.mark.parametrize("text", [f"{BEGIN}\nset width 0\n", f"{END}\n", f"{BEGIN}\n{BEGIN}\n{END}\n"])
def test_a_broken_block_is_left_alone(machine: Machine, text: str) -> None:
    machine.init.write_text(text)
    assert "mend it by hand" in machine.refuses()


def test_a_link_stays_a_link(machine: Machine) -> None:
    kept = machine.home / "dotfiles"
    kept.mkdir()
    (kept / "gdbinit").write_text("set width 0\n")
    machine.init.symlink_to("dotfiles/gdbinit")
    machine.installed()
    assert os.readlink(machine.init) == "dotfiles/gdbinit"
    assert block((kept / "gdbinit").read_text())
    machine.installed("--uninstall")
    assert os.readlink(machine.init) == "dotfiles/gdbinit"
    assert (kept / "gdbinit").read_text() == "set width 0\n"


# ---- the private folder


@pytest.mark.parametrize("by", ["option", "environment"])
def test_another_private_folder_is_told_to_gdb_and_found_by_uninstall(machine: Machine, by: str) -> None:
    elsewhere = machine.root / "else where"
    if by == "option":
        machine.installed("--prefix", str(elsewhere))
    else:
        machine.installed(GDBEXT_HOME=str(elsewhere))
    assert (elsewhere / "py3.11" / "numpy").is_dir()
    assert not machine.private.exists()
    told = block(machine.init.read_text())[1]
    assert told == f'python import os; os.environ.setdefault("GDBEXT_HOME", "{elsewhere}")'
    machine.installed("--uninstall")
    assert not elsewhere.exists()


def test_uninstall_keeps_what_is_not_ours(machine: Machine) -> None:
    machine.installed()
    (machine.private / "notes").write_text("mine")
    machine.installed("--uninstall")
    assert [path.name for path in machine.private.iterdir()] == ["notes"]


def test_dependencies_are_for_the_python_that_gdb_embeds(machine: Machine) -> None:
    machine.gdb(python="3.13")
    machine.installed()
    ours = f"3.{sys.version_info[1]}"
    assert {path.name for path in machine.private.glob("py*")} == {"py3.13", f"py{ours}"}
    runs = machine.pip_log.splitlines()
    assert sorted(run.split("--python-version ")[1].split()[0] for run in runs) == sorted(["3.13", ours])
    assert all("--only-binary=:all:" in run and "--target" in run for run in runs)


def test_other_requirements_are_fetched_anew(machine: Machine) -> None:
    machine.installed()
    (stamp,) = machine.private.glob("py3.11/.stamp")
    stamp.write_text("older")
    (machine.private / "py3.11" / "left.py").write_text("")
    machine.installed()
    assert len(machine.pip_log.splitlines()) == 2
    assert not (machine.private / "py3.11" / "left.py").exists()


def test_extras_are_fetched_when_asked_for_and_stay(machine: Machine) -> None:
    ours = f"with-plot-py3.{sys.version_info[1]}"
    machine.gdb(python=f"3.{sys.version_info[1]}")
    machine.installed()
    assert not (machine.private / ours).exists()
    machine.installed("--with", "plot")
    machine.installed("--with=plot")
    machine.installed()
    assert (machine.private / ours).exists()
    assert [("matplotlib" in run, "numba" in run) for run in machine.pip_log.splitlines()] == [
        (False, True),
        (True, False),
    ]
    machine.installed("--uninstall")
    assert not machine.private.exists()


def test_a_failed_update_leaves_what_was_there(machine: Machine) -> None:
    machine.installed()
    (machine.private / "py3.11" / ".stamp").write_text("older")
    machine.python(pip="echo 'ERROR: No space left on device' >&2; exit 1")
    assert "No space left" in machine.refuses()


def test_kernels_are_compiled_in_gdb_itself(machine: Machine) -> None:
    machine.installed()
    assert "warm.main()" in (machine.root / "gdb.log").read_text()


def test_no_gdb_takes_the_prebuilt_one(machine: Machine) -> None:
    (machine.root / "bin" / "gdb").unlink()
    packages = '"$2/gdb_for_pwndbg/_vendor/bin"'
    machine.python(pip=f"mkdir -p {packages} && printf '#!/bin/sh\\n' >{packages}/gdb; chmod +x {packages}/gdb")
    said = machine.installed()
    launcher = machine.private / "gdb" / "bin" / "gdb"
    assert os.access(launcher, os.X_OK)
    assert f"  {launcher} -p PID" in said
    assert (machine.private / "gdb" / "lib").joinpath(f"libpython3.{sys.version_info[1]}.so.1.0").exists()
    assert "gdb-for-pwndbg==" in machine.pip_log


# ---- refusals: one line, and nothing half done


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ({"version": "12.1"}, "is GDB 12.1, too old (13.1 or newer is needed)"),
        ({"version": "7.6.1-120.el7"}, "is GDB 7.6, too old"),
        ({"python": "Python scripting is not supported in this copy of GDB."}, "built without Python"),
        ({"python": "3.9"}, "embeds Python 3.9, too old"),
        ({"python": "2.7"}, "embeds Python 2.7, too old"),
        ({"version": "hello"}, "does not answer --version"),
    ],
)
def test_an_unfit_gdb_is_refused(machine: Machine, fault: dict[str, str], says: str) -> None:
    machine.gdb(**fault)
    line = machine.refuses()
    assert says in line
    assert line.endswith("./install.sh --gdb prebuilt takes GDB 18.1 from PyPI")


def test_no_pip_is_said(machine: Machine) -> None:
    machine.python(has_pip="false")
    assert machine.refuses() == "no python3 on PATH has pip: install it (Debian: apt-get install python3-pip)"


def test_no_python_is_said(machine: Machine) -> None:
    (machine.root / "bin" / "python3").unlink()
    assert "no python3 on PATH has pip" in machine.refuses()


OLD = '#!/bin/sh\ncase "$*" in "-m pip --version") exit 1 ;; esac\necho {minor}\n'
"""A python3 that only says its minor version: 0, as one answers that is too old or was built without ctypes."""


def of_minor(machine: Machine, name: str, minor: int, library: str = "") -> None:
    """``name`` on PATH: a python3 of that minor version and with that libpython, as far as install.sh asks."""
    text = (machine.root / "bin" / "python3").read_text()
    asked = f'case "$*" in\n"-c import sys\n"*) echo {minor} ;;\n"- libpython"*) echo "{library}" ;;\n'
    machine.program(name, text.replace('case "$*" in\n', asked, 1))


@pytest.mark.parametrize("minor", [0, 8])
def test_the_first_python_that_will_do_is_chosen(machine: Machine, minor: int) -> None:
    of_minor(machine, "python3.12", 12)
    of_minor(machine, "python3.9", 9)
    machine.program("python3", OLD.format(minor=minor))
    said = machine.installed()
    assert f"python: {machine.root}/bin/python3.12, Python 3.12" in said.splitlines()
    assert {path.name for path in machine.private.glob("py*")} == {"py3.11", "py3.12"}
    assert f'exec "{machine.root}/bin/python3.12"' in (machine.private / "bin" / "gdbext").read_text()


def test_a_python_without_wheels_is_passed_over(machine: Machine) -> None:
    """The newest is often the first that is found, and the last that packages are built for."""
    machine.python(pip=NO_WHEEL)
    of_minor(machine, "python3.13", 13)
    of_minor(machine, "python3", 98)
    said = machine.installed()
    passed = f"python: not {machine.root}/bin/python3: pip finds no wheel of numba<0.69,>=0.60 for Python 3.98"
    chosen = f"python: {machine.root}/bin/python3.13, Python 3.13"
    assert [line for line in said.splitlines() if line.startswith("python: ")] == [passed, chosen]
    assert {path.name for path in machine.private.glob("py*")} == {"py3.11", "py3.13"}


def test_the_prebuilt_gdb_takes_a_python_that_has_its_library(machine: Machine) -> None:
    (machine.root / "bin" / "gdb").unlink()
    machine.python(pip=PREBUILT)
    of_minor(machine, "python3.12", 12, library=str(machine.home))
    of_minor(machine, "python3", 13)
    assert f"python: {machine.root}/bin/python3.12, Python 3.12" in machine.installed().splitlines()
    assert (machine.private / "gdb" / "lib" / "libpython3.12.so.1.0").exists()


def test_where_no_python_will_do_gdb_has_its_own(machine: Machine) -> None:
    of_minor(machine, "python3", 8)
    said = machine.installed()
    none = "python: no python3 of 3.10 or newer on PATH that will do: no reader without a debugger (Debian: "
    assert f"{none}apt-get install python3)" in said.splitlines()
    assert {path.name for path in machine.private.iterdir()} == {"py3.11", "init.dlv"}


def test_no_network_is_said(machine: Machine) -> None:
    """With the real pip: the text of its errors is what we read."""
    machine.program("python3", f'#!/bin/sh\nexec "{pip_owner()}" "$@"\n')
    line = machine.refuses(PIP_INDEX_URL="http://127.0.0.1:9/simple", PIP_CONFIG_FILE="/dev/null")
    assert line == f"PyPI cannot be reached (no network?); {REFUSED}"


def test_no_wheel_for_that_python_is_said(machine: Machine, tmp_path: Path) -> None:
    """With the real pip, offline, on an empty folder of wheels."""
    machine.gdb(python="3.98")
    machine.program("python3", f'#!/bin/sh\nexec "{pip_owner()}" "$@"\n')
    line = machine.refuses(PIP_NO_INDEX="1", PIP_FIND_LINKS=str(tmp_path), PIP_CONFIG_FILE="/dev/null")
    assert line.startswith("pip finds no wheel of ")
    assert line.endswith(f" for Python 3.98; {REFUSED}")


NO_WHEEL = """case "$*" in *3.98*numba*)
        echo "ERROR: No matching distribution found for numba<0.69,>=0.60" >"/dev/stderr"; exit 1 ;; esac"""


def test_no_wheel_of_numba_for_the_python_of_gdb(machine: Machine) -> None:
    """The rest is fetched for it, and what is typed in GDB runs in the Python of the shell."""
    machine.gdb(python="3.98")
    machine.python(pip=NO_WHEEL)
    ours = sys.version_info[1]
    said = machine.installed()
    wanted = (
        f"pip finds no wheel of numba<0.69,>=0.60 for Python 3.98: on cores GDB's commands will run in Python 3.{ours}"
    )
    assert wanted in said.splitlines()
    assert {path.name for path in machine.private.glob("py*")} == {"py3.98", f"py3.{ours}"}
    assert "numba>=" not in (machine.private / "py3.98" / "numpy" / "__init__.py").read_text()
    assert "numba>=" in (machine.private / f"py3.{ours}" / "numpy" / "__init__.py").read_text()
    assert (machine.private / "bin" / "gdbext").exists()
    assert not (machine.root / "gdb.log").exists(), "nothing is compiled in GDB"


def test_another_wheel_that_is_missing_is_said(machine: Machine) -> None:
    machine.gdb(python="3.98")
    machine.python(pip=NO_WHEEL.replace("found for numba", "found for numpy"))
    assert machine.refuses() == f"pip finds no wheel of numpy<0.69,>=0.60 for Python 3.98; {REFUSED}"


@pytest.mark.parametrize("where", [".local", ".local/share/gdbext"])
def test_a_private_folder_that_cannot_be_made_is_said(machine: Machine, where: str) -> None:
    path = machine.home / where
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("in the way")
    assert machine.refuses() == f"cannot write to {machine.private}: ./install.sh --prefix DIR puts it elsewhere"


def test_a_home_that_cannot_be_written_is_said(machine: Machine) -> None:
    """Root may write anywhere, so HOME is a file here; the private folder could be made."""
    machine.home.rmdir()
    machine.home.write_text("")
    line = machine.refuses("--prefix", str(machine.root / "else"))
    assert line == f"cannot write {machine.init}: HOME must be a folder that can be written"
    assert not (machine.root / "else").exists()


def test_no_home_is_said(machine: Machine) -> None:
    assert "HOME is not set" in machine.refuses(HOME="")


@pytest.mark.parametrize("arguments", [["--prefix"], ["--gdb"], ["--what"], ["file"], ["--with", "none"]])
def test_wrong_usage(machine: Machine, arguments: Sequence[str]) -> None:
    said = machine.install(*arguments)
    assert said.status == 2
    assert said.err.splitlines()[0].endswith("./install.sh --help")


def test_help_names_every_option(machine: Machine) -> None:
    said = machine.installed("--help")
    for option in ("--demo", "--test", "--uninstall", "--dry-run", "--prefix", "--gdb", "--with"):
        assert option in said


# ---- --test

PREBUILT = """mkdir -p "$2/gdb_for_pwndbg/_vendor/bin" && echo '#!/bin/sh' >"$2/gdb_for_pwndbg/_vendor/bin/gdb"
    chmod +x "$2/gdb_for_pwndbg/_vendor/bin/gdb\""""
GO = """#!/bin/sh
case "$1" in
env) echo go1.27.3 ;;
install) echo '#!/bin/sh' >"$GOBIN/dlv" ;;
esac
"""


def for_tests(machine: Machine, tests: str, repository: bool = True) -> Path:
    """A checkout of its own, and all that --test asks for; pytest does ``tests`` in it."""
    machine.script = machine.root / "checkout" / "install.sh"
    checkout = machine.script.parent
    checkout.mkdir()
    (checkout / "dlvscripts").mkdir()
    for name in ("install.sh", "pyproject.toml", "dlvscripts/init.dlv"):
        shutil.copy(tools.ROOT / name, checkout / name)
    for name, text in {"go": GO, **dict.fromkeys(("gcc", "dot", "chromium", "shellcheck"), "#!/bin/sh\n")}.items():
        machine.program(name, text)
    machine.python(pip=PREBUILT, tests=tests)
    if repository:
        (machine.root / "bin" / "git").symlink_to(shutil.which("git") or "")
        subprocess.run(["git", "init", "-q", str(checkout)], check=True)
    return checkout


def test_a_run_that_leaves_something_in_the_checkout_fails(machine: Machine) -> None:
    checkout = for_tests(machine, "echo x >core.1")
    said = machine.install("--test")
    assert (said.status, said.err) == (1, "install.sh: not passed: git-status\n")
    assert "?? core.1" in said.out.splitlines()
    (checkout / "notes").write_text("mine, and there before")
    assert machine.installed("--test")


def test_without_a_repository_nothing_is_compared(machine: Machine) -> None:
    for_tests(machine, "echo x >core.1", repository=False)
    said = machine.installed("--test")
    assert said.splitlines()[-1] == "no git repository here: what the tests may leave in it is not looked at"


def test_a_repository_without_git_is_not_looked_at(machine: Machine) -> None:
    for_tests(machine, "echo x >core.1")
    (machine.root / "bin" / "git").unlink()
    said = machine.installed("--test")
    assert said.splitlines()[-1] == "no git repository here: what the tests may leave in it is not looked at"


# ---- with the real GDB


@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
def test_gdb_reads_the_init_file_and_knows_the_commands(machine: Machine, gdb: tools.Gdb, locale: str) -> None:
    """A machine where no locale is set has GDB keep texts in ASCII; a container mostly is one."""
    machine.installed()
    environment = {**hosts.environment(gdb), "HOME": str(machine.home), "GDBEXT_HOME": str(home.folder())}
    environment.pop("XDG_CONFIG_HOME", None)
    environment["LC_ALL"] = locale
    line = [gdb.path, "-batch", *(word for name in commands.registry() for word in ("-ex", f"help {name}"))]
    said = subprocess.run(line, env=environment, capture_output=True, timeout=HANG_SECONDS)
    assert said.stderr == b""
    heads = [text for text in said.stdout.decode().splitlines() if text.startswith("usage: go-")]
    assert [head.split()[1] for head in heads] == list(commands.registry())


def test_without_a_locale_an_error_is_one_line_too(gdb: tools.Gdb) -> None:
    environment = {**hosts.environment(gdb), "LC_ALL": "C"}
    line = [gdb.path, *hosts.BEFORE, "-x", str(hosts.INIT), "-ex", "go-ctxtree 12"]
    said = subprocess.run(line, env=environment, capture_output=True, timeout=HANG_SECONDS)
    (error,) = said.stderr.decode().splitlines()
    assert "write addresses as 0x...: 0x12?" in error


def pip_owner() -> str:
    """A Python that has pip: this one may have been given only what tests need."""
    for path in (sys.executable, shutil.which("python3") or "", "/usr/bin/python3"):
        if path and subprocess.run([path, "-m", "pip", "--version"], capture_output=True).returncode == 0:
            return path
    raise tools.MissingTool("no Python with pip")
