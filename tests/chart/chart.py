"""The chart under test, rendered by the real helm."""

import json
import subprocess
import sys
from functools import cache
from pathlib import Path

import yaml

TESTS = Path(__file__).resolve().parents[1]
CHART = TESTS.parent / "charts/harbor-pg-webhook"
NAMESPACE = "harbor-pg-webhook"
RELEASE = "harbor-pg-webhook"
KUBERNETES = "1.36.3"

sys.path += [str(TESTS / "wire"), str(TESTS / "tools")]

import tools  # noqa: E402

CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
ARCHIVE = "s3://harbor-db-backups/spilo/postgresql-harbor-harbor/generation-2/wal/16"
TARGET = {
    "name": "harbor",
    "prefix": ARCHIVE,
    "region": "eu-central-1",
    "credentialsSecret": "verify",
    "maxBackupAge": "26h",
    "maxWalAge": "2h",
}
SOURCE = {"namespace": "harbor", "harborCluster": "registry"}
SECRETS = {
    "enabled": True,
    "sources": [SOURCE],
    "recipients": [CERTIFICATE],
    "to": "s3://secrets/production",
    "region": "eu-central-1",
    "credentialsSecret": "writer",
}
BACKUPS = {
    "backupVerification": {"enabled": True, "targets": [TARGET]},
    "secretsBackup": SECRETS,
}


class Refused(Exception):
    """helm's complaint."""


def helm(*words: object, values: dict | None = None) -> str:
    """Runs helm with further values on its standard input."""
    if values is not None:
        words = (*words, "--values", "-")
    done = subprocess.run(
        [str(word) for word in (tools.path("helm"), *words)],
        input=json.dumps(values) if values is not None else "",
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        raise Refused(done.stderr + done.stdout)
    return done.stdout


def render(
    values: dict | None = None,
    *words: object,
    release: str = RELEASE,
    namespace: str = NAMESPACE,
    kubernetes: str = KUBERNETES,
) -> str:
    return helm(
        *("template", release, CHART, "--namespace", namespace),
        *("--kube-version", kubernetes, *words),
        values=values,
    )


def notes(values: dict | None = None) -> str:
    """What helm shows at the end of an installation, on one line.

    Helm renders it with the rest, but shows it only with a cluster: an object of ours carries it.
    """
    text = f'{{{{ include "{CHART.name}/templates/NOTES.txt" . | toJson }}}}'
    carrier = f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: notes}}\ndata: {{text: {text}}}"
    found = manifests({**(values or {}), "extraObjects": [carrier]})
    return " ".join(found["ConfigMap/notes"]["data"]["text"].split())


class Manifests(dict):
    """The rendered objects by "kind/name"; `one` finds by kind and a part of the name."""

    def one(self, kind: str, suffix: str = "") -> dict:
        name = f"{kind}/{RELEASE}{suffix}"
        assert name in self, f"no {name}; there are: {', '.join(self)}"
        return self[name]

    @property
    def config(self) -> dict:
        """The configuration file of the binary."""
        return yaml.safe_load(self.one("ConfigMap")["data"]["config.yaml"])

    @property
    def pod(self) -> dict:
        return self.one("Deployment")["spec"]["template"]

    @property
    def container(self) -> dict:
        return self.pod["spec"]["containers"][0]

    @property
    def webhooks(self) -> dict[str, dict]:
        """All entries by the first part of their name, in the order of calls."""
        kinds = ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")
        entries = [entry for kind in kinds for entry in self.one(kind)["webhooks"]]
        return {entry["name"].partition(".")[0]: entry for entry in entries}


def parse(text: str) -> Manifests:
    documents = [it for it in yaml.load_all(text, Loader=yaml.CSafeLoader) if it]
    manifests = Manifests((f"{it['kind']}/{it['metadata']['name']}", it) for it in documents)
    assert len(manifests) == len(documents), "two objects with one name"
    return manifests


def manifests(values: dict | None = None, *words: object, **options: str) -> Manifests:
    return parse(render(values, *words, **options))


@cache
def defaults() -> Manifests:
    """As it comes; not to be changed."""
    return manifests()


def ci_values() -> list[Path]:
    return sorted((CHART / "ci").glob("*-values.yaml"))
