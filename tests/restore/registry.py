"""The database of one HarborCluster whose pods run: what a person does with it, and sees of it."""

import base64
import contextlib
import subprocess
from collections.abc import Callable
from typing import TypeVar

import source
import store
from api import INTERVAL, ApiError, address
from harbor import NAME, Database, environment, image
from harbor import running as is_running
from node import PSQL
from polling import wait_for
from sandbox import Sandbox
from webhook import RESTORE_LABEL
from worker import Pod, Worker

T = TypeVar("T")

RESTORE = "harbor-pg-restore"  # the namespace's own ConfigMap and Secret
PATIENCE = 150.0
BOOTSTRAPS = "INFO: trying to bootstrap a new cluster"  # says Patroni


class Registry(Database):
    """The database of one HarborCluster, with pods that run."""

    def __init__(self, worker: Worker, archive: source.Archive, namespace: str) -> None:
        super().__init__(worker.api, namespace)
        self.worker = worker
        self.archive = archive

    # --- what a person does

    def inputs(self) -> dict[str, str]:
        """The ConfigMap from which the profile `enabled` restores."""
        return {
            "CLONE_SCOPE": self.archive.scope,
            "CLONE_WAL_S3_BUCKET": store.BUCKET,
            "CLONE_WAL_BUCKET_SCOPE_SUFFIX": self.archive.suffix,
            "CLONE_AWS_REGION": store.REGION,
        }

    def keys(self) -> dict[str, str]:
        """The Secret that belongs to it."""
        return {f"CLONE_{name}": value for name, value in store.credentials().items()}

    def create_inputs(self) -> None:
        body = {"metadata": {"name": RESTORE}, "data": self.inputs()}
        self.api.create("configmaps", body, self.namespace)
        self.create_keys()

    def delete_inputs(self) -> None:
        for kind in ("configmaps", "secrets"):
            self.api.delete(kind, self.namespace, RESTORE)

    def create_keys(self) -> None:
        self.create_secret(RESTORE, self.keys())

    def create_secret(self, name: str, data: dict[str, str]) -> None:
        body = {"metadata": {"name": name}, "stringData": data}
        self.api.create("secrets", body, self.namespace)

    def restore_on(self) -> None:
        self.label(**{RESTORE_LABEL: "enabled"})

    def restore_off(self) -> None:
        self.label(**{RESTORE_LABEL: None})
        self._wait("the label counts no more", lambda: not self.next_pod_clones())

    def recreate(self, pod: str) -> None:
        """Deletes a pod and waits until the next of that name is leader or follows one."""
        before = self.uid(pod)
        self.api.delete("pods", self.namespace, pod)
        self._wait(f"{pod} is another one", lambda: self.uid(pod) not in ("", before))
        self.wait_follows()

    def restart(self, pod: str) -> None:
        """Kills the container of a pod, as the machine does that has no memory left, and waits
        until the next one runs."""
        before = self.restarts(pod)
        self.container(pod).kill()
        self._wait(f"{pod} runs again", lambda: self.restarts(pod) > before and not self.waits(pod))
        self.wait_follows()

    def delete(self) -> None:
        """The HarborCluster with all that came of it, volumes and passwords too."""
        self.api.delete("harborclusters", self.namespace, NAME)
        # The garbage collector would do that; it gets to know a new kind after up to 30 s.
        with contextlib.suppress(ApiError):
            self.api.delete("postgresqls", self.namespace, self.name)
        for kind in ("postgresqls", "statefulsets", "pods"):
            self._wait_gone(kind)
        # The operator deletes them too, unless it was just looking at the database.
        for claim in self.api.list("persistentvolumeclaims", self.namespace):
            with contextlib.suppress(ApiError):
                name = claim["metadata"]["name"]
                self.api.delete("persistentvolumeclaims", self.namespace, name)
        self._wait_gone("persistentvolumeclaims")
        self._wait("its Secrets are gone", lambda: self.secrets() <= {RESTORE})

    def _wait_gone(self, kind: str) -> None:
        self._wait(f"{kind} are gone", lambda: not self.api.list(kind, self.namespace))

    # --- what a person sees

    def wait_running(self) -> dict:
        return self.wait_resource(f"{self.name} is Running", is_running, PATIENCE)

    def wait_condition(self, kind: str) -> None:
        """Until the HarborCluster says that it is true."""
        self._wait(kind, lambda: self._condition(kind) == "True")

    def _condition(self, kind: str) -> str:
        status = self.api.get("harborclusters", self.namespace, NAME).get("status", {})
        return next((it["status"] for it in status.get("conditions", []) if it["type"] == kind), "")

    def wait_waits(self, pod: str, why: str) -> None:
        """Until the container of a pod waits for this reason."""
        self._wait(f"{pod}: {why}", lambda: self.waits(pod) == why)

    def waits(self, pod: str) -> str:
        """Why the container of a pod does not run; empty when it does, or is not there yet."""
        waiting = self._container_status(pod).get("state", {}).get("waiting")
        return f"{waiting['reason']}: {waiting['message']}" if waiting else ""

    def restarts(self, pod: str) -> int:
        return self._container_status(pod).get("restartCount", 0)

    def _container_status(self, pod: str) -> dict:
        found = self.api.find("pods", self.namespace, pod) or {"status": {}}
        return next(iter(found["status"].get("containerStatuses", [])), {})

    def uid(self, pod: str) -> str:
        found = self.api.find("pods", self.namespace, pod)
        return found["metadata"]["uid"] if found else ""

    def _wait(self, what: str, question: Callable[[], T]) -> T:
        return wait_for(f"{self.namespace}: {what}", question, PATIENCE, INTERVAL)

    def next_pod_clones(self) -> bool:
        """Whether a pod that were created now would clone."""
        found = self.stateful_set()
        template = found["spec"]["template"]
        owner = {
            "apiVersion": "apps/v1",
            "kind": "StatefulSet",
            "name": self.name,
            "uid": found["metadata"]["uid"],
            "controller": True,
        }
        container = {
            "name": "postgres",
            "image": image(template),
            "env": environment(template),
        }
        metadata = {"name": f"{self.name}-9", "ownerReferences": [owner]}
        pod = {"metadata": metadata, "spec": {"containers": [container]}}
        path = f"{address('pods', self.namespace)}?dryRun=All"
        return bool(clone_names(self.api.call("POST", path, pod)))

    def password(self, user: str) -> str:
        return self.secret(f"{user}.{self.name}.credentials")["password"]

    def secrets(self) -> set[str]:
        """Their names."""
        return {it["metadata"]["name"] for it in self.api.list("secrets", self.namespace)}

    def secret(self, name: str) -> dict[str, str]:
        data = self.api.get("secrets", self.namespace, name)["data"]
        return {key: base64.b64decode(value).decode() for key, value in data.items()}

    def leader(self) -> str:
        """The name of the pod that Patroni has labelled so."""
        return self._pod_with_role("master")

    def replica(self) -> str:
        return self._pod_with_role("replica")

    def _pod_with_role(self, role: str) -> str:
        def question() -> str:
            found = [it for it in self.pods() if it["metadata"]["labels"].get("spilo-role") == role]
            return found[0]["metadata"]["name"] if len(found) == 1 else ""

        return self._wait(f"one pod is {role}", question)

    def container(self, pod: str) -> Pod:
        """What the worker has of a pod."""
        return self.worker.running(self.namespace, pod)

    def sandbox(self, pod: str) -> Sandbox:
        found = self.container(pod).sandbox
        assert found, f"the container of {pod} does not run"
        return found

    def wait_follows(self) -> None:
        """Until one pod leads, and the other one has all that it has."""
        self._wait("the replica follows the leader", self.follows)

    def follows(self) -> bool:
        leader, replica = self.leader(), self.replica()
        with contextlib.suppress(AssertionError):  # one of them is just about to start or to end
            end = self.sql(leader, "select pg_current_wal_lsn()")
            done = f"select pg_is_in_recovery() and pg_last_wal_replay_lsn() >= '{end}'"
            streams = "select application_name from pg_stat_replication"
            return self.sql(replica, done) == "t" and self.sql(leader, streams) == replica
        return False

    def fingerprint(self, pod: str) -> source.Fingerprint:
        return source.fingerprint(self.sandbox(pod))

    def sql(self, pod: str, text: str, database: str = source.DATABASE) -> str:
        """As `kubectl exec` in the pod, on the socket."""
        return source.sql(self.sandbox(pod), text, database)

    def login(self, user: str, password: str, text: str, tls: bool = False) -> str:
        """What comes of a query over the network to the leader; Harbor asks for no TLS."""
        target = f"host={self.container(self.leader()).address} dbname={source.DATABASE}"
        target += f" user={user} sslmode={'require' if tls else 'disable'}"
        env = {"PGPASSWORD": password, "PATH": "/usr/bin:/bin"}
        words = [*PSQL, target]
        done = subprocess.run(words, input=text, env=env, capture_output=True, text=True)
        return (done.stdout or done.stderr).strip()

    def bootstraps(self) -> int:
        """How often a container has set out to make a new cluster, of all pods of all time."""
        logs = (self.worker.folder / self.namespace).glob("*.log")
        return sum(it.read_text(errors="replace").count(BOOTSTRAPS) for it in logs)


def clone_names(pod: dict) -> list[str]:
    return [it["name"] for it in environment(pod) if it["name"].startswith("CLONE_")]
