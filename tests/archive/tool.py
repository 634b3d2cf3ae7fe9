"""Runs `backups verify` and reads what it says."""

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import helpers  # isort: skip  # noqa: F401
from process import binary

SECONDS = 120
USABLE, UNKNOWN, USAGE, FINDINGS = 0, 1, 2, 4  # exit statuses

Finding = tuple[str, str, str]  # kind, code, object


@dataclass(frozen=True)
class Verdict:
    status: int
    report: dict
    errors: str

    @property
    def findings(self) -> set[Finding]:
        return {(it["kind"], it["code"], it["object"]) for it in self.report["findings"]}

    @property
    def usable(self) -> set[str]:
        return {it["name"] for it in self.report["backups"] if it["state"] == "usable"}


def verify(prefix: Path | str, *options: object, env: Mapping[str, str] | None = None) -> Verdict:
    """Whatever comes out of it has to be consistent in itself."""
    words = [binary(), "backups", "verify", "--prefix", prefix, "--json", *options]
    with subprocess.Popen(
        [str(it) for it in words],
        env={**os.environ, **(env or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        out, errors = process.communicate(timeout=SECONDS)
    it = Verdict(process.returncode, json.loads(out) if out else {}, errors)
    check(it)
    return it


def check(it: Verdict) -> None:
    """The exit status is that of the worst finding, and each finding says what it means and what
    to do."""
    assert it.status in (USABLE, UNKNOWN, FINDINGS), it.errors
    kinds = {finding["kind"] for finding in it.report["findings"]}
    worst = FINDINGS if "damage" in kinds else UNKNOWN if "unknown" in kinds else USABLE
    assert it.status == worst, it
    for finding in it.report["findings"]:
        if finding["kind"] != "note":
            assert all(finding[word].strip() for word in ("what", "means", "wayOut")), finding
