"""Archives that a real PostgreSQL has written: a base backup, a promotion, WAL of two timelines.

Packed by the stand-in of the restore suite, or by WAL-G itself, which makes a delta too.
"""

import io
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import helpers  # isort: skip  # noqa: F401
import walg
from codecs_of_walg import DECOMPRESS
from generator import BACKUPS, MIB, WAL, Archive
from polling import wait_for
from postgresql import DEBIAN, Server

SEGMENT_SIZE = 16 * MIB  # as initdb has it

FILL = "create table t as select i, md5(i::text) from generate_series(1, 20000) i"
TOUCH = "update t set md5 = md5(md5) where i % 100 = 0"
ARCHIVED = "select pg_walfile_name(pg_current_wal_lsn()) from pg_switch_wal()"
ROWS = "select md5(string_agg(t::text, ',' order by i)) from t"
IN_RECOVERY = "select pg_is_in_recovery()"
LAST = "select last_archived_wal from pg_stat_archiver"
AS_POSTGRES = ("setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups")

# Not what it tells clients that come too early.
FATAL = re.compile(r"^(?:postgres|.*(?:FATAL|PANIC)): +(?! |the database system is)(.*)", re.M)


@dataclass(frozen=True)
class Real:
    archive: Archive
    rows: str  # what a restore has to bring back


def standing_in() -> Real:
    """By the stand-in, which packs here what PostgreSQL has copied."""
    with tempfile.TemporaryDirectory(prefix="hpw-archive-") as base:
        raw, prefix = _folder(base, "raw"), _folder(base, "archive")
        packer = Folder(prefix)

        def back_up(server: Server) -> None:
            with patch.dict(os.environ, PGHOST=str(server.base), PGUSER="postgres"):
                walg.backup_push(packer, server.data)

        server = Server(DEBIAN, _folder(base, "server") / "data")
        rows = _live(server, f"cp %p {raw}/%f", back_up, 0)
        for it in sorted(raw.iterdir()):
            walg.wal_push(packer, it)
        return Real(Archive.read(prefix), rows)


def by_walg(program: Path, **variables: str) -> Real:
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

        rows = _live(server, f"{' '.join(call)} wal-push %p", back_up, 1)
        return Real(Archive.read(Path(env["WALG_FILE_PREFIX"])), rows)


class Folder:
    """As walg.Archive, without S3."""

    def __init__(self, prefix: Path) -> None:
        self.prefix = prefix

    def put(self, key: str, content: bytes) -> None:
        path = self.prefix / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def restored(archive: Archive, lay_down: Callable[[Path], None]) -> str:
    """The rows that a restore to the latest state comes to, or the last that PostgreSQL has said
    before it gave up. `lay_down` fills the data directory."""
    with tempfile.TemporaryDirectory(prefix="hpw-restored-") as base:
        wal, server = _folder(base, "wal"), Server(DEBIAN, _folder(base, "server") / "data")
        for key, it in archive.under(f"{WAL}/").items():
            name, _, suffix = key.removeprefix(f"{WAL}/").rpartition(".")
            (wal / name).write_bytes(DECOMPRESS[suffix](it.content))
        lay_down(server.data)
        subprocess.run(["chown", "-R", "--reference", server.base, server.data], check=True)
        server.data.chmod(0o700)
        _configure(server, archive_mode="off", restore_command=f'cp {wal}/%f "%p"')
        (server.data / "recovery.signal").touch()
        return _recover(server)


def _recover(server: Server) -> str:
    try:
        server.start()
        wait_for("it is promoted", lambda: server.run("postgres", IN_RECOVERY) == "f", 60, 0.05)
        return server.run("postgres", ROWS)
    except (AssertionError, subprocess.CalledProcessError):
        return re.findall(r"(?:FATAL|PANIC|^postgres): +(.*)", (server.base / "log").read_text())[
            -1
        ]
    finally:
        if server.process.poll() is None:
            server.stop()


def unpack(archive: Archive, backup: str) -> Callable[[Path], None]:
    """Lays down a full backup, without WAL-G."""

    def lay_down(data: Path) -> None:
        for key, it in sorted(archive.under(f"{BACKUPS}/{backup}/tar_partitions/").items()):
            content = DECOMPRESS[key.rpartition(".")[2]](it.content)
            with tarfile.open(fileobj=io.BytesIO(content)) as tar:
                tar.extractall(data, filter="data")

    return lay_down


def _live(server: Server, command: str, back_up: Callable[[Server], None], deltas: int) -> str:
    """The life of a database, from its first byte to the WAL of its second timeline; its rows."""
    server.init()
    _configure(server, archive_mode="on", archive_command=command)
    server.start()
    try:
        server.run("postgres", FILL)
        for _ in range(1 + deltas):
            back_up(server)
            _write(server)
        _promote(server)
        _write(server)
        return server.run("postgres", ROWS)
    finally:
        server.stop()


def _configure(server: Server, **settings: str) -> None:
    with (server.data / "postgresql.conf").open("a") as it:
        it.writelines(f"{name} = '{value}'\n" for name, value in settings.items())


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
