"""A container's world without a container: its own files, network, processes and host name.

What runs in it sees the machine's files (PostgreSQL, Python), but whatever it writes is in memory
and gone with it. Its network is a bridge in the namespace of this process, so no port is taken and
nothing beyond the other sandboxes can be reached.
"""

import contextlib
import itertools
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from processes import BOUND

INIT = Path(__file__).with_name("sandbox-init")
NAMESPACES = ("--mount", "--net", "--pid", "--ipc", "--uts", "--fork", "--kill-child")
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
KILLED = 137  # as a container that was killed has it

BRIDGE = "sandboxes"
BRIDGE_MAC = "02:00:00:00:00:01"
NETWORK = "10.201.0.0/16"
HOST = "10.201.0.1"  # this process, as sandboxes see it
HOST6 = "fd00:201::1"

numbers = itertools.count()


def ip(*words: object) -> None:
    subprocess.run(["ip", *(str(word) for word in words)], check=True)


def make_network() -> None:
    """The bridge, in the network namespace in which this process is; once for all sandboxes."""
    # Left alone it takes the lowest address of its ports: another one when a sandbox comes or goes,
    # and the other sandboxes lose this process for half a minute.
    ip("link", "add", BRIDGE, "address", BRIDGE_MAC, "type", "bridge")
    ip("address", "add", f"{HOST}/16", "dev", BRIDGE)
    ip("address", "add", f"{HOST6}/64", "dev", BRIDGE, "nodad")
    ip("link", "set", BRIDGE, "up")


def address6(address: str) -> str:
    """The IPv6 address of a sandbox: fd00:201::3:7 for 10.201.3.7."""
    third, fourth = address.split(".")[2:]
    return f"fd00:201::{third}:{fourth}"


def child(pid: int) -> int:
    """The process that this one has forked to enter a new world."""
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])


class Sandbox:
    """`hosts` are addresses by name, `files` contents by absolute path; `mounts` and `volumes` are
    folders of the machine by absolute path, read-only and writable. Its log goes to `folder`."""

    def __init__(
        self,
        name: str,
        address: str,
        folder: Path,
        *,
        hosts: Mapping[str, str] | None = None,
        files: Mapping[str, str | bytes] | None = None,
        mounts: Mapping[str, Path] | None = None,
        volumes: Mapping[str, Path] | None = None,
    ) -> None:
        self.name = name
        self.address = address
        self.address6 = address6(address)
        self.folder = folder
        self.entry: subprocess.Popen | None = None
        self.root = folder / f"{name}.root"
        self.root.mkdir(parents=True, exist_ok=True)
        folders: list[object] = []
        for options, places in (("bind,ro", mounts), ("bind", volumes)):
            for place, source in (places or {}).items():
                folders += [place, source, options]
        self.holder = subprocess.Popen(
            [*BOUND, "unshare", *NAMESPACES, INIT, name, self.root, *folders],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        if self.holder.stdout.readline() != "ready\n":
            raise RuntimeError(f"sandbox {name}: not made; what went wrong is on standard error")
        self.pid = child(self.holder.pid)
        self._plug_in()
        self.write("/etc/hosts", self._hosts(hosts or {}))
        for path, content in (files or {}).items():
            self.write(path, content)

    # --- programs

    def start(self, *command: object, env: Mapping[str, str] | None = None) -> None:
        """Starts the entry point, with exactly this environment and a PATH; see log()."""
        with self.log_file.open("ab") as log:
            self.entry = subprocess.Popen(
                [*BOUND, *self._inside(command)],
                env={"PATH": PATH, **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def run(
        self,
        *command: object,
        env: Mapping[str, str] | None = None,
        input: str | bytes | None = None,
        check: bool = False,
        seconds: float = 60,
    ) -> subprocess.CompletedProcess:
        """Runs a program beside the entry point, as `kubectl exec` does."""
        return subprocess.run(
            self._inside(command),
            env={"PATH": PATH, **(env or {})},
            input=input,
            stdin=subprocess.DEVNULL if input is None else None,
            capture_output=True,
            text=not isinstance(input, bytes),
            check=check,
            timeout=seconds,
        )

    def running(self) -> bool:
        return self.entry is not None and self.entry.poll() is None

    def wait(self, seconds: float) -> int:
        """The exit status of the entry point, which ends by itself."""
        return self.entry.wait(seconds)

    def terminate(self, seconds: float) -> int:
        """Asks the entry point to end, as a kubelet does first; gives its exit status."""
        os.kill(child(self.entry.pid), signal.SIGTERM)
        return self.entry.wait(seconds)

    def stop(self) -> None:
        """Ends every process at once; the files stay for the next start()."""
        self.run("kill", "-KILL", "--", "-1")
        if self.entry is not None:
            self.entry.wait(10)

    def kill(self) -> None:
        """The end of the sandbox, its processes and its files."""
        self.holder.kill()
        self.holder.communicate()
        if self.entry is not None:
            self.entry.wait(10)
        with contextlib.suppress(OSError):
            self.root.rmdir()

    def _inside(self, command: Sequence[object]) -> list[str]:
        """The command entering the namespaces and the root of the first process."""
        words = ["/usr/bin/nsenter", f"--target={self.pid}", "--all", "--root", "--wd"]
        return [*words, *(str(word) for word in command)]

    # --- files

    @property
    def log_file(self) -> Path:
        return self.folder / f"{self.name}.log"

    def log(self) -> str:
        """What the entry point wrote, of every start."""
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def write(self, path: str, content: str | bytes) -> None:
        """Replaces a file of the sandbox, the machine's own stays what it is."""
        data = content.encode() if isinstance(content, str) else content
        script = 'mkdir -p "${1%/*}" && cat >"$1"'
        self.run("sh", "-c", script, "sh", path, input=data, check=True)

    def read(self, path: str) -> str:
        return self.run("cat", path, check=True).stdout

    def _hosts(self, more: Mapping[str, str]) -> str:
        known = {"localhost": "127.0.0.1", self.name: self.address, **more}
        return "".join(f"{address} {name}\n" for name, address in known.items())

    # --- making it

    def _plug_in(self) -> None:
        port = f"sandbox{next(numbers)}"
        ip("link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", self.pid)
        ip("link", "set", port, "master", BRIDGE, "up")
        words = f"""
            link set lo up
            address add {self.address}/16 dev eth0
            address add {self.address6}/64 dev eth0 nodad
            link set eth0 up
        """
        self.run("ip", "-batch", "-", input=words, check=True)
