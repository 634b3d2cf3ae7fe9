"""The restore label of a namespace, as the pods of the real operator feel it."""

import json

import pytest
from api import INTERVAL
from harbor import OLD_LOCALES, environment
from polling import wait_for
from webhook import BACKUP_LABEL as BACKUP
from webhook import ENTRIES
from webhook import RESTORE_LABEL as RESTORE

NAME = "harbor-pg-restore"
LITERAL = "dr-2026-11"


def reference(kind: str, key: str, **more: bool) -> dict:
    return {"valueFrom": {f"{kind}KeyRef": {"name": NAME, "key": key, **more}}}


def config(key: str, **more: bool) -> dict:
    return reference("configMap", key, **more)


def text(value: str) -> dict:
    """The API server leaves an empty value out."""
    return {"value": value} if value else {}


COMMON = {
    "CLONE_METHOD": text("CLONE_WITH_WALE"),
    "CLONE_WITH_WALE": text("true"),
    "CLONE_USER": text("standby"),
    "CLONE_PORT": text("5432"),
    "CLONE_USE_WALG_RESTORE": text("true"),
    "USE_WALG_RESTORE": text("true"),
    "USEWALG_RESTORE": text("true"),
    "CLONE_AWS_ACCESS_KEY_ID": reference("secret", "CLONE_AWS_ACCESS_KEY_ID"),
    "CLONE_AWS_SECRET_ACCESS_KEY": reference("secret", "CLONE_AWS_SECRET_ACCESS_KEY"),
}

ENABLED = {
    **COMMON,
    "CLONE_SCOPE": config("CLONE_SCOPE"),
    "CLONE_HOST": config("CLONE_SCOPE"),
    "CLONE_WAL_S3_BUCKET": config("CLONE_WAL_S3_BUCKET"),
    "CLONE_WAL_BUCKET_SCOPE_SUFFIX": config("CLONE_WAL_BUCKET_SCOPE_SUFFIX"),
    "CLONE_AWS_REGION": config("CLONE_AWS_REGION"),
    "CLONE_WAL_BUCKET_SCOPE_PREFIX": config("CLONE_WAL_BUCKET_SCOPE_PREFIX", optional=True),
    "CLONE_TARGET_TIME": config("CLONE_TARGET_TIME", optional=True),
    "CLONE_TARGET_TIMELINE": config("CLONE_TARGET_TIMELINE", optional=True),
}

LITERALLY = {
    **COMMON,
    "CLONE_SCOPE": text("postgresql-harbor-harbor"),
    "CLONE_HOST": text("postgresql-harbor-harbor"),
    "CLONE_WAL_S3_BUCKET": text("harbor-db-backups"),
    "CLONE_WAL_BUCKET_SCOPE_PREFIX": text(""),
    "CLONE_WAL_BUCKET_SCOPE_SUFFIX": text("/99e85b8a-3f92-4c86-8d42-5056348c1e7e"),
    "CLONE_AWS_REGION": text("eu-central-1"),
}

ARCHIVE = {
    "WAL_S3_BUCKET": text("harbor-db-backups"),
    "WAL_BUCKET_SCOPE_PREFIX": text(""),
    "WAL_BUCKET_SCOPE_SUFFIX": text("/generation-2"),
    "AWS_REGION": text("eu-central-1"),
    "USE_WALG_BACKUP": text("true"),
    "USE_WALG_RESTORE": text("true"),
    "BACKUP_SCHEDULE": text("0 1 * * *"),
    "BACKUP_NUM_TO_RETAIN": text("7"),
    "AWS_ACCESS_KEY_ID": {
        "valueFrom": {"secretKeyRef": {"name": "harbor-pg-backup", "key": "AWS_ACCESS_KEY_ID"}}
    },
    "AWS_SECRET_ACCESS_KEY": {
        "valueFrom": {"secretKeyRef": {"name": "harbor-pg-backup", "key": "AWS_SECRET_ACCESS_KEY"}}
    },
}

LABELS = {
    "no label": ({}, {}),
    "enabled": ({RESTORE: "enabled"}, ENABLED),
    "literal": ({RESTORE: LITERAL}, LITERALLY),
    "backup": ({BACKUP: "generation-2"}, ARCHIVE),
    "backup and restore": (
        {BACKUP: "generation-2", RESTORE: "enabled"},
        {**ARCHIVE, **ENABLED},
    ),
}


def by_name(entries: list[dict]) -> dict[str, dict]:
    """Entries by name, none of which is there twice."""
    names = [entry["name"] for entry in entries]
    assert len(names) == len(set(names)), names
    return {
        entry["name"]: {key: value for key, value in entry.items() if key != "name"}
        for entry in entries
    }


@pytest.mark.parametrize(
    ("labels", "expected"), list(LABELS.values()), ids=[name.replace(" ", "-") for name in LABELS]
)
def test_a_pod_gets_what_the_labels_say_and_nothing_else(database, request, labels, expected):
    it = database(f"labels-{request.node.callspec.id}", labels=labels)
    pod = it.wait_pod("the pod")
    made = by_name(environment(it.stateful_set()["spec"]["template"]))
    assert not made.keys() & expected.keys()
    assert OLD_LOCALES["value"] == made[OLD_LOCALES["name"]]["value"]
    assert by_name(environment(pod)) == {**made, **expected}


def test_without_the_label_the_next_pod_is_an_ordinary_one(database):
    it = database("label-off", labels={RESTORE: "enabled"})
    it.wait_running()
    first = it.pod()
    template = it.stateful_set()["spec"]["template"]
    assert clone_names(first)

    it.label(**{RESTORE: None})
    assert it.pod()["metadata"]["uid"] == first["metadata"]["uid"]
    # The label is taken over from the API server's cache, a moment later.
    wait_for("a pod without CLONE_ names", lambda: not clone_names(it.next_pod()), 30, INTERVAL)
    assert environment(it.pod()) == environment(template)
    assert OLD_LOCALES in environment(it.pod())
    assert it.stateful_set()["spec"]["template"] == template


def clone_names(pod: dict) -> list[str]:
    return [name for name in by_name(environment(pod)) if name.startswith("CLONE_")]


@pytest.mark.parametrize("label", ["enabeld", "unlisted"])
def test_a_typo_in_the_label_gives_no_pod_and_the_event_says_why(database, label):
    it = database(f"typo-{label}", labels={RESTORE: label})
    why = f"the label {RESTORE} of namespace '{it.namespace}' names no profile"
    profiles = f"there are: {LITERAL}, enabled"
    wait_for("the StatefulSet says why", lambda: it.refused(why, profiles), 60, INTERVAL)
    assert it.pod() is None
    assert "CLONE_SCOPE" not in json.dumps(it.stateful_set())

    it.label(**{RESTORE: LITERAL})
    pod = it.wait_pod("the pod comes once the label is right", seconds=120)
    assert by_name(environment(pod)).items() >= LITERALLY.items()


def test_pods_beside_the_database_are_left_alone(cluster, database):
    """A pod of the same namespace that is no spilo pod, whatever the label."""
    it = database("beside", labels={RESTORE: "enabeld"}, replicas=None)
    cluster.api.wait("the service account", "serviceaccounts", it.namespace, "default")
    container = {"name": "pooler", "image": "x", "env": [{"name": "SCOPE", "value": "x"}]}
    pod = {"metadata": {"name": "pooler"}, "spec": {"containers": [container]}}
    stored = cluster.api.create("pods", pod, it.namespace)
    assert stored["spec"]["containers"][0]["env"] == container["env"]


def configmap(data: dict[str, str]) -> str:
    metadata = {"name": NAME}
    return json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data})


def test_every_mistake_of_the_configmap_is_in_what_kubectl_prints(cluster, database):
    it = database("configmap", replicas=None)
    apply = ("-n", it.namespace, "apply", "-f", "-")
    wrong = {
        "CLONE_WAL_S3_BUCKET": "s3://harbor-db-backups",
        "CLONE_WAL_BUCKET_SCOPE_SUFFIX": "generation-1",
        "CLONE_AWS_REGION": "",
        "CLONE_AWS_ACCESS_KEY_ID": "canary-id-of-the-configmap",
    }
    refused = cluster.kubectl.run(*apply, stdin=configmap(wrong))
    assert refused.code != 0
    for mistake in (
        "data.CLONE_SCOPE is missing",
        "data.CLONE_WAL_S3_BUCKET: 's3://harbor-db-backups' has a scheme",
        "data.CLONE_WAL_BUCKET_SCOPE_SUFFIX: 'generation-1' does not start with '/'",
        "data.CLONE_AWS_REGION is empty",
        f"data.CLONE_AWS_ACCESS_KEY_ID is a secret: it belongs in Secret '{NAME}'",
    ):
        assert mistake in refused.err, refused.err
    assert "canary-id-of-the-configmap" not in refused.err
    assert cluster.api.find("configmaps", it.namespace, NAME) is None

    right = {
        "CLONE_SCOPE": "postgresql-harbor-harbor",
        "CLONE_WAL_S3_BUCKET": "harbor-db-backups",
        "CLONE_WAL_BUCKET_SCOPE_SUFFIX": "/99e85b8a-3f92-4c86-8d42-5056348c1e7e",
        "CLONE_AWS_REGION": "eu-central-1",
    }
    cluster.kubectl(*apply, stdin=configmap(right))
    cluster.kubectl("-n", it.namespace, "create", "configmap", "other", "--from-literal=A=b")


def test_the_audit_log_has_our_decision_and_no_secret(cluster, webhook, database):
    it = database("audit", labels={RESTORE: "enabled"}, replicas=None)
    canary = "canary-of-the-secret"
    keys = {"CLONE_AWS_ACCESS_KEY_ID": canary, "CLONE_AWS_SECRET_ACCESS_KEY": canary}
    cluster.api.create("secrets", {"metadata": {"name": NAME}, "stringData": keys}, it.namespace)
    it.create()
    it.wait_pod("the pod")
    created = wait_for(
        "the audit log has the pod",
        lambda: cluster.audited("create", "pods", f"{it.name}-0"),
        10,
        INTERVAL,
    )[0]
    ours = {
        key.partition("/")[2]: value
        for key, value in created["annotations"].items()
        if key.startswith(f"restore-enabled.{ENTRIES}/")
    }
    assert ours["decision"] == "restore"
    assert ours["reason"] == "restore"
    assert ours["profile"] == "enabled"
    assert canary not in cluster.audit_log.read_text()
    assert canary not in webhook.node.output()
