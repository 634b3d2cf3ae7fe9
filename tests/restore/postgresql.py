"""A bare PostgreSQL, for what needs neither Patroni nor a sandbox."""

import json
import os
import shutil
import signal
import subprocess
from pathlib import Path

import helpers  # isort: skip
import parts
from polling import wait_for

SCRIPT = helpers.ROOT / "docs/fingerprint.sql"
DEBIAN = parts.POSTGRES_BIN


class Server:
    """A PostgreSQL that can be reached by its socket only."""

    def __init__(self, bin: Path, data: Path) -> None:
        self.bin, self.data = bin, data
        self.base = data.parent
        if os.geteuid() == 0:
            shutil.chown(self.base, "postgres")

    def init(self) -> None:
        self.run_as_postgres(
            "initdb", "-U", "postgres", "-A", "trust", "-N", "-E", "UTF8", "--locale=C"
        )

    def copy_of(self, other: "Server") -> None:
        """A standby."""
        self.run_as_postgres(
            "pg_basebackup", "-h", other.base, "-U", "postgres", "-R", "-c", "fast", "--no-sync"
        )

    def start(self) -> None:
        settings = ("listen_addresses=", f"unix_socket_directories={self.base}", "fsync=off")
        options = [word for it in settings for word in ("-c", it)]
        with (self.base / "log").open("wb") as log:
            self.process = subprocess.Popen(
                self.as_postgres("postgres", *options), cwd=self.base, stderr=log, stdout=log
            )
        wait_for("PostgreSQL answers", self.answers, 30, every=0.1)

    def answers(self) -> bool:
        assert self.process.poll() is None, (self.base / "log").read_text()
        ready = (DEBIAN / "pg_isready", "-q", "-h", self.base)
        return subprocess.run(ready).returncode == 0

    def stop(self) -> None:
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait()

    def as_postgres(self, program: str, *words: object) -> list[object]:
        """Root may not run a server. It ends with the tests, whatever becomes of them."""
        user = ("--reuid=postgres", "--regid=postgres", "--clear-groups")
        bound = ("setpriv", *(user if os.geteuid() == 0 else ()), "--pdeathsig=KILL")
        return [*bound, self.bin / program, "-D", self.data, *words]

    def run_as_postgres(self, program: str, *words: object) -> None:
        subprocess.run(
            self.as_postgres(program, *words), cwd=self.base, check=True, stdout=subprocess.DEVNULL
        )

    def psql(self, database: str, *words: str, user: str = "postgres") -> list[str]:
        program = str(DEBIAN / "psql")
        return [program, "-X", "-h", str(self.base), "-U", user, "-d", database, *words]

    def run(self, database: str, sql: str) -> str:
        done = subprocess.run(
            self.psql(database, "-qAt", "-v", "ON_ERROR_STOP=1"),
            input=sql,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    def fingerprint(self, database: str, user: str = "postgres") -> subprocess.CompletedProcess:
        """As docs/restore.md says it, without kubectl."""
        with SCRIPT.open() as script:
            return subprocess.run(
                self.psql(database, user=user), stdin=script, capture_output=True, text=True
            )

    def document(self, database: str, user: str = "postgres") -> dict:
        done = self.fingerprint(database, user)
        assert (done.returncode, done.stderr) == (0, "")
        return json.loads(done.stdout)

    def tables(self, database: str) -> dict:
        return self.document(database)["tables"]
