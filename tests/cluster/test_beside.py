"""Pods that postgres-operator makes beside a database: in a namespace with a restore label too they
are as their templates say, and come also where a database pod would be refused."""

from api import INTERVAL
from harbor import OLD_LOCALES, PIN, Database, harbors_resource
from plane import Plane
from polling import wait_for
from webhook import RESTORE_LABEL

TYPO = "enabeld"


def test_backup_pods_are_left_alone(cluster: Plane, database):
    """Their container has SCOPE, too, but another name."""
    it: Database = database("backed-up", labels={RESTORE_LABEL: "enabled"})
    it.wait_running()
    it.change({"spec": {"enableLogicalBackup": True}})
    name = f"logical-backup-{it.name}"
    cron = cluster.api.wait("the operator's CronJob", "cronjobs", it.namespace, name)
    template = cron["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]
    assert {"name": "SCOPE", "value": it.name} in template["env"]

    it.label(**{RESTORE_LABEL: TYPO})
    it.delete_pod()
    wait_for("database pods are refused", lambda: it.refused("names no profile"), 60, INTERVAL)
    cluster.kubectl("-n", it.namespace, "create", "job", "now", f"--from=cronjob/{name}")
    pod = wait_for("the backup's pod", lambda: first(cluster, it, "job-name", "now"), 30, INTERVAL)
    assert pod["spec"]["containers"][0]["env"] == template["env"]
    assert it.pod() is None


def test_pooler_pods_are_left_alone(cluster: Plane, database):
    """Of a standby cluster, the only one whose pooler comes without a database to log in to."""
    it: Database = database("pooled", labels={RESTORE_LABEL: "enabled"}, replicas=None)
    resource = harbors_resource(it.namespace)
    resource["metadata"] = {"name": "acid-pooled"}
    resource["spec"].update(
        teamId="acid",
        dockerImage=PIN,
        env=[OLD_LOCALES],
        enableConnectionPooler=True,
        standby={"standby_host": "primary.example.invalid"},
    )
    cluster.api.create("postgresqls", resource, it.namespace)
    name = "acid-pooled-pooler"
    template = cluster.api.wait("the pooler", "deployments", it.namespace, name, seconds=90)
    container = template["spec"]["template"]["spec"]["containers"][0]
    pod = wait_for(
        "a pod of the pooler",
        lambda: first(cluster, it, "connection-pooler", name),
        30,
        INTERVAL,
    )
    assert pod["spec"]["containers"][0]["env"] == container["env"]


def first(cluster: Plane, it: Database, label: str, value: str) -> dict | None:
    """The first pod with a label, if there is one."""
    pods = cluster.api.list("pods", it.namespace)
    return next((pod for pod in pods if pod["metadata"]["labels"].get(label) == value), None)
