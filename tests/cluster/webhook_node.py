"""The node that the chart's pods run on: a kubelet that does what these pods ask for.

It starts what is bound to it, mounts its files, asks the probes, reports to the API server,
restarts what has died, ends what is deleted. One thing differs from a real one: all pods share the
network of the suite, so in their configuration the address of the pod stands in place of "all
addresses".
"""

import itertools
import json
import threading
import time
from pathlib import Path

import kubelet
import netns
from api import MERGE_PATCH, Api, ApiError, address
from container import Container, timestamp
from plane import API_SERVER_PORT, Plane
from pod_process import PodProcess
from volumes import Volumes

NODE = "webhook-0"
POD_ADDRESS = "10.200.2.{}"
SYNC_SECONDS = 0.2
RESOURCES = {"ConfigMap": "configmaps", "Secret": "secrets"}

API_SERVER_ENVIRONMENT = {
    "KUBERNETES_SERVICE_HOST": netns.API_SERVER_ADDRESS,
    "KUBERNETES_SERVICE_PORT": str(API_SERVER_PORT),
}


class Pod(threading.Thread):
    """One pod from its binding to its end."""

    def __init__(self, node: "WebhookNode", pod: dict, host: str) -> None:
        metadata = pod["metadata"]
        super().__init__(name=metadata["name"], daemon=True)
        self.namespace, self.uid = metadata["namespace"], metadata["uid"]
        self.labels: dict[str, str] = metadata["labels"]
        self.node = node
        self.api: Api = node.api
        self.pod = pod
        self.host = host
        self.path = address("pods", self.namespace, self.name)
        folder = node.folder / self.name
        self.volumes = Volumes(node.api, pod, folder, host)
        self.containers = {
            spec["name"]: self._container(spec, folder) for spec in pod["spec"]["containers"]
        }
        self.services = {**API_SERVER_ENVIRONMENT, **node.env}
        self.waits_for = ""  # why a container could not be created
        self.reported: list[dict] = []
        self.deadline = 0.0

    def run(self) -> None:
        try:
            while not self.node.stopped.is_set() and self._goes_on():
                self.node.stopped.wait(SYNC_SECONDS)
        except Exception as error:  # the next test is told
            self.node.errors.append(f"{self.name}: {error!r}")
        finally:
            for it in self.containers.values():
                it.process.kill()

    @property
    def process(self) -> PodProcess:
        """Of the first container."""
        return next(iter(self.containers.values())).process

    def log(self, message: str | None = None) -> list[dict]:
        """Its log lines, or those with this `msg`."""
        lines = [json.loads(it) for it in self.output().splitlines() if it[:1] == "{"]
        return [it for it in lines if message in (None, it["msg"])]

    def output(self) -> str:
        """Of all containers."""
        return "".join(it.process.output() for it in self.containers.values())

    def _container(self, spec: dict, folder: Path) -> Container:
        mounts = {**self.volumes.of(spec), **self.node.mounts}
        process = PodProcess(folder, self.pod, spec, mounts)
        return Container(self.pod, spec, process, self.host)

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
        if not (self.volumes.published and self.node.holds_files.is_set()):
            self.volumes.refresh()
        if "deletionTimestamp" in pod["metadata"]:
            if self._terminated(pod["metadata"]["deletionGracePeriodSeconds"]):
                self.api.forget_pod(self.namespace, self.name, self.uid)
                return False
        else:
            self._start_what_is_due()
        for it in self.containers.values():
            it.probe()
        self._report()
        return True

    def _start_what_is_due(self) -> None:
        for name, it in self.containers.items():
            if not it.is_due():
                continue
            try:
                env = kubelet.environment(self.pod, self._find, self.services, name)
            except kubelet.CreateContainerConfigError as error:
                self.waits_for = str(error)
            else:
                it.start(env)

    def _find(self, kind: str, namespace: str, name: str) -> dict | None:
        return self.api.find(RESOURCES[kind], namespace, name)

    def _terminated(self, grace: int) -> bool:
        now = time.monotonic()
        processes = [it.process for it in self.containers.values()]
        if not self.deadline:
            self.deadline = now + grace
            for it in processes:
                it.terminate()
        if now > self.deadline:
            for it in processes:
                it.kill()
        return not any(it.runs() for it in processes)

    def _phase(self) -> str:
        containers = self.containers.values()
        if all(it.ended() for it in containers):
            fine = all(it.process.exit_code() == 0 for it in containers)
            return "Succeeded" if fine else "Failed"
        return "Running" if any(it.process.starts for it in containers) else "Pending"

    def _report(self) -> None:
        statuses = [it.status() for it in self.containers.values()]
        if statuses == self.reported:
            return
        ready = all(it.is_ready() for it in self.containers.values())
        conditions = {"PodScheduled": True, "Initialized": True}
        conditions |= {"ContainersReady": ready, "Ready": ready}
        status = {
            "phase": self._phase(),
            "hostIP": netns.API_SERVER_ADDRESS,
            "podIP": self.host,
            "podIPs": [{"ip": self.host}],
            "conditions": [
                {"type": it, "status": str(is_true), "lastTransitionTime": timestamp()}
                for it, is_true in conditions.items()
            ],
            "containerStatuses": [it | {"state": with_times(it["state"])} for it in statuses],
        }
        path = f"{self.path}/status"
        self.api.call("PATCH", path, {"status": status}, content_type=MERGE_PATCH)
        self.reported = statuses


def with_times(state: dict) -> dict:
    """The state of a container, as of now."""
    times = {"running": ("startedAt",), "terminated": ("startedAt", "finishedAt"), "waiting": ()}
    return {
        kind: {**facts, **dict.fromkeys(times[kind], timestamp())} for kind, facts in state.items()
    }


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
        return "".join(pod.output() for pod in list(self.all.values()))

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
