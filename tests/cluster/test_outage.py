"""No replica is left: what could end in an empty or a broken database waits, all else goes on."""

import pytest
from api import INTERVAL, ApiError
from harbor import RULES, harbors_resource
from polling import wait_for
from webhook import RESTORE_LABEL as RESTORE

FINALIZER = "example.invalid/finalizer"
DOWN = "failed calling webhook"


@pytest.fixture
def stopped(webhook):
    """A function that ends all replicas; there are some again afterwards."""
    yield webhook.down
    webhook.up()


def test_what_matters_waits_and_everything_else_works(cluster, database, webhook, stopped):
    api = cluster.api
    live = database("down-live")
    restored = database("down-restore", labels={RESTORE: "enabled"})
    fresh = database("down-fresh", replicas=None)
    team = database("down-team", replicas=None)
    for it in (live, restored):
        it.wait_running()
    stopped()

    # Harbor's resources are not created, nor are restore pods.
    with pytest.raises(ApiError, match=DOWN):
        api.create("postgresqls", harbors_resource(fresh.namespace), fresh.namespace)
    fresh.create()
    restored.delete_pod()
    wait_for("the StatefulSet says why", lambda: restored.refused(DOWN), 60, INTERVAL)
    assert restored.pod() is None
    with pytest.raises(ApiError, match=DOWN):
        live.change({"spec": {"numberOfInstances": 2}})

    # Annotations and finalizers of Harbor's resources, other teams' resources, other pods.
    live.annotate({"example.invalid/note": "1"})
    for finalizers in ([FINALIZER], []):
        live.change({"metadata": {"finalizers": finalizers}})
        assert live.resource()["metadata"].get("finalizers", []) == finalizers
    other = harbors_resource(team.namespace)
    other["metadata"] = {"name": "acid-other"}
    other["spec"]["teamId"] = "acid"
    api.create("postgresqls", other, team.namespace)
    api.wait("the other team's pod", "pods", team.namespace, "acid-other-0")
    live.next_pod()
    cluster.kubectl("-n", live.namespace, "create", "configmap", "other", "--from-literal=A=b")
    api.delete("postgresqls", live.namespace, live.name)
    wait_for("Harbor's resource is deleted", lambda: not live.exists(), 60, INTERVAL)
    assert not fresh.exists()

    webhook.up()
    refusals = restored.refusals(DOWN)
    restored.wait_pod("the restore pod comes", seconds=120)
    found = fresh.wait_resource("Harbor-operator creates its resource", seconds=120)
    assert found["spec"]["patroni"]["pg_hba"] == RULES
    assert restored.refusals(DOWN) == refusals  # the very next try was the one
