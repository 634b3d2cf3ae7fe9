"""The alerts about backups and copies, evaluated by Prometheus' own promtool: each fires when it
should, and only then."""

import json
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest
import yaml
from chart import BACKUPS, NAMESPACE, RELEASE, TARGET, Manifests, manifests

VALUES = {**BACKUPS, "prometheusRule": {"enabled": True}}
HOUR = 12  # samples: one each five minutes
GROUPS = ("-verification", "-secrets")

# Samples in promtool's notation: from, step, how many more.
QUIET = "0x{}".format
RISING = "0+300x{}".format  # what is always now: the time since the epoch


@cache
def found() -> Manifests:
    return manifests(VALUES)


def rules() -> dict:
    groups = found().one("PrometheusRule")["spec"]["groups"]
    return {"groups": [it for it in groups if it["name"].endswith(GROUPS)]}


def cronjob() -> str:
    (name,) = [key.partition("/")[2] for key in found() if key.startswith("CronJob/")]
    return name


def backup(metric: str, prefix: str = TARGET["prefix"]) -> str:
    place = f'namespace="{NAMESPACE}",service="{RELEASE}-verification",pod="p"'
    return f'harbor_pg_webhook_backup_{metric}{{{place},prefix="{prefix}"}}'


UP = f'up{{namespace="{NAMESPACE}",service="{RELEASE}-verification"}}'


def kube(metric: str, **labels: str) -> str:
    text = ",".join(f'{key}="{value}"' for key, value in labels.items())
    return f'kube_{metric}{{namespace="{NAMESPACE}",instance="ksm",{text}}}'


def of_cronjob(metric: str) -> str:
    return kube(f"cronjob_{metric}", cronjob=cronjob())


def of_job(metric: str, number: int, **labels: str) -> str:
    return kube(f"job_{metric}", job_name=f"{cronjob()}-{number}", **labels)


def healthy(hours: int) -> dict[str, str]:
    """An archive without findings that is verified all the time, and copies every six hours."""
    samples = hours * HOUR
    day = " ".join(f"{6 * 3600 * it}x{6 * HOUR - 1}" for it in range(hours // 6 + 1))
    return {
        UP: f"1x{samples}",
        backup("findings"): QUIET(samples),
        backup("unknown"): QUIET(samples),
        backup("age_seconds"): f"3600x{samples}",
        backup("wal_age_seconds"): f"600x{samples}",
        backup("verified_timestamp_seconds"): RISING(samples),
        of_cronjob("created"): QUIET(samples),
        of_cronjob("status_last_schedule_time"): day,
        of_cronjob("status_last_successful_time"): day,
        of_cronjob("next_schedule_time"): " ".join(
            f"{6 * 3600 * (it + 1)}x{6 * HOUR - 1}" for it in range(hours // 6 + 1)
        ),
    }


def without(*names: str) -> dict[str, None]:
    return dict.fromkeys(names)


# What is different from a healthy day, and what fires at its end, 24 hours.
CASES = {
    "nothing": ({}, set()),
    "a finding": ({backup("findings"): f"0x{24 * HOUR - 1} 1"}, {"BackupDamaged"}),
    "findings that are gone": ({backup("findings"): f"3x{23 * HOUR} 0x{HOUR}"}, set()),
    "could not tell once": ({backup("unknown"): f"0x{23 * HOUR} 1x{HOUR}"}, set()),
    "could not tell twice": (
        {backup("unknown"): f"0x{22 * HOUR} 1x{2 * HOUR}"},
        {"BackupNotJudged"},
    ),
    "a backup of 27 hours": ({backup("age_seconds"): f"{27 * 3600}x{24 * HOUR}"}, set()),
    "an older one": ({backup("age_seconds"): f"{27 * 3600 + 1}x{24 * HOUR}"}, {"BackupTooOld"}),
    "WAL of three hours": ({backup("wal_age_seconds"): f"{3 * 3600}x{24 * HOUR}"}, set()),
    "older WAL": ({backup("wal_age_seconds"): f"{3 * 3600 + 1}x{24 * HOUR}"}, {"WalTooOld"}),
    "an archive without ages": (
        {backup("age_seconds", "s3://b/other/wal/12"): f"{999 * 3600}x{24 * HOUR}"},
        set(),
    ),
    "verified two intervals ago": (
        {backup("verified_timestamp_seconds"): f"{22 * 3600}x{24 * HOUR}"},
        set(),
    ),
    "verified longer ago": (
        {backup("verified_timestamp_seconds"): f"{22 * 3600 - 600}x{24 * HOUR}"},
        {"VerificationStale"},
    ),
    "verified never": (
        without(backup("verified_timestamp_seconds")),
        {"VerificationAbsent"},
    ),
    "not verified since a restart": (
        {backup("verified_timestamp_seconds"): f"0+300x{23 * HOUR} _x{HOUR}"},
        set(),
    ),
    "its pod is gone": (
        without(UP, *(it for it in healthy(0) if "backup_" in it and "cronjob" not in it)),
        {"VerificationDown", "VerificationAbsent"},
    ),
    "its pod is not reached": ({UP: f"1x{23 * HOUR} 0x{HOUR}"}, {"VerificationDown"}),
    "no kube-state-metrics": (without(*(it for it in healthy(0) if "kube_" in it)), set()),
    "a copy that failed": (
        {
            of_job("status_start_time", 1): f"{23 * 3600}x{24 * HOUR}",
            of_job("failed", 1, condition="true"): f"1x{24 * HOUR}",
            of_cronjob("status_last_successful_time"): f"{18 * 3600}x{24 * HOUR}",
        },
        {"SecretsBackupFailed"},
    ),
    "one that failed before the last success": (
        {
            of_job("status_start_time", 1): f"{12 * 3600}x{24 * HOUR}",
            of_job("failed", 1, condition="true"): f"1x{24 * HOUR}",
        },
        set(),
    ),
    "the first one that failed": (
        {
            of_job("status_start_time", 1): f"{23 * 3600}x{24 * HOUR}",
            of_job("failed", 1, condition="true"): f"1x{24 * HOUR}",
            of_cronjob("created"): f"{22 * 3600}x{24 * HOUR}",
            of_cronjob("status_last_successful_time"): None,
        },
        {"SecretsBackupFailed"},
    ),
    "a job that did not fail": (
        {
            of_job("status_start_time", 1): f"{23 * 3600}x{24 * HOUR}",
            of_job("failed", 1, condition="false"): f"1x{24 * HOUR}",
            of_job("failed", 1, condition="true"): f"0x{24 * HOUR}",
            of_cronjob("status_last_successful_time"): f"{18 * 3600}x{24 * HOUR}",
        },
        set(),
    ),
    "a job of somebody else": (
        {
            kube("job_status_start_time", job_name="other-1"): f"{23 * 3600}x{24 * HOUR}",
            kube("job_failed", job_name="other-1", condition="true"): f"1x{24 * HOUR}",
            of_cronjob("status_last_successful_time"): f"{18 * 3600}x{24 * HOUR}",
        },
        set(),
    ),
    "no copy for two schedules": (
        {of_cronjob("status_last_successful_time"): f"{10 * 3600}x{24 * HOUR}"},
        {"SecretsBackupMissing"},
    ),
    "no copy for one schedule": (
        {of_cronjob("status_last_successful_time"): f"{14 * 3600}x{24 * HOUR}"},
        set(),
    ),
    "a cronjob that never ran": (
        {
            of_cronjob("status_last_successful_time"): None,
            of_cronjob("status_last_schedule_time"): None,
            of_cronjob("next_schedule_time"): f"{6 * 3600}x{24 * HOUR}",
        },
        {"SecretsBackupMissing"},
    ),
    "a cronjob that is new": (
        {
            of_cronjob("created"): f"{23 * 3600}x{24 * HOUR}",
            of_cronjob("status_last_successful_time"): None,
            of_cronjob("status_last_schedule_time"): None,
            of_cronjob("next_schedule_time"): f"{28 * 3600}x{24 * HOUR}",
        },
        set(),
    ),
}


def case(name: str) -> dict:
    changes, fires = CASES[name]
    series = {**healthy(24), **changes}
    wanted = [
        {"labels": f'{{alertname="HarborPgWebhook{it}"}}', "value": 1} for it in sorted(fires)
    ]
    return {
        "name": name,
        "interval": "5m",
        "input_series": [{"series": it, "values": text} for it, text in series.items() if text],
        "promql_expr_test": [
            {
                "expr": 'count by (alertname) (ALERTS{alertstate="firing"})',
                "eval_time": "24h",
                "exp_samples": wanted,
            }
        ],
    }


def promtool(*words: object) -> subprocess.CompletedProcess:
    program = shutil.which("promtool")
    assert program, "promtool is missing: ./dev test chart installs Debian's package prometheus"
    return subprocess.run([program, *(str(word) for word in words)], capture_output=True, text=True)


def test_promtool_takes_the_rules(tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text(yaml.safe_dump({"groups": found().one("PrometheusRule")["spec"]["groups"]}))
    done = promtool("check", "rules", "--lint=all", "--lint-fatal", path)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", CASES)
def test_what_fires(name: str, tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump(rules()))
    test = {"rule_files": ["rules.yaml"], "evaluation_interval": "5m", "tests": [case(name)]}
    (tmp_path / "test.yaml").write_text(json.dumps(test))
    done = promtool("test", "rules", tmp_path / "test.yaml")
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_alert_fires_in_a_case() -> None:
    fired = {alert for _, fires in CASES.values() for alert in fires}
    assert fired == {
        rule["alert"].removeprefix("HarborPgWebhook")
        for group in rules()["groups"]
        for rule in group["rules"]
    }
