"""The API server takes what the chart renders, by its own OpenAPI and its own validation, and a
release leaves to the webhook what the webhook writes."""

import base64
import json
import sys
from pathlib import Path

import helpers
import pytest
from helm import Helm

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
    for namespace in {it["metadata"].get("namespace", NAMESPACE) for it in objects}:
        if not cluster.api.find("namespaces", None, namespace):  # of a HarborCluster
            cluster.api.create("namespaces", {"metadata": {"name": namespace}})
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


RELEASE = "kept"
NAME = f"{RELEASE}-harbor-pg-webhook"
# Nobody serves this release: nothing may depend on it.
NOWHERE = {"webhooks": {"namespaceSelector": {"matchLabels": {"example.invalid/no": "where"}}}}
PROFILE = {
    "s3": {"bucket": "b", "scope": "postgresql-a-b", "suffix": "", "region": "r"},
    "credentials": {"workloadIdentity": {"roleArn": "arn:aws:iam::123456789012:role/r"}},
}


@pytest.fixture
def helm(cluster, restricted) -> Helm:
    return Helm(cluster, RELEASE, NAMESPACE)


def bundles(cluster) -> dict[str, str | None]:
    found = cluster.api.get("mutatingwebhookconfigurations", None, NAME)
    return {
        it["name"].partition(".")[0]: it["clientConfig"].get("caBundle") for it in found["webhooks"]
    }


def test_an_upgrade_keeps_what_the_webhook_wrote(cluster, helm) -> None:
    helm("install", values=NOWHERE)
    before = bundles(cluster)
    assert before.keys() > {"postgresqls", "restore-enabled"}
    assert set(before.values()) == {None}

    pem = cluster.ca_file.read_bytes()
    bundle = base64.b64encode(pem).decode()
    patch = [
        {"op": "add", "path": f"/webhooks/{i}/clientConfig/caBundle", "value": bundle}
        for i in range(len(before))
    ]
    what = ("patch", "mutatingwebhookconfiguration", NAME, "--type=json", "-p", json.dumps(patch))
    cluster.kubectl(*what)
    cluster.api.patch("secrets", NAMESPACE, f"{NAME}-ca", {"data": {"ca.crt": bundle}})

    helm("upgrade", values={**NOWHERE, "restoreProfiles": {"dr": PROFILE}})
    assert bundles(cluster) == dict.fromkeys(before, bundle) | {"restore-dr": None}
    assert cluster.api.get("secrets", NAMESPACE, f"{NAME}-ca")["data"] == {"ca.crt": bundle}

    helm("rollback", "1")
    assert bundles(cluster) == dict.fromkeys(before, bundle)
    assert cluster.api.get("secrets", NAMESPACE, f"{NAME}-ca")["data"] == {"ca.crt": bundle}

    helm("uninstall")
    kinds = "deployments,services,secrets,configmaps,serviceaccounts,roles,rolebindings,"
    kinds += "poddisruptionbudgets,networkpolicies,clusterroles,clusterrolebindings,"
    kinds += "mutatingwebhookconfigurations,validatingwebhookconfigurations"
    label = f"app.kubernetes.io/instance={RELEASE}"
    left = cluster.kubectl("-n", NAMESPACE, "get", kinds, "-l", label, "-o", "name").out
    assert left == ""
