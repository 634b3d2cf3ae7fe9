"""The names of the cluster's Services, for one program: a hosts file like the Endpoints.

The suite has no DNS and no kube-proxy. The leader's name leads to the leader's own address, which
Patroni writes into the Endpoints of that name.
"""

import threading
from pathlib import Path

from api import Api, address

DOMAIN = "svc.cluster.local"


class Names:
    def __init__(self, api: Api, file: Path) -> None:
        self.api = api
        self.file = file
        self.addresses: dict[str, str] = {}
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self._run, name="names", daemon=True)
        self._write()

    def start(self) -> None:
        self.thread.start()

    def stop(self) -> None:
        """Ends with the API server, whose watch it reads."""
        self.stopped.set()

    def _run(self) -> None:
        self.api.follow(address("endpoints"), self._take, self.stopped)

    def _take(self, event: dict) -> None:
        endpoints = event["object"]
        metadata = endpoints["metadata"]
        name = f"{metadata['name']}.{metadata['namespace']}.{DOMAIN}"
        before = self.addresses.pop(name, None)
        ready = [it["ip"] for subset in endpoints.get("subsets", []) for it in subset["addresses"]]
        if event["type"] != "DELETED" and ready:
            self.addresses[name] = ready[0]
        if self.addresses.get(name) != before:
            self._write()

    def _write(self) -> None:
        """In place: the program has the file mounted."""
        lines = [f"{ip} {name}\n" for name, ip in self.addresses.items()]
        self.file.write_text("".join(["127.0.0.1 localhost\n", *lines]))
