#include "server/archive/wal_view.h"

#include "tests/unit/archive_store.h"

#define NEWEST "base_000000010000000000000004"
#define KEY(low) "wal_005/0000000100000000000000" low ".lz4"

/* Backups in segments 2 and 4, WAL up to 20 (hexadecimal 14). */
static struct source two(void)
{
    struct source store = {.segment_size = 16 * STORE_MIB};
    store_segments(&store, 1, 1, 20);
    store_backup(&store, (struct store_backup){.timeline = 1, .first = 2});
    store_backup(&store, (struct store_backup){.timeline = 1, .first = 4});
    return store;
}

static struct report judged(struct source *store)
{
    const struct judge_options options = {.now = STORE_TIME + 2 * STORE_DAY};
    return store_judge(store, &options);
}

static void a_hole_and_what_it_means(void **state)
{
    (void)state;
    struct source store = two();
    store_remove_segment(&store, 1, 9);
    struct report report = judged(&store);
    store_check_lines(&report,
                      "damage wal-gap " KEY("09") ": segment 000000010000000000000009 is "
                                                  "missing, and WAL after that is there\n");
    assert_string_equal(
        report.findings[0].means,
        "a restore to any time after about 2026-11-22 20:00 UTC would fail, and one "
        "to the latest state would end there without saying so");
    assert_string_equal(report.backups[1].reaches_wal, "000000010000000000000008");
    report_done(&report);
    store_done(&store);
}

static void later_holes_matter_once_the_first_is_mended(void **state)
{
    (void)state;
    struct source store = two();
    store_remove_segment(&store, 1, 9);
    store_remove_segment(&store, 1, 12);
    store_remove_segment(&store, 1, 13);
    struct report report = judged(&store);
    store_check_lines(
        &report,
        "damage wal-gap " KEY("09") ": segment 000000010000000000000009 is missing, "
                                    "and WAL after that is there\n"
                                    "damage wal-gap " KEY(
                                        "0C") ": 2 segments are missing, from "
                                              "00000001000000000000000C to "
                                              "00000001000000000000000D, and WAL after that is "
                                              "there\n");
    assert_string_equal(report.findings[1].means,
                        "if the holes before it were mended, a restore to any time after about "
                        "2026-11-22 23:00 UTC would fail");
    report_done(&report);
    store_done(&store);
}

static void an_empty_segment_is_a_hole(void **state)
{
    (void)state;
    struct source store = two();
    store_at(&store, KEY("09"))->size = 0;
    store_at(&store, KEY("0C"))->size = 0;
    store_remove_segment(&store, 1, 13);
    store_at(&store, KEY("14"))->size = 0;
    store_check(&store,
                "damage wal-empty " KEY(
                    "09") ": segment 000000010000000000000009 is empty, and WAL "
                          "after that is there\n"
                          "damage wal-gap " KEY(
                              "0C") ": 2 segments are missing, from "
                                    "00000001000000000000000C to 00000001000000000000000D, and WAL "
                                    "after that is there\n"
                                    "damage wal-empty " KEY(
                                        "14") ": segment 000000010000000000000014 is empty\n");
}

static void a_hole_before_the_newest_backup_is_a_note(void **state)
{
    (void)state;
    struct source store = two();
    store_remove_segment(&store, 1, 3);
    struct report report = judged(&store);
    store_check_lines(&report, "note wal-gap " KEY("03") ": segment 000000010000000000000003 is "
                                                         "missing, and WAL after that is there\n");
    assert_string_equal(report.findings[0].means,
                        "a restore to a time between about 2026-11-22 14:00 UTC and 2026-11-22 "
                        "15:01 UTC, when " NEWEST
                        " ended, would fail; later times are not affected");
    assert_string_equal(report.backups[0].reaches_wal, "000000010000000000000002");
    assert_int_equal(report.backups[0].state, BACKUP_USABLE);
    report_done(&report);
    store_change(&store, "basebackups_005/base_000000010000000000000002/metadata.json",
                 "\"is_permanent\":false", "\"is_permanent\":true");
    store_check(&store, ""); /* retention leaves a permanent backup its own WAL alone */
}

static void one_hole_of_two_older_backups_is_told_once(void **state)
{
    (void)state;
    struct source store = {.segment_size = 16 * STORE_MIB};
    store_segments(&store, 1, 1, 20);
    store_remove_segment(&store, 1, 6);
    store_backup(&store, (struct store_backup){.timeline = 1, .first = 2});
    store_backup(&store, (struct store_backup){.timeline = 1, .first = 4});
    store_backup(&store, (struct store_backup){.timeline = 1, .first = 9});
    store_check(&store, "note wal-gap " KEY("06") ": segment 000000010000000000000006 is missing, "
                                                  "and WAL after that is there\n");
}

static void a_hole_that_older_backups_share_with_the_newest(void **state)
{
    (void)state;
    struct source store = two();
    store_remove_segment(&store, 1, 5);
    store_check(&store,
                "damage wal-gap " KEY("05") ": segment 000000010000000000000005 is missing, "
                                            "and WAL after that is there\n");
}

static void retention_cuts_wal_before_the_oldest_backup(void **state)
{
    (void)state;
    struct source store = two();
    store_remove_segment(&store, 1, 1);
    store_check(&store, "");
}

static void what_is_empty_and_nobody_reads(void **state)
{
    (void)state;
    struct source store = two();
    store_at(&store, KEY("01"))->size = 0;
    store_size(&store, "wal_005/000000010000000000000014.zst", 0, 1); /* there, as .lz4 */
    store_check(&store, "note wal-empty " KEY("01") ": is empty\n");
}

static void holes_without_number_are_counted(void **state)
{
    (void)state;
    struct facts facts = {
        .top = {FACT_READ, NULL}, .wal_list = {FACT_READ, NULL}, .backup_list = {FACT_READ, NULL}};
    struct source store = {.segment_size = 16 * STORE_MIB};
    store_segment(&store, 1, 2);
    store_backup(&store, (struct store_backup){.timeline = 1, .first = 2});
    collect(&store, &facts);
    for (uint64_t n = 4; n < 4 + 2 * 103; n += 2)
        assert_true(wal_add(&facts.wal, wal_segment(1, n, 16 * STORE_MIB), 1, 1));
    wal_sort(&facts.wal);
    struct report report;
    judge(&facts, "x", &(struct judge_options){.now = STORE_TIME}, &report);
    assert_int_equal(report.finding_count, 101);
    assert_string_equal(report.findings[100].what, "3 more holes follow");
    report_done(&report);
    facts_done(&facts);
    store_done(&store);
}

static void a_timeline_without_wal(void **state)
{
    (void)state;
    static const struct {
        int64_t age;
        const char *lines;
    } cases[] = {
#define NOTHING_OF_2                                                                               \
    "wal-missing wal_005/000000020000000000000006.lz4: timeline 2 has begun, but none of its WAL " \
    "is here\n"
        {STORE_DAY, "note " NOTHING_OF_2},
        {STORE_DAY + 1, "damage " NOTHING_OF_2},
    };
    for (size_t i = 0; i < 2; i++) {
        struct source store = store_whole();
        store_remove_segment(&store, 2, 6);
        store_remove_segment(&store, 2, 7);
        const struct judge_options options = {.now = STORE_TIME + cases[i].age};
        struct report report = store_judge(&store, &options);
        store_check_lines(&report, cases[i].lines);
        assert_string_equal(report.findings[0].means,
                            "a restore ends with timeline 1: what was written after about "
                            "2026-11-22 17:00 UTC is lost");
        assert_string_equal(report.wal_newest, "000000010000000000000005");
        report_done(&report);
        store_done(&store);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hole_and_what_it_means),
        cmocka_unit_test(later_holes_matter_once_the_first_is_mended),
        cmocka_unit_test(an_empty_segment_is_a_hole),
        cmocka_unit_test(a_hole_before_the_newest_backup_is_a_note),
        cmocka_unit_test(one_hole_of_two_older_backups_is_told_once),
        cmocka_unit_test(a_hole_that_older_backups_share_with_the_newest),
        cmocka_unit_test(retention_cuts_wal_before_the_oldest_backup),
        cmocka_unit_test(what_is_empty_and_nobody_reads),
        cmocka_unit_test(holes_without_number_are_counted),
        cmocka_unit_test(a_timeline_without_wal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
