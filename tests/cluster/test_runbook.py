"""The runbook's way, an operator-wide ConfigMap with the restore of one database, is left in place:
where a namespace has a restore label, nothing of it has an effect any more."""

from collections.abc import Iterator

import operators
import pytest
from harbor import environment
from plane import Plane
from test_restore import COMMON, ENABLED, LITERAL, LITERALLY, by_name
from webhook import RESTORE_LABEL

NAME = "pod-environment"
RUNBOOK = {
    "CLONE_METHOD": "CLONE_WITH_WALE",
    "CLONE_SCOPE": "postgresql-of-another",
    "CLONE_HOST": "postgresql-of-another",
    "CLONE_PORT": "5433",
    "CLONE_USER": "somebody",
    "CLONE_WAL_S3_BUCKET": "another-bucket",
    "CLONE_WAL_BUCKET_SCOPE_SUFFIX": "/11111111-2222-3333-4444-555555555555",
    "CLONE_WAL_BUCKET_SCOPE_PREFIX": "another/",
    "CLONE_AWS_ACCESS_KEY_ID": "of-another",
    "CLONE_AWS_SECRET_ACCESS_KEY": "of-another",
    "CLONE_AWS_REGION": "nowhere-1",
    "CLONE_AWS_ENDPOINT": "http://s3.example.invalid",
    "CLONE_TARGET_TIME": "2020-01-01T00:00:00+00:00",
    "CLONE_USE_WALG_RESTORE": "false",
    "USEWALG_RESTORE": "false",
}


@pytest.fixture
def runbook(cluster: Plane) -> Iterator[None]:
    """The operator with the runbook's ConfigMap."""

    def set_name(name: str | None) -> None:
        data = {"data": {"pod_environment_configmap": name}}
        cluster.api.patch("configmaps", "default", "postgres-operator", data)
        cluster.processes.stop("postgres-operator")
        operators.start_postgres_operator(cluster)

    cluster.api.create("configmaps", {"metadata": {"name": NAME}, "data": RUNBOOK}, "default")
    set_name(f"default/{NAME}")
    yield
    set_name(None)


def restores(entries: list[dict]) -> dict[str, dict]:
    """What an environment has to do with a restore."""
    return {
        name: entry
        for name, entry in by_name(entries).items()
        if name.startswith("CLONE_") or name in COMMON
    }


def test_no_effect_of_the_runbook_is_left(runbook, database):
    labels = {LITERAL: LITERALLY, "enabled": ENABLED}
    databases = {name: database(f"runbook-{name}", labels={RESTORE_LABEL: name}) for name in labels}
    for name, it in databases.items():
        pod = it.wait_pod("the pod")
        made = by_name(environment(it.stateful_set()["spec"]["template"]))
        assert made.items() >= {key: {"value": value} for key, value in RUNBOOK.items()}.items()
        assert restores(environment(pod)) == labels[name]
