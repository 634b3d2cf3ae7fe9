"""The alerts and the dashboard ask for metrics that there are, in PromQL that parses."""

import json
import re

import promql_parser
import pytest
from chart import CHART, NAMESPACE, RELEASE, TESTS, manifests

EVERYTHING = {
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
    "up",
}


def rules() -> list[dict]:
    rule = manifests(EVERYTHING).one("PrometheusRule")
    return rule["spec"]["groups"][0]["rules"]


def dashboard() -> dict:
    return json.loads((CHART / "dashboards/harbor-pg-webhook.json").read_text())


def expressions() -> list[str]:
    targets = [it for panel in dashboard()["panels"] for it in panel["targets"]]
    asked = [it["expr"].replace("$__rate_interval", "5m") for it in targets]
    return [it["expr"] for it in rules()] + asked


def own_metrics() -> set[str]:
    """What the binary exports, as its source names it."""
    text = "\n".join(path.read_text() for path in (TESTS.parent / "server").glob("*.c"))
    ours = {f"harbor_pg_webhook_{name}" for name in re.findall(r'PREFIX "(\w+)"', text)}
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
    assert [it["alert"].removeprefix("HarborPgWebhook") for it in rules()] == [
        *("CertificateExpiring", "NotReady", "Down", "Denials", "CallsFailing", "Unreachable"),
        "ReloadFailed",
    ]
    for rule in rules():
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert rule["annotations"]["summary"]
        assert rule["annotations"]["description"]


def test_alerts_look_at_this_release_only() -> None:
    for rule in rules():
        for selector in re.findall(r"harbor_pg_webhook_\w+{(.*?)}", rule["expr"]):
            assert f'namespace="{NAMESPACE}"' in selector
            assert f'service="{RELEASE}"' in selector


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


def test_prometheus_finds_the_service() -> None:
    found = manifests(EVERYTHING)
    monitor = found.one("ServiceMonitor")["spec"]
    service = found.one("Service")
    assert monitor["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    assert monitor["endpoints"][0]["port"] in {it["name"] for it in service["spec"]["ports"]}
