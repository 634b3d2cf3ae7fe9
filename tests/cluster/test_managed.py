"""tls.mode managed with a real API server: two replicas, with the chart's RBAC and nothing else."""

import base64
import json

import pytest
from api import INTERVAL, ApiError, address
from plane import Plane
from polling import SCALE, Stopwatch, wait_for
from replica import OldAuthority
from webhook import KINDS, NAME, SECRET, Webhook

MENDED = 10.0
RIGHT = {
    "CLONE_SCOPE": "postgresql-harbor-harbor",
    "CLONE_WAL_S3_BUCKET": "harbor-db-backups",
    "CLONE_WAL_BUCKET_SCOPE_SUFFIX": "/99e85b8a-3f92-4c86-8d42-5056348c1e7e",
    "CLONE_AWS_REGION": "eu-central-1",
}


def call(webhook: Webhook, data: dict[str, str]) -> None:
    """Has the API server ask about a restore ConfigMap; nothing is stored."""
    body = {"metadata": {"name": "harbor-pg-restore"}, "data": data}
    webhook.api.call("POST", f"{address('configmaps', 'default')}?dryRun=All", body)


def test_the_api_server_calls_what_nobody_set_up_by_hand(webhook: Webhook):
    with pytest.raises(ApiError, match="CLONE_AWS_REGION"):
        call(webhook, {name: value for name, value in RIGHT.items() if name != "CLONE_AWS_REGION"})
    call(webhook, RIGHT)
    assert len(webhook.bundles()) == 1
    assert base64.b64decode(webhook.bundles().pop()).startswith(webhook.secret("ca.crt"))
    assert len(webhook.node.log("made the CA")) == 1


def test_the_rbac_of_the_chart_is_all_it_has(cluster: Plane, webhook: Webhook):
    """Both directions: it was enough until now, and there is nothing more."""
    assert webhook.node.log("certificates cannot be looked after") == []
    who = f"--as=system:serviceaccount:{NAME}:{NAME}"
    review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectRulesReview"}
    review["spec"] = {"namespace": NAME}
    words = ("create", who, "--validate=false", "-o", "json", "-f", "-")
    made = cluster.kubectl(*words, stdin=json.dumps(review)).out
    rules = [
        (rule["resources"], rule.get("resourceNames"), rule["verbs"])
        for rule in json.loads(made)["status"]["resourceRules"]
        if not rule["resources"][0].startswith("self")  # what everybody may ask about himself
    ]
    assert sorted(rules) == [
        (list(KINDS), [NAME], ["get", "patch"]),
        (["secrets"], [SECRET], ["get", "update"]),
    ]
    for words in (("list", "secrets"), ("get", "secrets/other"), ("create", "secrets")):
        answer = cluster.kubectl.run("auth", "can-i", *words, "-n", NAME, who)
        assert answer.out.strip() == "no", words


@pytest.mark.parametrize("kind", KINDS)
def test_a_bundle_that_somebody_changes_is_put_back(webhook: Webhook, kind: str):
    before = webhook.bundles()
    whole = webhook.api.get(kind, None, NAME)
    for entry in whole["webhooks"]:
        entry["clientConfig"]["caBundle"] = base64.b64encode(OldAuthority().pem).decode()
    webhook.api.replace(kind, whole)
    watch = Stopwatch()
    wait_for("put back", lambda: webhook.bundles() == before, 2 * MENDED, INTERVAL)
    assert watch.seconds() < MENDED * SCALE
    call(webhook, RIGHT)


@pytest.mark.parametrize("kind", KINDS)
def test_a_configuration_that_comes_later_is_taken_up(webhook: Webhook, kind: str):
    whole = webhook.api.get(kind, None, NAME)
    webhook.api.delete(kind, None, NAME)
    del whole["metadata"]["resourceVersion"], whole["metadata"]["uid"]
    for entry in whole["webhooks"]:
        del entry["clientConfig"]["caBundle"]
    webhook.api.create(kind, whole)
    wait_for("it has the bundle", lambda: webhook.bundles().isdisjoint({""}), 2 * MENDED, INTERVAL)
