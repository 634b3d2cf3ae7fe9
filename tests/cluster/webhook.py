"""Our server at an address that the API server dials through a Service."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import process
import processes
import registration
from api import INTERVAL, Api, ApiError, address
from harbor import harbors_resource
from pki import Authority
from plane import Plane
from polling import wait_for

ADDRESS = "10.200.0.10"
PORT = 8443
RESTORE_PROFILES = ["enabled", *process.DATABASE_PROFILES["restoreProfiles"]]
BACKUP_PROFILES = list(process.DATABASE_PROFILES["backupProfiles"])


class Webhook:
    """One server, its Service and its registration."""

    def __init__(self, plane: Plane) -> None:
        self.api: Api = plane.api
        self.authority = Authority("cluster test CA")
        self.folder: Path = plane.logs / "webhook"
        listen = {"server": {"listen": f"{ADDRESS}:{PORT}"}}
        self.server = process.prepared(self.folder, self.authority, listen)

    def install(self) -> None:
        """Starts the server and registers it; returns once the API server calls it."""
        self.start()
        self.api.create("namespaces", {"metadata": {"name": registration.NAMESPACE}})
        port = {"name": "https", "port": 443, "targetPort": PORT, "protocol": "TCP"}
        self.api.create(
            "services",
            {"metadata": {"name": registration.SERVICE}, "spec": {"ports": [port]}},
            registration.NAMESPACE,
        )
        self.api.create(
            "endpointslices",
            {
                "metadata": {
                    "name": registration.SERVICE,
                    "labels": {"kubernetes.io/service-name": registration.SERVICE},
                },
                "addressType": "IPv4",
                "endpoints": [{"addresses": [ADDRESS], "conditions": {"ready": True}}],
                "ports": [{"name": "https", "port": PORT, "protocol": "TCP"}],
            },
            registration.NAMESPACE,
        )
        validating = registration.validating(self.authority.pem)
        self.api.create("validatingwebhookconfigurations", validating)
        self._register()

    def _register(self) -> None:
        ca = self.authority.pem
        mutating = registration.mutating(ca, RESTORE_PROFILES, BACKUP_PROFILES)
        self.api.create("mutatingwebhookconfigurations", mutating)
        wait_for("Harbor's resources are repaired", lambda: self._repairs() is True, 30, INTERVAL)

    @contextlib.contextmanager
    def unregistered(self) -> Iterator[None]:
        """While the API server does not call it for what it mutates."""
        self.api.delete("mutatingwebhookconfigurations", None, registration.CONFIGURATION)
        wait_for("nothing is repaired", lambda: self._repairs() is False, 30, INTERVAL)
        try:
            yield
        finally:
            self._register()

    def _repairs(self) -> bool | None:
        """Whether a resource of Harbor would be repaired now; None while it would be refused."""
        resource = harbors_resource("default")
        resource["spec"]["postgresql"]["version"] = "13"  # which every CRD takes
        path = f"{address('postgresqls', 'default')}?dryRun=All"
        try:
            return self.api.call("POST", path, resource)["spec"] != resource["spec"]
        except ApiError:
            return None

    def running(self) -> bool:
        process = self.server.process
        return process is not None and process.poll() is None

    def reconfigure(self, changes: dict) -> None:
        """Publishes a changed configuration; returns once the server decides by it."""
        reloads = len(self._reloads())
        self.server.configure(changes)
        wait_for("the server has it", lambda: len(self._reloads()) > reloads, 10, INTERVAL)

    def _reloads(self) -> list[dict]:
        return self.server.log("configuration loaded")

    def start(self) -> None:
        self.server.start(processes.BOUND)

    def stop(self) -> None:
        """Ends the server; the registration stays."""
        if self.running():
            assert self.server.stop() == 0, self.server.output()[-4000:]
