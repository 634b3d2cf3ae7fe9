"""What is refused, and in which words; what NOTES.txt says and warns of."""

import pytest
from chart import BACKUPS, CERTIFICATE, SECRETS, SOURCE, TARGET, Refused, manifests, notes, render

SECRET = {"secret": {"name": "s", "accessKeyId": "id", "secretAccessKey": "key"}}
PLACE = {"bucket": "b", "scope": "postgresql-a-b", "suffix": "", "region": "r"}


def restore(name: str = "dr", without: str = "", **changes: object) -> dict:
    place = {key: value for key, value in PLACE.items() if key != without}
    return {"restoreProfiles": {name: {"s3": place, "credentials": SECRET, **changes}}}


def backup(name: str = "two", without: str = "") -> dict:
    place = {"bucket": "b", "region": "r", "suffix": "/two"}
    place.pop(without, None)
    return {"backupProfiles": {name: {"s3": place, "credentials": SECRET}}}


def verify(*without: str, **changes: object) -> dict:
    target = {key: value for key, value in TARGET.items() if key not in without}
    return {"backupVerification": {"enabled": True, "targets": [{**target, **changes}]}}


def verify_all(*targets: dict) -> dict:
    return {"backupVerification": {"enabled": True, "targets": list(targets)}}


def secrets(without: str = "", **changes: object) -> dict:
    settings = {key: value for key, value in SECRETS.items() if key != without}
    return {"secretsBackup": {**settings, **changes}}


KEY = "-----BEGIN PRIVATE KEY-----\nMIGH\n-----END PRIVATE KEY-----\n"

GUARDS = {
    "reserved restore profile": (restore("unlisted"), "the name 'unlisted' is reserved"),
    "reserved backup profile": (backup("unlisted"), "the name 'unlisted' is reserved"),
    "backup profile enabled": (backup("enabled"), "the name 'enabled' is reserved"),
    "profile in capitals": (restore("DR"), "restoreProfiles.DR: 'DR' is no name of a profile"),
    "profile with a dash at its end": (backup("a-"), "'a-' is no name of a profile"),
    "profile with a dot": (backup("a.b"), "'a.b' is no name of a profile"),
    "profile of 64 characters": (backup("a" * 64), "at most 63 lower-case letters"),
    "restore without region": (
        restore(without="region"),
        "restoreProfiles.dr.s3.region is missing",
    ),
    "backup without region": (backup(without="region"), "backupProfiles.two.s3.region is missing"),
    "restore without bucket": (
        restore(without="bucket"),
        "restoreProfiles.dr.s3.bucket is missing",
    ),
    "restore without scope": (restore(without="scope"), "restoreProfiles.dr.s3.scope is missing"),
    "restore without suffix": (
        restore(without="suffix"),
        "restoreProfiles.dr.s3.suffix is missing",
    ),
    "backup without suffix": (backup(without="suffix"), "backupProfiles.two.s3.suffix is missing"),
    "restore without credentials": (
        {"restoreProfiles": {"dr": {"s3": PLACE}}},
        "restoreProfiles.dr.credentials is missing: name a Secret",
    ),
    "one label for both": (
        {"labels": {"restore": "a/b", "backup": "a/b"}},
        "labels.restore and labels.backup are both 'a/b'",
    ),
    "label of Kubernetes": (
        {"labels": {"restore": "kubernetes.io/metadata.name"}},
        "labels: 'kubernetes.io/metadata.name' belongs to Kubernetes",
    ),
    "files without a Secret": ({"tls": {"mode": "files"}}, "tls.secretName is missing"),
    "files without a bundle": (
        {"tls": {"mode": "files", "secretName": "s"}},
        "tls.caBundle is missing",
    ),
    "one port for both": (
        {"ports": {"webhook": 8080}},
        "ports.webhook and ports.metrics are both 8080",
    ),
    "two budgets": (
        {"podDisruptionBudget": {"minAvailable": 1, "maxUnavailable": "50%"}},
        "minAvailable and maxUnavailable exclude each other",
    ),
    "a budget that stops drains": (
        {"podDisruptionBudget": {"minAvailable": 2}},
        "podDisruptionBudget.minAvailable 2 of 2 replicas would stop every drain",
    ),
    "too little memory": (
        {"resources": {"limits": {"memory": "90Mi"}}},
        "resources.limits.memory '90Mi' does not hold server.limits.inFlightBytes '64MiB'",
    ),
    "memory in bytes": (
        {"resources": {"limits": {"memory": 1000000}}},
        "does not hold server.limits.inFlightBytes",
    ),
    "no room for one body": (
        {"server": {"limits": {"inFlightBytes": "6MiB"}}},
        "server.limits.inFlightBytes '6MiB' does not hold a single server.limits.body '7MiB'",
    ),
    "verification without targets": (verify_all(), "backupVerification.targets is empty"),
    "target without region": (
        verify("region"),
        "backupVerification.targets[0] (harbor): region is missing: requests are signed for one",
    ),
    "target without keys": (
        verify("credentialsSecret"),
        "backupVerification.targets[0] (harbor): credentialsSecret is missing: name a Secret of",
    ),
    "target without a version": (
        verify(prefix="s3://b/spilo/postgresql-a-b/wal"),
        "prefix 's3://b/spilo/postgresql-a-b/wal' is no archive: expected s3://bucket/…/wal/<ver",
    ),
    "target with a slash at its end": (verify(prefix="s3://b/wal/12/"), "is no archive"),
    "target that is a folder": (verify(prefix="/backups/wal/12"), "is no archive"),
    "target with two authorities": (
        verify(caConfigMap="a", caSecret="b"),
        "caConfigMap and caSecret exclude each other",
    ),
    "target with a rate only": (verify(rate="1MiB/s"), "rate is of use with deep: true only"),
    "two targets of one name": (
        verify_all(TARGET, {**TARGET, "prefix": "s3://b/wal/12"}),
        "backupVerification.targets[1] (harbor): the name is there twice",
    ),
    "two targets of one archive": (
        verify_all(TARGET, {**TARGET, "name": "again"}),
        "backupVerification.targets[1] (again): prefix 's3://harbor-db-backups/",
    ),
    "an interval of no time": (
        {"backupVerification": {**BACKUPS["backupVerification"], "interval": "59s"}},
        "backupVerification.interval '59s' is too short",
    ),
    "copies of nothing": (secrets(sources=[]), "secretsBackup.sources is empty"),
    "copies of one twice": (
        secrets(sources=[SOURCE, {**SOURCE, "extraNames": ["a"]}]),
        "secretsBackup.sources[1]: HarborCluster harbor/registry is there twice",
    ),
    "copies for nobody": (secrets("recipients"), "secretsBackup.recipients is empty: give at le"),
    "copies for what is no certificate": (
        secrets(recipients=[CERTIFICATE, "MIIB"]),
        "secretsBackup.recipients[1] is no certificate",
    ),
    "copies with the key beside them": (
        secrets(recipients=[CERTIFICATE + KEY]),
        "secretsBackup.recipients[0] holds a private key, which has to stay outside",
    ),
    "copies to a file": (secrets(to="/backups"), "secretsBackup.to is '/backups': expected s3://"),
    "copies to nowhere": (secrets("to"), "secretsBackup.to is '': expected s3://bucket/folder"),
    "copies without region": (secrets("region"), "secretsBackup: region is missing"),
    "copies without keys": (
        secrets("credentialsSecret"),
        "secretsBackup: credentialsSecret is missing",
    ),
    "copies with two authorities": (
        secrets(caConfigMap="a", caSecret="b"),
        "secretsBackup: caConfigMap and caSecret exclude each other",
    ),
}

SCHEMA = {
    "target": (verify(bucket="b"), "additional properties 'bucket' not allowed"),
    "target without a name": (verify("name"), "missing property 'name'"),
    "target with a name in capitals": (verify(name="Harbor"), "does not match pattern"),
    "age in days": (verify(maxWalAge="1d"), "does not match pattern"),
    "endpoint without a scheme": (verify(endpoint="store:9000"), "does not match pattern"),
    "keys in the values": (
        verify(secretAccessKey="x"),
        "additional properties 'secretAccessKey' not allowed",
    ),
    "source": (
        secrets(sources=[{**SOURCE, "names": []}]),
        "additional properties 'names' not allowed",
    ),
    "source without a cluster": (
        secrets(sources=[{"namespace": "a"}]),
        "missing property 'harborCluster'",
    ),
    "failurePolicy": ({"webhooks": {"failurePolicy": "fail"}}, "must be one of 'Fail', 'Ignore'"),
    "mode": ({"tls": {"mode": "manged"}}, "must be one of 'managed', 'files', 'certManager'"),
    "top level": ({"replicas": 2}, "additional properties 'replicas' not allowed"),
    "section": ({"image": {"tags": "1"}}, "additional properties 'tags' not allowed"),
    "profile": (restore(sourceLocale="old"), "additional properties 'sourceLocale' not allowed"),
    "place": (restore(s3={"buket": "b"}), "additional properties 'buket' not allowed"),
    "built-in profile": (
        {"restoreProfiles": {"enabled": {"s3": PLACE}}},
        "additional properties 's3' not allowed",
    ),
    "literal key": (
        {"restoreProfiles": {"dr": {"s3": PLACE, "credentials": {"accessKey": "AKIA"}}}},
        "additional properties 'accessKey' not allowed",
    ),
    "two kinds of credentials": (
        restore(credentials={**SECRET, "workloadIdentity": {"roleArn": "a"}}),
        "maxProperties",
    ),
    "no replicas": ({"replicaCount": 0}, "minimum"),
    "time-out": ({"webhooks": {"timeoutSeconds": 31}}, "maximum"),
    "duration": ({"server": {"drainDelay": "10 s"}}, "does not match pattern"),
    "size": ({"server": {"limits": {"body": "7MB"}}}, "does not match pattern"),
    "digest": ({"image": {"digest": "sha256:abc"}}, "does not match pattern"),
    "label": ({"labels": {"backup": "a b"}}, "does not match pattern"),
    "port": ({"ports": {"metrics": "8080"}}, "want integer"),
    "boolean": ({"hostNetwork": "yes"}, "want boolean"),
    "clusters": (restore(clusters="harbour"), "'oneOf' failed"),
    "version of three digits": ({"database": {"postgresqlVersion": 160}}, "maximum"),
    "selector": (
        {"webhooks": {"namespaceSelector": {"matchExpressions": [{"key": "a"}]}}},
        "missing property 'operator'",
    ),
}


def refusal(values: dict | None, **options: str) -> str:
    with pytest.raises(Refused) as refused:
        render(values, **options)
    return " ".join(str(refused.value).split())


@pytest.mark.parametrize("name", GUARDS)
def test_guard(name: str) -> None:
    values, message = GUARDS[name]
    assert message in refusal(values)


@pytest.mark.parametrize("name", SCHEMA)
def test_schema(name: str) -> None:
    values, message = SCHEMA[name]
    text = refusal(values)
    assert "values don't meet the specifications of the schema" in text
    assert message in text


def test_kube_system_is_no_place_for_it() -> None:
    text = refusal(None, namespace="kube-system")
    assert "the release namespace is kube-system" in text
    assert "--namespace harbor-pg-webhook --create-namespace" in text


def test_an_older_kubernetes_is_refused() -> None:
    assert (
        "chart requires kubeVersion: >=1.28.0-0 which is incompatible with Kubernetes v1.27.16"
        in (refusal(None, kubernetes="1.27.16"))
    )


@pytest.mark.parametrize("version", ["1.28.0", "1.29.4-gke.1043002", "1.36.3", "1.37.0-alpha.1"])
def test_newer_ones_are_not(version: str) -> None:
    manifests(kubernetes=version)


@pytest.mark.parametrize(
    "values",
    [
        {"resources": {}},
        {"resources": {"limits": None}},
        {"resources": {"limits": {"memory": "1.5Gi"}}},
        {"podDisruptionBudget": {"minAvailable": 1}},
        {"replicaCount": 1, "podDisruptionBudget": {"enabled": False, "minAvailable": 1}},
        {"tls": {"mode": "files", "secretName": "s"}, "webhooks": {"annotations": {"a": "b"}}},
        restore(s3={"prefix": "s3://b/wal", "region": "r"}),
        {"database": {"postgresqlVersion": 16}},
        {"global": {"imageRegistry": "of-a-parent-chart"}},
        verify(prefix="s3://b/wal/9.6"),
        {"backupVerification": {**verify(region="")["backupVerification"], "enabled": False}},
        {
            "backupVerification": {
                **verify("credentialsSecret")["backupVerification"],
                "serviceAccount": {"annotations": {"eks.amazonaws.com/role-arn": "arn"}},
            }
        },
        secrets("credentialsSecret", webIdentity={"roleArn": "arn"}),
        secrets(to="s3://bucket"),
        restore("a" * 63),
        restore("1"),
    ],
    ids=str,
)
def test_what_looks_alike_is_taken(values: dict) -> None:
    manifests(values)


# --- NOTES.txt


def test_notes_say_what_to_do_next() -> None:
    text = notes()
    assert "rollout status deployment/harbor-pg-webhook" in text
    assert "kubectl label namespace NAMESPACE harbor-pg-webhook/restore=PROFILE" in text
    assert "Profiles: enabled" in text
    assert "There is no profile yet: add one to backupProfiles" in text
    assert "Harbor must not live in namespace harbor-pg-webhook" in text
    assert "WARNING" not in text


def test_notes_name_the_profiles_and_the_labels() -> None:
    labels = {"labels": {"restore": "a/r", "backup": "a/b"}}
    text = notes({**restore(), **backup(), **labels})
    assert "Profiles: dr, enabled" in text
    assert "Profiles: two" in text
    assert "There is no profile yet" not in text
    assert "kubectl label namespace NAMESPACE a/r=PROFILE" in text


def test_notes_say_what_verifies_and_what_copies() -> None:
    text = notes({**BACKUPS, "prometheusRule": {"enabled": True}})
    assert "Backups are verified every 1h" in text
    assert "logs deployment/harbor-pg-webhook-verification -c watch" in text
    assert 'Secrets are copied to s3://secrets/production at "17 2 * * *" (UTC)' in text
    assert "--from=cronjob/harbor-pg-webhook-secrets-harbor-registry-" in text
    assert "verified every" not in notes()


WARNINGS = {
    "verification that tells nobody": (
        {"backupVerification": BACKUPS["backupVerification"]},
        "backups are verified, but prometheusRule.enabled is false",
    ),
    "copies without a signature": (secrets(), "secretsBackup.signingSecret is empty"),
    "one replica": ({"replicaCount": 1}, "a single replica"),
    "image": ({"image": {"registry": "harbor.example.com"}}, "image is harbor.example.com/"),
    "pin": (
        {"database": {"image": "harbor.example.com/spilo-16:3.2-p3"}},
        "database.image is harbor.example.com/spilo-16:3.2-p3. If that registry is a Harbor that",
    ),
    "Ignore": ({"webhooks": {"failurePolicy": "Ignore"}}, "webhooks.failurePolicy is Ignore"),
    "live clusters": ({"database": {"patchLiveClusters": True}}, "database.patchLiveClusters"),
}


@pytest.mark.parametrize("name", WARNINGS)
def test_notes_warn(name: str) -> None:
    values, message = WARNINGS[name]
    text = notes(values)
    assert f"WARNING: {message}" in text
    assert text.count("WARNING") == 1
