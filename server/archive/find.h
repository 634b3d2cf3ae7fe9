/*
 * Looks for archives in a bucket, by listings of folders alone: never by one of all WAL. A bounded
 * number of requests; what was left out is said.
 */
#ifndef SERVER_ARCHIVE_FIND_H
#define SERVER_ARCHIVE_FIND_H

#include "base/strlist.h"
#include "server/archive/source.h"

/* Most folders that are listed, how deep below the start, and most archives that are kept. */
#define FIND_FOLDERS_MAX 2000
#define FIND_DEPTH_MAX 10
#define FIND_ARCHIVES_MAX 1000

/* Most objects directly in one folder that are looked at: there are none beside an archive. */
#define FIND_OBJECTS_MAX 10000

/* Up to so many segments are simply listed; among more, the newest one is looked for. */
#define FIND_SEGMENTS_MAX 3000

struct found_archive {
    char *path;          /* relative to the source: "spilo/c/99e8/wal/15" */
    size_t backups;      /* base and delta backups with a sentinel */
    char *newest_backup; /* the one that begins last; NULL */
    int64_t backup_time; /* when it ended, else when its sentinel was written; seconds UTC */
    char *newest_wal;    /* the newest segment on the newest timeline; NULL */
    int64_t wal_time;    /* when it was archived */
};

struct found {
    struct found_archive *archives; /* the one with the newest WAL last */
    size_t count;
    struct strlist not_read; /* what could not be listed or read, and why */
    bool cut;                /* more folders or archives than are looked at */
};

/* Fills *ret, which the caller ends with found_done(). */
void find_archives(struct source *source, struct found *ret);
void found_done(struct found *found);

#endif
