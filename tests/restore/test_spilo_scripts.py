"""For every pod that a golden case lets in: what spilo's own configure_spilo.py makes of it.

What it has to make of it is said twice, and neither time by spilo: by hand, for each profile of the
golden configuration, and by the rules of the stand-in. So this also shows that the stand-in follows
spilo. It runs where SPILO_SCRIPTS names the scripts.
"""

import base64
import functools
import json
import re
import subprocess
from collections.abc import Callable, Iterator

import helpers  # isort: skip
import archive
import kubelet
import netns
import parts
import pytest
import spilo
import yaml

GOLDEN = helpers.TESTS / "golden"
DRIVER = helpers.HERE / "configure-spilo"
VERSIONS = ("3.2-p3", "3.3-p3")

SOURCE = (
    "s3://harbor-db-backups/spilo/postgresql-harbor-harbor/99e85b8a-3f92-4c86-8d42-5056348c1e7e/wal"
)
MINIO = "https://minio.storage.svc:9000"
FRANKFURT = "eu-central-1"

# --- what each profile of golden/configs means, worked out by hand from docs/configuration.md


def of_source(
    prefix: str = f"{SOURCE}/",
    region: str = FRANKFURT,
    endpoint: str = "",
    secret: tuple[str, str, str] | None = ("source", "id", "key"),
    **more: str,
) -> dict[str, str]:
    """The environment folder of a clone's WAL-G, whole."""
    result = {
        "WALG_S3_PREFIX": prefix,
        "WALE_S3_PREFIX": prefix,
        "AWS_REGION": region,
        "USE_WALG_BACKUP": "true",
        "USE_WALG_RESTORE": "true",
        "WALE_LOG_DESTINATION": "stderr",
        "TMPDIR": "/home/postgres/pgdata/tmp",
        **more,
    }
    if secret:
        name, access, key = secret
        result["AWS_ACCESS_KEY_ID"] = f"{name}/{access}"
        result["AWS_SECRET_ACCESS_KEY"] = f"{name}/{key}"
    else:
        result["AWS_INSTANCE_PROFILE"] = "true"
    if not endpoint:
        return {**result, "WALG_S3_SSE": "AES256"}
    return {
        **result,
        "AWS_ENDPOINT": endpoint,
        "AWS_S3_FORCE_PATH_STYLE": "true",
        "WALE_S3_ENDPOINT": endpoint.replace("://", "+path://"),
        "WALG_DISABLE_S3_SSE": "true",
        "WALE_DISABLE_S3_SSE": "true",
    }


RUNBOOKS_KEYS = ("harbor-pg-restore", "CLONE_AWS_ACCESS_KEY_ID", "CLONE_AWS_SECRET_ACCESS_KEY")
LITERAL = of_source(secret=RUNBOOKS_KEYS)
FOLDERS = {
    "enabled": LITERAL,
    "literal": LITERAL,
    "without-uid": of_source("s3://harbor-db-backups/spilo/lab-postgresql-lab-reg/wal/"),
    # Only WAL-E would read the second name, for which spilo makes up a place without a bucket.
    "prefix": of_source(SOURCE, WALE_S3_PREFIX="s3:///spilo/postgresql-harbor-harbor/wal/"),
    "endpoint": of_source(region="us-east-1", endpoint=MINIO),
    "role": of_source(
        secret=None,
        AWS_ROLE_ARN="arn:aws:iam::123456789012:role/restore",
        AWS_WEB_IDENTITY_TOKEN_FILE="/var/run/secrets/eks.amazonaws.com/serviceaccount/token",
    ),
    "target": of_source(),
    "target-inclusive": of_source(),
    "more-env": of_source(WALG_DOWNLOAD_CONCURRENCY="8", WALG_LIBSODIUM_KEY="wal-key/key"),
    "new-locales": of_source(),
    "everybody": of_source(),
    "listed": of_source(),
    "vouched": of_source(endpoint=MINIO),
    "vouched-aws": of_source(),
}

LATEST = {"recovery_target_timeline": "latest", "recovery_target_action": "promote"}
AT_TIME = {**LATEST, "recovery_target_time": "2026-11-20T02:00:00+00:00"}
RECOVERIES = {
    "target": {**AT_TIME, "recovery_target_timeline": "3", "recovery_target_inclusive": False},
    "target-inclusive": AT_TIME,
}
CLONES = {profile: (folder, RECOVERIES.get(profile, LATEST)) for profile, folder in FOLDERS.items()}


def of_archive(scope_and_suffix: str, retain: str, **more) -> dict[str, str]:
    """The environment folder of a cluster's own archive; {} in it is the cluster's name."""
    prefix = f"s3://harbor-db-backups/spilo/{scope_and_suffix}/wal/12"
    return of_source(prefix, BACKUP_NUM_TO_RETAIN=retain, PGPORT="5432", **more)


ARCHIVES = {
    "generation-2": of_archive(
        "{}/generation-2",
        retain="7",
        secret=("harbor-pg-backup", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
    ),
    "elsewhere": of_archive(
        "team/{}/generation-3",
        retain="14",
        region="us-east-1",
        endpoint=MINIO,
        secret=("backup", "id", "key"),
        WALG_UPLOAD_CONCURRENCY="4",
    ),
}

# spilo's own, as many as there are processors, in the folder of the own archive only.
CONCURRENCY = ("WALG_DOWNLOAD_CONCURRENCY", "WALG_UPLOAD_CONCURRENCY")

# --- what the cluster has beside the pod

CONFIG_MAP = {
    "CLONE_SCOPE": "postgresql-harbor-harbor",
    "CLONE_WAL_S3_BUCKET": "harbor-db-backups",
    "CLONE_WAL_BUCKET_SCOPE_SUFFIX": "/99e85b8a-3f92-4c86-8d42-5056348c1e7e",
    "CLONE_AWS_REGION": FRANKFURT,
}
OPTIONAL = {
    "CLONE_WAL_BUCKET_SCOPE_PREFIX": "lab-",
    "CLONE_TARGET_TIME": "2026-11-20T02:00:00+00:00",
    "CLONE_TARGET_TIMELINE": "3",
}
OF_PODS = {  # of the ConfigMaps that the pods of single cases refer to
    ("x", "y"): "{}",
}

# What a ConfigMap behind envFrom may bring: each would archive to, or restore from, somewhere else.
HOSTILE_TO_BACKUPS = {
    "WALG_S3_PREFIX": "s3://elsewhere/spilo/other/wal",
    "WALE_S3_PREFIX": "s3://elsewhere/spilo/other/wal",
    "WAL_BUCKET_SCOPE_PREFIX": "other-",
    "AWS_ENDPOINT": "https://elsewhere.example",
    "WALE_S3_ENDPOINT": "https+path://elsewhere.example",
    "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/other",
    "BACKUP_NUM_TO_RETAIN": "1",
}
HOSTILE_TO_CLONES = {
    "CLONE_WALG_S3_PREFIX": "s3://elsewhere/spilo/other/wal",
    "CLONE_WALE_S3_PREFIX": "s3://elsewhere/spilo/other/wal",
    "CLONE_AWS_ENDPOINT": "https://elsewhere.example",
    "CLONE_WALE_S3_ENDPOINT": "https+path://elsewhere.example",
    "CLONE_WAL_BUCKET_SCOPE_PREFIX": "other-",
    "CLONE_TARGET_TIME": "2001-01-01T00:00:00+00:00",
    "CLONE_TARGET_INCLUSIVE": "",
    "CLONE_TARGET_TIMELINE": "7",
    "CLONE_USE_WALG_BACKUP": "false",
    "CLONE_AWS_S3_FORCE_PATH_STYLE": "true",
    "CLONE_AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/other",
    "CLONE_WALG_S3_SSE": "aws:kms",
    "CLONE_WITH_BASEBACKUP": "true",
    "CLONE_PGVERSION": "9",
}


def find(pod: dict, config_map: dict[str, str], hostile: dict[str, str]) -> kubelet.Lookup:
    """The ConfigMap of a restore, what envFrom names, each key of a Secret that is referred to."""
    named = {"harbor-pg-restore": config_map}

    def found(kind: str, namespace: str, name: str) -> dict:
        if kind == "Secret":
            keys = (it["key"] for it in references(pod, "secretKeyRef") if it["name"] == name)
            values = {key: base64.b64encode(f"{name}/{key}".encode()).decode() for key in keys}
            return {"kind": kind, "data": values}
        of_pod = {key: value for (of, key), value in OF_PODS.items() if of == name}
        return {"kind": kind, "data": named.get(name) or of_pod or hostile}

    return found


def references(pod: dict, kind: str) -> Iterator[dict]:
    for container in pod["spec"]["containers"]:
        for entry in container.get("env", []):
            if kind in entry.get("valueFrom", {}):
                yield entry["valueFrom"][kind]


# --- the cases

NO_POD = ("pod-env-ugly-entries",)  # which no API server would store
DIES = {"pod-rules-broken": "ParserError"}  # whatever we do: a container that does not start


def pods() -> Iterator[str]:
    """The golden cases in which a pod is changed."""
    for folder in sorted(GOLDEN.iterdir()):
        changed = folder / "object.json"
        if folder.name in NO_POD or not changed.exists():
            continue
        if json.loads(changed.read_text())["kind"] == "Pod":
            yield folder.name


def golden(case: str, name: str) -> dict:
    return json.loads((GOLDEN / case / f"{name}.json").read_text())


def environment(case: str, config_map: dict[str, str]) -> dict[str, str]:
    pod = golden(case, "object")
    pod["metadata"].setdefault("namespace", "lab")
    pod["status"] = {"podIP": "10.0.0.1"}
    hostile = HOSTILE_TO_CLONES if kind_of(case) == "restore" else HOSTILE_TO_BACKUPS
    return kubelet.environment(pod, find(pod, config_map, hostile))


def kind_of(case: str) -> str:
    return golden(case, "case")["path"].split("/")[-2]


def profile_of(case: str) -> str:
    return golden(case, "case")["path"].split("/")[-1]


# What every kubelet sets, and what keeps the script from looking for the machine's cloud.
MADE_UP = {"KUBERNETES_SERVICE_HOST": "10.96.0.1", "SPILO_PROVIDER": "local"}

Configure = Callable[[dict[str, str]], dict]


@pytest.fixture(scope="module", params=VERSIONS)
def configure(request: pytest.FixtureRequest) -> Iterator[Configure]:
    """The script of one version, loaded once."""
    given = {spilo.scripts_version(it): it for it in spilo.named("SPILO_SCRIPTS")}
    if request.param not in given:
        pytest.skip(f"SPILO_SCRIPTS gives no scripts of spilo {request.param}")
    if netns.obstacle():
        pytest.skip(netns.obstacle())
    python = parts.container_python() / "bin/python3"
    scripts = spilo.root(given[request.param]) / "scripts"
    process = subprocess.Popen(
        ["unshare", "--mount", "--uts", python, DRIVER, scripts],
        env={"PATH": "/usr/bin:/bin", **spilo.IMAGE, **MADE_UP},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )

    @functools.cache
    def ask(question: str) -> dict:
        process.stdin.write(question + "\n")
        process.stdin.flush()
        return json.loads(process.stdout.readline())

    yield lambda env: ask(json.dumps(env))
    process.stdin.close()
    assert process.wait() == 0


def patroni_of(answer: dict) -> dict:
    assert answer["status"] == 0, answer["log"]
    return yaml.safe_load(answer["files"]["/run/postgres.yml"])


def folder_of(answer: dict, name: str) -> dict[str, str]:
    """The contents of an environment folder; {} when there is none."""
    start = f"/run/etc/wal-e.d/{name}/"
    files = answer["files"].items()
    return {path.removeprefix(start): text for path, text in files if path.startswith(start)}


def clone_of(answer: dict) -> tuple[dict[str, str], dict]:
    """Where the database is cloned from, and the settings of the recovery; ({}, {}) when not."""
    bootstrap = patroni_of(answer)["bootstrap"]
    if "method" not in bootstrap:
        return {}, {}
    assert bootstrap["method"] == "clone_with_wale"
    command = bootstrap["clone_with_wale"]["command"]
    recovery = dict(bootstrap["clone_with_wale"]["recovery_conf"])
    folder = re.match('envdir "/run/etc/wal-e.d/(env-clone[^"/]*)"', command)[1]
    assert recovery.pop("restore_command").startswith(f'envdir "/run/etc/wal-e.d/{folder}"')
    target = recovery.get("recovery_target_time", "")
    assert command.endswith(f'--recovery-target-time="{target}"')
    return folder_of(answer, folder), recovery


def archive_of(answer: dict, env: dict[str, str]) -> dict[str, str]:
    """Where the database archives to; {} when it does not."""
    result = folder_of(answer, "env")
    archiver = "wal-g" if result.get("USE_WALG_BACKUP") == "true" else "wal-e"
    push = f'envdir "/run/etc/wal-e.d/env" {archiver} wal-push "%p"'
    archiving = patroni_of(answer)["postgresql"]["parameters"]["archive_command"]
    assert archiving == (push if result else "/bin/true")
    return {name: text for name, text in result.items() if name not in CONCURRENCY or name in env}


def rules_of(env: dict[str, str]) -> list[str] | None:
    configuration = yaml.safe_load(env.get("SPILO_CONFIGURATION", "")) or {}
    return configuration.get("postgresql", {}).get("pg_hba")


CASES = [*pods()]


@pytest.mark.parametrize("case", CASES)
def test_a_pod_is_configured_as_its_profile_means(configure: Configure, case: str) -> None:
    env = environment(case, CONFIG_MAP)
    answer = configure(env)
    if case in DIES:
        assert answer["status"] == 1 and DIES[case] in answer["log"]
        return
    if kind_of(case) == "restore":
        assert clone_of(answer) == CLONES[profile_of(case)]
    else:
        scope = golden(case, "object")["metadata"]["ownerReferences"][0]["name"]
        means = ARCHIVES[profile_of(case)].items()
        assert archive_of(answer, env) == {name: text.format(scope) for name, text in means}
    rules = patroni_of(answer)["postgresql"]["pg_hba"]
    if rules_of(env) is None:
        assert rules[0].split() == ["local", "all", "all", "trust"]  # spilo's own
    else:
        assert rules == rules_of(env)


@pytest.mark.parametrize("case", [it for it in CASES if it not in DIES])
def test_the_stand_in_does_the_same(configure: Configure, case: str) -> None:
    env = environment(case, CONFIG_MAP)
    answer = configure(env)
    known = {*archive.STORE_NAMES, "WALG_S3_PREFIX", "AWS_REGION", "AWS_ENDPOINT"}
    known |= {"AWS_S3_FORCE_PATH_STYLE", "USE_WALG_BACKUP", "BACKUP_NUM_TO_RETAIN"}

    def of_spilo(folder: dict[str, str]) -> dict[str, str]:
        return {name: text for name, text in folder.items() if name in known}

    folder, recovery = clone_of(answer)
    theirs = of_spilo(folder)
    theirs.pop("USE_WALG_BACKUP", None)
    assert archive.clone(env) == theirs
    assert (archive.recovery(env) if archive.clone(env) else {}) == recovery
    own = archive.own({**env, **MADE_UP}).items()
    assert {name: text for name, text in own if text} == of_spilo(archive_of(answer, env))


@pytest.mark.parametrize("case", ["pod-enabled"])
def test_optional_keys_of_the_namespaces_own_config_map(configure: Configure, case: str) -> None:
    answer = configure(environment(case, CONFIG_MAP | OPTIONAL))
    folder = of_source(f"{SOURCE}/".replace("/postgresql", "/lab-postgresql"), secret=RUNBOOKS_KEYS)
    assert clone_of(answer) == (folder, {**AT_TIME, "recovery_target_timeline": "3"})
