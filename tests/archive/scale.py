#!/usr/bin/env python3
"""What it costs to verify a large archive: scale.py FOLDER-OF-A-BUILD [SEGMENTS] prints a table.

"Listing aside" is the CPU time, user and system, of `backups verify` less that of bench_listing,
which lists the same objects by the same code and does nothing with them. The objects are generated:
a listing by paging_server.py, and a folder in which all segments are one file.
"""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import helpers  # isort: skip
import paging_server
from generator import MIB, WAL, Builder, segment_name

SEGMENTS = 1_000_000
SEGMENT_SIZE = 16 * MIB
LINKS = 60_000  # of one file: file systems have a limit
MEMORY = Path("/dev/shm")  # where files are made fastest
ANY_KEYS = {"AWS_ACCESS_KEY_ID": "it", "AWS_SECRET_ACCESS_KEY": "it", "AWS_REGION": "eu-central-1"}


@dataclass(frozen=True)
class Cost:
    listing: float  # CPU seconds
    whole: float  # of the verification, listing included
    peak: int  # bytes
    report: dict

    @property
    def aside(self) -> float:
        return self.whole - self.listing


@contextlib.contextmanager
def listing(segments: int) -> Iterator[list[str]]:
    """A prefix and an endpoint; nothing is stored there."""
    words = [sys.executable, helpers.HERE / "paging_server.py", str(segments)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as server:
        try:
            port = server.stdout.readline().strip()
            yield [
                f"s3://{paging_server.BUCKET}/{paging_server.FOLDER}",
                f"http://127.0.0.1:{port}",
            ]
        finally:
            server.kill()


@contextlib.contextmanager
def folder(segments: int) -> Iterator[list[str]]:
    """A prefix that is a folder."""
    made = Path(tempfile.mkdtemp(prefix="hpw-scale-", dir=MEMORY if MEMORY.is_dir() else None))
    try:
        builder = Builder(SEGMENT_SIZE)
        builder.base_backup()
        builder.archive.write(made)
        link_segments(made / WAL, builder.segment, segments)
        yield [str(made)]
    finally:
        subprocess.run(["rm", "-rf", made], check=True)  # much faster than shutil


def link_segments(wal: Path, first: int, count: int) -> None:
    names = [f"{wal}/{segment_name(1, first + it, SEGMENT_SIZE)}.lz4" for it in range(count)]
    for start in range(0, count, LINKS):
        same, *others = names[start : start + LINKS]
        Path(same).write_bytes(b"of PostgreSQL")
        for it in others:
            os.link(same, it)


def measure(build: Path, prefix: str, *endpoint: str) -> Cost:
    """Of an archive in which nothing is wrong."""
    place = [word for it in endpoint for word in ("--endpoint", it, "--path-style")]
    verify = (build / "server/harbor-pg-webhook", "backups", "verify", "--json", "--prefix", prefix)
    listed, _, _ = cost(build / "tests/bench/bench_listing", prefix, *endpoint)
    whole, peak, text = cost(*verify, *place)
    return Cost(listed, whole, peak, json.loads(text))


def cost(*words: object) -> tuple[float, int, str]:
    """CPU seconds, peak memory in bytes, and what it wrote."""
    with tempfile.NamedTemporaryFile() as out:
        command = [sys.executable, "-S", helpers.HERE / "measured.py", out.name, *words]
        done = subprocess.run(
            [str(it) for it in command],
            capture_output=True,
            text=True,
            env={**ANY_KEYS, **os.environ},
        )
        if done.returncode != 0:
            raise RuntimeError(f"{words[0]}: {done.stderr or done.stdout}")
        it = json.load(out)
        return it["user"] + it["system"], it["peak"], done.stdout


def main(build: str, segments: str = str(SEGMENTS)) -> None:
    print("| archive | segments | listing alone | verification, listing aside | peak memory |")
    print("|---|---|---|---|---|")
    for name, make in (("generated listing", listing), ("folder", folder)):
        with make(int(segments)) as place:
            it = measure(Path(build), *place)
            print(
                f"| {name} | {it.report['wal']['segments']:,} | {it.listing:.2f} s CPU "
                f"| {it.aside:.2f} s CPU | {it.peak / MIB:.1f} MiB |"
            )


if __name__ == "__main__":
    main(*sys.argv[1:])
