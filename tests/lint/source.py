"""The repository as the lint checks see it: its files, and C with comments and strings blanked."""

import re
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build/default"
PRODUCT = ("base", "patches", "certs", "server")

# A comment, a string or a character constant, whichever begins first.
TOKEN = re.compile(
    r"""(?P<block>/\*.*?\*/)|(?P<line>//[^\n]*)|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""",
    re.DOTALL,
)


@cache
def files() -> list[Path]:
    """All files that belong to the project, tracked or about to be; relative to the root."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split("\0")
    return sorted(path for name in set(listed) if name and (ROOT / (path := Path(name))).is_file())


def c_files(*folders: str) -> list[Path]:
    """C sources and headers, of these top-level folders or of all."""
    return [
        path
        for path in files()
        if path.suffix in (".c", ".h") and (not folders or path.parts[0] in folders)
    ]


def scripts(*interpreters: str) -> list[Path]:
    """Files whose first line names one of the interpreters."""
    found = []
    for path in files():
        if path.suffix in ("", ".sh", ".py"):
            with (ROOT / path).open("rb") as file:
                first = file.readline()
            if first.startswith(b"#!") and any(name.encode() in first for name in interpreters):
                found.append(path)
    return found


def text(path: Path) -> str:
    return (ROOT / path).read_text()


@dataclass(frozen=True)
class Comment:
    line: int
    text: str


@cache
def comments(path: Path) -> list[Comment]:
    source = text(path)
    return [
        Comment(source.count("\n", 0, found.start()) + 1, found.group())
        for found in TOKEN.finditer(source)
        if found.group("block") or found.group("line")
    ]


@cache
def code(path: Path) -> list[str]:
    """The lines without what comments and strings say; #include lines stay as they are."""

    def blank(found: re.Match) -> str:
        start = source.rfind("\n", 0, found.start()) + 1
        if source.startswith("#include", start):
            return found.group()
        return re.sub(r"[^\n]", " ", found.group())

    source = text(path)
    return TOKEN.sub(blank, source).splitlines()


@cache
def closure(path: Path) -> frozenset[Path]:
    """The file and all files of ours that it includes, directly or not."""
    found = {path}
    ahead = [path]
    while ahead:
        for ours in re.findall(r'^#include "([^"]+)"', text(ahead.pop()), re.MULTILINE):
            included = Path(ours)
            if included not in found and (ROOT / included).is_file():
                found.add(included)
                ahead.append(included)
    return frozenset(found)
