"""Every value of values.yaml changes what it says it changes.

One row for each key with a comment there: what it is set to, where to look, what has to be there.
With the base values alone it must be something else.
"""

import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pytest
import reference
import yaml
from chart import (
    BACKUPS,
    CERTIFICATE,
    NAMESPACE,
    RELEASE,
    SECRETS,
    SOURCE,
    TARGET,
    Manifests,
    manifests,
)

Look = Callable[[Manifests], Any]
MUTATING = "MutatingWebhookConfiguration"
VALIDATING = "ValidatingWebhookConfiguration"

FILES = {"tls": {"mode": "files", "secretName": "hand-made", "caBundle": "Zmlyc3Q="}}
CERT_MANAGER = {"tls": {"mode": "certManager"}}
SECRET = {"name": "s", "accessKeyId": "id", "secretAccessKey": "key"}
RESTORE = {
    "s3": {"bucket": "b", "scope": "postgresql-a-b", "suffix": "", "region": "r"},
    "credentials": {"secret": SECRET},
}
BACKUP = {
    "s3": {"bucket": "b", "region": "r", "suffix": "/two"},
    "credentials": {"secret": SECRET},
}
ANNOTATIONS = {"example.com/a": "b"}
SELECTOR = {"matchLabels": {"example.com/a": "b"}}
CONDITIONS = [{"name": "further", "expression": "true"}]


@dataclass
class Row:
    value: Any
    look: Look
    want: Any
    base: dict = field(default_factory=dict)


def at(kind: str, *path: str | int, suffix: str = "") -> Look:
    """The part of an object that lies at a path; None where there is none."""

    def look(found: Manifests) -> Any:
        part: Any = found.get(f"{kind}/{RELEASE}{suffix}")
        for key in path:
            if part is None:
                return None
            part = part.get(key) if isinstance(part, dict) else part[key]
        return part

    return look


def pod(*path: str | int) -> Look:
    return at("Deployment", "spec", "template", *path)


def container(*path: str | int) -> Look:
    return pod("spec", "containers", 0, *path)


def config(*path: str) -> Look:
    def look(found: Manifests) -> Any:
        part = found.config
        for key in path:
            part = part.get(key)
        return part

    return look


def entries(*path: str | int, only: str = "") -> Look:
    """The different values of a part of those entries whose name begins so."""

    def look(found: Manifests) -> Any:
        parts = []
        for name, part in found.webhooks.items():
            if name.startswith(only):
                for key in path:
                    part = part.get(key) if isinstance(part, dict) else part[key]
                if part not in parts:
                    parts.append(part)
        return parts

    return look


def both(*looks: Look) -> Look:
    return lambda found: [look(found) for look in looks]


def watching(*path: str | int, container: int = 0) -> Look:
    """Of the container that verifies, or of WAL-G's beside it."""
    place = ("spec", "template", "spec", "containers", container, *path)
    return at("Deployment", *place, suffix="-verification")


def watch_file(*path: str | int) -> Look:
    def look(found: Manifests) -> Any:
        part = yaml.safe_load(found.one("ConfigMap", "-verification")["data"]["watch.yaml"])
        for key in path:
            part = part[key]
        return part

    return look


def variable(name: str, container: int = 0) -> Look:
    def look(found: Manifests) -> Any:
        entries = watching("env", container=container)(found) or []
        return {it["name"]: it.get("value") for it in entries}.get(name)

    return look


def cronjobs(*path: str | int) -> Look:
    def look(found: Manifests) -> Any:
        part: Any = next((it for key, it in found.items() if key.startswith("CronJob/")), None)
        for key in path:
            if part is None:
                return None
            part = part.get(key) if isinstance(part, dict) else part[key]
        return part

    return look


WATCHING = BACKUPS["backupVerification"]
WATCH_CONTAINERS = at(
    "Deployment", "spec", "template", "spec", "containers", suffix="-verification"
)
JOB = ("spec", "jobTemplate", "spec", "template", "spec")


def copying(*path: str | int) -> Look:
    return cronjobs(*JOB, "containers", 0, *path)


def flag(name: str) -> Look:
    """What follows an option of the copying command; whether it is there, if nothing does."""

    def look(found: Manifests) -> Any:
        args = [*copying("args")(found), "--"]
        if f"--{name}" not in args:
            return None
        value = args[args.index(f"--{name}") + 1]
        return True if value.startswith("--") else value

    return look


def job_volume(name: str) -> Look:
    def look(found: Manifests) -> Any:
        volumes = {it.pop("name"): it for it in deepcopy(cronjobs(*JOB, "volumes")(found))}
        return volumes.get(name)

    return look


def copy_value(value: Any, look: Look, want: Any) -> Row:
    return Row(value, look, want, {"secretsBackup": SECRETS})


def watch_value(value: Any, look: Look, want: Any) -> Row:
    return Row(value, look, want, {"backupVerification": BACKUPS["backupVerification"]})


def account(component: str) -> Look:
    def look(found: Manifests) -> Any:
        (it,) = [it for key, it in found.items() if f"ServiceAccount/{RELEASE}-{component}" in key]
        return it["metadata"].get("annotations")

    return look


def keys(kind: str) -> Look:
    return lambda found: sorted(name for name in found if name.startswith(f"{kind}/"))


def everywhere(key: str) -> Look:
    return lambda found: {it["metadata"]["labels"].get(key) for it in found.values()}


def label_keys(found: Manifests) -> set[str]:
    selectors = [entry["namespaceSelector"] for entry in found.webhooks.values()]
    return {it["key"] for selector in selectors for it in selector["matchExpressions"]}


def alert(name: str, *path: str) -> Look:
    def look(found: Manifests) -> Any:
        for rule in found.one("PrometheusRule")["spec"]["groups"][0]["rules"]:
            if rule["alert"] == name:
                for key in path:
                    rule = rule.get(key)
                return rule
        raise AssertionError(f"no alert {name}")

    return look


def volume(name: str) -> Look:
    def look(found: Manifests) -> Any:
        volumes = {it["name"]: it for it in found.pod["spec"]["volumes"]}
        mounts = {it["name"]: it["mountPath"] for it in found.container["volumeMounts"]}
        assert set(volumes) == set(mounts)
        return (volumes.get(name), mounts.get(name))

    return look


def secret_volume(name: str, secret: str, folder: str) -> tuple:
    return ({"name": name, "secret": {"secretName": secret}}, folder)


def verbatim(value: Any, look: Look, base: dict | None = None) -> Row:
    return Row(value, look, value, base or {})


def enabled(section: str) -> dict:
    return {section: {"enabled": True}}


def monitor(*path: str | int) -> Look:
    return at("ServiceMonitor", "spec", "endpoints", 0, *path)


def image(value: Any, want: str) -> Row:
    return Row(value, container("image"), want)


DIGEST = f"sha256:{'0' * 64}"
REPOSITORY = "harbor-pg-webhook/harbor-pg-webhook"

ROWS = {
    "replicaCount": verbatim(5, at("Deployment", "spec", "replicas")),
    "image.registry": image("example.com", f"example.com/{REPOSITORY}:0.1.0"),
    "image.repository": image("a/b", "ghcr.io/a/b:0.1.0"),
    "image.tag": image("9.9", f"ghcr.io/{REPOSITORY}:9.9"),
    "image.digest": image(DIGEST, f"ghcr.io/{REPOSITORY}@{DIGEST}"),
    "image.pullPolicy": verbatim("Always", container("imagePullPolicy")),
    "imagePullSecrets": verbatim([{"name": "s"}], pod("spec", "imagePullSecrets")),
    "nameOverride": Row(
        "rescue",
        lambda found: {it["metadata"]["labels"]["app.kubernetes.io/name"] for it in found.values()},
        {"rescue"},
    ),
    "fullnameOverride": Row("rescue", keys("Deployment"), ["Deployment/rescue"]),
    "commonLabels": Row(ANNOTATIONS, everywhere("example.com/a"), {"b"}),
    "tls.mode": Row("certManager", config("tls", "mode"), "files"),
    "tls.secretName": Row(
        "other", volume("certs"), secret_volume("certs", "other", "/certs"), FILES
    ),
    "tls.caBundle": Row("c2Vjb25k", entries("clientConfig", "caBundle"), ["c2Vjb25k"], FILES),
    "tls.clientCASecretName": Row(
        "callers",
        both(
            config("tls", "clientCAFile"),
            lambda found: volume("client-ca")(found)[1],
        ),
        ["/client-ca/ca.crt", "/client-ca"],
    ),
    "tls.certManager.issuerRef": Row(
        {"kind": "ClusterIssuer", "name": "ours"},
        both(at("Certificate", "spec", "issuerRef"), keys("Issuer")),
        [{"kind": "ClusterIssuer", "name": "ours"}, []],
        CERT_MANAGER,
    ),
    "tls.certManager.duration": verbatim(
        "48h", at("Certificate", "spec", "duration"), CERT_MANAGER
    ),
    "tls.certManager.renewBefore": verbatim(
        "16h", at("Certificate", "spec", "renewBefore"), CERT_MANAGER
    ),
    "labels.restore": Row(
        "example.com/r",
        label_keys,
        {"kubernetes.io/metadata.name", "example.com/r", "harbor-pg-webhook/backup"},
    ),
    "labels.backup": Row(
        "example.com/b",
        label_keys,
        {"kubernetes.io/metadata.name", "example.com/b", "harbor-pg-webhook/restore"},
    ),
    "restoreProfiles": Row(
        {"dr": RESTORE},
        both(config("restoreProfiles", "dr"), lambda found: "restore-dr" in found.webhooks),
        [RESTORE, True],
    ),
    "backupProfiles": Row(
        {"two": BACKUP},
        both(config("backupProfiles", "two"), lambda found: "backup-two" in found.webhooks),
        [BACKUP, True],
    ),
    "database.image": verbatim("example.com/spilo-15:3.0-p1", config("database", "image")),
    "database.replaceImages": verbatim(["a*"], config("database", "replaceImages")),
    "database.pgHba": verbatim(["local all all trust"], config("database", "pgHba")),
    "database.locales": verbatim("image", config("database", "locales")),
    "database.patchLiveClusters": verbatim(True, config("database", "patchLiveClusters")),
    "database.postgresqlVersion": verbatim("16", config("database", "postgresqlVersion")),
    "server.address": Row(
        "[::]",
        both(config("server", "listen"), config("server", "metricsListen")),
        ["[::]:8443", "[::]:8080"],
    ),
    "server.threads": verbatim(3, config("server", "threads")),
    "server.drainDelay": Row(
        "1500ms",
        both(config("server", "drainDelay"), pod("spec", "terminationGracePeriodSeconds")),
        ["1500ms", 27],
    ),
    "server.drainGrace": Row(
        "2m",
        both(config("server", "drainGrace"), pod("spec", "terminationGracePeriodSeconds")),
        ["2m", 135],
    ),
    "server.limits.body": verbatim("8MiB", config("server", "limits", "body")),
    "server.limits.headers": verbatim("32KiB", config("server", "limits", "headers")),
    "server.limits.connections": verbatim(65536, config("server", "limits", "connections")),
    "server.limits.jsonDepth": verbatim(99, config("server", "limits", "jsonDepth")),
    "server.limits.idle": verbatim("95s", config("server", "limits", "idle")),
    "server.limits.inFlightBytes": verbatim("32MiB", config("server", "limits", "inFlightBytes")),
    "log.level": verbatim("debug", config("log", "level")),
    "log.format": verbatim("text", config("log", "format")),
    "ports.webhook": Row(
        10443,
        both(config("server", "listen"), container("ports", 0, "containerPort")),
        ["0.0.0.0:10443", 10443],
    ),
    "ports.metrics": Row(
        10080,
        both(config("server", "metricsListen"), container("ports", 1, "containerPort")),
        ["0.0.0.0:10080", 10080],
    ),
    "webhooks.failurePolicy": Row(
        "Ignore",
        lambda found: {name: it["failurePolicy"] for name, it in found.webhooks.items()},
        {
            "postgresqls": "Ignore",
            "backup-two": "Ignore",
            "backup-unlisted": "Fail",
            "restore-enabled": "Fail",
            "restore-unlisted": "Fail",
            "configmaps": "Fail",
        },
        {"backupProfiles": {"two": BACKUP}},
    ),
    "webhooks.timeoutSeconds": Row(5, entries("timeoutSeconds"), [5]),
    "webhooks.reinvocationPolicy": Row(
        "Never",
        both(
            lambda found: {it["reinvocationPolicy"] for it in found.one(MUTATING)["webhooks"]},
            lambda found: "reinvocationPolicy" in found.webhooks["configmaps"],
        ),
        [{"Never"}, False],
    ),
    "webhooks.matchPolicy": Row("Exact", entries("matchPolicy"), ["Exact"]),
    "webhooks.annotations": Row(
        ANNOTATIONS,
        both(at(MUTATING, "metadata", "annotations"), at(VALIDATING, "metadata", "annotations")),
        [ANNOTATIONS, ANNOTATIONS],
    ),
    "webhooks.namespaceSelector": Row(
        SELECTOR, entries("namespaceSelector", "matchLabels"), [SELECTOR["matchLabels"]]
    ),
    "webhooks.postgresqls.objectSelector": Row(
        SELECTOR, entries("objectSelector", only="postgresqls"), [SELECTOR]
    ),
    "webhooks.postgresqls.matchConditions": Row(
        CONDITIONS, entries("matchConditions", -1, only="postgresqls"), CONDITIONS
    ),
    "webhooks.pods.objectSelector": Row(
        SELECTOR,
        both(entries("objectSelector", only="restore-"), entries("objectSelector", only="backup-")),
        [[SELECTOR], [SELECTOR]],
    ),
    "webhooks.pods.matchConditions": Row(
        CONDITIONS,
        both(
            entries("matchConditions", -1, only="restore-"),
            entries("matchConditions", -1, only="backup-"),
        ),
        [CONDITIONS, CONDITIONS],
    ),
    "webhooks.configMaps.objectSelector": Row(
        SELECTOR, entries("objectSelector", only="configmaps"), [SELECTOR]
    ),
    "webhooks.configMaps.matchConditions": Row(
        CONDITIONS, entries("matchConditions", -1, only="configmaps"), CONDITIONS
    ),
    "service.annotations": verbatim(ANNOTATIONS, at("Service", "metadata", "annotations")),
    "service.ipFamilyPolicy": verbatim("PreferDualStack", at("Service", "spec", "ipFamilyPolicy")),
    "service.ipFamilies": verbatim(["IPv6"], at("Service", "spec", "ipFamilies")),
    "serviceAccount.create": Row(
        False,
        both(
            keys("ServiceAccount"),
            pod("spec", "serviceAccountName"),
            at("RoleBinding", "subjects", 0, "name"),
            at("ClusterRoleBinding", "subjects", 0, "name"),
        ),
        [[], "default", "default", "default"],
    ),
    "serviceAccount.name": Row(
        "ours",
        both(
            keys("ServiceAccount"),
            pod("spec", "serviceAccountName"),
            at("RoleBinding", "subjects", 0, "name"),
            at("ClusterRoleBinding", "subjects", 0, "name"),
        ),
        [["ServiceAccount/ours"], "ours", "ours", "ours"],
    ),
    "serviceAccount.annotations": verbatim(
        ANNOTATIONS, at("ServiceAccount", "metadata", "annotations")
    ),
    "deploymentAnnotations": verbatim(ANNOTATIONS, at("Deployment", "metadata", "annotations")),
    "podAnnotations": Row(ANNOTATIONS, pod("metadata", "annotations", "example.com/a"), "b"),
    "podLabels": Row(ANNOTATIONS, pod("metadata", "labels", "example.com/a"), "b"),
    "securityContext": Row({"runAsUser": 7}, pod("spec", "securityContext", "runAsUser"), 7),
    "containerSecurityContext": Row({"runAsUser": 7}, container("securityContext", "runAsUser"), 7),
    "resources": Row({"limits": {"cpu": 1}}, container("resources", "limits", "cpu"), 1),
    "startupProbe": Row({"periodSeconds": 9}, container("startupProbe", "periodSeconds"), 9),
    "readinessProbe": Row({"periodSeconds": 9}, container("readinessProbe", "periodSeconds"), 9),
    "livenessProbe": Row({"periodSeconds": 9}, container("livenessProbe", "periodSeconds"), 9),
    "strategy": Row(
        {"rollingUpdate": {"maxSurge": 2}},
        at("Deployment", "spec", "strategy", "rollingUpdate"),
        {"maxSurge": 2, "maxUnavailable": 0},
    ),
    "revisionHistoryLimit": verbatim(9, at("Deployment", "spec", "revisionHistoryLimit")),
    "nodeSelector": Row(ANNOTATIONS, pod("spec", "nodeSelector", "example.com/a"), "b"),
    "tolerations": verbatim([{"operator": "Exists"}], pod("spec", "tolerations")),
    "affinity": verbatim({"nodeAffinity": {}}, pod("spec", "affinity")),
    "topologySpreadConstraints": Row(
        [{"topologyKey": "rack"}],
        pod("spec", "topologySpreadConstraints"),
        [
            {
                "topologyKey": "rack",
                "labelSelector": {
                    "matchLabels": {
                        "app.kubernetes.io/name": RELEASE,
                        "app.kubernetes.io/instance": RELEASE,
                    }
                },
            }
        ],
    ),
    "priorityClassName": verbatim("system-cluster-critical", pod("spec", "priorityClassName")),
    "runtimeClassName": verbatim("gvisor", pod("spec", "runtimeClassName")),
    "hostNetwork": Row(
        True,
        both(pod("spec", "hostNetwork"), pod("spec", "dnsPolicy")),
        [True, "ClusterFirstWithHostNet"],
    ),
    "dnsPolicy": verbatim("Default", pod("spec", "dnsPolicy")),
    "podDisruptionBudget.enabled": Row(False, keys("PodDisruptionBudget"), []),
    "podDisruptionBudget.minAvailable": Row(
        1,
        both(
            at("PodDisruptionBudget", "spec", "minAvailable"),
            at("PodDisruptionBudget", "spec", "maxUnavailable"),
        ),
        [1, None],
    ),
    "podDisruptionBudget.maxUnavailable": verbatim(
        "50%", at("PodDisruptionBudget", "spec", "maxUnavailable")
    ),
    "networkPolicy.enabled": Row(False, keys("NetworkPolicy"), []),
    "networkPolicy.metricsFrom": verbatim(
        [{"podSelector": {}}], at("NetworkPolicy", "spec", "ingress", 1, "from")
    ),
    "networkPolicy.apiServerPorts": Row(
        [8443],
        at("NetworkPolicy", "spec", "egress", 0, "ports"),
        [{"port": 8443, "protocol": "TCP"}],
    ),
    "serviceMonitor.enabled": Row(True, keys("ServiceMonitor"), [f"ServiceMonitor/{RELEASE}"]),
    "serviceMonitor.interval": verbatim("9s", monitor("interval"), enabled("serviceMonitor")),
    "serviceMonitor.labels": Row(
        ANNOTATIONS,
        at("ServiceMonitor", "metadata", "labels", "example.com/a"),
        "b",
        enabled("serviceMonitor"),
    ),
    "serviceMonitor.annotations": verbatim(
        ANNOTATIONS, at("ServiceMonitor", "metadata", "annotations"), enabled("serviceMonitor")
    ),
    "serviceMonitor.relabelings": verbatim(
        [{"action": "labeldrop", "regex": "a"}], monitor("relabelings"), enabled("serviceMonitor")
    ),
    "serviceMonitor.metricRelabelings": verbatim(
        [{"action": "labeldrop", "regex": "a"}],
        monitor("metricRelabelings"),
        enabled("serviceMonitor"),
    ),
    "prometheusRule.enabled": Row(True, keys("PrometheusRule"), [f"PrometheusRule/{RELEASE}"]),
    "prometheusRule.labels": Row(
        ANNOTATIONS,
        at("PrometheusRule", "metadata", "labels", "example.com/a"),
        "b",
        enabled("prometheusRule"),
    ),
    "prometheusRule.annotations": verbatim(
        ANNOTATIONS, at("PrometheusRule", "metadata", "annotations"), enabled("prometheusRule")
    ),
    "prometheusRule.certificateDays": Row(
        30,
        lambda found: alert("HarborPgWebhookCertificateExpiring", "expr")(found).endswith(
            " < 2592000"
        ),
        True,
        enabled("prometheusRule"),
    ),
    "prometheusRule.alertLabels": Row(
        {"team": "a"},
        alert("HarborPgWebhookDown", "labels"),
        {"severity": "critical", "team": "a"},
        enabled("prometheusRule"),
    ),
    "networkPolicy.storeEgress": watch_value(
        [{"ports": [{"port": 443}]}],
        at("NetworkPolicy", "spec", "egress", suffix="-verification"),
        [{"ports": [{"port": 443}]}],
    ),
    "backupVerification.enabled": Row(
        True,
        keys("Deployment"),
        [f"Deployment/{RELEASE}", f"Deployment/{RELEASE}-verification"],
        {"backupVerification": {"targets": [TARGET]}},
    ),
    "backupVerification.targets": watch_value(
        [{**TARGET, "name": "other"}], watch_file("targets", 0, "name"), "other"
    ),
    "backupVerification.interval": watch_value(
        "2h", both(watch_file("interval"), variable("LIST_INTERVAL", 1)), ["2h", "7200"]
    ),
    "backupVerification.walgList.enabled": watch_value(
        False,
        lambda found: [it["name"] for it in WATCH_CONTAINERS(found)],
        ["watch"],
    ),
    "backupVerification.walgList.timeout": watch_value("90s", variable("LIST_TIMEOUT", 1), "90"),
    "backupVerification.walgList.securityContext": watch_value(
        {"runAsUser": 7}, watching("securityContext", "runAsUser", container=1), 7
    ),
    "backupVerification.walgList.resources": watch_value(
        {"limits": {"cpu": 1}}, watching("resources", "limits", "cpu", container=1), 1
    ),
    "backupVerification.webIdentity.roleArn": watch_value(
        "arn", both(variable("AWS_ROLE_ARN"), variable("AWS_ROLE_ARN", 1)), ["arn", "arn"]
    ),
    "backupVerification.webIdentity.audience": Row(
        "sts.example.com",
        lambda found: "sts.example.com" in json.dumps(found.one("Deployment", "-verification")),
        True,
        {"backupVerification": {**WATCHING, "webIdentity": {"roleArn": "arn"}}},
    ),
    "backupVerification.serviceAccount.annotations": watch_value(
        ANNOTATIONS, account("verification"), ANNOTATIONS
    ),
    "backupVerification.extraEnv": watch_value(
        [{"name": "A", "value": "b"}], both(variable("A"), variable("A", 1)), ["b", "b"]
    ),
    "backupVerification.resources": watch_value(
        {"limits": {"cpu": 1}}, watching("resources", "limits", "cpu"), 1
    ),
    "secretsBackup.enabled": Row(
        True,
        lambda found: len([key for key in found if key.startswith("CronJob/")]),
        1,
        {"secretsBackup": {**SECRETS, "enabled": False}},
    ),
    "secretsBackup.sources": copy_value(
        [{**SOURCE, "harborCluster": "other"}], flag("harborcluster"), "other"
    ),
    "secretsBackup.recipients": copy_value(
        [CERTIFICATE, CERTIFICATE],
        lambda found: copying("args")(found).count("--recipient"),
        2,
    ),
    "secretsBackup.cluster": copy_value("production", flag("cluster"), "production"),
    "secretsBackup.signingSecret": copy_value(
        "signer",
        both(flag("signer"), job_volume("signing")),
        ["/signing/tls.key", {"secret": {"secretName": "signer"}}],
    ),
    "secretsBackup.to": copy_value("s3://other/", flag("to"), "s3://other/harbor/registry"),
    "secretsBackup.region": copy_value("r", flag("region"), "r"),
    "secretsBackup.endpoint": copy_value(
        "https://store.example.com", flag("endpoint"), "https://store.example.com"
    ),
    "secretsBackup.pathStyle": copy_value(True, flag("path-style"), True),
    "secretsBackup.caConfigMap": copy_value(
        "ca",
        both(flag("ca"), lambda found: (job_volume("ca")(found) or {}).get("configMap")),
        ["/ca/ca.crt", {"name": "ca", "items": [{"key": "ca.crt", "path": "ca.crt"}]}],
    ),
    "secretsBackup.caSecret": copy_value(
        "ca",
        both(flag("ca"), lambda found: (job_volume("ca")(found) or {}).get("secret")),
        ["/ca/ca.crt", {"secretName": "ca", "items": [{"key": "ca.crt", "path": "ca.crt"}]}],
    ),
    "secretsBackup.credentialsSecret": copy_value(
        "other", job_volume("credentials"), {"secret": {"secretName": "other"}}
    ),
    "secretsBackup.schedule": copy_value("@daily", cronjobs("spec", "schedule"), "@daily"),
    "secretsBackup.webIdentity.roleArn": copy_value(
        "arn", copying("env", 0), {"name": "AWS_ROLE_ARN", "value": "arn"}
    ),
    "secretsBackup.webIdentity.audience": Row(
        "sts.example.com",
        lambda found: "sts.example.com" in json.dumps(cronjobs()(found)),
        True,
        {"secretsBackup": {**SECRETS, "webIdentity": {"roleArn": "arn"}}},
    ),
    "secretsBackup.serviceAccount.annotations": copy_value(
        ANNOTATIONS, account("secrets"), ANNOTATIONS
    ),
    "secretsBackup.extraEnv": copy_value(
        [{"name": "A", "value": "b"}], copying("env"), [{"name": "A", "value": "b"}]
    ),
    "secretsBackup.resources": copy_value(
        {"limits": {"cpu": 1}}, copying("resources", "limits", "cpu"), 1
    ),
    "dashboard.enabled": Row(
        True,
        keys("ConfigMap"),
        [f"ConfigMap/{RELEASE}", f"ConfigMap/{RELEASE}-dashboard"],
    ),
    "dashboard.labels": Row(
        {"board": "yes"},
        at("ConfigMap", "metadata", "labels", "board", suffix="-dashboard"),
        "yes",
        enabled("dashboard"),
    ),
    "dashboard.annotations": verbatim(
        ANNOTATIONS,
        at("ConfigMap", "metadata", "annotations", suffix="-dashboard"),
        enabled("dashboard"),
    ),
    "extraEnv": verbatim([{"name": "A", "value": "b"}], container("env")),
    "volumes": verbatim(
        [{"name": "more", "emptyDir": {}}],
        lambda found: found.pod["spec"]["volumes"][2:],
    ),
    "volumeMounts": verbatim(
        [{"name": "more", "mountPath": "/more"}],
        lambda found: found.container["volumeMounts"][2:],
    ),
    "extraObjects": Row(
        [
            {
                "kind": "Secret",
                "metadata": {"name": "of-{{ .Release.Namespace }}", "labels": {}},
            }
        ],
        lambda found: f"Secret/of-{NAMESPACE}" in found,
        True,
    ),
}


@cache
def base(text: str) -> Manifests:
    return manifests(json.loads(text))


def with_value(base: dict, path: str, value: Any) -> dict:
    values = deepcopy(base)
    *parents, last = path.split(".")
    part = values
    for key in parents:
        part = part.setdefault(key, {})
    part[last] = value
    return values


def test_every_value_has_its_row() -> None:
    assert sorted(ROWS) == sorted(row.path for row in reference.rows())


@pytest.mark.parametrize("path", ROWS)
def test_value(path: str) -> None:
    row = ROWS[path]
    assert row.look(base(json.dumps(row.base))) != row.want, "it is so anyway"
    assert row.look(manifests(with_value(row.base, path, row.value))) == row.want
