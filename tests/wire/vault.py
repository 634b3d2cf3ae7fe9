"""The commands `secrets ...` against a stand-in for the API server: a namespace of Secrets, keys of
recipients and signers, and a value that must never be seen anywhere."""

import base64
import copy
import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from fake_api import TOKEN, Call, FakeApi, Fault, status_body
from pki import Authority

BINARY = os.environ.get("HPW_BINARY", "build/default/server/harbor-pg-webhook")
NAMESPACE = "registry"
SECRETS = f"/api/v1/namespaces/{NAMESPACE}/secrets"
HARBOR_CLUSTER = f"/apis/goharbor.io/v1beta1/namespaces/{NAMESPACE}/harborclusters/main"
DATABASE = f"postgresql-{NAMESPACE}-main"
KEY = "main-harbor-harbor-core-encryptionkey"
COPY = "main-database-password"

CANARY = "canary-7f3a"
"""Is in every value of a Secret."""
CANARIES = [
    CANARY.encode(),
    *(base64.b64encode(b"x" * i + CANARY.encode())[4:12] for i in (0, 1, 2)),
]


def secret(name: str, namespace: str = NAMESPACE, **data: str) -> dict:
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": namespace},
        "type": "Opaque",
        "data": encoded,
    }


def credentials(role: str) -> dict:
    name = f"{role}.{DATABASE}.credentials"
    return secret(name, username=role, password=f"{CANARY}-{role}")


def whole_set() -> list[dict]:
    """What a HarborCluster needs, as the operators leave it."""
    owner = {"kind": "HarborCluster", "name": "main", "uid": "1", "controller": True}
    secrets = [
        *(credentials(role) for role in ("postgres", "standby", "harbor")),
        secret(COPY, **{"postgresql-password": f"{CANARY}-harbor"}),
        secret(KEY, secret=f"{CANARY}-key"),
        secret("admin", secret=f"{CANARY}-admin"),
    ]
    for it in secrets[:4]:
        it["metadata"]["ownerReferences"] = [owner]
    secrets[4] |= {"immutable": True, "type": "goharbor.io/single"}
    applied = {"kubectl.kubernetes.io/last-applied-configuration": CANARY}
    secrets[5]["metadata"] |= {"annotations": applied, "labels": {"app": "harbor"}}
    return secrets


class Cluster(FakeApi):
    """Has no objects but what a test puts there; creates others, as the API server does."""

    def __init__(self, authority: Authority, folder: Path) -> None:
        super().__init__(authority, folder)
        self.objects = {}
        self.folder = folder
        (folder / "ca.crt").write_bytes(authority.pem)

    def fill(self, secrets: list[dict]) -> None:
        for it in secrets:
            it["metadata"]["uid"] = "old"
            self.put(f"{SECRETS}/{it['metadata']['name']}", copy.deepcopy(it))
        self.put(
            HARBOR_CLUSTER,
            {"metadata": {"name": "main"}, "spec": {"harborAdminPasswordRef": "admin"}},
        )

    def secret_of(self, name: str) -> dict | None:
        return self.objects.get(f"{SECRETS}/{name}")

    def answer(self, call: Call) -> Fault:
        call.path, _, query = call.path.partition("?")
        call.dry = "dryRun=All" in query
        if call.method == "POST" and call.path.endswith("/secrets") and not self.fault(call):
            self.calls.append(call)
            path = f"{call.path}/{call.body['metadata']['name']}"
            if path in self.objects:
                return Fault(409, status_body(409, "already exists"))
            if not call.dry:
                self.put(path, call.body)
            return Fault(201, json.dumps(call.body).encode())
        before = copy.deepcopy(self.objects)
        answer = super().answer(call)
        if call.dry:
            self.objects = before
        return answer

    def kubeconfig(self) -> Path:
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "x",
            "contexts": [{"name": "x", "context": {"cluster": "x", "user": "x"}}],
            "clusters": [
                {
                    "name": "x",
                    "cluster": {
                        "server": f"https://localhost:{self.port}",
                        "certificate-authority": str(self.folder / "ca.crt"),
                    },
                }
            ],
            "users": [{"name": "x", "user": {"token": TOKEN}}],
        }
        path = self.folder / "kubeconfig"
        path.write_text(json.dumps(config))
        return path


@dataclass
class Person:
    """Who holds a key."""

    certificate: Path
    key: Path


def person(folder: Path, name: str, **options: object) -> Person:
    """An EC key and a certificate that it signed itself."""
    folder.mkdir(exist_ok=True)
    it = Person(folder / f"{name}.crt", folder / f"{name}.key")
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-noenc", "-newkey", "ec"),
            *("-pkeyopt", "ec_paramgen_curve:P-256", "-subj", f"/CN={name}", "-days", "30"),
            *("-keyout", it.key, "-out", it.certificate),
        ],
        check=True,
        capture_output=True,
    )
    return it


@dataclass
class Run:
    code: int
    out: str
    err: str


def run(*words: object, **environment: str) -> Run:
    """The command, whose output never holds a value."""
    done = subprocess.run(
        [BINARY, "secrets", *map(str, words)],
        capture_output=True,
        timeout=60,
        env={**os.environ, **environment},
    )
    no_canary(done.stdout + done.stderr)
    return Run(done.returncode, done.stdout.decode(), done.stderr.decode())


def no_canary(text: bytes) -> None:
    for canary in CANARIES:
        assert canary not in text
