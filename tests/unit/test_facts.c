#include "server/archive/facts.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

#define ONE "basebackups_005/base_000000010000000000000002"
#define TWO "basebackups_005/base_000000010000000000000004_D_000000010000000000000002"

static void add(struct facts *facts, const char *key, uint64_t size, int64_t modified)
{
    facts_add(facts, str_of(key), size, modified);
}

static void nothing(void **state)
{
    (void)state;
    struct facts facts = {0};
    facts_sort(&facts);
    assert_null(facts_backup(&facts, STR("base")));
    assert_null(facts_history(&facts, 1));
    facts_done(&facts);
}

static void objects_find_their_backup(void **state)
{
    (void)state;
    struct facts facts = {0};
    add(&facts, TWO "/tar_partitions/part_002.tar.lz4", 20, 5);
    add(&facts, ONE "_backup_stop_sentinel.json", 1, 9);
    add(&facts, TWO "/tar_partitions/part_001.tar.lz4", 30, 4);
    add(&facts, TWO "/metadata.json", 2, 3);
    add(&facts, TWO "/files_metadata.json", 3, 2);
    add(&facts, TWO "/extended_version.txt", 4, 1);
    facts_sort(&facts);
    assert_int_equal(facts.backup_count, 2);
    assert_int_equal(facts.objects, 6);
    const struct backup_facts *one = facts_backup(&facts, STR("base_000000010000000000000002"));
    assert_int_equal(one->sentinel.state, FACT_LISTED);
    assert_int_equal(one->metadata.state, FACT_ABSENT);
    assert_int_equal(one->size, 1);
    const struct backup_facts *two =
        facts_backup(&facts, STR("base_000000010000000000000004_D_000000010000000000000002"));
    assert_int_equal(two->sentinel.state, FACT_ABSENT);
    assert_int_equal(two->metadata.state, FACT_LISTED);
    assert_int_equal(two->files.state, FACT_LISTED);
    assert_int_equal(two->parent.low, 2);
    assert_int_equal(two->size, 59);
    assert_int_equal(two->modified, 5);
    assert_int_equal(two->tar_count, 2);
    assert_string_equal(two->tars[0].name, "part_001.tar.lz4");
    assert_int_equal(facts_tar(two, STR("part_002.tar.lz4"))->size, 20);
    assert_null(facts_tar(two, STR("part_002.tar")));
    assert_null(facts_tar(one, STR("part_002.tar.lz4")));
    assert_null(facts_backup(&facts, STR("base_00000001000000000000000")));
    assert_null(facts_backup(&facts, STR("base_000000010000000000000003")));
    facts_done(&facts);
}

static void wal_histories_and_the_rest(void **state)
{
    (void)state;
    struct facts facts = {0};
    add(&facts, "wal_005/00000003.history.zst", 1, 7);
    add(&facts, "wal_005/00000002.history.lz4", 1, 8);
    add(&facts, "wal_005/000000010000000000000001.zst", 10, 1);
    add(&facts, "wal_005/000000010000000000000002.lz4", 0, 1);
    add(&facts, "wal_005/000000010000000000000002.00000028.backup.lz4", 5, 1);
    add(&facts, "wal_005/000000010000000000000006.partial.lz4", 5, 1);
    add(&facts, "wal_005/000000010000000000000003.json", 5, 1);
    add(&facts, "wal_005/", 0, 1);
    add(&facts, "wal_005/x", 5, 1);
    facts_sort(&facts);
    assert_int_equal(facts.objects, 9);
    assert_int_equal(facts.history_count, 2);
    assert_string_equal(facts_history(&facts, 2)->key, "wal_005/00000002.history.lz4");
    assert_int_equal(facts_history(&facts, 3)->modified, 7);
    assert_null(facts_history(&facts, 4));
    assert_int_equal(facts.wal.segments, 1);
    assert_int_equal(facts.wal.empty_count, 1);
    assert_string_equal(facts.suffix, ".zst"); /* of what is not empty */
    assert_int_equal(facts.mark_count, 1);
    assert_int_equal(facts.marks[0].offset, 0x28);
    assert_int_equal(facts.foreign_count, 1);
    assert_string_equal(facts.foreign.items[0], "wal_005/x");
    facts_done(&facts);
}

static void a_segment_may_be_stored_as_it_is(void **state)
{
    (void)state;
    struct facts facts = {0};
    add(&facts, "wal_005/000000010000000000000001", 10, 1);
    assert_string_equal(facts.suffix, "");
    facts_done(&facts);
}

static void everything_is_bounded(void **state)
{
    (void)state;
    struct facts facts = {0};
    for (unsigned i = 1; i <= FACTS_HISTORIES_MAX + 1; i++) {
        autofree char *history = xasprintf("wal_005/%08X.history", i);
        autofree char *mark = xasprintf("wal_005/0000000100000000%08X.00000028.backup", i);
        add(&facts, history, 1, 1);
        add(&facts, mark, 1, 1);
    }
    assert_int_equal(facts.history_count, FACTS_HISTORIES_MAX);
    assert_int_equal(facts.mark_count, FACTS_MARKS_MAX);
    assert_string_equal(facts.too_many, "more than 1000 history files");
    for (unsigned i = 0; i < FACTS_TARS_MAX + 2; i++) {
        autofree char *part = xasprintf(ONE "/tar_partitions/part_%u.tar", i);
        add(&facts, part, 1, 1);
    }
    assert_int_equal(facts.tar_count, FACTS_TARS_MAX);
    assert_int_equal(facts.backups[0].tars_dropped, 2);
    for (unsigned i = 0; i < FACTS_BACKUPS_MAX; i++) {
        autofree char *key =
            xasprintf("basebackups_005/base_0000000200000000%08X/metadata.json", i & 0xFFF);
        key[strlen("basebackups_005/base_")] = (char)('0' + i / 4096);
        add(&facts, key, 1, 1);
    }
    assert_int_equal(facts.backup_count, FACTS_BACKUPS_MAX);
    assert_string_equal(facts.too_many, "more than 10000 backups");
    for (unsigned i = 0; i <= WAL_PAGES_MAX; i++) {
        autofree char *key = xasprintf("wal_005/00000001%08X00000001.lz4", i);
        add(&facts, key, 1, 1);
    }
    assert_string_equal(facts.too_many, "more WAL than is kept");
    facts_done(&facts);
}

/* A listing in which each object is of another backup. */
static void many_backups_are_not_looked_through(void **state)
{
    (void)state;
    struct facts facts = {0};
    const clock_t begun = clock();
    for (unsigned i = 0; i < 300000; i++) {
        char key[128];
        snprintf(key, sizeof key, "basebackups_005/base_%08X0000000000000001/metadata.json",
                 (i ^ 0x55555) + 1);
        add(&facts, key, 1, 1);
    }
    assert_true(clock() - begun < 6 * CLOCKS_PER_SEC);
    assert_int_equal(facts.backup_count, FACTS_BACKUPS_MAX);
    facts_sort(&facts);
    for (size_t i = 1; i < facts.backup_count; i++)
        assert_true(strcmp(facts.backups[i - 1].name, facts.backups[i].name) < 0);
    facts_done(&facts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing),
        cmocka_unit_test(objects_find_their_backup),
        cmocka_unit_test(wal_histories_and_the_rest),
        cmocka_unit_test(a_segment_may_be_stored_as_it_is),
        cmocka_unit_test(everything_is_bounded),
        cmocka_unit_test(many_backups_are_not_looked_through),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
