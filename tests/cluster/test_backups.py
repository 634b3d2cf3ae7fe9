"""The chart's backupVerification and secretsBackup: the real API server takes their objects, under
Pod Security `restricted`, and the test's node runs their containers with a real S3 server."""

import contextlib
import os
import re
import shutil
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import helpers
import parts
import pytest
import store
from api import INTERVAL, ApiError, address
from canary import assert_silent
from generator import Builder
from harbor import NAME as HARBOR
from keeping import Keeping
from kept import Namespace
from plane import Plane
from pod_process import PROGRAMS
from polling import wait_for
from webhook import NAME, Webhook
from webhook_node import Pod

PREFIX = f"s3://{store.BUCKET}/spilo/guarded/wal/15"
BELOW = PREFIX.removeprefix(f"s3://{store.BUCKET}/")
SOURCE = "guarded"
PACKAGES = "/opt/packages"
KEYS, AUTHORITY, SIGNER = "store-keys", "store-ca", "signer"  # Secrets that the values name
ROUND = 30.0  # seconds within which an archive has been looked at again

STANDIN = f"""#!/bin/sh
PYTHONPATH={PACKAGES} exec {parts.PYTHON} {PROGRAMS}/walg.py "$@"
"""


class Backups:
    """What was installed, and what came of it."""

    def __init__(
        self,
        cluster: Plane,
        webhook: Webhook,
        places: tuple[store.Store, store.Aws],
        folder: Path,
    ) -> None:
        self.cluster, self.webhook = cluster, webhook
        self.s3, self.tls = places
        self.api = cluster.api
        self.keeping = Keeping(folder / "keeping", cluster.kubeconfig)
        self.programs = folder / "programs"
        self.source = Namespace(cluster, SOURCE)
        self.source.fill()
        self._install_programs()

    def values(self) -> dict:
        place = {"region": store.REGION, "endpoint": self.tls.endpoint, "pathStyle": True}
        place |= {"credentialsSecret": KEYS, "caSecret": AUTHORITY}
        target = {"name": "harbor", "prefix": PREFIX, "maxWalAge": "1h", **place}
        recipient = Path(self.keeping.file("recipient.crt")).read_text()
        return {
            "backupVerification": {"enabled": True, "targets": [target], "interval": "1m"},
            "secretsBackup": {
                "enabled": True,
                "sources": [{"namespace": SOURCE, "harborCluster": HARBOR}],
                "recipients": [recipient],
                "signingSecret": SIGNER,
                "to": f"s3://{store.BUCKET}/secrets",
                **place,
            },
        }

    def install(self) -> None:
        enforce = {"pod-security.kubernetes.io/enforce": "restricted"}
        self.api.patch("namespaces", None, NAME, {"metadata": {"labels": enforce}})
        contents = {
            KEYS: store.credentials(),
            AUTHORITY: {"ca.crt": self.tls.ca},
            SIGNER: self._signer(),
        }
        for name, content in contents.items():
            self.api.create("secrets", {"metadata": {"name": name}, "stringData": content}, NAME)
        builder = Builder()
        builder.base_backup()
        builder.wal(3)
        for key, blob in builder.archive.items():
            self.put(key, blob.content)
        self.webhook.upgrade(self.values())

    def _signer(self) -> dict[str, str]:
        return {
            f"tls.{end}": Path(self.keeping.file(f"signer.{end}")).read_text()
            for end in ("crt", "key")
        }

    def _install_programs(self) -> None:
        """WAL-G itself, if there is one, else the stand-in."""
        self.programs.mkdir()
        shutil.copy(helpers.TESTS / "restore/standin/walg.py", self.programs)
        real = os.environ.get("WALG", "").split(":")[0]
        if real:
            shutil.copy(real, self.programs / "wal-g")
        else:
            (self.programs / "wal-g").write_text(STANDIN)
        (self.programs / "wal-g").chmod(0o755)
        (packages,) = parts.container_python().glob("lib/python*/site-packages")
        self.webhook.node.mounts = {self.programs: PROGRAMS, packages: PACKAGES}

    # --- the archive

    def put(self, key: str, content: bytes) -> None:
        self.s3.s3.put_object(Bucket=store.BUCKET, Key=f"{BELOW}/{key}", Body=content)

    @contextlib.contextmanager
    def without(self, key: str) -> Iterator[None]:
        where = {"Bucket": store.BUCKET, "Key": f"{BELOW}/{key}"}
        content = self.s3.s3.get_object(**where)["Body"].read()
        self.s3.s3.delete_object(**where)
        yield
        self.put(key, content)

    # --- pods

    def pod(self) -> Pod:
        """That of the verification, once it runs."""

        def find() -> Pod | None:
            self.webhook.node.check()
            pods = self.webhook.node.pods()
            return next((it for it in pods if it.labels["app.kubernetes.io/name"] == WATCH), None)

        return wait_for(f"a pod {WATCH}", find, 30, INTERVAL)

    def metrics(self) -> dict[str, float]:
        """Of the archive, without the label; {} while nobody answers."""
        url = f"http://{self.pod().host}:8080/metrics"
        with contextlib.suppress(OSError):
            with urllib.request.urlopen(url, timeout=10) as answer:
                found = SERIES.findall(answer.read().decode())
                return {name: float(value) for name, value in found}
        return {}

    def look(self) -> dict[str, float]:
        """What the pod's first look has found."""
        return wait_for(
            "it has looked",
            lambda: "findings" in (found := self.metrics()) and found,
            ROUND,
            INTERVAL,
        )

    def look_again(self) -> dict[str, float]:
        """By another pod: it would be a minute until the same one looks again."""
        pod = self.pod()
        self.api.delete("pods", NAME, pod.name)
        wait_for("the pod is gone", lambda: not pod.is_alive(), 30, INTERVAL)
        return self.look()


WATCH = f"{NAME}-verification"
SERIES = re.compile(
    rf'^harbor_pg_webhook_backup_(\w+){{prefix="{re.escape(PREFIX)}"}} (\S+)$', re.M
)


@pytest.fixture(scope="module")
def backups(
    cluster: Plane,
    webhook: Webhook,
    places: tuple[store.Store, store.Aws],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Backups]:
    it = Backups(cluster, webhook, places, tmp_path_factory.mktemp("backups"))
    it.install()
    yield it
    webhook.rollback()
    webhook.node.mounts = {}
    cluster.api.delete("namespaces", None, SOURCE)
    for name in (KEYS, AUTHORITY, SIGNER):
        cluster.api.delete("secrets", NAME, name)


# --- verification


def test_a_whole_archive_is_told_on_the_metrics_page(backups: Backups) -> None:
    """WAL-G's list, which the container beside it wrote, says the same."""
    found = backups.look()
    assert found["verified_timestamp_seconds"] > 0
    assert (found["findings"], found["unknown"]) == (0, 0), backups.pod().output()
    assert found["age_seconds"] >= 0
    assert found["wal_age_seconds"] >= 0


def test_damage_moves_the_metric(backups: Backups) -> None:
    part = next(it for it in backups.s3.etags(BELOW) if "part_001" in it)
    with backups.without(part.removeprefix(f"{BELOW}/")):
        assert backups.look_again()["findings"] > 0
        assert "part_001" in backups.pod().output()
    assert backups.look_again()["findings"] == 0


def test_a_walg_that_fails_never_fails_the_pod(backups: Backups) -> None:
    """It is told beside our own verdict, and is over when WAL-G is well again."""
    program, kept = backups.programs / "wal-g", backups.programs / "kept"
    program.rename(kept)
    program.write_text("#!/bin/sh\necho no such bucket >&2\nexit 3\n")
    program.chmod(0o755)
    found = backups.look_again()
    assert (found["findings"], found["unknown"]) == (0, 1), found
    pod = backups.pod()
    assert "wal-g exited with 3" in pod.output()
    assert "no such bucket" in pod.output()
    assert [it.process.starts for it in pod.containers.values()] == [1, 1]
    assert all(it.process.runs() for it in pod.containers.values())
    program.unlink()
    kept.rename(program)
    assert backups.look_again()["unknown"] == 0


def test_pods_have_to_be_restricted(backups: Backups) -> None:
    """So that what the chart makes is."""
    container = {"name": "any", "image": "any"}
    body = {"metadata": {"name": "any"}, "spec": {"containers": [container]}}
    with pytest.raises(ApiError, match='violates PodSecurity "restricted:latest"'):
        backups.api.call("POST", f"{address('pods', NAME)}?dryRun=All", body)


def test_its_account_can_do_nothing(backups: Backups) -> None:
    who = f"--as=system:serviceaccount:{NAME}:{NAME}-verification"
    for words in (("get", "secrets"), ("list", "pods"), ("get", f"secrets/{KEYS}")):
        answer = backups.cluster.kubectl.run("auth", "can-i", *words, "-n", NAME, who)
        assert answer.out.strip() == "no", words


# --- copies of Secrets


def cron_job(backups: Backups) -> str:
    (found,) = (
        it["metadata"]["name"]
        for it in backups.api.list("cronjobs", NAME)
        if it["metadata"]["labels"]["app.kubernetes.io/name"] == f"{NAME}-secrets"
    )
    return found


def test_the_cron_job_writes_an_archive_that_can_be_opened(backups: Backups) -> None:
    name = cron_job(backups)
    words = ("create", "job", "now", f"--from=cronjob/{name}")
    backups.cluster.kubectl("-n", NAME, *words)
    backups.api.wait(
        "the job is done",
        *("jobs", NAME, "now"),
        lambda it: it["status"].get("succeeded") == 1,
    )
    place = f"s3://{store.BUCKET}/secrets/{SOURCE}/{HARBOR}"
    keeping = backups.keeping
    keeping.env |= store.credentials()
    where = ("--endpoint", backups.s3.endpoint, "--region", store.REGION, "--path-style")
    before = backups.source.data()
    backups.source.empty()
    signer = ("--signer-cert", keeping.file("signer.crt"))
    done = keeping.restore(*where, *signer, source=place)
    assert done.code == 0, done.err or done.out
    assert "origin not proven" not in done.out
    assert backups.source.data() == before
    assert_silent(backups.webhook.node.output(), "the logs of the pods")
    audited = backups.cluster.audit_log.read_text(errors="replace")
    assert_silent(audited, "the audit log")


def test_its_account_can_get_exactly_the_named_secrets(backups: Backups) -> None:
    account = backups.api.get("cronjobs", NAME, cron_job(backups))
    account = account["spec"]["jobTemplate"]["spec"]["template"]["spec"]["serviceAccountName"]
    who = f"--as=system:serviceaccount:{NAME}:{account}"

    def may(verb: str, what: str, namespace: str = SOURCE) -> bool:
        words = ("auth", "can-i", verb, what, "-n", namespace, who)
        return backups.cluster.kubectl.run(*words).out.strip() == "yes"

    for name in backups.source.names:
        assert may("get", f"secrets/{name}"), name
        for verb in ("update", "patch", "delete"):
            assert not may(verb, f"secrets/{name}"), (verb, name)
    for verb in ("get", "list", "watch", "create"):
        assert not may(verb, "secrets"), verb
    assert not may("get", "secrets/other")
    assert not may("get", f"secrets/{backups.source.names[0]}", NAME)
    assert may("get", f"harborclusters.goharbor.io/{HARBOR}")
