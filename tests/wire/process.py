"""The server as a process: started with a configuration, watched, ended."""

import contextlib
import ctypes
import json
import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from client import Answer, Connection, Trust, once
from pki import Authority, Mount
from polling import SCALE, wait_for
from prometheus_client.parser import text_string_to_metric_families

CONFIG_FILE = "config.yaml"

PR_SET_PDEATHSIG = 1  # linux/prctl.h
libc = ctypes.CDLL(None)


def die_with_parent() -> None:
    """A suite that is killed leaves no server behind."""
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


DATABASE_PROFILES = {
    "restoreProfiles": {
        "dr-2026-11": {
            "s3": {
                "bucket": "harbor-db-backups",
                "scope": "postgresql-harbor-harbor",
                "suffix": "/99e85b8a-3f92-4c86-8d42-5056348c1e7e",
                "region": "eu-central-1",
            },
            "credentials": {
                "secret": {
                    "name": "harbor-pg-restore",
                    "accessKeyId": "CLONE_AWS_ACCESS_KEY_ID",
                    "secretAccessKey": "CLONE_AWS_SECRET_ACCESS_KEY",
                }
            },
        }
    },
    "backupProfiles": {
        "generation-2": {
            "s3": {
                "bucket": "harbor-db-backups",
                "region": "eu-central-1",
                "suffix": "/generation-2",
            },
            "schedule": "0 1 * * *",
            "retain": 7,
            "credentials": {
                "secret": {
                    "name": "harbor-pg-backup",
                    "accessKeyId": "AWS_ACCESS_KEY_ID",
                    "secretAccessKey": "AWS_SECRET_ACCESS_KEY",
                }
            },
        }
    },
}


def merged(base: dict, changes: dict) -> dict:
    """`base` with `changes` laid over it, member by member."""
    result = dict(base)
    for key, value in changes.items():
        both = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = merged(result[key], value) if both else value
    return result


def binary() -> str:
    path = os.environ.get("HPW_BINARY")
    assert path, "HPW_BINARY is not set: the path of the built harbor-pg-webhook"
    return path


@dataclass
class Server:
    """One server process, its folder and its two ports."""

    folder: Path
    authority: Authority
    process: subprocess.Popen | None = None
    ports: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.config_mount = Mount(self.folder / "config")
        self.certs_mount = Mount(self.folder / "certs")
        self.ca_file = self.folder / "ca.pem"
        self.ca_file.write_bytes(self.authority.pem)
        self.config = merged(
            {
                "server": {
                    "listen": "127.0.0.1:0",
                    "metricsListen": "127.0.0.1:0",
                    "threads": 2,
                    "drainDelay": "0s",
                    "drainGrace": "5s",
                },
                "tls": {
                    "mode": "files",
                    "certFile": self.certs_mount.path("tls.crt"),
                    "keyFile": self.certs_mount.path("tls.key"),
                },
                "log": {"level": "debug", "format": "json"},
            },
            DATABASE_PROFILES,
        )

    # --- what it is started with

    def configure(self, changes: dict) -> None:
        """Lays changes over the configuration and publishes it as the kubelet would."""
        self.config = merged(self.config, changes)
        self.publish(json.dumps(self.config, indent=1))

    def publish(self, text: str) -> None:
        self.config_mount.publish({CONFIG_FILE: text.encode("utf-8")})

    @property
    def config_path(self) -> str:
        return self.config_mount.path(CONFIG_FILE)

    def renew_certificate(self, **options: object) -> bytes:
        """Publishes a new pair and returns the certificate."""
        files = self.authority.pair(**options)
        self.certs_mount.publish(files)
        return files["tls.crt"]

    # --- the process

    def spawn(self, prefix: tuple[str, ...] = ()) -> None:
        self.stdout = self.folder / "stdout"
        self.stderr = self.folder / "stderr"
        command = [*prefix, binary(), "serve", "--config", self.config_path]
        with self.stdout.open("wb") as out, self.stderr.open("wb") as err:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                cwd=self.folder,
                preexec_fn=die_with_parent,
            )

    def start(self, prefix: tuple[str, ...] = ()) -> "Server":
        self.spawn(prefix)
        self.ports = wait_for("the server is ready", self._ports)
        return self

    def _ports(self) -> dict[str, int]:
        code = self.process.poll()
        assert code is None, f"the server ended with {code}: {self.output()}"
        for line in self.log("listening"):
            names = {"webhook": "listen", "plain": "metricsListen"}
            return {
                port: int(line[key].rpartition(":")[2])
                for port, key in names.items()
                if line.get(key)
            }
        return {}

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def exit_code(self, seconds: float = 20.0) -> int:
        try:
            return self.process.wait(seconds * SCALE)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running after {seconds * SCALE:g} s") from None

    def stop(self) -> int:
        """Ends it in order and gives the exit code."""
        self.process.terminate()
        return self.exit_code()

    def kill(self) -> None:
        """Ends what is still there, whatever went wrong."""
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def output(self) -> str:
        return self.stdout.read_text("utf-8") + self.stderr.read_text("utf-8")

    def log(self, message: str | None = None, **members: object) -> list[dict]:
        """Log lines with this `msg` and these members."""
        lines = []
        for text in self.output().splitlines():
            with contextlib.suppress(ValueError):
                line = json.loads(text)
                matches = all(line.get(key) == value for key, value in members.items())
                if message in (None, line.get("msg")) and matches:
                    lines.append(line)
        return lines

    def rss(self) -> int:
        """Bytes of memory that the process holds now."""
        return self._status("VmRSS") * 1024

    def peak_rss(self) -> int:
        return self._status("VmHWM") * 1024

    def _status(self, name: str) -> int:
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith(name + ":"):
                return int(line.split()[1])
        raise AssertionError(f"no {name}")

    def fds(self) -> int:
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    # --- talking to it

    @property
    def trust(self) -> Trust:
        if not hasattr(self, "_trust"):
            self._trust = Trust(str(self.ca_file))
        return self._trust

    def connect(self, trust: Trust | None = None, **options: object) -> Connection:
        return Connection(self.ports["webhook"], trust or self.trust, **options)

    def connect_plain(self) -> Connection:
        return Connection(self.ports["plain"], None, name="127.0.0.1")

    def post(self, target: str, body: bytes, content_type: str = "application/json") -> Answer:
        return once(self.connect, lambda c: c.post(target, body, content_type))

    def get(self, target: str) -> Answer:
        """A GET on the plain port."""
        return once(self.connect_plain, lambda c: c.get(target))

    def metric(self, name: str, **labels: str) -> float:
        """The sum of the samples of this name that have these labels."""
        families = text_string_to_metric_families(self.get("/metrics").text)
        return sum(
            sample.value
            for family in families
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )


@contextlib.contextmanager
def running(folder: Path, authority: Authority, changes: dict | None = None) -> Iterator[Server]:
    """A server that has been started with the changes; ended with exit code 0 afterwards."""
    server = prepared(folder, authority, changes)
    try:
        yield server.start()
        if server.process.poll() is None:
            assert server.stop() == 0, server.output()[-4000:]
    finally:
        server.kill()


def prepared(folder: Path, authority: Authority, changes: dict | None = None) -> Server:
    """A server with its files in place, not yet started."""
    folder.mkdir(parents=True, exist_ok=True)
    server = Server(folder, authority)
    server.renew_certificate()
    server.configure(changes or {})
    return server
