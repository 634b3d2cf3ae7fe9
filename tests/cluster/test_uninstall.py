"""The release goes and comes again: what is left behind, what works without it."""

from collections.abc import Iterator

import pytest
from api import INTERVAL
from harbor import HARBORS_IMAGE, Database, environment
from plane import Plane
from polling import wait_for
from report import Report
from webhook import CALLERS, NAME, RESTORE_LABEL, Webhook

# What Kubernetes itself puts into each namespace, what it keeps for a while, what is of the tests.
KUBERNETES_OWN = {"configmap/kube-root-ca.crt", "serviceaccount/default"}
OF_TESTS = {f"secret/{CALLERS}"}
PASSING = ("event/", "event.events.k8s.io/")


def names(cluster: Plane, *words: str) -> set[str]:
    return set(cluster.kubectl(*words, "-o", "name").out.split())


def left(cluster: Plane) -> set[str]:
    """Everything in the release's namespace, and whatever in the cluster has its label."""
    found = set()
    for namespaced, choice in (
        (True, ("-n", NAME)),
        (False, ("-l", f"app.kubernetes.io/instance={NAME}")),
    ):
        kinds = names(
            cluster, "api-resources", "--verbs=list", f"--namespaced={namespaced}".lower()
        )
        found |= names(cluster, "get", ",".join(sorted(kinds)), *choice)
    return {it for it in found - KUBERNETES_OWN - OF_TESTS if not it.startswith(PASSING)}


@pytest.fixture
def uninstalled(webhook: Webhook, report: Report) -> Iterator[None]:
    webhook.uninstall()
    yield
    webhook.install()
    report.add(f"Once more, after an uninstallation: {webhook.seconds_to_repair:.1f} s.")


def test_nothing_is_left_behind_and_pods_can_be_created(
    cluster: Plane, webhook: Webhook, database, uninstalled
):
    it: Database = database("without-webhook", labels={RESTORE_LABEL: "enabled"})
    it.wait_running()
    assert it.resource()["spec"]["dockerImage"] == HARBORS_IMAGE
    assert not [entry for entry in environment(it.pod()) if entry["name"].startswith("CLONE_")]
    wait_for("its pods are gone", lambda: not webhook.node.pods(), 30, INTERVAL)
    wait_for("and all else", lambda: not left(cluster), 10, INTERVAL)
