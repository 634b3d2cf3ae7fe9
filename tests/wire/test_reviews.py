"""Real reviews get right answers, in kind, again and again."""

import json

import checker
import pytest
import samples
from client import api_server_headers, chunk
from process import Server

OLD_IMAGE = "registry.opensource.zalan.do/acid/spilo-12:1.6-p3"
PIN = "ghcr.io/zalando/spilo-16:3.2-p3"


def values_at(patch: list | None, path: str) -> list:
    return [operation["value"] for operation in patch or [] if operation["path"] == path]


@pytest.mark.parametrize("name", samples.PATHS)
@pytest.mark.parametrize("version", [checker.V1, checker.V1BETA1])
def test_real_reviews_are_answered_in_kind(server: Server, name: str, version: str):
    review = {**samples.review(name), "apiVersion": version}
    answer = server.post(samples.PATHS[name] + "?timeout=10s", samples.wire(review))
    checker.check(review, answer)


def test_harbors_resource_is_repaired(server: Server):
    review = samples.postgresql()
    exchange = checker.check(review, server.post(samples.POSTGRESQLS, samples.wire(review)))
    assert exchange.response["allowed"]
    assert values_at(exchange.patch, "/spec/dockerImage") == [PIN]
    (rules,) = values_at(exchange.patch, "/spec/patroni/pg_hba")
    assert len(rules) == 9
    assert exchange.response["auditAnnotations"]["decision"] == "repaired"
    assert exchange.response["auditAnnotations"]["image"] == PIN


def test_the_repair_survives_harbors_put(server: Server):
    review = samples.review("cr-update-after-repair")
    repaired = review["request"]["oldObject"]["spec"]
    assert review["request"]["object"]["spec"]["dockerImage"] == OLD_IMAGE
    exchange = checker.check(review, server.post(samples.POSTGRESQLS, samples.wire(review)))
    assert values_at(exchange.patch, "/spec/dockerImage") == [repaired["dockerImage"]]
    assert values_at(exchange.patch, "/spec/patroni/pg_hba") == [repaired["patroni"]["pg_hba"]]


def test_a_repaired_pod_gets_the_restore_environment(server: Server):
    review = samples.pod()
    exchange = checker.check(review, server.post(samples.RESTORE, samples.wire(review)))
    assert exchange.response["allowed"], exchange.response
    added = {
        operation["value"]["name"]: operation["value"]
        for operation in exchange.patch
        if operation["op"] == "add" and operation["path"].startswith("/spec/containers/0/env/")
    }
    assert added["CLONE_SCOPE"]["value"] == "postgresql-harbor-harbor"
    assert added["CLONE_WITH_WALE"]["value"] == "true"
    assert added["CLONE_AWS_SECRET_ACCESS_KEY"]["valueFrom"]["secretKeyRef"] == {
        "name": "harbor-pg-restore",
        "key": "CLONE_AWS_SECRET_ACCESS_KEY",
    }
    assert exchange.response["auditAnnotations"]["profile"] == "dr-2026-11"


def test_an_unrepaired_pod_is_refused(server: Server):
    review = samples.review("pod-create-real-chain")
    exchange = checker.check(review, server.post(samples.RESTORE, samples.wire(review)))
    assert exchange.response["allowed"] is False
    assert exchange.response["auditAnnotations"]["decision"] == "denied"
    assert exchange.response["auditAnnotations"]["reason"] == "image-too-old"
    assert OLD_IMAGE in exchange.response["status"]["message"]


@pytest.mark.parametrize("kind", ["restore", "backup"])
def test_the_catch_all_refuses_and_names_the_profiles(server: Server, kind: str):
    review = samples.pod()
    answer = server.post(f"/v1/pods/{kind}/unlisted", samples.wire(review))
    exchange = checker.check(review, answer)
    assert exchange.response["allowed"] is False
    assert exchange.response["auditAnnotations"]["reason"] == "unknown-profile"
    known = {"restore": "dr-2026-11", "backup": "generation-2"}[kind]
    assert known in exchange.response["status"]["message"]


def test_a_backup_profile_keeps_archiving(server: Server):
    review = samples.pod()
    exchange = checker.check(review, server.post(samples.BACKUP, samples.wire(review)))
    assert exchange.response["allowed"]
    names = {operation["value"]["name"] for operation in exchange.patch if "value" in operation}
    assert {"WAL_S3_BUCKET", "WAL_BUCKET_SCOPE_SUFFIX", "AWS_SECRET_ACCESS_KEY"} <= names


def test_config_maps_are_judged(server: Server):
    right = samples.config_map(
        {
            "CLONE_SCOPE": "postgresql-harbor-harbor",
            "CLONE_WAL_S3_BUCKET": "harbor-db-backups",
            "CLONE_WAL_BUCKET_SCOPE_SUFFIX": "/99e85b8a-3f92-4c86-8d42-5056348c1e7e",
            "CLONE_AWS_REGION": "eu-central-1",
        }
    )
    exchange = checker.check(right, server.post(samples.CONFIGMAPS, samples.wire(right)))
    assert exchange.response["allowed"], exchange.response
    wrong = samples.config_map({"CLONE_SCOPE": "", "CLONE_WAL_S3_BUCKET": "s3://bucket/path"})
    exchange = checker.check(wrong, server.post(samples.CONFIGMAPS, samples.wire(wrong)))
    message = exchange.response["status"]["message"]
    for name in ("CLONE_SCOPE", "CLONE_WAL_S3_BUCKET", "CLONE_AWS_REGION"):
        assert name in message


def test_deletion_is_let_through(server: Server):
    given = samples.postgresql()
    review = samples.changed(
        given, operation="DELETE", object=None, oldObject=given["request"]["object"]
    )
    exchange = checker.check(review, server.post(samples.POSTGRESQLS, samples.wire(review)))
    assert exchange.response["allowed"] and exchange.patch is None


def test_a_dry_run_is_decided_and_counted_apart(server: Server):
    def count() -> float:
        return server.metric("harbor_pg_webhook_decisions_total", kind="restore", dry_run="true")

    before = count()
    review = samples.changed(samples.pod(), dryRun=True)
    exchange = checker.check(review, server.post(samples.RESTORE, samples.wire(review)))
    assert exchange.patch
    assert count() == before + 1


def test_pretty_printed_reviews_are_the_same(server: Server):
    review = samples.pod()
    compact = server.post(samples.RESTORE, samples.wire(review))
    pretty = server.post(samples.RESTORE, json.dumps(review, indent=2).encode())
    assert compact.body == pretty.body


def test_a_thousand_requests_on_one_connection(server: Server):
    """Each answer carries its own uid; equal requests get equal answers."""
    reviews = {name: samples.review(name) for name in samples.PATHS}
    answers: dict[str, set[str]] = {name: set() for name in reviews}
    with server.connect() as connection:
        for number in range(1000):
            name = list(reviews)[number % len(reviews)]
            review = samples.with_uid(reviews[name])
            answer = connection.post(samples.PATHS[name] + "?timeout=10s", samples.wire(review))
            checker.check(review, answer)
            assert not answer.closes
            answers[name].add(answer.text.replace(review["request"]["uid"], "UID"))
    assert all(len(texts) == 1 for texts in answers.values()), answers.keys()


def test_large_reviews_up_to_the_limit(server: Server):
    for size in (100_000, 1_000_000, 3_000_000, 7 * 1024 * 1024):
        review = samples.postgresql()
        answer = server.post(samples.POSTGRESQLS, samples.padded(review, size))
        assert checker.check(review, answer).patch


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_chunked_bodies(server: Server, size: int):

    review = samples.pod()
    body = samples.wire(review)
    with server.connect() as connection:
        headers = [*api_server_headers(), ("Transfer-Encoding", "chunked")]
        pieces = [chunk(body[at : at + size]) for at in range(0, len(body), size)]
        connection.send(connection.head("POST", samples.RESTORE, headers))
        connection.send(b"".join(pieces) + chunk(b""))
        checker.check(review, connection.answer())
        checker.check(review, connection.post(samples.RESTORE, body))


def test_expect_continue(server: Server):

    review = samples.pod()
    body = samples.wire(review)
    with server.connect() as connection:
        headers = [
            *api_server_headers(),
            ("Content-Length", str(len(body))),
            ("Expect", "100-continue"),
        ]
        connection.send(connection.head("POST", samples.RESTORE, headers))
        while b"\r\n\r\n" not in connection.buffer:
            assert connection.pump(1.0)
        assert connection.buffer == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.send(body)
        checker.check(review, connection.answer())
