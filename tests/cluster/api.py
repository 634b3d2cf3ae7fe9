"""A client of the Kubernetes API, just large enough for the tests, and kubectl."""

import json
import ssl
import subprocess
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from polling import wait_for

GROUPS = {
    "configmaps": "api/v1",
    "cronjobs": "apis/batch/v1",
    "deployments": "apis/apps/v1",
    "endpoints": "api/v1",
    "endpointslices": "apis/discovery.k8s.io/v1",
    "events": "api/v1",
    "jobs": "apis/batch/v1",
    "namespaces": "api/v1",
    "nodes": "api/v1",
    "persistentvolumeclaims": "api/v1",
    "pods": "api/v1",
    "rolebindings": "apis/rbac.authorization.k8s.io/v1",
    "roles": "apis/rbac.authorization.k8s.io/v1",
    "secrets": "api/v1",
    "serviceaccounts": "api/v1",
    "services": "api/v1",
    "statefulsets": "apis/apps/v1",
    "customresourcedefinitions": "apis/apiextensions.k8s.io/v1",
    "mutatingwebhookconfigurations": "apis/admissionregistration.k8s.io/v1",
    "validatingwebhookconfigurations": "apis/admissionregistration.k8s.io/v1",
    "harborclusters": "apis/goharbor.io/v1beta1",
    "postgresqls": "apis/acid.zalan.do/v1",
}

MERGE_PATCH = "application/merge-patch+json"
INTERVAL = 0.1
WATCH_SECONDS = 300


class ApiError(Exception):
    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


# How a request fails: refused, unreachable, or cut off in the middle of its answer.
BROKEN = (ApiError, OSError, ValueError)


@dataclass
class Output:
    """What came of a kubectl command."""

    code: int
    out: str
    err: str


def address(resource: str, namespace: str | None = None, name: str | None = None) -> str:
    """The path of a resource, or of one object of it."""
    parts = [GROUPS[resource]]
    if namespace:
        parts += ["namespaces", namespace]
    parts.append(resource)
    if name:
        parts.append(name)
    return "/" + "/".join(parts)


class Api:
    """Talks to one API server as one user."""

    def __init__(self, server: str, ca_file: Path, token: str) -> None:
        self.server = server
        self.token = token
        trust = ssl.create_default_context(cafile=str(ca_file))
        self.opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trust)
        )

    def open(
        self,
        method: str,
        path: str,
        body: object = None,
        content_type: str = "application/json",
        seconds: float = 30.0,
    ) -> Any:
        request = urllib.request.Request(
            self.server + path,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": content_type},
            method=method,
        )
        try:
            return self.opener.open(request, timeout=seconds)
        except urllib.error.HTTPError as error:
            text = error.read().decode(errors="replace")
            try:
                text = json.loads(text)["message"]
            except (ValueError, KeyError):
                pass
            raise ApiError(error.code, text) from None

    def call(self, method: str, path: str, body: object = None, **options: str) -> dict:
        with self.open(method, path, body, **options) as answer:
            return json.load(answer)

    def text(self, path: str) -> str:
        with self.open("GET", path) as answer:
            return answer.read().decode()

    def get(self, resource: str, namespace: str | None = None, name: str | None = None) -> dict:
        return self.call("GET", address(resource, namespace, name))

    def list(self, resource: str, namespace: str | None = None) -> list[dict]:
        return self.get(resource, namespace)["items"]

    def find(self, resource: str, namespace: str | None, name: str) -> dict | None:
        """The object, or None where there is none (yet)."""
        try:
            return self.get(resource, namespace, name)
        except ApiError as error:
            if error.code == 404:
                return None
            raise

    def create(self, resource: str, body: dict, namespace: str | None = None) -> dict:
        return self.call("POST", address(resource, namespace), body)

    def replace(self, resource: str, body: dict, namespace: str | None = None) -> dict:
        path = address(resource, namespace, body["metadata"]["name"])
        return self.call("PUT", path, body)

    def patch(self, resource: str, namespace: str | None, name: str, changes: dict) -> dict:
        path = address(resource, namespace, name)
        return self.call("PATCH", path, changes, content_type=MERGE_PATCH)

    def delete(self, resource: str, namespace: str | None, name: str) -> None:
        self.call("DELETE", address(resource, namespace, name))

    # --- as a kubelet

    def account_token(self, pod: dict, audience: str = "") -> str:
        """By which the pod's containers talk to the API server, or to somebody else; good for an
        hour."""
        metadata = pod["metadata"]
        bound = {"kind": "Pod", "apiVersion": "v1"}
        bound |= {key: metadata[key] for key in ("name", "uid")}
        account = pod["spec"]["serviceAccountName"]
        path = address("serviceaccounts", metadata["namespace"], account) + "/token"
        spec: dict = {"expirationSeconds": 3600, "boundObjectRef": bound}
        if audience:
            spec["audiences"] = [audience]
        return self.call("POST", path, {"spec": spec})["status"]["token"]

    def forget_pod(self, namespace: str, name: str, uid: str) -> None:
        """A deleted pod is gone for the API server only when its node says that it has ended."""
        options = {"gracePeriodSeconds": 0, "preconditions": {"uid": uid}}
        try:
            self.call("DELETE", address("pods", namespace, name), options)
        except ApiError as error:
            if error.code not in (404, 409):  # somebody else did, and perhaps made another one
                raise

    # --- as a controller

    def follow(self, path: str, take: Callable[[dict], None], stopped: threading.Event) -> None:
        """Gives `take` the events of a list until it is stopped, which is noticed when the API
        server ends the watch. What breaks, `take` too, begins the list anew."""
        while not stopped.is_set():
            try:
                for event in self.watch(path, WATCH_SECONDS):
                    take(event)
            except BROKEN:
                stopped.wait(INTERVAL)

    def watch(self, path: str, seconds: float) -> Iterator[dict]:
        """Events of a list, from now on, until the server ends the watch or cannot be reached."""
        separator = "&" if "?" in path else "?"
        url = f"{path}{separator}watch=1&timeoutSeconds={seconds:g}"
        with self.open("GET", url, seconds=seconds + 5) as answer:
            for line in answer:
                yield json.loads(line)

    def wait(
        self,
        what: str,
        resource: str,
        namespace: str | None,
        name: str,
        true: Callable[[dict], object] = bool,
        seconds: float = 60.0,
    ) -> dict:
        """The object, as soon as there is one of which this is true."""

        def question() -> dict | None:
            found = self.find(resource, namespace, name)
            return found if found and true(found) else None

        return wait_for(what, question, seconds, INTERVAL)


class Kubectl:
    def __init__(self, program: Path, kubeconfig: Path, home: Path) -> None:
        self.command = [str(program), "--kubeconfig", str(kubeconfig)]
        self.home = home

    def run(self, *words: str, stdin: str = "") -> Output:
        done = subprocess.run(
            [*self.command, *words],
            input=stdin,
            capture_output=True,
            text=True,
            env={"HOME": str(self.home), "PATH": "/usr/bin:/bin"},
        )
        return Output(done.returncode, done.stdout, done.stderr)

    def __call__(self, *words: str, stdin: str = "") -> Output:
        """Runs a command that has to succeed."""
        output = self.run(*words, stdin=stdin)
        assert output.code == 0, f"kubectl {' '.join(words)}: {output.err or output.out}"
        return output
