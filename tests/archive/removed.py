"""What it means that one object of the specimen is gone: the table for each of its objects."""

from specimen import DELTA, FIRST, SECOND, files, history, metadata, segment, sentinel, tar, wal

Finding = tuple[str, str, str]  # kind, code, object


def damage(code: str, key: str) -> Finding:
    return ("damage", code, key)


def unknown(code: str, key: str) -> Finding:
    return ("unknown", code, key)


def note(code: str, key: str) -> Finding:
    return ("note", code, key)


ORPHAN = damage("parent-damaged", sentinel(DELTA))  # the delta builds on what is damaged


def _backup(name: str, parts: int, *more: Finding) -> dict[str, set[Finding]]:
    """The objects of a backup, `more` being what follows for others."""
    parts_of_it = [f"part_{it:03}" for it in range(1, parts + 1)]
    return {
        files(name): {damage("files-missing", files(name)), *more},
        metadata(name): {damage("metadata-missing", metadata(name))},
        **{tar(name, it): {damage("part-missing", tar(name, it)), *more} for it in parts_of_it},
        tar(name, "backup_label"): {damage("label-missing", tar(name, "backup_label"))},
        tar(name, "pg_control"): {damage("pg-control-missing", tar(name, "pg_control")), *more},
    }


def _gap(short: str) -> set[Finding]:
    return {damage("wal-gap", wal(short))}


def _older_gap(short: str) -> set[Finding]:
    """Restores from the newest backup do not read it."""
    return {note("wal-gap", wal(short))}


def _own(short: str, *more: Finding) -> set[Finding]:
    """`more` is what it is for the backups before."""
    return {damage("wal-missing", wal(short)), *more}


IRRELEVANT: set[Finding] = set()

REMOVED: dict[str, set[Finding]] = {
    **_backup(FIRST, 2, ORPHAN),
    sentinel(FIRST): {
        damage("sentinel-missing", sentinel(FIRST)),
        damage("parent-missing", sentinel(DELTA)),
    },
    **_backup(DELTA, 2),
    sentinel(DELTA): {damage("sentinel-missing", sentinel(DELTA))},
    **_backup(SECOND, 3),
    sentinel(SECOND): {damage("sentinel-missing", sentinel(SECOND))},
    wal("11"): IRRELEVANT,  # before the oldest backup
    wal("12"): _own("12"),
    wal("13"): _older_gap("13"),
    wal("14"): _older_gap("14"),
    wal("15"): _own("15", *_older_gap("15")),
    wal("16"): _own("16", *_older_gap("16")),
    wal("17"): _older_gap("17"),
    wal("18"): _older_gap("18"),
    wal("19"): IRRELEVANT,  # timeline 2 has its own
    wal("1A"): IRRELEVANT,  # after the switch to timeline 2
    history(2): {note("history-missing", history(2))},  # restores from the newest need that of 3
    wal("29"): _older_gap("29"),
    wal("2A"): _older_gap("2A"),
    wal("2B"): _own("2B", *_gap("2B")),
    wal("2C"): _gap("2C"),
    wal("2D"): _gap("2D"),
    f"{segment('2E')}.partial.lz4": IRRELEVANT,
    history(3): {damage("history-missing", history(3))},
    wal("3E"): _gap("3E"),
    wal("3F"): IRRELEVANT,  # nobody can know that there was another segment
    **{f"{segment(it)}.00000028.backup.lz4": IRRELEVANT for it in ("12", "15", "2B")},
}
