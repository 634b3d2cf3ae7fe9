"""The webhook, installed with helm as everybody installs it: two replicas of the built binary."""

import base64
import contextlib
import json
from collections.abc import Iterator

import process
from api import INTERVAL, Api, ApiError, address
from harbor import harbors_resource
from helm import Helm
from plane import Plane
from polling import Stopwatch, wait_for
from webhook_node import Pod, WebhookNode

NAME = "harbor-pg-webhook"  # of the release, its namespace and everything in it
SECRET = f"{NAME}-ca"
CALLERS = "callers"  # the Secret with the CA of who may call, once it is there
RESTORE_LABEL = "harbor-pg-webhook/restore"
BACKUP_LABEL = "harbor-pg-webhook/backup"
ENTRIES = "harbor-pg-webhook.internal"  # what the names of the entries end with
REPLICAS = 2
KINDS = ("mutatingwebhookconfigurations", "validatingwebhookconfigurations")

UNSEEN = "example.invalid/unseen"  # label of a namespace that the webhook is not asked about
VALUES = {
    **process.DATABASE_PROFILES,
    "replicaCount": REPLICAS,
    "server": {"drainGrace": "2s"},  # for idle connections, which the API server keeps
    "webhooks": {
        "namespaceSelector": {"matchExpressions": [{"key": UNSEEN, "operator": "DoesNotExist"}]}
    },
}


class Webhook:
    """One release of the chart, and the node that its pods run on."""

    def __init__(self, plane: Plane) -> None:
        self.plane = plane
        self.api: Api = plane.api
        self.helm = Helm(plane, NAME, NAME)
        self.node = WebhookNode(plane)
        self.values = self.values_before = VALUES
        self.seconds_to_repair = 0.0  # from `helm install` to the first resource that is repaired

    # --- the release

    def install(self) -> None:
        """Returns once all replicas are ready."""
        watch = Stopwatch()
        self.helm("install", "--create-namespace", values=self.values)
        self._wait_repairs("default", True)
        self.seconds_to_repair = watch.seconds()
        self.wait_ready()

    def start(self) -> None:
        """Installs it on a node of its own."""
        self.node.start(NAME)
        self.install()

    def stop(self) -> None:
        """Ends the node with all that runs on it."""
        self.node.stop()

    def upgrade(self, changes: dict) -> None:
        """New values laid over those before."""
        self.values_before = self.values
        self.values = process.merged(self.values, changes)
        self.helm("upgrade", values=self.values)

    def rollback(self) -> None:
        """Back to what was before the last upgrade."""
        self.helm("rollback")
        self.values, self.values_before = self.values_before, self.values

    def uninstall(self) -> None:
        self.helm("uninstall")

    @contextlib.contextmanager
    def decided_by(self) -> Iterator[None]:
        """For a change of the configuration; ends once all replicas decide by the new one."""
        loaded = {pod: len(pod.log("configuration loaded")) for pod in self.pods()}
        yield
        for pod, times in loaded.items():
            wait_for(
                f"{pod.name} has the new configuration",
                lambda pod=pod, times=times: len(pod.log("configuration loaded")) > times,
                20,
                INTERVAL,
            )
        wait_for("the bundle is in each entry", self.is_published, 20, INTERVAL)

    def reconfigure(self, changes: dict) -> None:
        with self.decided_by():
            self.upgrade(changes)

    def pods(self) -> list[Pod]:
        """Its replicas: the chart has other pods too."""
        return [it for it in self.node.pods() if it.labels["app.kubernetes.io/name"] == NAME]

    def deployment(self) -> dict:
        return self.api.get("deployments", NAME, NAME)

    def scale(self, replicas: int) -> None:
        self.api.patch("deployments", NAME, NAME, {"spec": {"replicas": replicas}})

    def wait_ready(self) -> None:
        """Until the Deployment has what it wants, and nothing of what it had."""

        def complete() -> bool:
            self.node.check()
            it = self.deployment()
            wanted, status = it["spec"]["replicas"], it["status"]
            counts = [status.get(key, 0) for key in ("replicas", "updatedReplicas")]
            counts.append(status.get("availableReplicas", 0))
            seen = status.get("observedGeneration") == it["metadata"]["generation"]
            hosts = {pod.host for pod in self.pods()}
            served = set(self.endpoints()) == hosts and len(hosts) == wanted
            return seen and counts == [wanted] * 3 and served

        wait_for("all replicas are ready", complete, 60, INTERVAL)

    # --- outages

    def down(self) -> None:
        """All replicas are gone at once, as with their nodes."""
        self.scale(0)
        for pod in self.pods():
            self.kill_pod(pod)
        wait_for("no replica is left", lambda: not self.pods(), 20, INTERVAL)
        wait_for("nor an endpoint", lambda: not self.endpoints(), 20, INTERVAL)

    def up(self) -> None:
        self.scale(REPLICAS)
        self.wait_ready()
        self._wait_repairs("default", True)

    def kill_pod(self, pod: Pod) -> None:
        options = {"gracePeriodSeconds": 0}
        with contextlib.suppress(ApiError):  # it may be gone by itself
            self.api.call("DELETE", address("pods", NAME, pod.name), options)

    def endpoints(self) -> list[str]:
        """Addresses of ready pods."""
        return [
            address
            for it in self.api.list("endpointslices", NAME)
            if it["metadata"]["labels"]["kubernetes.io/service-name"] == NAME
            for endpoint in it["endpoints"] or []
            if endpoint["conditions"]["ready"]
            for address in endpoint["addresses"]
        ]

    @contextlib.contextmanager
    def blind_to(self, namespace: str) -> Iterator[None]:
        """While the API server does not ask about a namespace."""
        self._label(namespace, "")
        self._wait_repairs(namespace, False)
        yield
        self._label(namespace, None)
        self._wait_repairs(namespace, True)

    def _label(self, namespace: str, value: str | None) -> None:
        self.api.patch("namespaces", None, namespace, {"metadata": {"labels": {UNSEEN: value}}})

    def _wait_repairs(self, namespace: str, wanted: bool) -> None:
        wait_for(
            f"Harbor's resources in {namespace} are{'' if wanted else ' not'} repaired",
            lambda: self._repairs(namespace) is wanted,
            60,
            INTERVAL,
        )

    def _repairs(self, namespace: str) -> bool | None:
        """Whether a resource of Harbor would be repaired now; None while it would be refused."""
        resource = harbors_resource(namespace)
        resource["metadata"]["name"] += "-probe"
        resource["spec"]["postgresql"]["version"] = "13"  # which every CRD takes
        path = f"{address('postgresqls', namespace)}?dryRun=All"
        try:
            return self.api.call("POST", path, resource)["spec"] != resource["spec"]
        except ApiError:
            return None

    # --- certificates

    def secret(self, key: str) -> bytes:
        data = self.api.get("secrets", NAME, SECRET).get("data", {})
        return base64.b64decode(data.get(key, ""))

    def set_secret(self, data: dict[str, str]) -> None:
        """Replaces all that is in the Secret; values are base64."""
        changes = [{"op": "add", "path": "/data", "value": data}]
        what = ("-n", NAME, "patch", "secret", SECRET, "--type=json", "-p", json.dumps(changes))
        self.plane.kubectl(*what)

    def is_published(self) -> bool:
        bundles = self.bundles()
        return len(bundles) == 1 and bundles != {""}

    def bundles(self) -> set[str]:
        """All bundles that entries carry; one when all is right."""
        entries = [it for kind in KINDS for it in self.api.get(kind, None, NAME)["webhooks"]]
        return {it["clientConfig"].get("caBundle", "") for it in entries}
