"""WAL-E: what a clone with it needs besides, and the variables that ask for it.

Harbor does not use it, and a profile never asks for it; it is the one archiver that a registry has.
"""

from dataclasses import replace

import helpers
import parts
import scene
import store
from entries import Entry
from source import Archiver

ENDPOINT = f"https+path://{store.AWS_HOST}"  # WAL-E signs by the name of the host
ARCHIVER = Archiver("WAL-E", ("wal-e",), offline=True, variables={"WALE_S3_ENDPOINT": ENDPOINT})

# The concurrency is for spilo's scripts, whose restore command is wrong without it.
ASKED_BY_HAND = {
    "CLONE_USE_WALG_RESTORE": "false",
    "CLONE_WALE_S3_ENDPOINT": ENDPOINT,
    "CLONE_WALG_DOWNLOAD_CONCURRENCY": "2",
}


def mounts() -> dict:
    return {"/opt/wal-e": parts.wal_e(), "/usr/local/bin": helpers.HERE / "wal-e-program"}


def added(entry: Entry) -> Entry:
    """The entry point with the program."""
    return replace(entry, mounts={**entry.mounts, **mounts()})


def instead_of_wal_g(env: list[dict]) -> list[dict]:
    """A set of variables, changed to ask for WAL-E."""
    kept = [it for it in env if it["name"] not in ASKED_BY_HAND]
    return [*kept, *(scene.literal(*it) for it in ASKED_BY_HAND.items())]
