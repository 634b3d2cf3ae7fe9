#include "server/archive/render.h"

#include "tests/unit/report_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct render_style plain = {.colour = false, .width = 60};

static void check_report(const struct report *report, struct render_style style,
                         const char *expected)
{
    struct buf out = BUF(RENDER_MAX);
    render_report(report, style, &out);
    assert_string_equal(buf_str(&out).data, expected);
    buf_clear(&out);
}

static void check_verdict(const struct report *report, const char *expected)
{
    struct buf out = BUF(RENDER_MAX);
    render_verdict(report, &out);
    assert_string_equal(buf_str(&out).data, expected);
    buf_clear(&out);
}

#define HEAD                                                                                       \
    "FINISHED (UTC)       KIND   SIZE        TIMELINE  STATE    RESTORES UNTIL       BACKUP\n"

static void nothing_there_is_said(void **state)
{
    (void)state;
    struct report report = fixture_empty();
    report_add(&report, FINDING_DAMAGE, "empty", "", "nothing is here", "a restore fails",
               "look elsewhere");
    check_report(&report, plain,
                 "empty\n\nno backups\n\nWAL: none\n\n"
                 "finding: empty  (the archive)\n"
                 "  found    nothing is here\n"
                 "  means    a restore fails\n"
                 "  way out  look elsewhere\n\n"
                 "1 finding: nothing can be restored from here\n");
    report_done(&report);
}

static void what_could_not_be_listed_is_not_said_to_be_absent(void **state)
{
    (void)state;
    struct report report = fixture_empty();
    report.backups_unlisted = report.wal_unlisted = true;
    report_add(&report, FINDING_UNKNOWN, "not-read", "", "no connection", "", "");
    check_report(&report, plain,
                 "empty\n\nbackups: not known\n\nWAL: not known\n\n"
                 "could not tell: not-read  (the archive)\n"
                 "  found    no connection\n\n"
                 "could not tell: 1 thing was not judged; no backup is known to be usable\n");
    report_done(&report);
}

static void findings_stand_between_the_backups_and_the_verdict(void **state)
{
    (void)state;
    struct report report = fixture_report();
    report.backups[1].state = BACKUP_DAMAGED;
    report_add(&report, FINDING_DAMAGE, "part-missing", "basebackups_005/x/part_001.tar.lz4",
               "there is no such object, files_metadata.json names it",
               "a restore from this backup fails", "");
    report_add(&report, FINDING_UNKNOWN, "encrypted", "a\033b", "what", "means", "way out");
    report_add(&report, FINDING_NOTE, "foreign-object", "c", "what", "", "");
    report.findings_dropped = 7;
    check_report(&report, plain,
                 "s3://b/spilo/c/wal/15\n\n" HEAD
                 "2026-11-22 12:00:05  full   4.3 MiB     1         usable   "
                 "2026-11-22 12:00:07  " FIXTURE_FULL "\n"
                 "2026-11-22 12:00:05  delta  142.0 KiB   1         damaged  "
                 "-                    " FIXTURE_DELTA " (permanent)\n\n"
                 "WAL: 6 segments of 16.0 MiB (3.0 MiB stored), the newest is "
                 "000000020000000000000006, archived 2026-11-22 12:00:07 UTC\n"
                 "system identifier: 7710964401795056148\n\n"
                 "finding: part-missing  basebackups_005/x/part_001.tar.lz4\n"
                 "  found    there is no such object, files_metadata.json\n"
                 "           names it\n"
                 "  means    a restore from this backup fails\n\n"
                 "could not tell: encrypted  a?b\n"
                 "  found    what\n"
                 "  means    means\n"
                 "  way out  way out\n\n"
                 "note: foreign-object  c\n"
                 "  found    what\n\n"
                 "7 more that are not shown\n\n"
                 "1 finding: a restore reaches 2026-11-22 12:00:07 UTC (2 days ago); 1 more thing "
                 "could not be told\n");
    report_done(&report);
}

static void colours_are_for_states_kinds_and_the_verdict(void **state)
{
    (void)state;
    struct report report = fixture_report();
    report_done(&report);
    report = fixture_empty();
    fixture_backup(&report, (struct report_backup){
                                .name = xstrdup("base_1"), .state = BACKUP_UNKNOWN, .timeline = 2});
    report.wal_segments = 1;
    report_add(&report, FINDING_UNKNOWN, "encrypted", "x", "w", "", "");
    check_report(&report, (struct render_style){true, 60},
                 "empty\n\n\033[1mFINISHED (UTC)       KIND   SIZE        TIMELINE  STATE    "
                 "RESTORES UNTIL       BACKUP\033[0m\n"
                 "-                    full   0 B         2         \033[33munknown\033[0m  "
                 "-                    base_1\n\n"
                 "WAL: 1 segment (0 B stored)\n\n"
                 "\033[1m\033[33mcould not tell: encrypted\033[0m  x\n"
                 "  found    w\n\n"
                 "\033[1m\033[33mcould not tell: 1 thing was not judged; no backup is known to be "
                 "usable\033[0m\n");
    report_done(&report);
}

static void the_verdict_is_one_line(void **state)
{
    (void)state;
    struct report report = fixture_report();
    check_verdict(&report, "usable: a restore reaches 2026-11-22 12:00:07 UTC (2 days ago); 2 "
                           "backups are usable");
    report.backups[0].state = BACKUP_DAMAGED;
    report.backups[1].reaches = 0;
    check_verdict(&report, "usable: how far a restore reaches is not known; 1 backup is usable");
    report.backups[1].reaches = report.now + 1;
    check_verdict(&report, "usable: a restore reaches 2026-11-25 12:00:06 UTC; 1 backup is usable");
    report.wal_newest[23] = '7';
    check_verdict(&report, "usable: a restore reaches 2026-11-25 12:00:06 UTC, but not the newest "
                           "WAL, of 2026-11-22 12:00:07 UTC; 1 backup is usable");
    report.wal_newest[23] = '6';
    report_add(&report, FINDING_NOTE, "foreign-object", "", "", "", "");
    check_verdict(&report, "usable: a restore reaches 2026-11-25 12:00:06 UTC; 1 backup is usable");
    report_add(&report, FINDING_UNKNOWN, "not-read", "", "", "", "");
    report_add(&report, FINDING_UNKNOWN, "not-read", "", "", "", "");
    check_verdict(&report, "could not tell: 2 things were not judged; a restore reaches "
                           "2026-11-25 12:00:06 UTC");
    report_add(&report, FINDING_DAMAGE, "wal-gap", "", "", "", "");
    report_add(&report, FINDING_DAMAGE, "wal-gap", "", "", "", "");
    check_verdict(&report, "2 findings: a restore reaches 2026-11-25 12:00:06 UTC; 2 more things "
                           "could not be told");
    report_done(&report);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_there_is_said),
        cmocka_unit_test(what_could_not_be_listed_is_not_said_to_be_absent),
        cmocka_unit_test(findings_stand_between_the_backups_and_the_verdict),
        cmocka_unit_test(colours_are_for_states_kinds_and_the_verdict),
        cmocka_unit_test(the_verdict_is_one_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
