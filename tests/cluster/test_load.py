"""Two replicas of the chart under load: whatever is done to them, what the API server asks about is
answered. All disturbances happen in one run, one after the other."""

import base64
import contextlib
import http.client
import ssl
from collections.abc import Callable, Iterator

import pytest
from api import INTERVAL
from clock import Clock
from load import Load, is_restored, stateful_set
from pki import Authority
from plane import Plane
from polling import Stopwatch, wait_for
from process import DATABASE_PROFILES
from replica import OldAuthority
from report import Report
from webhook import CALLERS, KINDS, NAME, RESTORE_LABEL, Webhook
from webhook_node import Pod

NAMESPACE = "load"
PROFILE = "dr-2026-11"
OBJECTS = 2000
DAY_SECONDS = 86400
MENDED = 10.0  # within which a bundle is put back
CALL_SECONDS = 3.0  # webhooks.timeoutSeconds: no call lasts longer
BURST = 60  # pods of a StatefulSet while a replica dies

Phase = Callable[[str], contextlib.AbstractContextManager[None]]


@pytest.fixture(scope="module")
def clock(cluster: Plane) -> Clock:
    return Clock(cluster.folder / "clock")


@pytest.fixture(scope="module")
def load(cluster: Plane, webhook: Webhook, clock: Clock, report: Report) -> Iterator[Load]:
    """The load, on replicas whose CA is due for rotation and whose clock is five days behind."""
    webhook.down()
    webhook.set_secret(OldAuthority().secret())
    clock.set(-5 * DAY_SECONDS)
    webhook.node.env, webhook.node.mounts = clock.env, clock.mounts
    webhook.up()
    labels = {RESTORE_LABEL: PROFILE}
    cluster.api.create("namespaces", {"metadata": {"name": NAMESPACE, "labels": labels}})
    cluster.api.wait("the account is there", "serviceaccounts", NAMESPACE, "default")
    it = Load(cluster, NAMESPACE)
    report.lines += ["", "| under load | time | objects | failed calls |", "|---|---|---|---|"]
    it.start()
    yield it
    it.end()
    clock.set(0)
    webhook.node.env, webhook.node.mounts = {}, {}
    cluster.api.delete("namespaces", None, NAMESPACE)
    webhook.reconfigure({"restoreProfiles": {PROFILE: {"except": []}, "later": None}})


@pytest.fixture
def phase(load: Load, report: Report) -> Phase:
    """A part of the run, which gets its line in the report."""

    @contextlib.contextmanager
    def part(name: str) -> Iterator[None]:
        watch, objects, failures = Stopwatch(), load.count, len(load.failures)
        yield
        objects, failures = load.count - objects, len(load.failures) - failures
        report.add(f"| {name} | {watch.seconds():.0f} s | {objects} | {failures} |")

    return part


def wait_some_more(load: Load, objects: int = 25) -> None:
    """So that what was done before shows."""
    wanted = load.count + objects
    wait_for(f"{objects} more objects", lambda: load.count >= wanted, 30, INTERVAL)


def leaves(webhook: Webhook) -> list[int]:
    """How many certificates each replica has served."""
    return [len(it.log("serving certificate")) for it in webhook.node.pods()]


def set_bundles(webhook: Webhook, change: Callable[[bytes], bytes], entries: str = "") -> None:
    """Changes the bundles of the entries whose names begin so, in both configurations."""
    for kind in KINDS:
        whole = webhook.api.get(kind, None, NAME)
        for entry in whole["webhooks"]:
            if entry["name"].startswith(entries):
                before = base64.b64decode(entry["clientConfig"]["caBundle"])
                entry["clientConfig"]["caBundle"] = base64.b64encode(change(before)).decode()
        webhook.api.replace(kind, whole)


def test_a_changed_configuration_fails_no_call(load: Load, webhook: Webhook, phase: Phase):
    changed = {**DATABASE_PROFILES["restoreProfiles"][PROFILE], "except": ["another"]}
    with phase("configuration changed, profile added"):
        webhook.reconfigure({"restoreProfiles": {PROFILE: changed, "later": changed}})
        wait_some_more(load)
    assert load.failures == []


def test_a_rotation_of_the_ca_fails_no_call(load: Load, webhook: Webhook, phase: Phase):
    old = webhook.secret("ca.crt")
    with phase("CA rotated, from the publication of the successor"):
        wait_for("both serve a leaf of the successor", lambda: leaves(webhook) == [2, 2], 90, 0.5)
        wait_some_more(load)
    assert load.failures == []
    assert webhook.secret("old.crt") == old
    assert webhook.secret("ca.crt") != old
    assert not webhook.secret("next.key")
    assert len(webhook.node.log("the CA's successor signs from now on")) == 1


def test_a_clock_that_catches_up_renews_leaves_and_fails_no_call(
    load: Load, webhook: Webhook, clock: Clock, phase: Phase
):
    """As after a suspension of five days: two thirds of a leaf's life are over at once."""
    before = leaves(webhook)
    with phase("leaves renewed"):
        clock.set(0)
        wanted = [it + 1 for it in before]
        wait_for("both have renewed", lambda: leaves(webhook) == wanted, 2 * MENDED, INTERVAL)
        wait_some_more(load)
    assert load.failures == []


def test_a_bundle_with_a_stranger_fails_no_call(load: Load, webhook: Webhook, phase: Phase):
    before = webhook.bundles()
    with phase("`caBundle` of all entries: another CA added"):
        set_bundles(webhook, lambda pem: Authority("stranger").pem + pem)
        wait_for("put back", lambda: webhook.bundles() == before, 2 * MENDED, INTERVAL)
        wait_some_more(load)
    assert load.failures == []


def test_a_bundle_without_our_ca_fails_calls_of_that_entry_until_it_is_put_back(
    load: Load, webhook: Webhook, phase: Phase
):
    """Nothing can prevent that: the API server is told not to trust us. All else goes on."""
    before, failures = webhook.bundles(), len(load.failures)
    with phase("`caBundle` of one entry: replaced"):
        set_bundles(webhook, lambda pem: Authority("stranger").pem, f"restore-{PROFILE}")
        watch = Stopwatch()
        wait_for("put back", lambda: webhook.bundles() == before, 2 * MENDED, INTERVAL)
        assert watch.seconds() < MENDED
        wait_some_more(load)
    for it in load.failures[failures:]:
        assert it.name.startswith("pods "), it
        assert "x509: certificate signed by unknown authority" in it.message, it
    settled = len(load.failures)
    wait_some_more(load)
    assert len(load.failures) == settled


def status_for_nobody(pod: Pod) -> int:
    """What a caller without a certificate gets."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    connection = http.client.HTTPSConnection(pod.host, 8443, context=context)
    connection.request("POST", "/v1/postgresqls", "{}", {"Content-Type": "application/json"})
    return connection.getresponse().status


def test_a_rolling_upgrade_fails_no_call(
    cluster: Plane, load: Load, webhook: Webhook, phase: Phase
):
    """To pods that ask their caller for a certificate, which is the API server's."""
    old, failures = webhook.node.pods(), len(load.failures)
    assert [status_for_nobody(pod) for pod in old] == [400, 400]
    secret = {"metadata": {"name": CALLERS}, "stringData": {"ca.crt": cluster.callers.pem.decode()}}
    cluster.api.create("secrets", secret, NAME)
    with phase("rolling upgrade, until the old pods are gone"):
        webhook.upgrade({"tls": {"clientCASecretName": CALLERS}})
        webhook.wait_ready()
        wait_some_more(load)
    assert not set(old) & set(webhook.node.pods())
    assert load.failures[failures:] == []
    assert [pod.process.exit_code() for pod in old] == [0, 0]
    assert [status_for_nobody(pod) for pod in webhook.node.pods()] == [401, 401]


def test_the_loss_of_a_replica_fails_only_calls_of_that_one(
    cluster: Plane, load: Load, webhook: Webhook, report: Report, phase: Phase
):
    dead, failures = webhook.node.pods()[0], len(load.failures)
    name = f"postgresql-{NAMESPACE}-burst"
    with phase("`kill -9` of one replica, until it is back"):
        cluster.api.create("statefulsets", stateful_set(name, BURST), NAMESPACE)
        dead.process.kill()
        watch = Stopwatch()
        gone_after = wait_for(
            "its endpoint is gone",
            lambda: dead.host not in webhook.endpoints() and watch.seconds(),
            20,
            INTERVAL / 10,
        )
        gone = watch.start + gone_after + CALL_SECONDS
        webhook.wait_ready()
        wait_some_more(load)
    for it in load.failures[failures:]:
        assert dead.host in it.message or "EOF" in it.message, it
        assert it.at < gone, it

    def burst() -> list[dict]:
        pods = cluster.api.list("pods", NAMESPACE)
        return [it for it in pods if it["metadata"]["name"].startswith(name)]

    wait_for("every pod is there after all", lambda: len(burst()) == BURST, 60, INTERVAL)
    assert all(is_restored(pod) for pod in burst())
    refused = [
        it["message"]
        for it in cluster.api.list("events", NAMESPACE)
        if it["reason"] == "FailedCreate" and it["involvedObject"]["name"] == name
    ]
    report.add(
        f"\nThe endpoint of the killed replica was gone after {gone_after:.1f} s; "
        f"a StatefulSet's {BURST} pods all came, after {len(refused)} refusals."
    )


def test_every_object_exists_as_it_should(cluster: Plane, load: Load, report: Report):
    wait_for(f"{OBJECTS} objects", lambda: load.count >= OBJECTS, 120, INTERVAL)
    load.end()
    assert load.slipped == []
    for kind, names in load.created.items():
        stored = {it["metadata"]["name"] for it in cluster.api.list(kind, NAMESPACE)}
        assert set(names) <= stored
    report.add(f"Objects created in all: {load.count}; each was there at the end.")
