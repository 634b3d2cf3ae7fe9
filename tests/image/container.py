"""The image as a container: podman with runc, locked down as the chart locks a pod down."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from client import Trust
from pki import Authority
from process import Server, die_with_parent

IMAGE = "localhost/harbor-pg-webhook:0.1.0"
CONFIG = "/etc/harbor-pg-webhook"
OUT = "/out"
PODMAN_FAILED = 125  # podman-run(1): the error is with podman itself

LOCKED_DOWN = (
    *("--read-only", "--read-only-tmpfs=false", "--cap-drop", "all"),
    *("--security-opt", "no-new-privileges"),
)
# podman's own defaults of these limits may be above what a container as a host allows.
LIMITS = ("--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024")


@dataclass(frozen=True)
class Podman:
    """podman with a store of its own, which leaves nothing behind."""

    folder: Path

    def command(self, *words: object) -> list[str]:
        own = ("podman", "--root", self.folder / "store", "--runroot", self.folder / "run")
        own += ("--storage-driver", "vfs", "--cgroup-manager", "cgroupfs")
        own += ("--events-backend", "none", "--runtime", "runc")
        return [str(word) for word in (*own, *words)]

    def __call__(self, *words: object) -> subprocess.CompletedProcess:
        return subprocess.run(self.command(*words), capture_output=True, text=True, timeout=60)

    def load(self, archive: Path) -> None:
        done = self("load", "--input", archive)
        assert done.returncode == 0, done.stderr

    def run_words(self, *options: object) -> list[str]:
        fixed = ("run", "--rm", "--pull", "never", "--network", "host", *LIMITS, *LOCKED_DOWN)
        return self.command(*fixed, *options)

    def run(self, *words: object, options: tuple[object, ...] = ()) -> subprocess.CompletedProcess:
        """Runs a container to its end."""
        command = [*self.run_words(*options), IMAGE, *(str(word) for word in words)]
        return subprocess.run(command, capture_output=True, text=True, timeout=60)

    def obstacle(self) -> str:
        """Why this machine runs no containers at all; empty when it does."""
        done = self.run("version")
        return f"podman: {done.stderr.strip()}" if done.returncode == PODMAN_FAILED else ""


@dataclass
class Container(Server):
    """A server in a container, whose ports are the machine's."""

    podman: Podman | None = None
    name: str = ""
    options: tuple[str, ...] = ()

    @classmethod
    def prepared(
        cls, podman: Podman, folder: Path, changes: dict | None, options: tuple[str, ...]
    ) -> "Container":
        folder.mkdir(parents=True)
        it = cls(
            folder,
            Authority("not used"),
            podman=podman,
            name=f"hpw-{os.getpid()}-{folder.name}",
            options=options,
        )
        it.out.mkdir()
        it.out.chmod(0o777)  # for the container's user
        it.config["tls"] = {"mode": "development", "development": {"caOut": f"{OUT}/ca.crt"}}
        it.configure(changes or {})
        return it

    @property
    def out(self) -> Path:
        return self.folder / "out"

    @property
    def trust(self) -> Trust:
        return Trust(str(self.out / "ca.crt"))

    @property
    def pid(self) -> int:
        """Of the webhook, as the machine counts."""
        done = self.podman("inspect", "--format", "{{.State.Pid}}", self.name)
        assert done.returncode == 0, done.stderr
        return int(done.stdout)

    def proc(self, name: str) -> str:
        return Path(f"/proc/{self.pid}/{name}").read_text()

    def spawn(self, prefix: tuple[str, ...] = ()) -> None:
        self.stdout = self.folder / "stdout"
        self.stderr = self.folder / "stderr"
        volumes = (f"--volume={self.config_mount.folder}:{CONFIG}:ro", f"--volume={self.out}:{OUT}")
        command = self.podman.run_words("--name", self.name, *volumes, *self.options)
        with self.stdout.open("wb") as out, self.stderr.open("wb") as err:
            self.process = subprocess.Popen(
                [*prefix, *command, IMAGE, "serve", "--config", f"{CONFIG}/config.yaml"],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                preexec_fn=die_with_parent,
            )

    def kill(self) -> None:
        self.podman("rm", "--force", "--ignore", self.name)
        super().kill()
