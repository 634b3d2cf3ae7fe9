#!/usr/bin/env python3
"""Patroni's bootstrap command of a clone: finds a base backup and lays it down.

envdir FOLDER clone.py --folder=FOLDER --version=15 --target-time=TIME --datadir=… --scope=…
"""

import argparse
import os
import sys
from datetime import datetime
from pathlib import Path

import archive
import wale
import walg

INSTALLED = Path("/usr/lib/postgresql")


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("folder", "target-time", "datadir", "scope"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--version", type=int, required=True)
    words = parser.parse_args()
    before = target(words.target_time)
    installed = [int(it.name) for it in INSTALLED.iterdir() if it.name.isdigit()]
    archiver = wale if archive.WALE_PREFIX in os.environ else walg
    prefix = next(it for it in archive.PREFIXES if it in os.environ)
    for place in archive.places(os.environ[prefix], installed, words.version):
        print(f"looking for a backup of {words.scope} in {place}", file=sys.stderr)
        found = archiver.Archive({**os.environ, prefix: place})
        name = archive.choose(found.backups(), before)
        if name:
            archiver.backup_fetch(found, Path(words.datadir), name)
            # The restore command reads it from there.
            (Path(words.folder) / prefix).write_text(place)
            return
    raise SystemExit(f"could not find any backups{f' before {before}' if before else ''}")


def target(text: str) -> datetime | None:
    if not text:
        return None
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        raise SystemExit("the recovery target time must contain a timezone")
    return time


if __name__ == "__main__":
    main()
