"""`backups verify --deep`: its limits, its pace, and what follows from what it finds.

What it finds is in damage_table.py.
"""

import json
import os
import pty
import random
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
import zstandard
from codecs_of_walg import COMPRESS
from damages import changed, flipped
from generator import BACKUPS, MIB, SENTINEL, Archive, Builder, Style
from process import binary
from removed import damage, unknown
from scale import cost
from specimen import FIRST, SECOND, SEGMENT_SIZE, begun, segment, sentinel, specimen, tar, wal
from tool import USABLE, verify

DEEP_MEMORY = 80 * MIB  # server/archive/deep.h

PART = tar(SECOND, "part_001")


def noise(archive: Archive, *keys: str) -> Archive:
    """As encryption leaves it."""
    it = random.Random(1)
    for key in keys:
        archive = archive.replaced(key, it.randbytes(archive[key].size))
    return archive


# --- limits


@dataclass
class Large(Builder):
    """Backups with a file of so many bytes in their first part."""

    bytes: int = 0

    def _tars(self, *rest: object) -> dict[str, dict[str, bytes]]:
        tars = super()._tars(*rest)
        tars["part_001.tar"]["/base/large"] = bytes(self.bytes)
        return tars


def large(size: int, window_log: int, monkeypatch: pytest.MonkeyPatch) -> Archive:
    """A backup whose parts want a window of so many bits."""
    window = zstandard.ZstdCompressionParameters.from_level(3, window_log=window_log)
    packed = zstandard.ZstdCompressor(compression_params=window).compress
    monkeypatch.setitem(COMPRESS, "zst", packed)
    it = Large(style=Style(method="zst"), bytes=size)
    it.base_backup()
    monkeypatch.undo()
    return it.archive


def test_memory_does_not_grow_with_what_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a GiB, with the largest window that is read."""
    large(512 * MIB, 25, monkeypatch).write(tmp_path)
    _, peak, out = cost(binary(), "backups", "verify", "--prefix", tmp_path, "--deep", "--json")
    assert json.loads(out)["findings"] == []
    assert 32 * MIB < peak < DEEP_MEMORY


def test_too_large_a_window_is_not_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = large(80 * MIB, 26, monkeypatch)
    (part,) = (it for it in archive if "part_001" in it)
    seen = verify(archive.write(tmp_path), "--deep")
    assert seen.findings == {unknown("codec-unknown", part)}
    assert not seen.usable


def test_the_list_of_many_files_is_held_in_bounds(tmp_path: Path) -> None:
    """A million names: their hashes, not the names."""
    archive = specimen()
    key = f"{BACKUPS}/{FIRST}/files_metadata.json"
    document = json.loads(archive[key].content)
    more = [f"/base/16384/{it:060}" for it in range(1_000_000)]
    document["TarFileSets"]["part_002.tar.lz4"] += more
    archive.replaced(key, json.dumps(document).encode()).write(tmp_path)
    _, peak, out = cost(binary(), "backups", "verify", "--prefix", tmp_path, "--deep", "--json")
    assert json.loads(out)["findings"] == []  # a file that vanished while it was read is listed
    assert peak < DEEP_MEMORY


# --- pace


def test_the_rate_is_kept(tmp_path: Path) -> None:
    archive = specimen()
    size = sum(it.size for key, it in archive.items() if "/tar_partitions/" in key)
    rate = size // 2  # so that the parts alone take two seconds
    begin = time.monotonic()
    assert verify(archive.write(tmp_path), "--deep", f"--rate={rate}B/s").status == USABLE
    assert time.monotonic() - begin > 1.8


def on_a_terminal(*options: str) -> str:
    """What it writes to a standard error that is a terminal."""
    ours, its = pty.openpty()
    command = [binary(), "backups", "verify", "--deep", *options]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=its) as process:
        os.close(its)
        written = b""
        while process.poll() is None or not written.endswith(b"\x1b[K"):
            try:
                written += os.read(ours, 4096)
            except OSError:  # the other end is closed, and everything was read
                break
    os.close(ours)
    return written.decode()


def test_a_terminal_shows_how_far_it_is(tmp_path: Path) -> None:
    archive = specimen()
    size = sum(it.size for it in archive.values())
    archive.write(tmp_path)
    written = on_a_terminal(f"--prefix={tmp_path}", f"--rate={size}B/s")
    lines = written.split("\r\x1b[K")
    assert lines[0] == lines[-1] == ""  # each line takes the place of the last; none is left
    assert len(lines) > 3
    assert all(" objects, " in it and " of " in it for it in lines[1:-1])
    assert verify(tmp_path, "--deep").errors == ""  # into a file: nothing, as it is soon over


# --- what follows


def test_a_damaged_segment_ends_what_a_restore_reaches(tmp_path: Path) -> None:
    report = verify(flipped(wal("3E"))().write(tmp_path), "--deep").report
    assert {it["restoresUntilWal"] for it in report["backups"]} == {"00000002000000000000000D"}
    assert {it["state"] for it in report["backups"]} == {"usable"}
    (finding,) = report["findings"]
    assert finding["means"].startswith("a restore that needs WAL from then on would fail")


def test_a_damaged_segment_of_a_backup_damages_it(tmp_path: Path) -> None:
    seen = verify(flipped(wal("2B"))().write(tmp_path), "--deep")
    assert seen.findings == {damage("not-decompressible", wal("2B"))}
    assert SECOND not in seen.usable
    assert FIRST in seen.usable


def test_a_delta_is_no_better_than_its_parent(tmp_path: Path) -> None:
    seen = verify(flipped(tar(FIRST, "part_001"))().write(tmp_path), "--deep")
    assert seen.usable == {SECOND}


def test_sizes_that_do_not_fit(tmp_path: Path) -> None:
    archive = changed(sentinel(FIRST), UncompressedSize=10 * MIB)()
    key = f"{BACKUPS}/{FIRST}/metadata.json"
    facts = {**json.loads(archive[key].content), "uncompressed_size": 10 * MIB}
    archive = archive.replaced(key, json.dumps(facts).encode())
    seen = verify(archive.write(tmp_path), "--deep")
    assert damage("size-mismatch", f"{BACKUPS}/{FIRST}{SENTINEL}") in seen.findings


def test_what_follows_from_a_missing_part_is_not_told(tmp_path: Path) -> None:
    """That the sizes do not fit, and that the label is nowhere."""
    archive = begun(style=Style(label="part_003.tar")).archive
    key = tar(FIRST, "part_003")
    seen = verify(archive.without(key).write(tmp_path), "--deep")
    own = {it for it in seen.findings if FIRST in it[2].split("/")}
    assert own == {damage("part-missing", key)}


def test_wal_before_the_first_backup_is_not_read(tmp_path: Path) -> None:
    assert verify(flipped(wal("11"))().write(tmp_path), "--deep").status == USABLE


def test_labels_in_the_last_part_are_read(tmp_path: Path) -> None:
    """As WAL-G 2.0.1 has them."""
    it = begun(style=Style(label="part_003.tar"))
    archive = it.archive
    one, other = (f"{BACKUPS}/{it}/tar_partitions/part_003.tar.lz4" for it in (FIRST, SECOND))
    archive = archive.replaced(one, archive[other].content)
    seen = verify(archive.write(tmp_path), "--deep")
    assert damage("label-damaged", one) in seen.findings


# --- encrypted, or other bytes


def test_a_part_among_others_is_not_encrypted(tmp_path: Path) -> None:
    seen = verify(noise(specimen(), PART).write(tmp_path), "--deep")
    assert seen.findings == {damage("not-decompressible", PART)}


def test_a_segment_among_others_is_not_encrypted(tmp_path: Path) -> None:
    for short in ("2C", "3F"):
        seen = verify(noise(specimen(), wal(short)).write(tmp_path / short), "--deep")
        assert seen.findings == {damage("not-decompressible", wal(short))}


def test_encryption_that_was_begun_later(tmp_path: Path) -> None:
    newer = begun(segment_size=SEGMENT_SIZE)
    newer.style = Style(encrypted=True)
    newer.wal(4)
    seen = verify(newer.archive.write(tmp_path), "--deep")
    assert seen.findings == {unknown("encrypted", f"{segment('310')}.lz4")}
    assert seen.usable  # up to there


def test_what_was_packed_twice(tmp_path: Path) -> None:
    """One stream behind the other: WAL-G writes one."""
    archive = specimen()
    twice = archive[wal("2C")].content + COMPRESS["lz4"](b"more")
    seen = verify(archive.replaced(wal("2C"), twice).write(tmp_path), "--deep")
    assert seen.findings == {damage("not-decompressible", wal("2C"))}
