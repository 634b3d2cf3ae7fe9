"""What the tests of this folder share: sandboxes, and an etcd for Patroni."""

import base64
import contextlib
import json
import shutil
import urllib.request
from pathlib import Path

import helpers
import netns
import parts
import sandbox
import store
import tools
from polling import wait_for
from processes import Processes
from sandbox import Sandbox

PYTHON = "/opt/python/bin/python3"
STANDIN = (PYTHON, "/opt/standin/entrypoint.py")

ETCD = f"{sandbox.HOST}:2379"  # as sandboxes see it


class Lab:
    """Everything it writes is in `folder`: a log for each program and each sandbox."""

    def __init__(self, folder: Path) -> None:
        """From the machine's network whatever is not here yet; then that network is left."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        self.folder = folder
        self.mounts = {
            "/opt/python": parts.container_python(),
            "/opt/standin": helpers.HERE / "standin",
            f"/usr/lib/locale/{parts.LOCALE}.utf8": parts.locale(),
        }
        tools.build(["etcd"])
        store.prepare()
        self.processes = Processes(folder)
        self.sandboxes: list[Sandbox] = []
        netns.enter()
        sandbox.make_network()
        self._start_etcd()

    def sandbox(self, name: str, **more: object) -> Sandbox:
        """A new one, with the next address; `more` as of Sandbox."""
        number = len(self.sandboxes) + 2
        address = f"10.201.{number // 250}.{number % 250 + 1}"
        mounts = {**self.mounts, **more.pop("mounts", {})}
        made = Sandbox(name, address, self.folder, mounts=mounts, **more)
        self.sandboxes.append(made)
        return made

    def forget_leader(self, scope: str) -> None:
        """As if the leader's lock had expired, which would take 30 s."""
        key = base64.b64encode(f"/service/{scope}/leader".encode()).decode()
        url = f"http://{ETCD}/v3/kv/deleterange"
        urllib.request.urlopen(url, json.dumps({"key": key}).encode(), timeout=10).close()

    def stop(self) -> None:
        for it in self.sandboxes:
            it.kill()
        self.processes.stop_all()

    def _start_etcd(self) -> None:
        url = f"http://{ETCD}"
        self.processes.start(
            "etcd",
            [
                *(tools.path("etcd"), f"--data-dir={self.folder}/etcd", "--unsafe-no-fsync"),
                *(f"--listen-client-urls={url}", f"--advertise-client-urls={url}"),
                "--listen-peer-urls=http://127.0.0.1:2380",
                "--log-level=warn",
            ],
        )
        wait_for("etcd is healthy", self._etcd_healthy, 30, 0.1)

    def _etcd_healthy(self) -> bool:
        self.processes.check()
        with contextlib.suppress(OSError):
            return urllib.request.urlopen(f"http://{ETCD}/health", timeout=1).status == 200
        return False
