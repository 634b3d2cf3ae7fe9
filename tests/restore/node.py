"""A database pod: a sandbox with an entry point in it, and what one asks a Patroni."""

import contextlib
import json
import subprocess
import urllib.error
import urllib.request
from collections.abc import Sequence

from lab import STANDIN, Lab
from polling import wait_for

PSQL = ("psql", "--no-psqlrc", "--no-password", "--quiet", "--tuples-only", "--no-align")
AS_POSTGRES = ("setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups")
LEADER_SECONDS = 60.0


class Node:
    """Its environment is all that the entry point is given. POD_IP is the sandbox's."""

    def __init__(
        self,
        lab: Lab,
        name: str,
        env: dict[str, str],
        command: Sequence[str] = STANDIN,
        **more: object,
    ) -> None:
        self.sandbox = lab.sandbox(name, **more)
        self.command = command
        self.name = name
        self.env = {**env, "POD_IP": self.sandbox.address}

    def start(self) -> "Node":
        self.sandbox.start(*self.command, env=self.env)
        return self

    # --- Patroni

    def rest(self, method: str, path: str, body: dict | None = None) -> tuple[int, str]:
        """A request to Patroni's REST API; the status is 0 when nobody answers."""
        request = urllib.request.Request(
            f"http://{self.sandbox.address}:8008{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def state(self) -> dict:
        """What Patroni says of this member; empty when it does not answer."""
        with contextlib.suppress(ValueError):
            return json.loads(self.rest("GET", "/patroni")[1])
        return {}

    def leads(self) -> bool:
        return self.rest("GET", "/primary")[0] == 200

    def wait_leader(self, seconds: float = LEADER_SECONDS) -> "Node":
        def question() -> bool:
            assert self.sandbox.running(), f"{self.name} ended:\n{self.sandbox.log()[-3000:]}"
            return self.leads()

        wait_for(f"{self.name} is the leader", question, seconds, 0.1)
        return self

    # --- PostgreSQL

    def psql(self, sql: str, database: str = "postgres") -> subprocess.CompletedProcess:
        """As the superuser on the socket, like Patroni."""
        words = (*PSQL, "--host=/run/postgresql", "--username=postgres", database)
        return self.sandbox.run(*AS_POSTGRES, *words, input=sql)

    def sql(self, sql: str, database: str = "postgres") -> str:
        """The same, when it has to work."""
        done = self.psql(sql, database)
        assert done.returncode == 0, f"{self.name}: {done.stderr}"
        return done.stdout.strip()
