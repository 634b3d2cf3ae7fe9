"""A HarborCluster through both real operators: what the resource, the StatefulSet and the pods are
like, and that they stay so."""

import json
from collections.abc import Iterator

import operators
import pytest
from api import INTERVAL, ApiError
from crd import PostgresqlCrd
from harbor import (
    HARBORS_IMAGE,
    HARBORS_RULES,
    OLD_LOCALES,
    PIN,
    RULES,
    Database,
    environment,
    harbors_resource,
    image,
)
from plane import Plane
from polling import wait_for
from webhook import ENTRIES, Webhook
from webhook import RESTORE_LABEL as RESTORE

PATCHED = "harbor-pg-webhook/patched"
REPAIR = "harbor-pg-webhook/repair"


def assert_repaired(resource: dict) -> None:
    spec = resource["spec"]
    assert spec["patroni"]["pg_hba"] == RULES
    assert spec["dockerImage"] == PIN
    assert spec["env"] == [OLD_LOCALES]
    assert resource["metadata"]["annotations"][PATCHED] == "env,image,pg_hba"


def rules_of(pod_or_template: dict) -> list[str]:
    """The rules that spilo is given."""
    values = {it["name"]: it.get("value") for it in environment(pod_or_template)}
    return json.loads(values["SPILO_CONFIGURATION"])["postgresql"]["pg_hba"]


def wait_synced(cluster: Plane, database: Database, times: int) -> None:
    """Until the operator has looked at the whole database so many times more."""
    count = operators.syncs(cluster, database)
    wanted = count() + times
    wait_for(f"{times} more syncs of {database.name}", lambda: count() >= wanted, 90, INTERVAL)


def test_a_new_database_is_repaired_down_to_its_pods(database):
    it = database("fresh", replicas=2)
    assert_repaired(it.wait_running())
    template = it.stateful_set()["spec"]["template"]
    pods = it.pods()
    assert [pod["metadata"]["name"] for pod in pods] == [f"{it.name}-0", f"{it.name}-1"]
    for holder in (template, *pods):
        assert image(holder) == PIN
        assert OLD_LOCALES in environment(holder)
        assert rules_of(holder) == RULES


def test_what_is_repaired_and_restored_is_left_alone(cluster, database):
    """By three syncs of the operator: nothing is written, no pod is made again."""
    it = database("left-alone", labels={RESTORE: "enabled"})
    it.wait_running()

    def state() -> tuple:
        pods = [pod["metadata"]["uid"] for pod in it.pods()]
        template = it.stateful_set()["spec"]["template"]
        return it.resource()["metadata"]["generation"], template, pods

    before = state()
    wait_synced(cluster, it, 3)
    assert state() == before


def test_the_full_put_of_harbor_operator_keeps_the_repair(cluster, database):
    it = database("put")
    it.wait_running()
    pod = it.pod()
    it.scale(2)
    resource = it.wait_resource("the PUT", lambda found: found["spec"]["numberOfInstances"] == 2)

    put = cluster.audited("update", "postgresqls", it.name)[-1]
    assert put["requestObject"]["spec"]["dockerImage"] == HARBORS_IMAGE
    assert put["requestObject"]["spec"]["patroni"]["pg_hba"] == HARBORS_RULES
    assert "env" not in put["requestObject"]["spec"]
    assert put["annotations"][f"postgresqls.{ENTRIES}/decision"] == "repaired"

    assert_repaired(resource)
    it.wait_pod("the second pod is there", ordinal=1)
    assert it.pod()["metadata"]["uid"] == pod["metadata"]["uid"]
    assert image(it.pod(1)) == PIN


def test_the_put_keeps_the_repair_when_our_annotation_was_taken_off(database):
    it = database("annotation-off")
    it.wait_running()
    it.annotate({PATCHED: None})
    assert PATCHED not in it.resource()["metadata"]["annotations"]
    it.scale(2)
    resource = it.wait_resource("the PUT", lambda found: found["spec"]["numberOfInstances"] == 2)
    assert_repaired(resource)


def test_the_put_keeps_what_a_person_repaired_by_hand(webhook, database):
    it = database("by-hand", replicas=None)
    by_hand = {
        "dockerImage": "registry.example.invalid/acid/spilo-15:3.2-p1",
        "patroni": {"pg_hba": [*RULES, "host all all ::/0 md5"]},
        "env": [OLD_LOCALES, {"name": "OF_A_PERSON", "value": "1"}],
    }
    with webhook.blind_to(it.namespace):
        it.create()
        it.wait_resource("Harbor's resource")
        it.change({"spec": by_hand})
    before = it.resource()["spec"]

    it.scale(2)
    after = it.wait_resource("the PUT", lambda found: found["spec"]["numberOfInstances"] == 2)
    assert after["spec"] == {**before, "numberOfInstances": 2}


def test_an_image_that_a_person_chose_stays(cluster, database):
    it = database("chosen", replicas=None)
    chosen = "registry.example.invalid/acid/spilo-14:2.1-p7"
    resource = harbors_resource(it.namespace)
    resource["spec"]["dockerImage"] = chosen
    created = cluster.api.create("postgresqls", resource, it.namespace)
    assert created["spec"]["dockerImage"] == chosen
    assert created["spec"]["patroni"]["pg_hba"] == RULES


@pytest.mark.parametrize("namespace", ["other-team", "kube-system"])
def test_what_is_not_harbors_stays_as_it_came(cluster, database, namespace):
    """Another team's resource, and whatever lies in kube-system, Harbor-like or not."""
    if namespace != "kube-system":
        database(namespace, replicas=None)
    resource = harbors_resource(namespace)
    if namespace != "kube-system":
        resource["metadata"] = {"name": "acid-other"}
        resource["spec"]["teamId"] = "acid"
    path = f"/apis/acid.zalan.do/v1/namespaces/{namespace}/postgresqls?dryRun=All"
    stored = cluster.api.call("POST", path, resource)
    assert stored["spec"] == resource["spec"]
    assert stored["metadata"].get("annotations") == resource["metadata"].get("annotations")


def repair(cluster: Plane, database: Database) -> str:
    """Sets the annotation as a person does; gives what kubectl prints beside the result."""
    what = ("-n", database.namespace, "annotate", "postgresql", database.name)
    cluster.kubectl(*what, f"{REPAIR}-")
    return cluster.kubectl(*what, f"{REPAIR}=true").err


def test_the_annotation_repairs_a_live_database_in_two_steps(cluster, webhook, database):
    it = database("live", replicas=None)
    with webhook.blind_to(it.namespace):
        it.create()
        it.wait_resource("Harbor's resource")
    it.scale(2)
    spec = it.wait_resource("the PUT", lambda it: it["spec"]["numberOfInstances"] == 2)["spec"]
    assert (spec["patroni"]["pg_hba"], spec["dockerImage"]) == (HARBORS_RULES, HARBORS_IMAGE)

    repair(cluster, it)
    spec = it.resource()["spec"]
    assert (spec["patroni"]["pg_hba"], spec["dockerImage"]) == (RULES, HARBORS_IMAGE)
    assert spec["env"] == [OLD_LOCALES]
    repair(cluster, it)
    assert_repaired(it.resource())


@pytest.fixture
def crd(cluster: Plane) -> Iterator[PostgresqlCrd]:
    """The CRD of `postgresqls`, which is today's again afterwards."""
    it = PostgresqlCrd(cluster.api, "default")
    yield it
    it.serve(it.today, "kept")


def test_a_crd_that_prunes_env_keeps_a_live_image_where_it_is(
    cluster: Plane, webhook: Webhook, database, crd
):
    crd.serve(crd.before_1_8(), "pruned")
    it = database("pruned", replicas=None)
    with webhook.blind_to(it.namespace):
        it.create()
        it.wait_resource("Harbor's resource")
    assert it.resource()["spec"]["dockerImage"] == HARBORS_IMAGE

    repair(cluster, it)
    spec = it.resource()["spec"]
    assert (spec["patroni"]["pg_hba"], spec["dockerImage"]) == (RULES, HARBORS_IMAGE)
    assert "env" not in spec

    warning = repair(cluster, it)
    assert "spec.env lost USE_OLD_LOCALES: the CRD of postgres-operator before 1.8" in warning
    assert "the image stays: USE_OLD_LOCALES=true has to be in the resource first" in warning
    assert it.resource()["spec"]["dockerImage"] == HARBORS_IMAGE

    crd.serve(crd.today, "kept")  # what the warning advises
    # The API server had stored the variable; it prunes when it reads.
    spec = it.resource()["spec"]
    assert (spec["env"], spec["dockerImage"]) == ([OLD_LOCALES], HARBORS_IMAGE)
    repair(cluster, it)
    assert_repaired(it.resource())


@pytest.fixture
def newer_operator(cluster: Plane, crd: PostgresqlCrd) -> Iterator[None]:
    """postgres-operator v1.15.1 and its CRD, which takes no PostgreSQL 12."""
    crd.serve(operators.newer_schemas(), "refused")
    cluster.processes.stop("postgres-operator")
    operators.start_postgres_operator(cluster, "postgres-operator-new")
    yield
    cluster.processes.stop("postgres-operator-new")
    operators.start_postgres_operator(cluster)


@pytest.fixture
def lifted(webhook: Webhook) -> Iterator[None]:
    """Our server with the version lift."""
    webhook.reconfigure({"database": {"postgresqlVersion": "16"}})
    yield
    webhook.reconfigure({"database": {"postgresqlVersion": ""}})


def test_a_newer_operator_takes_harbors_database_with_the_version_lift(
    cluster: Plane, webhook: Webhook, database, newer_operator, lifted
):
    it = database("lift", replicas=None)
    with webhook.blind_to(it.namespace), pytest.raises(ApiError, match='Unsupported value: "12"'):
        cluster.api.create("postgresqls", harbors_resource(it.namespace), it.namespace)

    it.create()
    resource = it.wait_resource("Harbor's resource is accepted")
    assert resource["spec"]["postgresql"]["version"] == "16"
    assert resource["spec"]["patroni"]["pg_hba"] == RULES
    assert resource["metadata"]["annotations"][PATCHED] == "env,image,pg_hba,version"
    pod = it.wait_pod("the newer operator's pod")
    assert image(pod) == PIN
    assert {"name": "PGVERSION", "value": "16"} in environment(pod)
    assert OLD_LOCALES in environment(pod)
