"""One container of a pod as its kubelet sees it: started, asked by its probes, started again."""

import datetime
import http.client
import time
from typing import Any

from pod_process import PodProcess

DEATH_SECONDS = 1.0  # after which it is noticed that a container is gone
PROBES = ("startupProbe", "readinessProbe", "livenessProbe")


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


class Container:
    """A process, and what its pod wants of it."""

    def __init__(self, pod: dict, spec: dict, process: PodProcess, host: str) -> None:
        self.name = spec["name"]
        self.image = spec["image"]
        self.process = process
        self.starts_again = pod["spec"]["restartPolicy"] == "Always"
        self.probes = {kind: Probe(spec, kind, host) for kind in PROBES if kind in spec}
        self.dead_since = 0.0

    def is_due(self) -> bool:
        """Whether it has to be started: at once for the first time, else when a kubelet would have
        noticed that it is gone."""
        if self.process.runs() or self.ended():
            return False
        now = time.monotonic()
        if self.process.starts and not self.dead_since:
            self.dead_since = now
        return not self.process.starts or now - self.dead_since >= DEATH_SECONDS

    def start(self, env: dict[str, str]) -> None:
        self.dead_since = 0.0
        for probe in self.probes.values():
            probe.reset()
        self.process.start(env)

    def ended(self) -> bool:
        """For good."""
        return not self.starts_again and self.process.starts > 0 and not self.process.runs()

    def probe(self) -> None:
        if self.dead_since or not self.process.runs():
            return
        if not self._passed("startupProbe"):
            self.probes["startupProbe"].ask()
        if self._passed("startupProbe"):
            for kind in PROBES[1:]:
                if kind in self.probes:
                    self.probes[kind].ask()
        if any(it.failed for kind, it in self.probes.items() if kind != "readinessProbe"):
            self.process.kill()

    def is_ready(self) -> bool:
        return self._is_started() and self._passed("readinessProbe")

    def status(self) -> dict[str, Any]:
        """As the API server is told; without times, which would make each differ."""
        state: dict[str, Any] = {"running": {}} if self.process.starts else {"waiting": {}}
        if self.ended():
            state = {"terminated": {"exitCode": self.process.exit_code()}}
        return {
            "name": self.name,
            "image": self.image,
            "imageID": "",
            "ready": self.is_ready(),
            "started": self._is_started(),
            "restartCount": max(0, self.process.starts - 1),
            "state": state,
        }

    def _is_started(self) -> bool:
        seen = self.dead_since and time.monotonic() - self.dead_since < DEATH_SECONDS
        return (self.process.runs() or bool(seen)) and self._passed("startupProbe")

    def _passed(self, kind: str) -> bool:
        return kind not in self.probes or self.probes[kind].passed
