"""A disaster to restore from: the stores, the lost database's archives, and what a pod needs."""

import base64
import contextlib
import functools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import admission
import restored
import sandbox
import source
import store
from admission import Answer
from entries import Entry
from lab import Lab
from operator_env import secrets
from source import Archive, Archiver, Source

BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
PROFILE = "disaster"
GENERATION = "generation-2"

KEYS = {"accessKeyId": "AWS_ACCESS_KEY_ID", "secretAccessKey": "AWS_SECRET_ACCESS_KEY"}
RESTORE_SECRET, BACKUP_SECRET = "harbor-pg-restore", "harbor-pg-backup"


def credentials(secret: str, prefix: str = "") -> dict:
    return {"secret": {"name": secret, **{key: prefix + name for key, name in KEYS.items()}}}


def literal(name: str, value: str) -> dict:
    return {"name": name, "value": value}


def from_secret(name: str, key: str) -> dict:
    return {"name": name, "valueFrom": {"secretKeyRef": {"name": RESTORE_SECRET, "key": key}}}


@dataclass
class Scene:
    lab: Lab
    stores: store.Stores
    entries: Sequence[Entry]

    # --- what a person writes

    def profile(self, archive: Archive, endpoint: str = "", **more: object) -> dict:
        """A configuration with one restore profile for an archive, and a backup profile."""
        s3 = {"bucket": store.BUCKET, "region": store.REGION, "endpoint": endpoint}
        of_source = {"scope": archive.scope, "scopePrefix": archive.scope_prefix}
        restore = {
            "s3": {**s3, **of_source, "suffix": archive.suffix},
            "credentials": credentials(RESTORE_SECRET, "CLONE_"),
            **more,
        }
        backup = {
            "s3": {**s3, "scopePrefix": "", "suffix": f"/{GENERATION}"},
            "credentials": credentials(BACKUP_SECRET),
        }
        return {"restoreProfiles": {PROFILE: restore}, "backupProfiles": {GENERATION: backup}}

    def config_map(self, namespace: str, archive: Archive) -> dict:
        """The namespace's own, for profile `enabled`."""
        data = {
            "CLONE_SCOPE": archive.scope,
            "CLONE_WAL_S3_BUCKET": store.BUCKET,
            "CLONE_WAL_BUCKET_SCOPE_PREFIX": archive.scope_prefix,
            "CLONE_WAL_BUCKET_SCOPE_SUFFIX": archive.suffix,
            "CLONE_AWS_REGION": store.REGION,
        }
        metadata = {"name": RESTORE_SECRET, "namespace": namespace}
        return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}

    def by_hand(self, archive: Archive, endpoint: str = "") -> list[dict]:
        """The variables that a runbook has people set by hand, and nothing else."""
        values = {
            "CLONE_METHOD": "CLONE_WITH_WALE",
            "CLONE_SCOPE": archive.scope,
            "CLONE_WAL_S3_BUCKET": store.BUCKET,
            "CLONE_WAL_BUCKET_SCOPE_PREFIX": archive.scope_prefix,
            "CLONE_WAL_BUCKET_SCOPE_SUFFIX": archive.suffix,
            "CLONE_USE_WALG_RESTORE": "true",
            "CLONE_AWS_REGION": store.REGION,
            **({"CLONE_AWS_ENDPOINT": endpoint} if endpoint else {}),
        }
        keys = [from_secret(f"CLONE_{name}", f"CLONE_{name}") for name in KEYS.values()]
        return [*(literal(*it) for it in values.items()), *keys]

    def archiving(self, archive: Archive) -> list[dict]:
        """The variables of an operator that archives to where `archive` is."""
        values = {
            "WAL_S3_BUCKET": store.BUCKET,
            "WAL_BUCKET_SCOPE_PREFIX": archive.scope_prefix,
            "WAL_BUCKET_SCOPE_SUFFIX": archive.suffix,
            "AWS_ENDPOINT": self.stores.versity.endpoint,
            "AWS_REGION": store.REGION,
            "USE_WALG_BACKUP": "true",
            "USE_WALG_RESTORE": "true",
        }
        keys = [from_secret(name, f"CLONE_{name}") for name in KEYS.values()]
        return [*(literal(*it) for it in values.items()), *keys]

    # --- archives

    def archive(self, entry: Entry) -> Archive:
        """That of the lost database, by the entry's archiver. Nothing may change it."""
        return self.lost.archives[entry.name]

    @functools.cached_property
    def lost(self) -> Source:
        return self._make("source", source.SCOPE, source.ARTIFACTS)

    @functools.cached_property
    def other(self) -> Source:
        """Another database, which nobody wants to have here."""
        return self._make("other-source", "postgresql-other-harbor", 1000)

    def lost_with(self, archiver: Archiver, mounts: Mapping) -> Source:
        """The same rows, archived by another program at AWS's names."""
        box = self.lab.sandbox(f"source-{archiver.words[0]}", mounts=mounts, **self._aws())
        return source.make(box, [archiver], self.stores.versity)

    def copy(self, entry: Entry, **changes: str) -> Archive:
        """A copy of it elsewhere, that may be destroyed. To its backup's date it is of today."""
        made = replace(self.archive(entry), **changes)
        self.stores.versity.copy(self.archive(entry).prefix, made.prefix)
        return made

    def seaweed(self, entry: Entry) -> Archive:
        """The same in the other server."""
        it = self.archive(entry)
        self.stores.versity.copy(it.prefix, it.prefix, self.stores.seaweed)
        return it

    # --- asking, and running

    def ask(self, document: dict, config: dict, profile: str = PROFILE, backup: str = "") -> Answer:
        return admission.ask(document, config, self.lab.folder, profile, backup)

    @contextlib.contextmanager
    def run(
        self, entry: Entry, pod: dict, *more: dict, stuck_when: str = "", times: int = 1
    ) -> Iterator[restored.End]:
        """What becomes of a pod, beside the operator's Secrets and those with the keys."""
        namespace = pod["metadata"]["namespace"]
        objects = [*secrets(pod), *self._keys(namespace), *more]
        with restored.run(
            self.lab, entry, namespace, pod, objects, stuck_when, times, **self._aws()
        ) as end:
            yield end

    def _make(self, name: str, scope: str, artifacts: int) -> Source:
        mounts = {path: it for entry in self.entries for path, it in entry.source_mounts.items()}
        archivers = [Archiver(entry.name, entry.archiver) for entry in self.entries]
        box = self.lab.sandbox(name, mounts=mounts)
        return source.make(box, archivers, self.stores.versity, scope, artifacts)

    def _aws(self) -> dict[str, dict]:
        return {"hosts": self.stores.aws.hosts, "files": {BUNDLE: self.stores.aws.ca}}

    def _keys(self, namespace: str) -> Iterator[dict]:
        for name, prefix in ((RESTORE_SECRET, "CLONE_"), (BACKUP_SECRET, "")):
            data = {
                prefix + key: base64.b64encode(value.encode()).decode()
                for key, value in store.credentials().items()
            }
            metadata = {"name": name, "namespace": namespace}
            yield {"kind": "Secret", "metadata": metadata, "data": data}


def pod(review: Mapping, *env: dict) -> dict:
    """The pod as it comes, untouched, or with variables that somebody adds to it by hand."""
    it = json.loads(json.dumps(review["request"]["object"]))
    admission.postgres(it)["env"].extend(env)
    return it


@contextlib.contextmanager
def made(lab: Lab, entries: Sequence[Entry]) -> Iterator[Scene]:
    with store.running(lab.folder / "stores", sandbox.HOST) as stores:
        yield Scene(lab, stores, entries)
