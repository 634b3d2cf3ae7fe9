"""The real pod of a real operator, and what our program decides about it."""

import json
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import samples
from parts import POSTGRES_VERSION
from process import binary

DENIED_STATUS = 3
DENIED = re.compile(r"^denied \((?P<reason>[a-z-]+)\): (?P<message>.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Answer:
    """`pod` as the API server would store it, when it is allowed; else why it is not."""

    pod: dict | None
    reason: str = ""
    message: str = ""


def scope(namespace: str) -> str:
    """The name of the database of HarborCluster `harbor` there."""
    return f"postgresql-{namespace}-harbor"


def review(namespace: str, *more: dict) -> dict:
    """The review of that database's pod, as the operator creates it; `more` are entries of env that
    its settings add. 15 instead of 12, because Debian has no other."""
    text = json.dumps(samples.pod())
    for old, new in (("postgresql-lab-reg", scope(namespace)), ('"lab"', f'"{namespace}"')):
        text = text.replace(old, new)
    made = json.loads(text)
    env = postgres(made["request"]["object"])["env"]
    next(it for it in env if it["name"] == "PGVERSION")["value"] = POSTGRES_VERSION
    env.extend(more)
    return made


def postgres(pod: dict) -> dict:
    """Its container."""
    return next(it for it in pod["spec"]["containers"] if it["name"] == "postgres")


def ask(document: dict, config: dict, folder: Path, restore: str = "", backup: str = "") -> Answer:
    """The program's answer to a review or a manifest, offline, by the code of the server; `config`
    is kept in `folder`."""
    namespace = document.get("request", document.get("metadata"))["namespace"]
    file = folder / f"{namespace}.config.json"
    file.write_text(json.dumps(config, indent=1))
    words = [binary(), "patch", "--output", "object", "--config", file]
    words += ["--profile", restore] if restore else []
    words += ["--backup-profile", backup] if backup else []
    done = subprocess.run(words, input=json.dumps(document), capture_output=True, text=True)
    if done.returncode == 0:
        return Answer(json.loads(done.stdout))
    denied = DENIED.search(done.stderr)
    assert done.returncode == DENIED_STATUS and denied, done.stderr
    return Answer(None, denied["reason"], denied["message"])
