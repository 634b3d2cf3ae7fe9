"""Generations, as docs/backup.md has them: the next disaster, and a restore label that stays on."""

import base64
import contextlib
import json
import re
import urllib.request
from collections.abc import Iterator

import admission
import source
from entries import Entry
from lab import ETCD
from polling import wait_for
from restored import End
from scene import PROFILE, Scene
from source import Archive

BACKUP_SECONDS = 60
SENTINEL = re.compile(r"/basebackups_005/base_\w+_backup_stop_sentinel\.json$")
WAL_OF_TIMELINE_2 = re.compile(r"/wal_005/00000002[0-9A-F]{16}\.lz4$")


@contextlib.contextmanager
def life(
    scene: Scene, entry: Entry, namespace: str, archive: Archive, generation: str
) -> Iterator[tuple[End, Archive]]:
    """A database from its restore to its loss, and where it archives to. Of an earlier one of the
    same name only archives are left."""
    forget(namespace)
    config = scene.profile(archive, scene.stores.versity.endpoint)
    (backup,) = config["backupProfiles"].values()
    backup["s3"]["suffix"] = f"/{generation}"
    config["backupProfiles"] = {generation: backup}
    answer = scene.ask(admission.review(namespace), config, PROFILE, generation)
    assert answer.pod, answer.message
    with scene.run(entry, answer.pod) as end:
        assert end.state == "leader", end.log[-4000:]
        yield end, Archive(scope=admission.scope(namespace), suffix=f"/{generation}")


def forget(namespace: str) -> None:
    """Removes what Patroni keeps of the cluster, as its deletion does in Kubernetes. Entry points
    differ in whether the namespace is part of its place."""
    for start in ("service", namespace):
        place = f"/{start}/{admission.scope(namespace)}"
        key, end = (
            base64.b64encode(f"{place}{it}".encode()).decode() for it in "/0"
        )  # all between
        body = json.dumps({"key": key, "range_end": end}).encode()
        urllib.request.urlopen(f"http://{ETCD}/v3/kv/deleterange", body).close()


def write(end: End, project: str) -> None:
    """A row that only this life has, and all of its WAL in the archive."""
    end.node.sql(f"insert into project (owner_id, name) values (1, '{project}')", source.DATABASE)
    last = end.node.sql("select pg_walfile_name(pg_current_wal_lsn())")
    end.node.sql("select pg_switch_wal()")
    archived = "select coalesce(last_archived_wal, '') from pg_stat_archiver"
    wait_for(f"{last} is archived", lambda: end.node.sql(archived) >= last, 60, 0.1)


def wait_backup(scene: Scene, archive: Archive) -> None:
    wait_for(
        f"a base backup in {archive.prefix}",
        lambda: any(SENTINEL.search(it) for it in scene.stores.versity.etags(archive.prefix)),
        BACKUP_SECONDS,
        0.2,
    )


def test_the_next_disaster(scene: Scene, entry: Entry) -> None:
    """Of a database that was restored: from its generation into the next one. With the labels of
    the first disaster still on, the old data comes back, and writes over the new backups."""
    namespace = f"generations-{entry.short}"
    with life(scene, entry, namespace, scene.archive(entry), "generation-2") as (end, own):
        wait_backup(scene, own)
        write(end, "of-the-second-life")
        lost = source.fingerprint(end.node.sandbox)
    before = scene.stores.versity.etags(own.prefix)

    with life(scene, entry, namespace, own, "generation-3") as (end, _):
        assert end.fingerprint.tables == lost.tables
        assert end.fingerprint.system_identifier == lost.system_identifier
        assert (lost.timeline, end.fingerprint.timeline) == (2, 3)
        write(end, "of-the-third-life")
    assert scene.stores.versity.etags(own.prefix) == before

    with life(scene, entry, namespace, scene.archive(entry), "generation-2") as (end, _):
        assert end.fingerprint.tables == scene.lost.final.tables
        write(end, "of-another-second-life")
    after = scene.stores.versity.etags(own.prefix)
    overwritten = [key for key, etag in before.items() if after[key] != etag]
    assert any(WAL_OF_TIMELINE_2.search(it) for it in overwritten)
