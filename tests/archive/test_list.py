"""`backups list`: the answer to "I have lost the cluster, what was its uid?"."""

import json
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from process import binary
from store import ACCESS_KEY, BUCKET, REGION, SECRET_KEY, Store

UID, OLD_UID = "99e85b8a-3f92-4c86-8d42-5056348c1e7e", "0d6f1c52-8a53-4a4e-9a35-b1c1a5f0f8d0"
FIRST, SECOND = "000000010000000000000002", "000000010000000000000004"

Put = Callable[[str, bytes], None]


def run(
    *words: object,
    env: dict[str, str] | None = None,
    given: str = "",
    cwd: Path | None = None,
) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return subprocess.run(
        [binary(), *map(str, words)],
        input=given,
        capture_output=True,
        text=True,
        timeout=60,
        cwd=cwd,
        env={**clean, **(env or {})},
    )


def put_archive(put: Put, path: str, finish: str, segment: str = SECOND) -> None:
    """A base backup and a delta of it, as far as a listing looks at them."""
    for name in (f"base_{FIRST}", f"base_{SECOND}_D_{FIRST}"):
        put(f"{path}/basebackups_005/{name}_backup_stop_sentinel.json", b"{}")
        put(
            f"{path}/basebackups_005/{name}/metadata.json",
            b'{"finish_time": "%s"}' % finish.encode(),
        )
        put(f"{path}/basebackups_005/{name}/tar_partitions/part_001.tar.lz4", b"part")
    put(f"{path}/wal_005/{FIRST}.lz4", b"segment")
    put(f"{path}/wal_005/{segment}.lz4", b"segment")
    put(f"{path}/wal_005/{segment}.00000028.backup.lz4", b"mark")


def folder_put(folder: Path) -> Put:
    def put(key: str, content: bytes) -> None:
        file = folder / key
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)

    return put


@pytest.fixture
def bucket(tmp_path: Path) -> Path:
    """A folder that stands for a bucket with both layouts, two lives, and another parent."""
    put = folder_put(tmp_path / BUCKET)
    put_archive(put, f"spilo/postgresql-harbor-harbor/{OLD_UID}/wal/15", "2026-11-20T01:00:00Z")
    put_archive(put, f"spilo/postgresql-harbor-harbor/{UID}/wal/15", "2026-11-22T01:00:00Z")
    put_archive(put, "spilo/staging-postgresql-staging-harbor/wal/12", "2026-11-21T01:00:00Z")
    put("registry/docker/registry/v2/blobs/sha256/00/data", b"blob")
    return tmp_path / BUCKET


def documents(text: str) -> list[dict]:
    return [it for it in yaml.safe_load_all(text) if it is not None]


def by_scope(printed: str) -> dict[tuple[str, str], dict[str, str]]:
    data = [it["data"] for it in documents(printed)]
    return {(it["CLONE_SCOPE"], it["CLONE_WAL_BUCKET_SCOPE_SUFFIX"]): it for it in data}


def test_both_layouts_and_every_life(bucket: Path) -> None:
    done = run("backups", "list", "--bucket", bucket, "--region", REGION)
    assert (done.returncode, done.stderr) == (0, "")
    found = by_scope(done.stdout)
    assert set(found) == {
        ("postgresql-harbor-harbor", f"/{OLD_UID}"),
        ("postgresql-harbor-harbor", f"/{UID}"),
        ("staging-postgresql-staging-harbor", ""),
    }
    for data in found.values():
        assert data["CLONE_WAL_S3_BUCKET"] == BUCKET
        assert data["CLONE_AWS_REGION"] == REGION
    assert f"# newest backup: base_{SECOND}_D_{FIRST} of 2026-11-22 01:00:00 UTC" in done.stdout
    assert f"# newest WAL: {SECOND} of 2" in done.stdout
    assert done.stdout.count("# backups: 2\n") == 3


def test_what_is_printed_is_accepted(bucket: Path, tmp_path: Path) -> None:
    done = run("backups", "list", "--bucket", bucket, "--region", REGION)
    (tmp_path / "restore.yaml").write_text(done.stdout)
    checked = run("check", tmp_path / "restore.yaml")
    assert checked.stdout == "0 mistakes, 0 warnings\n"


def test_what_is_told_does_not_steer_a_terminal(bucket: Path) -> None:
    """Whoever may write into a bucket names the folders in it."""
    for name in ("a\x1b[2J", "b\u009b2J", "c\nd"):
        (bucket / name).mkdir()
        (bucket / name / "link").symlink_to("/")
    done = run("backups", "list", "--bucket", bucket, "--region", REGION)
    assert done.returncode == 1
    assert sorted(line.split("/: ")[0] for line in done.stderr.splitlines()) == [
        f"harbor-pg-webhook: could not look into {name}" for name in ("a?[2J", "b??2J", "c?d")
    ]
    assert done.stderr.replace("\n", "").isprintable()


def test_what_a_folder_does_not_tell_is_refused_until_it_is_filled_in(
    bucket: Path, tmp_path: Path
) -> None:
    done = run("backups", "list", "--bucket", bucket)
    assert done.returncode == 0
    (tmp_path / "restore.yaml").write_text(done.stdout)
    checked = run("check", tmp_path / "restore.yaml")
    assert checked.returncode == 1
    assert checked.stdout.count("data.CLONE_AWS_REGION is empty") == 3
    (tmp_path / "restore.yaml").write_text(
        done.stdout.replace('CLONE_AWS_REGION: ""', f'CLONE_AWS_REGION: "{REGION}"')
    )
    assert run("check", tmp_path / "restore.yaml").stdout == "0 mistakes, 0 warnings\n"


def test_another_parent_needs_a_profile(tmp_path: Path) -> None:
    put_archive(folder_put(tmp_path / BUCKET), "prod/spilo/c/wal/15", "2026-11-22T01:00:00Z")
    done = run("backups", "list", "--bucket", tmp_path / BUCKET, "--region", REGION)
    assert done.returncode == 0
    (tmp_path / "config.yaml").write_text(done.stdout)
    (document,) = documents(done.stdout)
    assert document["restoreProfiles"]["found"]["s3"] == {
        "prefix": f"s3://{BUCKET}/prod/spilo/c/wal",
        "region": REGION,
    }
    checked = run("check", "--config", tmp_path / "config.yaml")
    assert checked.stdout == "0 mistakes, 0 warnings\n"


def test_the_root_of_a_bucket_can_be_in_no_profile(tmp_path: Path) -> None:
    folder = tmp_path / BUCKET
    folder_put(folder)(f"basebackups_005/base_{FIRST}_backup_stop_sentinel.json", b"{}")
    (tmp_path / "config.yaml").write_text(
        run("backups", "list", "--bucket", folder, "--region", REGION).stdout
    )
    assert "root of the bucket, which no profile" in (tmp_path / "config.yaml").read_text()
    assert run("check", "--config", tmp_path / "config.yaml").returncode == 1


def test_json(bucket: Path) -> None:
    done = run("backups", "list", "--bucket", bucket, "--region", REGION, "--json")
    printed = json.loads(done.stdout)
    assert printed["complete"]
    found = {it["uid"]: it for it in printed["archives"]}
    assert set(found) == {OLD_UID, UID, None}
    assert found[UID]["backups"] == 2
    assert found[UID]["version"] == "15"
    assert found[UID]["newestWal"] == SECOND
    assert found[UID]["configMap"]["CLONE_WAL_BUCKET_SCOPE_SUFFIX"] == f"/{UID}"
    assert found[None]["scope"] == "staging-postgresql-staging-harbor"


def test_a_bucket_without_an_archive(tmp_path: Path) -> None:
    folder_put(tmp_path)("registry/blob", b"blob")
    done = run("backups", "list", "--bucket", tmp_path)
    assert (done.returncode, done.stdout) == (4, "")
    assert "no archive of WAL-G is here" in done.stderr


def test_what_cannot_be_looked_into_is_told(tmp_path: Path) -> None:
    done = run("backups", "list", "--bucket", tmp_path / "missing")
    assert (done.returncode, done.stdout) == (1, "")
    assert "missing" in done.stderr


@pytest.mark.parametrize("above", ["", "spilo", f"spilo/postgresql-harbor-harbor/{UID}/wal"])
def test_a_prefix_above_the_archives_tells_how_to_find_them(bucket: Path, above: str) -> None:
    done = run("backups", "list", "--prefix", bucket / above)
    assert done.returncode == 4
    (tried,) = re.findall(r"'backups list --bucket (\S+)'", done.stderr)
    assert run("backups", "list", "--bucket", tried).returncode == 0


def test_a_bare_word_above_the_archives_is_a_folder(bucket: Path) -> None:
    done = run("backups", "list", "--prefix", bucket.name, cwd=bucket.parent)
    assert f"'backups list --bucket ./{bucket.name}'" in done.stderr


def test_a_folder_that_is_not_there_has_the_way_out_of_a_folder(tmp_path: Path) -> None:
    done = run("backups", "verify", "--prefix", tmp_path / "missing")
    assert done.returncode == 1
    assert "look whether the folder is there" in done.stdout
    assert "endpoint" not in done.stdout


def test_a_folder_that_is_the_archive_itself_does_not_tell_the_bucket(bucket: Path) -> None:
    archive = bucket / f"spilo/postgresql-harbor-harbor/{UID}/wal/15"
    done = run("backups", "list", "--bucket", archive, "--region", REGION)
    assert done.returncode == 0
    (document,) = documents(done.stdout)
    assert document["restoreProfiles"]["found"]["s3"]["prefix"] == ""
    assert "# fill in: s3://BUCKET" in done.stdout


def reach(store: Store) -> tuple[list[str], dict[str, str]]:
    options = ["--endpoint", store.endpoint, "--region", REGION, "--path-style"]
    return options, {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY}


def test_a_real_store(either: Store, tmp_path: Path) -> None:
    def put(key: str, content: bytes) -> None:
        either.s3.put_object(Bucket=BUCKET, Key=f"of-list/{key}", Body=content)

    options, env = reach(either)
    put_archive(put, f"spilo/c/{UID}/wal/15", "2026-11-22T01:00:00Z")
    put_archive(put, "spilo/ns-c/wal/12", "2026-11-21T01:00:00Z")
    done = run("backups", "list", "--bucket", f"s3://{BUCKET}/of-list", *options, env=env)
    assert (done.returncode, done.stderr) == (0, "")
    above = run("backups", "list", "--prefix", f"s3://{BUCKET}/of-list/spilo", *options, env=env)
    assert above.returncode == 4
    assert f"'backups list --bucket {BUCKET}'" in above.stderr
    first, second = sorted(
        it["restoreProfiles"]["found"]["s3"]["prefix"] for it in documents(done.stdout)
    )
    assert first == f"s3://{BUCKET}/of-list/spilo/c/{UID}/wal"
    assert second == f"s3://{BUCKET}/of-list/spilo/ns-c/wal"
    wrong = {**env, "AWS_SECRET_ACCESS_KEY": "another"}
    refused = run("backups", "list", "--bucket", BUCKET, *options, env=wrong)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "SignatureDoesNotMatch" in refused.stderr
    assert "another" not in refused.stderr


def test_a_whole_bucket_with_an_endpoint(either: Store, tmp_path: Path) -> None:
    def put(key: str, content: bytes) -> None:
        either.s3.put_object(Bucket="only-list", Key=key, Body=content)

    options, env = reach(either)
    either.s3.create_bucket(Bucket="only-list")
    assert run("backups", "list", "--bucket", "only-list", *options, env=env).returncode == 4
    put_archive(put, f"spilo/c/{UID}/wal/15", "2026-11-22T01:00:00Z")
    done = run("backups", "list", "--bucket", "only-list", *options, env=env)
    assert (done.returncode, done.stderr) == (0, "")
    (tmp_path / "config.yaml").write_text(done.stdout)
    checked = run("check", "--config", tmp_path / "config.yaml")
    assert checked.stdout == "0 mistakes, 0 warnings\n"
    (document,) = documents(done.stdout)
    assert document["restoreProfiles"]["found"]["s3"] == {
        "bucket": "only-list",
        "scope": "c",
        "suffix": f"/{UID}",
        "region": REGION,
        "endpoint": either.endpoint,
    }
