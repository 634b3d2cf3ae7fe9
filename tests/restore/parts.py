#!/usr/bin/env python3
"""Where the real parts come from: Debian, PyPI, and the cache that is kept outside the repository.

Everything here needs the network of the machine, so it is asked for before the suite leaves it.
Run as a program it says why the suite cannot run here, if so, and makes what is not here yet.
"""

import fcntl
import hashlib
import subprocess
import sys
from pathlib import Path

import helpers  # noqa: F401 -- isort: skip
from tools import CACHE

HERE = Path(__file__).resolve().parent  # not that of the suite that asks
REQUIREMENTS = HERE / "container-requirements.txt"
WAL_E_REQUIREMENTS = HERE / "wal-e-requirements.txt"
SKIPPED_STATUS = 77
POSTGRES_VERSION = "15"  # the only one that Debian 12 has
POSTGRES_BIN = Path(f"/usr/lib/postgresql/{POSTGRES_VERSION}/bin")
LOCALE = "en_US"
PYTHON = "/usr/bin/python3"  # another one may lie where postgres cannot read


def obstacle() -> str:
    """Why no sandbox can be made here; empty when one can."""
    words = ("unshare", "--mount", "--net", "--pid", "--ipc", "--uts", "--fork", "true")
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode != 0:
        return f"no namespaces can be made here: {done.stderr.strip()}"
    if "overlay" not in Path("/proc/filesystems").read_text():
        return "no overlay file systems can be mounted here: not in /proc/filesystems"
    if not (POSTGRES_BIN / "postgres").exists():
        return f"no PostgreSQL {POSTGRES_VERSION} here: there is no {POSTGRES_BIN}/postgres"
    return ""


def container_python(*instead: str) -> Path:
    """A virtual environment with container-requirements.txt, where `instead` is pinned instead of
    the packages' own lines. It works wherever it is mounted by `python -m`; the programs in its
    bin name the place where it was made."""
    lines = REQUIREMENTS.read_text().splitlines()
    for pin in instead:
        name = pin.partition("==")[0]
        lines = [pin if line.startswith(f"{name}==") else line for line in lines]
    return _environment("".join(f"{line}\n" for line in lines))


def wal_e() -> Path:
    """The same with WAL-E, which wants nothing of the container's Python."""
    return _environment(WAL_E_REQUIREMENTS.read_text())


def _environment(wanted: str) -> Path:
    folder = CACHE / f"restore-venv-{hashlib.sha256(wanted.encode()).hexdigest()[:16]}"
    complete = folder / "complete"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not complete.exists():
            _run(PYTHON, "-m", "venv", "--clear", folder)
            (folder / "requirements.txt").write_text(wanted)
            pip = (folder / "bin/python", "-m", "pip", "--disable-pip-version-check")
            _run(*pip, "install", "--quiet", "-r", folder / "requirements.txt")
            complete.touch()
    return folder


def locale() -> Path:
    """The compiled locale of Harbor's databases, to be mounted where C libraries look for it."""
    folder = CACHE / f"locale-{LOCALE}.utf8"
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "LC_COLLATE").exists():
            _run("localedef", "--no-archive", "-i", LOCALE, "-f", "UTF-8", folder)
    return folder


def _run(*words: object) -> None:
    command = [str(word) for word in words]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip() or done.stdout.strip()}")


def main() -> int:
    reason = obstacle()
    if reason:
        print(reason)
        return SKIPPED_STATUS
    container_python()
    wal_e()
    locale()
    return 0


if __name__ == "__main__":
    sys.exit(main())
