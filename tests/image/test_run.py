"""The image at work: as process 1, as a nobody, on a root that cannot be written."""

import json
import signal
from collections.abc import Callable
from pathlib import Path

import checker
import pytest
import samples
from container import Container, Podman
from fake_api import TOKEN, fake_api
from oci import Image
from pki import Authority, Mount
from polling import wait_for
from replica import ACCOUNT, ROUND

PIN = "ghcr.io/zalando/spilo-16:3.2-p3"


def test_version(podman: Podman, image: Image):
    done = podman.run("version", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    labels = image.config["config"]["Labels"]
    assert told["version"] == labels["org.opencontainers.image.version"]
    assert told["commit"] == labels["org.opencontainers.image.revision"]


def test_without_arguments_it_says_how_it_is_used(podman: Podman):
    done = podman.run()
    assert done.returncode == 2
    assert "usage: harbor-pg-webhook" in done.stdout + done.stderr


def test_there_is_no_shell(podman: Podman):
    for name in ("/bin/sh", "sh"):
        done = podman.run("-c", "true", options=("--entrypoint", name))
        assert done.returncode == 127, done.stderr
        assert "executable file not found" in done.stderr or "no such file" in done.stderr


def test_a_real_review(start: Callable[..., Container]):
    container = start()
    review = samples.postgresql()
    exchange = checker.check(review, container.post(samples.POSTGRESQLS, samples.wire(review)))
    assert exchange.response["allowed"]
    assert exchange.response["auditAnnotations"]["image"] == PIN
    assert container.get("/readyz").status == 200


def test_who_and_where_it_is(start: Callable[..., Container]):
    container = start()
    status = dict(line.split(":", 1) for line in container.proc("status").splitlines())
    assert status["NSpid"].split()[-1] == "1"
    assert status["Uid"].split() == status["Gid"].split() == ["65532"] * 4
    assert int(status["CapBnd"], 16) == int(status["CapEff"], 16) == 0
    mounts = [line.split() for line in container.proc("mountinfo").splitlines()]
    (root,) = [it[5] for it in mounts if it[4] == "/"]
    assert "ro" in root.split(",")


def test_sigterm_drains(start: Callable[..., Container]):
    container = start({"server": {"drainDelay": "2s"}})
    review = samples.wire(samples.postgresql())
    with container.connect() as connection:
        assert not connection.post(samples.POSTGRESQLS, review).closes
        container.signal(signal.SIGTERM)
        wait_for("it is not ready", lambda: container.get("/readyz").status == 503)
        answer = connection.post(samples.POSTGRESQLS, review)
    assert answer.status == 200
    assert answer.closes
    assert container.exit_code() == 0
    (line,) = container.log("stopping")
    assert line["connectionsCut"] == 0


def test_it_reaches_the_api_server_by_name(start: Callable[..., Container], tmp_path: Path):
    """What libcurl, OpenSSL and the resolver load only when they are used is not missed."""
    authority = Authority("API server")
    account = Mount(tmp_path / "account")
    account.publish({"token": TOKEN.encode(), "ca.crt": authority.pem, "namespace": b"x"})
    with fake_api(tmp_path / "api", authority) as api:
        container = start(
            {"tls": {"mode": "managed"}},
            "--env=KUBERNETES_SERVICE_HOST=localhost",
            f"--env=KUBERNETES_SERVICE_PORT={api.port}",
            f"--volume={account.folder}:{ACCOUNT}:ro",
        )
        wait_for("it is ready", lambda: container.get("/readyz").status == 200, ROUND)


@pytest.mark.parametrize("known", [False, True], ids=["by nobody known", "by a given CA"])
def test_a_bucket_is_reached_over_tls(podman: Podman, tmp_path: Path, known: bool):
    """The system's authorities are read, or this would not be about the server's certificate."""
    authority = Authority("store")
    authorities = Mount(tmp_path / "ca")
    authorities.publish({"ca.crt": authority.pem})
    with fake_api(tmp_path / "store", authority) as store:
        done = podman.run(
            *("backups", "verify", "--prefix", "s3://bucket/spilo/a/wal/16"),
            *("--region", "eu-central-1", "--path-style"),
            *("--endpoint", f"https://localhost:{store.port}"),
            *(("--ca", "/ca/ca.crt") if known else ()),
            options=(
                *("--env=AWS_ACCESS_KEY_ID=id", "--env=AWS_SECRET_ACCESS_KEY=key"),
                f"--volume={authorities.folder}:/ca:ro",
            ),
        )
        asked = [call.path for call in store.calls]
    told = " ".join(done.stdout.split())
    assert done.returncode == 1, done.stdout + done.stderr
    if known:
        assert asked and asked[0].startswith("/bucket?")
    else:
        assert "unable to get local issuer certificate" in told
        assert not asked


def test_a_broken_configuration_ends_it(podman: Podman):
    done = podman.run("serve", "--config", "/absent.yaml")
    assert done.returncode == 1
    assert "/absent.yaml" in done.stderr
