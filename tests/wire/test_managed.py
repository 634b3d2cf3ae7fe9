"""tls.mode: managed, against a stand-in for the API server that fails in every way it can."""

import base64
import datetime
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography import x509
from fake_api import (
    MUTATING,
    NAMESPACE,
    SECRET,
    TOKEN,
    VALIDATING,
    Call,
    FakeApi,
    Fault,
    fake_api,
    status_body,
)
from pki import DAY, Authority, now
from polling import SCALE, Stopwatch, wait_for
from process import Server
from replica import ACCOUNT, ROUND, OldAuthority, Replica, key_pem

SETTLED = 25.0  # seconds, at least, in which every API server hears of a successor
MENDED = 10.0  # seconds within which a caBundle is put back


@pytest.fixture
def api(tmp_path: Path, authority: Authority) -> Iterator[FakeApi]:
    with fake_api(tmp_path / "api", authority) as it:
        yield it


@pytest.fixture
def make(tmp_path: Path, authority: Authority, api: FakeApi) -> Iterator[Callable[..., Replica]]:
    """Replicas that are not started yet; ended afterwards."""
    made: list[Replica] = []

    def make_one(port: int = 0, host: str = "localhost") -> Replica:
        folder = tmp_path / f"replica-{len(made)}"
        place = (host, port or api.port)
        made.append(Replica(folder, authority.pem, place, TOKEN, {}))
        return made[-1]

    yield make_one
    for it in made:
        it.end()


@pytest.fixture
def run(make: Callable[..., Replica]) -> Callable[..., Replica]:
    def run_one(**options: object) -> Replica:
        replica = make(**options)
        replica.start()
        return replica

    return run_one


def everything_right(api: FakeApi) -> bool:
    """All entries of ours carry the same bundle; that of another Service carries none."""
    one, two, other = api.bundles(MUTATING)
    return bool(one) and [two, *api.bundles(VALIDATING)] == [one, one] and other is None


def test_the_first_start(api: FakeApi, run: Callable[..., Replica], tmp_path: Path):
    secret = api.get(SECRET)
    api.put(SECRET, {**secret, "data": {"note": "aGk="}})
    replica = run()
    replica.wait_ready()
    assert everything_right(api)
    bundle = api.bundles(MUTATING)[0]
    assert base64.b64decode(bundle) == api.secret("ca.crt")
    assert replica.is_trusted_by(bundle, tmp_path)
    assert set(api.get(SECRET)["data"]) == {"note", "ca.crt", "ca.key"}

    leaf = replica.leaf()
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    service = f"harbor-pg-webhook.{NAMESPACE}"
    expected = [f"{service}.svc", f"{service}.svc.cluster.local", service, "harbor-pg-webhook"]
    assert names.get_values_for_type(x509.DNSName) == expected
    assert leaf.not_valid_after_utc - leaf.not_valid_before_utc == 7 * DAY + DAY / 24
    end = replica.server.metric("harbor_pg_webhook_certificate_not_after_timestamp_seconds")
    assert end == leaf.not_valid_after_utc.timestamp()


def test_only_what_rbac_allows_is_asked_for(api: FakeApi, run: Callable[..., Replica]):
    run().wait_ready()
    asked = {(call.method, call.path) for call in api.calls}
    configurations = {(verb, it) for verb in ("GET", "PATCH") for it in (MUTATING, VALIDATING)}
    assert asked == {("GET", SECRET), ("PUT", SECRET)} | configurations
    assert {call.agent.partition("/")[0] for call in api.calls} == {"harbor-pg-webhook"}


def test_two_replicas_agree(api: FakeApi, make: Callable[..., Replica], tmp_path: Path):
    both = [make(), make()]
    for it in both:
        it.start()
    for it in both:
        it.wait_ready()
    wait_for("one bundle everywhere", lambda: everything_right(api))
    for it in both:
        assert it.is_trusted_by(api.bundles(MUTATING)[0], tmp_path)
    made = [it for one in both for it in one.server.log("made the CA")]
    assert len(made) == 1


def test_who_loses_a_race_reads_again_at_once(api: FakeApi, run: Callable[..., Replica]):
    lost = []

    def lose_once(call: Call) -> Fault | None:
        if call.method in ("PUT", "PATCH") and call.path not in lost:
            lost.append(call.path)
            return Fault(422 if call.method == "PATCH" else 409, status_body(409, "changed"))
        return None

    api.fault = lose_once
    replica = run()
    replica.wait_ready()
    assert set(lost) >= {SECRET, MUTATING}
    assert len(api.made("PUT", SECRET)) == 2


def redirect(api: FakeApi) -> Fault:
    return Fault(302, b"", {"Location": f"https://localhost:{api.port}/elsewhere"})


FAULTS: list[tuple[str, Callable[[FakeApi], Fault], str]] = [
    ("401", lambda _: Fault(401, status_body(401, "Unauthorized")), "unauthorized (the token or"),
    ("403", lambda _: Fault(403, status_body(403, "no way")), "forbidden (403): no way (RBAC has"),
    ("404", lambda _: Fault(404, status_body(404, "gone")), "not found (404): gone"),
    ("410", lambda _: Fault(410, status_body(410, "old")), "somebody else changed it (410): old"),
    ("429", lambda _: Fault(429, b"", {"Retry-After": "2"}), "the API server is busy (429)"),
    ("500", lambda _: Fault(500, status_body(500, "etcd")), "the API server failed (500): etcd"),
    ("503", lambda _: Fault(503, b"\x00\xff"), "the API server is busy (503)"),
    ("garbage", lambda _: Fault(200, b"hello"), "the answer is not a JSON object"),
    ("a list", lambda _: Fault(200, b"[1]"), "the answer is not a JSON object"),
    ("endless", lambda _: Fault(200, b" " * 5000000), "the answer is larger than 4194304 bytes"),
    ("redirect", redirect, "refused (302)"),
    ("hang", lambda _: Fault(200, None), "Timeout was reached"),
]


AFTER_ALL = "certificates are looked after again"


@pytest.mark.parametrize(
    ("fault", "expected"), [it[1:] for it in FAULTS], ids=[it[0] for it in FAULTS]
)
def test_a_fault_is_told_and_passes(
    api: FakeApi,
    run: Callable[..., Replica],
    fault: Callable[[FakeApi], Fault],
    expected: str,
):
    api.fault = lambda call: fault(api) if call.path == SECRET else None
    replica = run()
    wait_for("told", lambda: expected in replica.why(), ROUND)
    assert replica.server.get("/livez").status == 200
    assert replica.why().startswith("tls: there is no certificate yet\ntls: secrets/harbor-pg-we")
    api.fault = lambda call: None
    replica.wait_ready()
    wait_for("told that it is over", lambda: replica.server.log(AFTER_ALL))
    told = [it["error"] for it in replica.server.log("certificates cannot be looked after")]
    assert len(told) == 1, told
    assert len(replica.server.log(AFTER_ALL)) == 1
    assert not any(call.path.endswith("/elsewhere") for call in api.calls)


def test_an_api_server_that_cannot_be_asked_changes_nothing(
    api: FakeApi, run: Callable[..., Replica]
):
    replica = run()
    replica.wait_ready()
    asked = []

    def fail(call: Call) -> Fault:
        asked.append(call)
        return Fault(500, b"")

    api.fault = fail
    wait_for("three failed looks", lambda: len(asked) > 3, 2 * ROUND)
    assert replica.ready()


def test_an_api_server_that_is_not_there(api: FakeApi, run: Callable[..., Replica]):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    replica = run(port=port)
    expected = f"no answer from https://localhost:{port}: Couldn't connect to server"
    wait_for("told", lambda: expected in replica.why(), ROUND)
    assert not api.calls


def test_an_api_server_of_another_ca_never_sees_the_token(
    api: FakeApi, make: Callable[..., Replica]
):
    replica = make()
    replica.ca = Authority("another CA").pem
    replica.show(TOKEN)
    replica.start()
    wait_for("told", lambda: "no answer from" in replica.why(), ROUND)
    assert not api.calls


@pytest.mark.parametrize("bundle", ["", "Z2FyYmFnZQ==", "stranger"])
def test_a_bundle_that_somebody_changes_is_put_back(
    api: FakeApi, run: Callable[..., Replica], bundle: str
):
    run().wait_ready()
    stranger = base64.b64encode(Authority("stranger").pem).decode()
    api.set_bundle(MUTATING, 1, stranger if bundle == "stranger" else bundle)
    watch = Stopwatch()
    wait_for("put back", lambda: everything_right(api), 2 * MENDED)
    assert watch.seconds() < MENDED * SCALE
    last = api.made("PATCH", MUTATING)[-1]
    paths = [it["path"] for it in last.body]
    place = "/webhooks/1/"
    assert paths == ["/metadata/resourceVersion", place + "name", place + "clientConfig/caBundle"]


def test_not_ready_until_every_entry_trusts_us(api: FakeApi, run: Callable[..., Replica]):
    refuse = Fault(403, status_body(403, "no"))
    api.fault = lambda call: refuse if call.method == "PATCH" else None
    replica = run()
    expected = (
        "tls: the API server does not trust our CA yet: "
        "mutatingwebhookconfigurations/harbor-pg-webhook: entry 1 ('a.x'): caBundle: is empty\n"
    )
    wait_for("told", lambda: replica.why() == expected, ROUND)
    api.set_bundle(MUTATING, 0, base64.b64encode(api.secret("ca.crt")).decode())
    wait_for("the second is told", lambda: "entry 2 ('b.x')" in replica.why(), ROUND)
    api.fault = lambda call: None
    replica.wait_ready()


def test_an_absent_configuration_counts_as_done(api: FakeApi, run: Callable[..., Replica]):
    validating = api.objects.pop(VALIDATING)
    replica = run()
    replica.wait_ready()
    api.put(VALIDATING, validating)
    wait_for("it is taken up", lambda: everything_right(api), ROUND)


def test_a_renewed_token_is_used(api: FakeApi, run: Callable[..., Replica]):
    replica = run()
    replica.wait_ready()
    replica.show("second-token")
    api.tokens = {"second-token"}
    api.set_bundle(MUTATING, 0, "")
    wait_for("put back", lambda: everything_right(api), ROUND)
    told = replica.server.log("certificates cannot be looked after")
    assert len(told) <= 1  # a look that was under way


@pytest.mark.parametrize("token", ["", "two words", "a\r\nX-Evil: 1"])
def test_what_is_no_token_is_not_sent(api: FakeApi, make: Callable[..., Replica], token: str):
    replica = make()
    replica.show(token)
    replica.start()
    expected = f"{ACCOUNT}/token: is not a token: empty, or with blanks inside"
    wait_for("told", lambda: expected in replica.why(), ROUND)
    assert not api.calls


def test_a_foreign_secret_is_never_overwritten(api: FakeApi, run: Callable[..., Replica]):
    one, other = Authority("one"), Authority("other")
    key = key_pem(other)
    data = {"ca.crt": base64.b64encode(one.pem).decode(), "ca.key": base64.b64encode(key).decode()}
    empty = api.get(SECRET)
    api.put(SECRET, {**empty, "data": data})
    replica = run()
    expected = (
        "secrets/harbor-pg-webhook-ca: ca.key: is the key of another certificate, "
        "not of the one in ca.crt"
    )
    wait_for("told", lambda: expected in replica.why(), ROUND)
    assert not api.made("PUT", SECRET)
    api.put(SECRET, empty)
    replica.wait_ready()


def test_an_old_ca_is_rotated_without_a_refused_handshake(
    api: FakeApi, run: Callable[..., Replica], tmp_path: Path
):
    old = OldAuthority()
    api.put(SECRET, {**api.get(SECRET), "data": old.secret()})
    both = [run(), run()]
    for it in both:
        it.wait_ready()
    wait_for("the successor is known", lambda: api.secret("next.crt") in known(api), ROUND)
    watch = Stopwatch()
    assert api.secret("ca.crt") == old.pem

    serials = {it.leaf().serial_number for it in both}
    refused = []

    def rotated() -> bool:
        for it in both:
            for bundle in api.bundles(MUTATING)[:2] + api.bundles(VALIDATING):
                if not it.is_trusted_by(bundle, tmp_path):
                    refused.append(bundle)
        return not serials & {it.leaf().serial_number for it in both}

    wait_for("both serve a leaf of the successor", rotated, 90)
    assert watch.seconds() > SETTLED
    assert refused == []
    assert api.secret("ca.crt") != old.pem
    assert api.secret("old.crt").strip() == old.pem.strip()
    until = datetime.datetime.fromisoformat(api.secret("old.until").decode())
    assert 6 * DAY < until - now() < 8 * DAY
    assert not api.secret("next.crt")
    assert not api.secret("next.key")
    activated = [it for one in both for it in one.server.log(ACTIVATED)]
    assert len(activated) == 1


ACTIVATED = "the CA's successor signs from now on"


def known(api: FakeApi) -> bytes:
    return base64.b64decode(api.bundles(MUTATING)[0] or "")


def test_it_stops_at_once_while_the_api_server_hangs(api: FakeApi, run: Callable[..., Replica]):
    api.fault = lambda call: Fault(200, None)
    replica = run()
    wait_for("asked", lambda: api.calls)
    watch = Stopwatch()
    assert replica.server.stop() == 0
    assert watch.seconds() < 5 * SCALE


def test_outside_of_a_cluster_it_does_not_start(prepare: Callable[..., Server]):
    server = prepare({"tls": {"mode": "managed"}})
    server.spawn(("env", "-u", "KUBERNETES_SERVICE_HOST"))
    assert server.exit_code() == 1
    expected = (
        "tls.mode: managed: not in a Kubernetes cluster: expected KUBERNETES_SERVICE_HOST and "
        "KUBERNETES_SERVICE_PORT in the environment"
    )
    assert server.log("cannot start")[0]["error"] == expected


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("namespace", "a.b"),
        ("service", "a_b"),
        ("secret", "../x"),
        ("mutatingConfiguration", "a/b"),
        ("validatingConfiguration", "a?b"),
    ],
)
def test_what_is_no_name_is_refused(prepare: Callable[..., Server], key: str, name: str):
    server = prepare({"tls": {"mode": "managed", "managed": {key: name}}})
    server.spawn(("env", "KUBERNETES_SERVICE_HOST=localhost", "KUBERNETES_SERVICE_PORT=443"))
    assert server.exit_code() == 1
    expected = f"tls.managed.{key}: '{name}' is not the name of a Kubernetes object"
    assert server.log("cannot start")[0]["error"] == expected


def test_nothing_secret_is_told(api: FakeApi, run: Callable[..., Replica]):
    replica = run()
    replica.wait_ready()
    api.fault = lambda call: Fault(500, status_body(500, "down"))
    wait_for("told", lambda: replica.server.log("certificates cannot be looked after"), ROUND)
    said = replica.server.output() + replica.why() + replica.server.get("/metrics").text
    key = api.secret("ca.key").decode()
    for line in [TOKEN, *key.splitlines()[1:-1], base64.b64encode(key.encode()).decode()]:
        assert line not in said
