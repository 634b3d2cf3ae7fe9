#include "server/archive/judgement.h"

#include "tests/unit/archive_store.h"

static const unsigned sizes[] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024};

static void every_size_of_a_segment_is_derived(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct source store = {.segment_size = sizes[i] * STORE_MIB};
        store_segments(&store, 1, 1, 5);
        store_backup(&store, (struct store_backup){.timeline = 1, .first = 2});
        const struct judge_options options = {.now = STORE_TIME + STORE_DAY};
        struct report report = store_judge(&store, &options);
        store_check_lines(&report, "");
        assert_int_equal(report.wal_segment_size, sizes[i] * STORE_MIB);
        report_done(&report);
        store_done(&store);
    }
}

/* The only backup begins in the first segment of a high part, which says nothing about sizes. */
static struct source open(uint64_t first, uint64_t last)
{
    struct source store = {.segment_size = 16 * STORE_MIB};
    store_segments(&store, 1, first, last);
    store_backup(&store, (struct store_backup){.timeline = 1, .first = 256});
    return store;
}

static void a_size_that_makes_no_difference_need_not_be_known(void **state)
{
    (void)state;
    struct source store = open(256, 260);
    const struct judge_options options = {.now = STORE_TIME + 20 * STORE_DAY};
    struct report report = store_judge(&store, &options);
    store_check_lines(&report, "");
    assert_int_equal(report.wal_segment_size, 0);
    assert_int_equal(report.backups[0].state, BACKUP_USABLE);
    assert_string_equal(report.backups[0].reaches_wal, "000000010000000100000004");
    report_done(&report);
    store_remove_segment(&store, 1, 258);
    report = store_judge(&store, &options);
    store_check_lines(&report,
                      "damage wal-gap wal_005/000000010000000100000002.lz4: segment "
                      "000000010000000100000002 is missing, and WAL after that is there\n");
    report_done(&report);
    store_done(&store);
}

static void a_size_that_is_not_known_and_matters(void **state)
{
    (void)state;
    struct source store = open(256, 256 + 14);
    store_segments(&store, 1, 512, 513); /* how much is missing in between? */
    const struct judge_options options = {.now = STORE_TIME + 20 * STORE_DAY};
    struct report report = store_judge(&store, &options);
    store_check_lines(&report, "unknown segment-size wal_005/: nothing here says how large a WAL "
                               "segment is, and it matters\n");
    assert_int_equal(report.wal_segment_size, 0);
    assert_int_equal(report.backups[0].state, BACKUP_UNKNOWN);
    assert_string_equal(report.wal_newest, "000000010000000200000001");
    assert_null(report.backups[0].reaches_wal);
    report_done(&report);
    store_done(&store);
}

static void a_full_high_part_shows_the_size(void **state)
{
    (void)state;
    struct source store = {.segment_size = 64 * STORE_MIB};
    store_segments(&store, 1, 60, 70); /* 64 of them have one high part */
    store_backup(&store, (struct store_backup){.timeline = 1, .first = 64});
    const struct judge_options options = {.now = STORE_TIME + 20 * STORE_DAY};
    struct report report = store_judge(&store, &options);
    store_check_lines(&report, "");
    assert_int_equal(report.wal_segment_size, 64 * STORE_MIB);
    report_done(&report);
    store_done(&store);
}

static void backups_that_contradict_each_other(void **state)
{
    (void)state;
    struct source store = {.segment_size = 16 * STORE_MIB};
    store_segments(&store, 1, 2, 3);
    store_backup(&store, (struct store_backup){.timeline = 1, .first = 2});
    store.segment_size = 32 * STORE_MIB;
    store_segments(&store, 1, 129, 131);
    store_backup(&store, (struct store_backup){.timeline = 1, .first = 129});
    store_check(&store,
                "unknown segment-size wal_005/: the backups contradict each other about the "
                "size of a WAL segment\n");
}

static void a_segment_that_cannot_be_there(void **state)
{
    (void)state;
    struct source store = {.segment_size = 64 * STORE_MIB};
    store_segments(&store, 1, 1, 5);
    store_backup(&store, (struct store_backup){.timeline = 1, .first = 2});
    store_size(&store, "wal_005/0000000100000000000000FF.lz4", 1, 1);
    store_check(&store, "damage segment-size wal_005/0000000100000000000000FF: there is no such "
                        "segment in WAL with segments of 64 MiB, which the backups have\n");
}

static void the_sentinel_that_disagrees_is_told_itself(void **state)
{
    (void)state;
    struct source store = store_whole();
    store_copy(&store, STORE_BACKUPS STORE_DELTA STORE_SENTINEL,
               STORE_BACKUPS STORE_FULL STORE_SENTINEL);
    const struct judge_options options = {.now = STORE_TIME + STORE_DAY};
    struct report report = store_judge(&store, &options);
    assert_int_equal(report.wal_segment_size, 16 * STORE_MIB);
    assert_string_equal(report.findings[0].code, "sentinel-mismatch");
    assert_int_equal(report.finding_count, 3); /* and its delta, and no backup is left */
    report_done(&report);
    store_done(&store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_size_of_a_segment_is_derived),
        cmocka_unit_test(a_size_that_makes_no_difference_need_not_be_known),
        cmocka_unit_test(a_size_that_is_not_known_and_matters),
        cmocka_unit_test(a_full_high_part_shows_the_size),
        cmocka_unit_test(backups_that_contradict_each_other),
        cmocka_unit_test(a_segment_that_cannot_be_there),
        cmocka_unit_test(the_sentinel_that_disagrees_is_told_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
