"""HarborClusters, and what the operators make of them."""

from api import Api

HARBORS_IMAGE = "registry.opensource.zalan.do/acid/spilo-12:1.6-p3"
HARBORS_RULES = ["hostssl all all 0.0.0.0/0 md5", "host    all all 0.0.0.0/0 md5"]

PIN = "ghcr.io/zalando/spilo-16:3.2-p3"
RULES = [
    "hostssl all all 0.0.0.0/0 md5",
    "host all all 0.0.0.0/0 md5",
    "local all all trust",
    "local replication postgres trust",
    "hostssl replication postgres all md5",
    "local   replication standby trust",
    "hostssl replication standby all md5",
    "hostssl all +zalandos all pam",
    "hostssl all all all md5",
]
OLD_LOCALES = {"name": "USE_OLD_LOCALES", "value": "true"}

NAME = "registry"  # of every HarborCluster here


def resource_name(namespace: str) -> str:
    """Of the `postgresql` that Harbor-operator makes, and of all that the operator makes of it."""
    return f"postgresql-{namespace}-{NAME}"


def harbor_cluster(replicas: int) -> dict:
    """As small as Harbor-operator's CRD lets it be; only its database is ever made here."""
    sizes = {"cpu": "100m", "memory": "250Mi"}
    return {
        "apiVersion": "goharbor.io/v1beta1",
        "kind": "HarborCluster",
        "metadata": {"name": NAME},
        "spec": {
            "version": "2.5.1",
            "harborAdminPasswordRef": "admin",
            "externalURL": "https://registry.example.invalid",
            "expose": {
                "core": {
                    "ingress": {"host": "registry.example.invalid", "controller": "default"},
                    "tls": {"certificateRef": "public"},
                }
            },
            "portal": {},
            "registry": {},
            "core": {"tokenIssuer": {"name": "issuer", "kind": "Issuer"}},
            "database": {
                "kind": "Zlando/PostgreSQL",
                "spec": {
                    "zlandoPostgreSql": {
                        "operatorVersion": "1.5.0",
                        "storage": "1Gi",
                        "replicas": replicas,
                        "resources": {"limits": sizes, "requests": sizes},
                    }
                },
            },
            "storage": {
                "kind": "FileSystem",
                "spec": {"fileSystem": {"registryPersistentVolume": {"claimName": "registry"}}},
            },
            "cache": {
                "kind": "Redis",
                "spec": {"redis": {"host": "redis.example.invalid", "port": 6379}},
            },
        },
    }


class Database:
    """The database of one HarborCluster, in a namespace of its own."""

    def __init__(self, api: Api, namespace: str) -> None:
        self.api = api
        self.namespace = namespace
        self.name = resource_name(namespace)

    def create(self, replicas: int = 1) -> None:
        self.api.create("harborclusters", harbor_cluster(replicas), self.namespace)

    def scale(self, replicas: int) -> None:
        """What makes Harbor-operator PUT its whole object again."""
        database = {"spec": {"zlandoPostgreSql": {"replicas": replicas}}}
        changes = {"spec": {"database": database}}
        self.api.patch("harborclusters", self.namespace, NAME, changes)

    def label(self, **labels: str | None) -> None:
        """Changes the labels of its namespace; None takes one off."""
        self.api.patch("namespaces", None, self.namespace, {"metadata": {"labels": labels}})

    def change(self, changes: dict) -> None:
        """Changes the resource itself, as a person does."""
        self.api.patch("postgresqls", self.namespace, self.name, changes)

    def annotate(self, annotations: dict[str, str | None]) -> None:
        self.change({"metadata": {"annotations": annotations}})

    def resource(self) -> dict:
        return self.api.get("postgresqls", self.namespace, self.name)

    def exists(self) -> bool:
        return self.api.find("postgresqls", self.namespace, self.name) is not None

    def stateful_set(self) -> dict:
        return self.api.get("statefulsets", self.namespace, self.name)

    def pod(self, ordinal: int = 0) -> dict | None:
        return self.api.find("pods", self.namespace, f"{self.name}-{ordinal}")

    def pods(self) -> list[dict]:
        return self.api.list("pods", self.namespace)

    def wait_resource(self, what: str, true=bool, seconds: float = 60.0) -> dict:
        return self.api.wait(what, "postgresqls", self.namespace, self.name, true, seconds)

    def wait_pod(self, what: str, true=bool, ordinal: int = 0, seconds: float = 60.0) -> dict:
        name = f"{self.name}-{ordinal}"
        return self.api.wait(what, "pods", self.namespace, name, true, seconds)

    def wait_running(self) -> dict:
        """Until the operator is content with all pods."""
        return self.wait_resource(f"{self.name} is Running", running)

    def delete_pod(self) -> None:
        """As a node failure would; its StatefulSet makes a new one."""
        self.api.delete("pods", self.namespace, f"{self.name}-0")

    def next_pod(self) -> dict:
        """Deletes the first pod and gives the one that comes after it."""
        uid = self.pod()["metadata"]["uid"]
        self.delete_pod()
        return self.wait_pod("the next pod", lambda found: found["metadata"]["uid"] != uid)

    def refused(self, *texts: str) -> bool:
        """Whether an event of the StatefulSet says so of a pod that could not be created."""
        return self.refusals(*texts) > 0

    def refusals(self, *texts: str) -> int:
        """How often."""
        return sum(
            event["count"]
            for event in self.api.list("events", self.namespace)
            if event["reason"] == "FailedCreate"
            and event["involvedObject"]["name"] == self.name
            and all(text in event["message"] for text in texts)
        )


def running(resource: dict) -> bool:
    return resource.get("status", {}).get("PostgresClusterStatus") == "Running"


def environment(pod_or_template: dict) -> list[dict]:
    """The env entries of the container postgres."""
    containers = pod_or_template["spec"]["containers"]
    return next(it for it in containers if it["name"] == "postgres").get("env", [])


def image(pod_or_template: dict) -> str:
    containers = pod_or_template["spec"]["containers"]
    return next(it for it in containers if it["name"] == "postgres")["image"]


def harbors_resource(namespace: str) -> dict:
    """The `postgresql` of a HarborCluster, made by hand."""
    return {
        "apiVersion": "acid.zalan.do/v1",
        "kind": "postgresql",
        "metadata": {
            "name": resource_name(namespace),
            "annotations": {f"{namespace}.harborcluster.checksum.goharbor.io/{NAME}": "1"},
        },
        "spec": {
            "teamId": f"postgresql-{namespace}",
            "numberOfInstances": 1,
            "dockerImage": HARBORS_IMAGE,
            "volume": {"size": "1Gi"},
            "users": {"harbor": ["superuser", "createdb"]},
            "databases": {"core": "harbor"},
            "patroni": {"pg_hba": list(HARBORS_RULES)},
            "postgresql": {"version": "12", "parameters": {"max_connections": "1024"}},
        },
    }
