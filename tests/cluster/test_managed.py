"""tls.mode managed with a real API server: two replicas behind a Service of their own, with the
documented RBAC and nothing else."""

import base64
import copy
import json
import threading
from collections.abc import Iterator

import helpers  # isort: skip  # noqa: F401
import netns
import pytest
import registration
from api import INTERVAL, Api, ApiError, address
from plane import API_SERVER_PORT, Plane
from polling import SCALE, Stopwatch, wait_for
from replica import OldAuthority, Replica

NAME = "managed"  # of the namespace, the Service, the account and both configurations
SECRET = "managed-ca"
CALLS = "managed-calls"  # the only namespace whose objects these entries are called for
ADDRESSES = ("10.200.0.21", "10.200.0.22")
PORT = 8443
MENDED = 10.0
KINDS = ("mutatingwebhookconfigurations", "validatingwebhookconfigurations")
RIGHT = {
    "CLONE_SCOPE": "postgresql-harbor-harbor",
    "CLONE_WAL_S3_BUCKET": "harbor-db-backups",
    "CLONE_WAL_BUCKET_SCOPE_SUFFIX": "/99e85b8a-3f92-4c86-8d42-5056348c1e7e",
    "CLONE_AWS_REGION": "eu-central-1",
}
RBAC = "rbac.authorization.k8s.io"

# As in docs/certificates.md.
SECRET_RULE = {
    "apiGroups": [""],
    "resources": ["secrets"],
    "resourceNames": [SECRET],
    "verbs": ["get", "update"],
}
CONFIGURATION_RULE = {
    "apiGroups": ["admissionregistration.k8s.io"],
    "resources": list(KINDS),
    "resourceNames": [NAME],
    "verbs": ["get", "patch"],
}


def bound(kind: str, rule: dict) -> list[dict]:
    """A (Cluster)Role and its binding to the account."""
    place = {"name": NAME} if kind == "ClusterRole" else {"name": NAME, "namespace": NAME}
    subject = {"kind": "ServiceAccount", "name": NAME, "namespace": NAME}
    reference = {"apiGroup": RBAC, "kind": kind, "name": NAME}
    binding = {"metadata": place, "roleRef": reference, "subjects": [subject]}
    version = {"apiVersion": f"{RBAC}/v1"}
    return [
        {**version, "kind": kind, "metadata": place, "rules": [rule]},
        {**version, "kind": f"{kind}Binding", **binding},
    ]


def configuration(kind: str) -> dict:
    """The entries of the chart, without caBundle, calling our Service, for one namespace."""
    whole = (
        registration.mutating(b"", ["enabled"], [])
        if kind.startswith("mutating")
        else registration.validating(b"")
    )
    whole = copy.deepcopy({**whole, "metadata": {"name": NAME}})
    only = {"key": "kubernetes.io/metadata.name", "operator": "In", "values": [CALLS]}
    for entry in whole["webhooks"]:
        del entry["clientConfig"]["caBundle"]
        entry["clientConfig"]["service"].update({"namespace": NAME, "name": NAME})
        entry["namespaceSelector"]["matchExpressions"].append(only)
    return whole


class Managed:
    """Two replicas behind one Service."""

    def __init__(self, plane: Plane) -> None:
        self.plane = plane
        self.api: Api = plane.api
        self._create_objects()
        token = plane.kubectl("-n", NAME, "create", "token", NAME).out.strip()
        self.replicas = [self._replica(it, token) for it in ADDRESSES]

    def _create_objects(self) -> None:
        for name in (NAME, CALLS):
            self.api.create("namespaces", {"metadata": {"name": name}})
        account = {"apiVersion": "v1", "kind": "ServiceAccount"}
        items = [
            {**account, "metadata": {"name": NAME, "namespace": NAME}},
            *bound("Role", SECRET_RULE),
            *bound("ClusterRole", CONFIGURATION_RULE),
        ]
        everything = {"apiVersion": "v1", "kind": "List", "items": items}
        self.plane.kubectl("apply", "-f", "-", stdin=json.dumps(everything))
        port = {"name": "https", "port": 443, "targetPort": PORT, "protocol": "TCP"}
        self.api.create("services", {"metadata": {"name": NAME}, "spec": {"ports": [port]}}, NAME)
        ready = {"conditions": {"ready": True}}
        slice_of = {"name": NAME, "labels": {"kubernetes.io/service-name": NAME}}
        self.api.create(
            "endpointslices",
            {
                "metadata": slice_of,
                "addressType": "IPv4",
                "endpoints": [{"addresses": [it], **ready} for it in ADDRESSES],
                "ports": [{"name": "https", "port": PORT, "protocol": "TCP"}],
            },
            NAME,
        )
        self.api.create("secrets", {"metadata": {"name": SECRET}}, NAME)
        for kind in KINDS:
            self.api.create(kind, configuration(kind))

    def _replica(self, ip: str, token: str) -> Replica:
        names = {"namespace": NAME, "service": NAME, "secret": SECRET}
        names |= {"mutatingConfiguration": NAME, "validatingConfiguration": NAME}
        changes = {"server": {"listen": f"{ip}:{PORT}"}, "tls": {"managed": names}}
        folder = self.plane.logs / f"managed-{ip}"
        ca = self.plane.ca_file.read_bytes()
        return Replica(folder, ca, (netns.API_SERVER_ADDRESS, API_SERVER_PORT), token, changes)

    def start(self) -> None:
        for it in self.replicas:
            it.start()
        for it in self.replicas:
            it.wait_ready()

    def stop(self) -> None:
        for it in self.replicas:
            it.end()

    # --- what a test asks

    def secret(self, key: str) -> bytes:
        data = self.api.get("secrets", NAME, SECRET).get("data", {})
        return base64.b64decode(data.get(key, ""))

    def bundles(self) -> set[str]:
        """All bundles that entries carry; one when all is right."""
        entries = [it for kind in KINDS for it in self.api.get(kind, None, NAME)["webhooks"]]
        return {it["clientConfig"].get("caBundle", "") for it in entries}

    def call(self, data: dict[str, str]) -> None:
        """Has the API server ask us about a restore ConfigMap; nothing is stored."""
        path = f"{address('configmaps', CALLS)}?dryRun=All"
        body = {"metadata": {"name": "harbor-pg-restore"}, "data": data}
        self.api.call("POST", path, body)

    def log(self, message: str) -> list[dict]:
        return [it for one in self.replicas for it in one.server.log(message)]


class Calls(threading.Thread):
    """Calls through the API server one after the other, until it is told to stop."""

    def __init__(self, managed: Managed) -> None:
        super().__init__(daemon=True)
        self.managed = managed
        self.stopping = threading.Event()
        self.count = 0
        self.failures: list[str] = []

    def run(self) -> None:
        while not self.stopping.is_set():
            try:
                self.managed.call(RIGHT)
            except (ApiError, OSError) as error:
                self.failures.append(str(error))
            self.count += 1

    def end(self) -> None:
        self.stopping.set()
        self.join()


@pytest.fixture(scope="module")
def managed(cluster: Plane) -> Iterator[Managed]:
    it = Managed(cluster)
    try:
        it.start()
        yield it
    finally:
        it.stop()
        for kind in KINDS:
            cluster.api.delete(kind, None, NAME)


def test_the_api_server_calls_what_nobody_set_up_by_hand(managed: Managed):
    with pytest.raises(ApiError, match="CLONE_AWS_REGION"):
        managed.call({name: value for name, value in RIGHT.items() if name != "CLONE_AWS_REGION"})
    managed.call(RIGHT)
    wait_for("one bundle everywhere", lambda: len(managed.bundles()) == 1)
    assert base64.b64decode(managed.bundles().pop()) == managed.secret("ca.crt")
    assert len(managed.log("made the CA")) == 1


def test_the_documented_rbac_is_all_it_has(managed: Managed):
    """Both directions: it was enough until now, and there is nothing more."""
    assert managed.log("certificates cannot be looked after") == []
    who = f"--as=system:serviceaccount:{NAME}:{NAME}"
    allowed = managed.plane.kubectl("auth", "can-i", "--list", "-n", NAME, who).out
    lines = [it.split() for it in allowed.splitlines()[1:]]
    verbs = [" ".join(line[-2:]) for line in lines if f"[{SECRET}]" in line]
    assert verbs == ["[get update]"]
    for words in (("list", "secrets"), ("get", "secrets/other"), ("create", "secrets")):
        answer = managed.plane.kubectl.run("auth", "can-i", *words, "-n", NAME, who)
        assert answer.out.strip() == "no", words


@pytest.mark.parametrize("kind", KINDS)
def test_a_bundle_that_somebody_changes_is_put_back(managed: Managed, kind: str):
    before = managed.bundles()
    whole = managed.api.get(kind, None, NAME)
    for entry in whole["webhooks"]:
        entry["clientConfig"]["caBundle"] = base64.b64encode(OldAuthority().pem).decode()
    managed.api.replace(kind, whole)
    watch = Stopwatch()
    wait_for("put back", lambda: managed.bundles() == before, 2 * MENDED, INTERVAL)
    assert watch.seconds() < MENDED * SCALE
    managed.call(RIGHT)


def test_a_configuration_that_comes_later_is_taken_up(managed: Managed):
    kind = KINDS[0]
    managed.api.delete(kind, None, NAME)
    managed.api.create(kind, configuration(kind))
    wait_for("it has the bundle", lambda: managed.bundles().isdisjoint({""}), 2 * MENDED, INTERVAL)


def test_an_old_ca_is_rotated_and_no_call_fails(managed: Managed):
    managed.stop()
    old = OldAuthority()
    path = address("secrets", NAME, SECRET)
    secret = managed.api.call("GET", path)
    managed.api.call("PUT", path, {**secret, "data": old.secret()})
    managed.start()
    wait_for("all trust the old CA", lambda: len(managed.bundles()) == 1, 2 * MENDED, INTERVAL)
    calls = Calls(managed)
    calls.start()
    assert all(it.is_signed_by(old) for it in managed.replicas)

    def rotated() -> bool:
        return not any(it.is_signed_by(old) for it in managed.replicas)

    wait_for("both serve a leaf of the successor", rotated, 120, 1.0)
    wait_for("calls since then", lambda n=calls.count: calls.count > n + 50, 60, INTERVAL)
    calls.end()
    assert calls.failures == []
    assert managed.secret("old.crt").strip() == old.pem.strip()
    assert managed.secret("ca.crt") != old.pem
    assert not managed.secret("next.key")
    assert len(managed.log("the CA's successor signs from now on")) == 1
