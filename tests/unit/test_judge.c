#include "server/archive/judge.h"

#include "tests/unit/archive_store.h"

#define NOW (STORE_TIME + 2 * STORE_DAY)

static void an_empty_place(void **state)
{
    (void)state;
    struct source store = {0};
    store_check(&store, "damage empty : there is no backup and no WAL\n");
    store_size(&store, "15/basebackups_005/x", 1, 1);
    store_size(&store, "15/wal_005/x", 1, 1);
    store_size(&store, "lost", 1, 1);
    store_check(&store,
                "damage empty : there is no backup and no WAL, but something else: 15/, lost\n");
}

static void a_listing_that_cannot_be_read(void **state)
{
    (void)state;
    static const struct {
        const char *folder, *lines;
    } cases[] = {
        {"", "unknown not-read : the store says 403 AccessDenied\n"},
        {"basebackups_005/",
         "unknown not-read basebackups_005/: the store says 403 AccessDenied\n"},
        {"wal_005/", "unknown not-read wal_005/: the store says 403 AccessDenied\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct source store = store_whole();
        store.no_list = cases[i].folder;
        store_check(&store, cases[i].lines);
    }
    struct source none = store_whole(); /* one cause is one finding */
    none.no_list = "*";
    store_check(&none, "unknown not-read : the store says 403 AccessDenied\n");
    struct source store = {.no_list = "wal_005/"};
    store_check(&store, "unknown not-read wal_005/: the store says 403 AccessDenied\n"
                        "damage no-backup basebackups_005/: there is no backup\n");
}

static void without_wal_nothing_is_known_to_be_usable(void **state)
{
    (void)state;
    struct source store = store_whole();
    store.no_list = "wal_005/";
    const struct judge_options options = {.now = NOW, .max_wal_age = 1, .min_backups = 2};
    struct report report = store_judge(&store, &options);
    store_check_lines(&report, "unknown not-read wal_005/: the store says 403 AccessDenied\n"
                               "unknown too-few-backups basebackups_005/: 0 backups are usable, at "
                               "least 2 are wanted\n");
    assert_int_equal(report.backup_count, 2);
    assert_int_equal(report.backups[0].state, BACKUP_UNKNOWN);
    assert_null(report_newest_usable(&report));
    report_done(&report);
    store_done(&store);
}

static void a_whole_archive(void **state)
{
    (void)state;
    struct source store = store_whole();
    const struct judge_options options = {.now = NOW,
                                          .max_backup_age = 2 * STORE_DAY,
                                          .max_wal_age = 2 * STORE_DAY,
                                          .min_backups = 2};
    struct report report = store_judge(&store, &options);
    store_check_lines(&report, "");
    assert_string_equal(report.prefix, "an archive");
    assert_int_equal(report.now, NOW);
    assert_int_equal(report.wal_segments, 7);
    assert_int_equal(report.wal_bytes, 7000);
    assert_int_equal(report.wal_segment_size, 16 * STORE_MIB);
    assert_string_equal(report.wal_newest, "000000020000000000000007");
    assert_int_equal(report.wal_newest_time, STORE_TIME + 7 * STORE_HOUR);
    assert_true(report.system_identifier == STORE_SYSTEM);
    assert_int_equal(report.backup_count, 2);
    const struct report_backup *full = &report.backups[0], *delta = &report.backups[1];
    assert_string_equal(full->name, STORE_FULL);
    assert_null(full->parent);
    assert_int_equal(full->state, BACKUP_USABLE);
    assert_int_equal(full->timeline, 1);
    assert_int_equal(full->start, STORE_TIME + STORE_HOUR);
    assert_int_equal(full->finish, STORE_TIME + STORE_HOUR + 60);
    assert_int_equal(full->start_lsn, STORE_FULL_LSN);
    assert_int_equal(full->finish_lsn, 33554688);
    assert_int_equal(full->pg_version, 150020);
    assert_int_equal(full->compressed_size, 1000);
    assert_int_equal(full->uncompressed_size, 2000);
    assert_true(full->system_identifier == STORE_SYSTEM);
    assert_true(full->size > 1000);
    assert_false(full->permanent);
    assert_string_equal(delta->name, STORE_DELTA);
    assert_string_equal(delta->parent, STORE_FULL);
    assert_string_equal(delta->reaches_wal, "000000020000000000000007");
    assert_int_equal(delta->reaches, STORE_TIME + 7 * STORE_HOUR);
    report_done(&report);
    store_done(&store);
}

static void ages_and_numbers(void **state)
{
    (void)state;
    static const struct {
        struct judge_options options;
        const char *lines;
    } cases[] = {
        {{.now = NOW, .min_backups = 3},
         "damage too-few-backups basebackups_005/: 2 backups are usable, at least 3 are wanted\n"},
        {{.now = NOW, .max_backup_age = STORE_DAY},
         "damage backup-too-old " STORE_BACKUPS STORE_DELTA STORE_SENTINEL
         ": the newest backup that can be restored is 44 h old, at most 24 h are wanted\n"},
        {{.now = NOW, .max_wal_age = STORE_DAY},
         "damage wal-too-old wal_005/000000020000000000000007: the newest segment was archived 41 "
         "h "
         "ago, at most 24 h are wanted\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct source store = store_whole();
        struct report report = store_judge(&store, &cases[i].options);
        store_check_lines(&report, cases[i].lines);
        report_done(&report);
        store_done(&store);
    }
}

static void wal_without_a_backup(void **state)
{
    (void)state;
    struct source store = {.segment_size = 16 * STORE_MIB};
    store_segments(&store, 1, 1, 3);
    const struct judge_options options = {.now = NOW, .max_backup_age = 1, .max_wal_age = 1};
    struct report report = store_judge(&store, &options);
    store_check_lines(&report,
                      "damage no-backup basebackups_005/: there is no backup\n"
                      "damage wal-too-old wal_005/: there is no WAL that a restore could read\n");
    assert_string_equal(report.findings[0].way_out,
                        "take a base backup now, and find out why there is none");
    report_done(&report);
    store_done(&store);
}

static void when_no_backup_can_be_restored(void **state)
{
    (void)state;
    struct source store = {.segment_size = 16 * STORE_MIB};
    store_backup(&store, (struct store_backup){.timeline = 1, .first = 2});
    store_remove(&store, STORE_BACKUPS STORE_FULL "/tar_partitions/part_001.tar");
    store_segments(&store, 1, 2, 3);
    const struct judge_options options = {.now = NOW, .min_backups = 1};
    struct report report = store_judge(&store, &options);
    store_check_lines(&report,
                      "damage part-missing " STORE_BACKUPS STORE_FULL
                      "/tar_partitions/part_001.tar: there is no such object, files_metadata.json "
                      "names it\n"
                      "damage no-backup basebackups_005/: none of the backups can be restored\n"
                      "damage too-few-backups basebackups_005/: 0 backups are usable, at least 1 "
                      "are wanted\n");
    assert_string_equal(report.findings[0].means, "a restore from " STORE_FULL " would fail");
    assert_string_equal(report.findings[1].way_out,
                        "take a base backup now; the findings of each backup say what it lacks");
    report_done(&report);
    store_done(&store);
}

static void one_usable_backup_of_two(void **state)
{
    (void)state;
    struct source store = store_whole();
    store_remove(&store, STORE_BACKUPS STORE_DELTA "/tar_partitions/pg_control.tar");
    const struct judge_options options = {.now = NOW, .min_backups = 2, .max_backup_age = 1};
    struct report report = store_judge(&store, &options);
    store_check_lines(
        &report,
        "damage pg-control-missing " STORE_BACKUPS STORE_DELTA
        "/tar_partitions/pg_control.tar: there is no such object, whatever its compression\n"
        "damage too-few-backups basebackups_005/: 1 backup is usable, at least 2 are wanted\n"
        "damage backup-too-old " STORE_BACKUPS STORE_FULL STORE_SENTINEL
        ": the newest backup that can be restored is 46 h old, at most 1 s are wanted\n");
    assert_string_equal(report_newest_usable(&report)->name, STORE_FULL);
    report_done(&report);
    store_done(&store);
}

static void foreign_objects_are_notes(void **state)
{
    (void)state;
    struct source store = store_whole();
    store_size(&store, "wal_005/README", 10, 1);
    store_size(&store, "basebackups_005/tmp/x", 10, 1);
    store_size(&store, "other/x", 10, 1);
    store_size(&store, "top", 0, 1);
    store_size(&store, "wal_005/", 0, 1);
    store_check(&store,
                "note foreign-object other/: WAL-G writes nothing of this name\n"
                "note foreign-object top: WAL-G writes nothing of this name\n"
                "note foreign-object basebackups_005/tmp/x: WAL-G writes nothing of this name\n"
                "note foreign-object wal_005/README: WAL-G writes nothing of this name\n");
}

static void many_foreign_objects_are_counted(void **state)
{
    (void)state;
    struct source store = store_whole();
    for (int i = 0; i < FACTS_FOREIGN_MAX + 2; i++) {
        autofree char *key = xasprintf("wal_005/x%d", i);
        store_size(&store, key, 10, 1);
    }
    const struct judge_options options = {.now = NOW};
    struct report report = store_judge(&store, &options);
    assert_int_equal(report.finding_count, FACTS_FOREIGN_MAX + 1);
    assert_string_equal(report.findings[FACTS_FOREIGN_MAX].what,
                        "there are 2 more objects that WAL-G does not write");
    report_done(&report);
    store_done(&store);
}

static void a_backup_may_be_marked_permanent_later(void **state)
{
    (void)state;
    struct source store = store_whole();
    store_change(&store, STORE_BACKUPS STORE_FULL "/metadata.json", "\"is_permanent\":false",
                 "\"is_permanent\":true");
    const struct judge_options options = {.now = NOW};
    struct report report = store_judge(&store, &options);
    store_check_lines(&report, "");
    assert_true(report.backups[0].permanent);
    assert_false(report.backups[1].permanent);
    report_done(&report);
    store_change(&store, STORE_BACKUPS STORE_FULL "/metadata.json", "is_permanent", "other");
    store_change(&store, STORE_BACKUPS STORE_FULL STORE_SENTINEL, "\"IsPermanent\":false",
                 "\"IsPermanent\":true");
    report = store_judge(&store, &options);
    assert_true(report.backups[0].permanent);
    report_done(&report);
    store_done(&store);
}

static void what_is_more_than_is_kept_could_not_be_told(void **state)
{
    (void)state;
    struct source store = store_whole();
    struct facts facts;
    struct report report;
    collect(&store, &facts);
    facts.too_many = "more than 10000 backups";
    judge(&facts, "x", &(struct judge_options){.now = NOW}, &report);
    store_check_lines(&report, "unknown not-read : there are more than 10000 backups\n");
    report_done(&report);
    facts_done(&facts);
    store_done(&store);
}

/* Segments that are not kept would count as missing. */
static void of_more_wal_than_is_kept_nothing_is_missing(void **state)
{
    (void)state;
    struct source store = store_whole();
    struct facts facts;
    struct report report;
    collect(&store, &facts);
    wal_done(&facts.wal);
    facts.too_many = "more WAL than is kept";
    facts.wal_cut = true;
    judge(&facts, "x", &(struct judge_options){.now = NOW}, &report);
    store_check_lines(&report, "unknown not-read : there are more WAL than is kept\n");
    assert_int_equal(report.backups[0].state, BACKUP_UNKNOWN);
    report_done(&report);
    facts_done(&facts);
    store_done(&store);
}

static void backups_of_the_same_second_are_in_the_order_of_the_wal(void **state)
{
    (void)state;
    struct source store = store_whole();
    static const char *const keys[] = {STORE_BACKUPS STORE_FULL STORE_SENTINEL,
                                       STORE_BACKUPS STORE_FULL "/metadata.json"};
    store_change(&store, keys[0], "T13:00:05.5Z", "T15:00:05.5Z");
    store_change(&store, keys[1], "T13:00:05.5Z", "T15:00:05.5Z");
    const struct judge_options options = {.now = NOW};
    struct report report = store_judge(&store, &options);
    assert_string_equal(report.backups[0].name, STORE_FULL);
    assert_int_equal(report.backups[0].start, report.backups[1].start);
    report_done(&report);
    store_done(&store);
}

static void an_old_sentinel_has_no_times(void **state)
{
    (void)state;
    struct source store = store_whole();
    store_change(&store, STORE_BACKUPS STORE_FULL STORE_SENTINEL,
                 "\"StartTime\":\"2026-11-22T13:00:05.5Z\"",
                 "\"StartTime\":\"0001-01-01T00:00:00Z\"");
    store_change(&store, STORE_BACKUPS STORE_FULL STORE_SENTINEL,
                 "\"FinishTime\":\"2026-11-22T13:01:05.5Z\"", "\"FinishTime\":null");
    const struct judge_options options = {.now = NOW};
    struct report report = store_judge(&store, &options);
    store_check_lines(&report, "");
    assert_int_equal(report.backups[0].start, STORE_TIME + STORE_HOUR);
    assert_int_equal(report.backups[0].finish, STORE_TIME + STORE_HOUR + 60);
    report_done(&report);
    store_change(&store, STORE_BACKUPS STORE_FULL "/metadata.json", "finish_time", "other_time");
    store_at(&store, STORE_BACKUPS STORE_FULL STORE_SENTINEL)->modified = STORE_TIME + 7000;
    report = store_judge(&store, &options);
    assert_int_equal(report.backups[0].finish, STORE_TIME + 7000);
    report_done(&report);
    store_done(&store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_place),
        cmocka_unit_test(a_listing_that_cannot_be_read),
        cmocka_unit_test(without_wal_nothing_is_known_to_be_usable),
        cmocka_unit_test(a_whole_archive),
        cmocka_unit_test(ages_and_numbers),
        cmocka_unit_test(wal_without_a_backup),
        cmocka_unit_test(when_no_backup_can_be_restored),
        cmocka_unit_test(one_usable_backup_of_two),
        cmocka_unit_test(foreign_objects_are_notes),
        cmocka_unit_test(many_foreign_objects_are_counted),
        cmocka_unit_test(a_backup_may_be_marked_permanent_later),
        cmocka_unit_test(what_is_more_than_is_kept_could_not_be_told),
        cmocka_unit_test(of_more_wal_than_is_kept_nothing_is_missing),
        cmocka_unit_test(backups_of_the_same_second_are_in_the_order_of_the_wal),
        cmocka_unit_test(an_old_sentinel_has_no_times),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
