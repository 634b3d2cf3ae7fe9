"""Ways to damage the specimen, and archives that are mixed up otherwise."""

import json
from collections.abc import Callable

from codecs_of_walg import COMPRESS
from generator import BACKUPS, DAY, WAL, Archive, Builder, Style, wal_segment
from specimen import (
    FIRST,
    SEGMENT_SIZE,
    begun,
    specimen,
    tar,
    wal,
)

SYSTEM, OTHER_SYSTEM = Builder.system, 7711111111111111111
NEW = "base_00000003000000000000000F"
LABEL, CONTROL, PART = "backup_label", "pg_control", "part_001"


Make = Callable[[], Archive]


def _of_specimen(change: Callable[[Archive], Archive]) -> Make:
    return lambda: change(specimen())


def cut(key: str, share: float) -> Make:
    def change(it: Archive) -> Archive:
        content = it[key].content
        return it.replaced(key, content[: int(len(content) * share)])

    return _of_specimen(change)


def half(key: str) -> Make:
    return cut(key, 0.5)


def emptied(key: str) -> Make:
    return cut(key, 0)


def swapped(key: str, other: str) -> Make:
    """`key` with the content of another object."""
    return _of_specimen(lambda it: it.replaced(key, it[other].content))


def changed(key: str, **facts: object) -> Make:
    """A document with other values."""

    def change(it: Archive) -> Archive:
        document = {**json.loads(it[key].content), **facts}
        return it.replaced(key, json.dumps(document).encode())

    return _of_specimen(change)


def written(key: str, content: bytes) -> Make:
    """An object that is compressed, with this in it."""
    return _of_specimen(lambda it: it.replaced(key, COMPRESS["lz4"](content)))


def flipped(key: str) -> Make:
    """One bit in the middle."""

    def change(it: Archive) -> Archive:
        content = bytearray(it[key].content)
        content[len(content) // 2] ^= 1
        return it.replaced(key, bytes(content))

    return _of_specimen(change)


def gone(*keys: str) -> Make:
    return _of_specimen(lambda it: it.without(*keys))


def without_folder(backup: str) -> Make:
    """A backup of which nothing is left."""
    return _of_specimen(
        lambda it: it.without(
            *(key for key in it if f"{backup}/" in key or f"{backup}_back" in key)
        )
    )


def styled(**style: object) -> Make:
    return lambda: begun(style=Style(**style)).archive


def unfinished(age: float) -> Make:
    """A backup that is being written, or was: the first of its parts are there."""
    key = tar("base_00000003000000000000000F", PART)
    newest = max(it.modified for it in specimen().values())
    return _of_specimen(
        lambda it: it.added(key, it[tar(FIRST, PART)].content, newest + 10 * DAY - age)
    )


def foreign_segment() -> Archive:
    """Of a timeline whose beginning nobody has written down."""
    other = Builder(SEGMENT_SIZE, timeline=7, segment=9, system=OTHER_SYSTEM)
    return Archive({**specimen(), **{key: other.archive[key] for key in other.wal(2)}})


def added(key: str, content: bytes) -> Make:
    return _of_specimen(lambda it: it.added(key, content, it[wal("3F")].modified))


def without_backups() -> Archive:
    return specimen().under(f"{WAL}/")


def without_wal() -> Archive:
    return specimen().under(f"{BACKUPS}/")


def two_systems() -> Archive:
    """Another database has put a base backup into the same place."""
    it = begun()
    it.system = OTHER_SYSTEM
    it.base_backup()
    it.wal(1)
    return it.archive


def of_other_system(short: str) -> Make:
    timeline, number = int(short[0]), int(short[1:], 16)
    return written(wal(short), wal_segment(timeline, number, SEGMENT_SIZE, OTHER_SYSTEM))
