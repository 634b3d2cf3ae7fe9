/* A report as a look at an archive might give it, for the unit tests of what is made of reports. */
#ifndef TESTS_UNIT_REPORT_FIXTURE_H
#define TESTS_UNIT_REPORT_FIXTURE_H

#include "base/mem.h"
#include "server/archive/report.h"

#define FIXTURE_FULL "base_000000010000000000000002"
#define FIXTURE_DELTA "base_000000010000000000000004_D_000000010000000000000002"
#define FIXTURE_FINISH 1795348805 /* 2026-11-22T12:00:05Z */

static inline void fixture_backup(struct report *report, struct report_backup backup)
{
    report->backups =
        xrealloc(report->backups, (report->backup_count + 1) * sizeof(*report->backups));
    report->backups[report->backup_count++] = backup;
}

/* A full backup and a delta, both usable, and their WAL. */
static inline struct report fixture_report(void)
{
    struct report report = {.prefix = xstrdup("s3://b/spilo/c/wal/15"),
                            .now = FIXTURE_FINISH + 3 * 86400,
                            .wal_segments = 6,
                            .wal_bytes = 3 * 1024 * 1024,
                            .wal_segment_size = 16 * 1024 * 1024,
                            .wal_newest = xstrdup("000000020000000000000006"),
                            .wal_newest_time = FIXTURE_FINISH + 2,
                            .system_identifier = 7710964401795056148u};
    struct report_backup full = {.name = xstrdup(FIXTURE_FULL),
                                 .timeline = 1,
                                 .start = FIXTURE_FINISH - 1,
                                 .finish = FIXTURE_FINISH,
                                 .size = 4461697,
                                 .start_lsn = 33554472,
                                 .finish_lsn = 33554688,
                                 .pg_version = 150020,
                                 .system_identifier = 7710964401795056148u,
                                 .compressed_size = 4461697,
                                 .uncompressed_size = 23690824,
                                 .reaches = FIXTURE_FINISH + 2,
                                 .reaches_wal = xstrdup("000000020000000000000006")};
    struct report_backup delta = full;
    delta.name = xstrdup(FIXTURE_DELTA);
    delta.parent = xstrdup(FIXTURE_FULL);
    delta.size = delta.compressed_size = 145439;
    delta.uncompressed_size = 419931;
    delta.start_lsn = 67108904;
    delta.finish_lsn = 67109120;
    delta.permanent = true;
    delta.reaches_wal = xstrdup("000000020000000000000006");
    fixture_backup(&report, full);
    fixture_backup(&report, delta);
    return report;
}

/* An archive in which there is nothing. */
static inline struct report fixture_empty(void)
{
    return (struct report){.prefix = xstrdup("empty"), .now = FIXTURE_FINISH};
}

#endif
