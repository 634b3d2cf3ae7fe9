"""Archives with nothing wrong in them: nothing is found, whatever made them look as they do."""

from collections.abc import Callable
from pathlib import Path

import pytest
import real
from damages import styled
from generator import MIB, V2, Archive, Builder, Style
from oracle import Oracle
from specimen import DELTA, FIRST, SECOND, begun, specimen
from tool import USABLE, verify

METHODS = ("lz4", "zst", "lzma", "br")
SIZES = [1 << it for it in range(11)]  # of segments, MiB


def is_whole(archive: Archive, folder: Path, *options: object) -> dict:
    seen = verify(archive.write(folder), *options)
    assert (seen.findings, seen.status) == (set(), USABLE)
    return seen.report


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("version", ["2", "3"])
def test_each_compression_of_each_version(version: str, method: str, tmp_path: Path) -> None:
    label = V2.label if version == "2" else Style().label
    report = is_whole(styled(label=label, method=method)(), tmp_path, "--deep")
    assert [it["name"] for it in report["backups"]] == [FIRST, DELTA, SECOND]
    assert {it["restoresUntilWal"] for it in report["backups"]} == {"00000003000000000000000F"}


@pytest.mark.parametrize("size", SIZES)
def test_each_size_of_a_segment_is_derived(size: int, tmp_path: Path) -> None:
    it = Builder(size * MIB, brief=True)
    it.base_backup()
    it.wal(2)
    it.promote()
    it.wal(2)
    report = is_whole(it.archive, tmp_path)
    assert report["wal"]["segmentSize"] == size * MIB


@pytest.mark.parametrize("size", [16, 64])
def test_larger_segments_are_looked_into(size: int, tmp_path: Path) -> None:
    it = Builder(size * MIB)
    it.base_backup(segments=2)
    it.promote()
    it.wal(1)
    is_whole(it.archive, tmp_path, "--deep")


def restored() -> Archive:
    """The archive of a cluster that came out of another one's: it begins on timeline 2."""
    it = Builder(timeline=2, segment=9, ancestors=[(1, 9 * MIB + 0xA0)])
    it.wal(1)
    it.base_backup()
    it.wal(2)
    return it.archive


def retained() -> Archive:
    it = begun()
    it.retain(SECOND)
    return it.archive


def across_logical_files() -> Archive:
    """Segments at the end of what PostgreSQL once kept in one file, and behind it."""
    it = Builder(segment=4095)
    it.base_backup(segments=3)
    it.wal(2)
    return it.archive


def without_wal_behind() -> Archive:
    """A base backup that has ended just now."""
    it = Builder()
    it.base_backup()
    return it.archive


def deltas_of_deltas() -> Archive:
    it = Builder()
    name = it.base_backup()
    for _ in range(5):
        it.wal(1)
        name = it.delta_backup(name)
    return it.archive


def several_promotions() -> Archive:
    it = Builder()
    it.base_backup()
    for _ in range(5):
        it.wal(2)
        it.promote(abandoned=1)
    it.wal(1)
    return it.archive


def permanent() -> Archive:
    """Retention has removed the WAL between a permanent backup and the others."""
    it = Builder()
    it.base_backup(permanent=True)
    gap = it.wal(3)
    it.base_backup()
    it.wal(1)
    return it.archive.without(*gap)


WHOLE = [
    *(specimen, restored, retained, across_logical_files, without_wal_behind),
    *(deltas_of_deltas, several_promotions, permanent),
]


@pytest.mark.parametrize("make", WHOLE, ids=lambda it: it.__name__)
def test_whole(make: Callable[[], Archive], tmp_path: Path) -> None:
    is_whole(make(), tmp_path, "--deep")


def test_a_real_archive(postgresql: real.Real, tmp_path: Path) -> None:
    is_whole(postgresql.archive, tmp_path, "--deep")
    assert Oracle(postgresql.archive, real.SEGMENT_SIZE).opinion().whole
