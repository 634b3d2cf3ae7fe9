"""livez, readyz and metrics on the second port."""

import os
import re
import signal
from collections.abc import Callable
from datetime import timedelta

import pytest
import samples
from checker import check, check_error
from client import once
from pki import not_after, now
from polling import wait_for
from process import Server
from prometheus_client.parser import text_string_to_metric_families

REQUESTS = "harbor_pg_webhook_requests_total"
DECISIONS = "harbor_pg_webhook_decisions_total"
DURATION = "harbor_pg_webhook_request_duration_seconds"
EXPIRY = "harbor_pg_webhook_certificate_not_after_timestamp_seconds"
BODY = samples.wire(samples.pod())


def families(server: Server) -> dict:
    answer = server.get("/metrics")
    assert answer.status == 200
    assert answer.header("Content-Type").startswith("text/plain; version=0.0.4")
    found = list(text_string_to_metric_families(answer.text))
    assert len({family.name for family in found}) == len(found), "a family is there twice"
    return {family.name: family for family in found}


def test_alive_and_ready(server: Server):
    for path in ("/livez", "/readyz"):
        answer = server.get(path)
        assert answer.status == 200
        assert answer.text.strip() == "ok"
        assert answer.header("Content-Type") == "text/plain; charset=utf-8"


def test_kubernetes_probes(server: Server):
    """A probe sends no body and closes; a query is no other path."""
    with server.connect_plain() as connection:
        answer = connection.request("GET", "/readyz?verbose", None, [("Connection", "close")])
        assert answer.status == 200
        assert connection.is_closed(5.0)
    with server.connect_plain() as connection:
        assert connection.request("HEAD", "/livez").status == 200


def test_other_paths_and_methods(server: Server):
    for path in ("/", "/healthz", "/metrics/", samples.POSTGRESQLS, "/debug/pprof"):
        check_error(server.get(path), 404)
    answer = once(server.connect_plain, lambda c: c.post("/metrics", b"{}"))
    check_error(answer, 405)
    assert "GET" in answer.header("Allow")


def test_reviews_are_not_decided_here(server: Server):
    check_error(once(server.connect_plain, lambda c: c.post(samples.RESTORE, BODY)), 404)


def test_names_and_labels(server: Server):
    """design.md 2, to the letter."""
    server.post(samples.RESTORE, BODY)
    found = families(server)
    kinds = {
        REQUESTS.removesuffix("_total"): "counter",
        DECISIONS.removesuffix("_total"): "counter",
        DURATION: "histogram",
        EXPIRY: "gauge",
        "harbor_pg_webhook_config_last_reload_successful": "gauge",
        "harbor_pg_webhook_build_info": "gauge",
        "process_resident_memory_bytes": "gauge",
        "process_open_fds": "gauge",
        "process_start_time_seconds": "gauge",
    }
    for name, kind in kinds.items():
        assert name in found, sorted(found)
        assert found[name].type == kind
        assert found[name].documentation, f"{name} has no help"
        assert found[name].samples, f"{name} has no samples"
    assert "process_cpu_seconds" in found
    for name in found:
        assert name.startswith(("harbor_pg_webhook_", "process_")), name
    labels = {
        REQUESTS: {"path", "code"},
        DECISIONS: {"kind", "decision", "reason", "profile", "dry_run"},
        EXPIRY: set(),
        "harbor_pg_webhook_config_last_reload_successful": set(),
    }
    for family in found.values():
        for sample in family.samples:
            if sample.name in labels:
                assert set(sample.labels) == labels[sample.name], sample


def test_counters_go_up_by_what_was_sent(server: Server):
    path = "/v1/pods/restore/{profile}"
    decided = {"kind": "restore", "profile": "dr-2026-11", "dry_run": "false"}

    def counts() -> list[float]:
        return [
            server.metric(REQUESTS, path=path, code="200"),
            server.metric(REQUESTS, path=path, code="400"),
            server.metric(REQUESTS, path="other", code="404"),
            server.metric(DECISIONS, **decided, decision="restore", reason="restore"),
            server.metric(DECISIONS, **decided, decision="denied", reason="image-too-old"),
            server.metric(f"{DURATION}_count"),
        ]

    before = counts()
    for _ in range(7):
        check(samples.pod(), server.post(samples.RESTORE, BODY))
    old = samples.wire(samples.review("pod-create-real-chain"))
    for _ in range(3):
        server.post(samples.RESTORE, old)
    for _ in range(2):
        server.post(samples.RESTORE, b"{")
    for number in range(4):
        server.post(f"/nowhere/{number}", BODY)
    after = counts()
    grown = [later - earlier for earlier, later in zip(before, after, strict=True)]
    assert grown[:5] == [10, 2, 4, 7, 3]
    assert grown[5] in (12, 16), "every request of a route is timed"


def test_labels_are_bounded(server: Server):
    """Nobody can make series by asking for many paths, profiles or methods."""

    def series() -> int:
        return sum(len(family.samples) for family in families(server).values())

    server.post("/nowhere", BODY)
    server.post("/v1/pods/restore/nobody", BODY)
    before = series()
    for number in range(100):
        server.post(f"/{number}", BODY)
        server.post(f"/v1/pods/restore/nobody-{number}", BODY)
        review = samples.changed(samples.pod(), operation=f"OPERATION{number}")
        server.post(samples.RESTORE, samples.wire(review))
    assert series() <= before + 4


def test_histogram(server: Server):
    server.post(samples.RESTORE, BODY)
    family = families(server)[DURATION]
    bounds = [
        float(sample.labels["le"]) for sample in family.samples if sample.name.endswith("_bucket")
    ]
    first = bounds[: bounds.index(float("inf")) + 1]
    assert first[0] == pytest.approx(10e-6)
    assert first == sorted(set(first))
    buckets = [sample.value for sample in family.samples if sample.name.endswith("_bucket")]
    buckets = buckets[: len(first)]
    assert buckets == sorted(buckets)
    assert buckets[-1] >= 1
    assert server.metric(f"{DURATION}_sum") > 0


def test_certificate_expiry_is_the_real_one(start: Callable[..., Server]):
    server = start()
    certificate = (server.certs_mount.folder / "tls.crt").read_bytes()
    assert server.metric(EXPIRY) == not_after(certificate)
    renewed = server.renew_certificate(not_after=now().replace(year=now().year + 1, day=1))
    wait_for("the new expiry", lambda: server.metric(EXPIRY) == not_after(renewed), seconds=30)


def test_process_metrics_are_true(server: Server):
    assert server.metric("process_resident_memory_bytes") == pytest.approx(server.rss(), rel=0.5)
    assert abs(server.metric("process_open_fds") - server.fds()) <= 4
    boot = next(
        int(line.split()[1]) for line in open("/proc/stat", encoding="ascii") if "btime" in line
    )
    with open(f"/proc/{server.process.pid}/stat", encoding="ascii") as file:
        ticks = int(re.sub(r".*\) ", "", file.read()).split()[19])
    began = boot + ticks / os.sysconf("SC_CLK_TCK")
    assert server.metric("process_start_time_seconds") == pytest.approx(began, abs=2)


def test_not_ready_while_draining(prepare: Callable[..., Server]):
    server = prepare({"server": {"drainDelay": "600s"}}).start()
    server.signal(signal.SIGTERM)
    wait_for("not ready", lambda: server.get("/readyz").status == 503)
    check_error(server.get("/readyz"), 503, "drain")
    assert server.get("/livez").status == 200
    assert server.stop() == 0


def test_not_ready_when_the_certificate_expires(prepare: Callable[..., Server]):
    """Ready means that the certificate is valid now: it may end while the server runs."""
    server = prepare()
    server.renew_certificate(not_after=now() + timedelta(seconds=8))
    server.start()
    assert server.get("/readyz").status == 200
    wait_for("not ready", lambda: server.get("/readyz").status == 503, seconds=30)
    check_error(server.get("/readyz"), 503, "certificate", "expired")
    assert server.get("/livez").status == 200
    server.renew_certificate()
    wait_for("ready again", lambda: server.get("/readyz").status == 200, seconds=30)
    assert server.stop() == 0


def test_a_bad_reload_stays_ready(start: Callable[..., Server]):
    """The old configuration is still loaded; the metric and the log tell."""
    server = start()
    server.publish("{")
    reloaded = "harbor_pg_webhook_config_last_reload_successful"
    wait_for("the metric says so", lambda: server.metric(reloaded) == 0, seconds=30)
    assert server.get("/readyz").status == 200


def test_the_port_can_be_left_out(prepare: Callable[..., Server]):
    server = prepare({"server": {"metricsListen": ""}}).start()
    assert "plain" not in server.ports
    check(samples.pod(), server.post(samples.RESTORE, BODY))
    assert server.stop() == 0


def test_many_scrapes_on_one_connection(server: Server):
    with server.connect_plain() as connection:
        for _ in range(200):
            assert connection.get("/metrics").status == 200
