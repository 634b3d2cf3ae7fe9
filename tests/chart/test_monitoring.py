"""The alerts and the dashboard ask for metrics that there are, in PromQL that parses."""

import json
import re

import promql_parser
import pytest
from chart import BACKUPS, CHART, NAMESPACE, RELEASE, TARGET, TESTS, manifests

EVERYTHING = {
    **BACKUPS,
    "serviceMonitor": {"enabled": True},
    "prometheusRule": {"enabled": True},
    "dashboard": {"enabled": True},
}
# Of the API server and of kube-state-metrics.
FOREIGN = {
    "apiserver_admission_webhook_admission_duration_seconds_bucket",
    "apiserver_admission_webhook_rejection_count",
    "kube_deployment_spec_replicas",
    "kube_deployment_status_replicas_available",
    "kube_cronjob_created",
    "kube_cronjob_next_schedule_time",
    "kube_cronjob_status_last_schedule_time",
    "kube_cronjob_status_last_successful_time",
    "kube_job_failed",
    "kube_job_status_start_time",
    "up",
}


def groups(values: dict = EVERYTHING) -> dict[str, list[dict]]:
    """The alerts by the end of their group's name."""
    rule = manifests(values).one("PrometheusRule")
    return {it["name"].removeprefix(RELEASE): it["rules"] for it in rule["spec"]["groups"]}


def rules() -> list[dict]:
    return [rule for group in groups().values() for rule in group]


def dashboard() -> dict:
    return json.loads((CHART / "dashboards/harbor-pg-webhook.json").read_text())


def expressions() -> list[str]:
    targets = [it for panel in dashboard()["panels"] for it in panel["targets"]]
    asked = [it["expr"].replace("$__rate_interval", "5m") for it in targets]
    return [it["expr"] for it in rules()] + asked


def own_metrics() -> set[str]:
    """What the binary exports, as its source names it."""
    ours = set()
    text = ""
    for path in (TESTS.parent / "server").rglob("*.c"):
        source = path.read_text()
        text += source
        for prefix in re.findall(r'#define PREFIX "(\w+)"', source):
            ours |= {prefix + name for name in re.findall(r'PREFIX "(\w+)"', source)}
    ours |= set(re.findall(r"\bprocess_\w+", text))
    return ours | {f"{name}_bucket" for name in ours}


@pytest.mark.parametrize("expression", expressions())
def test_expression_parses(expression: str) -> None:
    promql_parser.parse(expression)


@pytest.mark.parametrize("expression", expressions())
def test_metrics_exist(expression: str) -> None:
    asked = set(
        re.findall(r"\b(?:harbor_pg_webhook|process|kube|apiserver)_\w+|\bup\b", expression)
    )
    assert asked
    assert asked <= own_metrics() | FOREIGN


def test_there_is_an_alert_for_everything_that_needs_a_person() -> None:
    found = {
        group: [it["alert"].removeprefix("HarborPgWebhook") for it in its]
        for group, its in groups().items()
    }
    assert found == {
        "": [
            *("CertificateExpiring", "NotReady", "Down", "Denials", "CallsFailing", "Unreachable"),
            "ReloadFailed",
        ],
        "-verification": [
            *("BackupDamaged", "BackupNotJudged", "BackupTooOld", "WalTooOld"),
            *("VerificationStale", "VerificationAbsent", "VerificationDown"),
        ],
        "-secrets": ["SecretsBackupFailed", "SecretsBackupMissing"],
    }
    for rule in rules():
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert rule["annotations"]["summary"]
        assert rule["annotations"]["description"]


def test_what_is_off_has_no_alert() -> None:
    assert list(groups({"prometheusRule": {"enabled": True}})) == [""]


def test_alerts_are_documented() -> None:
    text = (TESTS.parent / "docs/operations.md").read_text()
    for rule in rules():
        assert f"| `{rule['alert'].removeprefix('HarborPgWebhook')}` |" in text


def test_alerts_look_at_this_release_only() -> None:
    services = {"": RELEASE, "-verification": f"{RELEASE}-verification"}
    for group, its in groups().items():
        for rule in its:
            for selector in re.findall(r"(?:harbor_pg_webhook_|kube_)\w+{(.*?)}", rule["expr"]):
                assert f'namespace="{NAMESPACE}"' in selector
            for selector in re.findall(r"harbor_pg_webhook_\w+{(.*?)}", rule["expr"]):
                assert f'service="{services[group]}"' in selector


def test_ages_are_those_of_each_target_and_an_interval() -> None:
    targets = [TARGET, {**TARGET, "name": "two", "prefix": "s3://b/wal/15", "maxWalAge": "90m"}]
    targets[1].pop("maxBackupAge")
    values = {**EVERYTHING, "backupVerification": {"enabled": True, "targets": targets}}
    asked = {
        (it["alert"].removeprefix("HarborPgWebhook"), it["expr"].partition("prefix=")[2])
        for it in groups(values)["-verification"]
        if "TooOld" in it["alert"]
    }
    first = f'"{TARGET["prefix"]}"'
    assert asked == {
        ("BackupTooOld", f"{first}}} > {27 * 3600}"),
        ("WalTooOld", f"{first}}} > {3 * 3600}"),
        ("WalTooOld", f'"s3://b/wal/15"}} > {150 * 60}'),
    }


def test_two_intervals_are_two_intervals() -> None:
    settings = {**BACKUPS["backupVerification"], "interval": "20m"}
    found = {
        it["alert"].removeprefix("HarborPgWebhookVerification"): it
        for it in groups({**EVERYTHING, "backupVerification": settings})["-verification"]
    }
    assert found["Stale"]["expr"].endswith(" > 2400")
    assert found["Absent"]["for"] == "2400s"


def test_the_alerts_of_copies_are_about_the_cronjobs_that_there_are() -> None:
    found = manifests(EVERYTHING)
    (name,) = [key.partition("/")[2] for key in found if key.startswith("CronJob/")]
    failed, missing = groups()["-secrets"]
    assert f'job_name=~"{name}-[0-9]+"' in failed["expr"]
    assert f'cronjob="{name}"' in failed["expr"]
    assert f'cronjob=~"{name}"' in missing["expr"]


def test_the_dashboard_is_shipped_as_it_is() -> None:
    config = manifests(EVERYTHING).one("ConfigMap", "-dashboard")
    assert json.loads(config["data"]["harbor-pg-webhook.json"]) == dashboard()


def test_panels_do_not_overlap() -> None:
    taken = set()
    for panel in dashboard()["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert place["x"] + place["w"] <= 24
        taken |= cells


@pytest.mark.parametrize("suffix", ["", "-verification"])
def test_prometheus_finds_the_service(suffix: str) -> None:
    """And each ServiceMonitor only its own one."""
    found = manifests(EVERYTHING)
    monitor = found.one("ServiceMonitor", suffix)["spec"]
    services = [it for key, it in found.items() if key.startswith("Service/")]
    wanted = monitor["selector"]["matchLabels"].items()
    (service,) = [it for it in services if wanted <= it["metadata"]["labels"].items()]
    assert service["metadata"]["name"] == f"{RELEASE}{suffix}"
    assert monitor["endpoints"][0]["port"] in {it["name"] for it in service["spec"]["ports"]}
