"""Archives of WAL-G's layout with every fact under control, and content that is real enough for a
look inside: tars of files, WAL segments with PostgreSQL's page headers.

it = Builder(segment_size=MIB)      # its clock, its timeline and its WAL position move on
first = it.base_backup()
it.wal(3)
it.delta_backup(first)
it.promote()
it.wal(2)
it.archive.write(folder)            # an Archive: {key: Blob}; copies of it are cheap
"""

import io
import json
import os
import random
import struct
import tarfile
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from codecs_of_walg import COMPRESS

MIB = 1 << 20
PAGE = 8192
HOUR, DAY = 3600, 86400

BACKUPS, WAL = "basebackups_005", "wal_005"
SENTINEL = "_backup_stop_sentinel.json"
PG_VERSION = 150020
PAGE_MAGIC, LONG_HEADER, REMOVABLE = 0xD110, 2, 4  # of PostgreSQL 15's WAL
PG_CONTROL_VERSION, CATALOG_VERSION, PG_CONTROL_CHECKED = 1300, 202209061, 288


@dataclass(frozen=True)
class Blob:
    content: bytes
    modified: float  # seconds UTC

    @property
    def size(self) -> int:
        return len(self.content)


class Archive(dict[str, Blob]):
    """Objects by key. What changes an archive gives another one."""

    def without(self, *keys: str) -> "Archive":
        assert all(it in self for it in keys), keys
        return Archive({key: it for key, it in self.items() if key not in keys})

    def under(self, prefix: str) -> "Archive":
        return Archive({key: it for key, it in self.items() if key.startswith(prefix)})

    def replaced(self, key: str, content: bytes) -> "Archive":
        return Archive({**self, key: Blob(content, self[key].modified)})

    def added(self, key: str, content: bytes, modified: float) -> "Archive":
        return Archive({**self, key: Blob(content, modified)})

    def aged(self, seconds: float) -> "Archive":
        """The same, written so much earlier."""
        return Archive({k: Blob(it.content, it.modified - seconds) for k, it in self.items()})

    def write(self, folder: Path) -> Path:
        for key, it in self.items():
            path = folder / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(it.content)
            os.utime(path, (it.modified, it.modified))
        return folder

    @classmethod
    def read(cls, folder: Path) -> "Archive":
        files = (it for it in sorted(folder.rglob("*")) if it.is_file())
        return cls(
            (str(it.relative_to(folder)), Blob(it.read_bytes(), it.stat().st_mtime)) for it in files
        )


@dataclass(frozen=True)
class Style:
    """What the versions of WAL-G and its settings make different."""

    label: str = "backup_label.tar"  # of 2.0.1: the last part
    method: str = "lz4"
    files_metadata: bool = True
    encrypted: bool = False


V3 = Style()
V2 = Style(label="part_003.tar")


@dataclass
class Builder:
    segment_size: int = MIB
    timeline: int = 1
    system: int = 7710964401795056148
    style: Style = V3
    segment: int = 1  # the number of the one that is being written
    clock: float = 0  # set by begun()
    ancestors: list[tuple[int, int]] = field(default_factory=list)  # timeline, its switch point
    archive: Archive = field(default_factory=Archive)
    seed: int = 1
    brief: bool = False  # segments have one page: enough unless they are looked into

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.clock = self.clock or datetime.now(UTC).timestamp() - 10 * DAY
        for number in range(len(self.ancestors)):
            self._history(self.ancestors[: number + 1])

    # --- WAL

    def wal(self, count: int = 1, seconds: float = 60) -> list[str]:
        """Archives so many segments, and gives their keys."""
        return [self._archive_segment(seconds) for _ in range(count)]

    def promote(self, abandoned: int = 0) -> int:
        """A standby is promoted in the middle of a segment; the old primary may go on for a while.
        Gives the number of the new timeline."""
        switch = self.start_lsn + 0xA0
        old, number = self.timeline, self.segment
        for it in range(abandoned):
            self._put(self.wal_key(number + it), self._segment(number + it))
        if not abandoned:
            name = f"{WAL}/{segment_name(old, number, self.segment_size)}.partial"
            self._put(f"{name}.{self.style.method}", self._segment(number))
        self.ancestors.append((old, switch))
        self.timeline += 1
        self._history(self.ancestors)
        return self.timeline

    @property
    def start_lsn(self) -> int:
        return self.segment * self.segment_size

    def wal_key(self, number: int, timeline: int | None = None) -> str:
        name = segment_name(timeline or self.timeline, number, self.segment_size)
        return f"{WAL}/{name}.{self.style.method}"

    def history_key(self, timeline: int) -> str:
        return f"{WAL}/{timeline:08X}.history.{self.style.method}"

    # --- backups

    def base_backup(self, segments: int = 1, **more: Any) -> str:
        """Takes as long as it takes to write so many segments. Gives the name."""
        return self._backup(None, segments, **more)

    def delta_backup(self, parent: str, segments: int = 1, **more: Any) -> str:
        return self._backup(parent, segments, **more)

    def sentinel(self, name: str) -> dict[str, Any]:
        return self._read(f"{name}{SENTINEL}")

    def retain(self, oldest: str) -> None:
        """As `delete before`: older backups are gone, and WAL before the oldest one that stays."""
        first = self.sentinel(oldest)["LSN"] // self.segment_size
        for key in list(self.archive):
            folder, _, name = key.partition("/")
            old_wal = folder == WAL and len(name.split(".")[0]) == 24
            if old_wal and segment_number(name, self.segment_size) < first:
                del self.archive[key]
            if folder == BACKUPS and int(name[13:29], 16) < int(oldest[13:29], 16):
                del self.archive[key]

    # --- how it is made

    def _put(self, key: str, content: bytes, plain: bool = False) -> None:
        if self.style.encrypted and not plain:
            content = self.random.randbytes(len(content) + 24)
        self.archive[key] = Blob(content, self.clock)

    def _archive_segment(self, seconds: float) -> str:
        self.clock += seconds
        key = self.wal_key(self.segment)
        self._put(key, self._segment(self.segment))
        self.segment += 1
        return key

    def _segment(self, number: int) -> bytes:
        """The page in which a timeline begins was copied from its parent, header and all."""
        parent, switch = self.ancestors[-1] if self.ancestors else (0, 0)
        copied = parent if number == switch // self.segment_size else self.timeline
        line, size = self.timeline, self.segment_size
        content = wal_segment(line, number, size, self.system, copied, PAGE if self.brief else size)
        return COMPRESS[self.style.method](content)

    def _history(self, ancestors: list[tuple[int, int]]) -> None:
        lines = [
            f"{line}\t{lsn(switch)}\tno recovery target specified\n" for line, switch in ancestors
        ]
        key = self.history_key(ancestors[-1][0] + 1)
        self._put(key, COMPRESS[self.style.method]("\n".join(lines).encode()))

    def _backup(
        self, parent: str | None, segments: int, parts: int = 2, permanent: bool = False
    ) -> str:
        start, begun, first = self.start_lsn + 0x28, self.clock, self.segment
        start_segment = segment_name(self.timeline, self.segment, self.segment_size)
        name = f"base_{start_segment}" + (f"_D_{parent[5:29]}" if parent else "")
        self.wal(segments)
        finish = (self.segment - 1) * self.segment_size + 0x100
        label = backup_label(start, start_segment, self.timeline, begun)
        stop = label.replace("CHECKPOINT", f"STOP WAL LOCATION: {lsn(finish)}\nCHECKPOINT")
        self._put(
            f"{WAL}/{start_segment}.00000028.backup.{self.style.method}",
            COMPRESS[self.style.method](stop.encode()),
        )
        tars = self._tars(label, parts, first)
        packed = {f"{it}.{self.style.method}": tar(files) for it, files in tars.items()}
        sizes = {it: len(content) for it, content in packed.items()}
        packed = {it: COMPRESS[self.style.method](content) for it, content in packed.items()}
        for it, content in packed.items():
            self._put(f"{BACKUPS}/{name}/tar_partitions/{it}", content)
        facts = self._facts(start, finish, begun, permanent)
        facts["uncompressed_size"] = sum(sizes.values())
        facts["compressed_size"] = sum(len(it) for it in packed.values())
        if self.style.files_metadata:
            self._json(f"{name}/files_metadata.json", self._files_metadata(tars, parent))
        self._json(f"{name}/metadata.json", facts)
        self._json(f"{name}{SENTINEL}", {**self._sentinel(facts), **self._delta(parent)})
        return name

    def _tars(self, label: str, parts: int, number: int) -> dict[str, dict[str, bytes]]:
        """The files of each tar. What is in the parts does not compress, as little of a table that
        holds text of people or of machines does."""
        tars = {
            f"part_{it:03}.tar": {
                f"/base/{number}/{it}{table}": self.random.randbytes(16384) for table in range(3)
            }
            for it in range(1, parts + 1)
        }
        tars["part_001.tar"]["/PG_VERSION"] = b"15\n"
        label_files = {"tablespace_map": b"", "backup_label": label.encode()}
        tars[self.style.label] = label_files
        return {**tars, "pg_control.tar": {"/global/pg_control": pg_control(self.system)}}

    def _files_metadata(self, tars: dict[str, dict[str, bytes]], parent: str | None) -> dict:
        """A delta also names what has stayed as it was in its parent."""
        sets = {f"{it}.{self.style.method}": list(files) for it, files in tars.items()}
        del sets[f"pg_control.tar.{self.style.method}"]
        new = {path: self._file(False) for files in tars.values() for path in files}
        of_parent = self._read(f"{parent}/files_metadata.json")["Files"] if parent else {}
        return {"Files": {**{it: self._file(True) for it in of_parent}, **new}, "TarFileSets": sets}

    def _file(self, skipped: bool) -> dict[str, Any]:
        time = stamp(self.clock)
        return {"IsIncremented": False, "IsSkipped": skipped, "MTime": time, "UpdatesCount": 0}

    def _facts(self, start: int, finish: int, begun: float, permanent: bool) -> dict[str, Any]:
        return {
            "start_time": stamp(begun),
            "finish_time": stamp(self.clock),
            "date_fmt": "%Y-%m-%dT%H:%M:%S.%fZ",
            "hostname": "postgresql-harbor-0",
            "data_dir": "/home/postgres/pgdata/pgroot/data",
            "pg_version": PG_VERSION,
            "start_lsn": start,
            "finish_lsn": finish,
            "is_permanent": permanent,
            "system_identifier": self.system,
        }

    def _sentinel(self, facts: dict[str, Any]) -> dict[str, Any]:
        return {
            "LSN": facts["start_lsn"],
            "PgVersion": facts["pg_version"],
            "FinishLSN": facts["finish_lsn"],
            "SystemIdentifier": facts["system_identifier"],
            "UncompressedSize": facts["uncompressed_size"],
            "CompressedSize": facts["compressed_size"],
            "DataCatalogSize": facts["uncompressed_size"],
            "Spec": None,
            "ChkpNum": None,
            "Version": 2,
            "StartTime": facts["start_time"],
            "FinishTime": facts["finish_time"],
            "DateFmt": facts["date_fmt"],
            "Hostname": facts["hostname"],
            "DataDir": facts["data_dir"],
            "IsPermanent": facts["is_permanent"],
            **({} if self.style.files_metadata else {"FilesMetadataDisabled": True}),
        }

    def _delta(self, parent: str | None) -> dict[str, Any]:
        if not parent:
            return {}
        of_parent = self.sentinel(parent)
        return {
            "DeltaLSN": of_parent["LSN"],
            "DeltaFrom": parent,
            "DeltaFullName": of_parent.get("DeltaFullName", parent),
            "DeltaCount": of_parent.get("DeltaCount", 0) + 1,
        }

    def _read(self, name: str) -> dict[str, Any]:
        return json.loads(self.archive[f"{BACKUPS}/{name}"].content)

    def _json(self, name: str, value: dict[str, Any]) -> None:
        self._put(f"{BACKUPS}/{name}", json.dumps(value).encode(), plain=True)


# --- PostgreSQL's names and formats


def segment_name(timeline: int, number: int, size: int) -> str:
    in_a_file = (1 << 32) // size
    return f"{timeline:08X}{number // in_a_file:08X}{number % in_a_file:08X}"


def segment_number(name: str, size: int) -> int:
    return int(name[8:16], 16) * ((1 << 32) // size) + int(name[16:24], 16)


def lsn(number: int) -> str:
    return f"{number >> 32:X}/{number & 0xFFFFFFFF:X}"


def stamp(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def backup_label(start: int, segment: str, timeline: int, begun: float) -> str:
    return (
        f"START WAL LOCATION: {lsn(start)} (file {segment})\n"
        f"CHECKPOINT LOCATION: {lsn(start + 0x38)}\n"
        "BACKUP METHOD: streamed\nBACKUP FROM: primary\n"
        f"START TIME: {datetime.fromtimestamp(begun, UTC):%Y-%m-%d %H:%M:%S} UTC\n"
        f"LABEL: {stamp(begun)}\nSTART TIMELINE: {timeline}\n"
    )


def pg_control(system: int) -> bytes:
    """What is not known of the database is 0."""
    known = struct.pack("<QII", system, PG_CONTROL_VERSION, CATALOG_VERSION)
    checked = known.ljust(PG_CONTROL_CHECKED, b"\0")
    return (checked + struct.pack("<I", crc32c(checked))).ljust(PAGE, b"\0")


def crc32c(content: bytes) -> int:
    crc = 0xFFFFFFFF
    for byte in content:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def wal_segment(
    timeline: int, number: int, size: int, system: int, first: int = 0, length: int = 0
) -> bytes:
    """Pages with headers and nothing else; the long header begins the first one, which may be of
    another timeline. `length` bytes, or all."""
    content = bytearray(length or size)
    start = number * size
    for offset in range(0, len(content), PAGE):
        info, line = (
            (REMOVABLE, timeline) if offset else (REMOVABLE | LONG_HEADER, first or timeline)
        )
        struct.pack_into("<HHIQI4x", content, offset, PAGE_MAGIC, info, line, start + offset, 0)
    struct.pack_into("<QII", content, 24, system, size, PAGE)
    return bytes(content)


def tar(files: dict[str, bytes]) -> bytes:
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w", format=tarfile.USTAR_FORMAT) as it:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            it.addfile(member, io.BytesIO(content))
    return whole.getvalue()
