"""What our program refuses, and what becomes of the same pod without it.

Each test has two halves. In the first our program is asked, and refuses. In the second the pod is
run all the same, with the variables that a runbook has people set by hand.
"""

import contextlib
import json
from collections.abc import Callable

import admission
import pytest
import why
from entries import Entry
from harbor import HARBORS_RULES
from polling import wait_for
from restored import End
from scene import PROFILE, Scene, literal, pod
from source import Archive

FIRST_SEGMENT = "wal_005/000000010000000000000001.lz4"
NEW_TIMELINE = "wal_005/00000002.history.lz4"
PUSH_SECONDS = 60
WATCHED_SECONDS = 30
ROUNDS = 15  # of Patroni, one a second


def refused(scene: Scene, reason: str, document: dict, config: dict, profile: str = PROFILE) -> str:
    answer = scene.ask(document, config, profile)
    assert answer.reason == reason, answer
    return answer.message


def empty(scene: Scene, end: End) -> str:
    end.has_to_be("leader")
    assert not end.fingerprint, "it has Harbor's database"
    identifier = end.node.sql("select system_identifier from pg_control_system()")
    assert identifier != scene.lost.final.system_identifier
    return "**an empty database leads**, with a new system identifier"


def without(env: list[dict], *names: str) -> list[dict]:
    return [it for it in env if it["name"] not in names]


def by_hand(scene: Scene, source: Archive) -> list[dict]:
    return scene.by_hand(source, scene.stores.versity.endpoint)


def pushed(end: End, happened: Callable[[], bool], seconds: float = PUSH_SECONDS) -> None:
    """Its WAL has reached the archive."""
    end.node.sql("select pg_switch_wal()")
    wait_for(f"{end.node.name} has pushed its WAL", happened, seconds, 0.2)


# --- nobody notices


@why.measures("unknown-profile")
def test_a_label_that_names_no_profile(scene: Scene, entry: Entry) -> None:
    review = admission.review(f"unknown-{entry.short}")
    config = scene.profile(scene.archive(entry))
    refused(scene, "unknown-profile", review, config, "unlisted")
    not_listed = scene.profile(scene.archive(entry), clusters=["registry"])
    refused(scene, "cluster-not-in-profile", review, not_listed)
    with scene.run(entry, pod(review)) as end:
        why.hold("unknown-profile", entry.name, empty(scene, end), end.seconds)


@why.measures("incomplete")
def test_a_set_that_is_not_complete(scene: Scene, entry: Entry) -> None:
    review = admission.review(f"incomplete-{entry.short}")
    config = scene.profile(scene.archive(entry))
    del config["restoreProfiles"][PROFILE]["s3"]["bucket"]
    refused(scene, "incomplete-profile", review, config)
    by_hand = without(scene.by_hand(scene.archive(entry)), "CLONE_WAL_S3_BUCKET")
    with scene.run(entry, pod(review, *by_hand)) as end:
        outcome = empty(scene, end)
        end.says("(?i)warning.* only possible when")
    why.hold("incomplete", entry.name, f"{outcome}; one warning in the log", end.seconds)


@why.measures("damaged")
def test_a_pod_that_loses_a_variable_after_us(scene: Scene, entry: Entry) -> None:
    review = admission.review(f"damaged-{entry.short}")
    damaged = scene.ask(review, scene.profile(scene.archive(entry))).pod
    container = admission.postgres(damaged)
    container["env"] = without(container["env"], "CLONE_WAL_S3_BUCKET")
    with scene.run(entry, damaged) as end:
        end.has_to_be("ended")
        assert not end.node.sandbox.run(
            "sh", "-c", "ls -A $0", end.node.env["PGROOT"] + "/data"
        ).stdout
    why.hold("damaged", entry.name, "the container ends before it starts anything", end.seconds)


@why.measures("no-key")
def test_a_key_that_the_config_map_has_not(scene: Scene, entry: Entry) -> None:
    namespace = f"no-key-{entry.short}"
    config = scene.profile(scene.archive(entry))
    config_map = scene.config_map(namespace, scene.archive(entry))
    allowed = scene.ask(admission.review(namespace), config, "enabled").pod
    del config_map["data"]["CLONE_WAL_S3_BUCKET"]
    refused(scene, "incomplete-profile", config_map, config, "enabled")
    with scene.run(entry, allowed, config_map) as end:
        end.has_to_be("not created")
        key = f"couldn't find key CLONE_WAL_S3_BUCKET in ConfigMap {namespace}/harbor-pg-restore"
        assert end.log == f"CreateContainerConfigError: {key}"
    outcome = "the kubelet does not create the container: `CreateContainerConfigError`"
    why.hold("no-key", entry.name, outcome, end.seconds)


@why.measures("left-over-prefix")
def test_a_prefix_that_is_left_over(scene: Scene, entry: Entry) -> None:
    namespace = f"left-over-{entry.short}"
    other = scene.other.archives[entry.name]
    left_over = literal("CLONE_WALG_S3_PREFIX", f"s3://harbor-db-backups/{other.prefix}")
    review = admission.review(namespace, left_over)
    opaque = admission.review(namespace)
    admission.postgres(opaque["request"]["object"])["envFrom"] = [{"configMapRef": {"name": "it"}}]
    config = scene.profile(scene.archive(entry), scene.stores.versity.endpoint)
    refused(scene, "env-from-opaque", opaque, config, "enabled")
    names = [it["name"] for it in admission.postgres(scene.ask(review, config).pod)["env"]]
    assert "CLONE_WALG_S3_PREFIX" not in names
    with scene.run(entry, pod(review, *by_hand(scene, scene.archive(entry)))) as end:
        end.has_to_be("leader")
        assert (
            end.fingerprint == scene.other.final
            or end.fingerprint.tables == scene.other.final.tables
        )
        assert end.fingerprint.tables != scene.lost.final.tables
    why.hold("left-over-prefix", entry.name, "**another database's rows**", end.seconds)


# --- the source is destroyed


@why.measures("own-archive-equal-empty")
def test_an_empty_database_that_archives_into_its_source(scene: Scene, entry: Entry) -> None:
    review, source = archives_into_its_source(scene, entry, f"destroyed-{entry.short}")
    before = scene.stores.versity.etags(source.prefix)
    first = source.prefix + FIRST_SEGMENT
    incomplete = without(by_hand(scene, source), "CLONE_WAL_S3_BUCKET")
    with scene.run(entry, pod(review, *incomplete)) as end:
        outcome = empty(scene, end)
        pushed(end, lambda: scene.stores.versity.etags(first)[first] != before[first])
    outcome += "; **the source's first WAL segment is overwritten**"
    why.hold("own-archive-equal-empty", entry.name, outcome, end.seconds)


@why.measures("own-archive-equal")
def test_a_clone_that_archives_into_its_source(scene: Scene, entry: Entry) -> None:
    review, source = archives_into_its_source(scene, entry, f"mixed-{entry.short}")
    assert not scene.stores.versity.etags(source.prefix + NEW_TIMELINE)
    with scene.run(entry, pod(review, *by_hand(scene, source))) as end:
        end.has_to_be("leader")
        assert end.fingerprint.tables == scene.lost.final.tables
        there = source.prefix + NEW_TIMELINE
        pushed(end, lambda: bool(scene.stores.versity.etags(there)))
    outcome = "all rows, but **the new timeline is written into the source**"
    why.hold("own-archive-equal", entry.name, outcome, end.seconds)


@why.measures("own-archive-unproven")
def test_an_own_archive_without_the_endpoint_of_the_source(scene: Scene, entry: Entry) -> None:
    """The source is in a store with an endpoint, the own archive at AWS. Where PostgreSQL is first
    started among the clone's variables, its archive command has them until the next restart."""
    namespace = f"unproven-{entry.short}"
    own = Archive(scope=admission.scope(namespace))
    review = admission.review(namespace, *without(scene.archiving(own), "AWS_ENDPOINT"))
    source, endpoint = scene.seaweed(entry), scene.stores.seaweed.endpoint
    refused(scene, "own-archive-unproven", review, scene.profile(source, endpoint))
    stores = {
        "its own store": scene.stores.versity,
        "**the store of the source**": scene.stores.seaweed,
    }

    def pushed_to() -> list[str]:
        wal = f"{own.prefix}wal_005/00000002"
        return [name for name, it in stores.items() if it.etags(wal)]

    with scene.run(entry, pod(review, *scene.by_hand(source, endpoint))) as end:
        end.has_to_be("leader")
        assert end.fingerprint.tables == scene.lost.final.tables
        with contextlib.suppress(AssertionError):
            pushed(end, lambda: bool(pushed_to()), WATCHED_SECONDS)
        where = " and ".join(pushed_to()) or f"**neither of the stores** within {WATCHED_SECONDS} s"
    outcome = f"all rows; its WAL goes to {where}"
    why.hold("own-archive-unproven", entry.name, outcome, end.seconds)


def archives_into_its_source(scene: Scene, entry: Entry, namespace: str) -> tuple[dict, Archive]:
    """A rebuilt database of the same name that archives as the lost one did. Refused."""
    source = scene.copy(entry, scope=admission.scope(namespace), scope_prefix="", suffix="")
    review = admission.review(namespace, *scene.archiving(source))
    config = scene.profile(source, scene.stores.versity.endpoint)
    refused(scene, "own-archive-equal", review, config)
    return review, source


# --- it never leads


@why.measures("rules-lock-out")
def test_rules_that_lock_patroni_out(scene: Scene, entry: Entry) -> None:
    review = admission.review(f"locked-out-{entry.short}")
    container = admission.postgres(review["request"]["object"])
    variable = next(it for it in container["env"] if it["name"] == "SPILO_CONFIGURATION")
    configuration = json.loads(variable["value"])
    configuration["postgresql"]["pg_hba"] = list(HARBORS_RULES)
    variable["value"] = json.dumps(configuration)
    config = scene.profile(scene.archive(entry), scene.stores.versity.endpoint)
    refused(scene, "rules-lock-out", review, config)
    made = pod(review, *by_hand(scene, scene.archive(entry)))
    stuck = "Error communicating with PostgreSQL"
    with scene.run(entry, made, stuck_when=stuck, times=2) as end:
        end.has_to_be("stuck")
        end.says(r'no pg_hba\.conf entry for host ""?\[local\]""?, user ""?postgres')
    symptom = 'no pg_hba.conf entry for host "[local]"'
    outcome = f"**never a leader**: restored, then locked out, `{symptom}`"
    why.hold("rules-lock-out", entry.name, outcome, end.seconds)


@why.measures("no-region")
def test_no_region(scene: Scene, entry: Entry) -> None:
    review = admission.review(f"no-region-{entry.short}")
    config = scene.profile(scene.archive(entry))
    del config["restoreProfiles"][PROFILE]["s3"]["region"]
    refused(scene, "incomplete-profile", review, config)
    without_region = without(scene.by_hand(scene.archive(entry)), "CLONE_AWS_REGION")
    made = pod(review, *without_region)
    with scene.run(entry, made, stuck_when="bootstrap in progress", times=ROUNDS) as end:
        end.has_to_be("stuck", "ended")
        find = "cat $(find /run -path '*clone*' -name AWS_REGION)"
        assert end.node.sandbox.run("sh", "-c", find).stdout == "loca"
    how = f"still trying after {ROUNDS} rounds" if end.state == "stuck" else "Patroni ends"
    outcome = f"**never a leader**: region `loca`, {how}"
    why.hold("no-region", entry.name, outcome, end.seconds)


@why.measures("wrong-suffix", "wrong-time")
@pytest.mark.parametrize(
    ("field", "variable", "value", "says", "means"),
    [
        ("suffix", "CLONE_WAL_BUCKET_SCOPE_SUFFIX", "99e8", "find any backups", "finds no backup"),
        ("time", "CLONE_TARGET_TIME", "2026-11-20T02:00:00", "a timezone", "wants a timezone"),
    ],
    ids=["suffix", "time"],
)
def test_a_value_that_means_nothing(
    scene: Scene, entry: Entry, field: str, variable: str, value: str, says: str, means: str
) -> None:
    review = admission.review(f"wrong-{field}-{entry.short}")
    config = scene.profile(scene.archive(entry), scene.stores.versity.endpoint)
    profile = config["restoreProfiles"][PROFILE]
    profile.setdefault("target", {})["time"] = value if field == "time" else ""
    profile["s3"]["suffix"] = value if field == "suffix" else ""
    refused(scene, "invalid-config", review, config)
    others = without(by_hand(scene, scene.archive(entry)), variable)
    with scene.run(entry, pod(review, *others, literal(variable, value))) as end:
        end.has_to_be("ended")
        end.says(says)
    outcome = f"never a leader, nothing lost: {means}, Patroni ends"
    why.hold(f"wrong-{field}", entry.name, outcome, end.seconds)
