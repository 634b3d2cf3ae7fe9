#include "server/archive/wal_view.h"

#include "tests/unit/archive_store.h"

#define HISTORY(n) "wal_005/0000000" n ".history"

static void a_promotion_in_the_middle_of_a_segment(void **state)
{
    (void)state;
    struct source store = store_whole();
    store_segment(&store, 1, 6); /* segments of the parent after the switch are normal */
    store_segment(&store, 1, 9);
    store_check(&store, "");
}

static void a_hole_at_a_promotion(void **state)
{
    (void)state;
    struct source store = store_whole();
    store_remove_segment(&store, 1, 5);
    store_check(&store, "damage wal-gap wal_005/000000010000000000000005.lz4: segment "
                        "000000010000000000000005 is missing, and WAL after that is there\n");
    store = store_whole();
    store_remove_segment(&store, 2, 6);
    store_segment(&store, 1, 6);
    store_check(&store, "damage wal-gap wal_005/000000020000000000000006.lz4: segment "
                        "000000020000000000000006 is missing, and WAL after that is there\n");
}

static void a_history_that_is_missing(void **state)
{
    (void)state;
    struct source store = store_whole();
    store_remove(&store, HISTORY("2"));
    const struct judge_options options = {.now = STORE_TIME + STORE_DAY};
    struct report report = store_judge(&store, &options);
    store_check_lines(&report,
                      "damage history-missing " HISTORY(
                          "2") ".lz4: there is no such object, and newer WAL is there (timeline 2 "
                               "or later)\n");
    assert_string_equal(report.findings[0].means,
                        "a restore from " STORE_DELTA
                        " would not come to timeline 2: what was written after the switch to it "
                        "would be lost, or the restore would fail");
    assert_string_equal(report.wal_newest, "000000010000000000000005");
    report_done(&report);
    store_done(&store);
}

static void a_history_that_cannot_be_read(void **state)
{
    (void)state;
    struct source store = store_whole();
    store_edit(&store, HISTORY("2"), "");
    store_check(&store, "damage history-unreadable " HISTORY("2") ": names no timeline\n");

    store = store_whole();
    store_edit(&store, HISTORY("2"), "1 0/4 x\n3 0/5 y\n");
    store_check(&store,
                "damage history-unreadable " HISTORY("2") ": line 2 has timeline 3 out of order\n");

    store = store_whole();
    store_at(&store, HISTORY("2"))->forbidden = true;
    store_check(&store, "unknown not-read " HISTORY("2") ": the store says 403 AccessDenied\n");

    store = store_whole();
    store_remove(&store, HISTORY("2"));
    store_put(&store, HISTORY("2") ".lzo", xstrdup("x"), 1);
    const struct judge_options options = {.now = STORE_TIME + STORE_DAY};
    struct report report = store_judge(&store, &options);
    assert_int_equal(report.finding_count, 1);
    assert_string_equal(report.findings[0].code, "codec-unknown");
    assert_string_equal(report.findings[0].means,
                        "whether a restore comes to timeline 2 is not known");
    report_done(&report);
    store_remove(&store, HISTORY("2") ".lzo");
    store_put(&store, HISTORY("2") ".lz4", xstrdup("encrypted bytes"), 1);
    report = store_judge(&store, &options);
    assert_int_equal(report.finding_count, 1);
    assert_string_equal(report.findings[0].code, "encrypted");
    report_done(&report);
    store_done(&store);
}

/* Timelines 1 to 4, each from the one before. */
static struct source four(void)
{
    struct source store = {.segment_size = 16 * STORE_MIB};
    store_segments(&store, 1, 2, 3);
    store_backup(&store, (struct store_backup){.timeline = 1, .first = 2});
    store_history(&store, 2, "1 0/4000010 x\n");
    store_segments(&store, 2, 4, 5);
    store_history(&store, 3, "1 0/4000010 x\n2 0/6000000 x\n");
    store_segments(&store, 3, 6, 7);
    store_history(&store, 4, "1 0/4000010 x\n2 0/6000000 x\n3 0/8000010 x\n");
    store_segments(&store, 4, 8, 9);
    return store;
}

static void several_promotions(void **state)
{
    (void)state;
    struct source store = four();
    const struct judge_options options = {.now = STORE_TIME + STORE_DAY};
    struct report report = store_judge(&store, &options);
    store_check_lines(&report, "");
    assert_string_equal(report.backups[0].reaches_wal, "000000040000000000000009");
    report_done(&report);
    store_done(&store);
}

static void histories_between_are_looked_for_one_by_one(void **state)
{
    (void)state;
    struct source store = four();
    store_remove(&store, HISTORY("2"));
    store_check(&store,
                "damage history-missing " HISTORY(
                    "2") ".lz4: there is no such object, and newer WAL is there (timeline 2 or "
                         "later)\n");
    store = four();
    store_edit(&store, HISTORY("3"), "x\n");
    store_check(&store, "damage history-unreadable " HISTORY(
                            "3") ": line 1 is not \"<timeline> <LSN> <reason>\"\n");
}

static void histories_that_only_older_backups_need(void **state)
{
    (void)state;
    struct source store = four();
    store_backup(&store, (struct store_backup){.timeline = 4, .first = 8});
    store_check(&store, "");
    store = four();
    store_backup(&store, (struct store_backup){.timeline = 4, .first = 8});
    store_remove(&store, HISTORY("2"));
    const struct judge_options options = {.now = STORE_TIME + STORE_DAY};
    struct report report = store_judge(&store, &options);
    store_check_lines(&report,
                      "note history-missing " HISTORY("2") ".lz4: there is no such object\n");
    assert_string_equal(report.findings[0].means,
                        "a restore from base_000000010000000000000002 would not come to timeline "
                        "2; restores from the newest backup do not need it");
    report_done(&report);
    store_done(&store);
}

static void an_archive_that_begins_on_a_later_timeline(void **state)
{
    (void)state;
    struct source store = {.segment_size = 16 * STORE_MIB};
    store_segments(&store, 2, 4, 9);
    store_backup(&store, (struct store_backup){.timeline = 2, .first = 5});
    store_check(&store, ""); /* without the history of its past */
    store = (struct source){.segment_size = 16 * STORE_MIB};
    store_segments(&store, 2, 4, 9);
    store_backup(&store, (struct store_backup){.timeline = 2, .first = 5});
    store_history(&store, 2, "1 0/4000010 x\n");
    store_check(&store, ""); /* and with it, but without timeline 1 */
}

static void a_timeline_that_does_not_follow(void **state)
{
    (void)state;
    struct source store = store_whole();
    store_history(&store, 3, "1\t0/3000000\tanother restore\n");
    store_segments(&store, 3, 3, 4);
    const struct judge_options options = {.now = STORE_TIME + STORE_DAY};
    struct report report = store_judge(&store, &options);
    store_check_lines(&report, "damage foreign-timeline " HISTORY(
                                   "3") ": timeline 3 does not follow from " STORE_DELTA
                                        " (timeline 1), the newest backup\n");
    assert_string_equal(report.findings[0].means,
                        "a restore to the latest state would choose timeline 3, which it cannot "
                        "come to, and fail; with the target timeline 2 it works");
    assert_string_equal(report.wal_newest, "000000020000000000000007");
    report_done(&report);
    store_done(&store);
}

static void timelines_that_were_given_up(void **state)
{
    (void)state;
    struct source store = {.segment_size = 16 * STORE_MIB};
    store_segments(&store, 1, 1, 6);
    store_backup(&store, (struct store_backup){.timeline = 1, .first = 2});
    store_history(&store, 2, "1 0/4000010 x\n");
    store_segments(&store, 2, 4, 9);
    store_history(&store, 3, "1 0/5000010 x\n");
    store_segments(&store, 3, 5, 20);
    store_backup(&store, (struct store_backup){.timeline = 3, .first = 10});
    store_check(&store, "note foreign-timeline wal_005/00000002*: timeline 2 is not of the past of "
                        "timeline 3: it was given up, or is another database's\n");
}

static void a_history_that_only_older_backups_need(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool forbidden;
        const char *lines;
    } cases[] = {
        {"1 0/4000010 x\n", false, ""},
        {NULL, false, "note history-missing " HISTORY("2") ".lz4: there is no such object\n"},
        {"x", false,
         "note history-unreadable " HISTORY("2") ": line 1 is not \"<timeline> <LSN> <reason>\"\n"},
        {"x", true, "unknown not-read " HISTORY("2") ": the store says 403 AccessDenied\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct source store = {.segment_size = 16 * STORE_MIB};
        store_segments(&store, 1, 2, 3);
        store_backup(&store, (struct store_backup){.timeline = 1, .first = 2});
        store_segments(&store, 2, 4, 9);
        store_backup(&store, (struct store_backup){.timeline = 2, .first = 6});
        if (cases[i].text) {
            store_history(&store, 2, cases[i].text);
            store_at(&store, HISTORY("2"))->forbidden = cases[i].forbidden;
        }
        store_check(&store, cases[i].lines);
    }
}

static void without_a_history_of_its_own_nothing_is_known_of_older_timelines(void **state)
{
    (void)state;
    struct source store = {.segment_size = 16 * STORE_MIB};
    store_segments(&store, 1, 1, 3);
    store_backup(&store, (struct store_backup){.timeline = 3, .first = 10});
    store_segments(&store, 3, 10, 12);
    store_check(&store, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_promotion_in_the_middle_of_a_segment),
        cmocka_unit_test(a_hole_at_a_promotion),
        cmocka_unit_test(a_history_that_is_missing),
        cmocka_unit_test(a_history_that_cannot_be_read),
        cmocka_unit_test(several_promotions),
        cmocka_unit_test(histories_between_are_looked_for_one_by_one),
        cmocka_unit_test(histories_that_only_older_backups_need),
        cmocka_unit_test(an_archive_that_begins_on_a_later_timeline),
        cmocka_unit_test(a_timeline_that_does_not_follow),
        cmocka_unit_test(timelines_that_were_given_up),
        cmocka_unit_test(a_history_that_only_older_backups_need),
        cmocka_unit_test(without_a_history_of_its_own_nothing_is_known_of_older_timelines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
