"""Every kind of damage that is not simply a missing object, and what has to be found."""

from collections.abc import Sequence
from dataclasses import dataclass

from damages import (
    NEW,
    OTHER_SYSTEM,
    SYSTEM,
    Make,
    added,
    changed,
    emptied,
    flipped,
    foreign_segment,
    gone,
    half,
    of_other_system,
    styled,
    swapped,
    two_systems,
    unfinished,
    without_backups,
    without_folder,
    without_wal,
    written,
)
from generator import BACKUPS, DAY, Archive, pg_control, wal_segment
from generator import tar as packed
from removed import IRRELEVANT, ORPHAN, Finding, damage, note, unknown
from specimen import (
    DELTA,
    FIRST,
    OF_ALL,
    SECOND,
    SEGMENT_SIZE,
    files,
    history,
    metadata,
    segment,
    sentinel,
    specimen,
    tar,
    wal,
)

DEEP = ("--deep",)


@dataclass(frozen=True)
class Damage:
    name: str
    archive: Make
    found: set[Finding]
    options: Sequence[str] = ()


def row(name: str, archive: Make, code: str, key: str, *more: Finding) -> Damage:
    """One finding, and what else follows from it."""
    return Damage(name, archive, {damage(code, key), *more})


def deep(name: str, archive: Make, code: str, key: str, *more: Finding) -> Damage:
    """What only a look into the objects finds."""
    return Damage(name, archive, {damage(code, key), *more}, DEEP)


PART, LABEL, CONTROL = (tar(FIRST, it) for it in ("part_001", "backup_label", "pg_control"))
PARTS = f"{BACKUPS}/{FIRST}/tar_partitions/"
PARTIAL = f"{segment('2E')}.partial.lz4"
CONTROLS = [tar(it, "pg_control") for it in OF_ALL]
HISTORIES = [history(2), history(3)]

TRUNCATED = [
    row("half a sentinel", half(sentinel(FIRST)), "sentinel-unreadable", sentinel(FIRST), ORPHAN),
    row("half a list", half(files(FIRST)), "files-unreadable", files(FIRST), ORPHAN),
    row("half a metadata", half(metadata(FIRST)), "metadata-unreadable", metadata(FIRST)),
    row("half a part", half(PART), "parts-size", PARTS, ORPHAN),
    row("half a control", half(CONTROL), "not-decompressible", CONTROL, ORPHAN),
    deep("half a label", half(LABEL), "not-decompressible", LABEL),
    row("half a history", half(history(3)), "history-unreadable", history(3)),
    deep("half a segment", half(wal("2C")), "not-decompressible", wal("2C")),
    Damage("half a partial", half(PARTIAL), {note("not-decompressible", PARTIAL)}, DEEP),
    row("no sentinel", emptied(sentinel(FIRST)), "sentinel-unreadable", sentinel(FIRST), ORPHAN),
    row("an empty list", emptied(files(FIRST)), "files-unreadable", files(FIRST), ORPHAN),
    row("an empty metadata", emptied(metadata(FIRST)), "metadata-unreadable", metadata(FIRST)),
    row("an empty part", emptied(PART), "part-empty", PART, ORPHAN),
    row("an empty label", emptied(LABEL), "part-empty", LABEL, ORPHAN),
    row("an empty control", emptied(CONTROL), "part-empty", CONTROL, ORPHAN),
    row("an empty history", emptied(history(3)), "history-unreadable", history(3)),
    row("an empty segment on the way", emptied(wal("2C")), "wal-empty", wal("2C")),
    row(
        "an empty segment of a backup",
        emptied(wal("16")),
        "wal-empty",
        wal("16"),
        note("wal-empty", wal("16")),
    ),
    Damage("an empty segment elsewhere", emptied(wal("1A")), {note("wal-empty", wal("1A"))}),
]

NONE = b"something else\n" * 1000
SHORT = wal_segment(2, 0xC, SEGMENT_SIZE, SYSTEM)[: SEGMENT_SIZE // 2]
OTHERS_CONTROL = packed({"/global/pg_control": pg_control(OTHER_SYSTEM)})

REPLACED = [
    row(
        "the sentinel of another",
        swapped(sentinel(FIRST), sentinel(SECOND)),
        "sentinel-mismatch",
        sentinel(FIRST),
        ORPHAN,
    ),
    row(
        "the sentinel of a delta",
        swapped(sentinel(FIRST), sentinel(DELTA)),
        "sentinel-mismatch",
        sentinel(FIRST),
        ORPHAN,
    ),
    row(
        "an older sentinel",
        changed(sentinel(SECOND), FinishLSN=0xB00200),
        "sentinel-mismatch",
        sentinel(SECOND),
    ),
    row(
        "a sentinel of fewer bytes",
        changed(sentinel(SECOND), CompressedSize=1),
        "sentinel-mismatch",
        sentinel(SECOND),
    ),
    row(
        "the metadata of another",
        swapped(metadata(FIRST), metadata(SECOND)),
        "metadata-mismatch",
        metadata(FIRST),
    ),
    row(
        "the list of a larger one",
        swapped(files(FIRST), files(SECOND)),
        "part-missing",
        tar(FIRST, "part_003"),
        ORPHAN,
    ),
    row(
        "the list of a smaller one",
        swapped(files(SECOND), files(FIRST)),
        "files-mismatch",
        files(SECOND),
    ),
    row(
        "the list of a delta",
        swapped(files(FIRST), files(DELTA)),
        "files-mismatch",
        files(FIRST),
        ORPHAN,
    ),
    row("a part of a larger one", swapped(PART, wal("2C")), "parts-size", PARTS, ORPHAN),
    deep("a part of another", swapped(PART, tar(DELTA, "part_001")), "tar-mismatch", PART),
    deep("a part twice", swapped(PART, tar(FIRST, "part_002")), "tar-mismatch", PART),
    deep("a part with one bit flipped", flipped(PART), "not-decompressible", PART),
    Damage(
        "a part that is no tar",
        written(PART, NONE),
        {damage("parts-size", PARTS), damage("tar-damaged", PART), ORPHAN},
        DEEP,
    ),
    deep(
        "the label of another", swapped(LABEL, tar(SECOND, "backup_label")), "label-damaged", LABEL
    ),
    deep(
        "the control of another system",
        written(CONTROL, OTHERS_CONTROL),
        "pg-control-damaged",
        CONTROL,
    ),
    deep("another segment", swapped(wal("2C"), wal("2D")), "wal-misplaced", wal("2C")),
    deep(
        "the segment of another timeline", swapped(wal("2B"), wal("19")), "wal-misplaced", wal("2B")
    ),
    deep("the segment of another system", of_other_system("2C"), "system-identifier", wal("2C")),
    deep("a segment with one bit flipped", flipped(wal("2C")), "not-decompressible", wal("2C")),
    deep("a segment that is none", written(wal("2C"), NONE), "wal-damaged", wal("2C")),
    deep("a shorter segment", written(wal("2C"), SHORT), "wal-damaged", wal("2C")),
    row(
        "the history of another",
        swapped(history(3), history(2)),
        "foreign-timeline",
        history(3),
        note("wal-gap", wal("39")),
    ),
    row("a history that is none", written(history(3), NONE), "history-unreadable", history(3)),
]

MIXED = [
    row("a timeline from nowhere", foreign_segment, "history-missing", history(7)),
    row("two systems", two_systems, "system-identifier", sentinel("base_000000030000000000000010")),
    row("nothing left of a parent", without_folder(FIRST), "parent-missing", sentinel(DELTA)),
    Damage("nothing left of a delta", without_folder(DELTA), IRRELEVANT),
    row("no backup at all", without_backups, "no-backup", f"{BACKUPS}/"),
    row("nothing at all", Archive, "empty", ""),
    row(
        "no WAL at all",
        without_wal,
        *("no-backup", f"{BACKUPS}/"),
        *(damage("wal-missing", segment(it)) for it in ("12", "15", "2B")),
    ),
    row("a long gap", gone(wal("2C"), wal("2D")), "wal-gap", wal("2C")),
    row("two gaps", gone(wal("2C"), wal("3E")), "wal-gap", wal("2C"), damage("wal-gap", wal("3E"))),
    Damage(
        "a backup that may be running",
        unfinished(DAY / 24),
        {note("unfinished-backup", sentinel(NEW))},
    ),
    row("a backup that broke off", unfinished(2 * DAY), "sentinel-missing", sentinel(NEW)),
    Damage(
        "a foreign object",
        added("wal_005/README", b"it"),
        {note("foreign-object", "wal_005/README")},
    ),
]

NOT_TO_BE_TOLD = [
    Damage(
        "encrypted",
        styled(encrypted=True),
        {
            *(unknown("encrypted", it) for it in CONTROLS),
            *(unknown("encrypted", it) for it in HISTORIES),
        },
    ),
    Damage(
        "encrypted, and looked into",
        styled(encrypted=True),
        {
            *(unknown("encrypted", it) for it in CONTROLS),
            *(unknown("encrypted", it) for it in (wal("12"), wal("29"), wal("3E"), *HISTORIES)),
        },
        DEEP,
    ),
    Damage(
        "without a list of files",
        styled(files_metadata=False),
        {unknown("files-metadata-disabled", files(it)) for it in OF_ALL},
    ),
    Damage(
        "another compression",
        styled(method="lzo"),
        {unknown("codec-unknown", it.replace(".lz4", ".lzo")) for it in (*CONTROLS, *HISTORIES)},
    ),
]

LIMITS = [
    Damage(
        "a backup that is too old",
        specimen,
        {damage("backup-too-old", sentinel(SECOND))},
        ("--max-backup-age=216h",),
    ),
    Damage("a backup that is not", specimen, IRRELEVANT, ("--max-backup-age=264h",)),
    Damage("old WAL", specimen, {damage("wal-too-old", segment("3F"))}, ("--max-wal-age=216h",)),
    Damage("WAL that is young enough", specimen, IRRELEVANT, ("--max-wal-age=264h",)),
    Damage("too few", specimen, {damage("too-few-backups", f"{BACKUPS}/")}, ("--min-backups=4",)),
    Damage("enough backups", specimen, IRRELEVANT, ("--min-backups=3",)),
]

DAMAGES = [*TRUNCATED, *REPLACED, *MIXED, *NOT_TO_BE_TOLD, *LIMITS]
