/*
 * Judges an archive by what was read of it: which backups can be restored, how far, and what is
 * missing. Pure: time is a parameter.
 */
#ifndef SERVER_ARCHIVE_JUDGE_H
#define SERVER_ARCHIVE_JUDGE_H

#include "server/archive/facts.h"
#include "server/archive/report.h"

struct judge_options {
    int64_t now;            /* seconds UTC */
    int64_t max_backup_age; /* seconds; 0 = not asked */
    int64_t max_wal_age;
    uint64_t min_backups;
};

/* Fills *ret, which the caller ends with report_done(). `prefix` is what a person called the
 * archive. */
void judge(const struct facts *facts, const char *prefix, const struct judge_options *options,
           struct report *ret);

#endif
