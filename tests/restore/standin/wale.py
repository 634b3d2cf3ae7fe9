"""The real WAL-E, for what reads of it: the same questions as to walg.py, put to the program."""

import subprocess
import sys
from datetime import datetime
from pathlib import Path


class Archive:
    """One prefix, that of WALE_S3_PREFIX."""

    def __init__(self, env: dict[str, str]) -> None:
        self.env = env

    def backups(self) -> dict[str, datetime]:
        """When each was last modified, from a list with a heading and tabs."""
        _, *lines = self.run("backup-list").splitlines()
        rows = [line.split("\t") for line in lines]
        return {name: datetime.fromisoformat(modified) for name, modified, *_ in rows}

    def run(self, *words: str) -> str:
        done = subprocess.run(["wal-e", *words], env=self.env, stdout=subprocess.PIPE, text=True)
        if done.returncode != 0:
            raise SystemExit(f"wal-e {words[0]} ended with {done.returncode}")
        return done.stdout


def backup_fetch(archive: Archive, data: Path, name: str) -> None:
    archive.run("backup-fetch", str(data), name)
    print(f"fetched {name}", file=sys.stderr)
