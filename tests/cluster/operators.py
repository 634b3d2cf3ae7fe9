"""The two real operators, with their own CRDs and settings from the Go module cache."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import tools
import yaml
from api import INTERVAL, ApiError
from harbor import Database
from pki import Authority
from plane import Plane, kwok_source
from polling import wait_for

PROGRAMS = ("postgres-operator", "postgres-operator-new", "harbor-operator")

POSTGRES_MANIFESTS = (
    "postgresql.crd.yaml",
    "postgresteam.crd.yaml",
    "operatorconfiguration.crd.yaml",
    "operator-service-account-rbac.yaml",
)

SECRET_NAMES = "{username}.{cluster}.credentials"

# As Harbor-operator ships it, with shorter periods.
POSTGRES_SETTINGS = {
    "cluster_labels": "application:spilo",
    "cluster_name_label": "cluster-name",
    "pod_role_label": "spilo-role",
    "super_username": "postgres",
    "replication_username": "standby",
    "secret_name_template": SECRET_NAMES,
    "enable_pgversion_env_var": "true",
    "enable_spilo_wal_path_compat": "true",
    "enable_teams_api": "false",
    "enable_crd_registration": "false",
    "api_port": "18080",
    "watched_namespace": "*",
    "workers": "16",
    "resync_period": "8s",
    "repair_period": "8s",
    "ready_wait_interval": "1s",
    "resource_check_interval": "1s",
    "resource_check_timeout": "60s",
    "pod_label_wait_timeout": "60s",
}

HARBOR_CONTROLLERS_OFF = (
    "core exporter harbor jobservice registry notaryserver notarysigner portal chartmuseum trivy "
    "registryctl harborconfigurationcm harborconfiguration harborserverconfiguration "
    "pullsecretbinding namespace"
).split()


def postgres_source() -> Path:
    return tools.module("postgres-operator-1.13.0", "github.com/zalando/postgres-operator")


def newer_postgres_source() -> Path:
    return tools.module("postgres-operator-1.15.1", "github.com/zalando/postgres-operator")


def harbor_source() -> Path:
    return tools.module("harbor-operator", "github.com/goharbor/harbor-operator")


def download() -> None:
    """Gets the sources that are not in the module cache yet."""
    for source in (kwok_source, postgres_source, newer_postgres_source, harbor_source):
        source()


def install(
    plane: Plane, hosts: Path | None = None, settings: dict[str, str] | None = None
) -> None:
    """Both operators, each with its CRDs. The one of PostgreSQL logs in to the databases when it
    has a hosts file to find them by; `settings` come before those above."""
    manifests = postgres_source() / "manifests"
    files = [word for name in POSTGRES_MANIFESTS for word in ("-f", str(manifests / name))]
    plane.kubectl("create", *files)
    data = {**POSTGRES_SETTINGS, **(settings or {})}
    plane.api.create(
        "configmaps", {"metadata": {"name": "postgres-operator"}, "data": data}, "default"
    )
    for crd in harbor_crds():
        plane.api.create("customresourcedefinitions", crd)
    # Harbor-operator ends when it finds a group that is not served yet.
    crds = plane.api.list("customresourcedefinitions")
    wait_for("CRDs are served", lambda: all(served(plane, crd) for crd in crds), 60, INTERVAL)
    start_postgres_operator(plane, hosts=hosts)
    start_harbor_operator(plane)


def harbor_crds() -> list[dict]:
    """Harbor's own, without the conversion webhook, which is not there."""
    manifest = harbor_source() / "manifests/cluster/deployment.yaml"
    crds = [
        yaml.load(text, yaml.CSafeLoader)
        for text in manifest.read_text().split("\n---\n")
        if "\nkind: CustomResourceDefinition\n" in text
    ]
    crds = [crd for crd in crds if crd["spec"]["group"] != "acid.zalan.do"]
    for crd in crds:
        crd["spec"].pop("conversion", None)
        crd["metadata"].pop("annotations", None)
    return crds


def served(plane: Plane, crd: dict) -> bool:
    """Whether the API server offers every version of it."""
    spec = crd["spec"]
    try:
        for version in spec["versions"]:
            path = f"/apis/{spec['group']}/{version['name']}"
            names = [it["name"] for it in plane.api.call("GET", path)["resources"]]
            if version["served"] and spec["names"]["plural"] not in names:
                return False
    except ApiError:
        return False
    return True


def newer_schemas() -> list[dict]:
    """Of the `postgresqls` of v1.15.1, one for each version."""
    text = (newer_postgres_source() / "manifests/postgresql.crd.yaml").read_text()
    crd = yaml.load(text, yaml.CSafeLoader)
    return [entry["schema"] for entry in crd["spec"]["versions"]]


def start_postgres_operator(
    plane: Plane, program: str = "postgres-operator", hosts: Path | None = None
) -> None:
    token = plane.kubectl("create", "token", "postgres-operator", "--duration=24h").out.strip()
    kubeconfig = plane.folder / "postgres-operator.kubeconfig"
    plane.write_kubeconfig(kubeconfig, token)
    words = ["-outofcluster", "-noteamsapi", "-kubeconfig", kubeconfig]
    plane.run(
        program,
        *(words if hosts else [*words, "-nodatabaseaccess"]),
        hosts=hosts,
        env={"CONFIG_MAP_NAME": "default/postgres-operator", "OPERATOR_NAMESPACE": "default"},
    )


def start_harbor_operator(plane: Plane) -> None:
    """Only its HarborCluster controller, which needs no other operator."""
    home = plane.folder / "harbor-operator"
    (home / ".kube").mkdir(parents=True)
    shutil.copy(plane.kubeconfig, home / ".kube/config")
    certificates = home / "k8s-webhook-server/serving-certs"
    certificates.mkdir(parents=True)
    for name, content in Authority("harbor-operator").pair().items():
        (certificates / name).write_bytes(content)
    config = plane.write("harbor-operator/config.yaml", harbor_settings())
    plane.run(
        "harbor-operator",
        env={
            "CONFIGURATION_FROM": f"file:{config}",
            "HOME": str(home),
            "TMPDIR": str(home),
            "KUBECONFIG": str(plane.kubeconfig),
            "POSTGRES_SECRETS_TEMPLATE": SECRET_NAMES,
        },
    )


def harbor_settings() -> list[dict]:
    """The module's own, with ours instead of those that name files of its image."""
    defaults = harbor_source() / "config/config"
    addresses = {
        "port": 19443,
        "metricsBindAddress": "127.0.0.1:18081",
        "healthProbeBindAddress": "127.0.0.1:15000",
    }
    ours = {
        **{f"{name}-controller-disabled": "true" for name in HARBOR_CONTROLLERS_OFF},
        "operator": json.dumps(addresses),
        "controllers-config-directory": str(defaults / "controllers"),
    }
    settings = yaml.load((defaults / "config.yaml").read_text(), yaml.CSafeLoader)
    kept = [item for item in settings if item["key"] not in ours]
    return kept + [{"key": key, "priority": 100, "value": value} for key, value in ours.items()]


def syncs(plane: Plane, database: Database) -> Callable[[], int]:
    """Counts how often the operator has looked at the whole of a database."""
    cluster = f"{database.namespace}/{database.name}"

    def count() -> int:
        lines = plane.processes.log("postgres-operator").splitlines()
        return sum(cluster in line and "cluster has been synced" in line for line in lines)

    return count
