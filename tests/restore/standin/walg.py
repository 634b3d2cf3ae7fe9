#!/usr/bin/env python3
"""A stand-in for an archiver: the documented layout of WAL-G in S3, with lz4.

    walg.py backup-push DATA | backup-list [--detail --json] | backup-fetch DATA NAME|LATEST
    walg.py wal-push PATH | wal-fetch NAME PATH

The archive is given by WALG_S3_PREFIX and the AWS_ variables. It is not WAL-G: no deltas, no
encryption, no parallel transfers, everything in memory. The first wal-fetch after a backup-fetch
takes all WAL there is; the many further ones of a restore do without boto3, which is long to load.
"""

import hashlib
import io
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tarfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import lz4.frame

AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"  # of the container, not those of boto3
BACKUPS, WAL = "basebackups_005", "wal_005"
TAKEN = Path("/tmp/wal-of-archives")
SENTINEL = "_backup_stop_sentinel.json"
PARTS = {"global/pg_control": "pg_control.tar", "backup_label": "backup_label.tar"}
FIRST_PART = "part_001.tar"
START = re.compile(r"START WAL LOCATION: (\S+) \(file ([0-9A-F]{24})\)")
STOP = re.compile(r"STOP WAL LOCATION: (\S+)")


class Archive:
    """One prefix of one bucket."""

    def __init__(self, env: dict[str, str]) -> None:
        import boto3
        from botocore.config import Config

        match = re.fullmatch(r"s3://([^/]+)/(.*?)/?", env["WALG_S3_PREFIX"])
        if not match:
            raise SystemExit(f"not a prefix: {env['WALG_S3_PREFIX']}")
        self.bucket, self.prefix = match.groups()
        path_style = env.get("AWS_S3_FORCE_PATH_STYLE") == "true"
        style = {"addressing_style": "path" if path_style else "virtual"}
        self.s3: Any = boto3.client(
            "s3",
            endpoint_url=env.get("AWS_ENDPOINT"),
            region_name=env.get("AWS_REGION", "us-east-1"),
            aws_access_key_id=env.get("AWS_ACCESS_KEY_ID"),
            aws_secret_access_key=env.get("AWS_SECRET_ACCESS_KEY"),
            verify=env.get("WALG_S3_CA_CERT_FILE", AUTHORITIES),
            config=Config(s3=style, connect_timeout=5, retries={"total_max_attempts": 3}),
        )

    def put(self, key: str, content: bytes) -> None:
        self.s3.put_object(Bucket=self.bucket, Key=f"{self.prefix}/{key}", Body=content)

    def get(self, key: str) -> bytes:
        answer = self.s3.get_object(Bucket=self.bucket, Key=f"{self.prefix}/{key}")
        return answer["Body"].read()

    def keys(self, below: str) -> dict[str, datetime]:
        """Keys after `below`, and when each was last modified."""
        start = f"{self.prefix}/{below}/"
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=start)
        return {
            it["Key"].removeprefix(start): it["LastModified"]
            for page in pages
            for it in page.get("Contents", [])
        }

    def backups(self) -> dict[str, datetime]:
        """The base backups that were finished: their sentinel is written last."""
        return {
            key.removesuffix(SENTINEL): modified
            for key, modified in self.keys(BACKUPS).items()
            if key.endswith(SENTINEL)
        }


# --- base backups


def backup_push(archive: Archive, data: Path) -> None:
    start = datetime.now(UTC)
    what = ("--pgdata=-", "--format=tar", "--wal-method=none", "--no-manifest")
    done = subprocess.run(["pg_basebackup", *what, "--checkpoint=fast"], capture_output=True)
    if done.returncode != 0:
        raise SystemExit(done.stderr.decode())
    parts, label = split(done.stdout)
    start_lsn, segment = find(START, label)
    (history,) = (data / "pg_wal").glob(f"{segment}.*.backup")
    (stop_lsn,) = find(STOP, history.read_text())
    name = f"base_{segment}"
    packed = {it: lz4.frame.compress(content) for it, content in parts.items()}
    for it, content in packed.items():
        archive.put(f"{BACKUPS}/{name}/tar_partitions/{it}.lz4", content)
    facts = {
        "start_time": stamp(start),
        "finish_time": stamp(datetime.now(UTC)),
        "date_fmt": "%Y-%m-%dT%H:%M:%S.%fZ",
        "hostname": socket.gethostname(),
        "data_dir": str(data),
        "pg_version": int(query("show server_version_num")),
        "start_lsn": number(start_lsn),
        "finish_lsn": number(stop_lsn),
        "is_permanent": False,
        "system_identifier": int(query("select system_identifier from pg_control_system()")),
        "uncompressed_size": sum(len(it) for it in parts.values()),
        "compressed_size": sum(len(it) for it in packed.values()),
    }
    names = {f"{it}.lz4": names_in(content) for it, content in parts.items()}
    archive.put(f"{BACKUPS}/{name}/files_metadata.json", as_json({"TarFileSets": names}))
    archive.put(f"{BACKUPS}/{name}/metadata.json", as_json(facts))
    archive.put(f"{BACKUPS}/{name}{SENTINEL}", as_json(sentinel(facts)))
    print(f"pushed {name}", file=sys.stderr)


def split(whole: bytes) -> tuple[dict[str, bytes], str]:
    """The archives of a backup, made from pg_basebackup's one; and the backup label."""
    buffers = {it: io.BytesIO() for it in (FIRST_PART, *PARTS.values())}
    tars = {it: tarfile.open(fileobj=buffer, mode="w") for it, buffer in buffers.items()}
    label = ""
    with tarfile.open(fileobj=io.BytesIO(whole)) as source:
        for member in source:
            content = source.extractfile(member) if member.isfile() else None
            if member.name == "backup_label" and content:
                label = content.read().decode()
                content.seek(0)
            tars[PARTS.get(member.name, FIRST_PART)].addfile(member, content)
    for it in tars.values():
        it.close()
    return {it: buffer.getvalue() for it, buffer in buffers.items()}, label


def backup_fetch(archive: Archive, data: Path, wanted: str) -> None:
    there = archive.backups()
    name = max(there, key=lambda it: there[it], default="") if wanted == "LATEST" else wanted
    if name not in there:
        raise SystemExit(f"no backup {wanted} in {archive.prefix}")
    folder = f"{BACKUPS}/{name}/tar_partitions"
    parts = sorted(archive.keys(folder), key=lambda it: it.startswith("pg_control"))
    shutil.rmtree(TAKEN, ignore_errors=True)
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    for part in parts:  # the control file last: without it PostgreSQL does not start
        content = lz4.frame.decompress(archive.get(f"{folder}/{part}"))
        with tarfile.open(fileobj=io.BytesIO(content)) as tar:
            tar.extractall(data)
    data.chmod(0o700)
    print(f"fetched {name}", file=sys.stderr)


def backup_list(archive: Archive) -> None:
    there = archive.backups()
    if not there:
        print("no backups found", file=sys.stderr)
        return
    print("backup_name modified wal_file_name storage_name")
    for name, modified in sorted(there.items(), key=lambda it: it[1]):
        print(name, modified.isoformat(), name.removeprefix("base_"), "default")


def backup_list_in_detail(archive: Archive) -> None:
    """With what each backup's own metadata says; fails when one has none."""
    there = sorted(archive.backups().items(), key=lambda it: it[1])
    if not there:
        print("no backups found", file=sys.stderr)
        return
    backups = [
        {
            "backup_name": name,
            "time": modified.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "wal_file_name": name.removeprefix("base_")[:24],
            "storage_name": "default",
            **json.loads(archive.get(f"{BACKUPS}/{name}/metadata.json")),
        }
        for name, modified in there
    ]
    print(json.dumps(backups))


def names_in(tar: bytes) -> list[str]:
    with tarfile.open(fileobj=io.BytesIO(tar)) as it:
        return [member.name for member in it if member.isfile()]


def sentinel(facts: dict[str, Any]) -> dict[str, Any]:
    return {
        "LSN": facts["start_lsn"],
        "FinishLSN": facts["finish_lsn"],
        "PgVersion": facts["pg_version"],
        "SystemIdentifier": facts["system_identifier"],
        "UncompressedSize": facts["uncompressed_size"],
        "CompressedSize": facts["compressed_size"],
        "DataCatalogSize": 0,
        "Spec": None,
        "Version": 2,
        "StartTime": facts["start_time"],
        "FinishTime": facts["finish_time"],
        "DateFmt": facts["date_fmt"],
        "Hostname": facts["hostname"],
        "DataDir": facts["data_dir"],
        "IsPermanent": facts["is_permanent"],
    }


def find(pattern: re.Pattern[str], text: str) -> tuple[str, ...]:
    match = pattern.search(text)
    if not match:
        raise SystemExit(f"no '{pattern.pattern}' in: {text}")
    return match.groups()


def number(lsn: str) -> int:
    high, low = lsn.split("/")
    return (int(high, 16) << 32) + int(low, 16)


def stamp(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def as_json(value: object) -> bytes:
    return json.dumps(value).encode()


def query(text: str) -> str:
    done = subprocess.run(["psql", "-XtAqc", text], check=True, capture_output=True, text=True)
    return done.stdout.strip()


# --- WAL


def wal_push(archive: Archive, path: Path) -> None:
    archive.put(f"{WAL}/{path.name}.lz4", lz4.frame.compress(path.read_bytes()))


def wal_fetch(env: dict[str, str], name: str, path: Path) -> None:
    taken = TAKEN / hashlib.sha256(env["WALG_S3_PREFIX"].encode()).hexdigest()
    if not taken.exists():
        take_wal(Archive(env), taken)
    file = taken / f"{name}.lz4"
    if not file.exists():
        raise SystemExit(f"no {name} in {env['WALG_S3_PREFIX']}")
    path.write_bytes(lz4.frame.decompress(file.read_bytes()))


def take_wal(archive: Archive, folder: Path) -> None:
    """All of it, or no folder."""
    unfinished = folder.with_suffix(".part")
    unfinished.mkdir(parents=True, exist_ok=True)
    for key in archive.keys(WAL):
        (unfinished / key).write_bytes(archive.get(f"{WAL}/{key}"))
    unfinished.rename(folder)


def main(words: list[str]) -> None:
    env = dict(os.environ)
    match words:
        case ["backup-push", data]:
            backup_push(Archive(env), Path(data))
        case ["backup-fetch", data, name]:
            backup_fetch(Archive(env), Path(data), name)
        case ["backup-list"]:
            backup_list(Archive(env))
        case ["backup-list", "--detail", "--json"]:
            backup_list_in_detail(Archive(env))
        case ["wal-push", path]:
            wal_push(Archive(env), Path(path))
        case ["wal-fetch", name, path]:
            wal_fetch(env, name, Path(path))
        case _:
            raise SystemExit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
