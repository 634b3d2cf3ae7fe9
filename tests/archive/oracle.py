"""A second opinion on archives: what restores need, followed object by object, in a few lines.

Slow, and blind for what is in the tars; it shares nothing with the tool but the documents.
"""

import json
import re
from dataclasses import dataclass

from codecs_of_walg import DECOMPRESS
from generator import BACKUPS, SENTINEL, WAL, Archive, segment_name, segment_number

LABEL = "backup_label.tar."
NAME = re.compile(rf"{BACKUPS}/(base_[0-9A-F]{{24}}(?:_D_[0-9A-F]{{24}})?)[/_]")
SEGMENT = re.compile(rf"{WAL}/([0-9A-F]{{24}})\.\w+$")
HISTORY = re.compile(rf"{WAL}/([0-9A-F]{{8}})\.history\.(\w+)$")
ENTRY = re.compile(r"^(\d+)\t([0-9A-F]+)/([0-9A-F]+)", re.MULTILINE)


@dataclass(frozen=True)
class Opinion:
    usable: set[str]  # backups that can be restored and become consistent
    whole: bool  # nothing that should be there is missing


class Oracle:
    def __init__(self, archive: Archive, segment_size: int) -> None:
        self.archive = archive
        self.size = segment_size
        self.segments = {m[1] for m in map(SEGMENT.fullmatch, archive) if m}
        self.names = {m[1] for m in map(NAME.match, archive) if m}
        self.pasts = dict(self._pasts())

    def opinion(self) -> Opinion:
        usable = {it for it in self.names if self.files_are_whole(it) and self.own_wal(it)}
        complete = usable == self.names and all(self.has_metadata(it) for it in self.names)
        return Opinion(usable, bool(usable) and complete and self.way_is_whole(usable))

    # --- backups

    def files_are_whole(self, name: str, for_delta: bool = False) -> bool:
        """A delta brings a label of its own."""
        sentinel = self._json(f"{name}{SENTINEL}")
        files = self._json(f"{name}/files_metadata.json")
        if not sentinel or not files:
            return False
        folder = f"{BACKUPS}/{name}/tar_partitions"
        tars = [it for it in files["TarFileSets"] if not (for_delta and it.startswith(LABEL))]
        control = any(it.startswith(f"{folder}/pg_control.tar.") for it in self.archive)
        parent = sentinel.get("DeltaFrom")
        return (
            control
            and all(f"{folder}/{it}" in self.archive for it in tars)
            and (not parent or self.files_are_whole(parent, for_delta=True))
        )

    def has_metadata(self, name: str) -> bool:
        return bool(self._json(f"{name}/metadata.json"))

    def own_wal(self, name: str) -> bool:
        """Without all of it PostgreSQL refuses to start: the backup is not consistent."""
        first, last = self._range(name)
        timeline = int(name[5:13], 16)
        return all(self._segment(timeline, it) in self.segments for it in range(first, last + 1))

    # --- WAL

    def timelines(self) -> set[int]:
        return {int(it[:8], 16) for it in self.segments}

    def way_is_whole(self, usable: set[str]) -> bool:
        """From the newest usable backup to the newest segment of the newest timeline."""
        newest = max(usable, key=lambda it: self._range(it))
        own, last = int(newest[5:13], 16), max(self.timelines() | self.pasts.keys())
        if not self.pasts.keys() >= set(range(own + 1, last + 1)):
            return False  # PostgreSQL looks for one history after the other
        if last not in self.timelines():
            return False  # it began days ago, and whatever was written since is not here
        way = [*self.pasts.get(last, []), (last, None)]
        numbers = {segment_number(it, self.size) for it in self.segments if self._is_on(way, it)}
        return all(
            self._segment(self._line(way, it), it) in self.segments
            for it in range(self._range(newest)[0], max(numbers) + 1)
        )

    def _line(self, way: list, number: int) -> int:
        """The timeline that the segment is read from: the newest one that has begun by its end."""
        begins, line = 0, way[0][0]
        for timeline, end in way:
            line = timeline if begins <= number else line
            begins = end // self.size if end is not None else begins
        return line

    def _is_on(self, way: list, name: str) -> bool:
        return int(name[:8], 16) == self._line(way, segment_number(name, self.size))

    # --- reading

    def _pasts(self):
        for key, blob in self.archive.items():
            match = HISTORY.fullmatch(key)
            if match:
                text = DECOMPRESS[match[2]](blob.content).decode()
                entries = [
                    (int(a), (int(b, 16) << 32) + int(c, 16)) for a, b, c in ENTRY.findall(text)
                ]
                yield int(match[1], 16), entries

    def _range(self, name: str) -> tuple[int, int]:
        sentinel = self._json(f"{name}{SENTINEL}")
        return sentinel["LSN"] // self.size, (sentinel["FinishLSN"] - 1) // self.size

    def _segment(self, timeline: int, number: int) -> str:
        return segment_name(timeline, number, self.size)

    def _json(self, name: str) -> dict:
        blob = self.archive.get(f"{BACKUPS}/{name}")
        return json.loads(blob.content) if blob else {}
