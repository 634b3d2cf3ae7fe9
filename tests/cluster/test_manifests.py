"""The API server takes what the chart renders, by its own OpenAPI and its own validation."""

import json
import sys
from pathlib import Path

import helpers
import pytest

sys.path.append(str(helpers.TESTS / "chart"))

import chart  # noqa: E402

NAMESPACE = "dry-run"

# Their CRDs are other projects'; the chart suite looks at these objects.
FOREIGN = ("cert-manager.io/", "monitoring.coreos.com/")


@pytest.fixture(scope="module")
def restricted(cluster) -> None:
    """The release's namespace, where the strictest Pod Security Standard is enforced."""
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    cluster.api.create("namespaces", {"metadata": {"name": NAMESPACE, "labels": labels}})
    cluster.api.wait("the account is there", "serviceaccounts", NAMESPACE, "default")


def rendered(values: dict | None = None, *words: object) -> chart.Manifests:
    return chart.manifests(values, *words, namespace=NAMESPACE)


def take(cluster, objects: list[dict]) -> str:
    """What the API server says to the objects; empty when it would take all of them."""
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
    words = ("apply", "--dry-run=server", "--validate=strict", "-f", "-")
    done = cluster.kubectl.run(*words, stdin=text)
    return done.err if done.code else ""


@pytest.mark.parametrize("values", chart.ci_values(), ids=lambda path: path.stem)
def test_every_object_is_taken(cluster, restricted, values: Path) -> None:
    found = rendered(None, "--values", values)
    objects = [it for it in found.values() if not it["apiVersion"].startswith(FOREIGN)]
    assert len(objects) >= 7
    assert take(cluster, objects) == ""


def test_a_mistake_is_not_taken(cluster, restricted) -> None:
    """So that the test above can fail: a condition that does not compile, a field that is none."""
    values = {"webhooks": {"pods": {"matchConditions": [{"name": "x", "expression": "objet"}]}}}
    assert "undeclared reference to 'objet'" in take(cluster, [*rendered(values).values()])
    service = rendered().one("Service")
    service["spec"]["selectors"] = {}
    assert 'unknown field "selectors"' in take(cluster, [service])


def test_pods_run_where_restricted_is_enforced(cluster, restricted) -> None:
    template = rendered({"serviceAccount": {"create": False}}).pod
    pod = {"apiVersion": "v1", "kind": "Pod", **template}
    pod["metadata"] = {**pod["metadata"], "name": "one", "namespace": NAMESPACE}
    assert take(cluster, [pod]) == ""
    pod["spec"]["hostNetwork"] = True
    assert 'violates PodSecurity "restricted' in take(cluster, [pod])
