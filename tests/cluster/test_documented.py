"""Manifests that docs/ shows, applied as they stand there."""

import base64
import json
import re
from collections.abc import Callable, Iterator

import helpers
import pytest
from api import INTERVAL, ApiError, address
from harbor import OLD_LOCALES, PIN, RULES, harbors_resource
from plane import Plane
from polling import wait_for
from webhook import KINDS, NAME, Webhook

ACCOUNT = f"system:serviceaccount:{NAME}:{NAME}"
POLICY = "harbor-pg-webhook-only-ca-bundle"  # is named in what it refuses
SELECTOR = {"matchLabels": {"a": "b"}}

# By somebody who has taken a replica over: to be asked about more, or about nothing, or elsewhere.
ABUSES = [
    {"op": "replace", "path": "/webhooks/0/rules/0/resources", "value": ["*"]},
    {"op": "replace", "path": "/webhooks/0/namespaceSelector", "value": SELECTOR},
    {"op": "replace", "path": "/webhooks/0/failurePolicy", "value": "Ignore"},
    {"op": "replace", "path": "/webhooks/0/clientConfig/service/name", "value": "another"},
    {"op": "remove", "path": "/webhooks/0/matchConditions"},
    {"op": "remove", "path": "/webhooks/0"},
]


@pytest.fixture
def apply(cluster: Plane) -> Iterator[Callable[[str, str], None]]:
    """Applies the block of a page that has a kind in it; it is gone afterwards."""
    applied = []

    def it(page: str, kind: str) -> None:
        text = (helpers.TESTS.parent / "docs" / page).read_text()
        (block,) = [
            it for it in re.findall(r"^```yaml\n(.*?)^```", text, re.M | re.S) if kind in it
        ]
        cluster.kubectl("apply", "-f", "-", stdin=block)
        applied.append(block)

    yield it
    for block in applied:
        cluster.kubectl("delete", "-f", "-", stdin=block)


def test_the_service_account_can_be_held_to_ca_bundle(cluster: Plane, webhook: Webhook, apply):
    def patch(kind: str, operation: dict) -> str:
        """What the API server says to a patch by the webhook's account; nothing is stored."""
        words = (
            "--type=json",
            "--dry-run=server",
            f"--as={ACCOUNT}",
            "-p",
            json.dumps([operation]),
        )
        return cluster.kubectl.run("patch", kind, NAME, *words).err

    apply("security.md", "kind: ValidatingAdmissionPolicy")
    first, last = ABUSES[0], KINDS[1]
    wait_for("it is in force", lambda: POLICY in patch(last, first), 30, INTERVAL)
    for kind in KINDS:
        for abuse in ABUSES:
            assert POLICY in patch(kind, abuse), abuse
        twice = base64.b64encode(2 * webhook.secret("ca.crt")).decode()
        bundle = {"op": "replace", "path": "/webhooks/0/clientConfig/caBundle", "value": twice}
        assert patch(kind, bundle) == ""


def test_a_policy_can_repair_a_new_resource(cluster: Plane, webhook: Webhook, database, apply):
    it = database("policy", replicas=None)
    path = f"{address('postgresqls', it.namespace)}?dryRun=All"

    def repaired() -> dict | None:
        try:
            spec = cluster.api.call("POST", path, harbors_resource(it.namespace))["spec"]
        except ApiError:
            return None
        return spec if spec["dockerImage"] == PIN else None

    with webhook.blind_to(it.namespace):
        assert not repaired()
        apply("why-not-mutating-admission-policy.md", "kind: MutatingAdmissionPolicy")
        spec = wait_for("it is in force", repaired, 30, INTERVAL)
    assert (spec["patroni"]["pg_hba"], spec["env"]) == (RULES, [OLD_LOCALES])


def test_the_dry_run_of_the_installation_shows_the_repair(cluster: Plane, database):
    text = (helpers.TESTS.parent / "docs/install.md").read_text()
    (manifest,) = re.findall(
        r"^kubectl create --dry-run=server .*? <<EOF\n(.*?)^EOF", text, re.M | re.S
    )
    database("harbor-trial", replicas=None)
    words = ("create", "--dry-run=server", "-o", "json", "-f", "-")
    shown = json.loads(cluster.kubectl(*words, stdin=manifest).out)
    spec = shown["spec"]
    assert (spec["patroni"]["pg_hba"], spec["dockerImage"]) == (RULES, PIN)
    assert "harbor-pg-webhook/patched" in shown["metadata"]["annotations"]
