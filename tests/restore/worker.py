"""A node of the control plane whose pods really run, each in a sandbox: the kubelet of the chain.

It does what the tests can see of one: a container starts with the environment that kubelet.py
resolves from the API server's ConfigMaps and Secrets, or waits and says why not; a container that
ended is started again, without a back-off; a claim's files stay as long as the claim.

There is no kube-proxy. KUBERNETES_SERVICE_HOST is the API server's own address, not that of the
Service, and variables of other Services are left out.
"""

import contextlib
import itertools
import subprocess
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import kubelet
from api import BROKEN, MERGE_PATCH, Api, ApiError, address
from entries import Entry
from sandbox import HOST, KILLED, Sandbox
from webhook_node import API_SERVER_ENVIRONMENT

ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
CONTAINER = "postgres"
PAUSE_SECONDS = 0.1
TERMINATION_SECONDS = 20
RESOURCES = {"ConfigMap": "configmaps", "Secret": "secrets"}
numbers = itertools.count()


def next_address() -> str:
    """Of a pod; none is ever used twice."""
    number = next(numbers)
    return f"10.201.{100 + number // 250}.{1 + number % 250}"


@dataclass(frozen=True)
class Image:
    """What every container of a node is made of, whatever image its pod names."""

    entry: Entry
    mounts: Mapping[str, Path]
    hosts: Mapping[str, str]
    files: Mapping[str, str]


class Worker:
    """Runs the pods that are bound to it."""

    def __init__(self, api: Api, name: str, folder: Path, image: Image) -> None:
        self.api = api
        self.name = name
        self.folder = folder
        self.image = image
        self.folder.mkdir(parents=True)
        self.pods: dict[str, Pod] = {}  # by uid
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self._run, name=f"worker {name}", daemon=True)

    def start(self) -> None:
        capacity = {"cpu": "1000", "memory": "1000Gi", "pods": "1000"}
        status = {"capacity": capacity, "allocatable": capacity}
        self.api.create("nodes", {"metadata": {"name": self.name}, "status": status})
        self.thread.start()

    def stop(self) -> None:
        """Ends all sandboxes at once; the API server is not told."""
        self.stopped.set()
        for pod in list(self.pods.values()):
            pod.thread.join()

    def running(self, namespace: str, name: str) -> "Pod":
        """The pod of this name that has not been deleted."""
        for it in list(self.pods.values()):
            if (it.namespace, it.name) == (namespace, name) and not it.deleted.is_set():
                return it
        raise AssertionError(f"no pod {namespace}/{name}")

    def claim_folder(self, namespace: str, claim: str) -> Path:
        """Where the files of a claim are. Another claim of the same name starts empty."""
        uid = self.api.get("persistentvolumeclaims", namespace, claim)["metadata"]["uid"]
        path = self.folder / "claims" / uid
        if not path.exists():
            path.mkdir(parents=True)
            path.chmod(0o777)
        return path

    def tell(self, text: str) -> None:
        """Writes into its log what went wrong; it tries again, as a kubelet does."""
        with (self.folder / "kubelet.log").open("a") as log:
            log.write(f"{text}\n")

    def _run(self) -> None:
        mine = f"{address('pods')}?fieldSelector=spec.nodeName={self.name}"
        self.api.follow(mine, self._take, self.stopped)

    def _take(self, event: dict) -> None:
        pod = event["object"]
        uid = pod["metadata"]["uid"]
        if event["type"] == "DELETED" or "deletionTimestamp" in pod["metadata"]:
            if uid in self.pods:
                self.pods[uid].deleted.set()
        elif uid not in self.pods and not self.stopped.is_set():
            self.pods[uid] = Pod(self, pod, next_address())
            self.pods[uid].thread.start()


class Pod:
    """One pod from its binding to its end, in a thread of its own."""

    def __init__(self, worker: Worker, stored: dict, address: str) -> None:
        self.worker = worker
        self.stored = stored
        self.address = address
        self.namespace = stored["metadata"]["namespace"]
        self.name = stored["metadata"]["name"]
        self.stored["status"] = {**stored.get("status", {}), "podIP": address, "hostIP": HOST}
        self.restarts = 0
        self.last: dict = {}  # how the container ended the last time
        self.said: dict = {}
        self.sandbox: Sandbox | None = None
        self.deleted = threading.Event()
        self.thread = threading.Thread(target=self._run, name=self.name, daemon=True)

    def _run(self) -> None:
        while not self.worker.stopped.wait(PAUSE_SECONDS):
            try:
                if self.deleted.is_set():
                    uid = self.stored["metadata"]["uid"]
                    self.worker.api.forget_pod(self.namespace, self.name, uid)
                    return
                env = self._environment()
                if env is not None:
                    self._run_container(env)
            except BROKEN as error:
                self.worker.tell(f"{self.namespace}/{self.name}: {error!r}")

    def _environment(self) -> dict[str, str] | None:
        """None, and the pod's status says why, while the container cannot be made."""
        try:
            env = kubelet.environment(self.stored, self._find, API_SERVER_ENVIRONMENT, CONTAINER)
        except kubelet.CreateContainerConfigError as error:
            waiting = {"reason": "CreateContainerConfigError", "message": str(error)}
            self._say({"waiting": waiting}, phase="Running" if self.last else "Pending")
            return None
        return {"HOSTNAME": self.name, **env}

    def _find(self, kind: str, namespace: str, name: str) -> dict | None:
        return self.worker.api.find(RESOURCES[kind], namespace, name)

    def _run_container(self, env: dict[str, str]) -> None:
        """Until it ends by itself, or the pod is deleted."""
        self.sandbox = self._make_sandbox()
        try:
            entry = self.worker.image.entry
            self.sandbox.start(*entry.command, env=entry.environment(env))
            self._say({"running": {}}, ready=True)
            while self.sandbox.running() and not self.deleted.is_set():
                if self.worker.stopped.wait(PAUSE_SECONDS):
                    return
            if self.deleted.is_set():
                self._terminate()
            code = KILLED if self.sandbox.running() else self.sandbox.wait(0)
        finally:
            self.sandbox.kill()
            self.sandbox = None
        self.restarts += 1
        self.last = {"terminated": {"exitCode": code, "reason": "Error" if code else "Completed"}}

    def _make_sandbox(self) -> Sandbox:
        """A new one for each start: nothing but the claims' files survives a container."""
        image = self.worker.image
        folder = self.worker.folder / self.namespace
        folder.mkdir(parents=True, exist_ok=True)
        it = Sandbox(
            self.name,
            self.address,
            folder,
            hosts=image.hosts,
            files={**image.files, **self._account()},
            mounts={**image.mounts, **image.entry.mounts},
            volumes=self._claims(),
        )
        it.run("ip", "route", "add", "default", "via", HOST, check=True)
        return it

    def _account(self) -> dict[str, str]:
        """What a pod is given to talk to the API server as its service account."""
        root = self.worker.api.get("configmaps", self.namespace, "kube-root-ca.crt")
        return {
            f"{ACCOUNT}/token": self.worker.api.account_token(self.stored),
            f"{ACCOUNT}/ca.crt": root["data"]["ca.crt"],
            f"{ACCOUNT}/namespace": self.namespace,
        }

    def _claims(self) -> dict[str, Path]:
        """The folders of the claims that the container mounts, by path."""
        spec = self.stored["spec"]
        claims = {
            it["name"]: it["persistentVolumeClaim"]["claimName"]
            for it in spec.get("volumes", [])
            if "persistentVolumeClaim" in it
        }
        container = next(it for it in spec["containers"] if it["name"] == CONTAINER)
        return {
            it["mountPath"]: self.worker.claim_folder(self.namespace, claims[it["name"]])
            for it in container["volumeMounts"]
            if it["name"] in claims
        }

    def kill(self) -> None:
        """The container dies; the pod stays, and gets another one."""
        self.sandbox.stop()

    def _terminate(self) -> None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.sandbox.terminate(TERMINATION_SECONDS)

    def _say(self, state: dict, *, ready: bool = False, phase: str = "Running") -> None:
        """Writes the pod's status, when it is another one than the last time."""
        container = next(it for it in self.stored["spec"]["containers"] if it["name"] == CONTAINER)
        word = "True" if ready else "False"
        status = {
            "phase": phase,
            "hostIP": HOST,
            "podIP": self.address,
            "podIPs": [{"ip": self.address}],
            "conditions": [
                {"type": "Initialized", "status": "True"},
                {"type": "PodScheduled", "status": "True"},
                {"type": "ContainersReady", "status": word},
                {"type": "Ready", "status": word},
            ],
            "containerStatuses": [
                {
                    "name": CONTAINER,
                    "image": container["image"],
                    "imageID": "",
                    "ready": ready,
                    "started": ready,
                    "restartCount": self.restarts,
                    "state": state,
                    "lastState": self.last,
                }
            ],
        }
        if status == self.said:
            return
        self.said = status
        path = address("pods", self.namespace, self.name) + "/status"
        with contextlib.suppress(ApiError):  # deleted in between
            self.worker.api.call("PATCH", path, {"status": status}, content_type=MERGE_PATCH)
