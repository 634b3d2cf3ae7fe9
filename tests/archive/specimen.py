"""One generated archive with some of everything, and names for what is in it.

    timeline 1   1  [FIRST 2]  3 4  [DELTA 5 6]  7 8   9 A
    timeline 2                                       \\ 9 A  [SECOND B]  C D  (E)
    timeline 3                                                              \\ E F

The primary of timeline 1 went on for a while after the promotion; E of timeline 2 is a `.partial`.
"""

import functools

from generator import BACKUPS, MIB, SENTINEL, WAL, Archive, Builder

FIRST = "base_000000010000000000000002"
DELTA = "base_000000010000000000000005_D_000000010000000000000002"
SECOND = "base_00000002000000000000000B"
OF_ALL = (FIRST, DELTA, SECOND)
SEGMENT_SIZE = MIB


@functools.cache
def specimen() -> Archive:
    return begun().archive


def begun(**more: object) -> Builder:
    """The same, to be gone on with, or with other settings."""
    it = Builder(**{"segment_size": SEGMENT_SIZE, **more})
    it.wal(1)
    assert it.base_backup() == FIRST
    it.wal(2)
    assert it.delta_backup(FIRST, segments=2) == DELTA
    it.wal(2)
    it.promote(abandoned=2)
    it.wal(2)
    assert it.base_backup(parts=3) == SECOND
    it.wal(2)
    it.promote()
    it.wal(2)
    return it


# --- its keys


def of(backup: str, name: str) -> str:
    return f"{BACKUPS}/{backup}/{name}"


def tar(backup: str, name: str) -> str:
    return of(backup, f"tar_partitions/{name}.tar.lz4")


def files(backup: str) -> str:
    return of(backup, "files_metadata.json")


def metadata(backup: str) -> str:
    return of(backup, "metadata.json")


def sentinel(backup: str) -> str:
    return f"{BACKUPS}/{backup}{SENTINEL}"


def segment(short: str) -> str:
    """ "2C" is segment 0C of timeline 2; the tool does not say how what is missing was packed."""
    return f"{WAL}/{int(short[0]):08X}{int(short[1:], 16):016X}"


def wal(short: str) -> str:
    return f"{segment(short)}.lz4"


def history(timeline: int) -> str:
    return f"{WAL}/{timeline:08X}.history.lz4"
