#include "server/archive/judgement.h"

#include "tests/unit/archive_store.h"

#define F STORE_BACKUPS STORE_FULL
#define SECOND "base_000000010000000000000006_D_000000010000000000000004"
#define S2 STORE_BACKUPS SECOND STORE_SENTINEL
#define D1 STORE_BACKUPS STORE_DELTA STORE_SENTINEL
#define NONE "damage no-backup basebackups_005/: none of the backups can be restored\n"

/* A full backup, its delta and a delta of that. */
static struct source chain(void)
{
    struct source store = {.segment_size = 16 * STORE_MIB};
    store_segments(&store, 1, 1, 8);
    store_backup(&store, (struct store_backup){.timeline = 1, .first = 2});
    store_backup(
        &store, (struct store_backup){
                    .timeline = 1, .first = 4, .parent = STORE_FULL, .parent_lsn = STORE_FULL_LSN});
    store_backup(&store,
                 (struct store_backup){
                     .timeline = 1, .first = 6, .parent = STORE_DELTA, .parent_lsn = 67108904});
    return store;
}

static void a_whole_chain(void **state)
{
    (void)state;
    struct source store = chain();
    store_check(&store, "");
}

static void a_chain_with_a_damaged_beginning(void **state)
{
    (void)state;
    struct source store = chain();
    store_remove(&store, F "/tar_partitions/pg_control.tar");
    store_check(&store,
                "damage pg-control-missing " F
                "/tar_partitions/pg_control.tar: there is no such object, whatever its "
                "compression\n"
                "damage parent-damaged " D1 ": it builds on " STORE_FULL ", which is not whole\n"
                "damage parent-damaged " S2 ": it builds on " STORE_DELTA
                ", which is not whole\n" NONE);
}

/* A delta brings a label of its own, and WAL-G takes no other in its restore. */
static void a_parent_without_its_label(void **state)
{
    (void)state;
    struct source store = chain();
    store_remove(&store, F "/tar_partitions/backup_label.tar");
    store_check(&store, "damage label-missing " F "/tar_partitions/backup_label.tar: there is no "
                        "such object, files_metadata.json names it\n");
}

static void remove_backup(struct source *store, const char *name)
{
    static const char *const rest[] = {STORE_SENTINEL,
                                       "/metadata.json",
                                       "/files_metadata.json",
                                       "/tar_partitions/part_001.tar",
                                       "/tar_partitions/backup_label.tar",
                                       "/tar_partitions/pg_control.tar"};
    for (size_t i = 0; i < sizeof rest / sizeof *rest; i++) {
        autofree char *key = xasprintf(STORE_BACKUPS "%s%s", name, rest[i]);
        store_remove(store, key);
    }
}

static void a_parent_that_is_not_there(void **state)
{
    (void)state;
    struct source store = chain();
    remove_backup(&store, STORE_FULL);
    store_check(&store, "damage parent-missing " D1 ": it is a delta of " STORE_FULL
                        ", of which there is nothing\n"
                        "damage parent-damaged " S2 ": it builds on " STORE_DELTA
                        ", which is not whole\n" NONE);
    store = chain();
    store_remove(&store, F STORE_SENTINEL);
    store_check(&store, "damage sentinel-missing " F STORE_SENTINEL
                        ": there is no such object, but all others of a backup that was finished\n"
                        "damage parent-missing " D1 ": it is a delta of " STORE_FULL
                        ", which has no sentinel\n"
                        "damage parent-damaged " S2 ": it builds on " STORE_DELTA
                        ", which is not whole\n" NONE);
}

static void a_parent_of_the_same_name(void **state)
{
    (void)state;
    struct source store = chain();
    store_change(&store, D1, "\"DeltaLSN\":33554472", "\"DeltaLSN\":33554473");
    store_check(&store,
                "damage parent-damaged " D1 ": it is a delta of what " STORE_FULL
                " was at LSN 33554473, but that backup begins at 33554472: another one of "
                "the same name\n"
                "damage parent-damaged " S2 ": it builds on " STORE_DELTA ", which is not whole\n");
}

static void parents_in_a_circle(void **state)
{
    (void)state;
    const char *a = "base_000000010000000000000004_D_000000010000000000000006";
    const char *b = "base_000000010000000000000006_D_000000010000000000000004";
    struct source store = {.segment_size = 16 * STORE_MIB};
    store_segments(&store, 1, 1, 8);
    store_backup(&store, (struct store_backup){
                             .timeline = 1, .first = 4, .parent = b, .parent_lsn = 100663336});
    store_backup(&store, (struct store_backup){
                             .timeline = 1, .first = 6, .parent = a, .parent_lsn = 67108904});
    store_check(&store,
                "damage parent-damaged "
                "basebackups_005/base_000000010000000000000004_D_000000010000000000000006"
                "_backup_stop_sentinel.json: its parents build on each other in a circle\n"
                "damage parent-damaged " S2
                ": it builds on base_000000010000000000000004_D_000000010000000000000006, which is "
                "not whole\n" NONE);
}

static void an_unknown_parent_makes_its_deltas_unknown(void **state)
{
    (void)state;
    struct source store = chain();
    store_at(&store, F "/files_metadata.json")->forbidden = true;
    const struct judge_options options = {.now = STORE_TIME + STORE_DAY};
    struct report report = store_judge(&store, &options);
    store_check_lines(&report, "unknown not-read " F
                               "/files_metadata.json: the store says 403 AccessDenied\n");
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(report.backups[i].state, BACKUP_UNKNOWN);
    report_done(&report);
    store_done(&store);
}

static void without_a_sentinel(void **state)
{
    (void)state;
#define UNDER_WAY                                                                                  \
    "note unfinished-backup " S2 ": there is no such object, but others of that backup, younger "  \
    "than a day: it may be under way\n"
#define BROKE_OFF                                                                                  \
    "damage sentinel-missing " S2 ": there is no such object, but others of that backup, older "   \
    "than a day: it broke off, or its sentinel is lost\n"
#define LOST                                                                                       \
    "damage sentinel-missing " S2                                                                  \
    ": there is no such object, but all others of a backup that was finished\n"
    static const struct {
        const char *remove;
        int64_t age; /* of its newest object */
        const char *lines;
    } cases[] = {
        {STORE_BACKUPS SECOND "/metadata.json", STORE_DAY, UNDER_WAY},
        {STORE_BACKUPS SECOND "/files_metadata.json", STORE_DAY, UNDER_WAY},
        {STORE_BACKUPS SECOND "/metadata.json", STORE_DAY + 1, BROKE_OFF},
        {NULL, 2 * STORE_HOUR, LOST}, /* also in a copy, whose objects are all new */
        {NULL, STORE_HOUR, UNDER_WAY},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct source store = chain();
        store_remove(&store, S2);
        if (cases[i].remove)
            store_remove(&store, cases[i].remove);
        const int64_t ended = STORE_TIME + 5 * STORE_HOUR + 60;
        const struct judge_options options = {.now = ended + cases[i].age};
        struct report report = store_judge(&store, &options);
        store_check_lines(&report, cases[i].lines);
        assert_int_equal(report.backup_count, 2);
        report_done(&report);
        store_done(&store);
    }
}

static void two_databases_in_one_place(void **state)
{
    (void)state;
    struct source store = chain();
    store_backup(&store, (struct store_backup){.timeline = 1, .first = 7, .system = 5});
    const struct judge_options options = {.now = STORE_TIME + STORE_DAY};
    struct report report = store_judge(&store, &options);
    store_check_lines(&report,
                      "damage system-identifier basebackups_005/base_000000010000000000000007"
                      "_backup_stop_sentinel.json: is of the database system 5, other backups here "
                      "are of 7710964401795056148\n");
    assert_int_equal(report.system_identifier, 0);
    assert_int_equal(report.backups[3].state, BACKUP_DAMAGED);
    report_done(&report);
    store_done(&store);
}

static void of_as_many_each_the_newest_decides(void **state)
{
    (void)state;
    struct source store = {.segment_size = 16 * STORE_MIB};
    store_segments(&store, 1, 1, 8);
    store_backup(&store, (struct store_backup){.timeline = 1, .first = 2});
    store_backup(&store, (struct store_backup){.timeline = 1, .first = 7, .system = 5});
    store_check(&store, "damage system-identifier " F STORE_SENTINEL
                        ": is of the database system 7710964401795056148, other backups here are "
                        "of 5\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_chain),
        cmocka_unit_test(a_chain_with_a_damaged_beginning),
        cmocka_unit_test(a_parent_without_its_label),
        cmocka_unit_test(a_parent_that_is_not_there),
        cmocka_unit_test(a_parent_of_the_same_name),
        cmocka_unit_test(parents_in_a_circle),
        cmocka_unit_test(an_unknown_parent_makes_its_deltas_unknown),
        cmocka_unit_test(without_a_sentinel),
        cmocka_unit_test(two_databases_in_one_place),
        cmocka_unit_test(of_as_many_each_the_newest_decides),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
