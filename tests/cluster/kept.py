"""A namespace with the Secrets that have to outlive its HarborCluster."""

import base64
from pathlib import Path

from canary import CANARY
from harbor import NAME, resource_name
from plane import Plane

IMMUTABLE = {"immutable": True}


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def secret(name: str, **data: str) -> dict:
    values = {key.replace("_", "-"): encoded(value) for key, value in data.items()}
    return {"metadata": {"name": name}, "type": "Opaque", "data": values}


class Namespace:
    """A namespace with what outlives a HarborCluster, or nothing of it yet."""

    def __init__(self, cluster: Plane, name: str) -> None:
        self.api, self.kubectl, self.name = cluster.api, cluster.kubectl, name
        self.cluster = cluster
        self.api.create("namespaces", {"metadata": {"name": name}})

    def credentials(self, role: str) -> str:
        return f"{role}.{resource_name(self.name)}.credentials"

    @property
    def encryption_key(self) -> str:
        return f"{NAME}-harbor-harbor-core-encryptionkey"

    @property
    def copy(self) -> str:
        """Harbor's copy of the database password."""
        return f"{NAME}-database-password"

    @property
    def names(self) -> list[str]:
        roles = [self.credentials(role) for role in ("postgres", "standby", "harbor")]
        return [*roles, self.copy, self.encryption_key]

    def fill(self, salt: str = "") -> None:
        """What the operators would make."""
        for role in ("postgres", "standby", "harbor"):
            password = f"{CANARY}{salt}{role}"
            self.put(secret(self.credentials(role), username=role, password=password))
        self.put(secret(self.copy, postgresql_password=f"{CANARY}{salt}harbor"))
        self.put(secret(self.encryption_key, secret=f"{CANARY}{salt}key") | IMMUTABLE)

    def put(self, body: dict) -> None:
        self.api.create("secrets", body, self.name)

    def get(self, name: str) -> dict | None:
        return self.api.find("secrets", self.name, name)

    def secrets(self) -> dict[str, dict]:
        return {it["metadata"]["name"]: it for it in self.api.list("secrets", self.name)}

    def data(self) -> dict[str, dict]:
        return {name: it.get("data", {}) for name, it in self.secrets().items()}

    def versions(self) -> dict[str, str]:
        """Which change nothing when nothing has been written."""
        return {name: it["metadata"]["resourceVersion"] for name, it in self.secrets().items()}

    def empty(self) -> None:
        for name in self.secrets():
            self.api.delete("secrets", self.name, name)

    def change(self, name: str, key: str, value: str) -> None:
        self.api.patch("secrets", self.name, name, {"data": {key: encoded(value)}})

    def kubeconfig(self, account: str, folder: Path) -> Path:
        """Of a service account."""
        self.api.create("serviceaccounts", {"metadata": {"name": account}}, self.name)
        token = self.kubectl("-n", self.name, "create", "token", account).out.strip()
        path = folder / f"{account}.kubeconfig"
        self.cluster.write_kubeconfig(path, token)
        return path

    def allow(self, account: str, rules: list[dict], subject: dict | None = None) -> None:
        """Of a service account, or of somebody else."""
        group = "rbac.authorization.k8s.io"
        role = {"metadata": {"name": account}, "rules": rules}
        subject = subject or {"kind": "ServiceAccount", "name": account, "namespace": self.name}
        binding = {
            "metadata": {"name": account},
            "roleRef": {"apiGroup": group, "kind": "Role", "name": account},
            "subjects": [subject],
        }
        self.api.create("roles", role, self.name)
        self.api.create("rolebindings", binding, self.name)

    def select(self) -> tuple[str, ...]:
        return ("--namespace", self.name, "--harborcluster", NAME)
