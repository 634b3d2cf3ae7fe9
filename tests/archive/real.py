"""Archives that a real PostgreSQL has written: a base backup, a promotion, WAL of two timelines.

Packed by the stand-in of the restore suite, or by WAL-G itself, which makes a delta too.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import helpers  # isort: skip  # noqa: F401
import walg
from generator import MIB, Archive
from polling import wait_for
from postgresql import DEBIAN, Server

SEGMENT_SIZE = 16 * MIB  # as initdb has it

FILL = "create table t as select i, md5(i::text) from generate_series(1, 20000) i"
TOUCH = "update t set md5 = md5(md5) where i % 100 = 0"
ARCHIVED = "select pg_walfile_name(pg_current_wal_lsn()) from pg_switch_wal()"
LAST = "select last_archived_wal from pg_stat_archiver"
AS_POSTGRES = ("setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups")


def standing_in() -> Archive:
    """By the stand-in, which packs here what PostgreSQL has copied."""
    with tempfile.TemporaryDirectory(prefix="hpw-archive-") as base:
        raw, prefix = _folder(base, "raw"), _folder(base, "archive")
        packer = Folder(prefix)

        def back_up(server: Server) -> None:
            with patch.dict(os.environ, PGHOST=str(server.base), PGUSER="postgres"):
                walg.backup_push(packer, server.data)

        _live(Server(DEBIAN, _folder(base, "server") / "data"), f"cp %p {raw}/%f", back_up, 0)
        for it in sorted(raw.iterdir()):
            walg.wal_push(packer, it)
        return Archive.read(prefix)


def by_walg(program: Path, **variables: str) -> Archive:
    """By WAL-G, with one delta."""
    with tempfile.TemporaryDirectory(prefix="hpw-archive-") as base:
        server = Server(DEBIAN, _folder(base, "server") / "data")
        env = {
            "WALG_FILE_PREFIX": str(_folder(base, "archive")),
            "WALG_DELTA_MAX_STEPS": "3",
            "WALG_UPLOAD_CONCURRENCY": "1",
            "PGHOST": str(server.base),
            "PGUSER": "postgres",
            **variables,
        }
        copy = shutil.copy(program, base)  # to where postgres can read it
        call = ["env", *(f"{name}={value}" for name, value in env.items()), copy]

        def back_up(server: Server) -> None:
            _run(*call, "backup-push", str(server.data))

        _live(server, f"{' '.join(call)} wal-push %p", back_up, 1)
        return Archive.read(Path(env["WALG_FILE_PREFIX"]))


class Folder:
    """As walg.Archive, without S3."""

    def __init__(self, prefix: Path) -> None:
        self.prefix = prefix

    def put(self, key: str, content: bytes) -> None:
        path = self.prefix / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _live(server: Server, command: str, back_up: Callable[[Server], None], deltas: int) -> None:
    """The life of a database, from its first byte to the WAL of its second timeline."""
    server.init()
    settings = {"archive_mode": "on", "archive_command": command}
    with (server.data / "postgresql.conf").open("a") as it:
        it.writelines(f"{name} = '{value}'\n" for name, value in settings.items())
    server.start()
    try:
        server.run("postgres", FILL)
        for _ in range(1 + deltas):
            back_up(server)
            _write(server)
        _promote(server)
        _write(server)
    finally:
        server.stop()


def _write(server: Server) -> None:
    """Changes some rows, and waits until that WAL is archived."""
    server.run("postgres", TOUCH)
    wanted = server.run("postgres", ARCHIVED)

    def archived() -> bool:
        last = server.run("postgres", LAST)
        return len(last) == 24 and last >= wanted

    wait_for(f"{wanted} is archived", archived, 60, 0.05)


def _promote(server: Server) -> None:
    """A standby takes over in the middle of a segment."""
    server.run("postgres", TOUCH)
    server.run_as_postgres("pg_ctl", "stop", "-m", "fast")
    (server.data / "standby.signal").touch()
    server.start()
    server.run("postgres", "select pg_promote()")


def _folder(base: str, name: str) -> Path:
    Path(base).chmod(0o755)
    made = Path(base) / name
    made.mkdir()
    if os.geteuid() == 0:
        shutil.chown(made, "postgres")
    return made


def _run(*words: str) -> None:
    bound = AS_POSTGRES if os.geteuid() == 0 else ()
    done = subprocess.run([*bound, *words], capture_output=True, text=True, cwd="/", timeout=60)
    assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
