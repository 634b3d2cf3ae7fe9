"""The stand-in for the image's entry point follows the documented rules."""

import io
import tarfile
from datetime import UTC, datetime

import helpers  # noqa: F401 -- isort: skip
import archive
import pytest
import walg

BUCKET = {"WAL_S3_BUCKET": "b", "SCOPE": "c", "PGVERSION": "15"}
CLONE = {"CLONE_METHOD": "CLONE_WITH_WALE", "CLONE_WAL_S3_BUCKET": "b", "CLONE_SCOPE": "c"}
REGION = {"AWS_REGION": "eu-central-1"}
CLONE_REGION = {"CLONE_AWS_REGION": "eu-central-1"}
KUBERNETES = {"KUBERNETES_SERVICE_HOST": "10.96.0.1", "DCS_ENABLE_KUBERNETES_API": "true"}

# --- prefixes


@pytest.mark.parametrize(
    ("more", "prefix"),
    [
        ({}, "s3://b/spilo/c/wal/15"),
        ({"WAL_BUCKET_SCOPE_SUFFIX": "/uid"}, "s3://b/spilo/c/uid/wal/15"),
        ({"WAL_BUCKET_SCOPE_PREFIX": "x-"}, "s3://b/spilo/x-c/wal/15"),
        ({"POD_NAMESPACE": "lab"}, "s3://b/spilo/c/wal/15"),
        ({"POD_NAMESPACE": "lab", **KUBERNETES}, "s3://b/spilo/lab-c/wal/15"),
        ({"POD_NAMESPACE": "default", **KUBERNETES}, "s3://b/spilo/c/wal/15"),
        ({"NAMESPACE": "lab"}, "s3://b/spilo/lab-c/wal/15"),
        ({"NAMESPACE": "lab", "WAL_BUCKET_SCOPE_PREFIX": ""}, "s3://b/spilo/c/wal/15"),
        ({"WALE_S3_PREFIX": "s3://e/x"}, "s3://e/x"),
        ({"WALE_S3_PREFIX": "s3://e/x", "WALG_S3_PREFIX": "s3://g/x"}, "s3://g/x"),
    ],
)
def test_own_prefix(more, prefix):
    assert archive.own({**BUCKET, **REGION, **more})["WALG_S3_PREFIX"] == prefix


@pytest.mark.parametrize(
    ("more", "prefix"),
    [
        ({}, "s3://b/spilo/c/wal/"),
        ({"CLONE_WAL_BUCKET_SCOPE_SUFFIX": "/uid"}, "s3://b/spilo/c/uid/wal/"),
        ({"CLONE_WAL_BUCKET_SCOPE_PREFIX": "lab-"}, "s3://b/spilo/lab-c/wal/"),
        ({"POD_NAMESPACE": "lab", **KUBERNETES}, "s3://b/spilo/c/wal/"),
        ({"CLONE_PGVERSION": "14"}, "s3://b/spilo/c/wal/14"),
        ({"CLONE_WALG_S3_PREFIX": "s3://left/over/wal"}, "s3://left/over/wal"),
        ({"CLONE_WALE_S3_PREFIX": "s3://left/over/wal"}, "s3://left/over/wal"),
    ],
)
def test_clone_prefix(more, prefix):
    assert archive.clone({**CLONE, **CLONE_REGION, **more})["WALG_S3_PREFIX"] == prefix


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        (
            "s3://b/spilo/c/wal/",
            ["s3://b/spilo/c/wal/15/", "s3://b/spilo/c/wal/14/", "s3://b/spilo/c/wal/"],
        ),
        ("s3://b/spilo/c/wal/15", ["s3://b/spilo/c/wal/15"]),
        ("s3://b/elsewhere/wal", ["s3://b/elsewhere/wal"]),
    ],
)
def test_a_backup_is_looked_for_in_the_folder_of_each_version_up_to_the_target(prefix, expected):
    assert list(archive.places(prefix, [16, 14, 15], 15)) == expected


# --- sets that are not complete


def without(name: str) -> dict[str, str]:
    return {it: value for it, value in {**CLONE, **CLONE_REGION}.items() if it != name}


@pytest.mark.parametrize("missing", ["CLONE_WAL_S3_BUCKET", "CLONE_SCOPE"])
def test_an_incomplete_set_is_a_warning_and_an_empty_database(missing):
    assert archive.clone(without(missing)) == {}
    assert archive.warnings(without(missing)) == [archive.INCOMPLETE]


def test_without_a_method_there_is_no_clone_and_no_warning():
    assert archive.clone(without("CLONE_METHOD")) == {}
    assert archive.warnings(without("CLONE_METHOD")) == []


@pytest.mark.parametrize("missing", ["CLONE_WAL_S3_BUCKET", "CLONE_SCOPE", "CLONE_METHOD"])
def test_an_incomplete_set_is_fatal_when_a_clone_was_asked_for_twice(missing):
    with pytest.raises(archive.Dies):
        archive.clone({**without(missing), "CLONE_WITH_WALE": "true"})


def test_a_complete_set_has_no_warning():
    env = {**CLONE, **CLONE_REGION, "CLONE_WITH_WALE": "true"}
    assert archive.warnings(env) == []


# --- endpoint and region


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (REGION, {"AWS_REGION": "eu-central-1"}),
        ({}, {"AWS_REGION": "loca"}),
        ({"WAL_S3_BUCKET": "x-eu-west-1-y"}, {"AWS_REGION": "eu-west-1"}),
        (
            {"AWS_ENDPOINT": "http://s:1", **REGION},
            {"AWS_ENDPOINT": "http://s:1", "AWS_S3_FORCE_PATH_STYLE": "true"},
        ),
        (
            {"AWS_ENDPOINT": "http://s:1", "USE_WALG_BACKUP": "true", **REGION},
            {
                "AWS_ENDPOINT": "http://s:1",
                "AWS_S3_FORCE_PATH_STYLE": "true",
                "AWS_REGION": "eu-central-1",
            },
        ),
        (
            {"WALE_S3_ENDPOINT": "https+virtualhost://s"},
            {"AWS_ENDPOINT": "https://s", "AWS_S3_FORCE_PATH_STYLE": "false"},
        ),
        ({"AWS_ENDPOINT": "", **REGION}, {"AWS_REGION": "eu-central-1"}),
    ],
)
def test_endpoint_and_region(more, expected):
    folder = archive.own({**BUCKET, **more})
    names = ("AWS_ENDPOINT", "AWS_REGION", "AWS_S3_FORCE_PATH_STYLE")
    assert {it: folder[it] for it in names if it in folder} == expected


def test_a_clone_keeps_the_region_beside_an_endpoint_unless_wal_g_makes_no_backups():
    env = {**CLONE, **CLONE_REGION, "CLONE_AWS_ENDPOINT": "http://s:1"}
    assert archive.clone(env)["AWS_REGION"] == "eu-central-1"
    assert "AWS_REGION" not in archive.clone({**env, "CLONE_USE_WALG_BACKUP": "false"})


def test_what_is_not_for_the_clone_does_not_reach_it():
    env = {**CLONE, **CLONE_REGION, "AWS_ACCESS_KEY_ID": "own", "AWS_ENDPOINT": "http://own"}
    assert archive.clone(env) == {
        "WALG_S3_PREFIX": "s3://b/spilo/c/wal/",
        "AWS_REGION": "eu-central-1",
    }


@pytest.mark.parametrize(
    ("more", "endpoint"),
    [
        (CLONE_REGION, None),
        ({"CLONE_AWS_ENDPOINT": "http://s:1"}, "http+path://s:1"),
        ({"CLONE_WALE_S3_ENDPOINT": "https+path://s"}, "https+path://s"),
    ],
)
def test_a_clone_that_does_not_ask_for_wal_g_has_wal_es_names(more, endpoint):
    folder = archive.clone({**CLONE, **more, "CLONE_USE_WALG_RESTORE": "false"})
    assert "WALG_S3_PREFIX" not in folder
    assert folder["WALE_S3_PREFIX"] == "s3://b/spilo/c/wal/"
    assert folder.get("WALE_S3_ENDPOINT") == endpoint


def test_no_bucket_and_no_prefix_is_no_archive():
    assert archive.own({"SCOPE": "c", **REGION}) == {}


# --- the point in time


def test_recovery_settings():
    assert archive.recovery({}) == {
        "recovery_target_timeline": "latest",
        "recovery_target_action": "promote",
    }
    env = {
        "CLONE_TARGET_TIME": "2026-11-20T02:00:00+00:00",
        "CLONE_TARGET_TIMELINE": "3",
        "CLONE_TARGET_INCLUSIVE": "",
        "USE_PAUSE_AT_RECOVERY_TARGET": "false",
    }
    assert archive.recovery(env) == {
        "recovery_target_timeline": "3",
        "recovery_target_action": "pause",
        "recovery_target_time": "2026-11-20T02:00:00+00:00",
        "recovery_target_inclusive": False,
    }
    assert "recovery_target_inclusive" not in archive.recovery({"CLONE_TARGET_INCLUSIVE": "false"})


def test_the_newest_backup_before_the_point_in_time():
    days = {f"base_{day}": datetime(2026, 11, day, tzinfo=UTC) for day in (1, 2, 3)}
    assert archive.choose(days, None) == "base_3"
    assert archive.choose(days, days["base_3"]) == "base_2"
    assert archive.choose(days, days["base_1"]) is None
    assert archive.choose({}, None) is None


# --- the layout


def test_a_backup_is_split_as_documented():
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w") as tar:
        for name in ("backup_label", "PG_VERSION", "global/pg_control", "global/1260"):
            content = name.encode()
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    parts, label = walg.split(whole.getvalue())
    assert label == "backup_label"
    assert {name: walg.names_in(content) for name, content in parts.items()} == {
        "part_001.tar": ["PG_VERSION", "global/1260"],
        "pg_control.tar": ["global/pg_control"],
        "backup_label.tar": ["backup_label"],
    }


def test_positions_in_the_log_are_decimal():
    assert walg.number("2/A0000028") == 11274289192
