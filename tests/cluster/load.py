"""Objects created through the API server at a steady rate; the webhook is asked about each.

What is refused is tried again until it is there, as its controller would.
"""

import http.client
import itertools
import json
import ssl
import threading
import time
from dataclasses import dataclass

import netns
from api import address
from harbor import OLD_LOCALES, PIN, environment, harbors_resource
from plane import API_SERVER_PORT, TOKEN, Plane

RATE = 28.0  # objects a second
THREADS = 4
RETRY_SECONDS = 0.2
RETRIES_MOST = 300

RESTORE_CONFIGMAP = {
    "CLONE_SCOPE": "postgresql-harbor-harbor",
    "CLONE_WAL_S3_BUCKET": "harbor-db-backups",
    "CLONE_WAL_BUCKET_SCOPE_SUFFIX": "/99e85b8a-3f92-4c86-8d42-5056348c1e7e",
    "CLONE_AWS_REGION": "eu-central-1",
}


@dataclass(frozen=True)
class Failure:
    at: float
    name: str
    message: str


def spilo_template(scope: str) -> dict:
    """Metadata and spec of a database pod, as far as the webhook looks at it."""
    env = [{"name": "SCOPE", "value": scope}, OLD_LOCALES]
    container = {"name": "postgres", "image": PIN, "env": env}
    spec = {"containers": [container], "terminationGracePeriodSeconds": 0}
    return {"metadata": {"labels": {"load": scope}}, "spec": spec}


def stateful_set(name: str, replicas: int) -> dict:
    labels = {"load": name}
    return {
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "podManagementPolicy": "Parallel",
            "selector": {"matchLabels": labels},
            "serviceName": name,
            "template": spilo_template(name),
        },
    }


def is_restored(pod: dict) -> bool:
    return any(it["name"] == "CLONE_SCOPE" for it in environment(pod))


class Load:
    """Three kinds of objects in turn, in a namespace with a restore label."""

    def __init__(self, plane: Plane, namespace: str) -> None:
        self.api = plane.api
        self.namespace = namespace
        self.trust = ssl.create_default_context(cafile=str(plane.ca_file))
        self.scope = f"postgresql-{namespace}-registry"
        owner = self.api.create("statefulsets", stateful_set(self.scope, 0), namespace)
        self.owner = {
            "apiVersion": "apps/v1",
            "kind": "StatefulSet",
            "name": self.scope,
            "uid": owner["metadata"]["uid"],
        }
        self.names = itertools.count()
        self.created: dict[str, list[str]] = {kind: [] for kind in self.KINDS}
        self.failures: list[Failure] = []
        self.slipped: list[str] = []  # what was stored as if nobody had been asked
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self._run, daemon=True) for _ in range(THREADS)]

    def start(self) -> None:
        self.since = time.monotonic()
        for it in self.threads:
            it.start()

    def end(self) -> None:
        self.stopping.set()
        for it in self.threads:
            it.join()

    @property
    def count(self) -> int:
        return sum(len(names) for names in self.created.values())

    # --- objects, each with what tells that it went through the webhook

    def _postgresql(self, name: str) -> dict:
        resource = harbors_resource(self.namespace)
        resource["metadata"]["name"] = f"postgresql-{self.namespace}-{name}"
        # Leaves it to a postgres-operator that is not there: a thousand databases are too many.
        resource["metadata"]["annotations"]["acid.zalan.do/controller"] = "nobody"
        return resource

    def _pod(self, name: str) -> dict:
        pod = spilo_template(self.scope)
        pod["metadata"] = {"name": name, "ownerReferences": [self.owner]}
        pod["spec"]["nodeName"] = "nowhere"  # nothing is to become of it
        return pod

    def _configmap(self, name: str) -> dict:
        labels = {"harbor-pg-webhook/config": "restore"}
        return {"metadata": {"name": name, "labels": labels}, "data": RESTORE_CONFIGMAP}

    KINDS = {
        "postgresqls": (_postgresql, lambda stored: stored["spec"]["dockerImage"] == PIN),
        "pods": (_pod, is_restored),
        "configmaps": (_configmap, bool),
    }

    # --- one thread

    def _run(self) -> None:
        connection = http.client.HTTPSConnection(
            netns.API_SERVER_ADDRESS, API_SERVER_PORT, context=self.trust, timeout=30
        )
        for number in self.names:
            due = self.since + number / RATE
            if self.stopping.wait(max(0.0, due - time.monotonic())):
                break
            kind = list(self.KINDS)[number % len(self.KINDS)]
            self._create(connection, kind, f"load-{number}")
        connection.close()

    def _create(self, connection: http.client.HTTPSConnection, kind: str, name: str) -> None:
        make, went_through = self.KINDS[kind]
        body = json.dumps(make(self, name))
        for _ in range(RETRIES_MOST):
            answer = self._post(connection, kind, body)
            if "metadata" in answer and answer.get("kind") != "Status":
                self.created[kind].append(answer["metadata"]["name"])
                if not went_through(answer):
                    self.slipped.append(f"{kind} {name}")
                return
            self.failures.append(Failure(time.monotonic(), f"{kind} {name}", answer["message"]))
            time.sleep(RETRY_SECONDS)

    def _post(self, connection: http.client.HTTPSConnection, kind: str, body: str) -> dict:
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
        try:
            connection.request("POST", address(kind, self.namespace), body, headers)
            return json.loads(connection.getresponse().read())
        except (OSError, http.client.HTTPException, ValueError) as error:
            connection.close()
            return {"message": repr(error)}
