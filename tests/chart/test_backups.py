"""backupVerification and secretsBackup: what their objects have to do with each other."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml
from chart import (
    BACKUPS,
    CERTIFICATE,
    CHART,
    NAMESPACE,
    RELEASE,
    SECRETS,
    SOURCE,
    TARGET,
    Manifests,
    manifests,
)

BINARY = os.environ.get("HPW_BINARY", "")


def verification(*targets: dict, **settings: object) -> Manifests:
    settings |= {"enabled": True, "targets": list(targets) or [TARGET]}
    return manifests({"backupVerification": settings})


def secrets(**settings: object) -> Manifests:
    return manifests({"secretsBackup": {**SECRETS, **settings}})


def pod_of(found: Manifests) -> dict:
    return found.one("Deployment", "-verification")["spec"]["template"]["spec"]


def containers(found: Manifests) -> dict[str, dict]:
    return {it["name"]: it for it in pod_of(found)["containers"]}


def watch_file(found: Manifests) -> dict:
    return yaml.safe_load(found.one("ConfigMap", "-verification")["data"]["watch.yaml"])


def environment(container: dict) -> dict[str, object]:
    return {it["name"]: it.get("value", it.get("valueFrom")) for it in container.get("env", [])}


def of_kind(found: Manifests, kind: str) -> list[dict]:
    return [it for key, it in found.items() if key.startswith(f"{kind}/")]


def flags(cronjob: dict) -> list[str]:
    return job(cronjob)["containers"][0]["args"]


def job(cronjob: dict) -> dict:
    return cronjob["spec"]["jobTemplate"]["spec"]["template"]["spec"]


def mounted_paths(container: dict) -> set[str]:
    return {it["mountPath"] for it in container["volumeMounts"]}


# --- both


def test_nothing_of_it_is_there_by_default(defaults: Manifests) -> None:
    assert not [key for key in defaults if re.search("-(verification|secrets)", key)]


def test_nothing_that_selects_the_webhook_selects_their_pods(defaults: Manifests) -> None:
    found = manifests(BACKUPS)
    pods = [
        found.one("Deployment", "-verification")["spec"]["template"],
        of_kind(found, "CronJob")[0]["spec"]["jobTemplate"]["spec"]["template"],
    ]
    selectors = [
        found.one("Deployment")["spec"]["selector"]["matchLabels"],
        found.one("Service")["spec"]["selector"],
        found.one("PodDisruptionBudget")["spec"]["selector"]["matchLabels"],
        found.one("NetworkPolicy")["spec"]["podSelector"]["matchLabels"],
    ]
    for pod in pods:
        for selector in selectors:
            assert not selector.items() <= pod["metadata"]["labels"].items()
    assert {key: found[key] for key in defaults} == defaults


def test_labels_and_annotations_of_pods_are_those_of_all_pods() -> None:
    """A mesh that puts a proxy into each pod would keep a Job from its end."""
    extra = {
        "podLabels": {"sidecar.istio.io/inject": "false", "app.kubernetes.io/name": "x"},
        "podAnnotations": {"example.com/a": "b"},
        "commonLabels": {"example.com/team": "c"},
    }
    found = manifests({**BACKUPS, **extra})
    for pod, component in (
        (found.one("Deployment", "-verification")["spec"]["template"], "verification"),
        (of_kind(found, "CronJob")[0]["spec"]["jobTemplate"]["spec"]["template"], "secrets"),
    ):
        assert pod["metadata"]["labels"] == {
            "app.kubernetes.io/name": f"{RELEASE}-{component}",
            "app.kubernetes.io/instance": RELEASE,
            "sidecar.istio.io/inject": "false",
            "example.com/team": "c",
        }
        assert pod["metadata"]["annotations"]["example.com/a"] == "b"


@pytest.mark.parametrize("component", ["verification", "secrets"])
def test_each_has_a_policy_that_selects_its_pods(component: str) -> None:
    found = manifests(BACKUPS)
    policy = found.one("NetworkPolicy", f"-{component}")["spec"]
    pod = {
        "verification": found.one("Deployment", "-verification")["spec"]["template"],
        "secrets": of_kind(found, "CronJob")[0]["spec"]["jobTemplate"]["spec"]["template"],
    }[component]
    assert policy["podSelector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    ports = [port["port"] for rule in policy["ingress"] for port in rule["ports"]]
    assert ports == (["metrics"] if component == "verification" else [])
    assert {} in policy["egress"]


def test_a_narrow_policy_still_lets_the_copies_reach_the_api_server() -> None:
    rules = [{"ports": [{"port": 443, "protocol": "TCP"}]}]
    found = manifests({**BACKUPS, "networkPolicy": {"storeEgress": rules}})
    assert found.one("NetworkPolicy", "-verification")["spec"]["egress"] == rules
    api, *rest = found.one("NetworkPolicy", "-secrets")["spec"]["egress"]
    assert [it["port"] for it in api["ports"]] == [443, 6443]
    assert rest == rules


def test_no_value_of_a_key_is_rendered() -> None:
    """Keys come from Secrets that somebody else makes."""
    found = manifests(BACKUPS)
    assert [it["metadata"]["name"] for it in of_kind(found, "Secret")] == [f"{RELEASE}-ca"]
    for container in containers(found).values():
        for it in container.get("env", []):
            assert ("KEY" in it["name"] or "TOKEN" in it["name"]) == ("valueFrom" in it)


def test_a_role_is_taken_with_a_projected_token() -> None:
    identity = {"webIdentity": {"roleArn": "arn:aws:iam::1:role/r", "audience": "sts.example.com"}}
    target = {key: value for key, value in TARGET.items() if key != "credentialsSecret"}
    copies = {key: value for key, value in SECRETS.items() if key != "credentialsSecret"}
    found = manifests(
        {
            "backupVerification": {"enabled": True, "targets": [target], **identity},
            "secretsBackup": {**copies, **identity},
        }
    )
    for pod in (pod_of(found), job(of_kind(found, "CronJob")[0])):
        assert pod["automountServiceAccountToken"] is False
        volumes = {it["name"]: it for it in pod["volumes"]}
        (source,) = volumes["web-identity"]["projected"]["sources"]
        assert source["serviceAccountToken"]["audience"] == "sts.example.com"
        for container in pod["containers"]:
            given = environment(container)
            assert given["AWS_ROLE_ARN"] == "arn:aws:iam::1:role/r"
            folder, _, name = given["AWS_WEB_IDENTITY_TOKEN_FILE"].rpartition("/")
            assert folder in mounted_paths(container)
            assert name == source["serviceAccountToken"]["path"]
            assert "AWS_ACCESS_KEY_ID" not in given
    assert "credentials" not in watch_file(found)["targets"][0]
    assert "--credentials" not in flags(of_kind(found, "CronJob")[0])


def test_without_a_role_there_is_no_token_for_one() -> None:
    found = manifests(BACKUPS)
    assert "web-identity" not in {it["name"] for it in pod_of(found)["volumes"]}
    for account in of_kind(found, "ServiceAccount"):
        assert account["automountServiceAccountToken"] is False


# --- backupVerification


def test_the_file_says_what_the_values_say() -> None:
    target = {
        **TARGET,
        "endpoint": "https://store.example.com",
        "pathStyle": True,
        "caConfigMap": "store-ca",
        "minBackups": 3,
        "deep": True,
        "rate": "10MiB/s",
    }
    found = verification(target, interval="20m")
    assert watch_file(found) == {
        "listen": "0.0.0.0:8080",
        "interval": "20m",
        "log": {"level": "info", "format": "json"},
        "targets": [
            {
                "name": "harbor",
                "prefix": TARGET["prefix"],
                "region": "eu-central-1",
                "endpoint": "https://store.example.com",
                "pathStyle": True,
                "ca": "/ca/harbor/ca.crt",
                "credentials": "/credentials/harbor",
                "maxBackupAge": "26h",
                "maxWalAge": "2h",
                "minBackups": 3,
                "deep": True,
                "rate": "10MiB/s",
                "walgList": "/lists/harbor.json",
            }
        ],
    }
    assert {"/ca/harbor", "/credentials/harbor", "/lists"} <= mounted_paths(
        containers(found)["watch"]
    )


@pytest.mark.parametrize("name", ["backups", "web-identity"])
def test_the_binary_takes_the_file(name: str, tmp_path: Path) -> None:
    """With a mistake of ours in it, which is the only one that it finds: it does not start then."""
    assert BINARY, "HPW_BINARY is not set: the path of the built harbor-pg-webhook"
    found = manifests(None, "--values", CHART / f"ci/{name}-values.yaml")
    path = tmp_path / "watch.yaml"
    path.write_text(yaml.safe_dump({**watch_file(found), "mistake": 1}))
    words = [BINARY, "backups", "watch", "--config", path]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 1
    (line,) = (done.stdout + done.stderr).splitlines()
    assert line.startswith(f"{path}: mistake: unknown key")


def test_what_it_takes_is_what_the_values_know() -> None:
    """Each key of a target, but those that the chart makes of others."""
    item = json.loads((CHART / "values.schema.json").read_text())["definitions"]["target"]
    ours = set(item["properties"]) - {"caConfigMap", "caSecret", "credentialsSecret"}
    source = (CHART.parents[1] / "server/archive/watch_config.c").read_text()
    fields = source.partition("watch_target_fields[] = {")[2].partition("{NULL}")[0]
    keys = set(re.findall(r'^    {"(\w+)"', fields, re.M))
    assert keys == ours | {"ca", "credentials", "walgList"}


def test_wal_g_gets_the_same_place() -> None:
    target = {
        **TARGET,
        "endpoint": "https://store.example.com",
        "pathStyle": True,
        "caSecret": "store-ca",
    }
    found = verification(target)
    walg = containers(found)["wal-g-harbor"]
    given = environment(walg)
    assert (
        given.items()
        >= {
            "WALG_S3_PREFIX": TARGET["prefix"],
            "AWS_REGION": "eu-central-1",
            "AWS_ENDPOINT": "https://store.example.com",
            "AWS_S3_FORCE_PATH_STYLE": "true",
            "WALG_S3_CA_CERT_FILE": "/ca/harbor/ca.crt",
            "LIST": "/lists/harbor.json",
            "LIST_INTERVAL": "3600",
            "LIST_TIMEOUT": "600",
        }.items()
    )
    for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        assert given[key] == {"secretKeyRef": {"name": "verify", "key": key}}
    assert given["AWS_SESSION_TOKEN"]["secretKeyRef"]["optional"] is True
    assert {"/ca/harbor", "/lists", "/tmp"} == mounted_paths(walg)


def test_wal_g_runs_as_the_user_that_its_image_knows() -> None:
    """WAL-G 2 looks the user up, and ends when there is none; WAL-G 3 takes USER and HOME."""
    walg = containers(verification())["wal-g-harbor"]
    assert walg["image"] == "ghcr.io/zalando/spilo-16:3.2-p3"
    assert walg["securityContext"]["runAsUser"] == 101
    assert {"HOME", "USER"} <= set(environment(walg))
    assert walg["command"][:2] == ["sh", "-c"]


def test_each_target_has_a_wal_g_unless_it_is_off() -> None:
    two = {**TARGET, "name": "two", "prefix": "s3://b/wal/12"}
    assert list(containers(verification(TARGET, two))) == ["watch", "wal-g-harbor", "wal-g-two"]
    off = verification(TARGET, two, walgList={"enabled": False})
    assert list(containers(off)) == ["watch"]
    assert "walgList" not in watch_file(off)["targets"][0]
    assert "lists" not in {it["name"] for it in pod_of(off)["volumes"]}


def test_folders_in_memory_or_on_disk_are_bounded() -> None:
    for volume in pod_of(verification())["volumes"]:
        if "emptyDir" in volume:
            assert volume["emptyDir"]["sizeLimit"]


def test_a_changed_target_restarts_it() -> None:
    def template(found: Manifests) -> dict:
        return found.one("Deployment", "-verification")["spec"]["template"]

    assert template(verification()) != template(verification({**TARGET, "maxWalAge": "3h"}))
    spec = verification().one("Deployment", "-verification")["spec"]
    assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})


def test_a_long_first_look_is_no_failure() -> None:
    """It is ready when each archive was looked at, and each look may take an interval."""
    two = {**TARGET, "name": "two", "prefix": "s3://b/wal/12"}
    found = verification(TARGET, two, interval="2h")
    spec = found.one("Deployment", "-verification")["spec"]
    assert spec["progressDeadlineSeconds"] == 2 * 7200 + 600


def test_the_service_reaches_the_port_that_is_listened_on() -> None:
    found = manifests({**BACKUPS, "ports": {"metrics": 10080}})
    assert watch_file(found)["listen"] == "0.0.0.0:10080"
    (port,) = containers(found)["watch"]["ports"]
    assert (port["name"], port["containerPort"]) == ("metrics", 10080)
    service = found.one("Service", "-verification")["spec"]
    assert service["publishNotReadyAddresses"] is True
    assert [it["targetPort"] for it in service["ports"]] == ["metrics"]
    labels = found.one("Deployment", "-verification")["spec"]["template"]["metadata"]["labels"]
    assert service["selector"].items() <= labels.items()


# --- secretsBackup


def test_the_command_of_a_copy() -> None:
    found = secrets(
        sources=[{**SOURCE, "extraNames": ["admin-password"]}],
        recipients=[CERTIFICATE, CERTIFICATE],
        signingSecret="signer",
        endpoint="https://store.example.com",
        pathStyle=True,
        caConfigMap="store-ca",
    )
    (cronjob,) = of_kind(found, "CronJob")
    assert flags(cronjob) == [
        *("secrets", "backup", "--namespace", "harbor", "--harborcluster", "registry"),
        *("--name", "admin-password"),
        *("--recipient", "/recipients/0.crt", "--recipient", "/recipients/1.crt"),
        *("--signer", "/signing/tls.key", "--signer-cert", "/signing/tls.crt"),
        *("--to", "s3://secrets/production/harbor/registry", "--region", "eu-central-1"),
        *("--endpoint", "https://store.example.com", "--path-style", "--ca", "/ca/ca.crt"),
        *("--credentials", "/credentials"),
    ]
    container = job(cronjob)["containers"][0]
    assert mounted_paths(container) == {
        *("/recipients", "/signing", "/ca", "/credentials"),
        "/var/run/secrets/kubernetes.io/serviceaccount",
    }
    volumes = {it["name"] for it in job(cronjob)["volumes"]}
    assert volumes == {it["name"] for it in container["volumeMounts"]}
    assert found.one("ConfigMap", "-secrets")["data"] == {
        "0.crt": CERTIFICATE,
        "1.crt": CERTIFICATE,
    }


def test_how_a_copy_is_run() -> None:
    (cronjob,) = of_kind(secrets(schedule="5 4 * * 1"), "CronJob")
    spec = cronjob["spec"]
    assert (spec["schedule"], spec["timeZone"]) == ("5 4 * * 1", "Etc/UTC")
    assert spec["concurrencyPolicy"] == "Forbid"
    assert spec["startingDeadlineSeconds"] == 3600
    assert (spec["successfulJobsHistoryLimit"], spec["failedJobsHistoryLimit"]) == (1, 3)
    assert spec["jobTemplate"]["spec"]["backoffLimit"] == 3
    assert spec["jobTemplate"]["spec"]["activeDeadlineSeconds"] == 1800
    (rule,) = spec["jobTemplate"]["spec"]["podFailurePolicy"]["rules"]
    assert rule["action"] == "FailJob"
    assert rule["onExitCodes"]["containerName"] == job(cronjob)["containers"][0]["name"]
    assert 4 in rule["onExitCodes"]["values"]
    assert job(cronjob)["restartPolicy"] == "Never"


def test_each_source_has_an_account_that_may_get_its_secrets_and_no_other() -> None:
    other = {"namespace": "staging", "harborCluster": "registry", "extraNames": ["more"]}
    found = secrets(sources=[SOURCE, other])
    roles, bindings = of_kind(found, "Role")[:], of_kind(found, "RoleBinding")[:]
    roles = [it for it in roles if "source" in str(it["metadata"].get("annotations"))]
    assert [it["metadata"]["namespace"] for it in roles] == ["harbor", "staging"]
    for role, cronjob in zip(roles, of_kind(found, "CronJob"), strict=True):
        name = role["metadata"]["name"]
        assert cronjob["metadata"] | {"namespace": "", "labels": ""} == role["metadata"] | {
            "namespace": "",
            "labels": "",
        }
        assert cronjob["metadata"]["namespace"] == NAMESPACE
        assert job(cronjob)["serviceAccountName"] == name
        assert found[f"ServiceAccount/{name}"]["metadata"]["namespace"] == NAMESPACE
        (binding,) = [it for it in bindings if it["metadata"]["name"] == name]
        assert binding["metadata"]["namespace"] == role["metadata"]["namespace"]
        assert binding["roleRef"]["name"] == name
        assert binding["subjects"] == [
            {"kind": "ServiceAccount", "name": name, "namespace": NAMESPACE}
        ]
        of_secrets, of_cluster = role["rules"]
        assert of_secrets["verbs"] == of_cluster["verbs"] == ["get"]
        assert all(of_secrets["resourceNames"])
        assert of_secrets["resources"] == ["secrets"]
        assert of_cluster["resources"] == ["harborclusters"]
        assert of_cluster["resourceNames"] == ["registry"]
    names = [role["rules"][0]["resourceNames"] for role in roles]
    assert "more" not in names[0] and "more" in names[1]
    assert "postgres.postgresql-harbor-registry.credentials" in names[0]
    assert "postgres.postgresql-harbor-registry.credentials" not in names[1]


@pytest.mark.parametrize(
    "source",
    [SOURCE, {"namespace": "team-a", "harborCluster": "with.dots"}],
    ids=lambda it: it["harborCluster"],
)
def test_the_role_has_the_names_that_the_binary_looks_for(source: dict) -> None:
    assert BINARY, "HPW_BINARY is not set: the path of the built harbor-pg-webhook"
    words = ("--namespace", source["namespace"], "--harborcluster", source["harborCluster"])
    done = subprocess.run(
        [BINARY, "secrets", "list", *words], capture_output=True, text=True, check=True
    )
    (role,) = [
        it
        for it in of_kind(secrets(sources=[source]), "Role")
        if it["metadata"]["namespace"] == source["namespace"]
    ]
    names = [line.split()[0] for line in done.stdout.splitlines()]
    assert role["rules"][0]["resourceNames"] == names


@pytest.mark.parametrize("release", [RELEASE, "r" * 53])
def test_names_of_cronjobs_fit_and_differ(release: str) -> None:
    """At most 52 characters: the controller adds a number."""
    sources = [
        {"namespace": "a-b", "harborCluster": "c"},
        {"namespace": "a", "harborCluster": "b-c"},
        {"namespace": "n" * 63, "harborCluster": "with.dots"},
        {"namespace": "n" * 63, "harborCluster": "with-dots"},
    ]
    found = manifests({"secretsBackup": {**SECRETS, "sources": sources}}, release=release)
    names = {it["metadata"]["name"] for it in of_kind(found, "CronJob")}
    assert len(names) == len(sources)
    for name in names:
        assert re.fullmatch("[a-z0-9]([-a-z0-9]{0,50}[a-z0-9])?", name)
