/* What is known about archives as numbers for Prometheus (text exposition format 0.0.4): what
 * `backups verify --prometheus` prints and `backups watch` serves. Pure. */
#ifndef SERVER_ARCHIVE_RENDER_METRICS_H
#define SERVER_ARCHIVE_RENDER_METRICS_H

#include "base/buf.h"
#include "server/archive/report.h"

/* One archive. */
struct archive_numbers {
    const char *prefix; /* borrowed; the label */
    bool looked;        /* whether there was a look at all; the rest is 0 without */
    size_t findings;    /* of kind damage */
    size_t unknown;
    int64_t backup_time; /* end of the newest usable backup, seconds UTC; 0 = there is none */
    int64_t wal_time;    /* when the newest segment was archived; 0 = there is none */
    int64_t verified;    /* end of the last look that could tell everything; 0 = there was none */
};

/* The numbers of a look that ended at `ended`. `verified` stays what it was before when something
 * could not be told. */
struct archive_numbers archive_numbers_of(const struct report *report, int64_t ended,
                                          int64_t verified_before);

/* Adds the families with one sample for each archive that has it; ages are those at `now`. */
void render_metrics(const struct archive_numbers *archives, size_t count, int64_t now,
                    struct buf *page);

#endif
