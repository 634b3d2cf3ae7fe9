"""The rules of the house that no general tool knows. Each check yields what it finds."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from source import BUILD, PRODUCT, ROOT, c_files, code, comments, files, text

TOP_LEVEL = {
    *("base", "certs", "charts", "docs", "patches", "server", "tests"),
    *("Containerfile", "LICENSE", "README.md", "dev", "meson.build"),
}

# Which folders a folder may include from; its own always.
LAYERS = {
    "base": (),
    "patches": ("base",),
    "certs": ("base",),
    "server": ("base", "patches", "certs"),
    "tests": ("base", "patches", "certs", "server"),
}

# Third-party headers: who may include them, and in how many files of the product at most.
LIBRARIES = {
    "jansson.h": (("patches", "server", "tests"), None),
    "openssl/": (("certs", "tests"), None),
    "microhttpd.h": (("server",), 1),
    "gnutls/": (("server",), 1),
    "yaml.h": (("server",), 1),
    "curl/": (("server",), 1),
    "expat.h": (("server",), 1),
    "lz4frame.h": (("server",), 1),
    "zstd.h": (("server",), 1),
    "lzma.h": (("server",), 1),
    "brotli/": (("server",), 1),
    "cmocka.h": (("tests",), None),
}

LINES_MOST = 450

BANNED = "sprintf vsprintf strcpy strcat strtok atoi atol sscanf strncpy gmtime localtime strerror"
BANNED += " alloca setjmp longjmp"

# What a pure library may not even link to: files, the clock, the environment, threads, output.
WORLD = """
    open openat fopen fdopen freopen read write pread pwrite unlink rename mkdir stat fstat opendir
    time clock_gettime gettimeofday sleep nanosleep getenv secure_getenv setenv
    pthread_create pthread_mutex_lock socket connect bind listen accept send recv getaddrinfo
    printf fprintf vprintf vfprintf puts fputs putchar perror fwrite syslog exit _exit abort
    rand random srand getrandom system fork execve
""".split()
CLOCK = (
    "time clock_gettime gettimeofday getenv secure_getenv setenv localtime_r syslog exit".split()
)
NOT_FOR = {"patches": WORLD, "certs": CLOCK, "base": CLOCK}

# What judges an archive is as pure as patches/, though it lies in server/.
PURE_IN_SERVER = {
    f"archive_{name}.c"
    for name in """
        codec codec_brotli codec_lz4 codec_lzma codec_zstd facts file_sets history
        json_stream judge judge_backup judge_chain judge_record judge_wal judgement
        label names pg_control rate record render_text report segment_size tar wal
        wal_header wal_holes wal_ranges wal_timelines wal_view watch_plan way
    """.split()
}

# The only state that changes while the program runs, besides what main() owns.
MUTABLE_STATE_IN = {"log.c", "metrics.c"}

INCLUDE = re.compile(r'#include\s*(?:"(?P<ours>[^"]+)"|<(?P<theirs>[^>]+)>)')


def top_level() -> Iterator[str]:
    for name in sorted({path.parts[0] for path in files()}):
        if name not in TOP_LEVEL and not name.startswith("."):
            yield f"{name}: not an entry of the fixed layout"


def include_lines(path: Path) -> Iterator[tuple[int, str | None, str | None]]:
    for number, line in enumerate(code(path), 1):
        found = INCLUDE.match(line)
        if found:
            yield number, found.group("ours"), found.group("theirs")


def layers() -> Iterator[str]:
    for path in c_files():
        layer = path.parts[0]
        for number, ours, _ in include_lines(path):
            if ours is None:
                continue
            if not (ROOT / ours).is_file() and not (BUILD / ours).is_file():
                yield f"{path}:{number}: '{ours}' is not a path from the root"
            elif Path(ours).parts[0] not in (layer, *LAYERS.get(layer, ())):
                yield f"{path}:{number}: {layer}/ may not include '{ours}'"


def own_header_first() -> Iterator[str]:
    for path in c_files(*PRODUCT):
        own = path.with_suffix(".h")
        if path.suffix == ".c" and (ROOT / own).exists():
            first = next((ours or theirs for _, ours, theirs in include_lines(path)), None)
            if first != str(own):
                yield f"{path}: the first include is '{first}', expected '{own}'"


def libraries() -> Iterator[str]:
    users: dict[str, set[Path]] = {}
    for path in c_files():
        for number, _, theirs in include_lines(path):
            library = next((name for name in LIBRARIES if theirs and theirs.startswith(name)), None)
            if library is None:
                continue
            if path.parts[0] not in LIBRARIES[library][0]:
                yield f"{path}:{number}: {path.parts[0]}/ may not include <{theirs}>"
            elif path.parts[0] in PRODUCT:
                users.setdefault(library, set()).add(path)
    for library, paths in users.items():
        most = LIBRARIES[library][1]
        if most is not None and len(paths) > most:
            names = ", ".join(str(path) for path in sorted(paths))
            yield f"{library} is included by {len(paths)} files, expected {most}: {names}"


def banned() -> Iterator[str]:
    call = re.compile(rf"\b({'|'.join(BANNED.split())})\s*\(")
    leave = re.compile(r"\b(_?exit|quick_exit)\s*\(")
    for path in c_files():
        for number, line in enumerate(code(path), 1):
            found = call.search(line)
            if found:
                yield f"{path}:{number}: {found.group(1)}() is banned"
            elif path.parts[0] in PRODUCT and path.name != "main.c" and leave.search(line):
                yield f"{path}:{number}: only server/main.c exits"


def comment_style() -> Iterator[str]:
    for path in c_files():
        for comment in comments(path):
            if comment.text.startswith("//"):
                yield f"{path}:{comment.line}: a // comment"
            elif re.search(r"\b(TODO|FIXME|XXX)\b", comment.text):
                yield f"{path}:{comment.line}: an open end in a comment"


def file_size() -> Iterator[str]:
    for path in c_files(*PRODUCT):
        lines = len(text(path).splitlines())
        if lines > LINES_MOST:
            yield f"{path}: {lines} lines, at most {LINES_MOST}"


def archives() -> Iterator[tuple[str, Path]]:
    """The built libraries of the product. What was not built is a finding of its own."""
    for folder in PRODUCT:
        yield folder, BUILD / folder / f"lib{folder}.a"


def output_of(*command: object) -> list[str]:
    words = [str(word) for word in command]
    done = subprocess.run(words, cwd=ROOT, check=True, capture_output=True, text=True)
    return done.stdout.splitlines()


def exported() -> Iterator[str]:
    for folder, archive in archives():
        headers = "\n".join(
            "\n".join(code(path)) for path in c_files(folder) if path.suffix == ".h"
        )
        declared = set(re.findall(r"\w+", headers))
        for line in output_of("nm", "--defined-only", "--extern-only", archive):
            words = line.split()
            if len(words) == 3 and words[2] not in declared:
                yield f"{folder}/: {words[2]} is exported, but in no header of {folder}/"


def purity() -> Iterator[str]:
    missing = set(PURE_IN_SERVER)
    for folder, archive in archives():
        member = ""
        for line in output_of("nm", "--undefined-only", archive):
            words = line.split()
            if line.endswith(":"):
                member = Path(line[:-1]).stem
                missing.discard(member)
            elif words and words[0] == "U":
                name = re.sub(r"^__|_chk$", "", words[1].partition("@")[0])
                if name in (WORLD if member in PURE_IN_SERVER else NOT_FOR.get(folder, ())):
                    yield f"{folder}/{member}: uses {name}()"
    for member in sorted(missing):
        yield f"server/: there is no {member}, expected to be pure"


def mutable_state() -> Iterator[str]:
    for folder, archive in archives():
        member = ""
        for line in output_of("objdump", "--syms", archive):
            found = re.match(r"(\S+):\s+file format", line)
            if found:
                member = Path(found.group(1)).stem
                continue
            found = re.search(r"\sO\s+\.(data|bss)(?:\.\S+)?\t[0-9a-f]+ (?:\.hidden )?(\S+)$", line)
            if found and not line.count(".data.rel.ro") and member not in MUTABLE_STATE_IN:
                yield f"{folder}/{member}: '{found.group(2)}' can change while the program runs"
