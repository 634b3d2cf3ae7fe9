/*
 * What WAL-G writes down about a backup: its sentinel and its metadata.json, which say the same
 * under other names, and files_metadata.json, which names the tar objects. Read as streams: the
 * list of files grows with the database, and WAL-G 1.x kept it in the sentinel. Pure.
 */
#ifndef SERVER_ARCHIVE_RECORD_H
#define SERVER_ARCHIVE_RECORD_H

#include "base/error.h"
#include "server/archive/json_stream.h"

enum record_kind { RECORD_SENTINEL, RECORD_METADATA, RECORD_FILES };

enum record_field {
    RECORD_START_LSN,
    RECORD_FINISH_LSN,
    RECORD_SYSTEM_IDENTIFIER,
    RECORD_PG_VERSION,
    RECORD_COMPRESSED_SIZE,
    RECORD_UNCOMPRESSED_SIZE,
    RECORD_VERSION,
    RECORD_DELTA_LSN,
    RECORD_PERMANENT,
    RECORD_FILES_DISABLED,
    RECORD_START_TIME,
    RECORD_FINISH_TIME,
    RECORD_DELTA_FROM,
    RECORD_WAL_E, /* "wal_segment_backup_stop": WAL-E's sentinel */
    RECORD_FIELDS,
};

struct record {
    uint64_t values[RECORD_FIELDS]; /* numbers, 0 and 1, seconds UTC */
    uint32_t seen;                  /* bit of each field that was there and not null */
    char *delta_from;               /* the backup that a delta builds on; NULL */
    uint64_t files;                 /* how many the list of files has */
    bool has_files;                 /* the list of files is there (also in an old sentinel) */
    bool has_sets;                  /* it says which tar object holds which files */
    bool has_unchanged;             /* a file in it was not copied, or only in part: a delta's */
};

static inline bool record_has(const struct record *record, enum record_field field)
{
    return record->seen >> field & 1;
}

/* Called for each tar object that the list of files names, in the order of the list. */
typedef void (*record_set)(void *context, struct str tar);

/* Longest name of a tar object that is read. */
#define RECORD_TAR_MAX 255

enum record_place { RECORD_TOP, RECORD_IN_OTHER, RECORD_IN_FILES, RECORD_IN_SETS };

struct record_reader {
    struct json_stream json;
    enum record_kind kind;
    struct record *record;
    record_set set;
    void *context;
    const struct record_key *key; /* of the value that comes next, or is being read; NULL */
    bool sets_key, files_key;     /* that value is the one of TarFileSets, of Files */
    enum record_place place;
    bool unchanged_key;   /* of a file */
    struct error problem; /* the first one that is not of form */
    size_t tar_length;
    char tar[RECORD_TAR_MAX];
};

/* Begins to read into *record, which must be zero. `set` may be NULL. */
void record_begin(struct record_reader *reader, enum record_kind kind, struct record *record,
                  record_set set, void *context);

/* Takes the next bytes. Fails with what is wrong, and where (byte). */
bool record_feed(struct record_reader *reader, struct str bytes, struct error *err)
    __attribute__((warn_unused_result));

/* There are no more bytes. Fails when the object is cut off. */
bool record_end(struct record_reader *reader, struct error *err)
    __attribute__((warn_unused_result));

void record_done(struct record *record);

#endif
