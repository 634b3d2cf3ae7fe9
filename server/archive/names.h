/*
 * What an object of a WAL-G archive is, by its key alone: "wal_005/<24 hex>.lz4" and its like, and
 * what is below "basebackups_005/". Pure.
 */
#ifndef SERVER_ARCHIVE_NAMES_H
#define SERVER_ARCHIVE_NAMES_H

#include "base/str.h"

#define NAMES_WAL "wal_005/"
#define NAMES_BACKUPS "basebackups_005/"
#define NAMES_SENTINEL "_backup_stop_sentinel.json"
#define NAMES_TARS "/tar_partitions/"

/* Length of the name of a WAL segment; largest low part of one (segments of 1 MiB). */
#define NAMES_SEGMENT_LENGTH 24
#define NAMES_SEGMENT_LOW_MAX 0xFFF

enum name_kind {
    NAME_FOREIGN,     /* WAL-G writes no such object there */
    NAME_SEGMENT,     /* wal_005/<24 hex> */
    NAME_PARTIAL,     /* wal_005/<24 hex>.partial: the end of a timeline at a promotion */
    NAME_BACKUP_MARK, /* wal_005/<24 hex>.<8 hex>.backup: where a base backup began */
    NAME_HISTORY,     /* wal_005/<8 hex>.history */
    NAME_WAL_EXTRA,   /* wal_005/<24 hex>_delta, <24 hex>.json: helpers of WAL-G */
    NAME_SENTINEL,
    NAME_METADATA,       /* <backup>/metadata.json */
    NAME_FILES_METADATA, /* <backup>/files_metadata.json */
    NAME_PG_CONTROL,     /* <backup>/tar_partitions/pg_control.tar */
    NAME_LABEL,          /* <backup>/tar_partitions/backup_label.tar */
    NAME_PART,           /* <backup>/tar_partitions/part_<digits>.tar */
    NAME_BACKUP_EXTRA,   /* something else below <backup>/ */
};

/* The parts of "000000010000000000000002": timeline, high and low part of the segment's number. */
struct segment_name {
    uint32_t timeline, high, low;
};

struct name {
    enum name_kind kind;
    struct segment_name segment; /* of WAL; of a history file the timeline alone */
    uint32_t offset;             /* of NAME_BACKUP_MARK: bytes into the segment */
    uint32_t part;               /* of NAME_PART */
    struct str backup;           /* "base_..." of what belongs to a backup, else absent */
    struct str tar;              /* of a tar object: its name behind NAMES_TARS, else absent */
    struct str suffix;           /* of the compression, without its dot: "lz4"; "" for none */
};

/* What the key is. Texts are borrowed from it. */
struct name name_parse(struct str key);

/* Reads "000000010000000000000002". False, and *ret untouched, when it is no such name. */
bool name_segment(struct str text, struct segment_name *ret);

/* Reads "base_<24 hex>", "base_<24 hex>_D_<24 hex>", either with "_<8 hex>" at its end. *ret_parent
 * is absent (timeline 0) for a full backup. False, and both untouched, for anything else. */
bool name_backup(struct str text, struct segment_name *ret, struct segment_name *ret_parent);

/* Room for the name of a segment, with its NUL. */
#define NAMES_SEGMENT_SIZE (NAMES_SEGMENT_LENGTH + 1)

/* Writes the name of the segment into `text`, and returns it. */
const char *name_of_segment(struct segment_name segment, char text[NAMES_SEGMENT_SIZE]);

#endif
