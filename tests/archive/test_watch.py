"""`backups watch`: looks again and again, serves what it finds, and ends when it is told to."""

import contextlib
import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import watching
from generator import Archive
from specimen import OF_ALL, SECOND, specimen, tar
from store import ACCESS_KEY, BUCKET, REGION, SECRET_KEY, Store
from tool import USAGE

PART = tar(SECOND, "part_002")


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return specimen().write(tmp_path / "archive")


def target(prefix: object, name: str = "it", **more: object) -> dict:
    return {"name": name, "prefix": str(prefix), **more}


@contextlib.contextmanager
def silent_store() -> Iterator[str]:
    """Takes connections, and never says anything."""
    with socket.create_server(("127.0.0.1", 0)) as it:
        yield f"http://127.0.0.1:{it.getsockname()[1]}"


KEYS = {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY}


def hanging(endpoint: str) -> dict:
    return target("s3://bucket/p", "hanging", region=REGION, endpoint=endpoint, pathStyle=True)


# --- what it does not start with


def test_every_mistake_is_told(tmp_path: Path) -> None:
    config = {
        "listen": "8080",
        "interval": "0s",
        "targets": [target("bucket", regoin="x"), target("/a"), {"name": "b"}],
        "logs": {},
    }
    status, lines = watching.refused(tmp_path, config)
    assert (status, lines) == (
        1,
        [
            'interval: "0s" is not in 100ms to 2678400s',
            "logs: unknown key, did you mean 'log'",
            "listen: '8080' is not an address of the form host:port or [v6]:port",
            "targets[0].regoin: unknown key, did you mean 'region'",
            "targets[0].prefix: 'bucket' is no archive, expected s3://bucket/... or the absolute "
            "path of a folder",
            "targets[1].name: is that of targets[0] too",
            "targets[2].prefix: is missing",
        ],
    )


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        listen = f"127.0.0.1:{other.getsockname()[1]}"
        status, lines = watching.refused(tmp_path, {"listen": listen, "targets": [target("/a")]})
    assert status == 1
    line = json.loads(lines[-1])
    assert line["msg"] == "cannot start"
    assert line["error"] == f"cannot listen on {listen}: Address already in use"


def test_it_wants_a_configuration() -> None:
    command = [watching.binary(), "backups", "watch"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == USAGE
    assert "--config is missing, expected a file" in done.stderr


# --- what it serves


def test_a_whole_archive(archive: Path, tmp_path: Path) -> None:
    begun = time.time()
    with watching.started(tmp_path, targets=[target(archive, deep=True)]) as it:
        it.until_ready()
        assert it.get("/livez") == (200, "ok\n")
        numbers = it.numbers()
        (result, *_) = it.log("archive verified", target="it")
        assert it.end() == 0
    assert numbers["findings", str(archive)] == numbers["unknown", str(archive)] == 0
    assert begun - 1 <= numbers["verified_timestamp_seconds", str(archive)] <= time.time()
    assert numbers["interval_seconds", ""] == 0.2
    assert numbers["harbor_pg_webhook_build_info", ""] == 1
    assert numbers["process_resident_memory_bytes", ""] > 0
    newest = max(os.stat(it).st_mtime for it in (archive / "wal_005").iterdir())
    assert numbers["wal_age_seconds", str(archive)] == pytest.approx(begun - newest, abs=5)
    assert numbers["age_seconds", str(archive)] > numbers["wal_age_seconds", str(archive)]
    assert result["newestUsable"] == SECOND
    assert (result["backups"], result["findings"], result["unknown"]) == (len(OF_ALL), 0, 0)


def test_paths_and_methods(archive: Path, tmp_path: Path) -> None:
    with watching.started(tmp_path, targets=[target(archive)]) as it:
        assert it.get("/") == (404, "there is no path '/'\n")
        assert it.get("/livez", "POST") == (405, "method 'POST' is not one of GET, HEAD\n")
        assert it.get("/livez", "HEAD") == (200, "")


def test_damage_is_seen_and_its_repair_too(archive: Path, tmp_path: Path) -> None:
    part = archive / PART
    with watching.started(tmp_path, targets=[target(archive)]) as it:
        it.until("findings", archive, 0)
        age = it.number("age_seconds", archive)
        part.rename(tmp_path / "aside")
        it.until("findings", archive, 1)
        assert it.number("age_seconds", archive) > age + 60  # of the one before
        verified = it.number("verified_timestamp_seconds", archive)
        (line, *_) = it.log("finding", target="it", code="part-missing", kind="damage")
        assert line["object"] == PART
        assert all(line[word] for word in ("what", "means", "wayOut"))
        (tmp_path / "aside").rename(part)
        it.until("findings", archive, 0)
        assert it.number("verified_timestamp_seconds", archive) >= verified
        assert it.end() == 0


def test_what_is_damaged_inside_is_seen_by_deep(archive: Path, tmp_path: Path) -> None:
    content = bytearray((archive / PART).read_bytes())
    content[len(content) // 2] ^= 1
    (archive / PART).write_bytes(content)
    plain, deep = target(archive, "plain"), target(f"{archive}/", "deep", deep=True)
    with watching.started(tmp_path, targets=[plain, deep]) as it:
        it.until_ready()
        assert it.number("findings", archive) == 0
        assert it.number("findings", f"{archive}/") == 1
        assert it.log("finding", target="deep", code="not-decompressible", object=PART)


def test_a_look_that_cannot_tell_is_no_verification(archive: Path, tmp_path: Path) -> None:
    aside = tmp_path / "aside"
    with watching.started(tmp_path, targets=[target(archive)]) as it:
        it.until("unknown", archive, 0)
        archive.rename(aside)
        it.until_looked_again("it")
        before = it.numbers()
        assert before["unknown", str(archive)] > 0
        it.until_looked_again("it")
        verified = it.number("verified_timestamp_seconds", archive)
        assert verified == before["verified_timestamp_seconds", str(archive)]
        aside.rename(archive)
        it.until("unknown", archive, 0)
        assert it.number("verified_timestamp_seconds", archive) > verified


def test_an_archive_that_can_never_be_reached(tmp_path: Path) -> None:
    """No region, no keys: that is told again and again, and the process stays."""
    with watching.started(tmp_path, {"AWS_REGION": ""}, targets=[target("s3://bucket/p")]) as it:
        it.until_ready()
        numbers = it.numbers()
        assert numbers["unknown", "s3://bucket/p"] == 1
        assert ("verified_timestamp_seconds", "s3://bucket/p") not in numbers
        assert ("age_seconds", "s3://bucket/p") not in numbers
        assert it.log("finding", target="it", code="not-read", kind="unknown")


def test_a_bucket(either: Store, archive: Path, tmp_path: Path) -> None:
    for key, blob in Archive.read(archive).items():
        either.s3.put_object(Bucket=BUCKET, Key=f"watched/{key}", Body=blob.content)
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    for name, value in KEYS.items():
        (credentials / name).write_text(value)
    place = {"region": REGION, "endpoint": either.endpoint, "pathStyle": True}
    prefix = f"s3://{BUCKET}/watched"
    watched = target(prefix, credentials=str(credentials), deep=True, **place)
    with watching.started(tmp_path, targets=[watched]) as it:
        it.until("findings", prefix, 0)
        either.s3.delete_object(Bucket=BUCKET, Key=f"watched/{PART}")
        it.until("findings", prefix, 1)
        assert it.end() == 0


# --- time


def test_a_store_that_hangs_does_not_stop_the_others(archive: Path, tmp_path: Path) -> None:
    with (
        silent_store() as endpoint,
        watching.started(
            tmp_path, KEYS, timeout="1s", targets=[hanging(endpoint), target(archive)]
        ) as it,
    ):
        it.until_ready()
        it.until_looked_again("it")
        assert it.number("unknown", "s3://bucket/p") > 0
        assert it.log("the look takes too long and is ended", target="hanging")
        assert it.end() == 0


def test_it_ends_at_once_in_the_middle_of_a_look(tmp_path: Path) -> None:
    with (
        silent_store() as endpoint,
        watching.started(tmp_path, KEYS, interval="1h", targets=[hanging(endpoint)]) as it,
    ):
        assert it.get("/readyz") == (503, "1 of 1 archives were not looked at yet\n")
        begun = time.monotonic()
        assert it.end() == 0
        assert time.monotonic() - begun < 3


def test_it_ends_even_when_a_look_cannot_be_ended(archive: Path, tmp_path: Path) -> None:
    """Nobody writes to the pipe: opening it never comes back."""
    lists = tmp_path / "list"
    lists.with_suffix(".status").write_text("0\n")
    os.mkfifo(lists)
    with watching.started(tmp_path, targets=[target(archive, walgList=str(lists))]) as it:
        assert it.get("/readyz")[0] == 503
        assert it.end() == 0


def test_nothing_piles_up(archive: Path, tmp_path: Path) -> None:
    with watching.started(tmp_path, targets=[target(archive, deep=True)]) as it:
        it.until_looked_again("it")
        before = it.fds()
        it.until_looked_again("it")
        assert it.fds() <= before + 1  # a look may be under way


# --- WAL-G's own list


def put_list(path: Path, names: list[str], status: str = "0") -> None:
    """As the container beside it does: each file by a rename, the status last."""
    entries = [{"backup_name": it} for it in names]
    for part, content in (("", json.dumps(entries)), (".status", f"{status}\n")):
        new = path.with_name(f"{path.name}{part}.new")
        new.write_text(content)
        new.rename(path.with_name(f"{path.name}{part}"))


def test_the_first_look_waits_for_the_list(archive: Path, tmp_path: Path) -> None:
    lists = tmp_path / "list"
    watched = target(archive, walgList=str(lists))
    with watching.started(tmp_path, interval="1h", targets=[watched]) as it:
        assert it.get("/readyz")[0] == 503
        put_list(lists, list(OF_ALL))
        it.until_ready()
        assert it.number("findings", archive) == it.number("unknown", archive) == 0


def test_a_list_that_changes(archive: Path, tmp_path: Path) -> None:
    lists = tmp_path / "list"
    put_list(lists, list(OF_ALL))
    with watching.started(tmp_path, targets=[target(archive, walgList=str(lists))]) as it:
        it.until("findings", archive, 0)
        put_list(lists, [*OF_ALL[:-1]])
        it.until("findings", archive, 1)
        assert it.log("finding", code="walg-lists-not", kind="damage")
        put_list(lists, [])
        it.until("unknown", archive, 1)
        assert it.log("finding", code="walg-list-empty", kind="unknown")
        lists.with_name("list.errors").write_text("INFO: begin\nERROR: no such bucket\n")
        put_list(lists, [], status="1")
        told = "there is no list of WAL-G's: wal-g exited with 1: ERROR: no such bucket"
        watching.wait_for(
            "the failure is told", lambda: it.log("finding", code="walg-list-failed", what=told)
        )
        assert it.number("unknown", archive) == 1
        put_list(lists, list(OF_ALL))
        it.until("unknown", archive, 0)
        assert it.number("findings", archive) == 0


def test_a_list_that_is_not_renewed(archive: Path, tmp_path: Path) -> None:
    lists = tmp_path / "list"
    put_list(lists, list(OF_ALL))
    watched = target(archive, walgList=str(lists))
    with watching.started(tmp_path, interval="1s", targets=[watched]) as it:
        it.until("unknown", archive, 0)
        it.until("unknown", archive, 1)  # two intervals later
        (line, *_) = it.log("finding", code="walg-list-failed")
        assert "seconds old, expected at most 2" in line["what"]
