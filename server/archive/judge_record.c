#include "server/archive/judgement.h"

#include "base/mem.h"

static const char *const look =
    "the object was replaced, by an older one or another's: look in the bucket's versions and in "
    "copies of it; take a new base backup now, and delete nothing until that one is verified";

/* "0/2000028", as PostgreSQL writes an LSN. */
#define LSN_FORMAT "%X/%X"
#define LSN_ARG(lsn) (unsigned)((lsn) >> 32), (unsigned)(lsn)

static uint64_t start_lsn(const struct record *record)
{
    return record->values[RECORD_START_LSN];
}

/* Whether the LSN can be that of a backup with this name. */
static bool fits(const struct judgement *judgement, const struct judged *backup,
                 const struct record *record)
{
    return !record_has(record, RECORD_START_LSN) ||
           segment_sizes_of(start_lsn(record), backup->facts->segment) & judgement->evidence.sizes;
}

static void sentinel_mismatch(struct judgement *judgement, struct judged *backup, char *what)
{
    backup->damaged = backup->parts_damaged = true;
    backup->in_doubt = true;
    judgement_find(judgement->report, FINDING_DAMAGE, "sentinel-mismatch",
                   judgement_sentinel(backup->facts), what,
                   xasprintf("a restore from %s would begin at the wrong place in the WAL, and "
                             "fail or give a damaged database",
                             backup->facts->name),
                   look);
}

static void metadata_mismatch(struct judgement *judgement, struct judged *backup, char *what)
{
    judgement_find(judgement->report, FINDING_DAMAGE, "metadata-mismatch",
                   judgement_key(backup->facts, "/metadata.json"), what,
                   xasprintf("a restore from %s does not need it, but 'wal-g backup-list --detail' "
                             "says wrong things of this backup",
                             backup->facts->name),
                   look);
}

/* The parent that the name has against the one that the sentinel has. */
static void check_delta(struct judgement *judgement, struct judged *backup)
{
    const struct segment_name *named = &backup->facts->parent;
    const char *from = backup->record->delta_from;
    struct segment_name own, parent;
    if (!from && named->timeline)
        sentinel_mismatch(judgement, backup,
                          xstrdup("names no parent, the name of the backup does: it is the "
                                  "sentinel of a full backup"));
    else if (from && !named->timeline)
        sentinel_mismatch(judgement, backup,
                          xasprintf("says that the backup is a delta of %s, its name that it is a "
                                    "full one",
                                    from));
    else if (from &&
             (!name_backup(str_of(from), &own, &parent) || memcmp(&own, named, sizeof own) != 0))
        sentinel_mismatch(judgement, backup,
                          xasprintf("says that the backup is a delta of %s, its name says another "
                                    "one",
                                    from));
}

/* A sentinel that was read. */
static void check_sentinel(struct judgement *judgement, struct judged *backup)
{
    const struct record *record = backup->record;
    const uint64_t start = start_lsn(record), finish = record->values[RECORD_FINISH_LSN];
    if (!fits(judgement, backup, record)) {
        sentinel_mismatch(judgement, backup,
                          xasprintf("says that the backup begins at " LSN_FORMAT
                                    ", which is not in the segment of its name: it is of another "
                                    "backup",
                                    LSN_ARG(start)));
        return;
    }
    if (finish < start) {
        sentinel_mismatch(judgement, backup,
                          xasprintf("says that the backup ends at " LSN_FORMAT
                                    ", before it begins at " LSN_FORMAT,
                                    LSN_ARG(finish), LSN_ARG(start)));
        return;
    }
    check_delta(judgement, backup);
}

/* The first field in which the two differ; -1 = none. */
static int difference(const struct record *sentinel, const struct record *metadata)
{
    static const enum record_field both[] = {RECORD_START_LSN,         RECORD_FINISH_LSN,
                                             RECORD_SYSTEM_IDENTIFIER, RECORD_PG_VERSION,
                                             RECORD_UNCOMPRESSED_SIZE, RECORD_COMPRESSED_SIZE};
    for (size_t i = 0; i < sizeof both / sizeof *both; i++)
        if (record_has(sentinel, both[i]) && record_has(metadata, both[i]) &&
            sentinel->values[both[i]] != metadata->values[both[i]])
            return (int)both[i];
    return -1;
}

static void compare(struct judgement *judgement, struct judged *backup)
{
    static const char *const names[RECORD_FIELDS] = {
        [RECORD_START_LSN] = "LSN",
        [RECORD_FINISH_LSN] = "FinishLSN",
        [RECORD_SYSTEM_IDENTIFIER] = "SystemIdentifier",
        [RECORD_PG_VERSION] = "PgVersion",
        [RECORD_UNCOMPRESSED_SIZE] = "UncompressedSize",
        [RECORD_COMPRESSED_SIZE] = "CompressedSize",
    };
    const struct record *metadata = &backup->facts->metadata_record;
    const int field = difference(backup->record, metadata);
    if (field < 0)
        return;
    sentinel_mismatch(judgement, backup,
                      xasprintf("says %s %llu, metadata.json of the same backup says %llu: one of "
                                "the two is of another backup",
                                names[field], (unsigned long long)backup->record->values[field],
                                (unsigned long long)metadata->values[field]));
}

void judge_record(struct judgement *judgement, struct judged *backup)
{
    const bool sentinel = backup->facts->sentinel.state == FACT_READ;
    const struct record *metadata = &backup->facts->metadata_record;
    if (sentinel)
        check_sentinel(judgement, backup);
    if (backup->facts->metadata.state != FACT_READ)
        return;
    if (!fits(judgement, backup, metadata))
        metadata_mismatch(judgement, backup,
                          xasprintf("says that the backup begins at " LSN_FORMAT
                                    ", which is not in the segment of its name: it is of another "
                                    "backup",
                                    LSN_ARG(start_lsn(metadata))));
    else if (sentinel && !backup->in_doubt)
        compare(judgement, backup);
}
