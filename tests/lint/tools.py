"""The general tools. Each check yields the lines in which its tool complains."""

import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from source import BUILD, PRODUCT, ROOT, c_files, closure, files, scripts, text

CORES = os.cpu_count() or 1
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "harbor-pg-webhook"

CPPCHECK_OPTIONS = [
    "--enable=warning,performance,portability",
    "--error-exitcode=1",
    "--inline-suppr",
    "--quiet",
    "--template={file}:{line}: {message} [{id}]",
    "--std=c11",
    "--suppress=missingIncludeSystem",
    # cppcheck 2.10 does not parse a compound literal in a conditional expression.
    "--suppress=internalAstError",
    "-I.",
    f"-j{CORES}",
]

ANALYZER_OPTIONS = [
    "-fanalyzer",
    "-Werror",
    "-fdiagnostics-color=never",
    "-fdiagnostics-path-format=none",
    "-fno-diagnostics-show-caret",
]


def complaints(*command: object, cwd: Path = ROOT, env: dict[str, str] | None = None) -> list[str]:
    """What a program prints when it exits with something else than 0."""
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode == 0:
        return []
    return done.stdout.splitlines() or [f"{command[0]}: exit status {done.returncode}"]


def commands() -> dict[Path, list[str]]:
    """How each C file of the project is compiled in build/default."""
    entries = json.loads((BUILD / "compile_commands.json").read_text())
    found = {}
    for entry in entries:
        path = (Path(entry["directory"]) / entry["file"]).resolve()
        if path.is_relative_to(ROOT) and not path.is_relative_to(ROOT / "build"):
            found[path.relative_to(ROOT)] = shlex.split(entry["command"])
    return found


def errors_only(lines: list[str]) -> list[str]:
    """The findings without the pages of paths that lead to them, named from the root."""
    found = [line for line in lines if re.search(r": (fatal )?error: ", line)]
    return [re.sub(r"^(\S*build/default/)?(\.\./)*", "", line) for line in found] or lines


def clang_format() -> Iterator[str]:
    lines = complaints("clang-format-14", "--dry-run", "-Werror", *c_files())
    yield from sorted({line.partition(":")[0] for line in errors_only(lines)})


def clang_tidy() -> Iterator[str]:
    """Seconds a file: a file that was clean is not looked at again before something in it, in what
    it includes, in its options or in .clang-tidy changes."""
    clean = CACHE / "clang-tidy"
    clean.mkdir(parents=True, exist_ok=True)

    def one(item: tuple[Path, list[str]]) -> list[str]:
        path, command = item
        hashed = hashlib.sha256(" ".join(command).encode() + text(Path(".clang-tidy")).encode())
        for part in sorted(closure(path)):
            hashed.update(text(part).encode())
        stamp = clean / hashed.hexdigest()
        if stamp.exists():
            return []
        found = errors_only(complaints("clang-tidy-14", "-p", BUILD, "--quiet", path))
        if not found:
            stamp.touch()
        return found

    with ThreadPoolExecutor(CORES) as pool:
        for lines in pool.map(one, sorted(commands().items())):
            yield from lines


def cppcheck() -> Iterator[str]:
    yield from complaints("cppcheck", *CPPCHECK_OPTIONS, *PRODUCT)


def gcc_analyzer() -> Iterator[str]:
    """Compiles as build/default does, with -fanalyzer; ccache remembers what is clean."""
    output = BUILD.parent / "lint"
    output.mkdir(exist_ok=True)

    def one(item: tuple[Path, list[str]]) -> list[str]:
        path, command = item
        out = output / f"{str(path).replace('/', '_')}.o"
        command[command.index("-o") + 1] = str(out)
        command[command.index("-MF") + 1] = str(out.with_suffix(".d"))
        return errors_only(complaints(*command, *ANALYZER_OPTIONS, cwd=BUILD))

    mine = [item for item in sorted(commands().items()) if item[0].parts[0] in PRODUCT]
    with ThreadPoolExecutor(CORES) as pool:
        for lines in pool.map(one, mine):
            yield from lines


def shellcheck() -> Iterator[str]:
    yield from complaints("shellcheck", "--external-sources", *scripts("bash", "/sh"))


def ruff_check() -> Iterator[str]:
    yield from complaints(*ruff("check", "--quiet", "--output-format", "concise"))


def ruff_format() -> Iterator[str]:
    yield from complaints(*ruff("format", "--check", "--quiet"))


def ruff(*words: str) -> list[object]:
    return [sys.executable, "-m", "ruff", *words, *python_files()]


def python_files() -> list[Path]:
    return sorted({path for path in files() if path.suffix == ".py"} | set(scripts("python3")))


def go_modules() -> list[Path]:
    """The modules with Go code of ours; those of tests/tools only name the code of others."""
    code = {path.parent for path in files() if path.suffix == ".go"}
    return [path.parent for path in files() if path.name == "go.mod" and path.parent in code]


def gofmt() -> Iterator[str]:
    if shutil.which("gofmt"):
        done = subprocess.run(
            ["gofmt", "-l", *(path for path in files() if path.suffix == ".go")],
            cwd=ROOT,
            check=True,
            capture_output=True,
            text=True,
        )
        yield from done.stdout.splitlines()


def go_vet() -> Iterator[str]:
    if shutil.which("go"):
        for module in go_modules():
            env = {"GOTOOLCHAIN": "local", "GOFLAGS": "-mod=readonly", "GOWORK": "off"}
            yield from complaints("go", "vet", "./...", cwd=ROOT / module, env=env)
