/*
 * What a look at an archive has found: data only. judge.c fills it, deep.c and walg_list.c add to
 * it, render.c writes it. Times are seconds UTC, 0 = not known; sizes bytes.
 */
#ifndef SERVER_ARCHIVE_REPORT_H
#define SERVER_ARCHIVE_REPORT_H

#include "base/strlist.h"

#include <stddef.h>

/* How bad it is. The worst one of a report decides the exit status. */
enum finding_kind {
    FINDING_DAMAGE,  /* exit 4 */
    FINDING_UNKNOWN, /* could not tell: exit 1, unless there is damage too */
    FINDING_NOTE,    /* worth knowing; no finding */
    FINDING_KINDS,   /* how many kinds there are */
};

/* All texts owned. */
struct finding {
    enum finding_kind kind;
    const char *code; /* a literal: "part-missing"; stable, for programs */
    char *object;     /* the key that it is about, relative to the prefix; "" for the archive */
    char *what;       /* what was found, what was expected */
    char *means;      /* what it means for a restore */
    char *way_out;
};

enum backup_state { BACKUP_USABLE, BACKUP_DAMAGED, BACKUP_UNKNOWN };

/* One base or delta backup. */
struct report_backup {
    char *name;   /* "base_000000010000000000000002" */
    char *parent; /* of a delta: the backup that it builds on; NULL */
    enum backup_state state;
    uint32_t timeline;
    int64_t start, finish;
    uint64_t size; /* all of its objects, as stored */
    uint64_t start_lsn, finish_lsn;
    uint32_t pg_version;        /* 150020; 0 = not known */
    uint64_t system_identifier; /* 0 = not known */
    /* As the backup's own description has them, bytes; 0 = not known. */
    uint64_t compressed_size, uncompressed_size;
    bool permanent;
    /* Restores from this backup reach the end of the WAL that follows it without a hole. */
    int64_t reaches;   /* when the last segment of that WAL was archived */
    char *reaches_wal; /* its name; NULL when even the backup's own WAL is incomplete */
};

struct report {
    char *prefix;
    int64_t now;
    struct report_backup *backups; /* oldest first */
    size_t backup_count;
    bool backups_unlisted, wal_unlisted; /* which there are could not be told */
    struct finding *findings;            /* in the order in which they were found */
    size_t finding_count;
    size_t findings_dropped;     /* more than REPORT_FINDINGS_MAX: counted, not kept */
    size_t kinds[FINDING_KINDS]; /* how many of each kind, dropped ones included */
    uint64_t wal_segments;       /* how many there are */
    uint64_t wal_bytes;          /* as stored */
    uint64_t wal_segment_size;   /* 0 = could not be derived */
    char *wal_newest;            /* name of the newest segment on the newest timeline; NULL */
    int64_t wal_newest_time;
    uint64_t system_identifier; /* 0 = not known, or several */
};

#define REPORT_FINDINGS_MAX 1000

/* Adds a finding; copies the texts. */
void report_add(struct report *report, enum finding_kind kind, const char *code, const char *object,
                const char *what, const char *means, const char *way_out);

/* How many findings are of this kind, dropped ones included. */
size_t report_count(const struct report *report, enum finding_kind kind);

/* How many backups are in this state. */
size_t report_backups_in(const struct report *report, enum backup_state state);

/* The newest backup that is usable; NULL when there is none. */
const struct report_backup *report_newest_usable(const struct report *report);

/* How far a restore from this backup comes; 0 when it is damaged, or that is not known. */
int64_t report_reaches(const struct report_backup *backup);

void report_done(struct report *report);

#endif
