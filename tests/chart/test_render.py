"""What holds for every rendering, and what the parts of one have to do with each other."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml
from chart import (
    BACKUPS,
    CHART,
    KUBERNETES,
    NAMESPACE,
    RELEASE,
    Manifests,
    ci_values,
    helm,
    manifests,
    parse,
    render,
)

CI = pytest.mark.parametrize("values", ci_values(), ids=lambda path: path.stem)
BINARY = os.environ.get("HPW_BINARY", "")

WIDE = {
    "backupProfiles": {
        name: {
            "s3": {"bucket": "b", "region": "r", "suffix": f"/{name}"},
            "credentials": {"secret": {"name": "s", "accessKeyId": "id", "secretAccessKey": "key"}},
        }
        for name in ("two", "one")
    },
    "restoreProfiles": {
        "dr": {
            "s3": {"bucket": "b", "scope": "postgresql-a-b", "suffix": "", "region": "r"},
            "credentials": {"secret": {"name": "s", "accessKeyId": "id", "secretAccessKey": "key"}},
        }
    },
}


@CI
def test_lint(values: Path) -> None:
    helm("lint", "--strict", "--kube-version", KUBERNETES, CHART, "--values", values)


@CI
def test_rendering_is_deterministic(values: Path) -> None:
    assert render(None, "--values", values) == render(None, "--values", values)


@CI
def test_nothing_is_left_unrendered_or_odd(values: Path) -> None:
    """No hook, no date, no value that came out as nothing."""
    text = render(None, "--values", values)
    assert not re.search(r"helm\.sh/hook|<no value>|%!", text)
    found = parse(text)
    assert all(it.get("apiVersion") for it in found.values())


def test_no_template_asks_the_cluster_or_the_dice() -> None:
    words = r"\b(lookup|genCA|genSelfSignedCert|genSignedCert|genPrivateKey|rand\w+|now|uuidv4)\b"
    for path in (CHART / "templates").iterdir():
        for call in re.findall(r"{{-?(.*?)-?}}", path.read_text(), re.S):
            if not call.lstrip().startswith("/*"):
                assert not re.search(words, re.sub(r'"[^"]*"|`[^`]*`', "", call)), path


@CI
def test_one_file_for_each_object(values: Path) -> None:
    text = render(None, "--values", values)
    sources = re.findall(r"^# Source: \S+/(\S+)$", text, re.M)
    own = [source for source in sources if source != "extraobjects.yaml"]
    assert len(own) == len(set(own))


@CI
def test_the_binary_takes_the_configuration(values: Path, tmp_path: Path) -> None:
    assert BINARY, "HPW_BINARY is not set: the path of the built harbor-pg-webhook"
    found = parse(render(None, "--values", values))
    configs = [it for key, it in found.items() if "config.yaml" in it.get("data", {})]
    assert len(configs) == 1
    path = tmp_path / "config.yaml"
    path.write_text(configs[0]["data"]["config.yaml"])
    done = subprocess.run([BINARY, "check", "--config", path], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_binary_refuses_what_is_wrong(tmp_path: Path) -> None:
    """So that the test above can fail."""
    config = manifests({"database": {"image": "x $(Y)"}}).config
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump(config))
    assert subprocess.run([BINARY, "check", "--config", path], capture_output=True).returncode == 1


# --- the entries


def test_the_entries_come_in_the_order_of_the_calls() -> None:
    assert list(manifests(WIDE).webhooks) == [
        "postgresqls",
        "backup-one",
        "backup-two",
        "backup-unlisted",
        "restore-dr",
        "restore-enabled",
        "restore-unlisted",
        "configmaps",
    ]


def test_without_profiles_there_are_the_built_in_one_and_the_catch_alls(
    defaults: Manifests,
) -> None:
    assert list(defaults.webhooks) == [
        *("postgresqls", "backup-unlisted", "restore-enabled", "restore-unlisted", "configmaps")
    ]


def test_null_takes_a_profile_away_but_not_the_built_in_one() -> None:
    found = manifests({"restoreProfiles": {"enabled": None, "dr": None}})
    assert [name for name in found.webhooks if name.startswith("restore-")] == [
        *("restore-enabled", "restore-unlisted")
    ]
    assert found.config["restoreProfiles"] == {"enabled": {"from": "namespace"}}


@pytest.mark.parametrize("label", ["backup", "restore"])
def test_each_value_of_a_label_has_exactly_one_entry(label: str) -> None:
    key = f"harbor-pg-webhook/{label}"
    found = manifests(WIDE).webhooks

    def called(value: str | None) -> list[str]:
        labels = {"kubernetes.io/metadata.name": "harbor"} | ({key: value} if value else {})
        names = [name for name in found if name.startswith(f"{label}-")]
        return [it for it in names if matches(found[it]["namespaceSelector"], labels)]

    profiles = {"backup": ["one", "two"], "restore": ["dr", "enabled"]}[label]
    for profile in profiles:
        assert called(profile) == [f"{label}-{profile}"]
    for typo in ("dr-2", "Enabled", "unlisted", "on"):
        assert called(typo) == [f"{label}-unlisted"]
    assert called(None) == []


def test_a_label_without_profiles_is_caught_by_its_existence_alone(defaults: Manifests) -> None:
    """The API server refuses an empty list of values."""
    expressions = defaults.webhooks["backup-unlisted"]["namespaceSelector"]["matchExpressions"]
    assert [it["operator"] for it in expressions] == ["NotIn", "Exists"]


def matches(selector: dict, labels: dict[str, str]) -> bool:
    tests = {
        "In": lambda it: labels.get(it["key"]) in it["values"],
        "NotIn": lambda it: labels.get(it["key"]) not in it["values"],
        "Exists": lambda it: it["key"] in labels,
        "DoesNotExist": lambda it: it["key"] not in labels,
    }
    return all(tests[it["operator"]](it) for it in selector.get("matchExpressions", [])) and (
        selector.get("matchLabels", {}).items() <= labels.items()
    )


@pytest.mark.parametrize(
    "selector",
    [
        {},
        {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}},
        {
            "matchExpressions": [
                {
                    "key": "kubernetes.io/metadata.name",
                    "operator": "In",
                    "values": ["kube-system", "somewhere"],
                }
            ]
        },
    ],
)
@pytest.mark.parametrize("namespace", ["kube-system", "somewhere"])
def test_no_value_brings_the_excluded_namespaces_back(selector: dict, namespace: str) -> None:
    found = manifests({**WIDE, "webhooks": {"namespaceSelector": selector}}, namespace="somewhere")
    labels = {"kubernetes.io/metadata.name": namespace}
    for name, entry in found.webhooks.items():
        for extra in ({}, {"harbor-pg-webhook/restore": "dr", "harbor-pg-webhook/backup": "one"}):
            assert not matches(entry["namespaceSelector"], labels | extra), name


def test_each_entry_says_what_the_api_server_would_guess(defaults: Manifests) -> None:
    for name, entry in manifests(WIDE).webhooks.items():
        label, _, rest = entry["name"].partition(".")
        assert (label, rest) == (name, "harbor-pg-webhook.internal")
        assert entry["sideEffects"] == "None"
        assert entry["admissionReviewVersions"] == ["v1", "v1beta1"]
        assert entry["timeoutSeconds"] == 3
        assert entry["matchPolicy"] == "Equivalent"
        assert entry["failurePolicy"] == "Fail"
        service = entry["clientConfig"]["service"]
        assert (service["name"], service["namespace"], service["port"]) == (RELEASE, NAMESPACE, 443)
        rule = entry["rules"][0]
        pod = name.startswith(("backup-", "restore-"))
        assert rule["operations"] == (["CREATE"] if pod else ["CREATE", "UPDATE"])
        assert rule["scope"] == "Namespaced"
        kind, _, profile = name.partition("-")
        wanted = f"/v1/pods/{kind}/{profile}" if pod else f"/v1/{name}"
        assert service["path"] == wanted


def test_the_paths_of_profiles_are_profiles_of_the_configuration() -> None:
    found = manifests(WIDE)
    for name in found.webhooks:
        kind, _, profile = name.partition("-")
        if profile not in ("", "unlisted"):
            assert profile in found.config[f"{kind}Profiles"]


# --- certificates


def test_mode_managed_leaves_the_bundle_to_the_webhook(defaults: Manifests) -> None:
    assert "caBundle" not in render()
    assert "data" not in defaults.one("Secret", "-ca")
    managed = defaults.config["tls"]["managed"]
    assert managed == {
        "namespace": NAMESPACE,
        "service": RELEASE,
        "secret": f"{RELEASE}-ca",
        "mutatingConfiguration": RELEASE,
        "validatingConfiguration": RELEASE,
    }
    assert defaults.one("Role")["rules"] == [
        {
            "apiGroups": [""],
            "resources": ["secrets"],
            "resourceNames": [f"{RELEASE}-ca"],
            "verbs": ["get", "update"],
        }
    ]
    assert defaults.one("ClusterRole")["rules"] == [
        {
            "apiGroups": ["admissionregistration.k8s.io"],
            "resources": ["mutatingwebhookconfigurations", "validatingwebhookconfigurations"],
            "resourceNames": [RELEASE],
            "verbs": ["get", "patch"],
        }
    ]


@pytest.mark.parametrize("name", ["files-values", "cert-manager-values"])
def test_other_modes_need_nothing_of_the_api_server(name: str) -> None:
    found = manifests(None, "--values", CHART / f"ci/{name}.yaml")
    kinds = {key.partition("/")[0] for key in found}
    assert not kinds & {"Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding", "Secret"}
    assert "token" not in {it["name"] for it in found.pod["spec"]["volumes"]}
    assert found.one("NetworkPolicy")["spec"]["egress"] == []
    assert found.config["tls"]["mode"] == "files"


def test_the_token_is_projected_in_mode_managed_only(defaults: Manifests) -> None:
    assert defaults.pod["spec"]["automountServiceAccountToken"] is False
    assert defaults.one("ServiceAccount")["automountServiceAccountToken"] is False
    sources = [it for it in defaults.pod["spec"]["volumes"] if it["name"] == "token"]
    kinds = [next(iter(it)) for it in sources[0]["projected"]["sources"]]
    assert kinds == ["serviceAccountToken", "configMap"]


def test_a_bundle_is_taken_as_pem_and_as_base64() -> None:
    def bundle(text: str) -> str:
        tls = {"mode": "files", "secretName": "s", "caBundle": text}
        return manifests({"tls": tls}).webhooks["postgresqls"]["clientConfig"]["caBundle"]

    assert bundle("-----BEGIN CERTIFICATE-----\n") == "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCg=="
    assert bundle("LS0t\n LS0t\n") == "LS0tLS0t"


def test_cert_manager_has_a_ca_that_is_not_the_leaf() -> None:
    found = manifests({"tls": {"mode": "certManager"}})
    leaf, ca = found.one("Certificate"), found.one("Certificate", "-ca")
    assert leaf["spec"]["issuerRef"] == {"kind": "Issuer", "name": f"{RELEASE}-ca"}
    assert ca["spec"]["isCA"] is True
    assert found.one("Issuer", "-ca")["spec"]["ca"]["secretName"] == ca["spec"]["secretName"]
    assert ca["spec"]["issuerRef"]["name"] == f"{RELEASE}-self-signed"
    assert f"{RELEASE}.{NAMESPACE}.svc" in leaf["spec"]["dnsNames"]
    for kind in ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"):
        annotations = found.one(kind)["metadata"]["annotations"]
        assert annotations["cert-manager.io/inject-ca-from"] == f"{NAMESPACE}/{RELEASE}"
    certs = {it["name"]: it for it in found.pod["spec"]["volumes"]}["certs"]
    assert certs["secret"]["secretName"] == leaf["spec"]["secretName"]


# --- the pods


def pod_specs(found: Manifests) -> list[dict]:
    specs = []
    for it in found.values():
        if it["kind"] == "Deployment":
            specs.append(it["spec"]["template"]["spec"])
        elif it["kind"] == "CronJob":
            specs.append(it["spec"]["jobTemplate"]["spec"]["template"]["spec"])
    return specs


@CI
def test_pods_meet_the_restricted_standard(values: Path) -> None:
    for spec in pod_specs(parse(render(None, "--values", values))):
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert {next(iter(set(it) - {"name"})) for it in spec["volumes"]} <= {
            *("configMap", "emptyDir", "projected", "secret")
        }
        for container in spec["containers"]:
            context = container["securityContext"]
            assert context.get("runAsUser", spec["securityContext"]["runAsUser"]) > 0
            assert context["allowPrivilegeEscalation"] is False
            assert context["readOnlyRootFilesystem"] is True
            assert context["capabilities"] == {"drop": ["ALL"]}


@CI
def test_no_pod_gets_a_token_that_it_does_not_need(values: Path) -> None:
    for spec in pod_specs(parse(render(None, "--values", values))):
        assert spec["automountServiceAccountToken"] is False


def test_a_changed_profile_does_not_restart_pods(defaults: Manifests) -> None:
    assert manifests(WIDE).pod == defaults.pod
    assert manifests({"log": {"level": "debug"}}).pod == defaults.pod
    assert manifests({"server": {"limits": {"body": "6MiB"}}}).pod == defaults.pod


# What server/reload.c says takes effect after a restart.
START_SETTINGS = [
    {"server": {"address": "[::]"}},
    {"server": {"threads": 1}},
    {"server": {"limits": {"connections": 9}}},
    {"server": {"limits": {"headers": "8KiB"}}},
    {"server": {"limits": {"idle": "100s"}}},
    {"ports": {"webhook": 9443}},
    {"ports": {"metrics": 9080}},
    {"tls": {"mode": "certManager"}},
]


@pytest.mark.parametrize("values", START_SETTINGS, ids=json.dumps)
def test_what_is_read_at_the_start_only_restarts_pods(values: dict, defaults: Manifests) -> None:
    assert manifests(values).pod != defaults.pod


def test_a_new_version_of_the_chart_alone_does_not_restart_pods(defaults: Manifests) -> None:
    assert "helm.sh/chart" not in defaults.pod["metadata"]["labels"]


def test_pods_are_found_by_what_selects_them(defaults: Manifests) -> None:
    labels = defaults.pod["metadata"]["labels"]
    selectors = [
        defaults.one("Deployment")["spec"]["selector"]["matchLabels"],
        defaults.one("Service")["spec"]["selector"],
        defaults.one("PodDisruptionBudget")["spec"]["selector"]["matchLabels"],
        defaults.one("NetworkPolicy")["spec"]["podSelector"]["matchLabels"],
        *(
            it["labelSelector"]["matchLabels"]
            for it in defaults.pod["spec"]["topologySpreadConstraints"]
        ),
    ]
    assert all(selector and selector.items() <= labels.items() for selector in selectors)


def test_an_update_never_has_fewer_pods_than_replicas(defaults: Manifests) -> None:
    rolling = defaults.one("Deployment")["spec"]["strategy"]["rollingUpdate"]
    assert rolling["maxUnavailable"] == 0
    assert defaults.pod["spec"]["terminationGracePeriodSeconds"] == 10 + 20 + 5
    assert "lifecycle" not in defaults.container


def test_names_stay_within_limits() -> None:
    found = manifests({**BACKUPS, "tls": {"mode": "certManager"}}, release="r" * 53)
    assert max(len(it["metadata"]["name"]) for it in found.values()) <= 63


def test_a_namespace_of_digits_stays_a_text() -> None:
    found = manifests(namespace="1234")
    assert {it["metadata"].get("namespace", "1234") for it in found.values()} == {"1234"}
    assert found.config["tls"]["managed"]["namespace"] == "1234"
