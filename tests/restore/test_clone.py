"""From a pod as our program lets it in to the rows of the database that was lost."""

import re
from dataclasses import dataclass

import admission
import parts
import pytest
import source
import why
import with_wal_e
from entries import Entry
from polling import wait_for
from restored import End
from scene import GENERATION, PROFILE, Scene, pod
from source import Archive, Fingerprint, Source

BACKUP_SECONDS = 60

prepare = parts.wal_e


@dataclass(frozen=True)
class Case:
    id: str
    store: str = "versitygw"  # with an endpoint; or SeaweedFS, or AWS by its names
    profile: str = PROFILE  # literal; or `enabled`
    layout: str = "with uid"
    to_target_time: bool = False
    own_backups: bool = False


CASES = (
    Case("latest"),
    Case("target-time", to_target_time=True),
    Case("without-uid", layout="without uid"),
    Case("seaweedfs", store="SeaweedFS"),
    Case("aws-names", store="AWS"),
    Case("enabled", store="AWS", profile="enabled"),
    Case("own-backups", own_backups=True),
    Case("own-backups-enabled", store="AWS", profile="enabled", own_backups=True),
)


@why.measures(*(it.id for it in CASES))
@pytest.mark.parametrize("case", CASES, ids=lambda it: it.id)
def test_clone(scene: Scene, entry: Entry, case: Case) -> None:
    namespace = f"{case.id}-{entry.short}"
    archive = archive_of(scene, entry, case)
    target = {"target": {"time": scene.lost.target_time}} if case.to_target_time else {}
    config = scene.profile(archive, endpoint(scene, case), **target)
    backup = GENERATION if case.own_backups else ""
    answer = scene.ask(admission.review(namespace), config, case.profile, backup)
    assert answer.pod, answer.message
    server = scene.stores.seaweed if case.store == "SeaweedFS" else scene.stores.versity
    before = server.etags(archive.prefix)
    with scene.run(entry, answer.pod, scene.config_map(namespace, archive)) as end:
        wanted = scene.lost.at_target if case.to_target_time else scene.lost.final
        outcome = restored_rows(end, wanted, "the rows of that time" if target else "all rows")
        passwords_are_as_documented(end)
        if case.own_backups:
            outcome += own_backups_go_on(scene, end, admission.scope(namespace))
    assert before and server.etags(archive.prefix) == before
    why.hold(case.id, entry.name, f"{outcome}; the source is untouched", end.seconds)


@pytest.fixture(scope="module")
def lost(scene: Scene) -> Source:
    return scene.lost_with(with_wal_e.ARCHIVER, with_wal_e.mounts())


@why.measures("wal-e")
def test_clone_with_wal_e(scene: Scene, entry: Entry, lost: Source) -> None:
    """Our program does not let a profile ask for it; somebody does so by hand."""
    archive = lost.archives["WAL-E"]
    review = admission.review(f"wal-e-{entry.short}")
    profile = scene.profile(archive, env={"CLONE_USE_WALG_RESTORE": "false"})
    answer = scene.ask(review, profile)
    assert answer.reason == "invalid-config"
    assert answer.message.endswith(
        "env.CLONE_USE_WALG_RESTORE: the profile sets it itself, remove it here"
    )
    made = pod(review, *with_wal_e.instead_of_wal_g(scene.by_hand(archive)))
    before = scene.stores.versity.etags(archive.prefix)
    with scene.run(with_wal_e.added(entry), made) as end:
        outcome = restored_rows(end, lost.final)
        end.says(r"wal_e\.main\s+INFO")
    names_a_wrong_segment(before)
    assert before and scene.stores.versity.etags(archive.prefix) == before
    why.hold("wal-e", entry.name, f"{outcome}; the source is untouched", end.seconds)


def names_a_wrong_segment(objects: dict[str, str]) -> None:
    """A base backup that was made offline."""
    (named,) = {it[1] for key in objects if (it := re.search(r"/base_(\w{24})_\w{8}/", key))}
    assert not any(f"/wal_005/{named}" in key for key in objects), named


def archive_of(scene: Scene, entry: Entry, case: Case) -> Archive:
    if case.layout == "without uid":
        return scene.copy(entry, scope_prefix="lost-", suffix="")
    return scene.seaweed(entry) if case.store == "SeaweedFS" else scene.archive(entry)


def endpoint(scene: Scene, case: Case) -> str:
    servers = {"versitygw": scene.stores.versity, "SeaweedFS": scene.stores.seaweed}
    return servers[case.store].endpoint if case.store in servers else ""


def restored_rows(end: End, wanted: Fingerprint, what: str = "all rows") -> str:
    """What was restored, in words; it has to be what was lost."""
    end.has_to_be("leader")
    assert end.fingerprint, "there is no database of Harbor's"
    assert end.fingerprint.tables == wanted.tables
    assert end.fingerprint.system_identifier == wanted.system_identifier
    rows = sum(it["rows"] for it in end.fingerprint.tables.values())
    return f"{what} ({rows:,}), same system identifier, timeline {end.fingerprint.timeline}"


def passwords_are_as_documented(end: End) -> None:
    """The superuser has the new Secret's password, and Harbor's role keeps its old one."""
    for user, password, accepted in (
        ("postgres", end.node.env["PGPASSWORD_SUPERUSER"], True),
        ("postgres", "postgres-of-old", False),
        ("standby", end.node.env["PGPASSWORD_STANDBY"], True),
        ("harbor", "harbor-of-old", True),
    ):
        where = f"host={end.node.sandbox.address} user={user} dbname={source.DATABASE}"
        done = end.node.sandbox.run("psql", where, "-c", "select", env={"PGPASSWORD": password})
        assert (done.returncode == 0) == accepted, f"{user}: {done.stderr}"


def own_backups_go_on(scene: Scene, end: End, scope: str) -> str:
    """A first base backup, and the new timeline's WAL, where the backup profile says."""
    own = Archive(scope=scope, suffix=f"/{GENERATION}").prefix
    end.node.sql("select pg_switch_wal()")

    def there(pattern: str) -> bool:
        return any(re.search(pattern, it) for it in scene.stores.versity.etags(own))

    for what in (r"/base_0000000[2-9]\w*_sentinel\.json$", r"/wal_005/0000000[2-9]\w{16}\.lz4$"):
        wait_for(f"{what} in {own}", lambda what=what: there(what), BACKUP_SECONDS, 0.2)
    return f"; first base backup and WAL in …/{GENERATION}"
