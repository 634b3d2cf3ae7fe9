#include "server/archive/wal_view.h"

#include "tests/unit/archive_store.h"

#define NEWEST "base_000000010000000000000008"

/* A backup that spans segments 4 to 6, and a newer one. */
static struct source two(void)
{
    struct source store = {.segment_size = 16 * STORE_MIB};
    store_segments(&store, 1, 1, 10);
    store_backup(&store, (struct store_backup){.timeline = 1, .first = 4, .last = 6});
    store_backup(&store, (struct store_backup){.timeline = 1, .first = 8});
    return store;
}

static void wal_of_a_backup_that_is_missing(void **state)
{
    (void)state;
#define NEEDS                                                                                      \
    "base_000000010000000000000004 needs the WAL from 000000010000000000000004 to "                \
    "000000010000000000000006\n"
    for (uint64_t n = 4; n <= 6; n++) {
        struct source store = two();
        store_remove_segment(&store, 1, n);
        autofree char *lines =
            xasprintf("damage wal-missing wal_005/%024llX.lz4: there is no such segment; " NEEDS,
                      (unsigned long long)n);
        lines[strlen("damage wal-missing wal_005/0000000")] = '1';
        store_check(&store, lines);

        store = two();
        autofree char *key = store_segment_key(&store, 1, n);
        store_at(&store, key)->size = 0;
        autofree char *empty = xasprintf("damage wal-empty %s: is empty; " NEEDS, key);
        store_check(&store, empty);
    }
}

static void how_far_each_backup_reaches(void **state)
{
    (void)state;
    struct source store = two();
    store_remove_segment(&store, 1, 5);
    store_remove_segment(&store, 1, 10);
    store_segment(&store, 1, 11);
    const struct judge_options options = {.now = STORE_TIME + 2 * STORE_DAY};
    struct report report = store_judge(&store, &options);
    assert_int_equal(report.backups[0].state, BACKUP_DAMAGED);
    assert_null(report.backups[0].reaches_wal);
    assert_int_equal(report.backups[0].reaches, 0);
    assert_int_equal(report.backups[1].state, BACKUP_USABLE);
    assert_string_equal(report.backups[1].reaches_wal, "000000010000000000000009");
    assert_int_equal(report.backups[1].reaches, STORE_TIME + 9 * STORE_HOUR);
    assert_string_equal(report.wal_newest, "00000001000000000000000B");
    report_done(&report);
    store_done(&store);
}

static void a_backup_that_ends_behind_the_last_segment(void **state)
{
    (void)state;
    struct source store = {.segment_size = 16 * STORE_MIB};
    store_segments(&store, 1, 1, 4);
    store_backup(&store, (struct store_backup){.timeline = 1, .first = 3, .last = 5});
    store_check(&store, "damage wal-missing wal_005/000000010000000000000005.lz4: there is no such "
                        "segment; base_000000010000000000000003 needs the WAL from "
                        "000000010000000000000003 to 000000010000000000000005\n"
                        "damage no-backup basebackups_005/: none of the backups can be restored\n");
}

static void a_backup_without_any_wal(void **state)
{
    (void)state;
    struct source store = {.segment_size = 16 * STORE_MIB};
    store_backup(&store, (struct store_backup){.timeline = 3, .first = 3});
    store_check(&store, "damage wal-missing wal_005/000000030000000000000003: there is no such "
                        "segment; base_000000030000000000000003 needs it\n"
                        "damage no-backup basebackups_005/: none of the backups can be restored\n");
}

static void a_switch_in_the_segment_in_which_a_backup_ends(void **state)
{
    (void)state;
    struct source store = {.segment_size = 16 * STORE_MIB};
    store_segments(&store, 1, 2, 3);
    store_backup(&store, (struct store_backup){.timeline = 1, .first = 3, .last = 4});
    store_history(&store, 2, "1\t0/4000200\tpromoted\n");
    store_segments(&store, 2, 4, 5); /* the segment 4 of timeline 1 was never complete */
    store_check(&store, "");
}

static void a_backup_that_ends_at_the_end_of_a_segment(void **state)
{
    (void)state;
    struct source store = {.segment_size = 16 * STORE_MIB};
    store_segments(&store, 1, 2, 3);
    store_backup(&store, (struct store_backup){.timeline = 1, .first = 3});
    static const char *const keys[] = {
        "basebackups_005/base_000000010000000000000003" STORE_SENTINEL,
        "basebackups_005/base_000000010000000000000003/metadata.json"};
    for (size_t i = 0; i < 2; i++)
        store_change(&store, keys[i], "50331904", "67108864"); /* 0/4000000 */
    store_check(&store, "");
}

static void a_record_in_doubt_says_nothing_about_wal(void **state)
{
    (void)state;
    struct source store = two();
    store_remove_segment(&store, 1, 4);
    store_edit(&store, "basebackups_005/base_000000010000000000000004" STORE_SENTINEL, "{}");
    store_check(&store, "damage sentinel-unreadable basebackups_005/base_000000010000000000000004"
                        "_backup_stop_sentinel.json: does not say where in the WAL the backup "
                        "begins and ends (LSN, FinishLSN)\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wal_of_a_backup_that_is_missing),
        cmocka_unit_test(how_far_each_backup_reaches),
        cmocka_unit_test(a_backup_that_ends_behind_the_last_segment),
        cmocka_unit_test(a_backup_without_any_wal),
        cmocka_unit_test(a_switch_in_the_segment_in_which_a_backup_ends),
        cmocka_unit_test(a_backup_that_ends_at_the_end_of_a_segment),
        cmocka_unit_test(a_record_in_doubt_says_nothing_about_wal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
