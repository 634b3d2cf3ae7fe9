"""The node that the webhook's own pods run on: a kubelet that does what these pods ask for.

It starts what is bound to it, mounts its ConfigMap and its token, asks the probes, reports to the
API server, restarts what has died, ends what is deleted. One thing differs from a real one: all
pods share the network of the suite, so in their configuration the address of the pod stands in
place of "all addresses".
"""

import base64
import datetime
import http.client
import itertools
import json
import threading
import time
from pathlib import Path
from typing import Any

import netns
from api import MERGE_PATCH, Api, ApiError, address
from pki import Mount
from plane import API_SERVER_PORT, Plane
from pod_process import PodProcess

NODE = "webhook-0"
POD_ADDRESS = "10.200.2.{}"
ALL_ADDRESSES = b'"0.0.0.0:'

SYNC_SECONDS = 0.2
FILES_SECONDS = 1.0  # a real kubelet takes up to a minute and a half
DEATH_SECONDS = 1.0  # after which it notices that a container is gone

API_SERVER_ENVIRONMENT = {
    "KUBERNETES_SERVICE_HOST": netns.API_SERVER_ADDRESS,
    "KUBERNETES_SERVICE_PORT": str(API_SERVER_PORT),
}


def timestamp() -> str:
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Probe:
    """One httpGet probe with the kubelet's counting; `passed` is its verdict."""

    def __init__(self, container: dict, kind: str, host: str) -> None:
        spec = container[kind]
        ports = {it["name"]: it["containerPort"] for it in container["ports"]}
        self.place = (host, ports[spec["httpGet"]["port"]])
        self.path = spec["httpGet"]["path"]
        self.period = spec["periodSeconds"]
        self.timeout = spec["timeoutSeconds"]
        self.threshold = spec["failureThreshold"]
        self.reset()

    def reset(self) -> None:
        """As for a container that has just been started."""
        self.passed = False
        self.failures = 0
        self.due = 0.0

    def ask(self) -> None:
        now = time.monotonic()
        if now < self.due:
            return
        self.due = now + self.period
        if self._answers():
            self.failures = 0
            self.passed = True
            return
        self.failures += 1
        if self.failures >= self.threshold:
            self.passed = False

    @property
    def failed(self) -> bool:
        return self.failures >= self.threshold

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection(*self.place, timeout=self.timeout)
        try:
            connection.request("GET", self.path)
            return 200 <= connection.getresponse().status < 400
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


class Pod(threading.Thread):
    """One pod from its binding to its end."""

    def __init__(self, node: "WebhookNode", pod: dict, host: str) -> None:
        metadata = pod["metadata"]
        super().__init__(name=metadata["name"], daemon=True)
        self.namespace, self.uid = metadata["namespace"], metadata["uid"]
        self.node = node
        self.api: Api = node.api
        self.pod = pod
        self.spec = pod["spec"]
        self.host = host
        self.path = address("pods", self.namespace, self.name)
        self.folder: Path = node.folder / self.name
        self.mounts = {it["name"]: Mount(self.folder / it["name"]) for it in self.spec["volumes"]}
        container = self.spec["containers"][0]
        places = {it["name"]: it["mountPath"] for it in container["volumeMounts"]}
        mounts = {mount.folder: places[name] for name, mount in self.mounts.items()}
        self.process = PodProcess(self.folder, pod, {**mounts, **node.mounts})
        self.env = {**API_SERVER_ENVIRONMENT, **node.env}
        self.startup = Probe(container, "startupProbe", host)
        self.readiness = Probe(container, "readinessProbe", host)
        self.liveness = Probe(container, "livenessProbe", host)
        self.published: dict[str, dict] = {}
        self.reported: dict = {}
        self.files_due = 0.0
        self.dead_since = 0.0
        self.deadline = 0.0

    def run(self) -> None:
        try:
            while not self.node.stopped.is_set() and self._goes_on():
                self.node.stopped.wait(SYNC_SECONDS)
        except Exception as error:  # the next test is told
            self.node.errors.append(f"{self.name}: {error!r}")
        finally:
            self.process.kill()

    def log(self, message: str | None = None) -> list[dict]:
        """Its log lines, or those with this `msg`."""
        lines = [json.loads(it) for it in self.process.output().splitlines() if it[:1] == "{"]
        return [it for it in lines if message in (None, it["msg"])]

    # --- one round

    def _goes_on(self) -> bool:
        try:
            return self._sync()
        except ApiError as error:
            if error.code != 404:
                raise
            return True  # the pod has gone meanwhile, or what it mounts is not there yet

    def _sync(self) -> bool:
        """Whether there is anything left to do for this pod."""
        pod = self.api.find("pods", self.namespace, self.name)
        if not pod or pod["metadata"]["uid"] != self.uid:
            return False
        self._refresh_files()
        if "deletionTimestamp" in pod["metadata"]:
            if self._terminated(pod["metadata"]["deletionGracePeriodSeconds"]):
                self.api.forget_pod(self.namespace, self.name, self.uid)
                return False
        elif not self.process.runs():
            self._start()
        self._probe()
        self._report()
        return True

    def _start(self) -> None:
        """At once for the first time, else when a kubelet would have noticed."""
        now = time.monotonic()
        if self.process.starts and not self.dead_since:
            self.dead_since = now
        if self.process.starts and now - self.dead_since < DEATH_SECONDS:
            return
        self.dead_since = 0.0
        for probe in (self.startup, self.readiness, self.liveness):
            probe.reset()
        self.process.start(self.env)

    def _terminated(self, grace: int) -> bool:
        now = time.monotonic()
        if not self.deadline:
            self.deadline = now + grace
            self.process.terminate()
        if now > self.deadline:
            self.process.kill()
        return not self.process.runs()

    def _probe(self) -> None:
        if self.dead_since or not self.process.runs():
            return
        if not self.startup.passed:
            self.startup.ask()
        if self.startup.passed:
            self.readiness.ask()
            self.liveness.ask()
        if self.startup.failed or self.liveness.failed:
            self.process.kill()

    def _report(self) -> None:
        if not self.process.runs() and self.dead_since == 0.0:
            return
        runs = self.process.runs() or time.monotonic() - self.dead_since < DEATH_SECONDS
        ready = runs and self.startup.passed and self.readiness.passed
        facts = {"ready": ready, "started": runs and self.startup.passed}
        facts["restartCount"] = self.process.starts - 1
        if facts == self.reported:
            return
        status = {
            "phase": "Running",
            "hostIP": netns.API_SERVER_ADDRESS,
            "podIP": self.host,
            "podIPs": [{"ip": self.host}],
            "conditions": [
                {"type": it, "status": str(is_true), "lastTransitionTime": timestamp()}
                for it, is_true in {
                    "PodScheduled": True,
                    "Initialized": True,
                    "ContainersReady": ready,
                    "Ready": ready,
                }.items()
            ],
            "containerStatuses": [
                {
                    "name": self.process.spec["name"],
                    "image": self.process.spec["image"],
                    "imageID": "",
                    "state": {"running": {"startedAt": timestamp()}},
                    **facts,
                }
            ],
        }
        path = f"{self.path}/status"
        self.api.call("PATCH", path, {"status": status}, content_type=MERGE_PATCH)
        self.reported = facts

    # --- files

    def _refresh_files(self) -> None:
        now = time.monotonic()
        if now < self.files_due or (self.published and self.node.holds_files.is_set()):
            return
        self.files_due = now + FILES_SECONDS
        for volume in self.spec["volumes"]:
            try:
                files = self._files(volume)
            except ApiError as error:
                if error.code == 404 and volume["name"] in self.published:
                    continue  # what is mounted stays
                raise
            if files != self.published.get(volume["name"]):
                self.mounts[volume["name"]].publish(files)
                self.published[volume["name"]] = files

    def _files(self, volume: dict[str, Any]) -> dict[str, bytes]:
        if "configMap" in volume:
            return self._configmap(volume["configMap"]["name"])
        if "secret" in volume:
            return self._secret(volume["secret"])
        files: dict[str, bytes] = {}
        for source in volume["projected"]["sources"]:
            if "configMap" in source:
                content = self._configmap(source["configMap"]["name"])
                files |= {it["path"]: content[it["key"]] for it in source["configMap"]["items"]}
            else:
                files[source["serviceAccountToken"]["path"]] = self._token()
        return files

    def _configmap(self, name: str) -> dict[str, bytes]:
        own = f'"{self.host}:'.encode()
        data = self.api.get("configmaps", self.namespace, name)["data"]
        return {key: text.encode().replace(ALL_ADDRESSES, own) for key, text in data.items()}

    def _secret(self, source: dict) -> dict[str, bytes]:
        data = self.api.get("secrets", self.namespace, source["secretName"])["data"]
        return {it["path"]: base64.b64decode(data[it["key"]]) for it in source["items"]}

    def _token(self) -> bytes:
        """Asked for once: a pod here does not live as long as its token."""
        if not hasattr(self, "token"):
            self.token = self.api.account_token(self.pod).encode()
        return self.token


class WebhookNode:
    def __init__(self, plane: Plane) -> None:
        self.plane = plane
        self.api: Api = plane.api
        self.folder = plane.logs / "webhook"
        self.env: dict[str, str] = {}  # what pods that are started from now on get beside theirs
        self.mounts: dict[Path, str] = {}
        self.holds_files = threading.Event()  # volumes stay as they are while it is set
        self.errors: list[str] = []
        self.stopped = threading.Event()
        self.all: dict[str, Pod] = {}  # by uid
        self.numbers = itertools.count(1)
        self.thread = threading.Thread(target=self._run, name=NODE, daemon=True)

    def start(self, namespace: str) -> None:
        """From now on the pods of this namespace run here."""
        self.plane.binder.nodes[namespace] = NODE
        ready = {"type": "Ready", "status": "True", "reason": "KubeletReady"}
        node = {"metadata": {"name": NODE}, "status": {"conditions": [ready]}}
        self.api.create("nodes", node)
        self.thread.start()

    def stop(self) -> None:
        self.stopped.set()
        if self.thread.is_alive():
            self.thread.join()
        for pod in self.all.values():
            pod.join()

    def check(self) -> None:
        assert not self.errors, self.errors

    def pods(self) -> list[Pod]:
        """Those that have not ended."""
        return [it for it in self.all.values() if it.is_alive()]

    def log(self, message: str | None = None) -> list[dict]:
        """Of all pods that there were."""
        return [line for pod in list(self.all.values()) for line in pod.log(message)]

    def output(self) -> str:
        return "".join(pod.process.output() for pod in list(self.all.values()))

    def _run(self) -> None:
        path = f"{address('pods')}?fieldSelector=spec.nodeName={NODE}"
        while not self.stopped.wait(SYNC_SECONDS):
            try:
                for pod in self.api.call("GET", path)["items"]:
                    if pod["metadata"]["uid"] not in self.all:
                        self._start(pod)
            except (ApiError, OSError) as error:
                self.errors.append(repr(error))

    def _start(self, pod: dict) -> None:
        host = POD_ADDRESS.format(next(self.numbers))
        self.all[pod["metadata"]["uid"]] = Pod(self, pod, host)
        self.all[pod["metadata"]["uid"]].start()
